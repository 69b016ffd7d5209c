//! Standard Webhooks, carrying facts in our own words.

use domain::digest::Digest;
use domain::provider::Provider;
use domain::time::Timestamp;

use super::{Message, Sends};
use crate::envelope::{Envelope, Malformed, day_of, hash, is_plain, malformed, object_of, plain_text};
use crate::signature::standard::Headers;
use crate::signature::{self, SignatureRefused, SigningSecrets};

const ID: &str = "webhook-id";
const CHARS_MAX: usize = 128;
/// How far ahead of our clock a fact may be dated.
const AHEAD_S: i64 = 24 * 60 * 60;

/// Anybody who signs by Standard Webhooks.
pub(super) struct Standard;

impl Sends for Standard {
    fn provider(&self) -> Provider {
        Provider::Standard
    }

    fn verify(&self, message: &Message<'_>, secrets: &SigningSecrets) -> Result<(), SignatureRefused> {
        let headers = Headers {
            id: message.header(ID),
            timestamp: message.header("webhook-timestamp"),
            signature: message.header("webhook-signature"),
        };
        signature::standard::verify(headers, message.body, secrets, message.at.as_second())
    }

    fn envelope(&self, message: &Message<'_>) -> Result<Envelope, Malformed> {
        let event = object_of(message.body)?;
        let kind = plain_text(&event, "type", CHARS_MAX).ok_or(malformed("/type", "a type expected"))?;
        let id = message.header(ID).unwrap_or_default();
        // An id that no key can hold is known by its digest.
        let is_key = is_plain(id) && id.len() <= CHARS_MAX;
        let id = if is_key { id.to_owned() } else { Digest::of_bytes(id.as_bytes()).to_hex() };
        // The time of the header is that of the attempt: the day must be one that does not change with another attempt.
        let instant = |pointer: &str| event.pointer(pointer)?.as_str()?.parse::<Timestamp>().ok();
        let at = instant("/occurred_at").or_else(|| instant("/data/occurred_at")).or_else(|| instant("/timestamp"));
        // ING-18: what happens in days to come has not happened. Clocks differ, and zones are mistaken: by a day at most.
        if at.is_some_and(|at| at.as_second() > message.at.as_second().saturating_add(AHEAD_S)) {
            return Err(malformed("/occurred_at", "an instant at most a day ahead expected"));
        }
        let day = day_of(at.unwrap_or(message.at)).ok_or(malformed("/occurred_at", "an instant expected"))?;
        Ok(Envelope { id, kind: kind.to_owned(), day, hash: hash(kind, &event), store: None })
    }
}
