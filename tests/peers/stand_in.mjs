// Stripe's own Node package drives the stand-in: what it sends is understood, what is answered it reads.
//
// Usage: node stand_in.mjs URL

import Stripe from "stripe";

const address = new URL(process.argv[2]);
const stripe = new Stripe("sk_test_peer", {
  host: address.hostname,
  port: address.port,
  protocol: "http",
  maxNetworkRetries: 2,
  telemetry: false,
});
const START = 1769853600;
const DAY = 86400;
let checks = 0;

function same(found, expected, what) {
  checks += 1;
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  }
}

async function refused(type, call, what) {
  try {
    await call();
  } catch (error) {
    same(error.type, type, what);
    return error;
  }
  throw new Error(`${what}: it was not refused`);
}

const clock = await stripe.testHelpers.testClocks.create({ frozen_time: START });
const customer = await stripe.customers.create({
  email: "casey@customer.example",
  test_clock: clock.id,
  payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});
same((await stripe.customers.listPaymentMethods(customer.id)).data.length, 1, "a card that came with its customer");
const price = await stripe.prices.create({
  currency: "usd",
  unit_amount: 9900,
  recurring: { interval: "month" },
  product_data: { name: "Studio" },
});
const made = await stripe.subscriptions.create({
  customer: customer.id,
  items: [{ price: price.id }],
  trial_period_days: 14,
  metadata: { trb: "token" },
});
same([made.status, made.metadata.trb], ["trialing", "token"], "a trial");
await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: START + 15 * DAY });
const after = await stripe.subscriptions.retrieve(made.id, { expand: ["latest_invoice"] });
same([after.status, after.latest_invoice.amount_paid], ["active", 9900], "the end of a trial");
const failing = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: failing.id } });
await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: START + 43 * DAY });
same((await stripe.subscriptions.retrieve(made.id)).status, "past_due", "a renewal that fails");
const open = await stripe.invoices.list({ subscription: made.id, status: "open" });
same(open.data[0].attempt_count, 1, "one attempt");
await refused("StripeCardError", () => stripe.invoices.pay(open.data[0].id), "paying with a card that does not pay");
const good = await stripe.paymentMethods.attach("pm_card_mastercard", { customer: customer.id });
const paid = await stripe.invoices.pay(open.data[0].id, { payment_method: good.id });
same(paid.status, "paid", "paying with another card");
const payments = await stripe.invoicePayments.list({ invoice: paid.id });
const refund = await stripe.refunds.create({ payment_intent: payments.data[0].payment.payment_intent, amount: 900 });
same([refund.amount, refund.status], [900, "succeeded"], "a refund");
const ending = await stripe.subscriptions.update(made.id, { cancel_at_period_end: true });
same(ending.cancel_at_period_end, true, "an end with the period");
let kinds = [];
for await (const event of stripe.events.list({ limit: 50 })) {
  kinds.push(event.type);
}
for (const kind of ["customer.subscription.trial_will_end", "invoice.payment_failed", "charge.refunded", "refund.created"]) {
  same(kinds.includes(kind), true, kind);
}
const endpoint = await stripe.webhookEndpoints.create({ url: "https://shop.example/hook", enabled_events: ["invoice.paid"] });
same(endpoint.secret.startsWith("whsec_"), true, "an endpoint's secret");
await stripe.webhookEndpoints.del(endpoint.id);

const stranger = await refused("StripeInvalidRequestError", () => stripe.customers.create({ colour: "red" }), "a stranger");
same([stranger.code, stranger.param], ["parameter_unknown", "colour"], "a stranger among the parameters");
const missing = await refused("StripeInvalidRequestError", () => stripe.prices.create({ unit_amount: 1 }), "no currency");
same([missing.code, missing.param], ["parameter_missing", "currency"], "a parameter that is missing");
const once = { idempotencyKey: "node-one" };
const first = await stripe.customers.create({ email: "a@b.example" }, once);
same((await stripe.customers.create({ email: "a@b.example" }, once)).id, first.id, "one key");
await refused("StripeIdempotencyError", () => stripe.customers.create({ email: "c@b.example" }, once), "another request");
console.log(`stripe for Node ${Stripe.PACKAGE_VERSION}: ${checks} checks hold`);
