//! Payments that failed, as their provider told them last.

use domain::fact::PaymentKey;
use domain::subscription::FailedPayment;

use crate::newest::{Kept, Telling};
use crate::{Page, Store, StoreError, TenantKey};

const TELLING: Telling<FailedPayment> =
    Telling { entity: "failed_payment", holds_over: FailedPayment::holds_over, doing: "recording a failed payment" };

impl Store {
    /// A provider told of a payment that failed, or that one is settled; `false` when something that holds over it is
    /// known.
    ///
    /// # Errors
    /// The store does not answer, or what is kept cannot be read.
    pub async fn record_failed_payment(&self, tenant: &TenantKey, told: &FailedPayment) -> Result<bool, StoreError> {
        self.record_newest(&tenant.failed_payment(&told.payment), told, &TELLING).await
    }

    /// A payment that failed once. That it came after all is not written here: its sale says so.
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
}
