//! Customers: who they are is not kept, only who brought them and since when they pay.

mod item_of;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::attribution::customer::Customer;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, SaleId};
pub(crate) use item_of::{CustomerItem, read as read_customer};
use serde::{Deserialize, Serialize};

use crate::moving::Moving;
use crate::request::{self, Range, Transacted};
use crate::sales::{NewSale, SaleWritten};
use crate::{Store, StoreError, TenantKey, Written, item};

/// A customer as they were read, and as a change leaves them.
#[derive(Clone, Copy, Debug)]
pub struct CustomerChange<'a> {
    /// As the provider names them.
    pub key: &'a PaymentKey,
    /// The version as read; `None` where nothing was known of them.
    pub before: Option<u64>,
    /// What is known from now on; `None` where nothing is news.
    pub after: Option<&'a Customer>,
    /// What was known of leads of its addresses, which the change relies on.
    pub relies_on: &'a [LeadsRead],
    /// Partners some of whose sales the change may make another's: [`Customer::moves_from`].
    pub moves: &'a [PartnerId],
}

/// In which state the leads of an address were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadsRead {
    /// The digest of the normalised e-mail.
    pub email: Digest,
    /// Their version; zero where there were none.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct UndecidedItem {
    entity: String,
    v: u32,
    sale: SaleId,
}

impl Store {
    /// What is known of a customer, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_customer(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
    ) -> Result<Option<Customer>, StoreError> {
        let key = tenant.customer(customer);
        let found = self.get_attributes(&self.tables.core, &key, true, "reading a customer").await?;
        found.map(item_of::read).transpose()
    }

    /// A customer changes, by a fact that is no sale.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_customer(
        &self,
        tenant: &TenantKey,
        change: &CustomerChange<'_>,
    ) -> Result<Written, StoreError> {
        let mut items = self.customer_parts(tenant, change)?;
        let doing = "recording a customer";
        if items.len() <= 1 {
            return match items.pop() {
                Some(item) => self.put_alone(item, doing).await,
                None => Ok(Written::Yes),
            };
        }
        Ok(match self.transact(items, doing).await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The items of a customer's change: the customer in their version, and what makes a later lead find them.
    pub(crate) fn customer_parts(
        &self,
        tenant: &TenantKey,
        change: &CustomerChange<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let Some(after) = change.after else { return Ok(Vec::new()) };
        let core = &self.tables.core;
        let key = tenant.customer(change.key);
        let item = item_of::CustomerItem::new(after);
        let mut items = vec![match change.before {
            None => request::put_new(core, &key, &item)?,
            // Customers of the first version have none.
            Some(0) => request::put_when(core, &key, &item, "attribute_exists(pk) AND attribute_not_exists(version)")?,
            Some(version) => request::replace(core, &key, &item, version)?,
        }];
        for read in change.relies_on {
            items.extend(self.waiting_parts(tenant, change.key, *read)?);
        }
        for partner in change.moves {
            let moving = Moving { partner: partner.clone(), customer: change.key.clone(), version: after.version };
            items.push(self.moving_part(tenant, &moving)?);
        }
        Ok(items)
    }

    /// The condition that a customer is still as they were read: else whoever changes them would miss the sale.
    pub(crate) fn customer_unchanged(
        &self,
        tenant: &TenantKey,
        change: &CustomerChange<'_>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.customer(change.key);
        match change.before {
            None => request::check(&self.tables.core, &key, "attribute_not_exists(pk)"),
            Some(0) => request::check(&self.tables.core, &key, "attribute_not_exists(version)"),
            Some(version) => request::check_version(&self.tables.core, &key, version),
        }
    }

    /// The sales of a customer that nobody is paid for, strongly consistent. Whatever changes the customer decides them
    /// again.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_undecided(&self, tenant: &TenantKey, customer: &PaymentKey) -> Result<Vec<SaleId>, StoreError> {
        let key = tenant.customer(customer);
        let range = Range::prefix(&key.pk, "undecided#");
        let doing = "listing the sales of a customer that nobody is paid for";
        let found: Vec<UndecidedItem> = self.list_range(&self.tables.core, &range, doing).await?;
        Ok(found.into_iter().map(|item| item.sale).collect())
    }

    /// A sale waits with its customer. A row that is there already is the same one: the sale's version guards it.
    pub(crate) fn undecided_part(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        sale: &SaleId,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = UndecidedItem { entity: "undecided".to_owned(), v: 1, sale: sale.clone() };
        request::put_over(&self.tables.core, &tenant.undecided(customer, sale), &item)
    }

    /// A sale of a customer is paid for: it need not be decided again.
    pub(crate) fn undecided_no_more(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        sale: &SaleId,
    ) -> Result<TransactWriteItem, StoreError> {
        request::delete_any(&self.tables.core, &tenant.undecided(customer, sale))
    }

    /// A sale that nobody was paid for is decided anew: the sale in its version, its lines and heads, what was noticed
    /// about it; and where somebody is paid now, it waits no more. Of a customer whom several partners have it is listed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide_sale(
        &self,
        tenant: &TenantKey,
        (customer, is_shared): (&PaymentKey, bool),
        before: u64,
        new: &NewSale<'_>,
    ) -> Result<SaleWritten, StoreError> {
        let mut others = Vec::new();
        if !new.sale.decision.credits().is_empty() {
            others.push(self.undecided_no_more(tenant, customer, &new.sale.id)?);
            if is_shared && new.sale.customer.is_some() {
                // Until now it was found among what waits.
                others.push(self.listed_part(tenant, customer, &new.sale.id)?);
            }
        }
        self.change_sale(tenant, before, new, others, "deciding a sale").await
    }
}

/// The text of an item's own place, for messages.
fn unreadable(attributes: &item::Attributes, why: &str) -> StoreError {
    let (pk, sk) = item::place_of(attributes);
    item::inconsistent(&crate::keys::Key { pk, sk }, why)
}

#[cfg(test)]
mod tests;
