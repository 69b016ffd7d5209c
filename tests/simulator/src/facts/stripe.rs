//! Facts as Stripe tells them: in old and new shapes, under several event ids, with names that come later.

use domain::id::LinkId;
use domain::time::Timestamp;
use domain::touch::{Scope, Touch, Touches, VisitorHash};
use model::{Fact, Paid, Phase};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::furniture;
use crate::plan::{CURRENCIES, DAY_MS, HOUR_MS, Plan, PlannedSale, START_MS, coupon, link_id};

fn event(kind: &str, at_ms: i64, object: Value) -> Value {
    json!({ "object": "event", "type": kind, "created": at_ms / 1_000, "data": { "object": object } })
}

fn key(id: &str) -> String {
    format!("stripe:{id}")
}

/// Clicks on some links, most of them before an instant, and the token that carries them.
pub(super) fn clicks(plan: &Plan, dice: &mut Dice, at_ms: i64) -> (Vec<model::Touch>, String) {
    let (mut signed, mut told) = (Touches::none(), Vec::new());
    let keys = furniture::click_keys();
    // Some buy sooner after their click than people do.
    let quick = dice.percent(20);
    let mut clicked_ms = if quick { at_ms - dice.between(1, 9) * 1_000 } else { at_ms - dice.between(0, 25) * DAY_MS };
    for _ in 0..=if quick { 0 } else { dice.below(3) } {
        let partner = dice.place(plan.partners.len());
        let number = *dice.pick(&plan.partners[partner].links);
        let Some((at, link)) = instant(clicked_ms).zip(LinkId::parse(&link_id(number)).ok()) else { continue };
        let visitor = VisitorHash::from_bytes([1; 8]);
        signed = signed.push(Touch { at, link, visitor });
        told.push(model::Touch { at_ms: clicked_ms, by: link_id(number), is_coupon: false });
        clicked_ms += dice.between(0, 6 * 24) * HOUR_MS;
    }
    (told, keys.sign(Scope { tenant: &furniture::tenant_of(plan.seed), window_days: 30 }, &signed).unwrap_or_default())
}

/// A partner's coupon, now and then: the model's touch, and how Stripe tells it.
fn discount(plan: &Plan, dice: &mut Dice, at_ms: i64) -> Option<(model::Touch, Value)> {
    let code = coupon(dice.place(plan.partners.len()));
    // Some codes are nobody's.
    let touch = model::Touch { at_ms, by: code.clone(), is_coupon: true };
    dice.percent(15).then(|| (touch, json!([{ "promotion_code": { "id": "promo_1", "code": code } }])))
}

/// Who pays, by an address: some to be thrown away.
fn buyer_details(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => json!({ "email": "somebody@mailinator.com" }),
        1 => json!({ "email": "casey@customer.example" }),
        _ => Value::Null,
    }
}

