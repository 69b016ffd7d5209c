//! The keys of what providers tell beside money, and of the doors through which they tell it.

use domain::fact::PaymentKey;
use domain::id::{EndpointId, SubscriptionId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn subscriptions(&self) -> String {
        self.pk("subscriptions")
    }

    pub(crate) fn subscription(&self, subscription: &SubscriptionId) -> Key {
        Key::new(self.subscriptions(), subscription.as_str())
    }

    pub(crate) fn failed_payments(&self) -> String {
        self.pk("failed-payments")
    }

    pub(crate) fn failed_payment(&self, payment: &PaymentKey) -> Key {
        Key::new(self.failed_payments(), payment.as_str())
    }

    pub(crate) fn event_day(&self, provider: &str, event_id: &str) -> Key {
        Key::new(self.pk(&format!("event-day#{provider}#{event_id}")), "day")
    }

    pub(crate) fn open_payments(&self) -> String {
        self.pk("open-payments")
    }

    pub(crate) fn open_payment(&self, payment: &PaymentKey) -> Key {
        Key::new(self.open_payments(), payment.as_str())
    }

    pub(crate) fn provider_objects(&self, kind: &str) -> String {
        self.pk(&format!("provider#{kind}"))
    }

    pub(crate) fn provider_object(&self, kind: &str, object: &PaymentKey) -> Key {
        Key::new(self.provider_objects(kind), object.as_str())
    }

    pub(crate) fn endpoints(&self) -> String {
        self.pk("webhook-endpoints")
    }

    pub(crate) fn endpoint(&self, endpoint: &EndpointId) -> Key {
        Key::new(self.endpoints(), endpoint.as_str())
    }

    pub(crate) fn raw_events(&self, provider: &str, day_text: &str) -> String {
        self.pk(&format!("raw#{provider}#{day_text}"))
    }

    pub(crate) fn reconciliations(&self) -> String {
        self.pk("reconciliations")
    }

    pub(crate) fn raw_event(&self, provider: &str, day_text: &str, event_id: &str) -> Key {
        Key::new(self.raw_events(provider, day_text), event_id)
    }
}
