//! `/v1/checkout/sessions`, for subscriptions: opened here, completed as a buyer would by `/_stand_in`.

use serde_json::{Value, json};

use super::{Request, Route, cards, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::state::{number, text};
use crate::turn::{Turn, metadata};

const ITEM: &[Field] = &[need("price", Kind::Text), may("quantity", Kind::Int)];
const DATA: &[Field] = &[
    may("description", Kind::Text),
    may("metadata", Kind::Metadata),
    may("trial_end", Kind::Second),
    may("trial_period_days", Kind::Int),
];
const CREATE: &[Field] = &[
    need("mode", Kind::Choice(&["subscription"])),
    need("line_items", Kind::List(ITEM)),
    may("allow_promotion_codes", Kind::Bool),
    may("automatic_tax", Kind::Hash(super::subscriptions::AUTOMATIC_TAX)),
    may("cancel_url", Kind::Text),
    may("client_reference_id", Kind::Text),
    may("customer", Kind::Text),
    may("customer_email", Kind::Text),
    may("expires_at", Kind::Second),
    may("metadata", Kind::Metadata),
    may("subscription_data", Kind::Hash(DATA)),
    may("success_url", Kind::Text),
];
const LIST: &[Field] = &[
    may("created", Kind::Range),
    may("customer", Kind::Text),
    may("payment_intent", Kind::Text),
    may("status", Kind::Choice(&["complete", "expired", "open"])),
    may("subscription", Kind::Text),
];
const COMPLETE: &[Field] = &[may("email", Kind::Text), may("payment_method", Kind::Text)];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/checkout/sessions", CREATE, create),
    list("/v1/checkout/sessions", LIST, all),
    route("GET", "/v1/checkout/sessions/{id}", &[], read),
    route("POST", "/v1/checkout/sessions/{id}/expire", &[], expire),
    route("POST", "/_stand_in/checkout/sessions/{id}/complete", COMPLETE, complete),
];

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    if request.has("customer") && request.has("customer_email") {
        return Err(Refusal::bad(
            "customer_email",
            "You may only specify one of these parameters: customer, customer_email.",
        ));
    }
    if let Some(id) = request.text("customer") {
        turn.customer(id, "customer")?;
    }
    if !request.has("success_url") {
        return Err(Refusal::missing("success_url"));
    }
    if request.text("client_reference_id").is_some_and(|id| id.len() > 200) {
        return Err(Refusal::bad("client_reference_id", "Must be at most 200 characters."));
    }
    let mut total = 0_i64;
    let mut currency = Value::Null;
    for (n, item) in request.get("line_items").as_array().into_iter().flatten().enumerate() {
        let price = turn.state.find("price", text(item, "price"), &format!("line_items[{n}][price]"))?;
        total =
            total.saturating_add(number(price, "unit_amount").saturating_mul(item["quantity"].as_i64().unwrap_or(1)));
        currency = price["currency"].clone();
    }
    let id = turn.state.mint("cs_test_a1", 50);
    let fields = json!({
        "id": id, "amount_subtotal": total, "amount_total": total, "automatic_tax": {"enabled": false, "status": null},
        "cancel_url": request.get("cancel_url"), "client_reference_id": request.get("client_reference_id"),
        "currency": currency, "customer": request.get("customer"), "customer_details": null,
        "customer_email": request.get("customer_email"), "expires_at": request.int("expires_at").unwrap_or(turn.now + 86_400),
        "invoice": null, "metadata": metadata(&Value::Null, request.params.get("metadata")), "mode": "subscription",
        "payment_intent": null, "payment_method_types": ["card"], "payment_status": "unpaid", "status": "open",
        "subscription": null, "success_url": request.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": format!("https://checkout.stripe.com/c/pay/{id}"), "_items": request.get("line_items"),
        "_data": request.get("subscription_data"), "_tax": request.get("automatic_tax"),
    });
    Ok(turn.create_silently("checkout.session", ("cs_test_a1", 50), fields))
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "checkout.session", |session| {
        ["customer", "payment_intent", "status", "subscription"].iter().all(|name| fits(request, name, &session[*name]))
    })
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("checkout.session", request.id(), "id").cloned()
}

fn open(turn: &Turn<'_>, id: &str) -> Result<Value, Refusal> {
    let session = turn.state.find("checkout.session", id, "id")?.clone();
    if session["status"] == "open" {
        return Ok(session);
    }
    Err(Refusal::invalid(format!(
        "Only Checkout Sessions with a status in [\"open\"] can be changed. This one is {}.",
        text(&session, "status")
    )))
}

fn expire(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    open(turn, request.id())?;
    let expired = turn.set(request.id(), |session| session["status"] = json!("expired"));
    turn.emit("checkout.session.expired", &expired, None);
    Ok(expired)
}

/// What a buyer does on Stripe's page: gives an address and a card, and subscribes.
fn complete(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let session = open(turn, request.id())?;
    let call = |path: &str, params: Value| -> (String, Request) {
        (path.to_owned(), Request { path: path.to_owned(), ids: Vec::new(), params })
    };
    let email = request.text("email").or(session["customer_email"].as_str()).map(str::to_owned);
    let customer = match session["customer"].as_str() {
        Some(id) => id.to_owned(),
        None => {
            let (path, asked) = call("/v1/customers", json!({"email": email}));
            text(&ask(turn, &path, &asked)?, "id").to_owned()
        }
    };
    let card = request.text("payment_method").unwrap_or("pm_card_visa").to_owned();
    let card = cards::attachable(turn, &card, Some(&customer))?;
    cards::attach_to(turn, &card, &customer);
    let mut params = json!({
        "customer": customer, "items": session["_items"], "default_payment_method": card,
        "payment_behavior": "error_if_incomplete",
    });
    if session["_tax"].is_object() {
        params["automatic_tax"] = session["_tax"].clone();
    }
    crate::turn::merge(&mut params, session["_data"].clone());
    let (path, asked) = call("/v1/subscriptions", params);
    let subscription = ask(turn, &path, &asked)?;
    let found = turn.state.get("customer", &customer).cloned().unwrap_or_default();
    let invoice = turn.state.get("invoice", text(&subscription, "latest_invoice")).cloned().unwrap_or_default();
    let completed = turn.set(request.id(), |session| {
        session["status"] = json!("complete");
        session["payment_status"] = json!(if number(&invoice, "total") == 0 { "no_payment_required" } else { "paid" });
        session["customer"] = json!(customer);
        session["subscription"] = subscription["id"].clone();
        session["invoice"] = subscription["latest_invoice"].clone();
        session["amount_total"] = invoice["total"].clone();
        session["customer_details"] = json!({"address": found["address"], "email": found["email"], "name": found["name"],
            "phone": found["phone"], "tax_exempt": found["tax_exempt"], "tax_ids": []});
    });
    turn.emit("checkout.session.completed", &completed, None);
    Ok(completed)
}

fn ask(turn: &mut Turn<'_>, path: &str, request: &Request) -> Result<Value, Refusal> {
    let Some((row, _)) = super::find("POST", path) else { return Err(Refusal::no_path("POST", path)) };
    (row.call)(turn, request)
}
