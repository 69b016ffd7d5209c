//! COM-3: the sales of a customer whom several partners have, by the customer's own key. Of one partner's customers nothing
//! is listed: their sales are all in the partner's accounts.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, SaleId};
use domain::line::Account;
use serde::{Deserialize, Serialize};

use crate::request::{self, Range};
use crate::{Store, StoreError, TenantKey, Written};

/// What is listed with a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Sales, whosever they are.
    pub sales: BTreeSet<SaleId>,
    /// Accounts of which none of the customer's sales in open months is missing.
    pub whole: BTreeSet<Account>,
}

#[derive(Serialize, Deserialize)]
struct ListedItem {
    entity: String,
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sale: Option<SaleId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
}

impl ListedItem {
    fn of_sale(sale: &SaleId) -> Self {
        Self { entity: "listed".to_owned(), v: 1, sale: Some(sale.clone()), partner: None, currency: None }
    }

    fn of_account(account: &Account) -> Self {
        let (partner, currency) = (Some(account.partner.clone()), Some(account.currency));
        Self { entity: "listed".to_owned(), v: 1, sale: None, partner, currency }
    }
}

impl Store {
    /// What is listed with a customer, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_listed(&self, tenant: &TenantKey, customer: &PaymentKey) -> Result<Listed, StoreError> {
        let key = tenant.customer(customer);
        let range = Range::prefix(&key.pk, "listed#");
        let doing = "listing the sales of a customer whom several have";
        let found: Vec<ListedItem> = self.list_range(&self.tables.core, &range, doing).await?;
        let mut listed = Listed::default();
        for item in found {
            listed.sales.extend(item.sale);
            let account = item.partner.zip(item.currency).map(|(partner, currency)| Account { partner, currency });
            listed.whole.extend(account);
        }
        Ok(listed)
    }

    /// A sale is listed with its customer, in the transaction that books or decides it.
    pub(crate) fn listed_part(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        sale: &SaleId,
    ) -> Result<TransactWriteItem, StoreError> {
        request::put_over(&self.tables.core, &tenant.listed(customer, sale), &ListedItem::of_sale(sale))
    }

    /// A sale is listed with its customer; `ConditionFailed` where it was.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_listed(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        sale: &SaleId,
    ) -> Result<Written, StoreError> {
        let key = tenant.listed(customer, sale);
        self.put_new(&self.tables.core, &key, &ListedItem::of_sale(sale), "listing a sale with its customer").await
    }

    /// All sales of an account's open months are listed with a customer; `ConditionFailed` where that was known.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_listed_whole(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        account: &Account,
    ) -> Result<Written, StoreError> {
        let key = tenant.listed_whole(customer, account);
        let doing = "noting that an account's sales are listed with a customer";
        self.put_new(&self.tables.core, &key, &ListedItem::of_account(account), doing).await
    }
}
