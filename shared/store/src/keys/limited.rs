//! The keys of what is limited: how many calls somebody made within a window.

use super::{Key, TenantKey};

impl TenantKey {
    /// Of one kind, one caller and one window, by the second in which it begins.
    pub(crate) fn calls(&self, kind: &str, caller: &str, window: i64) -> Key {
        Key::new(self.pk(&format!("calls#{kind}#{caller}")), window.to_string())
    }
}
