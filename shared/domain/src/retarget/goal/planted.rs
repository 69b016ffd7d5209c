//! Two mistakes on purpose: see `crate::planted`.

use super::Booked;
use crate::planted::{Bug, is, last_refund};
use crate::sale::{Clawback, Sale};
use crate::time::BusinessDay;

/// Each refund rounded by itself, and added to what was taken back before.
pub(super) fn rounded_per_refund(earned: i64, reversed: i64, clawback: Clawback, sale: &Sale, now: &Booked) -> i64 {
    let (paid, refund) = (i128::from(sale.paid.minor()), i128::from(last_refund()));
    if !is(Bug::RoundingPerRefund) || clawback != Clawback::Proportional || paid <= 0 || refund == 0 {
        return reversed;
    }
    let taken = (i128::from(earned) * refund * 2 + paid).div_euclid(paid * 2);
    let whole = i128::from(now.reversed) + taken;
    i64::try_from(whole.clamp(0, i128::from(earned))).unwrap_or(reversed)
}

/// A hold that is over after a week.
pub(super) fn released_by_time(sale: &Sale, today: BusinessDay) -> Sale {
    let week_later = sale.booked_day.plus_days(7).ok();
    let is_over = is(Bug::HoldReleasedByTime) && week_later.is_some_and(|day| today >= day);
    Sale { hold: sale.hold.filter(|_| !is_over), ..sale.clone() }
}
