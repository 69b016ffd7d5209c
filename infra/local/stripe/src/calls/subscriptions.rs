//! `/v1/subscriptions`.

mod changes;

use serde_json::{Value, json};

use super::{Request, Route, fits, list, page, route};
use crate::billing::{self, Line};
use crate::life;
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::state::{Task, number, text};
use crate::turn::{Turn, after, metadata};

const ITEM: &[Field] = &[need("price", Kind::Text), may("quantity", Kind::Int), may("metadata", Kind::Metadata)];
pub(crate) const AUTOMATIC_TAX: &[Field] = &[need("enabled", Kind::Bool)];
const END_BEHAVIOR: &[Field] = &[need("missing_payment_method", Kind::Choice(&["cancel", "create_invoice", "pause"]))];
const TRIAL_SETTINGS: &[Field] = &[need("end_behavior", Kind::Hash(END_BEHAVIOR))];
const PAYMENT_SETTINGS: &[Field] = &[
    may("save_default_payment_method", Kind::Choice(&["off", "on_subscription"])),
    may("payment_method_types", Kind::Texts),
];
const BEHAVIORS: &[&str] = &["allow_incomplete", "default_incomplete", "error_if_incomplete"];

const CREATE: &[Field] = &[
    need("customer", Kind::Text),
    need("items", Kind::List(ITEM)),
    may("automatic_tax", Kind::Hash(AUTOMATIC_TAX)),
    may("cancel_at", Kind::Second),
    may("cancel_at_period_end", Kind::Bool),
    may("collection_method", Kind::Choice(&["charge_automatically"])),
    may("currency", Kind::Currency),
    may("default_payment_method", Kind::Text),
    may("description", Kind::Text),
    may("metadata", Kind::Metadata),
    may("off_session", Kind::Bool),
    may("payment_behavior", Kind::Choice(BEHAVIORS)),
    may("payment_settings", Kind::Hash(PAYMENT_SETTINGS)),
    may("proration_behavior", Kind::Choice(changes::PRORATIONS)),
    may("trial_end", Kind::SecondOr("now")),
    may("trial_period_days", Kind::Int),
    may("trial_settings", Kind::Hash(TRIAL_SETTINGS)),
];
const STATUSES: &[&str] = &[
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
];
const LIST: &[Field] = &[
    may("created", Kind::Range),
    may("customer", Kind::Text),
    may("price", Kind::Text),
    may("status", Kind::Choice(STATUSES)),
    may("test_clock", Kind::Text),
];
const DETAILS: &[Field] = &[may("comment", Kind::Text), may("feedback", Kind::Text)];
const CANCEL: &[Field] =
    &[may("cancellation_details", Kind::Hash(DETAILS)), may("invoice_now", Kind::Bool), may("prorate", Kind::Bool)];
const RESUME: &[Field] = &[
    may("billing_cycle_anchor", Kind::Choice(&["now", "unchanged"])),
    may("proration_behavior", Kind::Choice(changes::PRORATIONS)),
];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/subscriptions", CREATE, create),
    list("/v1/subscriptions", LIST, all),
    route("GET", "/v1/subscriptions/{id}", &[], read),
    route("POST", "/v1/subscriptions/{id}", changes::UPDATE, changes::update),
    route("DELETE", "/v1/subscriptions/{id}", CANCEL, cancel),
    route("POST", "/v1/subscriptions/{id}/resume", RESUME, resume),
];

/// An item of a subscription from its parameters.
fn item(turn: &mut Turn<'_>, given: &Value, place: &str) -> Result<Value, Refusal> {
    let price = text(given, "price");
    let price = turn.state.find("price", price, &format!("{place}[price]"))?.clone();
    if price["type"] != "recurring" {
        let message =
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
        return Err(Refusal::bad(&format!("{place}[price]"), message));
    }
    if price["active"] != true {
        let message = "The price specified is inactive. This field only accepts active prices.";
        return Err(Refusal::bad(&format!("{place}[price]"), message));
    }
    let quantity = given["quantity"].as_i64().unwrap_or(1);
    if quantity < 0 {
        return Err(Refusal::parameter(
            "parameter_invalid_integer",
            &format!("{place}[quantity]"),
            "Invalid non-negative integer",
        ));
    }
    let id = turn.state.mint("si", 14);
    Ok(json!({
        "id": id, "object": "subscription_item", "billing_thresholds": null, "created": turn.now,
        "current_period_start": turn.now, "current_period_end": turn.now, "discounts": [],
        "metadata": metadata(&Value::Null, given.get("metadata")), "price": price, "quantity": quantity, "tax_rates": [],
    }))
}

