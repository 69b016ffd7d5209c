//! membership-keeper: looks each day at the revenue that awards are given by, follows the awards that are under way, and
//! ends memberships a year after their award was paid.
//!
//! - Trigger: two schedules: at 02:00 UTC the look at the revenue, at 03:00 UTC what has become of awards; or by hand with
//!   `{"scheduled_for": …, "round": "eligibility" | "memberships"}`.
//! - Reads: the tenants and their settings; all sales, by the journal; the tally, awards, their payouts, the members of the
//!   queue with their subscriptions, tax forms and payout methods; the key of the tenant's Stripe account.
//! - Writes: the tally with its audit entry; of an award whose payout ended early the entry that takes it back, of one that
//!   was paid the day on which the membership ends; the member whose membership ends; `ops`: that a round ran.
//! - Sends: the cancellation of a subscription, to Stripe, before the membership is marked as ended: one that is cancelled
//!   already is no error, so it is sent again without harm.
//! - Idempotent by: each step's own condition, on the versions of award, tally and member; it says what is there to do, so
//!   that a round that is made again does nothing.
//! - On failure: an award that could not be followed is an error in the log and no other's; the round fails at its end, is
//!   made again twice, and is in the dead-letter queue of runs after that. The next day does what this one did not.

pub mod config;

use cases::awards::Awards;
use cases::error::CaseError;
use domain::audit::Actor;
use domain::id::TenantId;
use domain::job::Job;
use domain::role::Role;
use domain::subscription::Subscription;
use edge::aws::Service;
use edge::clock::Clock;
use edge::jobs::recorded;
use edge::lambda::Error;
use edge::secrets::NamedSecrets;
use edge::telemetry::chain;
use serde::{Deserialize, Serialize};
use store::awards::StoredAward;
use store::{Store, TenantKey};
use stripe::{AccountError, Accounts, Keys, Patience, StripeError, client};
use thiserror::Error as ThisError;

use crate::config::Config;

/// What a schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// AWD-1: the look at the revenue.
    Eligibility,
    /// AWD-4: what has become of awards, and the memberships that end.
    Memberships,
}

/// The event of a schedule: when it was meant for is told for the log alone; what is looked at is what is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Asked {
    /// The instant it was meant for.
    pub scheduled_for: domain::time::Timestamp,
    /// What is asked for.
    pub round: Part,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Tenants.
    pub tenants: u64,
    /// Awards that can be given now.
    pub winners: u64,
    /// Awards that were followed.
    pub followed: u64,
    /// Memberships that ended.
    pub ended: u64,
}

