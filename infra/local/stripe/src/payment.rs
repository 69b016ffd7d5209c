//! What moves money: payment intents, charges, and the invoice payments that name them (since basil).

use serde_json::{Value, json};

use crate::refusal::Decline;
use crate::state::{number, text};
use crate::turn::Turn;

/// A charge for an invoice, on the invoice's own payment intent; the intent's id.
pub(crate) fn charge(turn: &mut Turn<'_>, invoice: &Value, card: Option<&Value>, refused: Option<Decline>) -> String {
    let intent = intent_of(turn, invoice);
    let error = refused.map(|decline| {
        json!({"code": decline.code, "decline_code": decline.reason, "message": decline.message, "type": "card_error"})
    });
    if let Some(card) = card {
        let status = if refused.is_some() { "failed" } else { "succeeded" };
        let amount = number(invoice, "amount_due");
        let charge = turn.create_silently(
            "charge",
            ("ch_3", 23),
            json!({
                "amount": amount, "amount_captured": if refused.is_some() { 0 } else { amount }, "amount_refunded": 0,
                "balance_transaction": null, "billing_details": card["billing_details"], "captured": refused.is_none(),
                "currency": invoice["currency"], "customer": invoice["customer"], "description": null, "disputed": false,
                "failure_code": refused.map(|decline| decline.code), "failure_message": refused.map(|decline| decline.message),
                "metadata": {}, "outcome": {"type": if refused.is_some() { "issuer_declined" } else { "authorized" }},
                "paid": refused.is_none(), "payment_intent": intent, "payment_method": card["id"],
                "payment_method_details": {"type": "card", "card": {"brand": card["card"]["brand"],
                    "last4": card["card"]["last4"], "fingerprint": card["card"]["fingerprint"]}},
                "receipt_email": null, "refunded": false, "status": status,
            }),
        );
        turn.emit(&format!("charge.{status}"), &charge, None);
        turn.set(&intent, |intent| intent["latest_charge"] = charge["id"].clone());
    }
    let changed = turn.set(&intent, |intent| {
        intent["payment_method"] = card.map_or(Value::Null, |card| card["id"].clone());
        intent["last_payment_error"] = json!(error);
        intent["status"] = json!(match refused {
            None => "succeeded",
            Some(decline) if decline.code == "authentication_required" => "requires_action",
            Some(_) => "requires_payment_method",
        });
        intent["amount_received"] = if refused.is_none() { intent["amount"].clone() } else { json!(0) };
    });
    let event = if refused.is_none() { "payment_intent.succeeded" } else { "payment_intent.payment_failed" };
    turn.emit(event, &changed, None);
    intent
}

/// The intent that an invoice is paid by: one, however often it is tried.
fn intent_of(turn: &mut Turn<'_>, invoice: &Value) -> String {
    let of_it = turn.state.list("invoice_payment").into_iter().find(|kept| kept.object["invoice"] == invoice["id"]);
    if let Some(known) = of_it {
        return text(&known.object["payment"], "payment_intent").to_owned();
    }
    let amount = number(invoice, "amount_due");
    let intent = turn.create(
        "payment_intent",
        ("pi_3", 23),
        json!({
            "amount": amount, "amount_capturable": 0, "amount_received": 0, "canceled_at": null, "capture_method": "automatic",
            "client_secret": null, "confirmation_method": "automatic", "currency": invoice["currency"],
            "customer": invoice["customer"], "description": "Subscription", "last_payment_error": null,
            "latest_charge": null, "metadata": {}, "next_action": null, "payment_method": null,
            "payment_method_types": ["card"], "receipt_email": null, "setup_future_usage": "off_session",
            "status": "requires_payment_method",
        }),
    );
    let id = text(&intent, "id").to_owned();
    turn.set(&id, |intent| intent["client_secret"] = json!(format!("{id}_secret_standin")));
    turn.create_silently(
        "invoice_payment",
        ("inpay_1", 23),
        json!({
            "amount_paid": null, "amount_requested": amount, "currency": invoice["currency"], "invoice": invoice["id"],
            "is_default": true, "payment": {"payment_intent": id, "type": "payment_intent"}, "status": "open",
            "status_transitions": {"canceled_at": null, "paid_at": null},
        }),
    );
    id
}

/// The payment of a paid invoice says so: `invoice_payment.paid` is the one event that names invoice and intent.
pub(crate) fn settle(turn: &mut Turn<'_>, invoice: &Value, intent: &str) {
    let found = turn
        .state
        .list("invoice_payment")
        .into_iter()
        .find(|kept| kept.object["payment"]["payment_intent"] == intent)
        .map(|kept| text(&kept.object, "id").to_owned());
    let Some(id) = found else { return };
    let now = turn.now;
    let settled = turn.set(&id, |payment| {
        payment["amount_paid"] = invoice["amount_paid"].clone();
        payment["status"] = json!("paid");
        payment["status_transitions"]["paid_at"] = json!(now);
    });
    turn.emit("invoice_payment.paid", &settled, None);
}
