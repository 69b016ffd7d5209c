//! Audit entries: written with the step that they tell of, listed and never changed.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use serde::{Deserialize, Serialize};

use crate::request::{self, Range};
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct AuditItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    entry: AuditEntry,
}

/// Reads an audit entry.
pub(crate) fn read(attributes: crate::item::Attributes) -> Result<AuditEntry, StoreError> {
    crate::item::read::<AuditItem>(attributes).map(|item| item.entry)
}

impl Store {
    pub(crate) fn new_audit_entry(
        &self,
        tenant: &TenantKey,
        entry: &AuditEntry,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = AuditItem { entity: "audit".to_owned(), v: 1, entry: entry.clone() };
        request::put_new(&self.tables.core, &tenant.audit(&entry.aggregate, entry.no), &item)
    }

    /// The whole chain of a thing, in order.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_audit(&self, tenant: &TenantKey, aggregate: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let key = tenant.audit(aggregate, 0);
        let found: Vec<AuditItem> =
            self.list_range(&self.tables.core, &Range::prefix(&key.pk, "0"), "listing an audit trail").await?;
        Ok(found.into_iter().map(|item| item.entry).collect())
    }
}
