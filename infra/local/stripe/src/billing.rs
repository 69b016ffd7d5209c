//! Invoices: made of lines, finalised, paid or not.

use serde_json::{Value, json};

use crate::calls::decline_of;
use crate::refusal::Decline;
use crate::state::{Task, listed, number, text};
use crate::tax;
use crate::turn::Turn;

/// How long a failed payment waits for its next attempt: four attempts in fifteen days.
const RETRY_DAYS: [i64; 3] = [3, 5, 7];
const DAY: i64 = 86_400;
/// How long a first payment may be outstanding.
const INCOMPLETE_SECONDS: i64 = 23 * 3_600;

/// One line of an invoice, before it is one.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) amount: i64,
    pub(crate) description: String,
    pub(crate) price: Value,
    pub(crate) quantity: i64,
    pub(crate) period: (i64, i64),
    /// The item of the subscription.
    pub(crate) item: Option<String>,
    /// The pending item that it was, if it is a proration.
    pub(crate) proration: Option<String>,
}

/// `amount × part / whole`, half away from zero.
pub(crate) fn share(amount: i64, part: i64, whole: i64) -> i64 {
    let (numerator, denominator) = (i128::from(amount) * i128::from(part), i128::from(whole.max(1)));
    let twice = numerator.abs() * 2 + denominator;
    let rounded = twice / (denominator * 2);
    i64::try_from(rounded * numerator.signum()).unwrap_or(i64::MAX)
}

/// What an item costs for one period.
pub(crate) fn cost(item: &Value) -> i64 {
    number(&item["price"], "unit_amount").saturating_mul(item["quantity"].as_i64().unwrap_or(1))
}

/// The lines of a subscription's items for their present period.
pub(crate) fn lines_of(subscription: &Value, is_trial: bool) -> Vec<Line> {
    let items = subscription["items"]["data"].as_array().into_iter().flatten();
    let line = |item: &Value| {
        let name = item["price"]["nickname"].as_str().unwrap_or("Subscription").to_owned();
        let quantity = item["quantity"].as_i64().unwrap_or(1);
        Line {
            amount: if is_trial { 0 } else { cost(item) },
            description: if is_trial { format!("Trial period for {name}") } else { format!("{quantity} × {name}") },
            price: item["price"].clone(),
            quantity,
            period: (number(item, "current_period_start"), number(item, "current_period_end")),
            item: item["id"].as_str().map(str::to_owned),
            proration: None,
        }
    };
    items.map(line).collect()
}

fn line_object(turn: &mut Turn<'_>, line: &Line, (invoice, subscription): (&str, &Value), tax: &tax::Taxed) -> Value {
    let id = turn.state.mint("il_1", 23);
    let (kind, parent) = match &line.proration {
        Some(pending) => (
            "invoice_item_details",
            json!({"invoice_item": pending, "proration": true, "proration_details": {"credited_items": null}, "subscription": subscription["id"]}),
        ),
        None => (
            "subscription_item_details",
            json!({"invoice_item": null, "proration": false, "proration_details": {"credited_items": null},
                "subscription": subscription["id"], "subscription_item": line.item}),
        ),
    };
    let mut details = json!({"type": kind, "invoice_item_details": null, "subscription_item_details": null});
    details[kind] = parent;
    json!({
        "id": id, "object": "line_item", "amount": line.amount, "currency": subscription["currency"],
        "description": line.description, "discount_amounts": [], "discountable": line.proration.is_none(), "discounts": [],
        "invoice": invoice, "livemode": false, "metadata": {}, "parent": details,
        "period": {"start": line.period.0, "end": line.period.1}, "pretax_credit_amounts": [],
        "pricing": {"type": "price_details", "unit_amount_decimal": line.price["unit_amount_decimal"],
            "price_details": {"price": line.price["id"], "product": line.price["product"]}},
        "quantity": line.quantity, "subtotal": line.amount - tax.inside, "taxes": tax.rows(),
    })
}

