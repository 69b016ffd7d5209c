//! Takes in what is told: verifies, stores the raw event, hands it on. No business logic in the HTTP path.
//!
//! - Trigger: HTTP, POST `/v1/webhooks/…` for Stripe, Lemon Squeezy and whoever signs by Standard Webhooks; POST
//!   `/v1/track/…` for the tenant's own server; POST `/v1/revenue/leads` for its pages.
//! - Reads: `core`, the endpoint of a tenant, its settings and the keys of callers; its secret, and the stage's. All are remembered for
//!   a minute. For a lead its programme and itself; for a tracked sale without tax the rates of its country.
//! - Writes: `ops`, the raw event, packed and sealed, for as many days as the tenant set: one conditional write. `core`: a lead with what
//!   was said of the person, sealed, and the counts of its day, in one transaction; the sources that leads are counted by.
//!   `ops`: how often the key of a page was used within the minute.
//! - Sends: `FactReceived` to the queue of facts, after the write, for the types that revenue-recorder acts on.
//! - Idempotent by: the provider's event id, or one derived where it gives none. A known one is handed on again (stopping
//!   there would lose a sale whose sending had failed); a known one with another body is stored beside the first, and
//!   handed on too.
//! - On failure: bad signature 401, and nothing is kept but a hash in the log; signed but no event 400, kept to be looked
//!   at; an endpoint or store that is not known 404, nothing kept; over 1 MB 413; store, queue or secrets away 503, so
//!   that the provider sends it again.
//!
//! Where what lives: `doors` finds whose an event is, `provider` what differs between senders, `signature` their schemes,
//! `envelope` what is read before it is stored, `take_in` stores and hands on, `mail_host`
//! asks whether a lead's domain takes mail. A new provider: a variant of
//! `domain::provider::Provider`, an implementation of `provider::Sends`, a route, and its translation in revenue-recorder.

pub mod config;
mod doors;
pub mod envelope;
mod http;
pub mod mail_host;
pub mod provider;
pub mod signature;
mod take_in;

use std::sync::Arc;

use axum::extract::FromRef;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::sealing::Sealer;
use mail_host::MailHosts;
use queues::{FactReceived, Sender};
use store::Store;

pub use crate::doors::Doors;
pub use crate::http::{openapi, routes};

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    /// The tables.
    pub store: Store,
    /// The queue of facts.
    pub facts: Sender<FactReceived>,
    /// Seals raw events.
    pub sealer: Sealer,
    /// The time.
    pub clock: Clock,
    /// Whose events come in, and who signs them.
    pub doors: Arc<Doors>,
    /// Who calls the track API, and whose pages leave leads.
    pub gate: Gate,
    /// Who says whether a domain takes mail, where somebody does.
    pub mail_hosts: Option<MailHosts>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Self {
        app.gate.clone()
    }
}

#[cfg(test)]
mod tests;
