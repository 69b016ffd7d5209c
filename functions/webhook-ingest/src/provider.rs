//! What differs between those who send webhooks: how they sign, and what of an event is read before it is stored.

mod lemon_squeezy;
mod standard;
mod stripe;

use domain::provider::Provider;
use domain::time::Timestamp;
use http::HeaderMap;

use crate::envelope::{Envelope, Malformed};
use crate::signature::{SignatureRefused, SigningSecrets};

/// A message as it came.
pub struct Message<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its raw body.
    pub body: &'a [u8],
    /// When it came.
    pub at: Timestamp,
}

impl<'a> Message<'a> {
    /// A header as text. What is no text is there, and empty: it is refused as malformed, not as missing.
    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or_default())
    }
}

/// One who sends webhooks.
pub trait Sends: Send + Sync {
    /// Who.
    fn provider(&self) -> Provider;

    /// Has one of the secrets signed it, near to now?
    ///
    /// # Errors
    /// The reason of the refusal.
    fn verify(&self, message: &Message<'_>, secrets: &SigningSecrets) -> Result<(), SignatureRefused>;

    /// Who the event is, of which day, of which type. All else is the recorder's.
    ///
    /// # Errors
    /// It is no event; the field is named.
    fn envelope(&self, message: &Message<'_>) -> Result<Envelope, Malformed>;
}

/// The one who sends as this provider; none for one that sends no webhooks.
#[must_use]
pub fn sender(provider: Provider) -> Option<&'static dyn Sends> {
    match provider {
        Provider::Stripe => Some(&stripe::Stripe),
        Provider::LemonSqueezy => Some(&lemon_squeezy::LemonSqueezy),
        Provider::Standard => Some(&standard::Standard),
        Provider::Track => None,
    }
}
