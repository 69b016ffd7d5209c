//! commission-batch: the night. Finds the accounts that live, visits each, and closes what is due.
//!
//! - Trigger: a schedule at 02:00 UTC; the `Visits` queue, one message an account.
//! - Reads: the index of live accounts, the record of the last night, heads and final lines.
//! - Writes: closes and heads; an account at rest leaves the index; the record of the night.
//! - Sends: `VisitDue` to its own queue, before the night is recorded: a night that dies sends them again.
//! - Idempotent by: each step's own condition; the record of a business date is made once.
//! - On failure: a visit stays in the queue, alone; a night is begun again by the next, in the order of dates.

pub mod config;
pub mod night;
pub mod visit;

use domain::id::TenantId;
use edge::aws::Service;
use edge::clock::Clock;
use edge::lambda::{Error, Failure, Trigger};
use queues::{Sender, VisitDue};
use serde_json::Value;
use store::{Store, TenantKey};

use crate::config::Config;

/// The night.
pub struct App {
    store: Store,
    visits: Sender<VisitDue>,
    clock: Clock,
}

impl App {
    /// A night over what it needs.
    #[must_use]
    pub fn new(store: Store, visits: Sender<VisitDue>, clock: Clock) -> Self {
        Self { store, visits, clock }
    }

    /// A night as configured.
    #[must_use]
    pub fn connect(config: Config) -> Self {
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
        let visits = Sender::connect(&config.aws.service(Service::Sqs), config.visits_queue_url);
        Self::new(store, visits, config.clock)
    }

    /// The schedule, a batch of visits, or a start by hand with `{"scheduled_for": …}`.
    ///
    /// # Errors
    /// The event is of neither kind, or the night cannot be worked through.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        match Trigger::of(event)? {
            Trigger::Queue(batch) => {
                let answer = edge::lambda::sqs_batch(batch, |due: VisitDue, _| self.visit(due)).await;
                Ok(serde_json::to_value(answer)?)
            }
            Trigger::Schedule(scheduled) => {
                let tenant = TenantId::default_tenant();
                let nights =
                    night::run(&self.store, &self.visits, &tenant, scheduled.scheduled_for, self.clock.now()).await?;
                Ok(serde_json::to_value(nights)?)
            }
            Trigger::Stream(_) | Trigger::Other(_) => {
                Err("neither a schedule nor visits: give {\"scheduled_for\": an instant}".into())
            }
        }
    }

    async fn visit(&self, due: VisitDue) -> Result<(), Failure> {
        let tenant = TenantKey::from(&due.tenant);
        visit::visit(&self.store, &tenant, &due, self.clock.now()).await
    }
}

#[cfg(test)]
mod tests;