/// A draft of a subscription's invoice, with what was pending, and its event.
pub(crate) fn draft(turn: &mut Turn<'_>, subscription: &Value, reason: &str, mut lines: Vec<Line>) -> Value {
    lines.extend(pending_of(turn, subscription));
    let customer = turn.state.get("customer", text(subscription, "customer")).cloned().unwrap_or_default();
    let id = turn.state.mint("in_1", 23);
    let is_taxed = subscription["automatic_tax"]["enabled"] == true;
    let (mut rows, mut taxes, mut subtotal) = (Vec::new(), Vec::new(), 0_i64);
    for line in &lines {
        let tax = tax::of_line(&customer, line.amount, text(&line.price, "tax_behavior"), is_taxed);
        subtotal = subtotal.saturating_add(line.amount);
        rows.push(line_object(turn, line, (&id, subscription), &tax));
        taxes.push(tax);
    }
    let (on_top, within) =
        taxes.iter().fold((0_i64, 0_i64), |(top, within), tax| (top + tax.on_top, within + tax.inside));
    let total = subtotal + on_top;
    let starting = number(&customer, "balance");
    let period = lines.first().map_or((turn.now, turn.now), |line| line.period);
    let url = format!("/v1/invoices/{id}/lines");
    let fields = json!({
        "id": id, "account_country": "US", "account_name": "Stand-in", "amount_due": (total + starting).max(0),
        "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": (total + starting).max(0), "amount_shipping": 0,
        "attempt_count": 0, "attempted": false, "auto_advance": true,
        "automatic_tax": {"disabled_reason": null, "enabled": is_taxed, "liability": null, "provider": null,
            "status": if is_taxed { json!("complete") } else { Value::Null }},
        "billing_reason": reason, "collection_method": "charge_automatically", "currency": subscription["currency"],
        "customer": customer["id"], "customer_address": customer["address"], "customer_email": customer["email"],
        "customer_name": customer["name"], "customer_tax_exempt": customer["tax_exempt"], "default_payment_method": null,
        "description": null, "discounts": [], "due_date": null, "effective_at": null, "ending_balance": null,
        "hosted_invoice_url": null, "lines": listed(&url, rows, false), "metadata": {}, "next_payment_attempt": null,
        "number": null, "parent": {"type": "subscription_details", "quote_details": null,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]}},
        "period_start": period.0, "period_end": period.0, "starting_balance": starting, "status": "draft",
        "status_transitions": {"finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null},
        "subtotal": subtotal, "subtotal_excluding_tax": subtotal - within, "test_clock": customer["test_clock"],
        "total": total, "total_discount_amounts": [], "total_excluding_tax": total - on_top - within,
        "total_pretax_credit_amounts": [], "total_taxes": tax::merged(&taxes), "webhooks_delivered_at": null,
        "_subscription": subscription["id"],
    });
    let invoice = turn.create("invoice", ("in_1", 23), fields);
    turn.set(text(subscription, "id"), |subscription| subscription["latest_invoice"] = invoice["id"].clone());
    invoice
}

/// The prorations that wait for a subscription's next invoice.
fn pending_of(turn: &mut Turn<'_>, subscription: &Value) -> Vec<Line> {
    let of_it = |item: &Value| item["_subscription"] == subscription["id"] && item["invoice"].is_null();
    let mut found: Vec<Value> = turn.state.list("invoiceitem").into_iter().map(|kept| kept.object.clone()).collect();
    found.retain(of_it);
    found.reverse();
    let mut lines = Vec::new();
    for item in found {
        let id = text(&item, "id").to_owned();
        turn.set(&id, |item| item["invoice"] = json!("billed"));
        lines.push(Line {
            amount: number(&item, "amount"),
            description: text(&item, "description").to_owned(),
            price: item["_price"].clone(),
            quantity: item["quantity"].as_i64().unwrap_or(1),
            period: (number(&item["period"], "start"), number(&item["period"], "end")),
            item: None,
            proration: Some(id),
        });
    }
    lines
}

