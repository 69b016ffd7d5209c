// The snippet in a real browser, on pages of another origin than Tributary's. The pages are those of docs/snippet.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Cloud, serve } from './cloud.mjs';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const READY = "new Promise((ready) => tributary('ready', ready))";
const STUB = '<script>window.tributary = function () { (tributary.q = tributary.q || []).push(arguments); };</script>';
const DAY_S = 86_400;

// The examples of the page, by name, with Tributary where this test has it.
function examples() {
  const found = readFileSync('docs/snippet.md', 'utf8').matchAll(/<!-- tried: (\w+) -->\n```html\n([\s\S]*?)```/g);
  const local = (html) => html.replaceAll('https://go.example.com', 'https://go.example');
  return Object.fromEntries([...found].map(([, name, html]) => [`/${name}`, local(html)]));
}

const script = (attributes) => `${STUB}<script async src="https://go.example/t.js" ${attributes}></script>`;
const pages = {
  ...examples(),
  '/first': script('data-keep="first"'),
  '/consent': script('data-consent="wait"'),
  '/param': script('data-param="aff, by"'),
  '/domain': script('data-domain="shop.example"'),
  '/own': `${script('')}<a id="own" href="https://buy.stripe.com/a?client_reference_id=user_1">Buy</a>`,
};

let cloud, shop, browser, hosts;

before(async () => {
  cloud = await Cloud.start();
  const links = { casey: 'https://shop.example/links', robin: 'https://shop.example/plain' };
  await cloud.furnish({ hosts: ['shop.example'], links });
  shop = await serve({ pages, cloud });
  hosts = { '*.example': shop.address };
  browser = await Browser.start({ hosts, userAgent: CHROME });
});

after(async () => {
  await browser?.stop();
  await shop?.stop();
  await cloud?.stop();
});

// A visitor who opens an address and waits for the snippet: what it knows.
async function visit(path, page) {
  const visitor = page ?? await browser.page();
  await visitor.go(path.startsWith('http') ? path : `https://shop.example${path}`);
  await visitor.run("new Promise((there) => { const look = () => window.tributary && !tributary.q ? there() : setTimeout(look, 10); look(); })");
  return { visitor, token: await visitor.run(READY) };
}

const attribute = (visitor, id, name) => visitor.run(`document.getElementById('${id}').getAttribute('${name}')`);
const parameter = async (visitor, id, name) => new URL(await attribute(visitor, id, 'href')).searchParams.get(name);
// 67 characters are one touch, and 40 more each further one.
const touches = (token) => (token.length - 27) / 40;

test('the page of the documentation has every example', () => {
  assert.deepEqual(Object.keys(examples()), ['/plain', '/links', '/calls', '/rewardful']);
});

test('a visitor by ?via= gets a token, in a cookie for the window of the programme', async () => {
  const { visitor, token } = await visit('/plain?via=CASEY&utm_source=news');
  assert.equal(touches(token), 1);
  const cookie = await visitor.cookie('trb_id');
  assert.equal(cookie.value, token);
  assert.equal(cookie.domain, 'shop.example');
  assert.equal(cookie.sameSite, 'Lax');
  assert.ok(cookie.secure);
  const days = (cookie.expires - Date.now() / 1000) / DAY_S;
  assert.ok(days > 29.9 && days <= 30.01, `${days} days`);
  assert.deepEqual(visitor.errors, []);
  const later = await visit('/plain', visitor);
  assert.equal(later.token, token, 'another page of the site knows it');
});

test('a visitor by the redirect brings the token along, and the links of the page are filled', async () => {
  const { visitor, token } = await visit('https://go.example/r/casey');
  assert.equal(new URL(await visitor.run('location.href')).searchParams.get('trb'), token);
  assert.equal((await visitor.cookie('trb_id')).value, token);
  assert.equal(await parameter(visitor, 'stripe', 'client_reference_id'), token);
  assert.equal(await parameter(visitor, 'stripe', 'locale'), 'en');
  assert.equal(await parameter(visitor, 'own-domain', 'client_reference_id'), token);
  assert.equal(await parameter(visitor, 'lemon', 'checkout[custom][trb]'), token);
  assert.equal(await parameter(visitor, 'app', 'trb'), token);
  assert.equal(await attribute(visitor, 'other', 'href'), 'https://elsewhere.example/');
  const table = "document.querySelector('stripe-pricing-table').getAttribute('client-reference-id')";
  assert.equal(await visitor.run(table), token);
  assert.equal(await visitor.run("document.forms['sign-up'].elements.referral.value"), token);
  assert.deepEqual(visitor.errors, []);
});

test('a host of the merchant takes up what another one hands on', async () => {
  const { visitor, token } = await visit('/links?via=casey');
  const there = (await attribute(visitor, 'app', 'href')).replace('/sign-up', '/plain');
  assert.equal((await visit(there, visitor)).token, token);
  assert.equal((await visit('https://app.shop.example/plain', visitor)).token, token);
});

