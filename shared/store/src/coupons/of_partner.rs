//! Pages of coupons, by code: of a tenant, and of a partner, whose own are listed with it.

use domain::id::PartnerId;

use super::{Coupon, CouponCode, CouponItem, LEAST};
use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::keys::brought::PARTNER_COUPON;
use crate::registry::Entry;
use crate::request::{self, Page, Range};
use crate::{Store, StoreError, TenantKey};

/// How many entries more than a page are asked for: the one behind which it begins, and one that tells of another page.
const BESIDE: usize = 2;

impl Store {
    /// A page of the coupons of a tenant, by code, behind `after`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_coupons(
        &self,
        tenant: &TenantKey,
        after: Option<&CouponCode>,
        limit: usize,
    ) -> Result<Page<Coupon>, StoreError> {
        let (pk, doing) = (tenant.coupons(), "listing coupons");
        let found = self.codes_behind((&pk, ""), after, limit, doing).await?;
        let read = |attributes: Attributes| item::read::<CouponItem>(attributes)?.read(tenant);
        let items: Result<Vec<Coupon>, StoreError> = found.items.into_iter().map(read).collect();
        Ok(Page { items: items?, next: found.next })
    }

    /// A page of the coupons of a partner, by code, behind `after`: of a tenant's coupons its own alone are read.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_partner_coupons(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        after: Option<&CouponCode>,
        limit: usize,
    ) -> Result<Page<Coupon>, StoreError> {
        self.list_coupons_of_before(tenant, partner).await?;
        let (pk, doing) = (tenant.partner_partition(partner), "listing a partner's coupons");
        let found = self.codes_behind((&pk, PARTNER_COUPON), after, limit, doing).await?;
        let code_of = |attributes: &Attributes| {
            let place = item::place_of(attributes).1;
            place.strip_prefix(PARTNER_COUPON).map(|code| tenant.coupon(code))
        };
        let keys: Vec<Key> = found.items.iter().filter_map(code_of).collect();
        let coupons: Vec<CouponItem> = self.get_many(&keys, doing).await?;
        let items: Result<Vec<Coupon>, StoreError> = coupons.into_iter().map(|item| item.read(tenant)).collect();
        Ok(Page { items: items?, next: found.next })
    }

    /// Coupons that were made before they were listed with their partner are listed with it once. Whoever dies between
    /// begins anew, and the same entries are written.
    async fn list_coupons_of_before(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<(), StoreError> {
        let (core, doing) = (&self.tables.core, "listing the coupons of before with their partner");
        let listed = tenant.coupons_listed(partner);
        if self.get::<Entry>(core, &listed, doing).await?.is_some() {
            return Ok(());
        }
        for coupon in self.read_coupons(tenant).await?.iter().filter(|coupon| coupon.partner == *partner) {
            let own = tenant.partner_coupon(partner, coupon.code.as_str());
            self.put_alone(request::put_over(core, &own, &Entry::of("partner_coupon"))?, doing).await?;
        }
        self.put_alone(request::put_over(core, &listed, &Entry::of("coupons_listed"))?, doing).await?;
        Ok(())
    }

    /// What lies behind a code in a partition whose sort keys end in codes; `next` is the last code where there is more.
    async fn codes_behind(
        &self,
        (pk, prefix): (&str, &str),
        after: Option<&CouponCode>,
        limit: usize,
        doing: &'static str,
    ) -> Result<Page<Attributes>, StoreError> {
        let from = after.map_or_else(|| format!("{prefix}{LEAST}"), |code| format!("{prefix}{}", code.as_str()));
        let range = Range { from: from.clone(), consistent: false, ..Range::prefix(pk, prefix) };
        let most = i32::try_from(limit.saturating_add(BESIDE)).unwrap_or(i32::MAX);
        let (found, more) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let place_of = |attributes: &Attributes| item::place_of(attributes).1;
        // The end of a range is taken in.
        let mut items: Vec<Attributes> =
            found.into_iter().filter(|found| after.is_none() || place_of(found) != from).collect();
        let is_last = items.len() <= limit && more.is_none();
        items.truncate(limit);
        let code_of = |place: &str| place.strip_prefix(prefix).unwrap_or_default().to_owned();
        let last = items.last().map(|last| code_of(&place_of(last)));
        Ok(Page { items, next: last.filter(|_| !is_last) })
    }
}
