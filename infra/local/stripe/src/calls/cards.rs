//! `/v1/payment_methods`: cards, by Stripe's own test numbers, tokens and names.

use serde_json::{Value, json};

use super::{Request, Route, fits, list, page, route};
use crate::refusal::{Decline, Refusal};
use crate::schema::{Field, Kind, may, may_clear, need};
use crate::state::text;
use crate::turn::{Turn, copy, metadata};

const CARD: &[Field] = &[
    may("token", Kind::Text),
    may("number", Kind::Text),
    may("exp_month", Kind::Int),
    may("exp_year", Kind::Int),
    may("cvc", Kind::Text),
];
const BILLING: &[Field] = &[
    may_clear("address", Kind::Hash(super::customers::ADDRESS)),
    may_clear("email", Kind::Text),
    may_clear("name", Kind::Text),
    may_clear("phone", Kind::Text),
];
const CREATE: &[Field] = &[
    need("type", Kind::Choice(&["card"])),
    may("card", Kind::Hash(CARD)),
    may("billing_details", Kind::Hash(BILLING)),
    may("metadata", Kind::Metadata),
];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/payment_methods", CREATE, create),
    list("/v1/payment_methods", &[may("customer", Kind::Text), may("type", Kind::Choice(&["card"]))], all),
    route("GET", "/v1/payment_methods/{id}", &[], read),
    route("POST", "/v1/payment_methods/{id}/attach", &[need("customer", Kind::Text)], attach),
    route("POST", "/v1/payment_methods/{id}/detach", &[], detach),
];

/// How a card behaves: at the attaching, and when it is charged.
struct Behavior {
    /// Its name, token and number.
    names: [&'static str; 3],
    brand: &'static str,
    attaching: Option<Decline>,
    charging: Option<Decline>,
}

const GENERIC: Decline =
    Decline { code: "card_declined", reason: Some("generic_decline"), message: "Your card was declined." };
const INSUFFICIENT: Decline =
    Decline { code: "card_declined", reason: Some("insufficient_funds"), message: "Your card has insufficient funds." };
const EXPIRED: Decline = Decline { code: "expired_card", reason: None, message: "Your card has expired." };
const AUTHENTICATION: Decline = Decline {
    code: "authentication_required",
    reason: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
};

const CARDS: [Behavior; 7] = [
    Behavior {
        names: ["pm_card_visa", "tok_visa", "4242424242424242"],
        brand: "visa",
        attaching: None,
        charging: None,
    },
    Behavior {
        names: ["pm_card_mastercard", "tok_mastercard", "5555555555554444"],
        brand: "mastercard",
        attaching: None,
        charging: None,
    },
    Behavior {
        names: ["pm_card_chargeCustomerFail", "tok_chargeCustomerFail", "4000000000000341"],
        brand: "visa",
        attaching: None,
        charging: Some(GENERIC),
    },
    Behavior {
        names: ["pm_card_visa_chargeDeclined", "tok_visa_chargeDeclined", "4000000000000002"],
        brand: "visa",
        attaching: Some(GENERIC),
        charging: Some(GENERIC),
    },
    Behavior {
        names: [
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "tok_visa_chargeDeclinedInsufficientFunds",
            "4000000000009995",
        ],
        brand: "visa",
        attaching: Some(INSUFFICIENT),
        charging: Some(INSUFFICIENT),
    },
    Behavior {
        names: ["pm_card_chargeDeclinedExpiredCard", "tok_chargeDeclinedExpiredCard", "4000000000000069"],
        brand: "visa",
        attaching: Some(EXPIRED),
        charging: Some(EXPIRED),
    },
    Behavior {
        names: ["pm_card_authenticationRequired", "tok_authenticationRequired", "4000002500003155"],
        brand: "visa",
        attaching: None,
        charging: Some(AUTHENTICATION),
    },
];

fn behavior(name: &str) -> Option<&'static Behavior> {
    // Stripe spells some of its names in two ways.
    let plain = name.replace("pm_card_chargeDeclined", "pm_card_visa_chargeDeclined");
    CARDS.iter().find(|card| card.names.contains(&name) || card.names.contains(&plain.as_str()))
}

/// Why a payment method does not pay, if it does not.
pub(crate) fn decline_of(card: &Value) -> Option<Decline> {
    behavior(text(card, "_number")).and_then(|card| card.charging)
}

