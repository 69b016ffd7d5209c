//! What admins look after: as yet, what was noticed as possible fraud, what it weighs, and what providers have sent.
//!
//! - Trigger: HTTP, `/v1/risk` and what is below it, `/v1/webhooks/deliveries` and `/v1/webhooks/endpoints`.
//! - Reads: `core`: reviews, the tenant's settings, sales, heads, webhook endpoints; the keys of callers. `ops`: raw events.
//! - Writes: `core`: a decision about a review with the sale's lines and heads, what it stopped and whom it suspends; the
//!   points of signals; each one transaction with its audit entry; marks of partners, and the review of two with one mark. `ops`: answers to idempotency keys.
//! - Sends: `FactReceived` to the queue of facts, for a delivery that is sent in again.
//! - Idempotent by: `Idempotency-Key`, required on every write; below it the review's version and the sale's: a review
//!   that was decided is not decided twice.
//! - On failure: store away 503, and nothing is half-written; the caller sends it again under the same key.

pub mod config;
mod http;

use axum::extract::FromRef;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use queues::{FactReceived, Sender};
use store::Store;

pub use crate::http::{openapi, routes};

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    clock: Clock,
    gate: Gate,
    idempotency: Idempotency,
    facts: Sender<FactReceived>,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, clock: Clock, facts: Sender<FactReceived>) -> Self {
        let gate = Gate::new(store.clone());
        let idempotency = Idempotency::new(store.clone(), clock);
        Self { store, clock, gate, idempotency, facts }
    }
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Self {
        app.gate.clone()
    }
}

impl FromRef<App> for Idempotency {
    fn from_ref(app: &App) -> Self {
        app.idempotency.clone()
    }
}

#[cfg(test)]
mod tests;
