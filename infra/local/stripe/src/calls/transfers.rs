//! `/v1/transfers`, `/v1/accounts` and `/v1/balance`: money that goes on to connected accounts.

use serde_json::{Value, json};

use super::{Request, Route, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::state::{listed, number, text};
use crate::turn::{Turn, copy, metadata};

const REQUESTED: &[Field] = &[may("requested", Kind::Bool)];
const CAPABILITIES: &[Field] = &[may("card_payments", Kind::Hash(REQUESTED)), may("transfers", Kind::Hash(REQUESTED))];
const ACCOUNT: &[Field] = &[
    may("business_type", Kind::Choice(&["company", "government_entity", "individual", "non_profit"])),
    may("capabilities", Kind::Hash(CAPABILITIES)),
    may("country", Kind::Text),
    may("email", Kind::Text),
    may("metadata", Kind::Metadata),
    may("type", Kind::Choice(&["custom", "express", "standard"])),
];
const TRANSFER: &[Field] = &[
    need("amount", Kind::Int),
    need("currency", Kind::Currency),
    need("destination", Kind::Text),
    may("description", Kind::Text),
    may("metadata", Kind::Metadata),
    may("source_type", Kind::Choice(&["bank_account", "card", "fpx"])),
    may("transfer_group", Kind::Text),
];
const LIST: &[Field] =
    &[may("created", Kind::Range), may("destination", Kind::Text), may("transfer_group", Kind::Text)];
const REVERSAL: &[Field] = &[may("amount", Kind::Int), may("description", Kind::Text), may("metadata", Kind::Metadata)];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/accounts", ACCOUNT, create_account),
    route("GET", "/v1/accounts/{id}", &[], read_account),
    route("GET", "/v1/balance", &[], balance),
    route("POST", "/v1/transfers", TRANSFER, create),
    list("/v1/transfers", LIST, transfers),
    route("GET", "/v1/transfers/{id}", &[], read),
    route("POST", "/v1/transfers/{id}/reversals", REVERSAL, reverse),
    list("/v1/transfers/{id}/reversals", &[], reversals),
];

/// Whoever asks for the capability has it at once: the stand-in verifies nobody.
fn create_account(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let asked = |name: &str| request.get("capabilities")[name]["requested"] == true;
    let state = |name: &str| if asked(name) { "active" } else { "inactive" };
    let is_active = asked("transfers");
    let country = request.text("country").unwrap_or("US");
    let fields = json!({
        "business_type": request.get("business_type"),
        "capabilities": {"card_payments": state("card_payments"), "transfers": state("transfers")},
        "charges_enabled": is_active, "country": country, "default_currency": "usd", "details_submitted": is_active,
        "email": request.get("email"), "metadata": metadata(&Value::Null, request.params.get("metadata")),
        "payouts_enabled": is_active,
        "requirements": {"currently_due": [], "disabled_reason": null, "past_due": []},
        "type": request.text("type").unwrap_or("express"),
    });
    Ok(turn.create_silently("account", ("acct_1", 15), fields))
}

fn read_account(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("account", request.id(), "id").cloned()
}

/// Without a limit that a test has set there is always enough; a platform that was never asked shows zero dollars.
fn balance(turn: &mut Turn<'_>, _: &Request) -> Result<Value, Refusal> {
    let rows: Vec<Value> = turn
        .state
        .balance
        .iter()
        .map(|(currency, amount)| json!({"amount": amount, "currency": currency, "source_types": {"card": amount}}))
        .collect();
    let rows =
        if rows.is_empty() { vec![json!({"amount": 0, "currency": "usd", "source_types": {"card": 0}})] } else { rows };
    Ok(json!({"object": "balance", "available": rows, "livemode": false, "pending": []}))
}

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let amount = request.int("amount").unwrap_or_default();
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(Refusal::parameter("parameter_invalid_integer", "amount", message));
    }
    let destination = request.text("destination").unwrap_or_default().to_owned();
    let Some(account) = turn.state.get("account", &destination) else {
        let message = format!("No such destination: '{destination}'");
        return Err(Refusal::parameter("resource_missing", "destination", message).run());
    };
    if account["capabilities"]["transfers"] != "active" {
        let message = "Your destination account needs to have at least one of the following capabilities enabled: \
                       transfers, crypto_transfers, legacy_payments";
        return Err(Refusal::invalid(message).code("insufficient_capabilities_for_transfer").run());
    }
    let currency = request.text("currency").unwrap_or_default().to_owned();
    if let Some(available) = turn.state.balance.get_mut(&currency) {
        if *available < amount {
            let message = "You have insufficient available funds in your Stripe account. Try adding funds directly to \
                           your available balance by creating Charges using the 4000000000000077 test card.";
            return Err(Refusal::invalid(message).code("balance_insufficient").run());
        }
        *available -= amount;
    }
    let mut fields = json!({
        "amount": amount, "amount_reversed": 0, "balance_transaction": null, "currency": currency,
        "description": null, "destination": destination, "destination_payment": null,
        "metadata": metadata(&Value::Null, request.params.get("metadata")), "reversed": false,
        "source_transaction": null, "source_type": "card", "transfer_group": null,
    });
    copy(&mut fields, &request.params, &["description", "source_type", "transfer_group"]);
    fields["destination_payment"] = json!(turn.state.mint("py_1", 23));
    fields["balance_transaction"] = json!(turn.state.mint("txn_1", 23));
    fields["reversals"] = listed("/v1/transfers/reversals", Vec::new(), false);
    Ok(turn.create("transfer", ("tr_1", 23), fields))
}

fn transfers(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "transfer", |transfer| {
        ["destination", "transfer_group"].iter().all(|name| fits(request, name, &transfer[*name]))
    })
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("transfer", request.id(), "id").cloned()
}

fn reverse(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let transfer = turn.state.find("transfer", request.id(), "id")?.clone();
    let (all, before) = (number(&transfer, "amount"), number(&transfer, "amount_reversed"));
    let left = all - before;
    if left == 0 {
        let message = format!("Transfer {} is already fully reversed.", text(&transfer, "id"));
        return Err(Refusal::invalid(message));
    }
    let amount = request.int("amount").unwrap_or(left);
    if amount < 1 || amount > left {
        let message = format!("The reversal amount ({amount}) is greater than what is left of the transfer ({left})");
        return Err(Refusal::bad("amount", message));
    }
    let made = turn.create_silently(
        "transfer_reversal",
        ("trr_1", 23),
        json!({
            "amount": amount, "balance_transaction": null, "currency": transfer["currency"],
            "destination_payment_refund": null,
            "metadata": metadata(&Value::Null, request.params.get("metadata")), "source_refund": null,
            "transfer": transfer["id"],
        }),
    );
    let currency = text(&transfer, "currency").to_owned();
    if let Some(available) = turn.state.balance.get_mut(&currency) {
        *available += amount;
    }
    turn.update(text(&transfer, "id"), "transfer.reversed", |transfer| {
        transfer["amount_reversed"] = json!(before + amount);
        transfer["reversed"] = json!(before + amount == all);
    });
    Ok(made)
}

fn reversals(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let id = request.id().to_owned();
    turn.state.find("transfer", &id, "id")?;
    page(turn, request, "transfer_reversal", |reversal| reversal["transfer"] == id.as_str())
}
