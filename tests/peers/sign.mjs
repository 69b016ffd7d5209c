// Random messages signed by the official Node packages, and as many that somebody has changed; a line of JSON each.
//
// Usage: node sign.mjs COUNT [SEED]

import Stripe from "stripe";
import { Webhook } from "standardwebhooks";

const count = Number(process.argv[2]);
let state = BigInt(process.argv[3] ?? 1);
const mask = (1n << 64n) - 1n;

/** splitmix64: the same messages for the same seed. */
function bits() {
  state = (state + 0x9e3779b97f4a7c15n) & mask;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return z ^ (z >> 31n);
}
const below = (n) => Number(bits() % BigInt(n));
const between = (from, to) => from + below(to - from + 1);
const bytes = (n) => Buffer.from(Array.from({ length: n }, () => below(256)));
const pick = (list) => list[below(list.length)];

function body() {
  let text = "";
  for (let n = below(300); n > 0; n--) {
    text += String.fromCodePoint(pick([between(32, 126), between(0xa0, 0x2fff), 0x1f600]));
  }
  const event = { id: `evt_${below(1e12)}`, n: below(1e15), text, list: [null, true, []] };
  return JSON.stringify(event, null, pick([0, 1, 2]));
}

function changed(message) {
  const other = structuredClone(message);
  const raw = Buffer.from(other.body, "base64");
  let next = raw;
  const what = pick(["body", "longer", "shorter", "secret", "late", "early", "header"]);
  if (what === "body") raw[below(raw.length)] ^= 1 << below(8);
  else if (what === "longer") next = Buffer.concat([raw, Buffer.from(" ")]);
  else if (what === "shorter") next = raw.subarray(0, raw.length - 1);
  else if (what === "secret") other.secret = `whsec_${bytes(32).toString("base64")}`;
  else if (what === "late") other.now += between(601, 1e6);
  else if (what === "early") other.now -= between(601, 1e6);
  else {
    const name = other.scheme === "stripe" ? "stripe-signature" : "webhook-signature";
    const header = other.headers[name];
    const at = between(header.indexOf("v1") + 3, header.length - 3);
    other.headers[name] = header.slice(0, at) + (header[at] === "0" ? "1" : "0") + header.slice(at + 1);
  }
  other.body = next.toString("base64");
  other.expect = "refuse";
  return other;
}

function byStripe(payload) {
  const secret = `whsec_${bytes(24).toString("hex")}`;
  const now = between(1e9, 2e9);
  const timestamp = now + between(-300, 300);
  const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return { scheme: "stripe", secret, headers: { "stripe-signature": header }, now };
}

function byStandard(payload) {
  const secret = `whsec_${bytes(between(24, 64)).toString("base64")}`;
  const now = between(1e9, 2e9);
  const at = now + between(-300, 300);
  const id = `msg_${bytes(20).toString("hex")}`;
  const signature = new Webhook(secret).sign(id, new Date(at * 1000), payload);
  const headers = { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": signature };
  return { scheme: "standard", secret, headers, now };
}

let out = "";
for (const [peer, sign] of [["stripe (Node)", byStripe], ["standardwebhooks (Node)", byStandard]]) {
  for (let n = 0; n < count; n++) {
    const payload = body();
    const message = { peer, expect: "accept", body: Buffer.from(payload).toString("base64"), ...sign(payload) };
    out += `${JSON.stringify(message)}\n${JSON.stringify(changed(message))}\n`;
  }
}
process.stdout.write(out);
