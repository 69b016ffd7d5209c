//! Facts about a payment: applied to its sale, or parked until the sale is known.

use domain::fact::{Fact, PaymentKey};
use domain::sale::Sale;
use store::parked::Parked;
use store::sales::{Known, SaleWritten};

use crate::booking::{Booked, BookingError, Fences, Recorder, TRIES_MAX};

impl Recorder<'_> {
    /// Applies a refund or a dispute to its sale, or parks it until the sale is known.
    pub(crate) async fn book_about(&self, payment: &PaymentKey, fact: &Fact) -> Result<Booked, BookingError> {
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let (name, known) = self.find_owner(payment).await?;
            let Known::Sale(sale) = known else {
                if self.park(&name, fact).await? {
                    return Ok(Booked::Parked);
                }
                continue;
            };
            if let Some(booked) = self.apply(&sale, fact, &mut fences).await? {
                return Ok(booked);
            }
        }
        Err(BookingError::Busy)
    }

    /// Parks a fact under a name that is not known; false when it became known meanwhile. Whoever makes the name known at this
    /// very moment looks for what waits under it, and may look before this is to be seen: so it is looked at once more
    /// behind it, and one of the two sees it.
    pub(crate) async fn park(&self, name: &PaymentKey, fact: &Fact) -> Result<bool, BookingError> {
        if !self.store.park(self.tenant, name, fact, self.now).await? {
            return Ok(false);
        }
        if self.store.find_payment(self.tenant, name).await? != Known::Not {
            Box::pin(self.drain_all(std::iter::once(name))).await?;
        }
        Ok(true)
    }

    /// What is known under a name of a payment, and the payment's own key as far as it is known.
    pub(crate) async fn find_owner(&self, payment: &PaymentKey) -> Result<(PaymentKey, Known), BookingError> {
        match self.store.find_payment(self.tenant, payment).await? {
            Known::As(name) => {
                let known = self.store.find_payment(self.tenant, &name).await?;
                Ok((name, known))
            }
            known @ (Known::Sale(_) | Known::Not) => Ok((payment.clone(), known)),
        }
    }

    /// One try; `None` when others were faster.
    async fn apply(&self, sale: &Sale, fact: &Fact, fences: &mut Fences) -> Result<Option<Booked>, BookingError> {
        match fact {
            Fact::Refund(refund) => self.apply_refund(sale, refund, fences).await,
            Fact::Dispute(dispute) => self.apply_dispute(sale, dispute, fences).await,
            // What came in after all, of a payment that was of nothing, is booked by itself.
            Fact::PaidAgain(told) => Box::pin(self.merge(told, sale)).await.map(Some),
            // A sale under another name of the payment: its sale is booked now.
            _ => Ok(Some(Booked::AlreadySeen)),
        }
    }

    /// What the store's answer to a change of a sale means for the try.
    pub(crate) async fn after_change(
        &self,
        written: SaleWritten,
        lines: &[domain::line::Line],
        fences: &mut Fences,
    ) -> Result<Option<Booked>, BookingError> {
        match written {
            SaleWritten::Yes => Ok(Some(Booked::Recorded)),
            SaleWritten::BehindFence => {
                fences.read(self, lines).await?;
                Ok(None)
            }
            SaleWritten::AlreadySeen | SaleWritten::CustomerMet | SaleWritten::AliasTaken => Ok(None),
        }
    }

    /// Deals with the facts that waited under names of a payment. One that cannot be booked holds up no other: the
    /// weightiest error is told at the end.
    pub(crate) async fn drain_all(&self, names: impl Iterator<Item = &PaymentKey>) -> Result<(), BookingError> {
        let mut trouble = None;
        for name in names {
            for parked in self.store.list_parked(self.tenant, name).await? {
                if let Err(error) = self.drain_one(&parked).await {
                    trouble = Some(BookingError::weightier(trouble, error));
                }
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Under an alias the payment may still be unknown: then the fact is parked again, under the payment's own key.
    async fn drain_one(&self, parked: &Parked) -> Result<(), BookingError> {
        #[cfg(feature = "planted")]
        if domain::planted::is(domain::planted::Bug::ParkedFactLost) {
            self.store.unpark(self.tenant, parked).await?;
            return Ok(());
        }
        let booked = self.book_about(payment_of(&parked.fact).unwrap_or(&parked.name), &parked.fact).await?;
        let is_alias = matches!(self.store.find_payment(self.tenant, &parked.name).await?, Known::As(_));
        if booked != Booked::Parked || is_alias {
            self.store.unpark(self.tenant, parked).await?;
        }
        Ok(())
    }
}

/// The payment that a fact is about.
fn payment_of(fact: &Fact) -> Option<&PaymentKey> {
    match fact {
        Fact::Refund(refund) => Some(&refund.payment),
        Fact::Dispute(dispute) => Some(&dispute.payment),
        Fact::PaidAgain(told) => Some(&told.same_as),
        _ => None,
    }
}
