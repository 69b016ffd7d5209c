//! `/v1/payment_intents`, `/v1/charges` and `/v1/refunds`.

use serde_json::{Value, json};

use super::{Request, Route, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may};
use crate::state::{number, text};
use crate::turn::{Turn, metadata};

const LIST_INTENTS: &[Field] = &[may("created", Kind::Range), may("customer", Kind::Text)];
const LIST_CHARGES: &[Field] =
    &[may("created", Kind::Range), may("customer", Kind::Text), may("payment_intent", Kind::Text)];
const REFUND: &[Field] = &[
    may("amount", Kind::Int),
    may("charge", Kind::Text),
    may("metadata", Kind::Metadata),
    may("payment_intent", Kind::Text),
    may("reason", Kind::Choice(&["duplicate", "fraudulent", "requested_by_customer"])),
];
const LIST_REFUNDS: &[Field] =
    &[may("charge", Kind::Text), may("created", Kind::Range), may("payment_intent", Kind::Text)];

pub(crate) const ROUTES: &[Route] = &[
    list("/v1/payment_intents", LIST_INTENTS, intents),
    route("GET", "/v1/payment_intents/{id}", &[], intent),
    list("/v1/charges", LIST_CHARGES, charges),
    route("GET", "/v1/charges/{id}", &[], charge),
    route("POST", "/v1/refunds", REFUND, refund),
    list("/v1/refunds", LIST_REFUNDS, refunds),
    route("GET", "/v1/refunds/{id}", &[], read_refund),
];

fn intents(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "payment_intent", |intent| fits(request, "customer", &intent["customer"]))
}

fn intent(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("payment_intent", request.id(), "id").cloned()
}

fn charges(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "charge", |charge| {
        ["customer", "payment_intent"].iter().all(|name| fits(request, name, &charge[*name]))
    })
}

fn charge(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("charge", request.id(), "id").cloned()
}

fn refund(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let charge = match (request.text("charge"), request.text("payment_intent")) {
        (Some(id), None) => turn.state.find("charge", id, "charge")?.clone(),
        (None, Some(id)) => {
            let intent = turn.state.find("payment_intent", id, "payment_intent")?;
            let latest = text(intent, "latest_charge");
            let missing = || {
                Refusal::bad(
                    "payment_intent",
                    format!("This PaymentIntent ({id}) does not have a successful charge to refund."),
                )
            };
            turn.state.get("charge", latest).cloned().ok_or_else(missing)?
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::bad(
                "charge",
                "You may only specify one of these parameters: charge, payment_intent.",
            ));
        }
        (None, None) => return Err(Refusal::missing("charge")),
    };
    let (all, before) = (number(&charge, "amount_captured"), number(&charge, "amount_refunded"));
    let left = all - before;
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", text(&charge, "id"));
        return Err(Refusal::invalid(message).code("charge_already_refunded"));
    }
    let amount = request.int("amount").unwrap_or(left);
    if amount <= 0 || amount > left {
        let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(Refusal::bad("amount", message));
    }
    let made = turn.create(
        "refund",
        ("re_3", 23),
        json!({
            "amount": amount, "balance_transaction": null, "charge": charge["id"], "currency": charge["currency"],
            "destination_details": {"type": "card"}, "metadata": metadata(&Value::Null, request.params.get("metadata")),
            "payment_intent": charge["payment_intent"], "reason": request.get("reason"), "receipt_number": null,
            "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
        }),
    );
    turn.update(text(&charge, "id"), "charge.refunded", |charge| {
        charge["amount_refunded"] = json!(before + amount);
        charge["refunded"] = json!(before + amount == all);
    });
    Ok(made)
}

fn refunds(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "refund", |refund| {
        ["charge", "payment_intent"].iter().all(|name| fits(request, name, &refund[*name]))
    })
}

fn read_refund(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("refund", request.id(), "id").cloned()
}
