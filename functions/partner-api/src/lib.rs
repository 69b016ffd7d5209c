//! Programmes, rules, partners and links; and each partner's own figures.
//!
//! - Trigger: HTTP, `/v1/programs`, `/v1/partners`, `/v1/revenue/affiliates` and what is below them.
//! - Reads: `core`: programmes, rules, partners, links; heads, lines and payouts of the partner that asks.
//! - Writes: `core`: programme with its first rule, rule, partner with person and enrolment, link with
//!   its directory entry; each one transaction of conditional writes. `ops`: answers to idempotency keys.
//! - Sends: nothing.
//! - Idempotent by: `Idempotency-Key`, honoured on every write; a link besides by its code.
//! - On failure: store or KMS away 503, and nothing is half-written; the caller sends it again.

pub mod code;
pub mod config;
pub mod destination;
pub mod email;
mod http;
pub mod shown;

use axum::extract::FromRef;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use edge::sealing::Sealer;
use store::Store;

pub use crate::http::{openapi, routes};

/// Where this deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A stage for development: links may lead to this machine by plain http.
    pub is_dev: bool,
    /// The address that links begin with, without a slash at the end.
    pub public_url: String,
}

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    place: Place,
    gate: Gate,
    idempotency: Idempotency,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, clock: Clock, place: Place) -> Self {
        let gate = Gate::new(store.clone());
        let idempotency = Idempotency::new(store.clone(), clock);
        Self { store, sealer, clock, place, gate, idempotency }
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
