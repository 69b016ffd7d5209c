//! payout-executor: asks rails that move by themselves for approved payouts, one payout a message, and says what came of it.
//!
//! - Trigger: the `Payouts` queue, one message a payout; a schedule each quarter of an hour, for outcomes that nobody knew.
//! - Reads: `core`: payouts, the attempts at them, payout methods, the tenants; the tenant's key of Stripe.
//! - Writes: `core`: the attempt, before the rail is asked; then payout, audit entry, the account's head, the rail's reference
//!   and the attempt, in one transaction. A transfer that came back: the payout and an entry of its account. `ops`: that a look ran.
//! - Sends: transfers to Stripe Connect, each under a key of (payout, attempt). Nothing else; event-relay sees the steps.
//! - Idempotent by: the attempt, which is claimed under its version before the rail is asked; the key, the same for every
//!   try; the version of the payout's audit chain; the rail's reference, which pays one payout.
//! - On failure: an answer that did not come makes the outcome unknown: it is read at the rail before it is asked for again
//!   under the same key, ever more rarely, and after 20 hours only people say what became of it. What nobody ever asked for,
//!   for want of a key or because a method does not open, stays approved: finance sends it anew or gives it back. A message
//!   that cannot be dealt with stays in the queue, alone, and ends in the dead-letter queue with an alarm.

pub mod config;
mod destination;
mod execute;
mod looking;
mod rail;
mod returned;

use domain::audit::Actor;
use domain::job::Job;
use domain::role::Role;
use edge::aws::Service;
use edge::clock::Clock;
use edge::jobs::recorded;
use edge::lambda::{Error, Trigger};
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use queues::PayoutDue;
use serde_json::Value;
use store::Store;
use stripe::{Accounts, Keys, Patience, client};

use crate::config::Config;

pub use execute::Done;
pub use looking::Looked;

/// The executor.
#[derive(Clone)]
pub struct App {
    store: Store,
    sealer: Sealer,
    accounts: Accounts,
    clock: Clock,
}

impl App {
    /// An executor over what it needs.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, accounts: Accounts, clock: Clock) -> Self {
        Self { store, sealer, accounts, clock }
    }

    /// An executor as configured.
    ///
    /// # Errors
    /// The system has no roots of trust.
    pub fn connect(config: Config) -> Result<Self, std::io::Error> {
        let keys = Keys {
            secrets: NamedSecrets::connect(&config.aws.service(Service::SecretsManager)),
            stage: config.stage,
            stage_secret_arn: config.stage_secret_arn,
        };
        let accounts = Accounts::new(client(&config.stripe_url, Patience::ONCE)?, keys);
        let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
        Ok(Self::new(store, sealer, accounts, config.clock))
    }

    /// A batch of payouts, or the schedule.
    ///
    /// # Errors
    /// The event is of neither kind, or the attempts cannot be listed.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        match Trigger::of(event)? {
            Trigger::Queue(batch) => {
                let answer = edge::lambda::sqs_batch(batch, |due: PayoutDue, _| self.carry(due)).await;
                Ok(serde_json::to_value(answer)?)
            }
            Trigger::Schedule(scheduled) => {
                let run = (Job::PayoutOutcomes, scheduled.scheduled_for);
                let looked = recorded(&self.store, &self.clock, run, self.look()).await?;
                Ok(serde_json::to_value(looked)?)
            }
            Trigger::Stream(_) | Trigger::Other(_) => {
                Err("neither payouts nor a schedule: give {\"scheduled_for\": an instant}".into())
            }
        }
    }
}

/// As whom the executor stands in audit trails.
fn itself() -> Actor {
    Actor::new(Role::Service, "payout-executor")
}

#[cfg(test)]
mod tests;
