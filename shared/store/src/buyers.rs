//! Customers whom we bill, as we know them: what is personal is sealed, what the provider needs is at the provider.

use domain::fact::PaymentKey;
use domain::id::CustomerId;
use domain::sales_tax::Jurisdiction;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::{self, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// The name under which a buyer's e-mail is sealed; it belongs to (tenant, customer's id, this).
pub const EMAIL: &str = "email";
/// The name under which a buyer's name is sealed.
pub const NAME: &str = "name";

/// What a buyer pays with, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCard {
    /// The provider's id: `pm_…`.
    pub id: String,
    /// `card`, …
    pub kind: String,
    /// `visa`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The last four digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_four: Option<String>,
    /// The month of its end: `2034-08`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// How a buyer stands to tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxStanding {
    /// A person, or anybody who pays as one.
    #[default]
    Consumer,
    /// A business that is registered for the tax.
    Business,
    /// Free of it.
    Exempt,
}

/// A customer whom we bill.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingCustomer {
    /// Our id: [`CustomerId::of`] the provider's.
    pub id: CustomerId,
    /// The provider's: `stripe:cus_…`.
    pub provider: PaymentKey,
    /// The sealed e-mail.
    pub email_sealed: String,
    /// The sealed name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_sealed: Option<String>,
    /// Where they are, as far as tax asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Jurisdiction>,
    /// How they stand to tax.
    #[serde(default)]
    pub tax: TaxStanding,
    /// What they pay with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<ShownCard>,
    /// When they were made.
    pub created_at: Timestamp,
    /// The request that made this version: sent again, it finds its own work.
    pub written_by: String,
    /// Raised by every change.
    pub version: u64,
}

impl std::fmt::Debug for BillingCustomer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BillingCustomer({}, {}, v{}, [sealed])", self.id, self.provider, self.version)
    }
}

#[derive(Serialize, Deserialize)]
struct BuyerItem {
    entity: String,
    v: u32,
    version: u64,
    buyer: BillingCustomer,
}

impl BuyerItem {
    fn of(buyer: &BillingCustomer) -> Self {
        Self { entity: "buyer".to_owned(), v: 1, version: buyer.version, buyer: buyer.clone() }
    }
}

impl Store {
    /// A new customer whom we bill; `ConditionFailed` when they are there already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_buyer(&self, tenant: &TenantKey, buyer: &BillingCustomer) -> Result<Written, StoreError> {
        let (key, item) = (tenant.buyer(&buyer.id), BuyerItem::of(buyer));
        self.put_new(&self.tables.core, &key, &item, "creating a customer whom we bill").await
    }

    /// A customer whom we bill.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_buyer(
        &self,
        tenant: &TenantKey,
        customer: &CustomerId,
    ) -> Result<Option<BillingCustomer>, StoreError> {
        let doing = "reading a customer whom we bill";
        let found: Option<BuyerItem> = self.get(&self.tables.core, &tenant.buyer(customer), doing).await?;
        Ok(found.map(|item| item.buyer))
    }

    /// Puts a customer in the place of the version before; `ConditionFailed` when that has changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_buyer(&self, tenant: &TenantKey, buyer: &BillingCustomer) -> Result<Written, StoreError> {
        let put = self.buyer_replaced(tenant, buyer)?;
        self.put_alone(put, "changing a customer whom we bill").await
    }

    /// The same for a transaction.
    pub(crate) fn buyer_replaced(
        &self,
        tenant: &TenantKey,
        buyer: &BillingCustomer,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        let (key, item) = (tenant.buyer(&buyer.id), BuyerItem::of(buyer));
        request::replace(&self.tables.core, &key, &item, buyer.version.saturating_sub(1))
    }

    /// A page of the customers whom we bill by their ids, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_buyers(
        &self,
        tenant: &TenantKey,
        after: Option<&CustomerId>,
        limit: usize,
    ) -> Result<Page<BillingCustomer>, StoreError> {
        let (pk, after) = (tenant.buyers(), after.map(CustomerId::as_str));
        let page: Page<BuyerItem> = self.page_behind(&pk, after, limit, "listing customers whom we bill").await?;
        Ok(Page { items: page.items.into_iter().map(|item| item.buyer).collect(), next: page.next })
    }
}

#[cfg(test)]
mod tests;
