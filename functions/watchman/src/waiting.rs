//! What waits too long: a fact whose payment nobody told, an event that a person must look at, a coupon that is not at the
//! payment provider as it is here.

use domain::promotion::PromotionState;
use domain::time::Timestamp;
use store::coupons::{Coupon, CouponCode};
use store::parked::{Waiting, WaitingFor};
use store::{Store, StoreError, TenantKey};

/// How long a fact may wait for its payment before a person is called.
const PATIENCE_MS: i64 = 24 * 3_600_000;
/// How long a coupon may be on its way to the payment provider before a person is called: whoever buys with one of which
/// nobody heard that it was made is nobody's customer.
const PROMOTION_PATIENCE_MS: i64 = 3_600_000;
/// How many are told one by one.
const TOLD_MAX: u64 = 20;
const PAGE_SIZE: usize = 100;

/// Tells of what has waited too long, and answers how many that are.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn look(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<u64, StoreError> {
    let mut late = 0;
    let mut after: Option<String> = None;
    loop {
        let page = store.list_waiting(tenant, after.as_deref(), PAGE_SIZE).await?;
        for waiting in page.items.iter().filter(|waiting| is_late(waiting, now)) {
            late += 1;
            if late <= TOLD_MAX {
                tell(waiting, now);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(late),
        }
    }
}

/// ATT-6: tells of coupons that are not at the payment provider as they are here, and answers how many that are.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn look_at_coupons(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<u64, StoreError> {
    let mut late = 0;
    let mut after: Option<CouponCode> = None;
    loop {
        let page = store.list_coupons(tenant, after.as_ref(), PAGE_SIZE).await?;
        for (coupon, state, since) in page.items.iter().filter_map(on_its_way) {
            let waited_ms = now.as_millisecond().saturating_sub(since.as_millisecond());
            if waited_ms < PROMOTION_PATIENCE_MS {
                continue;
            }
            late += 1;
            if late <= TOLD_MAX {
                let (code, state, hours) = (coupon.code.as_str(), state.word(), waited_ms / 3_600_000);
                tracing::error!(
                    coupon.code = code,
                    coupon.state = state,
                    hours,
                    "a coupon is not at stripe as it is here"
                );
            }
        }
        after = page.next.as_deref().and_then(CouponCode::parse);
        if after.is_none() {
            return Ok(late);
        }
    }
}

/// A coupon of which something is left to do at the provider, and since when: one that is to be there was asked for, and one
/// that is to be gone ended here. From when on it counts is another matter: that may lie long before. What the provider refused
/// a person was told.
fn on_its_way(coupon: &Coupon) -> Option<(&Coupon, &PromotionState, Timestamp)> {
    let promotion = coupon.promotion.as_ref()?;
    let state = &promotion.state;
    let since = match state {
        // What was made before that was kept began at the earliest when it was asked for.
        PromotionState::Making => promotion.since.unwrap_or(coupon.valid_from),
        PromotionState::Ending(_) => coupon.valid_until.unwrap_or(coupon.valid_from),
        PromotionState::Active(_) | PromotionState::Refused(_) | PromotionState::Ended(_) => return None,
    };
    Some((coupon, state, since))
}

fn is_late(waiting: &Waiting, now: Timestamp) -> bool {
    match waiting.what {
        WaitingFor::Payment(_) => waited_ms(waiting, now) >= PATIENCE_MS,
        // A person was called when it came, and is again until they have looked.
        WaitingFor::Person { .. } => true,
    }
}

fn waited_ms(waiting: &Waiting, now: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(waiting.since.as_millisecond())
}

fn tell(waiting: &Waiting, now: Timestamp) {
    let hours = waited_ms(waiting, now) / 3_600_000;
    match &waiting.what {
        WaitingFor::Payment(payment) => {
            tracing::error!(payment = %payment, hours, "a fact has waited for its payment for a day");
        }
        WaitingFor::Person { provider, event_id, reason, correlation_id, .. } => {
            tracing::error!(provider, event.id = %event_id, correlation_id, hours, reason, "an event still waits for a person");
        }
    }
}
