//! Subscriptions as their provider told them last.

use domain::id::SubscriptionId;
use domain::subscription::Subscription;

use crate::newest::{Kept, Telling};
use crate::{Page, Store, StoreError, TenantKey};

const DOING: &str = "recording a subscription";

const TELLING: Telling<Subscription> =
    Telling { entity: "subscription", holds_over: Subscription::holds_over, doing: DOING };

impl Store {
    /// A provider told how a subscription stands; `false` when something that holds over it is known.
    ///
    /// # Errors
    /// The store does not answer, or what is kept cannot be read.
    pub async fn record_subscription(&self, tenant: &TenantKey, told: &Subscription) -> Result<bool, StoreError> {
        self.record_newest(&tenant.subscription(&told.id()), told, &TELLING).await
    }

    /// A subscription, by its id ([`SubscriptionId::of`] a provider's own), strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_subscription(
        &self,
        tenant: &TenantKey,
        subscription: &SubscriptionId,
    ) -> Result<Option<Kept<Subscription>>, StoreError> {
        self.get_newest(&tenant.subscription(subscription), "reading a subscription").await
    }

    /// A page of the tenant's subscriptions by their ids, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_subscriptions(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Kept<Subscription>>, StoreError> {
        self.list_kept(&tenant.subscriptions(), after, limit, "listing subscriptions").await
    }
}

#[cfg(test)]
mod tests;
