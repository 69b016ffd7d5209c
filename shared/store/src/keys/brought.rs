//! The keys of what links brought, and of coupons.

use domain::id::{LinkId, SaleId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn coupons(&self) -> String {
        self.pk("coupons")
    }

    pub(crate) fn coupon(&self, code: &str) -> Key {
        Key::new(self.coupons(), code)
    }

    pub(crate) fn promotion(&self, id: &str) -> Key {
        Key::new(self.pk("promotions"), id)
    }

    pub(crate) fn link_sales(&self, link: &LinkId) -> Key {
        Key::new(self.pk(&format!("link-sales#{link}")), "total")
    }

    pub(crate) fn link_sale(&self, link: &LinkId, sale: &SaleId) -> Key {
        Key::new(self.link_sales(link).pk, format!("sale#{sale}"))
    }
}
