//! What admins look after: as yet, what was noticed as possible fraud, what it weighs, and what providers have sent.
//!
//! - Trigger: HTTP, `/v1/risk` and what is below it, `/v1/webhooks/deliveries` and `/v1/webhooks/endpoints`;
//!   `/v1/tenants`, `/v1/settings`, `/v1/jobs`, `/health` and `/ready`; `/v1/audit` and `/v1/privacy` and what is below them;
//!   `/v1/auth`, `/v1/users`, `/v1/api-keys` and what is below them.
//! - Reads: `core`: reviews, the tenant's settings, sales, heads, webhook endpoints; the keys of callers; tenants; users,
//!   their links and authenticators, all sealed. `ops`: sessions, raw events, the
//!   last runs of jobs. For readiness the queues, the key that seals and, at the
//!   mail service, whom mail is sent from are looked at.
//! - Writes: `core`: a decision about a review with the sale's lines and heads, what it stopped and whom it suspends; the
//!   points of signals; a tenant with its settings and first key, and what it sets; each one transaction with its audit entry; marks of partners, and the review of two with one mark. `ops`: answers to idempotency keys, counts of calls.
//!   Users, keys and authenticators, each with its audit entry; sign-in links, sealed; in `ops` sessions, by their hash.
//!   What is held of a person is destroyed, with a tombstone and an audit entry.
//!   Of an issuer that the deployment trusts its keys, over HTTPS, at most twice a minute and a process.
//! - Sends: `FactReceived` to the queue of facts, for a delivery that is sent in again. A job that is begun by hand is the
//!   invocation of the function that does it, as its schedule's.
//!   A link to sign in by is mailed because it was put down: the stream tells.
//! - Idempotent by: a link opens one session, by a condition on its use; `Idempotency-Key`, required where money moves; below it the review's version and the sale's: a review
//!   that was decided is not decided twice.
//! - On failure: store away 503, and nothing is half-written; the caller sends it again under the same key.

pub mod config;
mod http;
pub mod issuer;
pub mod probes;
pub mod starter;

use std::sync::Arc;

use axum::extract::FromRef;
use cases::salt::Salts;
use edge::auth::Gate;
use edge::clock::Clock;
use edge::idempotency::Idempotency;
use edge::limits::Limits;
use edge::people::People;
use queues::{FactReceived, Sender};
use store::Store;

use crate::http::Remembered;
use crate::issuer::Issuer;
use crate::probes::Probes;
use crate::starter::Starter;

pub use crate::http::{openapi, routes};

/// What the routes stand on.
#[derive(Clone)]
pub struct App {
    store: Store,
    clock: Clock,
    gate: Gate,
    idempotency: Idempotency,
    limits: Limits,
    facts: Sender<FactReceived>,
    probes: Probes,
    ready: Remembered,
    salts: Arc<Salts>,
    people: Option<People>,
    issuer: Option<Issuer>,
    starter: Option<Starter>,
}

impl App {
    /// The routes' state over clients that exist.
    #[must_use]
    pub fn new(store: Store, clock: Clock, facts: Sender<FactReceived>) -> Self {
        let gate = Gate::new(store.clone(), clock);
        let idempotency = Idempotency::new(store.clone(), clock);
        let limits = Limits::new(store.clone(), clock);
        let salts = Arc::new(Salts::new(store.clone()));
        let (probes, ready) = (Probes::default(), Remembered::default());
        let (people, issuer, starter) = (None, None, None);
        Self { store, clock, gate, idempotency, limits, facts, probes, ready, salts, people, issuer, starter }
    }
}

impl App {
    /// Lets people sign in.
    #[must_use]
    pub fn signing_in(self, people: People) -> Self {
        Self { people: Some(people), ..self }
    }

    /// Takes the tokens of an issuer, too.
    #[must_use]
    pub fn trusting(self, issuer: Option<Issuer>) -> Self {
        Self { issuer, ..self }
    }

    /// Begins jobs by hand.
    #[must_use]
    pub fn starting(self, starter: Starter) -> Self {
        Self { starter: Some(starter), ..self }
    }

    /// Looks at these parts, too, before it says that it can work.
    #[must_use]
    pub fn probing(self, probes: Probes) -> Self {
        Self { probes, ..self }
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
