//! The keys of what rails were asked for.

use domain::id::PayoutId;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn attempts(&self, payout: &PayoutId) -> String {
        self.pk(&format!("attempts#{payout}"))
    }

    pub(crate) fn attempt(&self, payout: &PayoutId, no: u32) -> Key {
        Key::new(self.attempts(payout), format!("{no:04}"))
    }

    /// The partition of the desk's index that holds the attempts whose outcome is looked for.
    pub(crate) fn looked_for(&self) -> String {
        self.pk("looked-for")
    }
}
