//! Coupons and the promotion codes by which customers name them.

use serde::Deserialize;

use crate::{Form, Key, Stripe, StripeError};

/// What a coupon takes off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CouponOff {
    /// So many hundredths of the price: `12.5`.
    Percent(String),
    /// So much, in the unit that Stripe counts in, and three letters in lower case.
    Amount(i64, String),
}

/// For how long a coupon takes it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponDuration {
    /// The first payment.
    Once,
    /// Every payment.
    Forever,
    /// The payments of so many months.
    Months(u32),
}

/// A coupon to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCoupon<'a> {
    /// Its id, ours: a second of the same id is refused.
    pub id: &'a str,
    /// What customers read on their invoices.
    pub name: &'a str,
    /// What it takes off.
    pub off: CouponOff,
    /// For how long.
    pub duration: CouponDuration,
    /// Texts of ours.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// A coupon, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Coupon {
    /// As it was given.
    pub id: String,
}

/// A promotion code, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PromotionCode {
    /// `promo_…`
    pub id: String,
    /// What customers type.
    pub code: String,
    /// Can it be used?
    pub active: bool,
    /// What it stands for.
    pub coupon: Coupon,
}

/// A page of promotion codes, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PromotionCodePage {
    /// They.
    pub data: Vec<PromotionCode>,
}

impl Stripe {
    /// A new coupon.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn create_coupon(&self, new: &NewCoupon<'_>, key: &Key) -> Result<Coupon, StripeError> {
        let form = Form::new().with("id", new.id).with("name", new.name);
        let form = match &new.off {
            CouponOff::Percent(percent) => form.with("percent_off", percent),
            CouponOff::Amount(minor, currency) => form.with("amount_off", minor).with("currency", currency),
        };
        let form = match new.duration {
            CouponDuration::Once => form.with("duration", "once"),
            CouponDuration::Forever => form.with("duration", "forever"),
            CouponDuration::Months(months) => form.with("duration", "repeating").with("duration_in_months", months),
        };
        let form = form.with_metadata("metadata", new.metadata);
        self.post("/v1/coupons", &form, key, "creating a coupon").await
    }

    /// A new code for a coupon, until a second of the epoch where there is an end.
    ///
    /// # Errors
    /// As [`StripeError`]; refused while another that can be used has the code.
    pub async fn create_promotion_code(
        &self,
        (coupon, code): (&str, &str),
        expires_at: Option<i64>,
        key: &Key,
    ) -> Result<PromotionCode, StripeError> {
        let form = Form::new().with("coupon", coupon).with("code", code).with_some("expires_at", expires_at);
        self.post("/v1/promotion_codes", &form, key, "creating a promotion code").await
    }

    /// All that have, or had, a code for one coupon: at most one of them can be used.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn list_promotion_codes(&self, (coupon, code): (&str, &str)) -> Result<PromotionCodePage, StripeError> {
        let query = Form::new().with("coupon", coupon).with("code", code).with("limit", 100);
        self.get("/v1/promotion_codes", &query, "looking for a promotion code").await
    }

    /// Nobody can use a code any more.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn end_promotion_code(&self, id: &str, key: &Key) -> Result<PromotionCode, StripeError> {
        let form = Form::new().with("active", false);
        self.post(&format!("/v1/promotion_codes/{id}"), &form, key, "ending a promotion code").await
    }
}
