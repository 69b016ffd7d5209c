//! commission-batch: the night. Finds the accounts that live, of every tenant; puts the open months of each in order, and
//! closes what is due. Builds payouts where the tenant's schedule says so. Recomputes that one request cannot finish go on
//! here. Last of all it ends the leads that were kept as long as their tenant keeps them.
//!
//! - Trigger: a schedule at 02:00 UTC; the `Visits` queue, one message an account, a programme whose cap spans its
//!   accounts, or a recompute.
//! - Reads: the registry of tenants, the index of live accounts, the record of the last night, programmes and rules, heads;
//!   of an account that is due the lines and sales of open months, and final lines; how far a recount came; what is decided
//!   about payouts, and of each account that is paid by schedule where its money goes; leads from the oldest on.
//! - Writes: adjusting lines with their sales and heads, entries of periods; what frozen months leave behind; closes; an
//!   account at rest leaves the index; the record of the night and of each unit; each 100,000 lines, how far a recount came;
//!   that the night ran; payouts that wait for approval, with their runs, and through which day they were built; where it
//!   is switched on, how far the reminders of payments that failed have come; leads without anything personal, and through
//!   which lead they have ended.
//! - Sends: `VisitDue` to its own queue, before the night is recorded: a night that dies sends them again; and once more
//!   for what one invocation cannot finish.
//! - Idempotent by: each step's own condition; the run of payouts is named by its day; the record of a business date is
//!   made once, a unit's answer stays.
//! - On failure: a visit stays in the queue, alone, and is an error in the night's record; a night is begun again by the
//!   next, in the order of dates.

pub mod config;
pub mod visit;

pub use cases::night;

use cases::closing::Pace;
use cases::dunning::{self, Reminded};
use cases::error::CaseError;
use cases::night::Nights;
use cases::payout_runs::scheduled;
use cases::privacy::ended::{self, Ended};
use domain::id::TenantId;
use domain::job::Job;
use domain::time::Timestamp;
use edge::aws::Service;
use edge::clock::{Clock, Stopwatch};
use edge::jobs::recorded;
use edge::lambda::{Delivery, Error, Failure, Trigger};
use edge::telemetry::chain;
use queues::{Sender, VisitDue};
use serde_json::Value;
use store::{Store, TenantKey};

use crate::config::Config;
use crate::visit::Visited;

/// How long one invocation counts lines: well within the function's time of five minutes.
const COUNTING_MS_MAX: u64 = 200_000;

/// The night.
pub struct App {
    store: Store,
    visits: Sender<VisitDue>,
    clock: Clock,
    pace: Option<Pace<'static>>,
    reminds: bool,
}

impl App {
    /// A night over what it needs.
    #[must_use]
    pub fn new(store: Store, visits: Sender<VisitDue>, clock: Clock) -> Self {
        Self { store, visits, clock, pace: None, reminds: false }
    }

