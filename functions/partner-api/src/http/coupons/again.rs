//! ATT-6: what is left to do of coupons at Stripe is done by the clock, so that nobody has to come again for it. What
//! Stripe refused is a person's: asked again it would say the same.

use domain::audit::Actor;
use domain::role::Role;
use domain::time::Timestamp;
use edge::clock::Stopwatch;
use edge::telemetry::chain;
use serde::Serialize;
use store::coupons::{Coupon, CouponCode};
use store::{StoreError, TenantKey};

use super::at_stripe;
use crate::App;

/// How many coupons are read at once.
const PAGE_SIZE: usize = 500;
/// How long one run looks for what is left to do, and how long it works: one coupon's calls fit behind that into the
/// function's time. What is left is the next run's.
const LOOKING_MS_MAX: u64 = 8_000;
const WORKING_MS_MAX: u64 = 14_000;
/// How long lies between two runs, in seconds.
const BETWEEN_S: i64 = 1_800;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// Coupons of which something was left to do, as far as the run came.
    pub open: u64,
    /// Those that are at Stripe now as they are here.
    pub done: u64,
    /// Coupons, and tenants' lists of them, that could not be dealt with now.
    pub failed: u64,
}

/// Does what is left to do, of every tenant: what was tried the least first, and each run begins with another tenant. One
/// that cannot be dealt with is no other's, and neither is a tenant whose coupons cannot be listed.
///
/// # Errors
/// The tenants cannot be listed.
pub(crate) async fn bring_all(app: &App, scheduled_for: Timestamp) -> Result<Brought, edge::lambda::Error> {
    let (mut brought, watch) = (Brought::default(), Stopwatch::start());
    let mut open = Vec::new();
    for tenant in turned(app.store.list_tenants().await?, scheduled_for) {
        let is_over = || watch.elapsed_ms() > LOOKING_MS_MAX;
        if let Err(error) = open_of(app, &TenantKey::from(&tenant), is_over, &mut open).await {
            brought.failed += 1;
            tracing::warn!(tenant.id = %tenant, reason = chain(&error), "a tenant's coupons could not be listed");
        }
        if is_over() {
            tracing::warn!(open = open.len(), "coupons are left for the next run");
            break;
        }
    }
    let mut open = turned(open, scheduled_for);
    open.sort_by_key(|(_, coupon)| coupon.promotion.as_ref().map(|promotion| promotion.tries));
    for (key, coupon) in open {
        if watch.elapsed_ms() > WORKING_MS_MAX {
            tracing::warn!(open = brought.open, "coupons are left for the next run");
            break;
        }
        brought.open += 1;
        match at_stripe::bring(app, &key, (&itself(), app.clock.now()), coupon).await {
            Ok(after) => brought.done += u64::from(!is_open(&after)),
            Err(problem) => {
                brought.failed += 1;
                let reason = problem.detail();
                tracing::warn!(tenant.id = %key.tenant(), reason, "a coupon could not be brought to stripe");
            }
        }
    }
    let Brought { open, done, failed } = brought;
    tracing::info!(open, done, failed, "coupons brought to stripe");
    Ok(brought)
}

/// The same, begun elsewhere each time: what takes all of one run is behind the others in the next.
fn turned<T>(mut all: Vec<T>, scheduled_for: Timestamp) -> Vec<T> {
    let many = i64::try_from(all.len()).unwrap_or(i64::MAX).max(1);
    let first = (scheduled_for.as_second() / BETWEEN_S).rem_euclid(many);
    all.rotate_left(usize::try_from(first).unwrap_or_default());
    all
}

/// Adds the coupons of a tenant of which something is left to do that nobody has to decide on, as far as the time is enough.
async fn open_of(
    app: &App,
    tenant: &TenantKey,
    is_over: impl Fn() -> bool,
    open: &mut Vec<(TenantKey, Coupon)>,
) -> Result<(), StoreError> {
    let mut after: Option<CouponCode> = None;
    loop {
        let page = app.store.list_coupons(tenant, after.as_ref(), PAGE_SIZE).await?;
        open.extend(page.items.into_iter().filter(is_open).map(|coupon| (tenant.clone(), coupon)));
        after = page.next.as_deref().and_then(CouponCode::parse);
        if after.is_none() || is_over() {
            return Ok(());
        }
    }
}

fn is_open(coupon: &Coupon) -> bool {
    coupon.promotion.as_ref().is_some_and(|promotion| promotion.state.is_open())
}

/// As whom the clock stands in audit trails.
fn itself() -> Actor {
    Actor::new(Role::Service, "partner-api")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_begins_elsewhere_and_leaves_nobody_out() {
        let at = |run: i64| Timestamp::from_second(1_800_000_000 + run * BETWEEN_S).expect("an instant");
        let runs: Vec<Vec<u8>> = (0..3).map(|run| turned(vec![1, 2, 3], at(run))).collect();
        let mut firsts: Vec<u8> = runs.iter().map(|run| run[0]).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, [1, 2, 3]);
        for mut run in runs {
            run.sort_unstable();
            assert_eq!(run, [1, 2, 3]);
        }
        assert_eq!(turned(Vec::<u8>::new(), at(1)), Vec::<u8>::new());
    }
}
