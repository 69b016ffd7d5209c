//! Lemon Squeezy's orders, subscriptions and their invoices, as its API lists them, put into the bodies of its webhooks.
//! It tries a webhook four times in all and then drops it, so this is how what was dropped comes in.

use domain::time::Timestamp;
use indicatif::ProgressBar;
use ring::hmac;
use serde_json::{Value, json};

use super::{Found, Kept, Office, PAGES_MAX, amounts_of};
use crate::Error;

const PAGE: usize = 100;
/// What changed since then, of what was made so many days before at the earliest: subscriptions first, because they tell
/// which order an invoice belongs to.
pub(super) async fn pull(
    office: &Office,
    since: Timestamp,
    look_back_days: u16,
    line: &ProgressBar,
) -> Result<Vec<Found>, Error> {
    let oldest = Timestamp::from_second(since.as_second().saturating_sub(i64::from(look_back_days) * 86_400))?;
    let span = Span { oldest, since };
    let mut found = Vec::new();
    for (kind, name) in [
        ("subscriptions", subscription_event as fn(&Value) -> Option<&'static str>),
        ("orders", order_event),
        ("subscription-invoices", invoice_event),
    ] {
        for store in stores_of(office) {
            for object in list(office, kind, store, &span).await? {
                if let Some(name) = name(&object["attributes"]) {
                    found.push(read(name, &object));
                }
            }
            line.set_message(format!("{} events, {kind} last", found.len()));
        }
    }
    Ok(found)
}

/// Which objects are pulled: made after the one, changed after the other.
struct Span {
    oldest: Timestamp,
    since: Timestamp,
}

/// Each store whose events come through the door; `None` for all that the key sees.
fn stores_of(office: &Office) -> Vec<Option<&str>> {
    if office.stores.is_empty() {
        return vec![None];
    }
    office.stores.iter().map(|store| Some(store.as_str())).collect()
}

/// The objects of a kind and store that changed. The API lists the newest first.
async fn list(office: &Office, kind: &str, store: Option<&str>, span: &Span) -> Result<Vec<Value>, Error> {
    let of_store = store.map(|store| format!("&filter[store_id]={store}")).unwrap_or_default();
    let mut objects = Vec::new();
    for page in 1..=PAGES_MAX {
        let url = format!("{}/v1/{kind}?page[number]={page}&page[size]={PAGE}&sort=-createdAt{of_store}", office.api);
        let answer = office.get(&url).await?;
        let listed = answer["data"].as_array().cloned().unwrap_or_default();
        let instant = |object: &Value, name: &str| object["attributes"][name].as_str()?.parse::<Timestamp>().ok();
        let is_past = listed.iter().any(|object| instant(object, "created_at").is_some_and(|at| at < span.oldest));
        let is_end = listed.len() < PAGE;
        let changed = |object: &Value| instant(object, "updated_at").is_none_or(|at| at >= span.since);
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
        "pending" | "failed" | "fraudulent" if !has_gone_back(attributes) => None,
        // What went back is told whatever the order is called by then; a word that nobody knows is a person's.
        _ => Some("order_refunded"),
    }
}

fn has_gone_back(attributes: &Value) -> bool {
    attributes["refunded"] == true || attributes["refunded_amount"].as_i64().is_some_and(|amount| amount > 0)
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
    // What states no payment (a subscription, what went back of an order that was fraudulent, a word that nobody knows): whether
    // it is known only its telling again can say, and that changes nothing.
    let kept = if amounts_of(&facts).is_some() { Kept::LedgerTells } else { Kept::No };
    Found { body: event.to_string(), headers: vec![("x-event-name", name.to_owned())], facts, kept }
}

/// The `X-Signature` header of a body.
#[must_use]
pub(super) fn signature(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_back_of_an_order_is_pulled_whatever_the_order_is_called() {
        let order = |status: &str, back: Value| json!({"status": status, "refunded_amount": back});
        for (attributes, expected) in [
            (order("paid", json!(0)), Some("order_created")),
            (order("refunded", json!(9_900)), Some("order_refunded")),
            (order("partial_refund", json!(100)), Some("order_refunded")),
            (order("fraudulent", json!(9_900)), Some("order_refunded")),
            (json!({"status": "fraudulent", "refunded": true}), Some("order_refunded")),
            (order("fraudulent", json!(0)), None),
            (order("failed", Value::Null), None),
            (order("pending", json!(0)), None),
            (order("charged_back", json!(0)), Some("order_refunded")),
        ] {
            assert_eq!(order_event(&attributes), expected, "{attributes}");
        }
        // It tells no payment to compare: it is sent in each time, and changes nothing where it is known.
        let attributes = json!({
            "status": "fraudulent", "currency": "USD", "total": 9_900, "refunded_amount": 9_900,
            "refunded_at": "2026-11-03T08:00:00Z",
        });
        let found = read("order_refunded", &json!({"type": "orders", "id": "1", "attributes": attributes}));
        assert_eq!((found.facts.len(), found.kept), (1, Kept::No));
    }
}
