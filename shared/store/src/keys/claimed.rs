//! The keys of what partners claim.

use domain::digest::Digest;
use domain::id::{ClaimId, PartnerId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn partner_claim(&self, partner: &PartnerId, claim: &ClaimId) -> Key {
        Key::new(self.partner_partition(partner), format!("claim#{claim}"))
    }

    /// What a partner has claimed, by its words.
    pub(crate) fn claimed(&self, partner: &PartnerId, words: &Digest) -> Key {
        Key::new(self.partner_partition(partner), format!("claimed#{words}"))
    }
}
