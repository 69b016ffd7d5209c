//! What waits: facts of a payment that is not known yet, and events that cannot be booked as they are.
//!
//! A parked fact stands under every name of its payment that leads nowhere yet, and once in the list of what waits, so
//! that one that waits too long is found. Two tellings that differ are parked both: applied in any order they end alike.

use domain::digest::Digest;
use domain::fact::{Fact, PaymentKey};
use domain::id::SaleId;
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::raw_events::RawEventPlace;
use crate::refunds::RefundItem;
use crate::request::{self, Range, Transacted};
use crate::{Page, Store, StoreError, TenantKey, Written};

/// How much of a digest tells two facts of one payment apart.
const MARK_CHARS: usize = 16;

/// A fact that waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The name of the payment that it waits under.
    pub name: PaymentKey,
    /// The fact.
    pub fact: Fact,
    /// Since when; none for what the first version parked.
    pub parked_at: Option<Timestamp>,
    /// Its place among what is parked under the name.
    mark: String,
}

/// One thing in the list of what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// What.
    pub what: WaitingFor,
}

/// What waits, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// A fact, for its payment to be told under this name.
    Payment(PaymentKey),
    /// A stored event, for a person: it cannot be booked as it is.
    Person {
        /// Where the event is stored.
        provider: String,
        /// The day of its partition.
        day: String,
        /// Its id.
        event_id: String,
        /// What is wrong with it.
        reason: String,
        /// The id by which the logs tell of it.
        correlation_id: String,
    },
}

#[derive(Serialize, Deserialize)]
struct ParkedItem {
    entity: String,
    v: u32,
    /// As JSON: what it says, and no more, comes back.
    fact: String,
    parked_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct WaitingItem {
    entity: String,
    v: u32,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<WaitingEvent>,
}

#[derive(Serialize, Deserialize)]
struct WaitingEvent {
    provider: String,
    day: String,
    event_id: String,
    reason: String,
    correlation_id: String,
}

impl Store {
    /// A fact waits under a name of its payment, as long as nothing is known under that name. `false` when something
    /// is by now: look again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn park(
        &self,
        tenant: &TenantKey,
        name: &PaymentKey,
        fact: &Fact,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let core = &self.tables.core;
        let key = |mark: &str| tenant.parked(name, mark);
        let text = serde_json::to_string(fact).map_err(|why| inconsistent(&key(""), why))?;
        let mark = mark_of(&text);
        let parked = ParkedItem { entity: "parked".to_owned(), v: 2, fact: text, parked_at: now };
        let (entity, payment) = ("waiting".to_owned(), Some(name.clone()));
        let listed = WaitingItem { entity, v: 1, since: now, payment, event: None };
        let items = vec![
            request::put_new(core, &key(&mark), &parked)?,
            request::put_new(core, &listed_fact(tenant, now, name, &mark), &listed)?,
            request::check(core, &tenant.sale(&SaleId::of(name)), "attribute_not_exists(pk)")?,
        ];
        Ok(match self.transact(items, "parking a fact").await? {
            Transacted::Yes => true,
            // The last place did not refuse: the payment is unknown still, and the fact is parked already.
            Transacted::ConditionFailed(places) => !places.contains(&2),
        })
    }

    /// The facts that wait under a name, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_parked(&self, tenant: &TenantKey, name: &PaymentKey) -> Result<Vec<Parked>, StoreError> {
        let pk = tenant.alias(name).pk;
        let doing = "listing what is parked under a payment";
        let found = self.list_attributes(&self.tables.core, &Range::prefix(&pk, "parked#"), doing).await?;
        found.into_iter().map(|attributes| read(name, attributes)).collect()
    }

    /// A parked fact was dealt with: it waits no more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unpark(&self, tenant: &TenantKey, parked: &Parked) -> Result<(), StoreError> {
        let core = &self.tables.core;
        let mut items = vec![request::delete_existing(core, &tenant.parked(&parked.name, &parked.mark))?];
        if let Some(since) = parked.parked_at {
            items.push(request::delete_existing(core, &listed_fact(tenant, since, &parked.name, &parked.mark))?);
        }
        self.transact(items, "taking a fact out of the park").await.map(|_| ())
    }

    /// A stored event waits for a person; told again, it waits since the first time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn park_event(
        &self,
        tenant: &TenantKey,
        place: &RawEventPlace,
        (reason, correlation_id): (&str, &str),
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        let event = WaitingEvent {
            provider: place.provider.clone(),
            day: place.day.to_string(),
            event_id: place.event_id.clone(),
            reason: reason.to_owned(),
            correlation_id: correlation_id.to_owned(),
        };
        let listed = WaitingItem { entity: "waiting".to_owned(), v: 1, since: now, payment: None, event: Some(event) };
        self.put_new(&self.tables.core, &listed_event(tenant, place), &listed, "parking an event").await
    }

    /// An event was dealt with by a person: it waits no more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unpark_event(&self, tenant: &TenantKey, place: &RawEventPlace) -> Result<(), StoreError> {
        let delete = request::delete_existing(&self.tables.core, &listed_event(tenant, place))?;
        self.transact(vec![delete], "taking an event out of the park").await.map(|_| ())
    }

    /// A page of everything that waits: events first, then facts, those that wait longest first. `after` is where the
    /// page before ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_waiting(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Waiting>, StoreError> {
        let pk = tenant.waiting();
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let doing = "listing what waits";
        let (found, more) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let next = found.last().filter(|_| more.is_some()).map(|row| item::place_of(row).1);
        let items: Result<Vec<Waiting>, StoreError> = found.into_iter().map(read_waiting).collect();
        Ok(Page { items: items?, next })
    }
}

fn mark_of(text: &str) -> String {
    Digest::of_bytes(text.as_bytes()).to_hex()[..MARK_CHARS].to_owned()
}

fn listed_fact(tenant: &TenantKey, since: Timestamp, name: &PaymentKey, mark: &str) -> Key {
    Key::new(tenant.waiting(), format!("fact#{}#{name}#{mark}", sortable(since)))
}

fn listed_event(tenant: &TenantKey, place: &RawEventPlace) -> Key {
    Key::new(tenant.waiting(), format!("event#{}#{}#{}", place.provider, place.day, place.event_id))
}

/// Reads a parked fact; what the first version parked is a refund, under its own id.
fn read(name: &PaymentKey, attributes: Attributes) -> Result<Parked, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let mark = sk.split_once('#').map_or_else(String::new, |(_, mark)| mark.to_owned());
    if !attributes.contains_key("fact") {
        let refund = item::read::<RefundItem>(attributes)?.into_refund();
        return Ok(Parked { name: name.clone(), fact: Fact::Refund(refund), parked_at: None, mark });
    }
    let found: ParkedItem = item::read(attributes)?;
    let fact = serde_json::from_str(&found.fact).map_err(|why| inconsistent(&Key { pk, sk }, why))?;
    Ok(Parked { name: name.clone(), fact, parked_at: Some(found.parked_at), mark })
}

fn read_waiting(attributes: Attributes) -> Result<Waiting, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let found: WaitingItem = item::read(attributes)?;
    let what = match (found.payment, found.event) {
        (Some(payment), _) => WaitingFor::Payment(payment),
        (None, Some(event)) => WaitingFor::Person {
            provider: event.provider,
            day: event.day,
            event_id: event.event_id,
            reason: event.reason,
            correlation_id: event.correlation_id,
        },
        (None, None) => return Err(inconsistent(&Key { pk, sk }, "nothing that waits")),
    };
    Ok(Waiting { since: found.since, what })
}

#[cfg(test)]
mod tests;
