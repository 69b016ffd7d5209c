//! Stripe.

use domain::provider::Provider;
use serde_json::Value;

use super::{Message, Sends};
use crate::envelope::{Envelope, Malformed, day_of_second, hash, malformed, object_of, plain_text};
use crate::signature::{self, SignatureRefused, SigningSecrets};

const SIGNATURE: &str = "stripe-signature";
const CHARS_MAX: usize = 128;

/// Stripe: signs with a time, and names each event.
pub(super) struct Stripe;

impl Sends for Stripe {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn verify(&self, message: &Message<'_>, secrets: &SigningSecrets) -> Result<(), SignatureRefused> {
        signature::stripe::verify(message.header(SIGNATURE), message.body, secrets, message.at.as_second())
    }

    fn envelope(&self, message: &Message<'_>) -> Result<Envelope, Malformed> {
        let event = object_of(message.body)?;
        let id = plain_text(&event, "id", CHARS_MAX).ok_or(malformed("/id", "an event id expected"))?;
        let kind = plain_text(&event, "type", CHARS_MAX).ok_or(malformed("/type", "an event type expected"))?;
        let day = event.get("created").and_then(second_of).and_then(day_of_second);
        Ok(Envelope {
            id: id.to_owned(),
            kind: kind.to_owned(),
            day: day.ok_or(malformed("/created", "Unix seconds expected"))?,
            hash: hash(kind, event.pointer("/data/object").unwrap_or(&Value::Null)),
            // A connected account's events name it; the platform's own name none.
            store: event.get("account").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// Whole seconds, also where they are written `1788220800.0`: to JSON it is the same number.
fn second_of(created: &Value) -> Option<i64> {
    created.as_i64().or_else(|| created.to_string().strip_suffix(".0")?.parse().ok())
}
