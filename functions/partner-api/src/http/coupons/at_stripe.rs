//! ATT-6: a coupon as a promotion code at Stripe: made under the same code, ended with the coupon, brought there again
//! where that failed.
//!
//! Our coupon is written first and says what is still to be done at Stripe; so a process that dies between the two leaves
//! a state with a name. Stripe's coupon is under an id of ours, each request under a key that follows from it, and what
//! is refused as already there is looked for before it is believed to be another's: nothing is made twice.

use domain::audit::{Actor, Told};
use domain::id::TenantId;
use domain::promotion::{Lasting, Off, Promotion, PromotionState};
use domain::time::Timestamp;
use edge::problem::Problem;
use edge::telemetry::chain;
use store::coupons::Coupon;
use store::{TenantKey, Written};
use stripe::{AccountError, CouponDuration, CouponOff, Key, NewCoupon, Stripe, StripeError};

use super::told;
use crate::App;

/// How many steps a coupon may take at once: made, ended by somebody else meanwhile, ended there.
const STEPS_MAX: usize = 6;
/// The most characters that are kept of Stripe's own words.
const REASON_CHARS_MAX: usize = 300;

/// A tenant's account at Stripe.
///
/// # Errors
/// 422 when none is connected, 503 when its key cannot be read.
pub(super) async fn account(app: &App, tenant: &TenantId) -> Result<Stripe, Problem> {
    let none = || {
        Problem::unprocessable("Stripe is not connected here; leave `at_stripe` out, or connect it first")
            .kind("stripe-not-connected")
    };
    let accounts = app.stripe.as_ref().ok_or_else(none)?;
    accounts.of(tenant).await.map_err(|error| match error {
        AccountError::NotSetUp => none(),
        AccountError::Unreadable(_) => {
            tracing::error!(tenant.id = %tenant, reason = chain(&error), "the key of a tenant's stripe account cannot be read");
            Problem::unavailable("the key of the payment provider cannot be read; is it set up?")
        }
    })
}

/// Does at Stripe what is left to do, and answers the coupon as it is then. Where Stripe does not answer, the state says
/// what is left.
///
/// # Errors
/// Our own store is away.
pub(super) async fn bring(
    app: &App,
    tenant: &TenantKey,
    (actor, at): (&Actor, Timestamp),
    mut coupon: Coupon,
) -> Result<Coupon, Problem> {
    let mut made = None;
    for _ in 0..STEPS_MAX {
        let Some(promotion) = coupon.promotion.clone() else { break };
        let next = match made.take() {
            // Somebody ended the coupon while it was made there.
            Some(id) => Step::To(promotion.state.clone().made(id)),
            None => step(app, tenant, &coupon, &promotion).await,
        };
        let after = match next {
            Step::Nothing => break,
            Step::Again => {
                // Lost, too, the next try is the same request once more, which is answered with what became of this one.
                app.store.replace_promotion(tenant, &coupon, (&promotion, &promotion.tried())).await?;
                break;
            }
            Step::To(state) => match promotion.in_state(state) {
                Some(after) => after,
                None => break,
            },
        };
        let id = after.state.id().map(str::to_owned);
        let told = told_of(&coupon, &after, actor, at);
        let written = app.store.telling(tenant, told).replace_promotion(tenant, &coupon, (&promotion, &after)).await?;
        if written == Written::Yes {
            tracing::info!(program.id = %coupon.program, state = after.state.word(), "coupon told to stripe");
            coupon.promotion = Some(after);
            // A no is not asked about twice in one request.
            if matches!(coupon.promotion.as_ref().map(|there| &there.state), Some(PromotionState::Refused(_))) {
                break;
            }
            continue;
        }
        let there = app.store.get_coupon(tenant, &coupon.code).await?;
        coupon = there.ok_or_else(|| Problem::not_found("no such coupon"))?;
        made = id.filter(|id| coupon.promotion.as_ref().is_some_and(|there| there.state.id() != Some(id)));
    }
    Ok(coupon)
}

/// What one look at Stripe came to.
enum Step {
    /// Another state.
    To(PromotionState),
    /// It was asked, and what became of that is not known.
    Again,
    /// Nothing is left to do, or nobody can be asked.
    Nothing,
}

