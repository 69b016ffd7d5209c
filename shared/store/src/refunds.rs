//! Refunds: applied to their sale, or parked under the payment's name until the sale is known.

use domain::fact::{PaymentKey, Refund};
use domain::line::Line;
use domain::money::Money;
use domain::sale::Sale;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{self, Range, Transacted};
use crate::sales::{NewSale, SaleWritten};
use crate::{Store, StoreError, TenantKey};

/// A refund as it is stored: its fact, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RefundItem {
    entity: String,
    v: u32,
    version: u64,
    refund: PaymentKey,
    payment: PaymentKey,
    currency: domain::currency::Currency,
    amount_minor: i64,
    occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_pk: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_sk: Option<String>,
}

impl RefundItem {
    fn new(refund: &Refund, entity: &str, version: u64, day: Option<Key>) -> Self {
        let (day_pk, day_sk) = day.map(|key| (key.pk, key.sk)).unzip();
        Self {
            entity: entity.to_owned(),
            v: 1,
            version,
            refund: refund.refund.clone(),
            payment: refund.payment.clone(),
            currency: refund.amount.currency(),
            amount_minor: refund.amount.minor(),
            occurred_at: refund.occurred_at,
            day_pk,
            day_sk,
        }
    }

    fn into_refund(self) -> Refund {
        Refund {
            refund: self.refund,
            payment: self.payment,
            amount: Money::from_minor(self.amount_minor, self.currency),
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
        let item = RefundItem::new(applied.refund, "refund", version, Some(day));
        let fact = match applied.replaces {
            Some(version) => request::replace(core, &key, &item, version)?,
            None => request::put_new(core, &key, &item)?,
        };
        let new = NewSale { sale: applied.sale, lines: applied.lines, aliases: &[], meets: None };
        self.change_sale(tenant, applied.sale_before, &new, vec![fact], "applying a refund").await
    }

    /// A refund waits under a name of its payment, as long as nothing is known under that name. `false` when something
    /// is by now: look again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn park_refund(
        &self,
        tenant: &TenantKey,
        name: &PaymentKey,
        refund: &Refund,
    ) -> Result<bool, StoreError> {
        let core = &self.tables.core;
        let sale = domain::id::SaleId::of(name);
        // Its first word stands until its last: that it failed, and its amount is zero for good.
        let parked = tenant.parked(name, &refund.refund);
        let item = RefundItem::new(refund, "parked_refund", 1, None);
        let items = vec![
            request::put_until_zero(core, &parked, &item)?,
            request::check(core, &tenant.sale(&sale), "attribute_not_exists(pk)")?,
        ];
        Ok(match self.transact(items, "parking a refund").await? {
            Transacted::Yes => true,
            // Only its own place refused: it is parked already, and its last word was said.
            Transacted::ConditionFailed(places) => places == [0],
        })
    }

    /// The refunds that wait under a name, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_parked(&self, tenant: &TenantKey, name: &PaymentKey) -> Result<Vec<Refund>, StoreError> {
        let key = tenant.alias(name);
        let found: Vec<RefundItem> = self
            .list_range(&self.tables.core, &Range::prefix(&key.pk, "parked#"), "listing what is parked under a payment")
            .await?;
        Ok(found.into_iter().map(RefundItem::into_refund).collect())
    }

    /// A parked refund was dealt with.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unpark_refund(
        &self,
        tenant: &TenantKey,
        name: &PaymentKey,
        refund: &Refund,
    ) -> Result<(), StoreError> {
        let item = request::delete_existing(&self.tables.core, &tenant.parked(name, &refund.refund))?;
        self.transact(vec![item], "taking a refund out of the park").await.map(|_| ())
    }
}
