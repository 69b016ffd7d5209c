//! revenue-recorder: inbound facts become sales, decisions and lines. The only writer of lines from sales.
//!
//! - Trigger: the `Facts` queue, one message an event that was stored raw.
//! - Reads: the raw event (of Stripe, of Lemon Squeezy, or a fact in our own words), customer, links and partners of the
//!   touches, rules, aliases, what is parked; marks of a credited partner, where it worked from, the credited click. The keys
//!   of clicks, again where a token comes under one that is not known.
//! - Writes: one transaction a fact: the fact, its lines, the heads of their accounts; or the fact parked until its
//!   payment is told. With a sale that is noticed, its review. How subscriptions and other objects of a provider stand. With
//!   the raw event of one that is not booked, why: nothing else of one of a provider's test mode, unless the deployment books
//!   those.
//! - Sends: nothing; the stream of the table of record tells others.
//! - Idempotent by: the natural key of the payment, never the event's id.
//! - On failure: the message stays, alone; after its tries it goes to `FactsDead`, and the raw event is still stored.
//!
//! Where what lives, in the order of a fact: `event` opens what was stored; `stripe`, `lemon_squeezy` and `canonical` say
//! it in our own words, and `promoted` which coupon is meant; `booking` books a sale; `decide` says who brought its customer and `earnings` what it earns; `risk`
//! looks for signals of fraud. `meeting` tells of customers and leads, `nothing` of sign-ups; `parking` finds the sale of a
//! `refund` or a `dispute`, or lets it wait; `again` finds money that was told twice; `standing` keeps how subscriptions and
//! other objects of a provider stand; `test_mode` says which events are of a provider's test mode. The rules themselves are
//! `domain`'s, the transactions are `store`'s. A new kind of fact: a variant of `domain::fact::Fact`, an arm in `booking::Recorder::book`, and its translation.

mod again;
pub mod booking;
pub mod canonical;
pub mod config;
mod decide;
mod dispute;
mod earnings;
mod event;
pub mod fields;
mod keys;
pub mod lemon_squeezy;
mod meeting;
mod nothing;
mod parking;
mod promoted;
mod refund;
mod risk;
mod standing;
pub mod stripe;
mod test_mode;

use domain::fact::{Fact, PaymentKey};
use domain::touch::ClickKeys;
use edge::aws::Service;
use edge::click_keys::Keys;
use edge::clock::Clock;
use edge::lambda::{Delivery, Failure};
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use edge::telemetry::chain;
use queues::FactReceived;
use store::Store;
use store::raw_events::TroubleKind;

use crate::booking::{Booked, BookingError, Recorder};
use crate::config::Config;
pub use crate::test_mode::TestEvents;

/// The recorder of facts.
pub struct App {
    store: Store,
    sealer: Sealer,
    keys: Keys,
    clock: Clock,
    test_events: TestEvents,
}

impl App {
    /// A recorder over what it needs, told what becomes of events of a provider's test mode.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, keys: ClickKeys, clock: Clock, test_events: TestEvents) -> Self {
        Self { store, sealer, keys: Keys::known(keys), clock, test_events }
    }

    /// A recorder as configured.
    ///
    /// # Errors
    /// The stage's secret cannot be read.
    pub async fn connect(config: Config) -> Result<Self, edge::lambda::Error> {
        let secrets = NamedSecrets::connect(&config.aws.service(Service::SecretsManager));
        // A stage without its secret must not begin: every click would be refused.
        let keys = Keys::read(secrets, config.stage_secret_arn, config.clock.now()).await?;
        let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
        let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
        Ok(Self { store, sealer, keys, clock: config.clock, test_events: config.test_events })
    }

    /// One event that was received: its facts, one by one, each whole.
    ///
    /// # Errors
    /// The store is away (try again), or the event cannot be read or contradicts what is booked (a person must look).
    pub async fn handle(&self, received: FactReceived, delivery: &Delivery) -> Result<(), Failure> {
        let outcome = self.book_event(&received, delivery).await;
        // ING-15: a try that does not end well leaves a mark, and an event without one costs no write.
        match &outcome {
            Err(Failure::Reject(why)) => {
                self.note_trouble(&received, TroubleKind::Refused, chain(why.as_ref())).await;
            }
            Err(Failure::Retry(why)) => {
                self.note_trouble(&received, TroubleKind::Waiting, chain(why.as_ref())).await;
            }
            Ok(()) => {}
        }
        outcome
    }

    async fn book_event(&self, received: &FactReceived, delivery: &Delivery) -> Result<(), Failure> {
        let now = self.clock.now();
        let opened = self.open(received).await?;
        if self.test_events == TestEvents::KeptOnly && opened.is_of_test_mode() {
            return self.keep_only(&opened, delivery, now).await;
        }
        let is_marked = opened.mark.is_some() || delivery.receive_count > 1;
        if is_marked && opened.mark.is_none() {
            // A try that failed would have left a mark: this one died in the middle.
            let why = "its last try did not come to an end".to_owned();
            self.note_trouble(received, TroubleKind::Waiting, why).await;
        }
        let facts = self.facts_of(&opened, delivery, now).await?;
        let facts = self.with_coupons(&opened.tenant, facts).await?;
        let keys = self.keys_for(&opened.tenant, &facts, delivery, now).await?;
        let settings = self.store.get_settings(&opened.tenant).await.map_err(Failure::retry)?;
        let recorder =
            Recorder::new(&self.store, &opened.tenant, &keys, &settings.ledger_zone, now).with_policy(&settings.risk);
        let (mut trouble, mut parked) = (None, None);
        for fact in &facts {
            match recorder.book(fact).await {
                Ok(booked) => {
                    tell(&booked, &received.event_id, delivery);
                    parked = parked.or(waits_for(fact).filter(|_| booked == Booked::Parked));
                }
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
        }
        self.mark_end(&opened, received, parked, is_marked).await
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

/// The payment that a fact waits for where it is parked.
fn waits_for(fact: &Fact) -> Option<&PaymentKey> {
    match fact {
        Fact::Refund(refund) => Some(&refund.payment),
        Fact::Dispute(dispute) => Some(&dispute.payment),
        Fact::PaidAgain(told) => Some(&told.same_as),
        Fact::SalePaid(paid) => Some(&paid.payment),
        _ => None,
    }
}

/// What becomes of a fact that was not booked: what may pass is tried again, what contradicts is a person's.
fn policy_of(error: BookingError) -> Failure {
    if error.may_pass() { Failure::retry(error) } else { Failure::reject(error) }
}

#[cfg(test)]
mod tests;
