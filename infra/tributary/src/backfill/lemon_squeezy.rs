//! Lemon Squeezy's orders, subscriptions and their invoices, as its API lists them, put into the bodies of its webhooks.
//! It tries a webhook four times in all and then drops it, so this is how what was dropped comes in.

use domain::time::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::{Found, Office, PAGES_MAX};
use crate::Error;

const PAGE: usize = 100;
/// An older object may have changed since: so many days further back are looked through.
const LOOK_BACK_DAYS: i64 = 45;

/// What changed since then: subscriptions first, because they tell which order an invoice belongs to.
pub(super) async fn pull(office: &Office, since: Timestamp) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for (kind, name) in [
        ("subscriptions", subscription_event as fn(&Value) -> Option<&'static str>),
        ("orders", order_event),
        ("subscription-invoices", invoice_event),
    ] {
        for object in list(office, kind, since).await? {
            if let Some(name) = name(&object["attributes"]) {
                found.push(read(name, &object));
            }
        }
    }
    Ok(found)
}

/// The objects of a kind that changed since then. The API lists the newest first.
async fn list(office: &Office, kind: &str, since: Timestamp) -> Result<Vec<Value>, Error> {
    let oldest = Timestamp::from_second(since.as_second() - LOOK_BACK_DAYS * 86_400)?;
    let mut objects = Vec::new();
    for page in 1..=PAGES_MAX {
        let url = format!("{}/v1/{kind}?page[number]={page}&page[size]={PAGE}&sort=-createdAt", office.api);
        let answer = office.get(&url).await?;
        let listed = answer["data"].as_array().cloned().unwrap_or_default();
        let instant = |object: &Value, name: &str| object["attributes"][name].as_str()?.parse::<Timestamp>().ok();
        let is_past = listed.iter().any(|object| instant(object, "created_at").is_some_and(|at| at < oldest));
        let is_end = listed.len() < PAGE;
        let changed = |object: &Value| instant(object, "updated_at").is_none_or(|at| at >= since);
        objects.extend(listed.into_iter().filter(changed));
        if is_past || is_end {
            return Ok(objects);
        }
    }
    Err("the provider's list does not end".into())
}

fn order_event(attributes: &Value) -> Option<&'static str> {
    match attributes["status"].as_str()? {
        "paid" => Some("order_created"),
        "refunded" | "partial_refund" => Some("order_refunded"),
        _ => None,
    }
}

fn invoice_event(attributes: &Value) -> Option<&'static str> {
    match attributes["status"].as_str()? {
        "paid" => Some("subscription_payment_success"),
        "refunded" | "partial_refund" => Some("subscription_payment_refunded"),
        _ => None,
    }
}

fn subscription_event(attributes: &Value) -> Option<&'static str> {
    attributes["status"].is_string().then_some("subscription_updated")
}

fn read(name: &str, object: &Value) -> Found {
    let event = json!({"meta": {"event_name": name}, "data": object});
    let facts = revenue_recorder::lemon_squeezy::translate(&event).unwrap_or_default();
    // A subscription states no money: whether it is known only its telling again can say, and that changes nothing.
    let is_stored = (name == "subscription_updated").then_some(false);
    Found { body: event.to_string(), headers: vec![("x-event-name", name.to_owned())], facts, is_stored }
}

/// The `X-Signature` header of a body.
#[must_use]
pub(super) fn signature(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, body.as_bytes()))
}
