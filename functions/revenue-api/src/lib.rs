//! The ledger's desk: commissions of everybody, corrections, debts, exchanges, balances, nights, proofs.
//!
//! - Trigger: HTTP, `/v1/revenue/commission…`, `adjustments`, `write-offs`, `negative-balances`, `fx-…`, `balances`,
//!   `disputes`, `verify`, `recognition`, `conversions` below `/v1/revenue`.
//! - Reads: `core`: sales, heads, lines, payouts, adjustments, rates, nights, the journal; the keys of callers.
//! - Writes: `core`: a sale with its lines and heads, an adjustment with its entries, a rate of exchange; each one
//!   transaction with its audit entry. `ops`: answers to idempotency keys.
//! - Sends: `VisitDue` to the `Visits` queue, when a night is begun by hand.
//! - Idempotent by: `Idempotency-Key`, required on every write; below it the version of the sale, the version of the
//!   adjustment's audit chain, the keys of its entries.
//! - On failure: store away 503, and nothing is half-written; the caller sends it again under the same key.

pub mod config;
mod http;

use axum::extract::FromRef;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use queues::{Sender, VisitDue};
use store::Store;

pub use crate::http::{openapi, routes};

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    visits: Sender<VisitDue>,
    clock: Clock,
    gate: Gate,
    idempotency: Idempotency,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, visits: Sender<VisitDue>, clock: Clock) -> Self {
        let gate = Gate::new(store.clone());
        let idempotency = Idempotency::new(store.clone(), clock);
        Self { store, visits, clock, gate, idempotency }
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
