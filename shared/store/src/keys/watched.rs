//! The keys of what is watched for fraud: marks, stops, reviews, and where partners worked from.

use domain::fraud::marks::Mark;
use domain::id::{PartnerId, ReviewId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn mark(&self, partner: &PartnerId, mark: &Mark) -> Key {
        Key::new(self.partner_partition(partner), format!("mark#{}#{}", mark.kind.word(), mark.digest))
    }

    pub(crate) fn marked(&self, mark: &Mark) -> String {
        self.pk(&format!("mark#{}#{}", mark.kind.word(), mark.digest))
    }

    pub(crate) fn stop(&self, partner: &PartnerId, review: &ReviewId) -> Key {
        Key::new(self.partner_partition(partner), format!("stop#{review}"))
    }

    pub(crate) fn stops(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "stops")
    }

    pub(crate) fn review(&self, review: &ReviewId) -> Key {
        Key::new(self.pk(&format!("risk#{review}")), "review")
    }

    pub(crate) fn reviews(&self, state: &str) -> String {
        self.pk(&format!("risk#{state}"))
    }

    pub(crate) fn sessions(&self, partner: &PartnerId) -> String {
        self.pk(&format!("session#{partner}"))
    }
}
