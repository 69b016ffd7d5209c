//! Programmes, rules, partners and links; and each partner's own figures.
//!
//! - Trigger: HTTP, `/v1/programs`, `/v1/partners`, `/v1/groups`, `/v1/revenue/affiliates` and what is below them; a schedule
//!   each half hour, for what is left to do of coupons at Stripe.
//! - Reads: `core`: programmes, rules, partners, groups, applications, links; heads, lines and payouts of the partner that asks.
//!   Secrets Manager: the keys of tenants' Stripe accounts.
//! - Writes: `core`: programme with its first rule, rule, partner with person, enrolments and the row by which it is found,
//!   application, group, account list, news that a partner is to be told, each with its entry in the trail; link with
//!   its directory entry; each one transaction of conditional writes; the marks by which a partner is known again;
//!   coupons, and at Stripe the promotion codes that they are tied to;
//!   recomputes, and when they are approved their rules and the adjusting lines, sales, entries and heads. `ops`: answers to
//!   idempotency keys, counts of calls; hashes of where partners work from, for two days; that the schedule ran.
//! - Sends: `VisitDue` to the `Visits` queue, for a recompute that one request does not finish; lost, the next night sends it.
//! - Idempotent by: `Idempotency-Key`, honoured on every write; a link besides by its code.
//! - On failure: store or KMS away 503, and nothing is half-written; the caller sends it again. Stripe away: the coupon
//!   says what is left to do there, and is brought again by the schedule.

pub mod code;
pub mod config;
pub mod destination;
mod http;
mod sessions;
pub mod shown;

use std::sync::Arc;

use axum::extract::FromRef;
use cases::salt::Salts;
use domain::job::Job;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use edge::jobs::recorded;
use edge::lambda::{Error, Scheduled};
use edge::limits::Limits;
use edge::sealing::Sealer;
use queues::{Sender, VisitDue};
use store::Store;
use stripe::Accounts;

use crate::http::coupons::again;
pub use crate::http::coupons::again::Brought;
pub use crate::http::{openapi, routes};
use crate::sessions::Sessions;

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
    limits: Limits,
    sessions: Option<Arc<Sessions>>,
    visits: Option<Sender<VisitDue>>,
    stripe: Option<Accounts>,
    working_ms_max: u64,
}

/// How long one request counts and books: well within what a border waits for. What is left goes on behind it.
const WORKING_MS_MAX: u64 = 5_000;

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, clock: Clock, place: Place) -> Self {
        let gate = Gate::new(store.clone(), clock);
        let idempotency = Idempotency::new(store.clone(), clock);
        let limits = Limits::new(store.clone(), clock);
        Self {
            store,
            sealer,
            clock,
            place,
            gate,
            idempotency,
            limits,
            sessions: None,
            visits: None,
            stripe: None,
            working_ms_max: WORKING_MS_MAX,
        }
    }

    /// Where partners work from is noted under the salts of clicks, so that the two can be compared for a day.
    #[must_use]
    pub fn with_sessions(self) -> Self {
        let salts = Salts::new(self.store.clone());
        Self { sessions: Some(Arc::new(Sessions::new(salts))), ..self }
    }
}

impl App {
    /// What one request cannot finish goes on with the night's function at once, instead of with the next night.
    #[must_use]
    pub fn with_visits(self, visits: Sender<VisitDue>) -> Self {
        Self { visits: Some(visits), ..self }
    }
}

impl App {
    /// Coupons can be made at Stripe, in the account of each tenant that has connected one.
    #[must_use]
    pub fn with_stripe(self, accounts: Accounts) -> Self {
        Self { stripe: Some(accounts), ..self }
    }
}

impl App {
    /// The schedule: what is left to do of coupons at Stripe is done.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn bring_coupons(&self, scheduled: Scheduled) -> Result<Brought, Error> {
        let run = (Job::CouponsAtStripe, scheduled.scheduled_for);
        recorded(&self.store, &self.clock, run, again::bring_all(self, scheduled.scheduled_for)).await
    }
}

impl App {
    /// One request counts and books for so long, and no longer; what is left goes on behind it.
    #[must_use]
    pub fn with_patience_ms(self, working_ms_max: u64) -> Self {
        Self { working_ms_max, ..self }
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
