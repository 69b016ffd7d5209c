// The webhook as an Express server over PostgreSQL: verified, packed, sealed, stored unless its id is known, handed on to a
// queue that is a table.
import { createCipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import express from 'express';
import pg from 'pg';

const SECRET = process.env.WEBHOOK_SECRET;
const KEY = randomBytes(32);
const pool = new pg.Pool({ host: process.env.PGHOST, user: 'postgres', database: 'postgres', max: 4 });

await pool.query(`CREATE TABLE IF NOT EXISTS raw_events (
  tenant text, provider text, day text, id text, kind text, hash bytea, sealed bytea, received_at timestamptz,
  expires_at timestamptz, PRIMARY KEY (tenant, provider, day, id))`);
await pool.query('CREATE TABLE IF NOT EXISTS queue (n bigserial PRIMARY KEY, message jsonb, visible_at timestamptz)');

const STORE = {
  name: 'store',
  text: `INSERT INTO raw_events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
};
const SEND = { name: 'send', text: 'INSERT INTO queue (message, visible_at) VALUES ($1, $2)' };

function isSigned(header, body) {
  const parts = header.split(',').map((part) => part.split('='));
  const time = parts.find(([name]) => name === 't')?.[1];
  if (!time || Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const wanted = createHmac('sha256', SECRET).update(`${time}.`).update(body).digest();
  return parts.some(([name, value]) => {
    const given = Buffer.from(value ?? '', 'hex');
    return name === 'v1' && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function seal(packed) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
  cipher.setAAD(Buffer.from('ten_00000000000000000000000000 raw_events body'));
  return Buffer.concat([nonce, cipher.update(packed), cipher.final(), cipher.getAuthTag()]);
}

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.post('/v1/webhooks/stripe', express.raw({ type: () => true, limit: '1mb' }), async (request, response) => {
  if (!isSigned(request.headers['stripe-signature'] ?? '', request.body)) return response.sendStatus(401);
  const event = JSON.parse(request.body);
  const now = Date.now(), day = new Date(event.created * 1000).toISOString().slice(0, 10);
  const hash = createHash('sha256').update(event.type).update(JSON.stringify(event.data.object)).digest();
  await pool.query({
    ...STORE,
    values: ['ten_00000000000000000000000000', 'stripe', day, event.id, event.type, hash, seal(gzipSync(request.body)),
      new Date(now), new Date(now + 30 * 86_400_000)],
  });
  const message = { v: 1, tenant: 'ten_00000000000000000000000000', provider: 'stripe', day, event_id: event.id };
  await pool.query({ ...SEND, values: [message, new Date(now)] });
  response.json({ received: true });
});
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
