//! Payments that failed, as their provider told them last; and which of them are open.

use domain::fact::PaymentKey;
use domain::subscription::{FailedPayment, FailedStanding};
use serde::{Deserialize, Serialize};

use crate::item;
use crate::newest::{Kept, Telling};
use crate::request::{self, Range};
use crate::{Page, Store, StoreError, TenantKey};

const TELLING: Telling<FailedPayment> =
    Telling { entity: "failed_payment", holds_over: FailedPayment::holds_over, doing: "recording a failed payment" };

/// A payment that may be open: the night reads these and no others.
#[derive(Serialize, Deserialize)]
struct OpenItem {
    entity: String,
    v: u32,
    payment: PaymentKey,
}

impl Store {
    /// A provider told of a payment that failed, or that one is settled; `false` when something that holds over it is
    /// known.
    ///
    /// That one is open is noted before it is told, and taken off behind: a note too many is found by who reads it, one
    /// that is missing by nobody.
    ///
    /// # Errors
    /// The store does not answer, or what is kept cannot be read.
    pub async fn record_failed_payment(&self, tenant: &TenantKey, told: &FailedPayment) -> Result<bool, StoreError> {
        let key = tenant.failed_payment(&told.payment);
        let is_open = told.standing == FailedStanding::Open;
        if is_open {
            let open = tenant.open_payment(&told.payment);
            let item = OpenItem { entity: "open_payment".to_owned(), v: 1, payment: told.payment.clone() };
            let put = request::put_over(&self.tables.core, &open, &item)?;
            self.put_alone(put, "noting a payment that is open").await?;
        }
        let held = self.record_newest(&key, told, &TELLING).await?;
        let is_settled = if is_open && !held {
            let known = self.get_failed_payment(tenant, &told.payment).await?;
            known.is_some_and(|known| known.told.standing != FailedStanding::Open)
        } else {
            !is_open
        };
        if is_settled {
            self.delete_open_payment(tenant, &told.payment).await?;
        }
        Ok(held)
    }

    /// A payment that failed once. That it came after all its sale says, and in time the night says it here.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_failed_payment(
        &self,
        tenant: &TenantKey,
        payment: &PaymentKey,
    ) -> Result<Option<Kept<FailedPayment>>, StoreError> {
        self.get_newest(&tenant.failed_payment(payment), "reading a failed payment").await
    }

    /// A page of payments that failed once, settled ones too, by their names, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_failed_payments(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Kept<FailedPayment>>, StoreError> {
        self.list_kept(&tenant.failed_payments(), after, limit, "listing failed payments").await
    }

    /// A page of payments that are open, as far as was noted, by their names, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_open_payments(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<PaymentKey>, StoreError> {
        let pk = tenant.open_payments();
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let doing = "listing the payments that are open";
        let (found, more) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let next = found.last().filter(|_| more.is_some()).map(|row| item::place_of(row).1);
        let read = |row| item::read::<OpenItem>(row).map(|open| open.payment);
        let items: Result<Vec<PaymentKey>, StoreError> = found.into_iter().map(read).collect();
        Ok(Page { items: items?, next })
    }

    /// A payment is not open any more. Done again, it changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_open_payment(&self, tenant: &TenantKey, payment: &PaymentKey) -> Result<(), StoreError> {
        let request = self.db.delete_item().table_name(&self.tables.core);
        let request = request.set_key(Some(item::key_map(&tenant.open_payment(payment))));
        let done = request.send().await;
        done.map(|_| ()).map_err(|error| request::unavailable("taking a payment off those that are open", error))
    }
}
