//! `/v1/invoices` and `/v1/invoice_payments`.

use serde_json::{Value, json};

use super::{Request, Route, fits, list, page, route};
use crate::billing;
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::turn::Turn;

const STATUSES: &[&str] = &["draft", "open", "paid", "uncollectible", "void"];
const LIST: &[Field] = &[
    may("created", Kind::Range),
    may("customer", Kind::Text),
    may("status", Kind::Choice(STATUSES)),
    may("subscription", Kind::Text),
];
const PAY: &[Field] = &[may("off_session", Kind::Bool), may("payment_method", Kind::Text)];
const PAYMENT: &[Field] = &[
    need("type", Kind::Choice(&["charge", "payment_intent"])),
    may("payment_intent", Kind::Text),
    may("charge", Kind::Text),
];
const LIST_PAYMENTS: &[Field] = &[
    may("invoice", Kind::Text),
    may("payment", Kind::Hash(PAYMENT)),
    may("status", Kind::Choice(&["canceled", "open", "paid"])),
];

pub(crate) const ROUTES: &[Route] = &[
    list("/v1/invoices", LIST, all),
    route("GET", "/v1/invoices/{id}", &[], read),
    route("POST", "/v1/invoices/{id}/pay", PAY, pay),
    route("POST", "/v1/invoices/{id}/finalize", &[may("auto_advance", Kind::Bool)], finalize),
    route("POST", "/v1/invoices/{id}/void", &[], void),
    route("POST", "/v1/invoices/{id}/mark_uncollectible", &[], give_up),
    list("/v1/invoice_payments", LIST_PAYMENTS, payments),
    route("GET", "/v1/invoice_payments/{id}", &[], payment),
];

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "invoice", |invoice| {
        ["customer", "status"].iter().all(|name| fits(request, name, &invoice[*name]))
            && fits(request, "subscription", &invoice["_subscription"])
    })
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("invoice", request.id(), "id").cloned()
}

/// An invoice in one of these states; the turn goes by its customer's clock.
fn in_state(turn: &mut Turn<'_>, request: &Request, states: &[&str], verb: &str) -> Result<Value, Refusal> {
    let invoice = turn.state.find("invoice", request.id(), "id")?.clone();
    let _ = turn.by_clock_of(&json!({"test_clock": invoice["test_clock"]}));
    let status = invoice["status"].as_str().unwrap_or_default();
    if states.contains(&status) {
        return Ok(invoice);
    }
    if status == "paid" && verb == "paid" {
        return Err(Refusal::invalid("Invoice is already paid").code("invoice_not_editable"));
    }
    Err(Refusal::invalid(format!("This invoice is {status} and can no longer be {verb}.")).code("invoice_not_editable"))
}

fn pay(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let invoice = in_state(turn, request, &["draft", "open", "uncollectible"], "paid")?;
    if let Some(card) = request.text("payment_method") {
        let found = turn.state.find("payment_method", card, "payment_method")?.clone();
        if found["customer"] != invoice["customer"] {
            return Err(Refusal::bad(
                "payment_method",
                "The payment method must be attached to the invoice's customer.",
            ));
        }
        turn.set(invoice["_subscription"].as_str().unwrap_or_default(), |it| {
            it["default_payment_method"] = json!(card)
        });
    }
    let outcome = if invoice["status"] == "draft" {
        billing::finalize(turn, request.id())
    } else {
        turn.set(request.id(), |invoice| invoice["status"] = json!("open"));
        billing::attempt(turn, request.id())
    };
    match outcome {
        Ok(()) => read(turn, request),
        Err(decline) => Err(Refusal::card(&decline)),
    }
}

fn finalize(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    in_state(turn, request, &["draft"], "finalized")?;
    let _ = billing::finalize(turn, request.id());
    read(turn, request)
}

fn void(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    in_state(turn, request, &["open", "uncollectible"], "voided")?;
    Ok(billing::close(turn, request.id(), "void"))
}

fn give_up(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    in_state(turn, request, &["open"], "marked uncollectible")?;
    Ok(billing::close(turn, request.id(), "uncollectible"))
}

fn payments(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let wanted = request.get("payment")["payment_intent"].clone();
    page(turn, request, "invoice_payment", |payment| {
        ["invoice", "status"].iter().all(|name| fits(request, name, &payment[*name]))
            && (wanted.is_null() || payment["payment"]["payment_intent"] == wanted)
    })
}

fn payment(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("invoice_payment", request.id(), "id").cloned()
}
