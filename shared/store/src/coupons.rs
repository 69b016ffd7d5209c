//! Coupons that belong to a partner. A code is the partner's for good: one that ended stays, so that sales of its time
//! are decided alike whenever they are told.

mod of_partner;
mod promoted;

use domain::id::{PartnerId, ProgramId};
use domain::promotion::Promotion;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use self::promoted::PromotionItem;
use crate::item;
use crate::registry::Entry;
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

/// The most characters of a code.
pub const CODE_LENGTH_MAX: usize = 64;

/// A code as it is compared: without blanks around it, in capitals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CouponCode(String);

impl CouponCode {
    /// Reads a code; `None` when it is empty, too long, or not printable ASCII without `#`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_ascii_uppercase();
        let plain = code.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        (plain && !code.is_empty() && code.len() <= CODE_LENGTH_MAX).then_some(Self(code))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A coupon of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// What customers type.
    pub code: CouponCode,
    /// Whose.
    pub partner: PartnerId,
    /// The programme whose rules apply.
    pub program: ProgramId,
    /// From when on it counts.
    pub valid_from: Timestamp,
    /// Until when, itself left out.
    pub valid_until: Option<Timestamp>,
    /// As the provider is to have it, where it is to have it.
    pub promotion: Option<Promotion>,
}

impl Coupon {
    /// Was this what the same request made, whatever the provider has said since?
    fn was_made_as(&self, wished: &Self) -> bool {
        let asked = |coupon: &Self| coupon.promotion.as_ref().map(|made| (made.coupon_id.clone(), made.discount));
        let plain = |coupon: &Self| Self { promotion: None, ..coupon.clone() };
        plain(self) == plain(wished) && asked(self) == asked(wished)
    }

    /// Does it count at an instant?
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_from <= at && self.valid_until.is_none_or(|until| at < until)
    }
}

#[derive(Serialize, Deserialize)]
struct CouponItem {
    entity: String,
    v: u32,
    code: CouponCode,
    partner: PartnerId,
    program: ProgramId,
    valid_from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    promotion: Option<PromotionItem>,
    /// How often the promotion changed its state; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<u64>,
}

impl CouponItem {
    fn read(self, tenant: &TenantKey) -> Result<Coupon, StoreError> {
        let CouponItem { code, partner, program, valid_from, valid_until, .. } = self;
        let promotion = match self.promotion {
            Some(item) => Some(item.read(self.changes.unwrap_or_default(), &tenant.coupon(code.as_str()))?),
            None => None,
        };
        Ok(Coupon { code, partner, program, valid_from, valid_until, promotion })
    }
}

impl Store {
    /// A coupon by its code, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_coupon(&self, tenant: &TenantKey, code: &CouponCode) -> Result<Option<Coupon>, StoreError> {
        let key = tenant.coupon(code.as_str());
        let found: Option<CouponItem> = self.get(&self.tables.core, &key, "reading a coupon").await?;
        found.map(|item| item.read(tenant)).transpose()
    }

    /// A new coupon, listed with its partner. `ConditionFailed` when the code is another one's, or its partner is being
    /// deleted or was; the same once more is there already.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn create_coupon(&self, tenant: &TenantKey, coupon: &Coupon) -> Result<Written, StoreError> {
        let key = tenant.coupon(coupon.code.as_str());
        let item = CouponItem {
            entity: "coupon".to_owned(),
            v: 1,
            code: coupon.code.clone(),
            partner: coupon.partner.clone(),
            program: coupon.program.clone(),
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            promotion: coupon.promotion.as_ref().map(PromotionItem::from),
            changes: coupon.promotion.as_ref().map(|promotion| promotion.changes),
        };
        let core = &self.tables.core;
        let own = tenant.partner_coupon(&coupon.partner, coupon.code.as_str());
        let parts = vec![
            request::put_new(core, &key, &item)?,
            request::put_over(core, &own, &Entry::of("partner_coupon"))?,
            self.does_not_leave(tenant, &coupon.partner)?,
        ];
        if self.transact(parts, "creating a coupon").await? == Transacted::Yes {
            return Ok(Written::Yes);
        }
        let there = self.get_coupon(tenant, &coupon.code).await?;
        let is_there = there.is_some_and(|there| there.was_made_as(coupon));
        Ok(if is_there { Written::Yes } else { Written::ConditionFailed })
    }

    /// A coupon ends, and its promotion with it; `ConditionFailed` when there is none, or it has ended by another word, or
    /// its promotion changed meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_coupon(
        &self,
        tenant: &TenantKey,
        coupon: &Coupon,
        valid_until: Timestamp,
    ) -> Result<Written, StoreError> {
        let key = tenant.coupon(coupon.code.as_str());
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("valid_until", item::text(valid_until.to_string()))
            .require("partner", Some(item::text(coupon.partner.as_str())))
            .require("valid_until", coupon.valid_until.map(|until| item::text(until.to_string())));
        let ending = coupon.promotion.as_ref().and_then(|there| there.in_state(there.state.clone().ending()));
        let update = match (&coupon.promotion, ending) {
            (Some(before), Some(after)) => promoted::over(update, &key, (before, &after))?,
            _ => update,
        };
        self.update(update.build()?, "ending a coupon").await
    }

    /// Has a partner a coupon, or had? Also one that was made before coupons were listed with their partner.
    pub(crate) async fn has_coupon(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<bool, StoreError> {
        Ok(self.read_coupons(tenant).await?.iter().any(|coupon| coupon.partner == *partner))
    }

    /// All coupons of a tenant, by code.
    async fn read_coupons(&self, tenant: &TenantKey) -> Result<Vec<Coupon>, StoreError> {
        let pk = tenant.coupons();
        let range = Range { from: LEAST.to_owned(), ..Range::prefix(&pk, "") };
        let found: Vec<CouponItem> = self.list_range(&self.tables.core, &range, "listing coupons").await?;
        found.into_iter().map(|item| item.read(tenant)).collect()
    }
}

/// Sorts before every code.
const LEAST: &str = "!";

#[cfg(test)]
mod tests;