fn instant(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

/// A customer who checks out once and pays several invoices.
pub(super) fn subscriber(plan: &mut Plan, dice: &mut Dice) {
    let (customer, mut at_ms) = (plan.name("cus"), plan.instant(dice));
    let currency = *dice.pick(&CURRENCIES);
    // Some never check out: their sales wait, and are nobody's.
    if dice.percent(90) {
        check_out(plan, dice, &customer, currency, at_ms);
    }
    // Some check out twice, by other clicks: the earlier one counts, whichever comes first.
    if plan.is_within_a_month() && dice.percent(25) {
        let other_ms = at_ms + dice.between(-3 * 24, 3 * 24) * HOUR_MS;
        check_out(plan, dice, &customer, currency, other_ms);
    }
    let subscription = dice.percent(60).then(|| plan.name("sub"));
    for _ in 0..dice.between(1, 4) {
        invoice(plan, dice, (&customer, subscription.as_deref()), currency, at_ms);
        at_ms += dice.between(1, 12 * 24) * HOUR_MS;
        if at_ms > START_MS + plan.days * DAY_MS {
            break;
        }
    }
}

fn check_out(plan: &mut Plan, dice: &mut Dice, customer: &str, currency: &str, at_ms: i64) {
    let (mut touches, token) = if dice.percent(85) { clicks(plan, dice, at_ms) } else { (Vec::new(), String::new()) };
    let session = plan.name("cs");
    let mut body = json!({
        "id": session, "object": "checkout.session", "mode": "subscription", "payment_status": "paid",
        "customer": customer, "client_reference_id": (!token.is_empty()).then_some(token), "currency": currency,
        "customer_details": buyer_details(dice),
    });
    if let Some((touch, discounts)) = discount(plan, dice, at_ms) {
        touches.push(touch);
        body["discounts"] = discounts;
    }
    let met = Fact::Met { key: key(&session), customer: key(customer), at_ms, touches };
    plan.tell("check-out", at_ms, event("checkout.session.completed", at_ms, body), vec![met]);
}

fn invoice(
    plan: &mut Plan,
    dice: &mut Dice,
    (customer, subscription): (&str, Option<&str>),
    currency: &'static str,
    at_ms: i64,
) {
    let (id, intent) = (plan.name("in"), plan.name("pi"));
    let total = if dice.percent(5) { 0 } else { dice.between(1, 30_000) };
    let tax = if dice.percent(40) { dice.between(0, total / 4) } else { 0 };
    let paid = if dice.percent(10) { dice.between(0, total) } else { total };
    let is_old = dice.percent(50);
    let mut body = json!({
        "id": id, "object": "invoice", "customer": customer, "currency": currency, "amount_paid": paid, "total": total,
        "total_excluding_tax": total - tax, "subscription": subscription, "status_transitions": { "paid_at": at_ms / 1_000 },
    });
    if is_old {
        body["payment_intent"] = json!(intent);
    }
    let fact = Fact::Paid(Paid {
        payment: key(&id),
        names: if is_old { vec![key(&intent)] } else { Vec::new() },
        customer: Some(key(customer)),
        series: subscription.map(str::to_owned),
        at_ms,
        paid: paid.into(),
        total: total.into(),
        tax: tax.into(),
        shipping: 0,
        currency: currency.to_ascii_uppercase(),
        touches: Vec::new(),
    });
    // One payment is told several times, each time under another event id: it is one sale.
    for _ in 0..=u64::from(dice.percent(25)) {
        plan.tell("invoice", at_ms, event("invoice.paid", at_ms, body.clone()), vec![fact.clone()]);
    }
    if !is_old {
        let name = Fact::Named { payment: key(&id), name: key(&intent) };
        let named = json!({ "object": "invoice_payment", "invoice": id, "payment": { "type": "payment_intent", "payment_intent": intent } });
        plan.tell("name of a payment", at_ms, event("invoice_payment.paid", at_ms, named), vec![name]);
    }
    plan.sales.push(PlannedSale { payment: key(&id), names: vec![intent], at_ms, paid, currency, returned: 0 });
}

/// Somebody who buys once and leaves no account.
pub(super) fn guest(plan: &mut Plan, dice: &mut Dice) {
    one_off(plan, dice, None);
}

/// Somebody who is met by buying once, and then pays invoices.
pub(super) fn buyer(plan: &mut Plan, dice: &mut Dice) {
    let customer = plan.name("cus");
    let (at_ms, currency) = one_off(plan, dice, Some(&customer));
    for n in 0..dice.between(0, 2) {
        let later_ms = at_ms + (n * 5 + dice.between(0, 4)) * DAY_MS + HOUR_MS;
        if later_ms < plan.end_ms() {
            invoice(plan, dice, (&customer, None), currency, later_ms);
        }
    }
}

fn one_off(plan: &mut Plan, dice: &mut Dice, customer: Option<&str>) -> (i64, &'static str) {
    let (session, intent, at_ms) = (plan.name("cs"), plan.name("pi"), plan.instant(dice));
    let currency = *dice.pick(&CURRENCIES);
    let (mut touches, token) = clicks(plan, dice, at_ms);
    let total = dice.between(1, 20_000);
    let tax = if dice.percent(40) { dice.between(0, total / 5) } else { 0 };
    let shipping = if dice.percent(30) { dice.between(0, total / 5) } else { 0 };
    let mut body = json!({
        "id": session, "object": "checkout.session", "mode": "payment", "payment_status": "paid", "customer": customer,
        "client_reference_id": token, "currency": currency, "payment_intent": intent, "amount_total": total,
        "total_details": { "amount_tax": tax, "amount_shipping": shipping }, "customer_details": buyer_details(dice),
    });
    if let Some((touch, discounts)) = discount(plan, dice, at_ms) {
        touches.push(touch);
        body["discounts"] = discounts;
    }
    let fact = Fact::Paid(Paid {
        payment: key(&intent),
        names: vec![key(&session)],
        customer: customer.map(key),
        series: None,
        at_ms,
        paid: total.into(),
        total: total.into(),
        tax: tax.into(),
        shipping: shipping.into(),
        currency: currency.to_ascii_uppercase(),
        touches,
    });
    plan.tell("one-off sale", at_ms, event("checkout.session.completed", at_ms, body), vec![fact]);
    let sale = PlannedSale { payment: key(&intent), names: vec![intent], at_ms, paid: total, currency, returned: 0 };
    plan.sales.push(sale);
    (at_ms, currency)
}

/// A refund, as Stripe tells it.
pub(crate) struct Refund<'a> {
    pub(crate) id: &'a str,
    /// Minor units.
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    /// The payment's name.
    pub(crate) intent: &'a str,
}

impl Refund<'_> {
    /// An event of it, that was made when it was told.
    pub(crate) fn told(&self, what: &str, status: &str, made_ms: i64, told_ms: i64) -> Value {
        let Self { id, amount, currency, intent } = self;
        let object = json!({ "id": id, "object": "refund", "amount": amount, "currency": currency,
            "payment_intent": intent, "status": status, "created": made_ms / 1_000 });
        event(&format!("refund.{what}"), told_ms, object)
    }

    /// What the model is told of it.
    pub(crate) fn fact(&self) -> Fact {
        Fact::Returned { refund: key(self.id), payment: key(self.intent), amount: self.amount.into() }
    }
}

