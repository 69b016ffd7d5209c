//! Facts as Lemon Squeezy tells them: the first payment as an order and as an invoice, refunds as running totals, and no
//! ids of events.

use domain::time::Timestamp;
use model::{Fact, Paid, Touch};
use serde_json::{Value, json};

use super::stripe::clicks;
use crate::dice::Dice;
use crate::plan::{DAY_MS, HOUR_MS, Plan};

const CURRENCIES: [&str; 3] = ["USD", "USD", "EUR"];

fn key(kind: &str, id: &str) -> String {
    format!("lemon_squeezy:{kind}-{id}")
}

fn instant(ms: i64) -> Value {
    json!(Timestamp::from_millisecond(ms).unwrap_or_default().to_string())
}

/// An event: Lemon Squeezy's object is the same in each, only further on.
fn event(name: &str, (kind, id): (&str, &str), token: &str, attributes: Value) -> Value {
    json!({
        "meta": { "event_name": name, "custom_data": { "trb": token } },
        "data": { "type": kind, "id": id, "attributes": attributes },
    })
}

/// A subscription of one customer: its numbers, as every event of it needs them.
struct Subscribed {
    number: String,
    order: String,
    customer: String,
    currency: &'static str,
    at_ms: i64,
    token: String,
    touches: Vec<Touch>,
}

impl Subscribed {
    fn order(&self, total: i64, back: i64, updated_ms: i64) -> Value {
        let status = if back == 0 { "paid" } else { "partial_refund" };
        json!({
            "store_id": 1, "customer_id": self.customer, "currency": self.currency, "currency_rate": "1.0", "total": total,
            "tax": 0, "status": status, "refunded_amount": back, "created_at": instant(self.at_ms),
            "updated_at": instant(updated_ms),
        })
    }

    fn invoice(&self, reason: &str, at_ms: i64, (total, back): (i64, i64)) -> Value {
        let status = if back == 0 { "paid" } else { "partial_refund" };
        json!({
            "store_id": 1, "customer_id": self.customer, "subscription_id": self.number, "currency": self.currency,
            "currency_rate": "1.0", "billing_reason": reason, "total": total, "tax": 0, "status": status,
            "refunded_amount": back, "created_at": instant(at_ms), "updated_at": instant(at_ms + back),
        })
    }

    fn paid(&self, payment: String, at_ms: i64, total: i64, touches: Vec<Touch>) -> Fact {
        // An order says nothing of the subscription that it begins.
        let series = payment.contains(":invoice").then(|| self.number.clone());
        Fact::Paid(Paid {
            payment,
            series,
            names: Vec::new(),
            customer: Some(key("customer", &self.customer)),
            at_ms,
            paid: total.into(),
            total: total.into(),
            tax: 0,
            shipping: 0,
            currency: self.currency.to_owned(),
            touches,
        })
    }
}

/// Somebody who subscribes, with a trial or without, renews, and is given something back.
pub(super) fn subscriber(plan: &mut Plan, dice: &mut Dice) {
    let mut number = || plan.number().to_string();
    let (subscription, order, customer, invoice) = (number(), number(), number(), number());
    let at_ms = plan.instant(dice);
    let (touches, token) = clicks(plan, dice, at_ms);
    let currency = *dice.pick(&CURRENCIES);
    let told = Subscribed { number: subscription, order, customer, currency, at_ms, token, touches };
    let (is_trial, total) = (dice.percent(25), dice.between(100, 20_000));
    let first = if is_trial { 0 } else { total };
    order_and_subscription(plan, &told, first);
    first_invoice(plan, &told, &invoice, (is_trial, total));
    let mut renewed_ms = at_ms;
    for _ in 0..dice.below(3) {
        renewed_ms += dice.between(1, 9) * DAY_MS;
        if renewed_ms < plan.end_ms() {
            renewal(plan, dice, &told, renewed_ms);
        }
    }
    if !is_trial && dice.percent(40) {
        money_back(plan, dice, &told, (&invoice, total));
    }
}

fn order_and_subscription(plan: &mut Plan, told: &Subscribed, total: i64) {
    let order = event("order_created", ("orders", &told.order), &told.token, told.order(total, 0, told.at_ms));
    let sale = told.paid(key("order", &told.order), told.at_ms, total, told.touches.clone());
    plan.tell_by("lemon_squeezy", "order", told.at_ms, order, vec![sale]);
    let attributes = json!({
        "store_id": 1, "customer_id": told.customer, "order_id": told.order, "status": "active", "cancelled": false,
        "created_at": instant(told.at_ms), "updated_at": instant(told.at_ms),
    });
    let created = event("subscription_created", ("subscriptions", &told.number), &told.token, attributes);
    let met = Fact::Met {
        key: key("subscription", &told.number),
        customer: key("customer", &told.customer),
        at_ms: told.at_ms,
        touches: told.touches.clone(),
    };
    let facts = if told.token.is_empty() { Vec::new() } else { vec![met] };
    plan.tell_by("lemon_squeezy", "subscription", told.at_ms, created, facts);
}

/// The same money as the order, unless the order was of nothing.
fn first_invoice(plan: &mut Plan, told: &Subscribed, id: &str, (is_trial, total): (bool, i64)) {
    let at_ms = if is_trial { told.at_ms + HOUR_MS } else { told.at_ms };
    let invoice = told.invoice("initial", at_ms, (total, 0));
    let fact = if is_trial {
        told.paid(key("invoice", id), at_ms, total, Vec::new())
    } else {
        Fact::Named { payment: key("order", &told.order), name: key("invoice", id) }
    };
    let body = event("subscription_payment_success", ("subscription-invoices", id), "", invoice);
    plan.tell_by("lemon_squeezy", "first invoice", at_ms, body, vec![fact]);
}

fn renewal(plan: &mut Plan, dice: &mut Dice, told: &Subscribed, at_ms: i64) {
    let (id, total) = (plan.number().to_string(), dice.between(100, 20_000));
    let fact = told.paid(key("invoice", &id), at_ms, total, Vec::new());
    // One that was recovered is told twice, under two names.
    let names: &[&str] = if dice.percent(30) {
        &["subscription_payment_recovered", "subscription_payment_success"]
    } else {
        &["subscription_payment_success"]
    };
    for name in names {
        let invoice = told.invoice("renewal", at_ms, (total, 0));
        let body = event(name, ("subscription-invoices", &id), "", invoice);
        plan.tell_by("lemon_squeezy", "renewal", at_ms, body, vec![fact.clone()]);
    }
}

/// What went back is told as all that went back so far, by the order, by its first invoice, or by both.
fn money_back(plan: &mut Plan, dice: &mut Dice, told: &Subscribed, (invoice, total): (&str, i64)) {
    let (mut back, mut at_ms) = (0, told.at_ms);
    for _ in 0..=dice.below(2) {
        back = dice.between(back.min(total - 1) + 1, total);
        at_ms += dice.between(1, 96) * HOUR_MS;
        let fact = Fact::ReturnedSoFar { payment: key("order", &told.order), amount: back.into() };
        let order = event("order_refunded", ("orders", &told.order), &told.token, told.order(total, back, at_ms));
        plan.tell_by("lemon_squeezy", "running refund", at_ms, order, vec![fact.clone()]);
        if dice.percent(50) {
            let body = told.invoice("initial", told.at_ms, (total, back));
            let body = event("subscription_payment_refunded", ("subscription-invoices", invoice), "", body);
            plan.tell_by("lemon_squeezy", "running refund", at_ms, body, vec![fact]);
        }
    }
}
