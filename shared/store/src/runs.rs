//! Nightly runs: one record a business date.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::id::RunId;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::request::Range;
use crate::{Store, StoreError, TenantKey, Written};

/// The record of a night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Derived from tenant and date.
    pub id: RunId,
    /// The business date that ended.
    pub business_date: BusinessDay,
    /// How many accounts were sent a visit.
    pub accounts: u64,
    /// When the record was made.
    pub completed_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RunItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    run: Run,
}

impl Store {
    /// The last recorded night; `None` before the first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_last_run(&self, tenant: &TenantKey) -> Result<Option<Run>, StoreError> {
        let pk = tenant.runs();
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", crate::item::text(&pk))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1);
        let answer =
            request.send().await.map_err(|error| crate::request::unavailable("reading the last nightly run", error))?;
        let found: Option<RunItem> =
            answer.items.unwrap_or_default().into_iter().next().map(crate::item::read).transpose()?;
        Ok(found.map(|item| item.run))
    }

    /// Every recorded night, oldest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_runs(&self, tenant: &TenantKey) -> Result<Vec<Run>, StoreError> {
        let pk = tenant.runs();
        let found: Vec<RunItem> =
            self.list_range(&self.tables.core, &Range::prefix(&pk, "2"), "listing the nightly runs").await?;
        Ok(found.into_iter().map(|item| item.run).collect())
    }

    /// A night is recorded, once.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_run(&self, tenant: &TenantKey, run: &Run) -> Result<Written, StoreError> {
        let item = RunItem { entity: "run".to_owned(), v: 1, run: run.clone() };
        self.put_new(&self.tables.core, &tenant.run(run.business_date), &item, "recording a nightly run").await
    }
}
