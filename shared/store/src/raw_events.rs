//! Raw events: what a provider sent, packed and sealed, for thirty days.
//!
//! The item's place is the event's id; the same id with another body is stored beside the first, and both are kept.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::request::{Range, UpdateBuilder, unavailable};
use crate::{Page, Store, StoreError, TenantKey, Written};

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

/// A raw event as the inbound log shows it: everything but its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it is stored.
    pub place: RawEventPlace,
    /// The provider's type of it.
    pub kind: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it is not booked, as far as that is known.
    pub trouble: Option<Trouble>,
}

/// A raw event, and what kept it from being booked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The event.
    pub event: RawEvent,
    /// Its mark, if it has one.
    pub mark: Option<TroubleKind>,
}

/// Why an event is not booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it means for the event.
    pub kind: TroubleKind,
    /// The reason, as the log has it.
    pub reason: String,
    /// When it was found, the last time.
    pub at: Timestamp,
}

/// What keeps an event from being booked. A mark is written where a try does not end well, and nothing where it does: so
/// that an event is booked costs no write of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TroubleKind {
    /// It contradicts what is booked, or cannot be read: a person must look.
    Refused,
    /// It is to be tried again.
    Waiting,
    /// It was understood, and waits for the payment that it is about.
    Parked {
        /// The payment.
        payment: PaymentKey,
    },
    /// It is of its provider's test mode, and only kept.
    TestMode,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble_ms: Option<i64>,
    /// What was marked before kinds were told was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble_kind: Option<TroubleKind>,
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
        Ok(self.get_marked_event(tenant, place).await?.map(|marked| marked.event))
    }

    /// The raw event at a place, and whether it is marked as not booked.
    ///
    /// # Errors
    /// The table is away, or the item cannot be read.
    pub async fn get_marked_event(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
    ) -> Result<Option<Marked>, StoreError> {
        let key = place.key(tenant);
        let found = self.get_attributes(&self.tables.ops, &key, true, "reading a raw event").await?;
        let marked = |attributes: Attributes| {
            let kind = attributes.get("trouble_kind").cloned();
            let kind = kind.map(serde_dynamo::from_attribute_value).transpose();
            let kind = kind.map_err(|error| item::inconsistent(&key, error))?;
            let mark = attributes.contains_key("trouble").then(|| kind.unwrap_or(TroubleKind::Refused));
            parse(&key, attributes).map(|event| Marked { event, mark })
        };
        found.map(marked).transpose()
    }

    /// A page of the raw events of a provider's day, by their ids, behind one.
    ///
    /// # Errors
    /// The table is away, or an item cannot be read.
    pub async fn list_raw_events(
        &self,
        tenant: &TenantKey,
        (provider, day): (&str, BusinessDay),
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Delivered>, StoreError> {
        let day_text = day.to_string().replace('-', "");
        let pk = tenant.raw_events(provider, &day_text);
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: "~".to_owned(), consistent: false };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let doing = "listing raw events";
        let (found, more) = self.query_page(&self.tables.ops, &range, None, Some(most), doing).await?;
        let next = found.last().filter(|_| more.is_some()).map(|row| item::place_of(row).1);
        let items: Result<Vec<Delivered>, StoreError> =
            found.into_iter().map(|attributes| delivered(provider, day, attributes)).collect();
        Ok(Page { items: items?, next })
    }

    /// The event at a place as the inbound log shows it.
    ///
    /// # Errors
    /// The table is away, or the item cannot be read.
    pub async fn get_delivered(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
    ) -> Result<Option<Delivered>, StoreError> {
        let doing = "reading a raw event";
        let found = self.get_attributes(&self.tables.ops, &place.key(tenant), true, doing).await?;
        found.map(|attributes| delivered(&place.provider, place.day, attributes)).transpose()
    }

    /// An event is not booked; the newest reason stands. `ConditionFailed` when it is not stored any more.
    ///
    /// # Errors
    /// The table is away.
    pub async fn record_trouble(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
        trouble: &Trouble,
    ) -> Result<Written, StoreError> {
        let key = place.key(tenant);
        let kind = serde_dynamo::to_attribute_value(&trouble.kind);
        let kind = kind.map_err(|error| item::inconsistent(&key, error))?;
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("trouble", item::text(&trouble.reason))
            .set("trouble_ms", item::number(trouble.at.as_millisecond()))
            .set("trouble_kind", kind)
            .require("entity", Some(item::text(ENTITY)))
            .build()?;
        self.update(update, "recording why an event is not booked").await
    }

    /// An event is booked after all. `ConditionFailed` when it is not stored any more.
    ///
    /// # Errors
    /// The table is away.
    pub async fn clear_trouble(&self, tenant: &TenantKey, place: &RawEventPlace) -> Result<Written, StoreError> {
        let key = place.key(tenant);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .remove("trouble")
            .remove("trouble_ms")
            .remove("trouble_kind")
            .require("entity", Some(item::text(ENTITY)))
            .build()?;
        self.update(update, "recording that an event is booked").await
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
            trouble: None,
            trouble_ms: None,
            trouble_kind: None,
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

fn delivered(provider: &str, day: BusinessDay, attributes: Attributes) -> Result<Delivered, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let item: Item = item::read(attributes)?;
    let key = Key { pk, sk: sk.clone() };
    let at = |ms: i64| Timestamp::from_millisecond(ms).map_err(|error| item::inconsistent(&key, error));
    let trouble = match (item.trouble, item.trouble_ms) {
        (Some(reason), Some(ms)) => {
            let kind = item.trouble_kind.unwrap_or(TroubleKind::Refused);
            Some(Trouble { kind, reason, at: at(ms)? })
        }
        _ => None,
    };
    let received_at = at(item.received_ms)?;
    let place = RawEventPlace { provider: provider.to_owned(), day, event_id: sk };
    Ok(Delivered { place, kind: item.kind, received_at, trouble })
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
