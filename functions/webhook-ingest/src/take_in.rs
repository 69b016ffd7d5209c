//! Taking an event in: packed, sealed, stored under its id, handed on. One conditional write, one send.

use cases::raw_event;
use domain::digest::Digest;
use domain::id::TenantId;
use domain::provider::Provider;
use domain::settings::RetentionKind;
use domain::time::{BusinessDay, Timestamp};
use edge::sealing::Belongs;
use queues::FactReceived;
use store::TenantKey;
use store::raw_events::{RawEvent, RawEventPlace, RawEventRecorded, Trouble, TroubleKind};
use thiserror::Error;

use crate::App;

/// The type under which a signed body that is no event is kept for whoever wants to know why.
pub(crate) const UNREADABLE: &str = "unreadable";

/// An event that came in.
pub(crate) struct Arrival<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) provider: Provider,
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) day: BusinessDay,
    pub(crate) hash: Digest,
    pub(crate) body: &'a [u8],
    pub(crate) at: Timestamp,
    pub(crate) correlation_id: String,
}

/// Why an event was not taken in.
#[derive(Debug, Error)]
pub(crate) enum NotTakenIn {
    /// It cannot be stored as one item, however often it is sent.
    #[error("packing the event")]
    Pack(#[from] raw_event::RawEventError),
    #[error("sealing the event")]
    Seal(#[from] edge::sealing::SealingError),
    #[error("storing the event")]
    Store(#[from] store::StoreError),
    #[error("handing the event on")]
    Send(#[from] queues::SendError),
}

/// What became of an event that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenIn {
    /// It is new.
    New,
    /// It had come before.
    AlreadySeen,
    /// Its id had come before with another body.
    OtherBody,
}

impl TakenIn {
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::AlreadySeen => "already_seen",
            Self::OtherBody => "other_body",
        }
    }
}

impl App {
    /// Stored first, then handed on: the message is true when it is read. Failed in between, the event comes again.
    pub(crate) async fn take_in(&self, arrival: Arrival<'_>) -> Result<TakenIn, NotTakenIn> {
        let (place, outcome) = self.store_event(&arrival).await?;
        let provider = arrival.provider.word();
        let is_acted_on = raw_event::is_acted_on(provider, &arrival.kind);
        if is_acted_on {
            let message = FactReceived {
                v: queues::VERSION,
                tenant: arrival.tenant.clone(),
                provider: place.provider.clone(),
                day: place.day_text(),
                event_id: place.event_id.clone(),
                correlation_id: arrival.correlation_id.clone(),
            };
            if let Err(error) = self.facts.send(&message).await {
                self.note_unsent(&arrival, &place).await;
                return Err(error.into());
            }
        }
        let (event, kind, outcome_word) = (place.event_id, arrival.kind, outcome.word());
        tracing::info!(
            event.id = event,
            event.kind = kind,
            provider,
            outcome = outcome_word,
            is_acted_on,
            "webhook taken in"
        );
        Ok(outcome)
    }

    /// OPS-4: how long raw events are evidence: as the tenant set, or as shipped while that cannot be read.
    pub(crate) async fn kept_until(&self, tenant: &TenantKey, at: Timestamp) -> Timestamp {
        let settings = self.gate.settings().of(tenant).await.unwrap_or_default();
        settings.retention_days.end_of(RetentionKind::RawEvents, at)
    }

    /// ING-15: the sender is told to send it again. Should it not, the inbound log has it.
    async fn note_unsent(&self, arrival: &Arrival<'_>, place: &RawEventPlace) {
        let reason = "it could not be handed on; it is when it comes again".to_owned();
        let trouble = Trouble { kind: TroubleKind::Waiting, reason, at: arrival.at };
        if let Err(error) = self.store.record_trouble(&TenantKey::from(arrival.tenant), place, &trouble).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                event.id = place.event_id,
                "the inbound log does not say that an event was not handed on"
            );
        }
    }

    /// One conditional write, unless its id has come with another body.
    async fn store_event(&self, arrival: &Arrival<'_>) -> Result<(RawEventPlace, TakenIn), NotTakenIn> {
        let provider = arrival.provider.word().to_owned();
        let place = RawEventPlace { provider, day: arrival.day, event_id: arrival.event_id.clone() };
        let event = RawEvent {
            kind: arrival.kind.clone(),
            hash: arrival.hash,
            sealed: self.seal(arrival).await?,
            received_at: arrival.at,
            expires_at: self.kept_until(&TenantKey::from(arrival.tenant), arrival.at).await,
        };
        let recorded = self.store.record_raw_event(&TenantKey::from(arrival.tenant), &place, &event).await?;
        Ok(match recorded {
            RawEventRecorded::New => (place, TakenIn::New),
            RawEventRecorded::AlreadySeen => (place, TakenIn::AlreadySeen),
            RawEventRecorded::OtherBody(beside) => {
                tracing::warn!(
                    event.id = arrival.event_id,
                    "event came again with another body, stored beside the first"
                );
                (beside, TakenIn::OtherBody)
            }
        })
    }

    /// Packed, then sealed: what is sealed does not pack.
    async fn seal(&self, arrival: &Arrival<'_>) -> Result<Vec<u8>, NotTakenIn> {
        let packed = raw_event::pack(arrival.body)?;
        let belongs = Belongs {
            tenant: arrival.tenant.as_str(),
            subject: raw_event::SEALED_SUBJECT,
            field: raw_event::SEALED_FIELD,
        };
        Ok(self.sealer.seal(&belongs, &packed).await?.to_bytes())
    }
}
