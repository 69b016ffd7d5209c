//! The keys of what is listed with a customer whom several partners have.

use domain::fact::PaymentKey;
use domain::id::SaleId;
use domain::line::Account;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn listed(&self, customer: &PaymentKey, sale: &SaleId) -> Key {
        Key::new(self.customer(customer).pk, format!("listed#{sale}"))
    }

    pub(crate) fn listed_whole(&self, customer: &PaymentKey, account: &Account) -> Key {
        Key::new(self.customer(customer).pk, format!("listed#{}#{}", account.partner, account.currency))
    }
}