/// All items of one subscription have one currency and one interval.
fn agree(items: &[Value]) -> Result<(), Refusal> {
    let Some(first) = items.first() else { return Err(Refusal::missing("items")) };
    let differs = |name: &str| items.iter().any(|item| item["price"][name] != first["price"][name]);
    let recurring = |item: &Value| {
        let recurring = &item["price"]["recurring"];
        (recurring["interval"].clone(), recurring["interval_count"].clone())
    };
    if differs("currency") {
        return Err(Refusal::bad("items", "All items of a subscription must have the same currency."));
    }
    if items.iter().any(|item| recurring(item) != recurring(first)) {
        let message = "Currently, all prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.";
        return Err(Refusal::bad("items", message));
    }
    Ok(())
}

/// A payment method must be the customer's.
fn own_card(turn: &Turn<'_>, request: &Request, customer: &Value) -> Result<(), Refusal> {
    let Some(card) = request.text("default_payment_method") else { return Ok(()) };
    let found = turn.state.find("payment_method", card, "default_payment_method")?;
    if found["customer"] == customer["id"] {
        return Ok(());
    }
    let message = format!(
        "The customer does not have a payment method with the ID {card}. The payment method must be attached to the customer."
    );
    Err(Refusal::parameter("resource_missing", "default_payment_method", message))
}

fn trial_end(turn: &Turn<'_>, request: &Request, price: &Value) -> Result<Option<i64>, Refusal> {
    if request.has("trial_end") && request.has("trial_period_days") {
        return Err(Refusal::bad(
            "trial_end",
            "You may only specify one of these parameters: trial_end, trial_period_days.",
        ));
    }
    if let Some(at) = request.int("trial_end") {
        if at <= turn.now {
            return Err(Refusal::bad(
                "trial_end",
                "Invalid timestamp: must be an integer Unix timestamp in the future.",
            ));
        }
        return Ok(Some(at));
    }
    let days = request.int("trial_period_days").or_else(|| {
        let is_said = request.has("trial_end");
        price["recurring"]["trial_period_days"].as_i64().filter(|_| !is_said)
    });
    match days {
        None | Some(0) => Ok(None),
        Some(days @ 1..=730) => Ok(Some(turn.now + days * 86_400)),
        Some(_) => Err(Refusal::bad("trial_period_days", "A trial lasts from 1 to 730 days.")),
    }
}

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let customer = turn.customer(request.text("customer").unwrap_or_default(), "customer")?;
    let mut items = Vec::new();
    for (n, given) in request.get("items").as_array().into_iter().flatten().enumerate() {
        items.push(item(turn, given, &format!("items[{n}]"))?);
    }
    agree(&items)?;
    own_card(turn, request, &customer)?;
    let price = items.first().map(|item| item["price"].clone()).unwrap_or_default();
    let trial_end = trial_end(turn, request, &price)?;
    let behavior = request.text("payment_behavior").unwrap_or("allow_incomplete").to_owned();
    let is_taxed = request.get("automatic_tax")["enabled"] == true;
    if is_taxed && customer["address"]["country"].as_str().is_none() {
        let message = "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.";
        return Err(Refusal::parameter("customer_tax_location_invalid", "automatic_tax", message));
    }
    let mut fields = fields_of(turn, request, &customer, &price);
    let is_free = items.iter().all(|item| billing::cost(item) == 0);
    let can_pay = life::has_card(
        turn,
        &json!({"customer": customer["id"], "default_payment_method": fields["default_payment_method"]}),
    );
    if trial_end.is_none() && !is_free && !can_pay && behavior != "default_incomplete" {
        let message = "This customer has no attached payment source or default payment method. Please consider adding a default payment method.";
        return Err(Refusal::invalid(message).code("resource_missing"));
    }
    if behavior == "error_if_incomplete"
        && trial_end.is_none()
        && let Some(decline) = declines(turn, &fields, &customer)
    {
        return Err(Refusal::card(&decline));
    }
    let anchor = trial_end.unwrap_or(turn.now);
    let interval = &price["recurring"];
    let count = number(interval, "interval_count").max(1);
    let end = trial_end.unwrap_or_else(|| after(anchor, (text(interval, "interval"), count), 1));
    fields["billing_cycle_anchor"] = json!(anchor);
    fields["_cycle"] = json!(if trial_end.is_some() { -1 } else { 0 });
    fields["status"] = json!(if trial_end.is_some() { "trialing" } else { "incomplete" });
    fields["trial_start"] = if trial_end.is_some() { json!(turn.now) } else { Value::Null };
    fields["trial_end"] = json!(trial_end);
    let made = begin(turn, fields, items, end);
    first_invoice(turn, &made, &behavior)?;
    let id = text(&made, "id").to_owned();
    turn.state.find("subscription", &id, "id").cloned()
}

