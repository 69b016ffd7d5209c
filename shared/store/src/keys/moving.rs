//! The keys of partners some of whose sales may be another's now.

use domain::fact::PaymentKey;
use domain::id::PartnerId;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn all_moving(&self) -> String {
        self.pk("moving")
    }

    pub(crate) fn moving(&self, partner: &PartnerId, customer: &PaymentKey) -> Key {
        Key::new(self.all_moving(), format!("{partner}#{customer}"))
    }
}
