//! Refunds of a sale.

use domain::fact::{PaymentKey, Refund};
use domain::id::SaleId;
use domain::line::Line;
use domain::money::Money;
use domain::sale::Sale;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{self, Range};
use crate::sales::{NewSale, SaleWritten};
use crate::{Store, StoreError, TenantKey};

/// A refund as it is stored: its fact, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefundItem {
    entity: String,
    v: u32,
    version: u64,
    refund: PaymentKey,
    payment: PaymentKey,
    currency: domain::currency::Currency,
    amount_minor: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<u16>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_running_total: bool,
    occurred_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day_sk: Option<String>,
}

impl RefundItem {
    fn new(refund: &Refund, version: u64, day: Key) -> Self {
        Self {
            entity: "refund".to_owned(),
            v: 1,
            version,
            refund: refund.refund.clone(),
            payment: refund.payment.clone(),
            currency: refund.amount.currency(),
            amount_minor: refund.amount.minor(),
            item: refund.item,
            is_running_total: refund.is_running_total,
            occurred_at: refund.occurred_at,
            day_pk: Some(day.pk),
            day_sk: Some(day.sk),
        }
    }

    pub(crate) fn into_refund(self) -> Refund {
        Refund {
            refund: self.refund,
            payment: self.payment,
            amount: Money::from_minor(self.amount_minor, self.currency),
            item: self.item,
            is_running_total: self.is_running_total,
            occurred_at: self.occurred_at,
        }
    }
}

/// A refund that is to be applied, and the sale after it.
#[derive(Clone, Debug)]
pub struct AppliedRefund<'a> {
    /// The refund.
    pub refund: &'a Refund,
    /// The version of the stored refund, if this replaces one: a refund that failed after it was told.
    pub replaces: Option<u64>,
    /// The version of the sale as read.
    pub sale_before: u64,
    /// The sale after.
    pub sale: &'a Sale,
    /// The lines that this refund makes.
    pub lines: &'a [Line],
    /// The journal's day.
    pub booked_day: BusinessDay,
    /// When it is booked.
    pub booked_at: Timestamp,
}

impl Store {
    /// A refund of a sale and its version, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_refund(
        &self,
        tenant: &TenantKey,
        sale: &Sale,
        refund: &PaymentKey,
    ) -> Result<Option<(Refund, u64)>, StoreError> {
        let found: Option<RefundItem> =
            self.get(&self.tables.core, &tenant.refund(&sale.id, refund), "reading a refund").await?;
        Ok(found.map(|item| (item.version, item)).map(|(version, item)| (item.into_refund(), version)))
    }

    /// A refund is applied: it, the sale in its version, the lines that it makes and their heads, in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn apply_refund(
        &self,
        tenant: &TenantKey,
        applied: &AppliedRefund<'_>,
    ) -> Result<SaleWritten, StoreError> {
        let core = &self.tables.core;
        let key = tenant.refund(&applied.sale.id, &applied.refund.refund);
        let version = applied.replaces.map_or(1, |version| version + 1);
        let day = tenant.day_log(applied.booked_day, applied.booked_at, applied.refund.refund.as_str());
        let item = RefundItem::new(applied.refund, version, day);
        let fact = match applied.replaces {
            Some(version) => request::replace(core, &key, &item, version)?,
            None => request::put_new(core, &key, &item)?,
        };
        let new =
            NewSale { sale: applied.sale, lines: applied.lines, aliases: &[], open_in: &[], meets: None, review: None };
        self.change_sale(tenant, applied.sale_before, &new, vec![fact], "applying a refund").await
    }

    /// Every refund of a sale, by the provider's ids; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_refunds(&self, tenant: &TenantKey, sale: &SaleId) -> Result<Vec<Refund>, StoreError> {
        let pk = tenant.sale(sale).pk;
        let doing = "listing the refunds of a sale";
        let found: Vec<RefundItem> = self.list_range(&self.tables.core, &Range::prefix(&pk, "refund#"), doing).await?;
        Ok(found.into_iter().map(RefundItem::into_refund).collect())
    }
}
