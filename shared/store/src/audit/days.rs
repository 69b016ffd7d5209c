//! The audit by days: what happened on each, newest or oldest first, and the head of each day, which is kept elsewhere.

use std::collections::BTreeMap;

use domain::audit::{AuditEntry, TrailEnd};
use domain::digest::Digest;
use domain::time::BusinessDay;
use serde::{Deserialize, Serialize};

use super::read;
use crate::item::{self, inconsistent};
use crate::journal::Order;
use crate::keys::Key;
use crate::request::{Range, unavailable};
use crate::{Page, Store, StoreError, TenantKey, Written};

/// How long an instant is at the beginning of a day's text.
const DAY_CHARS: usize = 10;

/// The place of an entry in the list of a day: the instant, the thing, the number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    at: String,
    aggregate: String,
    no: u32,
}

impl AuditPlace {
    /// The place of an entry.
    #[must_use]
    pub fn of(entry: &AuditEntry) -> Self {
        Self { at: entry.at.clone(), aggregate: entry.aggregate.clone(), no: entry.no }
    }

    /// Reads the text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('|')?;
        let (aggregate, no) = rest.rsplit_once('|')?;
        let is_instant = BusinessDay::parse(at.get(..DAY_CHARS)?).is_ok() && at.len() < 40;
        let is_thing = !aggregate.is_empty() && aggregate.len() < 1_000;
        (is_instant && is_thing).then_some(())?;
        Some(Self { at: at.to_owned(), aggregate: aggregate.to_owned(), no: no.parse().ok().filter(|no| *no > 0)? })
    }

    /// As text, in whose order a day is listed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}|{}|{:08}", self.at, self.aggregate, self.no)
    }

    /// The thing.
    #[must_use]
    pub fn aggregate(&self) -> &str {
        &self.aggregate
    }

    /// The number of the entry.
    #[must_use]
    pub fn no(&self) -> u32 {
        self.no
    }

    /// Behind every entry of a day.
    #[must_use]
    pub fn end_of(day: BusinessDay) -> Self {
        // `~` sorts behind every character of an instant.
        Self { at: format!("{day}~"), aggregate: "~".to_owned(), no: 1 }
    }

    /// The day (UTC) as text.
    #[must_use]
    pub fn day(&self) -> &str {
        self.at.get(..DAY_CHARS).unwrap_or_default()
    }
}

/// The head of a day: how many entries it had when it was over, and the hash over them; chained to the days before, so that
/// the newest head that somebody wrote down elsewhere vouches for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayHead {
    /// The day (UTC).
    pub day: BusinessDay,
    /// Entries of the day, and a hash over their hashes in the order of the day.
    pub end: TrailEnd,
    /// The hash over this head and all before it.
    pub chain: Digest,
}

impl DayHead {
    /// The head of a day behind the one before it.
    #[must_use]
    pub fn after(before: Option<&Self>, day: BusinessDay, end: TrailEnd) -> Self {
        let first = Self { day, end, chain: Digest::ZERO };
        let chain = before.unwrap_or(&first).chained(day, end);
        Self { chain, ..first }
    }

    /// The hash that the head of the next day must have.
    #[must_use]
    pub fn chained(&self, day: BusinessDay, end: TrailEnd) -> Digest {
        let (day, entries) = (day.to_string(), end.entries.to_be_bytes());
        Digest::of(&[self.chain.as_bytes(), day.as_bytes(), &entries, end.hash.as_bytes()])
    }
}

#[derive(Serialize, Deserialize)]
struct HeadItem {
    entity: String,
    v: u32,
    entries: u64,
    hash: Digest,
    chain: Digest,
}

