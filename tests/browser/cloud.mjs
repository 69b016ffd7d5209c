// A small cloud of the test's own, with a programme, partners and links; and a server of a merchant's pages.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = process.env.BIN ?? 'target/debug';
const PATIENCE_MS = 90_000;

export class Cloud {
  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-cloud-'));
    const [ready, env] = ['ready.json', 'env'].map((name) => join(folder, name));
    const flags = ['up', '--data', folder, '--bin', BIN, '--port', '0', '--ready-file', ready, '--until-stdin-closes'];
    // Cookies are Secure, as in life.
    flags.push('--parameter', 'PublicUrl=https://go.example');
    const child = spawn(`${BIN}/local`, flags, { stdio: ['pipe', 'ignore', 'inherit'] });
    const cloud = new Cloud(child, folder);
    for (const began = Date.now(); !existsSync(ready);) {
      if (child.exitCode !== null || Date.now() - began > PATIENCE_MS) throw new Error('the cloud does not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const keys = ['demo', '--keys-only', '--ready-file', ready, '--env-file', env];
    execFileSync(`${BIN}/tributary`, keys, { stdio: 'ignore' });
    const read = (name) => readFileSync(env, 'utf8').match(new RegExp(`^export ${name}='?([^'\n]*)`, 'm'))[1];
    cloud.url = read('URL');
    cloud.key = read('ADMIN_KEY');
    return cloud;
  }

  constructor(child, folder) { Object.assign(this, { child, folder }); }

  async post(path, body) {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
    const answer = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  // Two partners of one programme, each with a link to the shop.
  async furnish({ hosts, links }) {
    const rule = { kind: 'percentage', rate: '0.3' };
    const program = { name: 'Studio', currency: 'USD', time_zone: 'UTC', allowed_hosts: hosts, rule };
    const { id } = await this.post('/v1/programs', program);
    for (const [code, destination] of Object.entries(links)) {
      const email = `${code}@partners.example`;
      const partner = await this.post('/v1/partners', { name: code, email, program_id: id });
      const link = { unique_code: code, destination, partner_id: partner.id, program_id: id };
      await this.post('/v1/revenue/affiliates', link);
    }
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

// One server by TLS for every host of the test: what is for Tributary goes on to it, all others have the same pages.
export async function serve({ pages, cloud }) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-tls-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, '-subj', '/CN=test', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, answer) => {
    if (request.headers.host === 'go.example') return pass(request, answer, cloud);
    const page = pages[new URL(request.url, 'http://x').pathname];
    answer.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    answer.end(page ? `<!doctype html><html lang="en"><title>…</title><body>${page}</body></html>` : '');
  });
  rmSync(folder, { recursive: true });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); };
  return { address: `127.0.0.1:${server.address().port}`, stop };
}

function pass(request, answer, cloud) {
  const { method, url, headers } = request;
  const on = forward(cloud.url + url, { method, headers }, (answered) => {
    answer.writeHead(answered.statusCode, answered.headers);
    answered.pipe(answer);
  });
  on.on('error', () => answer.writeHead(502).end());
  request.pipe(on);
}
