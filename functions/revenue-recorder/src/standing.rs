//! How subscriptions, failed payments and other objects of a provider stand: the newest telling is kept, and no money is
//! booked by it.

use domain::fact::Fact;

use crate::booking::{Booked, BookingError, Recorder};

impl Recorder<'_> {
    /// ING-11: keeps a telling where it holds over what is known.
    pub(crate) async fn keep_told(&self, fact: &Fact) -> Result<Booked, BookingError> {
        let is_news = match fact {
            Fact::SubscriptionChanged(told) => self.store.record_subscription(self.tenant, told).await?,
            Fact::PaymentFailed(told) => self.store.record_failed_payment(self.tenant, told).await?,
            Fact::ProviderObject(told) => self.store.record_provider_object(self.tenant, told).await?,
            _ => false,
        };
        Ok(if is_news { Booked::Recorded } else { Booked::AlreadySeen })
    }
}
