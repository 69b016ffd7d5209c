//! The base that a commission is a share of, the day it is due, and the words for how an amount came about.

use thiserror::Error;

use crate::money::{Money, MoneyError};
use crate::rate::Base;
use crate::rule::BasePolicy;
use crate::sale::Sale;
use crate::slot::Slot;
use crate::time::{DateOutOfRange, Timestamp, Zone};

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

/// How an earning came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarningReason {
    /// A share of the base.
    Percentage,
    /// A flat reward.
    Flat,
    /// A share by the bands that the month has reached.
    Banded,
    /// Several rewards added up.
    Several,
    /// The volume bonus on a commission.
    VolumeBonus,
    /// The share of whoever referred the partner.
    SecondTier,
    /// The bonus for a sign-up.
    SignUpBonus,
    /// What a month earns by the band that it reached, beside what its sales earned.
    RetroactiveBands,
    /// The bonus for a milestone.
    Milestone,
    /// No clause of the rule is about it.
    NoClause,
    /// A clause would be, but its months or occurrences are over.
    LimitReached,
    /// The flat reward was paid for another item of the same sale.
    PaidOnce,
    /// A zero invoice or a trial earns nothing.
    NothingPaid,
    /// A flat reward in another currency than the sale's earns nothing: nothing is converted silently.
    OtherCurrency,
    /// The part of a line that refunds take back.
    Refund,
    /// The part that a lost dispute takes back.
    Dispute,
    /// A person rejected the sale.
    Rejected,
    /// Another partner is credited now.
    Reattributed,
    /// The nightly order of sales makes it another amount.
    Adjusted,
    /// Other rules were applied to what was booked.
    Recomputed,
    /// Held until a person, or the end of a dispute, releases it.
    Held,
    /// Released.
    Released,
    /// An entry of the account, by hand or of a period.
    Entry,
}

/// The base of a sale: what was paid × (total − tax − shipping° − fees°) / total, exact; ° by the version.
///
/// # Errors
/// Currencies differ or an amount is out of range.
pub fn base_of(sale: &Sale, policy: BasePolicy) -> Result<Base, MoneyError> {
    base_of_part(sale.paid, sale, policy)
}

/// The base of a part of what was paid. The bases of the parts add up to the base of the sale.
///
/// # Errors
/// Currencies differ or an amount is out of range.
pub fn base_of_part(paid: Money, sale: &Sale, policy: BasePolicy) -> Result<Base, MoneyError> {
    // COM-12: net of tax, shipping and fees in proportion to what was paid of the total. Discounts are not in the total.
    let mut net = sale.total.try_sub(sale.tax)?;
    if policy.net_of_shipping {
        net = net.try_sub(sale.shipping)?;
    }
    if policy.net_of_fees {
        net = net.try_sub(sale.fees)?;
    }
    // More than was asked, a tip say, is no more of what was sold.
    let of = if sale.paid.minor() > sale.total.minor() { sale.paid } else { sale.total };
    if sale.total.is_zero() { Base::share(paid, sale.total, of) } else { Base::share(paid, net, of) }
}

/// LED-2: the slot in which a line becomes available: the day of the sale in the ledger's zone, plus the hold.
///
/// # Errors
/// The day is out of range.
pub fn slot_after(occurred_at: Timestamp, hold_days: u16, ledger_zone: &Zone) -> Result<Slot, CommissionError> {
    let day = ledger_zone.day_of(occurred_at).plus_days(i32::from(hold_days)).map_err(CommissionError::Date)?;
    Ok(Slot::of_day(day))
}

#[cfg(test)]
mod tests;
