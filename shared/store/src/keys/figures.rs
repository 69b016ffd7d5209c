//! The keys of what the lines of closes come to.

use domain::line::Account;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn figures(&self, account: &Account) -> String {
        self.pk(&format!("figures#{}", account.partner))
    }

    pub(crate) fn figures_part(&self, account: &Account, close: u32, part: u32) -> Key {
        Key::new(self.figures(account), format!("{}#{close:08}#{part:06}", account.currency))
    }
}