impl Store {
    /// A page of the places of a day, behind a place; from the index of days, which may lag a moment.
    ///
    /// # Errors
    /// The store does not answer, or a place cannot be read.
    pub async fn list_audit_places(
        &self,
        tenant: &TenantKey,
        day: BusinessDay,
        (order, after): (Order, Option<&AuditPlace>),
        limit: usize,
    ) -> Result<Page<AuditPlace>, StoreError> {
        let pk = tenant.audit_day(&day.to_string());
        let (condition, start) = match order {
            Order::Oldest => ("day_pk = :pk AND day_sk > :after", " "),
            Order::Newest => ("day_pk = :pk AND day_sk < :after", "~"),
        };
        let after = after.map_or_else(|| start.to_owned(), AuditPlace::text);
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .index_name("day-log")
            .key_condition_expression(condition)
            .scan_index_forward(order == Order::Oldest)
            .expression_attribute_values(":pk", item::text(&pk))
            .expression_attribute_values(":after", item::text(after))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = request.send().await.map_err(|error| unavailable("listing the audit of a day", error))?;
        let places = answer.items.unwrap_or_default().into_iter().map(|row| {
            let text = row.get("day_sk").and_then(|text| text.as_s().ok()).cloned().unwrap_or_default();
            let key = Key { pk: pk.clone(), sk: text.clone() };
            AuditPlace::parse(&text).ok_or_else(|| inconsistent(&key, "not a place of an audit entry"))
        });
        let items = places.collect::<Result<Vec<_>, _>>()?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        let next = items.last().filter(|_| more).map(AuditPlace::text);
        Ok(Page { items, next })
    }

    /// Entries by thing and number; those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer, or an entry cannot be read.
    pub async fn get_audit_entries(
        &self,
        tenant: &TenantKey,
        wanted: &[(&str, u32)],
    ) -> Result<BTreeMap<(String, u32), AuditEntry>, StoreError> {
        let mut keys: Vec<Key> = wanted.iter().map(|(aggregate, no)| tenant.audit(aggregate, *no)).collect();
        keys.sort();
        keys.dedup();
        let found = self.get_many_attributes(&keys, true, "reading audit entries").await?;
        let entries = found.into_iter().map(|attributes| {
            // By the place where it lies, not by what it says of itself.
            let (pk, sk) = item::place_of(&attributes);
            let aggregate = pk.strip_prefix(&tenant.audit("", 0).pk).unwrap_or_default().to_owned();
            let no = sk.parse().map_err(|error| inconsistent(&Key { pk, sk }, error))?;
            Ok(((aggregate, no), read(attributes)?))
        });
        entries.collect()
    }

    /// The head of a day is kept, apart from the entries; a day that has one keeps it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_audit_head(&self, tenant: &TenantKey, head: &DayHead) -> Result<Written, StoreError> {
        let TrailEnd { entries, hash } = head.end;
        let item = HeadItem { entity: "audit_head".to_owned(), v: 1, entries, hash, chain: head.chain };
        let key = Key::new(tenant.audit_heads(), head.day.to_string());
        self.put_new(&self.tables.ops, &key, &item, "keeping the head of a day's audit").await
    }

    /// The heads of some days, oldest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_audit_heads(
        &self,
        tenant: &TenantKey,
        from: BusinessDay,
        to: BusinessDay,
    ) -> Result<Vec<DayHead>, StoreError> {
        let pk = tenant.audit_heads();
        let range = Range { pk: &pk, from: from.to_string(), to: to.to_string(), consistent: true };
        let found = self.list_attributes(&self.tables.ops, &range, "listing the heads of audited days").await?;
        found.into_iter().map(head_of).collect()
    }

    /// The newest head; none before the first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_last_audit_head(&self, tenant: &TenantKey) -> Result<Option<DayHead>, StoreError> {
        self.get_end_of_audit_heads(tenant, Order::Newest).await
    }

    /// The head of the day from which on every day has one.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_first_audit_head(&self, tenant: &TenantKey) -> Result<Option<DayHead>, StoreError> {
        self.get_end_of_audit_heads(tenant, Order::Oldest).await
    }

    async fn get_end_of_audit_heads(&self, tenant: &TenantKey, order: Order) -> Result<Option<DayHead>, StoreError> {
        let request = self
            .db
            .query()
            .table_name(&self.tables.ops)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text(tenant.audit_heads()))
            .scan_index_forward(order == Order::Oldest)
            .consistent_read(true)
            .limit(1);
        let answer = request.send().await.map_err(|error| unavailable("reading a head of the audit", error))?;
        answer.items.unwrap_or_default().into_iter().next().map(head_of).transpose()
    }
}

fn head_of(attributes: item::Attributes) -> Result<DayHead, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let day = BusinessDay::parse(&sk).map_err(|error| inconsistent(&Key { pk, sk }, error))?;
    let HeadItem { entries, hash, chain, .. } = item::read(attributes)?;
    Ok(DayHead { day, end: TrailEnd { entries, hash }, chain })
}