/// Does the next thing that is left to do at Stripe.
async fn step(app: &App, tenant: &TenantKey, coupon: &Coupon, promotion: &Promotion) -> Step {
    let state = promotion.state.clone();
    if matches!(state, PromotionState::Active(_) | PromotionState::Ended(_)) {
        return Step::Nothing;
    }
    let stripe = match account(app, tenant.tenant()).await {
        Ok(stripe) => stripe,
        Err(problem) => {
            tracing::warn!(coupon.state = state.word(), reason = problem.detail(), "coupon not told to stripe");
            return Step::Nothing;
        }
    };
    let asked = Asked { stripe: &stripe, tenant: tenant.tenant(), coupon, promotion };
    let answered = match state {
        PromotionState::Ending(_) => asked.end().await.map(|()| state.clone().ended()),
        _ => asked.make().await.map(|id| state.clone().made(id)),
    };
    match answered {
        Ok(next) => Step::To(next),
        Err(error) => {
            tracing::warn!(coupon.state = state.word(), reason = chain(&error), "coupon not told to stripe");
            match refusal_of(&error) {
                Some(words) if !matches!(state, PromotionState::Ending(_)) => Step::To(state.refused(words)),
                _ => Step::Again,
            }
        }
    }
}

/// Stripe's words, where it said no to this coupon; not where it does not take our key, or did not answer.
fn refusal_of(error: &StripeError) -> Option<String> {
    let refusal = error.refusal().filter(|refusal| !matches!(refusal.status, 401 | 403))?;
    Some(refusal.message.chars().filter(|letter| !letter.is_control()).take(REASON_CHARS_MAX).collect())
}

/// What is asked of Stripe.
struct Asked<'a> {
    stripe: &'a Stripe,
    tenant: &'a TenantId,
    coupon: &'a Coupon,
    promotion: &'a Promotion,
}

impl Asked<'_> {
    fn key(&self, step: &str) -> Key {
        // After a try that came to nothing the same request is another one: its key would be answered with the no, or with
        // Stripe's own error, for a day. What was made all the same is found by our id, and by the code.
        let Promotion { coupon_id, tries, .. } = self.promotion;
        Key::of(self.tenant, coupon_id, &format!("{step}-{tries}"))
    }

    /// Makes the coupon and its code there, or finds that they are; answers the id of the code.
    async fn make(&self) -> Result<String, StripeError> {
        let Self { stripe, coupon, promotion, .. } = self;
        let (id, code) = (promotion.coupon_id.as_str(), coupon.code.as_str());
        match stripe.create_coupon(&self.new_coupon(), &self.key("coupon")).await {
            Ok(_) => {}
            // Under an id of ours nobody but us made it.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.is("resource_already_exists")) => {}
            Err(error) => return Err(error),
        }
        let expires_at = coupon.valid_until.map(Timestamp::as_second);
        let made = stripe.create_promotion_code((id, code), expires_at, &self.key("code")).await;
        match made {
            Ok(made) => Ok(made.id),
            // A try before this one may have made it, and nobody heard.
            Err(error) if error.refusal().is_some() => self.find().await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The code, if it is there for our coupon: one that can be used before one that cannot.
    async fn find(&self) -> Result<Option<String>, StripeError> {
        let (id, code) = (self.promotion.coupon_id.as_str(), self.coupon.code.as_str());
        let mut found = self.stripe.list_promotion_codes((id, code)).await?.data;
        found.retain(|found| found.coupon.id == id);
        found.sort_by_key(|found| !found.active);
        Ok(found.into_iter().next().map(|found| found.id))
    }

    /// Ends the code there. Is there none, there is nothing to end.
    async fn end(&self) -> Result<(), StripeError> {
        let known = self.promotion.state.id().map(str::to_owned);
        let id = match known {
            Some(id) => Some(id),
            None => match self.find().await {
                Err(error) if error.is_missing() => None,
                found => found?,
            },
        };
        let Some(id) = id else { return Ok(()) };
        match self.stripe.end_promotion_code(&id, &self.key("end")).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn new_coupon(&self) -> NewCoupon<'_> {
        let Promotion { coupon_id, discount, .. } = self.promotion;
        // What cannot be said in Stripe's numbers was refused at the door.
        let off = match discount.off {
            Off::Share(rate) => CouponOff::Percent(rate.to_percent().unwrap_or_default()),
            Off::Amount(amount) => CouponOff::Amount(
                stripe::minor_of(amount).unwrap_or_default(),
                amount.currency().code().to_ascii_lowercase(),
            ),
        };
        let duration = match discount.lasting {
            Lasting::Once => CouponDuration::Once,
            Lasting::Forever => CouponDuration::Forever,
            Lasting::Months(months) => CouponDuration::Months(months),
        };
        NewCoupon { id: coupon_id, name: self.coupon.code.as_str(), off, duration, metadata: &[] }
    }
}

/// OPS-3: what became of a coupon at Stripe.
fn told_of(coupon: &Coupon, after: &Promotion, actor: &Actor, at: Timestamp) -> Told {
    let told = told(coupon, actor.clone(), at, "coupon.told-to-stripe").is("state", after.state.word());
    match &after.state {
        PromotionState::Refused(reason) => told.is("reason", reason),
        state => match state.id() {
            Some(id) => told.is("promotion_code", id),
            None => told,
        },
    }
}
