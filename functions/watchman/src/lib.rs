//! watchman: each night, proves that what is stored holds the ledger's laws, and calls a person where it does not.
//!
//! - Trigger: a schedule at 04:00 UTC, when the night's visits are done; or by hand with `{"scheduled_for": …}`.
//! - Reads: the tenants; of each the registry of partners, accounts with their lines, closes, payouts and audit trails; the facts behind the
//!   lines; the journal of the last weeks, on the first of a month, and until what was found is mended, all of it; the trails of what people did; the list of
//!   what waits; the coupons.
//! - Writes: `ops`: that the round ran; of each tenant what its proof and its look at the seals found; the seals of the audit's days.
//! - Sends: nothing. Each breach, and what has waited for a day, is an error in the log; of both
//!   a metric and an alarm are made.
//! - Idempotent by: of the ledger it only reads; a day that is sealed stays so; of two proofs the later one is kept.
//! - On failure: it is started again; a run that did not end, such as when the store is away, is in the dead-letter queue
//!   of runs.

pub mod config;
mod seals;
pub mod waiting;

use cases::error::CaseError;
use cases::verify::{self, Verified};
use domain::id::TenantId;
use domain::job::Job;
use edge::aws::Service;
use edge::clock::{Clock, Stopwatch};
use edge::jobs::recorded;
use edge::lambda::{Error, Scheduled};
use edge::telemetry::chain;
use serde::Serialize;
use store::proofs::{Reach, SealsRecord};
use store::{Store, TenantKey, Written};

use crate::config::Config;

/// How many breaches are told one by one; the first says where to begin, the last line how many there are.
const TOLD_MAX: usize = 20;

/// The watchman.
pub struct App {
    store: Store,
    clock: Clock,
}

/// What a round found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Tenants.
    pub tenants: u64,
    /// Accounts that were walked.
    pub accounts: u64,
    /// Their lines.
    pub lines: u64,
    /// Facts of the journal.
    pub facts: u64,
    /// Accounts that were written to all the time.
    pub moving: u64,
    /// Broken laws, and days of the audit that do not fit their seals.
    pub broken: u64,
    /// Facts that have waited for their payment for a day, events that wait for a person, coupons on their way to the
    /// payment provider.
    pub late: u64,
}

impl App {
    /// A watchman over what it needs.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// A watchman as configured.
    #[must_use]
    pub fn connect(config: Config) -> Self {
        Self::new(Store::connect(&config.aws.service(Service::DynamoDb), config.tables), config.clock)
    }

    /// One round: every tenant. One that cannot be walked is no other's; the round fails at its end, and is made again.
    ///
    /// # Errors
    /// The store is away, or an item cannot be read.
    pub async fn handle(&self, scheduled: Scheduled) -> Result<Round, Error> {
        let run = (Job::Verification, scheduled.scheduled_for);
        recorded(&self.store, &self.clock, run, self.round()).await
    }

    async fn round(&self) -> Result<Round, Error> {
        let watch = Stopwatch::start();
        let (mut round, mut failed) = (Round::default(), Vec::new());
        for tenant in self.store.list_tenants().await? {
            match self.walk(&tenant).await {
                Ok(walked) => round.add(&walked),
                Err(error) => {
                    let reason = chain(&error);
                    tracing::error!(tenant.id = %tenant, reason, "the ledger of a tenant could not be verified");
                    failed.push(format!("{tenant}: {reason}"));
                }
            }
        }
        if !failed.is_empty() {
            return Err(failed.join("; ").into());
        }
        tracing::info!(
            tenants = round.tenants,
            accounts = round.accounts,
            lines = round.lines,
            facts = round.facts,
            moving = round.moving,
            broken = round.broken,
            late = round.late,
            duration_ms = watch.elapsed_ms(),
            "ledger verified"
        );
        Ok(round)
    }

    /// One tenant, whole.
    async fn walk(&self, tenant: &TenantId) -> Result<Round, CaseError> {
        let key = TenantKey::from(tenant);
        let (reach, verified) = self.verified(&key).await?;
        tell(tenant, &verified);
        let late = waiting::look(&self.store, &key, self.clock.now()).await?
            + waiting::look_at_coupons(&self.store, &key, self.clock.now()).await?;
        let unsealed = seals::seal(&self.store, tenant, self.clock.now()).await?;
        let seals = SealsRecord { at: self.clock.now(), unsealed };
        // A later one may be there: another round's.
        let _: Written = self.store.record_seals(&key, &seals).await?;
        if let Some(record) = verify::record_of(&verified, self.clock.now()) {
            // Here it may be that of somebody who proved it by hand meanwhile.
            let _: Written = self.store.record_proof(&key, reach, &record).await?;
        }
        let broken = verified.broken().saturating_add(unsealed);
        let Verified { accounts, lines, facts, moving, .. } = verified;
        Ok(Round { tenants: 1, accounts, lines, facts, moving, broken, late })
    }

    /// The laws over what is there now: the schedule says when to look, not at what.
    async fn verified(&self, tenant: &TenantKey) -> Result<(Reach, Verified), CaseError> {
        let today = self.store.get_settings(tenant).await?.ledger_zone.day_of(self.clock.now());
        let whole = matches!(today.parts(), (_, _, 1)) || self.is_broken(tenant).await?;
        let (reach, scope) = if whole {
            (Reach::Whole, verify::whole(&self.store, tenant, today).await?)
        } else {
            (Reach::Recent, verify::since(today, verify::NIGHTLY_JOURNAL_DAYS))
        };
        Ok((reach, verify::verify_within(&self.store, tenant, &scope).await?))
    }

    /// Whether the last proof, or the last of the whole, found a breach. It may be of a day that the newest weeks do not
    /// have, so they alone cannot say that it is mended.
    async fn is_broken(&self, tenant: &TenantKey) -> Result<bool, CaseError> {
        let recent = self.store.get_proof(tenant, Reach::Recent).await?;
        let whole = self.store.get_proof(tenant, Reach::Whole).await?;
        let last = recent.iter().chain(&whole).max_by_key(|proof| proof.at);
        Ok(last.into_iter().chain(&whole).any(|proof| proof.broken > 0))
    }
}

impl Round {
    fn add(&mut self, other: &Self) {
        self.tenants += other.tenants;
        self.accounts += other.accounts;
        self.lines += other.lines;
        self.facts += other.facts;
        self.moving += other.moving;
        self.broken += other.broken;
        self.late += other.late;
    }
}

fn tell(tenant: &TenantId, verified: &Verified) {
    for breach in verified.breaches.iter().take(TOLD_MAX) {
        tracing::error!(tenant.id = %tenant, law = breach.law, entry = %breach.entry, breach = %breach, "a law of the ledger is broken");
    }
}

#[cfg(test)]
mod tests;
