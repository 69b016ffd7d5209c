// The click as a Lambda in Node with AWS's SDK: the same write, the same redirect, the same signed cookie. Its runtime
// is a bare loop over the Runtime API, lighter than the one that AWS ships.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';

const LINK = {
  tenant: 'ten_00000000000000000000000000', link: 'lnk_01K4JZ8QW0ABCDEFGHJKMNPQRS',
  partner: 'par_01K4JZ8QW0ABCDEFGHJKMNPQRS', program: 'prg_01K4JZ8QW0ABCDEFGHJKMNPQRS',
  destination: 'https://shop.example/welcome?plan=pro',
};
const CARRIED = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'sub1', 'sub2', 'sub3', 'sub4', 'sub5'];
const BOTS = /bot|crawl|spider|headless|preview|curl\/|python-/i;
const [SECRET, SALT] = ['k'.repeat(64), 's'.repeat(32)];
const dynamodb = new DynamoDBClient({ maxAttempts: 1 });
const mac = (key, text) => createHmac('sha256', key).update(text).digest();

async function handler(event) {
  const now = Date.now(), at = new Date(now).toISOString();
  const agent = event.headers['user-agent'] ?? '';
  const visitor = mac(SALT, `${event.requestContext.http.sourceIp}\n${agent}\n`).toString('hex').slice(0, 16);
  const query = new URLSearchParams(event.rawQueryString);
  const carried = CARRIED.filter((name) => query.has(name)).map((name) => [name, query.get(name)]);
  let referrer = '-';
  try { referrer = new URL(event.headers.referer).hostname; } catch { /* none */ }
  const firsts = {
    entity: { S: 'click' }, v: { N: '1' }, partner: { S: LINK.partner }, program: { S: LINK.program },
    first_ms: { N: String(now) }, expires_at: { N: String(Math.floor(now / 1000) + 120 * 86400) },
    agent: { S: agent.slice(0, 256) }, lang: { S: (event.headers['accept-language'] ?? '-').slice(0, 64) },
    referrer: { S: referrer }, carried: { M: Object.fromEntries(carried.map(([name, S]) => [name, { S }])) },
  };
  const names = { '#hits': !agent || BOTS.test(agent) ? 'bots' : 'hits' };
  const values = { ':one': { N: '1' }, ':last': firsts.first_ms };
  const sets = Object.entries(firsts).map(([name, value], index) => {
    names[`#f${index}`] = name;
    values[`:f${index}`] = value;
    return `#f${index} = if_not_exists(#f${index}, :f${index})`;
  });
  const day = at.slice(0, 10).replaceAll('-', '');
  await dynamodb.send(new UpdateItemCommand({
    TableName: process.env.CLICKS_TABLE,
    Key: { pk: { S: `${LINK.tenant}#${LINK.link}#${day}` }, sk: { S: `${at.slice(11, 13)}#${visitor}` } },
    UpdateExpression: `SET last_ms = :last, ${sets.join(', ')} ADD #hits :one`,
    ConditionExpression: 'attribute_not_exists(pk) OR #f0 = :f0',
    ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValues: 'UPDATED_NEW',
  }));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(now));
  const signed = Buffer.concat([time.subarray(2), Buffer.from(LINK.link), Buffer.from(visitor, 'hex')]);
  const token = Buffer.concat([signed, mac(SECRET, signed).subarray(0, 16)]).toString('base64url');
  const cookie = `${token}; Max-Age=2592000; Path=/; SameSite=Lax; Secure`;
  const location = `${LINK.destination}&${new URLSearchParams([...carried, ['trb', token]])}`;
  return {
    statusCode: 302, headers: { location, 'cache-control': 'no-store' },
    cookies: [`trb_touches=${cookie}; HttpOnly`, `trb_id=${cookie}`],
  };
}

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ask = (method, path, body) => new Promise((resolve, reject) => {
  const request = http.request({ hostname, port, method, path: `/2018-06-01/runtime/invocation/${path}`, agent }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part));
    answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(parts) }));
  });
  request.on('error', reject);
  request.end(body);
});

for (;;) {
  const { headers, body } = await ask('GET', 'next');
  await ask('POST', `${headers['lambda-runtime-aws-request-id']}/response`, JSON.stringify(await handler(JSON.parse(body))));
}
