//! Items of an older version are written anew in today's. Readers take both, so nothing waits for it, and it may stop and go
//! on at any time.
//!
//! To add a kind: its reader takes both versions, and here a method reads one item and says what it is today.

use domain::fact::PaymentKey;
use domain::id::SaleId;
use domain::time::BusinessDay;
use serde::{Deserialize, Serialize};

use crate::customers::{CustomerItem, read_customer};
use crate::item::{self, Attributes};
use crate::request::{self, unavailable};
use crate::sales::{is_alias, read_sale, todays};
use crate::{Store, StoreError, TenantKey};

/// What only a sale of the first version has: today's says it otherwise.
const OF_FIRST_SALES: [&str; 3] = ["booked_day", "occurred_at", "booked_at"];
/// What only a customer of the first version has.
const OF_FIRST_CUSTOMERS: [&str; 2] = ["winner", "met_at"];

/// Whether something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// It is.
    Yes,
    /// It is only said what would be.
    DryRun,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrated {
    /// It is of today's version.
    AsToday,
    /// It was of an older one, and is, or in a dry run would be, of today's.
    Rewritten,
    /// Another wrote it meanwhile; whoever does writes today's version.
    Overtaken,
    /// There is none.
    NotThere,
}

/// How far a tenant's items are migrated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationProgress {
    /// The day of the journal at which it stands.
    pub day: BusinessDay,
    /// The place of that day behind which it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Items that were looked at.
    pub looked_at: u64,
    /// Items that were written anew.
    pub rewritten: u64,
}

#[derive(Serialize, Deserialize)]
struct ProgressItem {
    entity: String,
    v: u32,
    progress: MigrationProgress,
}

impl Store {
    /// A sale; with it whose it is, so that the customer can follow.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read in any version.
    pub async fn migrate_sale(
        &self,
        tenant: &TenantKey,
        sale: &SaleId,
        writing: Writing,
    ) -> Result<(Migrated, Option<PaymentKey>), StoreError> {
        let (core, key) = (&self.tables.core, tenant.sale(sale));
        let found = self.get_attributes(core, &key, true, "reading a sale to migrate").await?;
        let Some(old) = found.filter(|attributes| !is_alias(attributes)) else { return Ok((Migrated::NotThere, None)) };
        let read = read_sale(old.clone())?;
        let customer = read.customer.clone();
        // Its version stays: what it says is the same, and whoever has read it may go on with it.
        let new = item::write(&key, &todays(tenant, &read))?;
        Ok((self.rewrite((old, &OF_FIRST_SALES), new, writing).await?, customer))
    }

    /// A customer.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read in any version.
    pub async fn migrate_customer(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        writing: Writing,
    ) -> Result<Migrated, StoreError> {
        let (core, key) = (&self.tables.core, tenant.customer(customer));
        let Some(old) = self.get_attributes(core, &key, true, "reading a customer to migrate").await? else {
            return Ok(Migrated::NotThere);
        };
        let mut read = read_customer(old.clone())?;
        // One of the first version has no number of its own: today's begins to count.
        read.version = read.version.max(1);
        let new = item::write(&key, &CustomerItem::new(&read))?;
        self.rewrite((old, &OF_FIRST_CUSTOMERS), new, writing).await
    }

    /// Puts today's form over the old one, which must still be as it was read. What the old form says beside its own fields
    /// stays.
    async fn rewrite(
        &self,
        (old, outdated): (Attributes, &[&str]),
        new: Attributes,
        writing: Writing,
    ) -> Result<Migrated, StoreError> {
        if old.get("v") == new.get("v") {
            return Ok(Migrated::AsToday);
        }
        if writing == Writing::DryRun {
            return Ok(Migrated::Rewritten);
        }
        let (v, version) = (old.get("v").cloned(), old.get("version").cloned());
        let mut whole: Attributes = old.into_iter().filter(|(name, _)| !outdated.contains(&name.as_str())).collect();
        whole.extend(new);
        let same = if version.is_some() { "version = :version" } else { "attribute_not_exists(version)" };
        let mut request = self
            .db
            .put_item()
            .table_name(&self.tables.core)
            .set_item(Some(whole))
            .condition_expression(format!("v = :v AND {same}"))
            .expression_attribute_values(":v", v.unwrap_or_else(|| item::number(1)));
        if let Some(version) = version {
            request = request.expression_attribute_values(":version", version);
        }
        match request.send().await {
            Ok(_) => Ok(Migrated::Rewritten),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                // The client's own retry can report a failed condition for a write that succeeded: either way it is of today.
                Ok(Migrated::Overtaken)
            }
            Err(error) => Err(unavailable("migrating an item", error)),
        }
    }

    /// How far a tenant's items are migrated, where somebody has begun.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_migration(&self, tenant: &TenantKey) -> Result<Option<MigrationProgress>, StoreError> {
        let (key, doing) = (tenant.migration(), "reading how far a migration is");
        let found: Option<ProgressItem> = self.get(&self.tables.ops, &key, doing).await?;
        Ok(found.map(|found| found.progress))
    }

    /// Notes how far a tenant's items are migrated. It only helps to go on: two who migrate at once do no harm.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_migration(&self, tenant: &TenantKey, progress: &MigrationProgress) -> Result<(), StoreError> {
        let item = ProgressItem { entity: "migration".to_owned(), v: 1, progress: progress.clone() };
        let doing = "noting how far a migration is";
        let put = request::put_over(&self.tables.ops, &tenant.migration(), &item)?;
        self.put_alone(put, doing).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests;
