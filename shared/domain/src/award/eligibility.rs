//! How many awards there are to give: by revenue, by the age of the business, less those already given.

use super::Policy;
use crate::money::{Money, MoneyError};
use crate::time::BusinessDay;

/// Why nobody can be given an award now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEligible {
    /// The day of the launch is not set.
    NotSetUp,
    /// The day of the launch is to come.
    NotLaunched,
    /// The business is too young.
    TooYoung,
    /// There is too little revenue for a first award.
    TooLittleRevenue,
    /// As many are given as the revenue allows.
    AllGiven,
}

impl NotEligible {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSetUp => "not_set_up",
            Self::NotLaunched => "not_launched",
            Self::TooYoung => "too_young",
            Self::TooLittleRevenue => "too_little_revenue",
            Self::AllGiven => "all_given",
        }
    }
}

/// What revenue and age come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// Whole months since the launch; none before it.
    pub months: Option<u16>,
    /// How many awards the revenue allows in all, whatever the age.
    pub by_revenue: u32,
    /// How many may have been given by now.
    pub allowed: u32,
    /// How many can be given now.
    pub winners: u32,
    /// Why none.
    pub reason: Option<NotEligible>,
}

/// Whole months from one day to another, so that the day plus so many months is not after the other; where a month is
/// shorter, its last day counts. None where the other day is the earlier one.
#[must_use]
pub fn whole_months(from: BusinessDay, to: BusinessDay) -> Option<u16> {
    let ((from_year, from_month, _), (to_year, to_month, _)) = (from.parts(), to.parts());
    let years = i32::from(to_year) - i32::from(from_year);
    let months = years * 12 + i32::from(to_month) - i32::from(from_month);
    let months = u16::try_from(months).ok()?;
    // The calendar ends in 2099: a day behind it is after every day.
    let is_after = |months| from.plus_months(months).map_or(true, |day| day > to);
    if is_after(months) { months.checked_sub(1).filter(|_| from <= to) } else { Some(months) }
}

/// AWD-1: what there is to give.
///
/// # Errors
/// The policy's amounts are out of range.
pub fn eligibility(policy: &Policy, revenue: Money, given: u32, today: BusinessDay) -> Result<Eligibility, MoneyError> {
    let for_each = policy.revenue_per_award()?.minor().max(1);
    if revenue.currency() != policy.currency {
        return Err(MoneyError::CurrencyMismatch { left: revenue.currency(), right: policy.currency });
    }
    // AWD-1: floor(revenue / 100,000), in whole minor units; what went back may exceed what came in.
    let by_revenue = u32::try_from(revenue.minor().max(0) / for_each).unwrap_or(u32::MAX);
    let months = policy.launched_on.and_then(|launched| whole_months(launched, today));
    let reason = match (policy.launched_on, months) {
        (None, _) => Some(NotEligible::NotSetUp),
        (Some(_), None) => Some(NotEligible::NotLaunched),
        (Some(_), Some(months)) if months < policy.months_min => Some(NotEligible::TooYoung),
        _ if by_revenue == 0 => Some(NotEligible::TooLittleRevenue),
        _ if by_revenue <= given => Some(NotEligible::AllGiven),
        _ => None,
    };
    let is_old_enough = matches!(reason, None | Some(NotEligible::AllGiven | NotEligible::TooLittleRevenue));
    let allowed = if is_old_enough { by_revenue } else { 0 };
    // AWD-1: less those already awarded, never below zero: refunds may have taken away what was given by.
    Ok(Eligibility { months, by_revenue, allowed, winners: allowed.saturating_sub(given), reason })
}