/// Why a membership could not be ended.
#[derive(Debug, ThisError)]
enum EndError {
    #[error("ending a membership")]
    Case(#[from] CaseError),
    #[error("finding the account at stripe")]
    Account(#[from] AccountError),
    #[error("cancelling the subscription")]
    Stripe(#[from] StripeError),
    #[error("the subscription {0} is not at stripe: cancel it at its provider, it is not known as over yet")]
    Elsewhere(String),
}

/// The keeper.
pub struct App {
    store: Store,
    accounts: Accounts,
    clock: Clock,
}

impl App {
    /// A keeper over what it needs.
    #[must_use]
    pub fn new(store: Store, accounts: Accounts, clock: Clock) -> Self {
        Self { store, accounts, clock }
    }

    /// A keeper as configured.
    ///
    /// # Errors
    /// The system has no roots of trust.
    pub fn connect(config: Config) -> Result<Self, std::io::Error> {
        let keys = Keys {
            secrets: NamedSecrets::connect(&config.aws.service(Service::SecretsManager)),
            stage: config.stage,
            stage_secret_arn: config.stage_secret_arn,
        };
        let accounts = Accounts::new(client(&config.stripe_url, Patience::CALLER)?, keys);
        Ok(Self::new(Store::connect(&config.aws.service(Service::DynamoDb), config.tables), accounts, config.clock))
    }

    /// One round over every tenant. One that cannot be worked through is no other's; the round fails at its end.
    ///
    /// # Errors
    /// The store is away, or something of a tenant could not be done.
    pub async fn handle(&self, asked: Asked) -> Result<Round, Error> {
        let job = match asked.round {
            Part::Eligibility => Job::AwardEligibility,
            Part::Memberships => Job::Memberships,
        };
        recorded(&self.store, &self.clock, (job, asked.scheduled_for), self.round(asked.round)).await
    }

    async fn round(&self, part: Part) -> Result<Round, Error> {
        let (mut round, mut failed) = (Round::default(), Vec::new());
        for tenant in self.store.list_tenants().await? {
            round.tenants += 1;
            let done = match part {
                Part::Eligibility => self.look(&tenant, &mut round).await,
                Part::Memberships => self.follow(&tenant, &mut round, &mut failed).await,
            };
            if let Err(error) = done {
                let reason = chain(&error);
                tracing::error!(tenant.id = %tenant, reason, "the awards of a tenant could not be worked through");
                failed.push(format!("{tenant}: {reason}"));
            }
        }
        if !failed.is_empty() {
            return Err(failed.join("; ").into());
        }
        let Round { tenants, winners, followed, ended } = round;
        tracing::info!(tenants, winners, followed, ended, "awards and memberships looked at");
        Ok(round)
    }

    /// AWD-1: the look at the revenue. What can be given is for an admin to give.
    async fn look(&self, tenant: &TenantId, round: &mut Round) -> Result<(), CaseError> {
        let key = TenantKey::from(tenant);
        let tallied = Awards::open(&self.store, &key, keeper(), self.clock.now()).await?.check().await?;
        let winners = tallied.eligibility.winners;
        round.winners += u64::from(winners);
        if winners > 0 {
            // AWD-1: the admins are alerted: a figure and an alarm are made of this line.
            tracing::error!(tenant.id = %tenant, winners, "awards can be given");
        }
        Ok(())
    }

    /// AWD-3, AWD-4: awards follow their payouts, and memberships end.
    async fn follow(&self, tenant: &TenantId, round: &mut Round, failed: &mut Vec<String>) -> Result<(), CaseError> {
        let key = TenantKey::from(tenant);
        let awards = Awards::open(&self.store, &key, keeper(), self.clock.now()).await?;
        for settled in awards.settle_all().await? {
            match settled {
                Ok(_) => round.followed += 1,
                Err(error) => {
                    let reason = chain(&error);
                    tracing::error!(tenant.id = %tenant, reason, "an award could not be followed");
                    failed.push(format!("{tenant}: {reason}"));
                }
            }
        }
        for stored in awards.ending().await? {
            let award = stored.award.id.clone();
            match self.end(tenant, &awards, stored).await {
                Ok(()) => round.ended += 1,
                Err(error) => {
                    let reason = chain(&error);
                    tracing::error!(tenant.id = %tenant, award.id = %award, reason, "a membership could not be ended");
                    failed.push(format!("{tenant}: {reason}"));
                }
            }
        }
        Ok(())
    }

    /// AWD-4: the subscription is cancelled first: a membership that is marked as ended while it is still paid for would
    /// be looked at by nobody again.
    async fn end(&self, tenant: &TenantId, awards: &Awards<'_>, stored: StoredAward) -> Result<(), EndError> {
        let member = awards.member_of(&stored.award).await?;
        if let Some(member) = &member
            && let Some(subscription) = awards.subscription(&member.member).await?
            && !subscription.status.is_over()
        {
            self.cancel(tenant, &subscription).await?;
        }
        let ended = awards.end_membership(stored).await?;
        tracing::info!(tenant.id = %tenant, award.id = %ended.award.id, member.id = %ended.award.member, "membership ended");
        Ok(())
    }

    async fn cancel(&self, tenant: &TenantId, subscription: &Subscription) -> Result<(), EndError> {
        let name = subscription.subscription.as_str();
        let Some(id) = name.strip_prefix("stripe:") else { return Err(EndError::Elsewhere(name.to_owned())) };
        let account = self.accounts.of(tenant).await?;
        match account.cancel_subscription(id, Some("membership ended")).await {
            Ok(_) => Ok(()),
            // Over already: by a round before this one, or by a person. Its webhook is on the way.
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Who acts here.
fn keeper() -> Actor {
    Actor::new(Role::Service, "membership-keeper")
}

#[cfg(test)]
mod tests;