    /// Counts lines at a pace of its own, instead of for some minutes of each invocation.
    #[must_use]
    pub fn at_pace(self, pace: Pace<'static>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// A night as configured.
    #[must_use]
    pub fn connect(config: Config) -> Self {
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
        let visits = Sender::connect(&config.aws.service(Service::Sqs), config.visits_queue_url);
        Self { reminds: config.reminds, ..Self::new(store, visits, config.clock) }
    }

    /// Reminds customers of payments that failed, too.
    #[must_use]
    pub fn reminding(self) -> Self {
        Self { reminds: true, ..self }
    }

    /// The schedule, a batch of visits, or a start by hand with `{"scheduled_for": …}`.
    ///
    /// # Errors
    /// The event is of neither kind, or the night cannot be worked through.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        match Trigger::of(event)? {
            Trigger::Queue(batch) => {
                let watch = Stopwatch::start();
                let is_over = || watch.elapsed_ms() >= COUNTING_MS_MAX;
                let pace = self.pace.unwrap_or(Pace::until(&is_over));
                let answer =
                    edge::lambda::sqs_batch(batch, |due: VisitDue, delivery| self.visit(due, delivery, pace)).await;
                Ok(serde_json::to_value(answer)?)
            }
            Trigger::Schedule(scheduled) => {
                let run = (Job::Night, scheduled.scheduled_for);
                let nights = recorded(&self.store, &self.clock, run, self.nights(scheduled.scheduled_for)).await?;
                Ok(serde_json::to_value(nights)?)
            }
            Trigger::Stream(_) | Trigger::Other(_) => {
                Err("neither a schedule nor visits: give {\"scheduled_for\": an instant}".into())
            }
        }
    }

    /// The night of every tenant. One that cannot be worked through is no other's; the invocation fails at its end, and is
    /// begun again: tenants that are done have nothing left to do.
    async fn nights(&self, scheduled_for: Timestamp) -> Result<Nights, Error> {
        let mut all = Nights { business_dates: Vec::new(), accounts: 0 };
        let mut failed = Vec::new();
        let watch = Stopwatch::start();
        let is_over = || watch.elapsed_ms() >= COUNTING_MS_MAX;
        let tenants = self.store.list_tenants().await?;
        for tenant in &tenants {
            match night::run(&self.store, &self.visits, tenant, scheduled_for, self.clock.now()).await {
                Ok(nights) => {
                    all.business_dates.extend(nights.business_dates);
                    all.accounts += nights.accounts;
                    let afterwards = [
                        self.remind(tenant).await.map_err(|error| chain(&error)),
                        self.build_payouts(tenant, scheduled_for, &is_over).await,
                    ];
                    for reason in afterwards.into_iter().filter_map(Result::err) {
                        tracing::error!(tenant.id = %tenant, reason, "the night of a tenant could not be worked through");
                        failed.push(format!("{tenant}: {reason}"));
                    }
                }
                Err(error) => {
                    let reason = chain(&error);
                    tracing::error!(tenant.id = %tenant, reason, "the night of a tenant could not be worked through");
                    failed.push(format!("{tenant}: {reason}"));
                }
            }
        }
        // What is to be forgotten takes no time from what is to be paid.
        for tenant in &tenants {
            if let Err(error) = self.end_leads(tenant, &is_over).await {
                let reason = chain(&error);
                tracing::error!(tenant.id = %tenant, reason, "the night of a tenant could not be worked through");
                failed.push(format!("{tenant}: {reason}"));
            }
        }
        all.business_dates.sort();
        all.business_dates.dedup();
        if failed.is_empty() { Ok(all) } else { Err(failed.join("; ").into()) }
    }

    /// REV-10: reminders of payments that failed, where the deployment sends them.
    async fn remind(&self, tenant: &TenantId) -> Result<(), CaseError> {
        if !self.reminds {
            return Ok(());
        }
        let Reminded { open, steps } = dunning::remind(&self.store, &TenantKey::from(tenant), self.clock.now()).await?;
        tracing::info!(tenant.id = %tenant, open, steps, "payments that failed were looked at");
        Ok(())
    }

    /// OPS-4: leads whose days are over. What the time does not allow is the next night's.
    async fn end_leads(&self, tenant: &TenantId, is_over: &(dyn Fn() -> bool + Send + Sync)) -> Result<(), CaseError> {
        let Ended { looked_at, ended, failed, is_whole } =
            ended::end_leads(&self.store, &TenantKey::from(tenant), self.clock.now(), is_over).await?;
        tracing::info!(tenant.id = %tenant, looked_at, ended, failed, is_whole, "leads whose days are over were looked for");
        Ok(())
    }

    /// PAY-1: payouts by schedule. What the time does not allow is an error, so that the invocation is begun again.
    async fn build_payouts(
        &self,
        tenant: &TenantId,
        scheduled_for: Timestamp,
        is_over: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<(), String> {
        let (key, now) = (TenantKey::from(tenant), self.clock.now());
        let pace = self.pace.unwrap_or(Pace::until(is_over));
        let built = scheduled::build_due(&self.store, &key, scheduled_for, now, pace, is_over).await;
        let Some(made) = built.map_err(|error| chain(&error))? else { return Ok(()) };
        let (runs, payouts) = (made.runs, made.payouts);
        tracing::info!(tenant.id = %tenant, due = %made.due, runs, payouts, "payouts are built by schedule");
        if made.is_whole { Ok(()) } else { Err(format!("payouts of {} are not all built yet", made.due)) }
    }

    async fn visit(&self, due: VisitDue, delivery: Delivery, pace: Pace<'_>) -> Result<(), Failure> {
        let tenant = TenantKey::from(&due.tenant);
        match visit::visit_within(&self.store, &tenant, &due, self.clock.now(), pace).await? {
            Visited::Whole => Ok(()),
            // How far it came is kept; sent before this message goes, so that the visit is never lost.
            Visited::Partly => self.visits.following(&delivery.correlation_id).send(&due).await.map_err(Failure::retry),
        }
    }
}

#[cfg(test)]
mod tests;
