//! `/v1/customers`.

use serde_json::{Value, json};

use super::{Request, Route, cards, deleted, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, may_clear};
use crate::state::text;
use crate::turn::{Turn, copy, metadata};

pub(crate) const ADDRESS: &[Field] = &[
    may_clear("city", Kind::Text),
    may_clear("country", Kind::Text),
    may_clear("line1", Kind::Text),
    may_clear("line2", Kind::Text),
    may_clear("postal_code", Kind::Text),
    may_clear("state", Kind::Text),
];
const INVOICE_SETTINGS: &[Field] = &[may_clear("default_payment_method", Kind::Text), may_clear("footer", Kind::Text)];
const TAX: &[Field] = &[
    may_clear("ip_address", Kind::Text),
    may("validate_location", Kind::Choice(&["deferred", "immediately", "auto"])),
];
const SHIPPING: &[Field] = &[may("name", Kind::Text), may("phone", Kind::Text), may("address", Kind::Hash(ADDRESS))];

const CREATE: &[Field] = &[
    may_clear("address", Kind::Hash(ADDRESS)),
    may_clear("description", Kind::Text),
    may_clear("email", Kind::Text),
    may("invoice_settings", Kind::Hash(INVOICE_SETTINGS)),
    may("metadata", Kind::Metadata),
    may_clear("name", Kind::Text),
    may("payment_method", Kind::Text),
    may_clear("phone", Kind::Text),
    may("preferred_locales", Kind::Texts),
    may_clear("shipping", Kind::Hash(SHIPPING)),
    may("tax", Kind::Hash(TAX)),
    may_clear("tax_exempt", Kind::Choice(&["none", "exempt", "reverse"])),
    may("test_clock", Kind::Text),
];
const UPDATE: &[Field] = &[
    may_clear("address", Kind::Hash(ADDRESS)),
    may_clear("description", Kind::Text),
    may_clear("email", Kind::Text),
    may("invoice_settings", Kind::Hash(INVOICE_SETTINGS)),
    may("metadata", Kind::Metadata),
    may_clear("name", Kind::Text),
    may_clear("phone", Kind::Text),
    may("preferred_locales", Kind::Texts),
    may_clear("shipping", Kind::Hash(SHIPPING)),
    may("tax", Kind::Hash(TAX)),
    may_clear("tax_exempt", Kind::Choice(&["none", "exempt", "reverse"])),
];
const LIST: &[Field] = &[may("created", Kind::Range), may("email", Kind::Text), may("test_clock", Kind::Text)];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/customers", CREATE, create),
    list("/v1/customers", LIST, all),
    route("GET", "/v1/customers/{id}", &[], read),
    route("POST", "/v1/customers/{id}", UPDATE, update),
    route("DELETE", "/v1/customers/{id}", &[], delete),
    list("/v1/customers/{id}/payment_methods", &[may("type", Kind::Choice(&["card"]))], cards::of_customer),
];

const PLAIN: [&str; 6] = ["description", "email", "name", "phone", "preferred_locales", "shipping"];

/// Stripe takes any text with one `@` between two others.
fn check(request: &Request) -> Result<(), Refusal> {
    let Some(email) = request.text("email") else { return Ok(()) };
    let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if is_address && !email.contains(' ') && email.chars().count() <= 512 {
        return Ok(());
    }
    Err(Refusal::parameter("email_invalid", "email", format!("Invalid email address: {email}")))
}

fn put(customer: &mut Value, request: &Request) {
    copy(customer, &request.params, &PLAIN);
    if let Some(address) = request.params.get("address") {
        let mut full =
            json!({"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null});
        copy(&mut full, address, &["city", "country", "line1", "line2", "postal_code", "state"]);
        customer["address"] = if address.is_null() { Value::Null } else { full };
    }
    if let Some(exempt) = request.params.get("tax_exempt") {
        customer["tax_exempt"] = if exempt.is_null() { json!("none") } else { exempt.clone() };
    }
    copy(&mut customer["invoice_settings"], request.get("invoice_settings"), &["default_payment_method", "footer"]);
    customer["metadata"] = metadata(&customer["metadata"], request.params.get("metadata"));
}

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    check(request)?;
    if let Some(clock) = request.text("test_clock") {
        turn.state.find("test_helpers.test_clock", clock, "test_clock")?;
        let _ = turn.by_clock_of(&json!({"test_clock": clock}));
    }
    let card = match request.text("payment_method") {
        Some(id) => Some(cards::attachable(turn, id, None)?),
        None => None,
    };
    if let Some(wanted) = request.get("invoice_settings")["default_payment_method"].as_str()
        && request.text("payment_method") != Some(wanted)
    {
        return Err(cards::not_the_customers(wanted));
    }
    let mut fields = json!({
        "address": null, "balance": 0, "currency": null, "default_source": null, "delinquent": false,
        "description": null, "discount": null, "email": null,
        "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null},
        "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null, "preferred_locales": [],
        "shipping": null, "tax_exempt": "none", "test_clock": request.get("test_clock"),
    });
    put(&mut fields, request);
    if let (Some(card), true) = (&card, !fields["invoice_settings"]["default_payment_method"].is_null()) {
        fields["invoice_settings"]["default_payment_method"] = json!(card);
    }
    let prefix = turn.state.mint("", 8).trim_start_matches('_').to_uppercase();
    fields["invoice_prefix"] = json!(prefix);
    let customer = turn.create("customer", ("cus", 14), fields);
    if let Some(card) = card {
        cards::attach_to(turn, &card, text(&customer, "id"));
    }
    Ok(customer)
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "customer", |customer| {
        fits(request, "email", &customer["email"]) && fits(request, "test_clock", &customer["test_clock"])
    })
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let found = turn.state.find("customer", request.id(), "id")?;
    Ok(if found["deleted"] == true { deleted(found) } else { found.clone() })
}

fn update(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    check(request)?;
    let customer = turn.customer(request.id(), "id")?;
    if let Some(wanted) = request.get("invoice_settings")["default_payment_method"].as_str() {
        let card = turn.state.find("payment_method", wanted, "invoice_settings[default_payment_method]")?;
        if card["customer"] != customer["id"] {
            return Err(cards::not_the_customers(wanted));
        }
    }
    Ok(turn.update(request.id(), "customer.updated", |customer| put(customer, request)))
}

/// Deleting a customer cancels what it pays for.
fn delete(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let customer = turn.customer(request.id(), "id")?;
    let subscriptions: Vec<String> = turn
        .state
        .list("subscription")
        .into_iter()
        .filter(|kept| kept.object["customer"] == customer["id"] && kept.object["ended_at"].is_null())
        .map(|kept| text(&kept.object, "id").to_owned())
        .collect();
    for subscription in subscriptions {
        crate::life::end(turn, &subscription, "cancellation_requested");
    }
    turn.emit("customer.deleted", &customer, None);
    let gone = turn.set(request.id(), |customer| customer["deleted"] = json!(true));
    Ok(deleted(&gone))
}