/// Would the card decline?
fn declines(turn: &Turn<'_>, fields: &Value, customer: &Value) -> Option<crate::refusal::Decline> {
    let card =
        fields["default_payment_method"].as_str().or(customer["invoice_settings"]["default_payment_method"].as_str())?;
    super::decline_of(turn.state.get("payment_method", card)?)
}

fn fields_of(turn: &Turn<'_>, request: &Request, customer: &Value, price: &Value) -> Value {
    let end_behavior = &request.get("trial_settings")["end_behavior"]["missing_payment_method"];
    let is_taxed = request.get("automatic_tax")["enabled"] == true;
    json!({
        "application": null, "application_fee_percent": null,
        "automatic_tax": {"disabled_reason": null, "enabled": is_taxed, "liability": null},
        "billing_cycle_anchor_config": null, "billing_mode": {"type": "classic"}, "billing_thresholds": null,
        "cancel_at": request.get("cancel_at"), "cancel_at_period_end": request.is("cancel_at_period_end"),
        "canceled_at": if request.is("cancel_at_period_end") || request.has("cancel_at") { json!(turn.now) } else { Value::Null },
        "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": "charge_automatically", "currency": price["currency"], "customer": customer["id"],
        "days_until_due": null, "default_payment_method": request.get("default_payment_method"), "default_source": null,
        "default_tax_rates": [], "description": request.get("description"), "discounts": [], "ended_at": null,
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}}, "latest_invoice": null,
        "metadata": metadata(&Value::Null, request.params.get("metadata")), "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null, "pause_collection": null,
        "payment_settings": {"payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off"},
        "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null, "schedule": null,
        "start_date": turn.now, "test_clock": customer["test_clock"], "transfer_data": null,
        "trial_settings": {"end_behavior": {"missing_payment_method": end_behavior.as_str().unwrap_or("create_invoice")}},
    })
}

/// Keeps a subscription with its items, tells of it, and plans what time will do.
fn begin(turn: &mut Turn<'_>, mut fields: Value, mut items: Vec<Value>, end: i64) -> Value {
    let id = turn.state.mint("sub_1", 23);
    for item in &mut items {
        item["subscription"] = json!(id);
    }
    let url = format!("/v1/subscription_items?subscription={id}");
    fields["items"] =
        json!({"object": "list", "data": items, "has_more": false, "total_count": items.len(), "url": url});
    fields["id"] = json!(id);
    life::set_period(&mut fields, (turn.now, end));
    let made = turn.create_silently("subscription", ("sub_1", 23), fields);
    turn.emit("customer.subscription.created", &made, None);
    let clock = made["test_clock"].as_str().map(str::to_owned);
    if let Some(trial_end) = made["trial_end"].as_i64() {
        turn.state.plan((trial_end - 3 * 86_400).max(turn.now), clock.clone(), Task::TrialWillEnd(id.clone()));
    }
    if let Some(at) = made["cancel_at"].as_i64() {
        turn.state.plan(at, clock.clone(), Task::Cancel(id.clone()));
    }
    turn.state.plan(end, clock, Task::Renew(id));
    made
}

