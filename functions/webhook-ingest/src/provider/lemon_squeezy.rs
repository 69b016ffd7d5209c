//! Lemon Squeezy.

use std::borrow::Cow;

use domain::digest::Digest;
use domain::provider::Provider;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::{Message, Sends};
use crate::envelope::{Envelope, Malformed, day_of, hash, malformed, object_of, plain_text};
use crate::signature::{self, SignatureRefused, SigningSecrets};

const SIGNATURE: &str = "x-signature";
const EVENT_NAME: &str = "x-event-name";
const CHARS_MAX: usize = 64;
/// How much of the digest is the id of an event.
const ID_CHARS: usize = 32;

/// What an event tells: its object, and what the shop gave its check-out. A list of its API has the object alone, so the
/// webhook behind it is another body under the same id: it is stored beside, and brings the click with it (ING-10).
fn told_of<'a>(meta: &'a Value, data: &'a Value) -> Cow<'a, Value> {
    match meta.get("custom_data").filter(|custom| !custom.is_null()) {
        Some(custom) => Cow::Owned(json!({"custom_data": custom, "data": data})),
        None => Cow::Borrowed(data),
    }
}

/// Lemon Squeezy: signs without a time, and gives its events no ids.
pub(super) struct LemonSqueezy;

impl Sends for LemonSqueezy {
    fn provider(&self) -> Provider {
        Provider::LemonSqueezy
    }

    fn verify(&self, message: &Message<'_>, secrets: &SigningSecrets) -> Result<(), SignatureRefused> {
        signature::lemon_squeezy::verify(message.header(SIGNATURE), message.body, secrets)
    }

    fn envelope(&self, message: &Message<'_>) -> Result<Envelope, Malformed> {
        let event = object_of(message.body)?;
        let meta = event.get("meta").unwrap_or(&Value::Null);
        let kind =
            plain_text(meta, "event_name", CHARS_MAX).ok_or(malformed("/meta/event_name", "an event name expected"))?;
        // The header is not signed: it may repeat what is signed, and say nothing else.
        if message.header(EVENT_NAME).is_some_and(|told| told != kind) {
            return Err(malformed("/meta/event_name", "the X-Event-Name header names another event"));
        }
        let data = event.get("data").filter(|data| data.is_object()).ok_or(malformed("/data", "an object expected"))?;
        let id = plain_text(data, "id", CHARS_MAX).ok_or(malformed("/data/id", "an id expected"))?;
        let object = plain_text(data, "type", CHARS_MAX).ok_or(malformed("/data/type", "a type expected"))?;
        let attributes = data.get("attributes").unwrap_or(&Value::Null);
        let told = |name: &str| attributes.get(name).map(Value::to_string).unwrap_or_default();
        let (updated_at, status, refunded) = (told("updated_at"), told("status"), told("refunded_amount"));
        // ING-10: no id is sent, so it is derived from what tells one event from another.
        let parts = [kind, object, id, &updated_at, &status, &refunded];
        let derived = Digest::of(&parts.map(str::as_bytes)).to_hex();
        let instant = |name: &str| attributes.get(name)?.as_str()?.parse::<Timestamp>().ok();
        let at = instant("updated_at").or_else(|| instant("created_at")).unwrap_or(message.at);
        Ok(Envelope {
            id: format!("ls_{}", derived.get(..ID_CHARS).unwrap_or(&derived)),
            kind: kind.to_owned(),
            day: day_of(at).ok_or(malformed("/data/attributes/updated_at", "an instant expected"))?,
            hash: hash(kind, &told_of(meta, data)),
            store: match attributes.get("store_id") {
                Some(Value::Number(store)) => Some(store.to_string()),
                Some(Value::String(store)) => Some(store.clone()),
                _ => None,
            },
        })
    }
}
