//! Money that may have been told already under another payment.

use domain::fact::{Fact, PaidAgain, PaymentAlias};
use domain::sale::Sale;
use store::sales::Known;

use crate::booking::{Booked, BookingError, Recorder, TRIES_MAX};

impl Recorder<'_> {
    /// ING-14: the same money as the other payment: another name of it. Unless the other one was of nothing (a trial): then
    /// a sale of its own. As long as the other one is not known, it waits under its name.
    pub(crate) async fn book_paid_again(&self, told: &PaidAgain) -> Result<Booked, BookingError> {
        #[cfg(feature = "planted")]
        if domain::planted::is(domain::planted::Bug::FirstInvoiceTwice) {
            return self.book_sale(&told.sale).await;
        }
        // Booked as a sale of its own before: so it stays.
        if let Known::Sale(_) = self.store.find_payment(self.tenant, &told.sale.payment).await? {
            return self.book_sale(&told.sale).await;
        }
        for _ in 0..TRIES_MAX {
            let (name, known) = self.find_owner(&told.same_as).await?;
            if let Known::Sale(other) = known {
                return self.merge(told, &other).await;
            }
            if self.park(&name, &Fact::PaidAgain(told.clone())).await? {
                return Ok(Booked::Parked);
            }
        }
        Err(BookingError::Busy)
    }

    /// The other payment is known.
    pub(crate) async fn merge(&self, told: &PaidAgain, other: &Sale) -> Result<Booked, BookingError> {
        if other.paid.is_zero() && !told.sale.paid.is_zero() {
            return self.book_sale(&told.sale).await;
        }
        let alias = PaymentAlias { payment: other.payment.clone(), alias: told.sale.payment.clone() };
        self.name_payment(&alias).await?;
        Ok(Booked::AlreadySeen)
    }
}
