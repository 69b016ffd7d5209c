//! revenue-recorder: inbound facts become sales, decisions and lines. The only writer of lines from sales.
//!
//! - Trigger: the `Facts` queue, one message an event that was stored raw.
//! - Reads: the raw event (of Stripe, of Lemon Squeezy, or a fact in our own words), customer, links and partners of the
//!   touches, rules, aliases, what is parked; marks of a credited partner, where it worked from, the credited click.
//! - Writes: one transaction a fact: the fact, its lines, the heads of their accounts; or the fact parked until its
//!   payment is told. With a sale that is noticed, its review. How subscriptions and other objects of a provider stand. With
//!   the raw event of one that is refused, why.
//! - Sends: nothing; the stream of the table of record tells others.
//! - Idempotent by: the natural key of the payment, never the event's id.
//! - On failure: the message stays, alone; after its tries it goes to `FactsDead`, and the raw event is still stored.
//!
//! Where what lives, in the order of a fact: `event` opens what was stored; `stripe`, `lemon_squeezy` and `canonical` say
//! it in our own words; `booking` books a sale; `decide` says who brought its customer and `earnings` what it earns; `risk`
//! looks for signals of fraud. `meeting` tells of customers and leads, `nothing` of sign-ups; `parking` finds the sale of a
//! `refund` or a `dispute`, or lets it wait; `again` finds money that was told twice; `standing` keeps how subscriptions and
//! other objects of a provider stand. The rules themselves are `domain`'s, the transactions are `store`'s. A new kind of
//! fact: a variant of `domain::fact::Fact`, an arm in `booking::Recorder::book`, and its translation.

mod again;
pub mod booking;
pub mod canonical;
pub mod config;
mod decide;
mod dispute;
mod earnings;
mod event;
pub mod fields;
pub mod lemon_squeezy;
mod meeting;
mod nothing;
mod parking;
mod refund;
mod risk;
mod standing;
pub mod stripe;

use domain::touch::ClickKeys;
use edge::aws::Service;
use edge::clock::Clock;
use edge::lambda::{Delivery, Failure};
use edge::sealing::Sealer;
use edge::secrets::StageSecret;
use queues::FactReceived;
use store::Store;

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
        let outcome = self.book_event(&received, delivery).await;
        if let Err(Failure::Reject(reason)) = &outcome {
            self.note_trouble(&received, reason.as_ref()).await;
        }
        outcome
    }

    async fn book_event(&self, received: &FactReceived, delivery: &Delivery) -> Result<(), Failure> {
        let now = self.clock.now();
        let opened = self.open(received).await?;
        let facts = self.facts_of(&opened, delivery, now).await?;
        let settings = self.store.get_settings(&opened.tenant).await.map_err(Failure::retry)?;
        let recorder = Recorder::new(&self.store, &opened.tenant, &self.keys, &settings.ledger_zone, now)
            .with_policy(&settings.risk);
        let mut trouble = None;
        for fact in &facts {
            match recorder.book(fact).await {
                Ok(booked) => tell(&booked, &received.event_id, delivery),
                // A fact that cannot be booked holds up no other of the event; the weightiest error is told at the end.
                Err(error) => trouble = Some(BookingError::weightier(trouble, error)),
            }
        }
        if let Some(trouble) = trouble {
            return Err(policy_of(trouble));
        }
        if opened.may_have_waited(delivery, now) {
            // ING-8: whoever mended what reads it has moved it back, and need not take it off the list as well.
            self.store.unpark_event(&opened.tenant, &opened.place).await.map_err(Failure::retry)?;
            self.store.clear_trouble(&opened.tenant, &opened.place).await.map_err(Failure::retry)?;
        }
        Ok(())
    }
}

fn tell(booked: &Booked, event_id: &str, delivery: &Delivery) {
    let correlation_id = &delivery.correlation_id;
    match booked {
        Booked::Recorded => tracing::info!(event.id = event_id, correlation_id, "fact booked"),
        Booked::AlreadySeen => tracing::info!(event.id = event_id, correlation_id, "fact was booked before"),
        Booked::Parked => tracing::warn!(event.id = event_id, correlation_id, "fact parked until its payment is known"),
    }
}

/// What becomes of a fact that was not booked: what may pass is tried again, what contradicts is a person's.
fn policy_of(error: BookingError) -> Failure {
    if error.may_pass() { Failure::retry(error) } else { Failure::reject(error) }
}

#[cfg(test)]
mod tests;
