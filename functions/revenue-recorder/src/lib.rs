//! revenue-recorder: inbound facts become sales, decisions and lines. The only writer of lines from sales.
//!
//! - Trigger: the `Facts` queue, one message an event that was stored raw.
//! - Reads: the raw event, customer, links and partners of the touches, rules, aliases.
//! - Writes: one transaction a fact: the fact, its lines, the heads of their accounts.
//! - Sends: nothing; the stream of the table of record tells others.
//! - Idempotent by: the natural key of the payment, never the event's id.
//! - On failure: the message stays, alone; after its tries it goes to `FactsDead`, and the raw event is still stored.

pub mod booking;
pub mod config;
mod decide;
mod refund;
pub mod stripe;

use cases::raw_event::{self, RawEventError};
use domain::fact::Fact;
use domain::touch::ClickKeys;
use edge::aws::Service;
use edge::clock::Clock;
use edge::lambda::{Delivery, Failure};
use edge::sealing::{Belongs, Sealed, Sealer, SealingError};
use edge::secrets::StageSecret;
use queues::FactReceived;
use store::raw_events::RawEventPlace;
use store::{Store, TenantKey};
use thiserror::Error;

use crate::booking::{Booked, BookingError, Recorder};
use crate::config::Config;

/// The recorder of facts.
pub struct App {
    store: Store,
    sealer: Sealer,
    keys: ClickKeys,
    clock: Clock,
}

impl App {
    /// A recorder over what it needs.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, keys: ClickKeys, clock: Clock) -> Self {
        Self { store, sealer, keys, clock }
    }

    /// A recorder as configured.
    ///
    /// # Errors
    /// The stage's secret cannot be read.
    pub async fn connect(config: Config) -> Result<Self, edge::lambda::Error> {
        let secret = StageSecret::read(&config.aws.service(Service::SecretsManager), &config.stage_secret_arn).await?;
        let key = &secret.click_token_key;
        let keys = ClickKeys::new(key.current.reveal(), key.previous.as_ref().map_or("", |previous| previous.reveal()));
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
        let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
        Ok(Self::new(store, sealer, keys, config.clock))
    }

    /// One event that was received: its facts, one by one, each whole.
    ///
    /// # Errors
    /// The store is away (try again), or the event cannot be read or contradicts what is booked (a person must look).
    pub async fn handle(&self, received: FactReceived, delivery: &Delivery) -> Result<(), Failure> {
        let facts = self.read_facts(&received).await?;
        let tenant = TenantKey::from(&received.tenant);
        let settings = self.store.get_settings(&tenant).await.map_err(Failure::retry)?;
        let recorder = Recorder::new(&self.store, &tenant, &self.keys, &settings.ledger_zone, self.clock.now());
        let mut trouble = None;
        for fact in &facts {
            // A fact that cannot be booked holds up no other of the event; the first error is told at the end.
            let booked = match recorder.book(fact).await {
                Ok(booked) => booked,
                Err(error) => {
                    trouble = trouble.or(Some(policy_of(error)));
                    continue;
                }
            };
            let correlation_id = &delivery.correlation_id;
            match booked {
                Booked::Recorded => tracing::info!(event.id = received.event_id, correlation_id, "fact booked"),
                Booked::AlreadySeen => {
                    tracing::info!(event.id = received.event_id, correlation_id, "fact was booked before")
                }
                Booked::Parked => tracing::warn!(
                    event.id = received.event_id,
                    correlation_id,
                    "refund parked until its payment is known"
                ),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn read_facts(&self, received: &FactReceived) -> Result<Vec<Fact>, Failure> {
        let tenant = TenantKey::from(&received.tenant);
        let place = RawEventPlace::parse(&received.provider, &received.day, &received.event_id)
            .ok_or_else(|| Failure::reject(EventLost::NoPlace))?;
        let raw = self.store.get_raw_event(&tenant, &place).await.map_err(Failure::retry)?;
        let raw = raw.ok_or_else(|| Failure::reject(EventLost::NotStored))?;
        let belongs = Belongs {
            tenant: received.tenant.as_str(),
            subject: raw_event::SEALED_SUBJECT,
            field: raw_event::SEALED_FIELD,
        };
        let sealed = Sealed::from_bytes(&raw.sealed).map_err(Failure::reject)?;
        let opened = self.sealer.open(&belongs, &sealed).await.map_err(|error| match error {
            SealingError::Unavailable(_) => Failure::retry(error),
            SealingError::NotAuthentic | SealingError::Malformed => Failure::reject(error),
        })?;
        let body = raw_event::unpack(opened.reveal()).map_err(|error: RawEventError| Failure::reject(error))?;
        let event = serde_json::from_slice(&body).map_err(Failure::reject)?;
        stripe::translate(&event).map_err(Failure::reject)
    }
}

/// Why an event that was announced is not there.
#[derive(Debug, Error)]
enum EventLost {
    #[error("the message names no place of a stored event")]
    NoPlace,
    #[error("the event is not stored, or no longer")]
    NotStored,
}

/// What becomes of a fact that was not booked: what may pass is tried again, what contradicts is a person's.
fn policy_of(error: BookingError) -> Failure {
    match error {
        BookingError::Store(store::StoreError::Inconsistent { .. })
        | BookingError::Money(_)
        | BookingError::Commission(_)
        | BookingError::Slot(_)
        | BookingError::AliasTaken { .. }
        | BookingError::RefundCurrency { .. } => Failure::reject(error),
        BookingError::Store(_) | BookingError::Busy => Failure::retry(error),
    }
}

#[cfg(test)]
mod tests;
