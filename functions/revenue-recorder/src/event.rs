//! An event that was announced: found where it was stored, opened, and said in our own words.

use cases::raw_event::{self, RawEventError};
use domain::fact::{Fact, PaymentKey};
use domain::provider::Provider;
use domain::time::Timestamp;
use edge::lambda::{Delivery, Failure};
use edge::sealing::{Belongs, Sealed, SealingError};
use queues::FactReceived;
use serde_json::Value;
use store::TenantKey;
use store::raw_events::{Marked, RawEventPlace, Trouble, TroubleKind};
use thiserror::Error;

use crate::App;
use crate::canonical::{self, NotAFact};
use crate::fields::Untranslatable;
use crate::test_mode::says_test_mode;
use crate::{lemon_squeezy, stripe};

/// Until so long after it came, an event at its first delivery has never been refused: an event that waits for a person
/// comes again by the queue's next try, or is moved back from the dead letters, and is older then.
const FRESH_MS: i64 = 10 * 60_000;

/// What the inbound log says of an event that is not booked because it is of test mode.
const OF_TEST_MODE: &str = "it is of the provider's test mode, and this deployment books live events alone";

/// How much of a reason is kept with an event.
const REASON_BYTES_MAX: usize = 300;

/// An event, opened.
pub(crate) struct Opened {
    /// Whose.
    pub(crate) tenant: TenantKey,
    /// Where it is stored.
    pub(crate) place: RawEventPlace,
    /// What the inbound log says that keeps it from being booked.
    pub(crate) mark: Option<TroubleKind>,
    received_at: Timestamp,
    body: Value,
}

impl Opened {
    /// Could it stand in the list of what waits for a person? Asking the list itself would cost each event a read.
    pub(crate) fn may_have_waited(&self, delivery: &Delivery, now: Timestamp) -> bool {
        let age_ms = now.as_millisecond().saturating_sub(self.received_at.as_millisecond());
        delivery.receive_count > 1 || age_ms > FRESH_MS
    }

    /// Does it say that it is of its provider's test mode?
    pub(crate) fn is_of_test_mode(&self) -> bool {
        says_test_mode(&self.place.provider, &self.body)
    }
}

impl App {
    /// Finds and opens the event that a message announces.
    pub(crate) async fn open(&self, received: &FactReceived) -> Result<Opened, Failure> {
        let tenant = TenantKey::from(&received.tenant);
        let place = RawEventPlace::parse(&received.provider, &received.day, &received.event_id)
            .ok_or_else(|| Failure::reject(EventLost::NoPlace))?;
        let raw = self.store.get_marked_event(&tenant, &place).await.map_err(Failure::retry)?;
        let Marked { event: raw, mark } = raw.ok_or_else(|| Failure::reject(EventLost::NotStored))?;
        let belongs = Belongs {
            tenant: received.tenant.as_str(),
            subject: raw_event::SEALED_SUBJECT,
            field: raw_event::SEALED_FIELD,
        };
        let sealed = Sealed::from_bytes(&raw.sealed).map_err(Failure::reject)?;
        let packed = self.sealer.open(&belongs, &sealed).await.map_err(|error| match error {
            SealingError::Unavailable(_) => Failure::retry(error),
            SealingError::NotAuthentic | SealingError::Malformed => Failure::reject(error),
        })?;
        let body = raw_event::unpack(packed.reveal()).map_err(|error: RawEventError| Failure::reject(error))?;
        let body = serde_json::from_slice(&body).map_err(Failure::reject)?;
        Ok(Opened { tenant, place, mark, received_at: raw.received_at, body })
    }

