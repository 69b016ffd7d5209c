//! What a coupon takes off at Stripe, as it is asked for and shown.

use domain::currency::Currency;
use domain::money::AmountText;
use domain::promotion::{Discount, Lasting, Off, Promotion, PromotionState};
use domain::rate::Rate;
use domain::time::Timestamp;
use edge::faults::Faults;
use serde::{Deserialize, Serialize};
use store::coupons::Coupon;
use utoipa::ToSchema;

/// The most months of a discount.
const MONTHS_MAX: u32 = 120;

/// For how long a coupon takes it off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CouponDuration)]
pub(crate) enum DurationWord {
    /// The first payment.
    #[default]
    Once,
    /// Every payment.
    Forever,
    /// The payments of `months`.
    Repeating,
}

/// What a coupon takes off at Stripe: a rate, or an amount of a currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CouponDiscount, example = json!({"rate": "0.2", "duration": "once"}))]
pub(crate) struct DiscountBody {
    /// A share of the price, with at most four places: 20 % is "0.2".
    #[schema(example = "0.2")]
    rate: Option<String>,
    /// An amount, of `currency`.
    #[schema(value_type = Option<String>, example = "5.00")]
    amount: Option<AmountText>,
    /// Of the amount.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// `once` when left out.
    #[serde(default)]
    duration: DurationWord,
    /// How many, 1 to 120, of a discount that is `repeating`.
    months: Option<u32>,
}

impl DiscountBody {
    /// What is wished; what is wrong with it is noted.
    pub(super) fn read(self, faults: &mut Faults) -> Option<Discount> {
        let off = match (&self.rate, &self.amount, &self.currency) {
            (Some(rate), None, None) => Self::share(faults, rate),
            (None, Some(amount), Some(currency)) => Self::amount(faults, amount, currency),
            (None, Some(_), None) => faults.fit("/at_stripe/currency", Err("is missing: of which currency?")),
            _ => faults.fit("/at_stripe", Err("say either `rate`, or `amount` and `currency`")),
        };
        let lasting = match (self.duration, self.months) {
            (DurationWord::Once, None) => Some(Lasting::Once),
            (DurationWord::Forever, None) => Some(Lasting::Forever),
            (DurationWord::Repeating, Some(months)) if (1..=MONTHS_MAX).contains(&months) => {
                Some(Lasting::Months(months))
            }
            (DurationWord::Repeating, Some(_)) => {
                faults.check("/at_stripe/months", Err(format!("must be from 1 to {MONTHS_MAX}")))
            }
            (DurationWord::Repeating, None) => {
                faults.fit("/at_stripe/months", Err(format!("is missing: from 1 to {MONTHS_MAX}")))
            }
            (_, Some(_)) => faults.fit("/at_stripe/months", Err("only of a discount that is `repeating`")),
        };
        off.zip(lasting).map(|(off, lasting)| Discount { off, lasting })
    }

    fn share(faults: &mut Faults, text: &str) -> Option<Off> {
        let rate = faults.check("/at_stripe/rate", Rate::parse(text))?;
        match rate.to_percent() {
            Some(percent) if percent != "0" => Some(Off::Share(rate)),
            Some(_) => faults.fit("/at_stripe/rate", Err("must be above zero")),
            None => faults.fit("/at_stripe/rate", Err("must have at most four places")),
        }
    }

    fn amount(faults: &mut Faults, amount: &AmountText, currency: &str) -> Option<Off> {
        let currency = faults.check("/at_stripe/currency", Currency::parse(currency))?;
        let amount = faults.amount("/at_stripe/amount", amount, currency)?;
        match (amount.is_zero(), stripe::minor_of(amount)) {
            (false, Some(_)) => Some(Off::Amount(amount)),
            (true, _) => faults.fit("/at_stripe/amount", Err("must be above zero")),
            (false, None) => faults.fit("/at_stripe/amount", Err("Stripe takes fewer places of this currency")),
        }
    }
}

/// A coupon as Stripe has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponAtStripe)]
pub(crate) struct AtStripeBody {
    /// `making` and `ending`: to be done there, and to be tried again by `POST /v1/coupons/{code}/retry`; `refused`: Stripe
    /// said no, and why is in `reason`; `active`; `ended`.
    #[schema(example = "active")]
    status: &'static str,
    /// Stripe's words, where it said no.
    reason: Option<String>,
    #[schema(example = "promo_1QX7ab")]
    promotion_code_id: Option<String>,
    coupon_id: String,
    #[schema(example = "0.2")]
    rate: Option<String>,
    #[schema(example = "5.00")]
    amount: Option<String>,
    #[schema(example = "USD")]
    currency: Option<String>,
    duration: DurationWord,
    months: Option<u32>,
}

impl AtStripeBody {
    pub(super) fn of(coupon: &Coupon, now: Timestamp) -> Option<Self> {
        let Promotion { coupon_id, discount, state, .. } = coupon.promotion.as_ref()?;
        let (rate, amount) = match discount.off {
            Off::Share(rate) => (Some(rate), None),
            Off::Amount(amount) => (None, Some(amount)),
        };
        let (duration, months) = match discount.lasting {
            Lasting::Once => (DurationWord::Once, None),
            Lasting::Forever => (DurationWord::Forever, None),
            Lasting::Months(months) => (DurationWord::Repeating, Some(months)),
        };
        // Stripe was told the end when it was made, and keeps it by itself.
        let is_over = coupon.valid_until.is_some_and(|until| until <= now);
        let status = match state {
            PromotionState::Active(_) if is_over => PromotionState::Ended(None).word(),
            state => state.word(),
        };
        let reason = match state {
            PromotionState::Refused(reason) => Some(reason.clone()),
            _ => None,
        };
        Some(Self {
            status,
            reason,
            promotion_code_id: state.id().map(str::to_owned),
            coupon_id: coupon_id.clone(),
            rate: rate.map(|rate| rate.to_string()),
            amount: amount.map(domain::money::Money::to_text),
            currency: amount.map(|amount| amount.currency().to_string()),
            duration,
            months,
        })
    }
}