test('links that come later are filled when they are followed, and what the author set stays', async () => {
  const { visitor, token } = await visit('/own?ref=casey');
  assert.equal(await parameter(visitor, 'own', 'client_reference_id'), 'user_1');
  const added = `
    document.body.insertAdjacentHTML('beforeend', '<a id="late" href="https://buy.stripe.com/late"><b>Buy</b></a>');
    document.getElementById('late').addEventListener('click', (e) => e.preventDefault());
    document.querySelector('#late b').click();`;
  await visitor.run(added);
  assert.equal(await parameter(visitor, 'late', 'client_reference_id'), token);
  await visitor.run(`document.body.insertAdjacentHTML('beforeend', '<a id="next" href="https://buy.stripe.com/n">Buy</a>')`);
  await visitor.run("tributary('fill')");
  assert.equal(await parameter(visitor, 'next', 'client_reference_id'), token);
});

test('clicks are added up; with data-keep="first" the first stays', async () => {
  const { visitor, token } = await visit('/plain?via=casey');
  const both = await visit('/plain?via=robin', visitor);
  assert.equal(touches(both.token), 2);
  assert.notEqual(both.token, token);
  const first = await visit('/first?via=casey', visitor);
  assert.equal(first.token, both.token);
  const fresh = await visit('/first?via=casey');
  assert.equal(touches(fresh.token), 1);
});

test('calls before the script has come are made up for', async () => {
  const { visitor } = await visit('/calls?via=casey');
  assert.equal(await visitor.run('document.title'), 'by a partner');
  const { visitor: nobody } = await visit('/calls');
  assert.equal(await nobody.run('document.title'), 'by nobody');
});

test('a page that carries tags of Rewardful works on', async () => {
  const { visitor, token } = await visit('/rewardful?via=casey');
  assert.equal(await visitor.run('document.title'), 'referred');
  assert.equal(await visitor.run('Rewardful.referral'), token);
  assert.equal(await visitor.run("document.forms.checkout.elements.referral.value"), token);
  await visitor.run("rewardful('convert', { email: 'a@b.example' })");
  assert.deepEqual(visitor.errors, []);
  const { visitor: nobody } = await visit('/rewardful');
  assert.equal(await nobody.run('document.title'), 'not referred');
  assert.equal(await nobody.run('Rewardful.referral'), false);
});

test('other names of the parameter, and a domain for the cookie', async () => {
  assert.equal(touches((await visit('/param?by=casey')).token), 1);
  const { visitor } = await visit('https://www.shop.example/domain?via=casey');
  assert.equal((await visitor.cookie('trb_id')).domain, '.shop.example');
});

test('nothing happens before consent where it is waited for', async () => {
  const page = await browser.page();
  await page.go('https://shop.example/consent?via=casey');
  assert.equal(await page.run("new Promise((done) => { tributary('ready', () => done('known')); setTimeout(() => done('waits'), 300); })"), 'waits');
  assert.equal(await page.cookie('trb_id'), undefined);
  await page.run("tributary('consent')");
  assert.equal(touches(await page.run(READY)), 1);
  assert.ok(await page.cookie('trb_id'));
  await page.run("tributary('forget')");
  assert.equal(await page.cookie('trb_id'), undefined);
});

test('who asks for privacy gets no cookie, and this page still knows whose link it was', async () => {
  for (const [signal, header] of [['globalPrivacyControl', 'Sec-GPC'], ['doNotTrack', 'DNT']]) {
    const page = await browser.page();
    await page.before(`Object.defineProperty(Navigator.prototype, '${signal}', { get: () => '1' })`);
    await page.headers({ [header]: '1' });
    const { token } = await visit('/links?via=casey', page);
    assert.equal(touches(token), 1, signal);
    assert.equal(await page.cookie('trb_id'), undefined, signal);
    assert.equal(await parameter(page, 'stripe', 'client_reference_id'), token);
    assert.equal((await visit('/plain', page)).token, '', signal);
  }
});

test('an unknown code, a host that is not allowed and a tampered cookie earn nothing', async () => {
  assert.equal((await visit('/plain?via=nobody')).token, '');
  const { visitor, token } = await visit('https://evil.example/plain?via=casey');
  assert.equal(token, '');
  assert.equal(await visitor.cookie('trb_id'), undefined);
  const tampered = await browser.page();
  await visit('/plain', tampered);
  await tampered.run(`document.cookie = 'trb_id=' + 'A'.repeat(67) + ';Path=/'`);
  assert.equal(touches((await visit('/plain?via=casey', tampered)).token), 1, 'it is not carried on');
});

test('a bookmark of a landing page and junk do not go before a later click', async () => {
  const { visitor, token: older } = await visit('/plain?via=casey');
  const { token } = await visit('/plain?via=robin', visitor);
  for (const landed of [older, 'A'.repeat(67), `Av9${'_'.repeat(64)}`]) {
    assert.equal((await visit(`/plain?trb=${landed}`, visitor)).token, token, landed);
  }
  const { visitor: other } = await visit('/plain');
  assert.equal((await visit(`/plain?trb=${older}`, other)).token, older, 'without a later one it counts');
});

test('a browser that says that a program drives it is no visitor', async () => {
  const driven = await Browser.start({ hosts, isDriven: true });
  try {
    const { visitor, token } = await visit('/plain?via=casey', await driven.page());
    assert.equal(token, '');
    assert.equal(await visitor.cookie('trb_id'), undefined);
  } finally {
    await driven.stop();
  }
});
