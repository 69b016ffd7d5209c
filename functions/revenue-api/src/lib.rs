//! The ledger's desk: commissions of everybody, corrections, debts, exchanges, balances, nights, proofs; and leads.
//!
//! - Trigger: HTTP, `/v1/revenue/commission…`, `adjustments`, `write-offs`, `releases`, `negative-balances`, `fx-…`,
//!   `balances`, `disputes`, `verify`, `health`, `recognition`, `conversions`, `leads`, `customers`, `plans`, `subscriptions`,
//!   `payments`, `tax` below `/v1/revenue`; `/v1/reports/tax-forms`.
//! - Reads: `core`: sales, heads, lines, payouts, adjustments, rates, nights, the journal, leads, what is
//!   billed as webhooks told it, rates of sales tax; payouts and tax forms of every payee, whose numbers are opened for the
//!   tax office's files alone; the keys of callers. `ops`: the last runs of jobs, what the last proofs found. Secrets Manager: the keys of tenants' Stripe
//!   accounts. Stripe: when a customer last paid.
//! - Writes: `core`: a sale with its lines and heads, an adjustment with its entries, a rate of exchange; each one
//!   transaction with its audit entry; a lead that a person moves, likewise; customers whom we bill (sealed), plans.
//!   Stripe: customers, prices, subscriptions. Years that are told to the tax office: counts with their rows and sealed
//!   files, what was handed on of what was withheld. The payout of an award whose money came back and was released. `ops`: answers to idempotency keys, counts of calls, what a
//!   proof found.
//! - Sends: `VisitDue` to the `Visits` queue, when a night is begun by hand.
//! - Idempotent by: `Idempotency-Key`, required on every write, from which the key of each call to Stripe is made; below it the version of the sale, the version of the
//!   adjustment's audit chain, the keys of its entries.
//! - On failure: store or Stripe away 503, and nothing is half-written here; the caller sends it again under the same key.

pub mod billing;
pub mod config;
mod health;
mod http;
mod tax_year;

use std::time::Duration;

use axum::extract::FromRef;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use edge::limits::Limits;
use edge::sealing::Sealer;
use queues::{Sender, VisitDue};
use store::Store;

use crate::billing::Billing;

pub use crate::http::{openapi, routes};

/// How long a request proves or reads: whoever waits longer is cut off by the gateway, and told nothing.
const PATIENCE: Duration = Duration::from_secs(25);

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    visits: Sender<VisitDue>,
    sealer: Sealer,
    clock: Clock,
    gate: Gate,
    idempotency: Idempotency,
    limits: Limits,
    billing: Option<Billing>,
    patience: Duration,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, visits: Sender<VisitDue>, sealer: Sealer, clock: Clock) -> Self {
        let gate = Gate::new(store.clone(), clock);
        let idempotency = Idempotency::new(store.clone(), clock);
        let limits = Limits::new(store.clone(), clock);
        Self { store, visits, sealer, clock, gate, idempotency, limits, billing: None, patience: PATIENCE }
    }
}

impl App {
    /// The same with billing.
    #[must_use]
    pub fn with_billing(self, billing: Billing) -> Self {
        Self { billing: Some(billing), ..self }
    }
}

#[cfg(test)]
impl App {
    /// The same, that gives up after so long.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
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

impl FromRef<App> for Limits {
    fn from_ref(app: &App) -> Self {
        app.limits.clone()
    }
}

#[cfg(test)]
mod tests;
