//! Audit entries: written with the step that they tell of, listed and never changed.
//!
//! Two ways to tell. Where the thing keeps the end of its own chain (payouts, changes by hand, members, recomputes) the
//! caller makes the entry. Everywhere else [`Store::telling`] does: the next write through it carries the entry.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

mod days;
mod telling;

use aws_sdk_dynamodb::types::TransactWriteItem;
pub use days::{AuditPlace, DayHead};
use domain::audit::{AuditEntry, ChainEnd};
use serde::{Deserialize, Serialize};
pub(crate) use telling::Pending;

use crate::item::Attributes;
use crate::request::{self, Range};
use crate::{Store, StoreError, TenantKey, item};

#[derive(Serialize, Deserialize)]
struct AuditItem {
    entity: String,
    #[serde(flatten)]
    entry: AuditEntry,
    /// What was written before there was a list by days has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day_sk: Option<String>,
}

/// Reads an audit entry.
pub(crate) fn read(attributes: Attributes) -> Result<AuditEntry, StoreError> {
    item::read::<AuditItem>(attributes).map(|item| item.entry)
}

impl Store {
    pub(crate) fn new_audit_entry(
        &self,
        tenant: &TenantKey,
        entry: &AuditEntry,
    ) -> Result<TransactWriteItem, StoreError> {
        let place = AuditPlace::of(entry);
        let item = AuditItem {
            entity: "audit".to_owned(),
            entry: entry.clone(),
            day_pk: Some(tenant.audit_day(place.day())),
            day_sk: Some(place.text()),
        };
        request::put_new(&self.tables.core, &tenant.audit(&entry.aggregate, entry.no), &item)
    }

    /// The whole chain of a thing, in order.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_audit(&self, tenant: &TenantKey, aggregate: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let key = tenant.audit(aggregate, 0);
        let range = Range::prefix(&key.pk, "0");
        let found = self.list_attributes(&self.tables.core, &range, "listing an audit trail").await?;
        found.into_iter().map(read).collect()
    }

    /// The end of the chain of a thing: one read, however long it is.
    ///
    /// # Errors
    /// The store does not answer, or the entry cannot be read.
    pub async fn get_chain_end(&self, tenant: &TenantKey, aggregate: &str) -> Result<ChainEnd, StoreError> {
        Ok(self.get_last_told(tenant, aggregate).await?.map_or(ChainEnd::START, |entry| entry.end()))
    }
}

#[cfg(test)]
mod tests;
