//! Coupons that belong to a partner. A code is the partner's for good: one that ended stays, so that sales of its time
//! are decided alike whenever they are told.

use domain::id::{PartnerId, ProgramId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::request::{Range, UpdateBuilder, Written};
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
}

impl Coupon {
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
}

impl From<CouponItem> for Coupon {
    fn from(item: CouponItem) -> Self {
        let CouponItem { code, partner, program, valid_from, valid_until, .. } = item;
        Self { code, partner, program, valid_from, valid_until }
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
        Ok(found.map(Coupon::from))
    }

    /// A new coupon. `ConditionFailed` when the code is another one's; the same once more is there already.
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
        };
        if self.put_new(&self.tables.core, &key, &item, "creating a coupon").await? == Written::Yes {
            return Ok(Written::Yes);
        }
        let there = self.get_coupon(tenant, &coupon.code).await?;
        Ok(if there.as_ref() == Some(coupon) { Written::Yes } else { Written::ConditionFailed })
    }

    /// A coupon ends; `ConditionFailed` when there is none, or it has ended by another word.
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
        self.update(update.build()?, "ending a coupon").await
    }

    /// All coupons of a tenant, by code.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_coupons(&self, tenant: &TenantKey) -> Result<Vec<Coupon>, StoreError> {
        let pk = tenant.coupons();
        let range = Range { from: "!".to_owned(), ..Range::prefix(&pk, "") };
        let range = Range { consistent: false, ..range };
        let found: Vec<CouponItem> = self.list_range(&self.tables.core, &range, "listing coupons").await?;
        Ok(found.into_iter().map(Coupon::from).collect())
    }
}

#[cfg(test)]
mod tests;