/// A proration that waits for the next invoice.
pub(crate) fn pend(turn: &mut Turn<'_>, subscription: &Value, line: &Line) {
    let fields = json!({
        "amount": line.amount, "currency": subscription["currency"], "customer": subscription["customer"],
        "date": turn.now, "description": line.description, "discountable": false, "discounts": [], "invoice": null,
        "metadata": {}, "period": {"start": line.period.0, "end": line.period.1}, "proration": true,
        "quantity": line.quantity, "parent": {"type": "subscription_details",
            "subscription_details": {"subscription": subscription["id"], "subscription_item": line.item}},
        "_price": line.price, "_subscription": subscription["id"],
    });
    turn.create("invoiceitem", ("ii_1", 23), fields);
}

/// A draft becomes an invoice: a number, what the customer's balance pays, and an attempt at the rest.
pub(crate) fn finalize(turn: &mut Turn<'_>, id: &str) -> Result<(), Decline> {
    let Some(invoice) = turn.state.get("invoice", id).filter(|invoice| invoice["status"] == "draft").cloned() else {
        return Ok(());
    };
    let customer = text(&invoice, "customer").to_owned();
    let ending = (number(&invoice, "total") + number(&invoice, "starting_balance")).min(0);
    let mut number_of = 1;
    turn.set(&customer, |customer| {
        number_of = number(customer, "next_invoice_sequence").max(1);
        customer["next_invoice_sequence"] = json!(number_of + 1);
        customer["balance"] = json!(ending);
    });
    let prefix = turn.state.get("customer", &customer).map(|it| text(it, "invoice_prefix").to_owned());
    let now = turn.now;
    let finalized = turn.set(id, |invoice| {
        invoice["status"] = json!("open");
        invoice["effective_at"] = json!(now);
        invoice["ending_balance"] = json!(ending);
        invoice["status_transitions"]["finalized_at"] = json!(now);
        invoice["number"] = json!(format!("{}-{number_of:04}", prefix.unwrap_or_default()));
        invoice["hosted_invoice_url"] = json!(format!("https://invoice.stripe.com/i/{id}"));
    });
    turn.emit("invoice.finalized", &finalized, None);
    attempt(turn, id)
}

/// The payment method of an invoice: the subscription's own, else the customer's.
fn card_of(turn: &Turn<'_>, invoice: &Value) -> Option<Value> {
    let subscription = turn.state.get("subscription", text(invoice, "_subscription"));
    let own = subscription.and_then(|subscription| subscription["default_payment_method"].as_str());
    let customer = turn.state.get("customer", text(invoice, "customer"));
    let theirs = customer.and_then(|customer| customer["invoice_settings"]["default_payment_method"].as_str());
    turn.state.get("payment_method", own.or(theirs)?).cloned()
}

/// One attempt to pay an open invoice.
pub(crate) fn attempt(turn: &mut Turn<'_>, id: &str) -> Result<(), Decline> {
    let Some(invoice) = turn.state.get("invoice", id).filter(|invoice| invoice["status"] == "open").cloned() else {
        return Ok(());
    };
    let due = number(&invoice, "amount_due");
    if due == 0 {
        paid(turn, id, None);
        return Ok(());
    }
    let card = card_of(turn, &invoice);
    let no_card = Decline { code: "resource_missing", reason: None, message: "The customer has no payment method." };
    let refused = card.as_ref().map_or(Some(no_card), decline_of);
    let payment = crate::payment::charge(turn, &invoice, card.as_ref(), refused);
    match refused {
        None => {
            paid(turn, id, Some(&payment));
            Ok(())
        }
        Some(decline) => {
            failed(turn, id, decline);
            Err(decline)
        }
    }
}