    /// ING-15: the inbound log says why an event is not booked. If that cannot be written nothing else changes, and its next
    /// try writes it.
    pub(crate) async fn note_trouble(&self, received: &FactReceived, kind: TroubleKind, mut reason: String) {
        let Some(place) = RawEventPlace::parse(&received.provider, &received.day, &received.event_id) else { return };
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        let trouble = Trouble { kind, reason, at: self.clock.now() };
        let noted = self.store.record_trouble(&TenantKey::from(&received.tenant), &place, &trouble).await;
        if let Err(error) = noted {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                event.id = received.event_id,
                "the inbound log does not say why an event is not booked"
            );
        }
    }

    /// ING-19: an event of test mode is kept, nothing is booked of it, and the inbound log says so. V12: of one that is marked
    /// so already nothing is written.
    pub(crate) async fn keep_only(&self, opened: &Opened, delivery: &Delivery, now: Timestamp) -> Result<(), Failure> {
        if opened.mark != Some(TroubleKind::TestMode) {
            let trouble = Trouble { kind: TroubleKind::TestMode, reason: OF_TEST_MODE.to_owned(), at: now };
            let noted = self.store.record_trouble(&opened.tenant, &opened.place, &trouble).await;
            noted.map_err(Failure::retry)?;
        }
        if opened.may_have_waited(delivery, now) {
            self.store.unpark_event(&opened.tenant, &opened.place).await.map_err(Failure::retry)?;
        }
        let (event_id, correlation_id) = (&opened.place.event_id, &delivery.correlation_id);
        tracing::info!(event.id = event_id, correlation_id, "event of test mode kept, and nothing booked");
        Ok(())
    }

    /// ING-15: what becomes of the mark of an event whose facts are all booked, or parked until `waits_for` is told. V12: one
    /// that says so already is left alone, and a parked one is booked with its payment: who reads it asks for that.
    pub(crate) async fn mark_end(
        &self,
        opened: &Opened,
        received: &FactReceived,
        waits_for: Option<&PaymentKey>,
        is_marked: bool,
    ) -> Result<(), Failure> {
        let parked = waits_for.map(|payment| TroubleKind::Parked { payment: payment.clone() });
        match (parked, &opened.mark) {
            (Some(parked), mark) if mark.as_ref() != Some(&parked) => {
                let why = waits_for.map(|payment| format!("{payment} is not told yet")).unwrap_or_default();
                self.note_trouble(received, parked, why).await;
            }
            (Some(_), _) | (None, Some(TroubleKind::Parked { .. })) => {}
            (None, _) if is_marked => {
                self.store.clear_trouble(&opened.tenant, &opened.place).await.map_err(Failure::retry)?;
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// The facts that an event states. One whose amounts would have to be guessed is listed for a person.
    pub(crate) async fn facts_of(
        &self,
        opened: &Opened,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Vec<Fact>, Failure> {
        let why = match translate(&opened.place.provider, &opened.body) {
            Ok(facts) => return Ok(guarded(facts, &opened.place)),
            Err(Unbookable::Amount(why)) => why,
            Err(Unbookable::Shape(why)) => return Err(Failure::reject(why)),
            Err(Unbookable::Fact(why)) => return Err(Failure::reject(why)),
            Err(Unbookable::Provider) => return Err(Failure::reject(EventLost::UnknownProvider)),
        };
        // ING-8: never dropped, never guessed: it stands in the list of what waits for a person longer than any queue
        // keeps a message, and the dead letters raise the alarm.
        let told = (why.to_string(), &delivery.correlation_id);
        let parked = self.store.park_event(&opened.tenant, &opened.place, (&told.0, told.1), now).await;
        parked.map_err(Failure::retry)?;
        Err(Failure::reject(why))
    }
}

/// Why an event's facts cannot be booked as they are.
enum Unbookable {
    /// An unknown currency, or an amount that is none of it or below zero.
    Amount(Untranslatable),
    /// A field that cannot be read.
    Shape(Untranslatable),
    /// No fact at all.
    Fact(NotAFact),
    /// Nobody that we can read.
    Provider,
}

fn translate(provider: &str, event: &Value) -> Result<Vec<Fact>, Unbookable> {
    let of_fields = |why| match why {
        Untranslatable::Currency { .. } | Untranslatable::Amount { .. } => Unbookable::Amount(why),
        Untranslatable::Field { .. } | Untranslatable::Id { .. } => Unbookable::Shape(why),
    };
    match Provider::parse(provider) {
        Some(Provider::Stripe) => stripe::translate(event).map_err(of_fields),
        Some(Provider::LemonSqueezy) => lemon_squeezy::translate(event).map_err(of_fields),
        Some(Provider::Standard | Provider::Track) => {
            canonical::translate(canonical::unwrapped(event)).map_err(|why| match why {
                NotAFact::Amount(why) => Unbookable::Amount(why),
                NotAFact::Shape(_) => Unbookable::Fact(why),
            })
        }
        None => Err(Unbookable::Provider),
    }
}

/// The facts as they are booked: by their natural keys.
#[cfg(not(feature = "planted"))]
fn guarded(facts: Vec<Fact>, _place: &RawEventPlace) -> Vec<Fact> {
    facts
}

/// A mistake on purpose, when it is planted: the event's id where the payment's natural key should be.
#[cfg(feature = "planted")]
fn guarded(facts: Vec<Fact>, place: &RawEventPlace) -> Vec<Fact> {
    if !domain::planted::is(domain::planted::Bug::EventIdGuards) {
        return facts;
    }
    facts.into_iter().map(|fact| guarded_by_event(fact, &place.event_id)).collect()
}

#[cfg(feature = "planted")]
fn guarded_by_event(fact: Fact, event_id: &str) -> Fact {
    match fact {
        Fact::SalePaid(mut paid) => {
            if let Ok(key) = domain::fact::PaymentKey::parse(&format!("event:{event_id}")) {
                let known_as = std::mem::replace(&mut paid.payment, key);
                paid.aliases.retain(|alias| *alias != known_as);
            }
            Fact::SalePaid(paid)
        }
        other => other,
    }
}

/// Why an event that was announced is not there.
#[derive(Debug, Error)]
enum EventLost {
    #[error("the message names no place of a stored event")]
    NoPlace,
    #[error("the event is not stored, or no longer")]
    NotStored,
    #[error("the event is of a provider that is not known here")]
    UnknownProvider,
}
