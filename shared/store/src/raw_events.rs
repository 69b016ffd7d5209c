//! Raw events: what a provider sent, packed and sealed, for thirty days.
//!
//! The item's place is the event's id; the same id with another body is stored beside the first, and both are kept.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::digest::Digest;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey};

/// How many characters of the hash name a second body.
const HASH_CHARS: usize = 8;

/// Where a raw event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEventPlace {
    /// The provider: `stripe`.
    pub provider: String,
    /// The UTC day on which the provider made the event.
    pub day: BusinessDay,
    /// The provider's event id; of a second body under one id, `<event id>#<hash>`.
    pub event_id: String,
}

impl RawEventPlace {
    /// The day as keys and messages have it: `yyyymmdd`.
    #[must_use]
    pub fn day_text(&self) -> String {
        self.day.to_string().replace('-', "")
    }

    fn key(&self, tenant: &TenantKey) -> Key {
        tenant.raw_event(&self.provider, &self.day_text(), &self.event_id)
    }

    /// The place that a message names; none when its day is no day.
    #[must_use]
    pub fn parse(provider: &str, day_text: &str, event_id: &str) -> Option<Self> {
        let (year, rest) = day_text.split_at_checked(4)?;
        let (month, date) = rest.split_at_checked(2)?;
        let day = BusinessDay::parse(&format!("{year}-{month}-{date}")).ok()?;
        Some(Self { provider: provider.to_owned(), day, event_id: event_id.to_owned() })
    }
}

/// A raw event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// The provider's type of it.
    pub kind: String,
    /// Digest of the type and the data object. Envelopes change when an event is sent again; these do not.
    pub hash: Digest,
    /// The body, packed and sealed.
    pub sealed: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// What became of a raw event that came in. It is stored in all three cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawEventRecorded {
    /// It is new.
    New,
    /// It had come before.
    AlreadySeen,
    /// Its id had come before with another body: this one is beside it, at this place.
    OtherBody(RawEventPlace),
}

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    kind: String,
    hash: Digest,
    received_ms: i64,
    expires_at: i64,
}

/// The name of the sealed bytes, which are a binary attribute: text would be a third larger.
const SEALED: &str = "sealed";
const ENTITY: &str = "raw_event";

impl Store {
    /// Records a raw event: one conditional write, unless its id has come with another body.
    ///
    /// # Errors
    /// The table is away, or what is stored at the place cannot be read.
    pub async fn record_raw_event(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
        event: &RawEvent,
    ) -> Result<RawEventRecorded, StoreError> {
        let Some(there) = self.put_raw_event(&place.key(tenant), event).await? else {
            return Ok(RawEventRecorded::New);
        };
        if there == event.hash {
            return Ok(RawEventRecorded::AlreadySeen);
        }
        let hash = event.hash.to_hex();
        let beside = RawEventPlace {
            event_id: format!("{}#{}", place.event_id, hash.get(..HASH_CHARS).unwrap_or(&hash)),
            ..place.clone()
        };
        // There already: that body has come before too.
        self.put_raw_event(&beside.key(tenant), event).await?;
        Ok(RawEventRecorded::OtherBody(beside))
    }

    /// The raw event at a place.
    ///
    /// # Errors
    /// The table is away, or the item cannot be read.
    pub async fn get_raw_event(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
    ) -> Result<Option<RawEvent>, StoreError> {
        let key = place.key(tenant);
        let request = self.db.get_item().table_name(&self.tables.ops).set_key(Some(item::key_map(&key)));
        let answer =
            request.consistent_read(true).send().await.map_err(|error| unavailable("reading a raw event", error))?;
        answer.item.map(|attributes| parse(&key, attributes)).transpose()
    }

    /// Puts it where nothing is; otherwise tells the hash of what is there.
    async fn put_raw_event(&self, key: &Key, event: &RawEvent) -> Result<Option<Digest>, StoreError> {
        let item = Item {
            entity: ENTITY.to_owned(),
            v: 1,
            kind: event.kind.clone(),
            hash: event.hash,
            received_ms: event.received_at.as_millisecond(),
            expires_at: event.expires_at.as_second(),
        };
        let mut attributes = item::write(key, &item)?;
        attributes.insert(SEALED.to_owned(), AttributeValue::B(Blob::new(event.sealed.clone())));
        let request = self
            .db
            .put_item()
            .table_name(&self.tables.ops)
            .set_item(Some(attributes))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(None) };
        let there = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned().unwrap_or_default(),
            _ => return Err(unavailable("recording a raw event", error)),
        };
        parse(key, there).map(|there| Some(there.hash))
    }
}

fn parse(key: &Key, mut attributes: Attributes) -> Result<RawEvent, StoreError> {
    let sealed = match attributes.remove(SEALED) {
        Some(AttributeValue::B(sealed)) => sealed.into_inner(),
        _ => return Err(item::inconsistent(key, "no sealed body")),
    };
    let item: Item = item::read(attributes)?;
    if item.entity != ENTITY {
        return Err(item::inconsistent(key, format!("a {} among the raw events", item.entity)));
    }
    let at = |at: Result<Timestamp, jiff::Error>| at.map_err(|error| item::inconsistent(key, error));
    Ok(RawEvent {
        kind: item.kind,
        hash: item.hash,
        sealed,
        received_at: at(Timestamp::from_millisecond(item.received_ms))?,
        expires_at: at(Timestamp::from_second(item.expires_at))?,
    })
}

#[cfg(test)]
mod tests;
