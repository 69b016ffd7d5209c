//! The keys of what rails were asked for.
//!
//! | Access pattern | Table | pk | sk | Operation |
//! |---|---|---|---|---|
//! | the account of a method that was tried at its bank | core | `T#method-trial#mth_…` | `trial` | Get, Put |
//! | what a bank knows such a trial by | core | `T#sent-trial#<trace>` | `trial` | Get, Put |

use domain::id::{MethodId, PayoutId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn attempts(&self, payout: &PayoutId) -> String {
        self.pk(&format!("attempts#{payout}"))
    }

    pub(crate) fn attempt(&self, payout: &PayoutId, no: u32) -> Key {
        Key::new(self.attempts(payout), format!("{no:04}"))
    }

    pub(crate) fn method_trial(&self, method: &MethodId) -> Key {
        Key::new(self.pk(&format!("method-trial#{method}")), "trial")
    }

    pub(crate) fn sent_trial(&self, trace: &str) -> Key {
        Key::new(self.pk(&format!("sent-trial#{trace}")), "trial")
    }

    /// The partition of the desk's index that holds the attempts whose outcome is looked for.
    pub(crate) fn looked_for(&self) -> String {
        self.pk("looked-for")
    }
}