fn make(turn: &mut Turn<'_>, card: &'static Behavior, params: &Value) -> Value {
    let number = card.names[2];
    let last_four = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
    let mut billing = json!({"address": {"city": null, "country": null, "line1": null, "line2": null,
        "postal_code": null, "state": null}, "email": null, "name": null, "phone": null, "tax_id": null});
    copy(&mut billing, &params["billing_details"], &["address", "email", "name", "phone"]);
    let given = &params["card"];
    let fields = json!({
        "allow_redisplay": "unspecified", "billing_details": billing,
        "card": {
            "brand": card.brand, "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US", "display_brand": card.brand, "exp_month": given["exp_month"].as_i64().unwrap_or(8),
            "exp_year": given["exp_year"].as_i64().unwrap_or(2034), "fingerprint": format!("StandIn{last_four}"),
            "funding": "credit", "generated_from": null, "last4": last_four, "networks": {"available": [card.brand], "preferred": null},
            "three_d_secure_usage": {"supported": true}, "wallet": null,
        },
        "customer": null, "metadata": metadata(&Value::Null, params.get("metadata")), "type": "card", "_number": number,
    });
    turn.create_silently("payment_method", ("pm_1", 23), fields)
}

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let given = request.get("card");
    if !given.is_object() {
        return Err(Refusal::missing("card"));
    }
    let found = match (given["token"].as_str(), given["number"].as_str()) {
        (Some(token), None) => behavior(token).ok_or_else(|| Refusal::no_such("token", token, "card[token]"))?,
        (None, Some(number)) => {
            let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
            behavior(&number).ok_or_else(|| {
                let message = "Your card number is incorrect.";
                Refusal::parameter("incorrect_number", "number", message).with("type", json!("card_error"))
            })?
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("card", "You may only specify one of card[token] and card[number]."));
        }
        (None, None) => return Err(Refusal::missing("card[number]")),
    };
    Ok(make(turn, found, &request.params))
}

/// A payment method that can become a customer's; one of Stripe's names makes a new one each time.
pub(crate) fn attachable(turn: &mut Turn<'_>, id: &str, customer: Option<&str>) -> Result<String, Refusal> {
    let card = match behavior(id).filter(|_| id.starts_with("pm_")) {
        Some(known) => {
            if let Some(decline) = known.attaching {
                return Err(Refusal::card(&decline));
            }
            make(turn, known, &Value::Null)
        }
        None => turn.state.find("payment_method", id, "payment_method")?.clone(),
    };
    if let Some(decline) = behavior(text(&card, "_number")).and_then(|card| card.attaching) {
        return Err(Refusal::card(&decline));
    }
    match card["customer"].as_str() {
        Some(owner) if Some(owner) != customer => {
            Err(Refusal::invalid("The payment method you provided has already been attached to a customer."))
        }
        _ => Ok(text(&card, "id").to_owned()),
    }
}

/// The payment method becomes a customer's.
pub(crate) fn attach_to(turn: &mut Turn<'_>, card: &str, customer: &str) -> Value {
    if turn.state.get("payment_method", card).is_some_and(|known| known["customer"] == customer) {
        return turn.set(card, |_| {});
    }
    let attached = turn.set(card, |card| card["customer"] = json!(customer));
    turn.emit("payment_method.attached", &attached, None);
    attached
}

/// 400: the payment method is not this customer's.
pub(crate) fn not_the_customers(id: &str) -> Refusal {
    let message = format!(
        "The customer does not have a payment method with the ID {id}. The payment method must be attached to the customer."
    );
    Refusal::parameter("resource_missing", "invoice_settings[default_payment_method]", message)
}

fn attach(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let customer = request.text("customer").unwrap_or_default();
    let customer = text(&turn.customer(customer, "customer")?, "id").to_owned();
    let card = attachable(turn, request.id(), Some(&customer)).map_err(|refusal| {
        let in_path = refusal.error.get("param") == Some(&json!("payment_method"));
        if in_path { Refusal::no_such("PaymentMethod", request.id(), "id") } else { refusal }
    })?;
    Ok(attach_to(turn, &card, &customer))
}

fn detach(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let card = turn.state.find("payment_method", request.id(), "id")?.clone();
    let Some(owner) = card["customer"].as_str().map(str::to_owned) else {
        return Err(Refusal::invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
        ));
    };
    let detached = turn.set(request.id(), |card| card["customer"] = Value::Null);
    turn.emit(
        "payment_method.detached",
        &detached,
        Some([("customer".to_owned(), json!(owner))].into_iter().collect()),
    );
    turn.update(&owner, "customer.updated", |customer| {
        if customer["invoice_settings"]["default_payment_method"] == card["id"] {
            customer["invoice_settings"]["default_payment_method"] = Value::Null;
        }
    });
    Ok(detached)
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("payment_method", request.id(), "id").cloned()
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "payment_method", |card| {
        !card["customer"].is_null() && ["customer", "type"].iter().all(|name| fits(request, name, &card[*name]))
    })
}

/// The payment methods of the customer in the path.
pub(crate) fn of_customer(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("customer", request.id(), "id")?;
    page(turn, request, "payment_method", |card| card["customer"] == request.id())
}
