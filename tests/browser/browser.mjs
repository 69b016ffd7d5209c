// A headless Chromium, driven over the pipe of its own protocol: no package, no port.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE_MS = 30_000;

export class Browser {
  // Hosts are mapped to addresses of this machine, so that pages have real origins. Unless it is
  // `isDriven`, it does not say that a program drives it.
  static async start({ hosts, userAgent, isDriven = false }) {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-browser-'));
    const rules = Object.entries(hosts).map(([host, address]) => `MAP ${host} ${address}`).join(', ');
    const flags = [
      '--remote-debugging-pipe', '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--ignore-certificate-errors',
      `--user-data-dir=${folder}`, `--host-resolver-rules=${rules}`, 'about:blank',
    ];
    if (!isDriven) flags.unshift('--disable-blink-features=AutomationControlled', `--user-agent=${userAgent}`);
    const child = spawn('chromium-headless-shell', flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    return new Browser(child, folder);
  }

  constructor(child, folder) {
    Object.assign(this, { child, folder, next: 0, waiting: new Map(), listeners: new Set(), rest: '' });
    child.stdio[4].setEncoding('utf8');
    child.stdio[4].on('data', (text) => {
      const parts = (this.rest + text).split('\0');
      this.rest = parts.pop();
      parts.forEach((part) => this.hear(JSON.parse(part)));
    });
  }

  hear(message) {
    const waiting = this.waiting.get(message.id);
    if (!waiting) return this.listeners.forEach((listener) => listener(message));
    this.waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.next;
    this.child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method}: no answer`)), PATIENCE_MS);
      const ends = (end) => (value) => { clearTimeout(late); end(value); };
      this.waiting.set(id, { resolve: ends(resolve), reject: ends(reject) });
    });
  }

  // A page with cookies of its own.
  async page() {
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await Promise.all(['Page.enable', 'Runtime.enable', 'Network.enable'].map((method) => page.send(method)));
    return page;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.on('exit', resolve));
    // Asked to, it ends its own processes too.
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    this.send('Browser.close').catch(() => {});
    await ended;
    clearTimeout(late);
    // Pipes that are left open keep the test's process.
    this.child.stdio.forEach((stream) => stream?.destroy());
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  constructor(browser, sessionId) {
    Object.assign(this, { browser, sessionId, errors: [] });
    browser.listeners.add((message) => {
      if (message.sessionId !== sessionId || message.method !== 'Runtime.exceptionThrown') return;
      this.errors.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
    });
  }

  send(method, params) { return this.browser.send(method, params, this.sessionId); }

  async go(url) {
    let heard;
    const loaded = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${url} did not load`)), PATIENCE_MS);
      heard = (message) => {
        if (message.sessionId !== this.sessionId || message.method !== 'Page.loadEventFired') return;
        clearTimeout(late);
        resolve();
      };
    });
    this.browser.listeners.add(heard);
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
    this.browser.listeners.delete(heard);
  }

  async run(expression) {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', asked);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Before any script of a page.
  before(source) { return this.send('Page.addScriptToEvaluateOnNewDocument', { source }); }
  headers(headers) { return this.send('Network.setExtraHTTPHeaders', { headers }); }

  async cookie(name) {
    const { cookies } = await this.send('Network.getCookies');
    return cookies.find((cookie) => cookie.name === name);
  }
}
