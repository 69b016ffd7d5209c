//! The keys of what links brought, and of coupons.

use domain::id::{LinkId, PartnerId, SaleId};

use super::{Key, TenantKey};

/// What the sort keys of a partner's coupons begin with.
pub(crate) const PARTNER_COUPON: &str = "coupon#";

impl TenantKey {
    pub(crate) fn coupons(&self) -> String {
        self.pk("coupons")
    }

    pub(crate) fn coupon(&self, code: &str) -> Key {
        Key::new(self.coupons(), code)
    }

    /// A coupon of a partner, by which its own are listed.
    pub(crate) fn partner_coupon(&self, partner: &PartnerId, code: &str) -> Key {
        Key::new(self.partner_partition(partner), format!("{PARTNER_COUPON}{code}"))
    }

    /// That the coupons of a partner which were made before they were listed with it are listed, too.
    pub(crate) fn coupons_listed(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "coupons-listed")
    }

    pub(crate) fn partner_link(&self, partner: &PartnerId, link: &LinkId) -> Key {
        Key::new(self.partner_partition(partner), format!("link#{link}"))
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