/// The first invoice: of nothing for a trial, else paid at once, unless the payment is left to whoever asked.
fn first_invoice(turn: &mut Turn<'_>, made: &Value, behavior: &str) -> Result<(), Refusal> {
    let lines = billing::lines_of(made, made["status"] == "trialing");
    let invoice = billing::draft(turn, made, "subscription_create", lines);
    let id = text(&invoice, "id").to_owned();
    let is_left = behavior == "default_incomplete" && number(&invoice, "total") > 0;
    if is_left {
        let (now, clock) = (turn.now, made["test_clock"].as_str().map(str::to_owned));
        let open = turn.set(&id, |invoice| {
            invoice["status"] = json!("open");
            invoice["ending_balance"] = json!(0);
            invoice["status_transitions"]["finalized_at"] = json!(now);
        });
        turn.emit("invoice.finalized", &open, None);
        turn.state.plan(now + 23 * 3_600, clock, Task::Expire(text(made, "id").to_owned()));
        return Ok(());
    }
    // A declined first payment leaves the subscription incomplete, as its events have told.
    let _ = billing::finalize(turn, &id);
    Ok(())
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let status = request.text("status").unwrap_or("live").to_owned();
    let price = request.text("price").map(str::to_owned);
    page(turn, request, "subscription", |it| {
        let own = text(it, "status");
        let is_wanted = match status.as_str() {
            "all" => true,
            "live" => !matches!(own, "canceled" | "incomplete_expired"),
            "ended" => matches!(own, "canceled" | "incomplete_expired"),
            wanted => own == wanted,
        };
        let has_price = |price: &String| {
            it["items"]["data"].as_array().into_iter().flatten().any(|item| item["price"]["id"] == **price)
        };
        is_wanted
            && ["customer", "test_clock"].iter().all(|name| fits(request, name, &it[*name]))
            && price.as_ref().is_none_or(has_price)
    })
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("subscription", request.id(), "id").cloned()
}

/// A subscription that still lives; what ended is, for whoever changes it, not there.
fn living(turn: &mut Turn<'_>, id: &str) -> Result<Value, Refusal> {
    let found = turn.state.find("subscription", id, "id")?.clone();
    let customer = turn.state.get("customer", text(&found, "customer")).cloned().unwrap_or_default();
    let _ = turn.by_clock_of(&customer);
    if found["ended_at"].is_null() { Ok(found) } else { Err(Refusal::no_such("subscription", id, "id")) }
}

fn cancel(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let subscription = living(turn, request.id())?;
    if request.is("prorate") && subscription["status"] == "active" {
        for line in changes::unused(&subscription, turn.now) {
            billing::pend(turn, &subscription, &line);
        }
    }
    if request.is("invoice_now") {
        let invoice = billing::draft(turn, &subscription, "subscription_update", Vec::<Line>::new());
        let _ = billing::finalize(turn, text(&invoice, "id"));
    }
    turn.set(request.id(), |it| {
        for name in ["comment", "feedback"] {
            if let Some(given) = request.get("cancellation_details").get(name) {
                it["cancellation_details"][name] = given.clone();
            }
        }
    });
    life::end(turn, request.id(), "cancellation_requested");
    turn.state.find("subscription", request.id(), "id").cloned()
}

/// What was paused because its trial ended without a payment method begins now.
fn resume(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let subscription = living(turn, request.id())?;
    if subscription["status"] != "paused" {
        let message = "This subscription cannot be resumed because it is not paused.";
        return Err(Refusal::invalid(message));
    }
    let (interval, count) = life::interval_of(&subscription);
    let (now, end) = (turn.now, after(turn.now, (&interval, count), 1));
    let clock = subscription["test_clock"].as_str().map(str::to_owned);
    let resumed = turn.update(request.id(), "customer.subscription.updated", |it| {
        it["status"] = json!("active");
        it["billing_cycle_anchor"] = json!(now);
        it["_cycle"] = json!(0);
        life::set_period(it, (now, end));
    });
    turn.emit("customer.subscription.resumed", &resumed, None);
    turn.state.plan(end, clock, Task::Renew(request.id().to_owned()));
    let invoice = billing::draft(turn, &resumed, "subscription_cycle", billing::lines_of(&resumed, false));
    let _ = billing::finalize(turn, text(&invoice, "id"));
    turn.state.find("subscription", request.id(), "id").cloned()
}
