//! What a sale earns: one base, one rule version, one rounding.

use thiserror::Error;

use crate::fact::SalePaid;
use crate::money::{Money, MoneyError};
use crate::rate::Base;
use crate::rule::{Reward, RuleVersion};
use crate::slot::Slot;
use crate::time::{DateOutOfRange, Zone};

/// Why a sale's earning could not be computed.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum CommissionError {
    /// An amount is out of range, or currencies differ.
    #[error("computing the commission")]
    Money(#[source] MoneyError),
    /// The hold leads out of the calendar.
    #[error("computing the day the hold ends")]
    Date(#[source] DateOutOfRange),
}

/// What a sale earns, and why nothing if nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earning {
    /// The amount, in the sale's currency.
    pub amount: Money,
    /// The base that the rate was taken of, for showing.
    pub base_shown: Money,
    /// The reason in a word: `percentage`, `flat`, `nothing_paid`, `other_currency`.
    pub reason: EarningReason,
}

/// How an earning came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarningReason {
    /// A share of the base.
    Percentage,
    /// A flat reward.
    Flat,
    /// A zero invoice or a trial earns nothing.
    NothingPaid,
    /// A flat reward in another currency than the sale's earns nothing: nothing is converted silently.
    OtherCurrency,
    /// The part of a line that refunds take back.
    Refund,
}

/// The base: paid × (total − tax − shipping) / total, exact.
///
/// # Errors
/// Currencies differ or an amount is out of range.
pub fn base_of(sale: &SalePaid) -> Result<Base, MoneyError> {
    // COM-12: net of tax and shipping, in proportion to what was paid of the total.
    let net = sale.total.try_sub(sale.tax)?.try_sub(sale.shipping)?;
    Base::share(sale.paid, net, sale.total)
}

/// What a sale earns under a rule version.
///
/// # Errors
/// Currencies differ or an amount is out of range.
pub fn earn(sale: &SalePaid, rule: &RuleVersion) -> Result<Earning, CommissionError> {
    let base = base_of(sale).map_err(CommissionError::Money)?;
    let base_shown = base.shown().map_err(CommissionError::Money)?;
    let nothing = Money::zero(sale.paid.currency());
    if sale.paid.is_zero() || base_shown.is_negative() {
        return Ok(Earning { amount: nothing, base_shown, reason: EarningReason::NothingPaid });
    }
    let (amount, reason) = match &rule.reward {
        Reward::Percentage(rate) => {
            (rate.of(&base, rule.rounding).map_err(CommissionError::Money)?, EarningReason::Percentage)
        }
        Reward::Flat(money) if money.currency() == sale.paid.currency() => (*money, EarningReason::Flat),
        Reward::Flat(_) => (nothing, EarningReason::OtherCurrency),
    };
    Ok(Earning { amount, base_shown, reason })
}

/// The slot in which a sale's line becomes available: the day it happened in the ledger's zone, plus the hold.
///
/// # Errors
/// The day is out of range.
pub fn slot_of(sale: &SalePaid, rule: &RuleVersion, ledger_zone: &Zone) -> Result<Slot, CommissionError> {
    let day =
        ledger_zone.day_of(sale.occurred_at).plus_days(i32::from(rule.hold_days)).map_err(CommissionError::Date)?;
    Ok(Slot::of_day(day))
}

#[cfg(test)]
mod tests;