/// A dispute, as Stripe tells it.
pub(crate) struct Dispute<'a> {
    pub(crate) id: &'a str,
    /// Minor units.
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    /// The payment's name.
    pub(crate) intent: &'a str,
}

impl Dispute<'_> {
    /// An event of it.
    pub(crate) fn told(&self, what: &str, status: &str, at_ms: i64) -> Value {
        let Self { id, amount, currency, intent } = self;
        let object = json!({ "id": id, "object": "dispute", "amount": amount, "currency": currency, "status": status,
            "payment_intent": intent });
        event(&format!("charge.dispute.{what}"), at_ms, object)
    }

    /// What the model is told of it.
    pub(crate) fn fact(&self, phase: Phase) -> Fact {
        Fact::Disputed { dispute: key(self.id), payment: key(self.intent), amount: self.amount.into(), phase }
    }
}

/// Money goes back, in one refund or several, and sometimes the refund fails after all.
pub(super) fn refund(plan: &mut Plan, dice: &mut Dice) {
    if plan.sales.is_empty() {
        return guest(plan, dice);
    }
    let place = dice.place(plan.sales.len());
    for _ in 0..=dice.below(3) {
        let sale = &plan.sales[place];
        let left = sale.paid - sale.returned;
        if left <= 0 {
            return;
        }
        let amount = if dice.percent(30) { left } else { dice.between(1, left) };
        let at_ms = sale.at_ms + dice.between(0, 15 * 24) * HOUR_MS;
        let (currency, name) = (sale.currency, sale.names[0].clone());
        plan.sales[place].returned += amount;
        let id = plan.name("re");
        let of = Refund { id: &id, amount, currency, intent: &name };
        let returned = of.fact();
        let told = of.told("created", "succeeded", at_ms, at_ms);
        plan.tell("refund", at_ms, told, vec![returned.clone()]);
        if dice.percent(25) {
            plan.tell("refund", at_ms, of.told("updated", "succeeded", at_ms, at_ms), vec![returned]);
        }
        if dice.percent(12) {
            let failed = Fact::ReturnFailed { refund: key(&id), payment: key(&name) };
            let failed_ms = at_ms + dice.between(1, 72) * HOUR_MS;
            plan.tell("failed refund", failed_ms, of.told("failed", "failed", at_ms, failed_ms), vec![failed]);
            plan.sales[place].returned -= amount;
        }
    }
}

/// A customer's bank asks for the money, and somebody wins.
pub(super) fn dispute(plan: &mut Plan, dice: &mut Dice) {
    let sold: Vec<usize> = (0..plan.sales.len()).filter(|sale| plan.sales[*sale].paid > 0).collect();
    if sold.is_empty() {
        return guest(plan, dice);
    }
    let sale = plan.sales[*dice.pick(&sold)].clone();
    let amount = if dice.percent(60) { sale.paid } else { dice.between(1, sale.paid) };
    let id = plan.name("dp");
    let mut at_ms = sale.at_ms + dice.between(0, 8 * 24) * HOUR_MS;
    let phases: &[(&str, &str, Phase)] = match dice.below(5) {
        0 => &[("created", "warning_needs_response", Phase::Inquiry)],
        1 => &[("created", "needs_response", Phase::Opened)],
        2 => &[("created", "needs_response", Phase::Opened), ("closed", "won", Phase::Won)],
        3 => &[("created", "needs_response", Phase::Opened), ("closed", "lost", Phase::Lost)],
        _ => &[
            ("created", "warning_needs_response", Phase::Inquiry),
            ("updated", "under_review", Phase::Opened),
            ("closed", "lost", Phase::Lost),
        ],
    };
    let of = Dispute { id: &id, amount, currency: sale.currency, intent: &sale.names[0] };
    for (kind, status, phase) in phases {
        plan.tell("dispute", at_ms, of.told(kind, status, at_ms), vec![of.fact(*phase)]);
        at_ms += dice.between(1, 8 * 24) * HOUR_MS;
    }
}

/// An event that can never be read.
pub(super) fn poison(plan: &mut Plan, dice: &mut Dice) {
    let at_ms = plan.instant(dice);
    let objects = [
        json!({}),
        json!({ "id": "in_x", "customer": "cus_1", "currency": "zzz", "amount_paid": 1, "total": 1 }),
        json!({ "id": "in_x", "customer": "cus_1", "currency": "usd", "amount_paid": -1, "total": 1 }),
        json!({ "id": "in x", "customer": "cus_1", "currency": "usd", "amount_paid": 1, "total": 1 }),
    ];
    let object = dice.pick(&objects).clone();
    plan.tell("poison", at_ms, event("invoice.paid", at_ms, object), Vec::new());
    if let Some(event) = plan.events.last_mut() {
        event.is_poison = true;
    }
}
