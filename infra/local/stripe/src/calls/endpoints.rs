//! `/v1/webhook_endpoints`, `/v1/events` and `/v1/account`.

use serde_json::{Value, json};

use super::{Request, Route, deleted, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, may_clear, need};
use crate::state::text;
use crate::turn::{ACCOUNT, Turn, copy, metadata};

const CREATE: &[Field] = &[
    need("url", Kind::Text),
    need("enabled_events", Kind::Texts),
    may("api_version", Kind::Text),
    may_clear("description", Kind::Text),
    may("metadata", Kind::Metadata),
];
const UPDATE: &[Field] = &[
    may("url", Kind::Text),
    may("enabled_events", Kind::Texts),
    may_clear("description", Kind::Text),
    may("disabled", Kind::Bool),
    may("metadata", Kind::Metadata),
];
const LIST_EVENTS: &[Field] = &[
    may("created", Kind::Range),
    may("delivery_success", Kind::Bool),
    may("type", Kind::Text),
    may("types", Kind::Texts),
];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/webhook_endpoints", CREATE, create),
    list("/v1/webhook_endpoints", &[], all),
    route("GET", "/v1/webhook_endpoints/{id}", &[], read),
    route("POST", "/v1/webhook_endpoints/{id}", UPDATE, update),
    route("DELETE", "/v1/webhook_endpoints/{id}", &[], delete),
    list("/v1/events", LIST_EVENTS, events),
    route("GET", "/v1/events/{id}", &[], event),
    route("GET", "/v1/account", &[], account),
];

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let address = request.text("url").unwrap_or_default();
    if !address.starts_with("http://") && !address.starts_with("https://") {
        return Err(Refusal::parameter(
            "url_invalid",
            "url",
            "Invalid URL: An explicit scheme (such as https) must be provided.",
        ));
    }
    let secret = turn.state.mint("whsec", 32);
    Ok(endpoint(turn, request, &secret))
}

/// An endpoint with a secret; only this answer shows it.
pub(crate) fn endpoint(turn: &mut Turn<'_>, request: &Request, secret: &str) -> Value {
    let fields = json!({
        "api_version": request.get("api_version"), "application": null, "description": request.get("description"),
        "enabled_events": request.get("enabled_events"), "metadata": metadata(&Value::Null, request.params.get("metadata")),
        "status": "enabled", "url": request.get("url"), "_secret": secret,
    });
    let mut made = turn.create_silently("webhook_endpoint", ("we_1", 23), fields);
    made["secret"] = json!(secret);
    made
}

fn all(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "webhook_endpoint", |_| true)
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("webhook_endpoint", request.id(), "id").cloned()
}

fn update(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("webhook_endpoint", request.id(), "id")?;
    Ok(turn.set(request.id(), |endpoint| {
        copy(endpoint, &request.params, &["url", "enabled_events", "description"]);
        endpoint["metadata"] = metadata(&endpoint["metadata"], request.params.get("metadata"));
        if request.has("disabled") {
            endpoint["status"] = json!(if request.is("disabled") { "disabled" } else { "enabled" });
        }
    }))
}

fn delete(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let found = turn.state.find("webhook_endpoint", request.id(), "id")?.clone();
    turn.state.objects.remove(request.id());
    turn.state.deliveries.retain(|delivery| delivery.endpoint != text(&found, "id"));
    Ok(deleted(&found))
}

/// The newest of thirty days: of the wall, also those that a test clock dates otherwise.
fn events(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    if request.has("type") && request.has("types") {
        return Err(Refusal::bad("types", "You may only specify one of these parameters: type, types."));
    }
    let wanted: Vec<&str> = match (request.text("type"), request.get("types").as_array()) {
        (Some(one), _) => vec![one],
        (None, Some(several)) => several.iter().filter_map(Value::as_str).collect(),
        (None, None) => vec!["*"],
    };
    let is_wanted = |kind: &str| {
        wanted.iter().any(|name| match name.strip_suffix('*') {
            Some(prefix) => kind.starts_with(prefix),
            None => kind == *name,
        })
    };
    let delivered = request.params.get("delivery_success").and_then(Value::as_bool);
    let oldest = turn.wall - 30 * 86_400;
    page(turn, request, "event", |event| {
        is_wanted(text(event, "type"))
            && event["_told"].as_i64().is_some_and(|at| at >= oldest)
            && delivered.is_none_or(|wanted| wanted == (event["pending_webhooks"] == 0))
    })
}

fn event(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("event", request.id(), "id").cloned()
}

fn account(_: &mut Turn<'_>, _: &Request) -> Result<Value, Refusal> {
    Ok(json!({
        "id": ACCOUNT, "object": "account", "business_profile": {"name": "Stand-in"}, "charges_enabled": true,
        "country": "US", "default_currency": "usd", "details_submitted": true, "payouts_enabled": true, "type": "standard",
    }))
}
