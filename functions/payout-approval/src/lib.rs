//! Payouts: asked for, approved, sent, confirmed, or given back; awards, and the members who wait for them.
//!
//! - Trigger: HTTP, `/v1/revenue/payouts` and `/v1/members`, and what is below them.
//! - Reads: `core`: the account's head and lines, payouts and their audit, reports; payout methods and what banks need, both
//!   sealed; instructions that were made, sealed; the keys of callers.
//! - Writes: `core`: payout, head and audit entry, and the bank's reference that confirms it, each step one transaction;
//!   closes of what has matured; members with their place in the queue; an award with the tally, its member and the entry
//!   that it books, in one transaction; files for banks, sealed, with what each rail knows a payout by, and what each bank
//!   knows an account's trial by; what banks sent back; the instructions for paying by hand that are wanted, sealed. `ops`:
//!   answers to idempotency keys, counts of calls.
//! - Sends: nothing; event-relay sees each step, and each page that is wanted, in the stream.
//! - Idempotent by: `Idempotency-Key`, required on every write; below it the payout's number in its account and the
//!   version of its audit chain, which tells the request of each step: a step that was taken is not taken twice, and is
//!   answered as before.
//! - On failure: store away 503, and nothing is half-written; the caller sends it again under the same key.

pub mod config;
mod export;
pub mod files;
mod http;
mod returns;
mod window;

use axum::extract::FromRef;
use cases::closing::Pace;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use edge::limits::Limits;
use edge::problem::Problem;
use edge::sealing::Sealer;
use store::Store;

use crate::files::Files;

pub use crate::http::{openapi, routes};

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    files: Files,
    clock: Clock,
    gate: Gate,
    idempotency: Idempotency,
    limits: Limits,
    pace: Option<Pace<'static>>,
    sealer: Option<Sealer>,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, files: Files, clock: Clock) -> Self {
        let gate = Gate::new(store.clone(), clock);
        let idempotency = Idempotency::new(store.clone(), clock);
        let limits = Limits::new(store.clone(), clock);
        Self { store, files, clock, gate, idempotency, limits, pace: None, sealer: None }
    }

    /// Seals and opens what is personal of members.
    #[must_use]
    pub fn with_sealer(self, sealer: Sealer) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    pub(crate) fn sealer(&self) -> Result<&Sealer, Problem> {
        let missing = || Problem::unavailable("personal data cannot be sealed or opened here");
        self.sealer.as_ref().ok_or_else(missing)
    }

    /// Counts the lines of a payout at a pace of its own, instead of for some seconds of each request.
    #[must_use]
    pub fn at_pace(self, pace: Pace<'static>) -> Self {
        Self { pace: Some(pace), ..self }
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
