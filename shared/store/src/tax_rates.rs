//! Rates of sales tax: each from a day on, never changed; another one takes its place from its own day.

use domain::audit::AuditEntry;
use domain::sales_tax::{Jurisdiction, TaxRate};
use serde::{Deserialize, Serialize};

use crate::request::{self, Range, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct TaxRateItem {
    entity: String,
    v: u32,
    rate: TaxRate,
}

impl Store {
    /// A rate is stored, with the audit entry of it; refused when one of that place and day is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_tax_rate(
        &self,
        tenant: &TenantKey,
        rate: &TaxRate,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.tax_rate(&rate.place, rate.from);
        let item = TaxRateItem { entity: "tax_rate".to_owned(), v: 1, rate: rate.clone() };
        let items = vec![request::put_new(&self.tables.core, &key, &item)?, self.new_audit_entry(tenant, told)?];
        Ok(match self.transact(items, "storing a rate of sales tax").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The rate of a place that begins on the day of another one: what was stored first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_rate_like(&self, tenant: &TenantKey, rate: &TaxRate) -> Result<Option<TaxRate>, StoreError> {
        let key = tenant.tax_rate(&rate.place, rate.from);
        let found: Option<TaxRateItem> = self.get(&self.tables.core, &key, "reading a rate of sales tax").await?;
        Ok(found.map(|item| item.rate))
    }

    /// Every rate of a country and its regions.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_tax_rates_of(
        &self,
        tenant: &TenantKey,
        place: &Jurisdiction,
    ) -> Result<Vec<TaxRate>, StoreError> {
        let pk = tenant.tax_rates();
        let range = Range::prefix(&pk, place.country());
        let doing = "listing a country's rates of sales tax";
        let found: Vec<TaxRateItem> = self.list_range(&self.tables.core, &range, doing).await?;
        Ok(found.into_iter().map(|item| item.rate).collect())
    }

    /// A page of all rates by place and day, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_tax_rates(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<TaxRate>, StoreError> {
        let (pk, doing) = (tenant.tax_rates(), "listing rates of sales tax");
        let page: Page<TaxRateItem> = self.page_behind(&pk, after, limit, doing).await?;
        Ok(Page { items: page.items.into_iter().map(|item| item.rate).collect(), next: page.next })
    }
}

#[cfg(test)]
mod tests;
