//! Takes in what providers tell: verifies, stores the raw event, hands it on. No business logic in the HTTP path.
//!
//! - Trigger: HTTP, POST `/v1/webhooks/stripe`.
//! - Reads: nothing but the stage's secret, when the process begins.
//! - Writes: `ops`, the raw event, packed and sealed, for thirty days: one conditional write.
//! - Sends: `FactReceived` to the queue of facts, after the write, for the types that revenue-recorder acts on.
//! - Idempotent by: the provider's event id. A known one is handed on again (stopping there would lose a sale whose
//!   sending had failed); a known one with another body is stored beside the first, and handed on too.
//! - On failure: bad signature 401, and nothing is kept but a hash in the log; not JSON 400; store or queue away 503,
//!   so that the provider sends it again.

pub mod config;
mod envelope;
mod http;
pub mod signature;

use edge::clock::Clock;
use edge::sealing::Sealer;
use edge::secrets::StageSecret;
use queues::{FactReceived, Sender};
use store::Store;

pub use crate::http::{openapi, routes};
use crate::signature::SigningSecrets;

/// What the routes stand on.
pub struct App {
    /// The tables.
    pub store: Store,
    /// The queue of facts.
    pub facts: Sender<FactReceived>,
    /// Seals raw events.
    pub sealer: Sealer,
    /// The time.
    pub clock: Clock,
    /// Stripe's signing secrets.
    pub stripe: SigningSecrets,
}

/// Stripe's signing secrets in the stage's secret.
#[must_use]
pub fn stripe_secrets(secret: &StageSecret) -> SigningSecrets {
    let both = secret
        .stripe_webhook_secret
        .iter()
        .flat_map(|secret| std::iter::once(&secret.current).chain(secret.previous.as_ref()));
    SigningSecrets::new(both.map(|secret| secret.reveal().as_str()))
}

#[cfg(test)]
mod tests;