/// The invoice is paid; its subscription is active again.
fn paid(turn: &mut Turn<'_>, id: &str, payment: Option<&str>) {
    let now = turn.now;
    let invoice = turn.set(id, |invoice| {
        let due = invoice["amount_due"].clone();
        invoice["status"] = json!("paid");
        invoice["attempted"] = json!(true);
        invoice["attempt_count"] = json!(number(invoice, "attempt_count") + i64::from(payment.is_some()));
        invoice["auto_advance"] = json!(false);
        invoice["amount_paid"] = due;
        invoice["amount_remaining"] = json!(0);
        invoice["next_payment_attempt"] = Value::Null;
        invoice["status_transitions"]["paid_at"] = json!(now);
    });
    if let Some(payment) = payment {
        crate::payment::settle(turn, &invoice, payment);
    }
    turn.emit("invoice.paid", &invoice, None);
    turn.emit("invoice.payment_succeeded", &invoice, None);
    turn.state.call_off(|task| *task == Task::Retry(id.to_owned()));
    let subscription = text(&invoice, "_subscription").to_owned();
    let is_behind = |status: &str| matches!(status, "incomplete" | "past_due" | "unpaid");
    if turn.state.get("subscription", &subscription).is_some_and(|found| is_behind(text(found, "status"))) {
        turn.state.call_off(|task| *task == Task::Expire(subscription.clone()));
        turn.update(&subscription, "customer.subscription.updated", |it| it["status"] = json!("active"));
    }
}

/// The attempt failed: when the next one is, and what becomes of the subscription.
fn failed(turn: &mut Turn<'_>, id: &str, decline: Decline) {
    let now = turn.now;
    let clock = turn.state.get("invoice", id).and_then(|invoice| invoice["test_clock"].as_str().map(str::to_owned));
    let mut next = None;
    let invoice = turn.set(id, |invoice| {
        let attempts = number(invoice, "attempt_count") + 1;
        // The first invoice of a subscription is not tried again by itself: whoever made it does.
        if invoice["billing_reason"] != "subscription_create" {
            let place = usize::try_from(attempts - 1).unwrap_or(usize::MAX);
            next = RETRY_DAYS.get(place).map(|days| now + days * DAY);
        }
        invoice["attempt_count"] = json!(attempts);
        invoice["attempted"] = json!(true);
        invoice["next_payment_attempt"] = json!(next);
        invoice["last_payment_error"] = json!({"code": decline.code, "decline_code": decline.reason});
    });
    turn.emit("invoice.payment_failed", &invoice, None);
    if decline.code == "authentication_required" {
        turn.emit("invoice.payment_action_required", &invoice, None);
    }
    let subscription = text(&invoice, "_subscription").to_owned();
    let status = turn.state.get("subscription", &subscription).map(|it| text(it, "status").to_owned());
    match (invoice["billing_reason"].as_str(), next, status.as_deref()) {
        (Some("subscription_create"), _, _) => {
            turn.state.call_off(|task| *task == Task::Expire(subscription.clone()));
            turn.state.plan(now + INCOMPLETE_SECONDS, clock, Task::Expire(subscription));
        }
        (_, Some(at), Some("active" | "past_due" | "trialing")) => {
            turn.state.plan(at, clock, Task::Retry(id.to_owned()));
            turn.update(&subscription, "customer.subscription.updated", |it| it["status"] = json!("past_due"));
        }
        // After the last attempt the subscription ends; the invoice stays open.
        (_, None, Some("active" | "past_due")) => crate::life::end(turn, &subscription, "payment_failed"),
        _ => {}
    }
}

/// A draft or an open invoice is void, or given up.
pub(crate) fn close(turn: &mut Turn<'_>, id: &str, status: &str) -> Value {
    let now = turn.now;
    turn.state.call_off(|task| matches!(task, Task::Retry(it) | Task::Finalize(it) if it == id));
    let at = if status == "void" { "voided_at" } else { "marked_uncollectible_at" };
    let closed = turn.set(id, |invoice| {
        invoice["status"] = json!(status);
        invoice["auto_advance"] = json!(false);
        invoice["next_payment_attempt"] = Value::Null;
        invoice["status_transitions"][at] = json!(now);
    });
    let event = if status == "void" { "invoice.voided" } else { "invoice.marked_uncollectible" };
    turn.emit(event, &closed, None);
    closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_half_away_from_zero_both_ways() {
        assert_eq!(
            [share(9_900, 15, 30), share(-9_900, 15, 30), share(5, 1, 2), share(-5, 1, 2)],
            [4_950, -4_950, 3, -3]
        );
        assert_eq!(share(1, 0, 0), 0);
    }
}
