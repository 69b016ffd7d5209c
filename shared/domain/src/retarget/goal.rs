//! What a position should have, from the sale and its target alone.

#[cfg(feature = "planted")]
mod planted;

#[cfg(feature = "planted")]
use super::Booked;
use super::{RetargetError, Target};
use crate::fact::DisputePhase;
use crate::money::MoneyError;
use crate::rate::{Base, Rounding};
use crate::sale::{Clawback, Sale};

/// A million: rates are compared in millionths.
const MILLION: i128 = 1_000_000;

/// What a position should have, minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// Earned and adjusted.
    pub(super) earned: i64,
    /// Of that, taken back.
    pub(super) reversed: i64,
    /// Of the rest, held.
    pub(super) held: i64,
}

/// A share of a payment, exact: never above one.
#[derive(Clone, Copy)]
struct Share {
    numerator: i128,
    denominator: i128,
}

impl Goal {
    pub(super) fn of(
        sale: &Sale,
        target: &Target,
        #[cfg(feature = "planted")] now: &Booked,
        #[cfg(feature = "planted")] today: crate::time::BusinessDay,
    ) -> Result<Self, RetargetError> {
        // A rejected sale never was valid: nothing is earned by it.
        let earned = if sale.rejected { 0 } else { target.amount.minor() };
        if target.amount.currency() != sale.paid.currency() {
            let (left, right) = (sale.paid.currency(), target.amount.currency());
            return Err(MoneyError::CurrencyMismatch { left, right }.into());
        }
        // The target's, never what was booked first: then the order in which sales came would decide.
        let clawback = target.clawback;
        let lost = sale.disputed(DisputePhase::Lost);
        let back = Share::of(sale, target.part.item, lost)?;
        let reversed = taken(earned, back, clawback, sale)?;
        #[cfg(feature = "planted")]
        let reversed = planted::rounded_per_refund(earned, reversed, clawback, sale, now);
        #[cfg(feature = "planted")]
        let sale = &planted::released_by_time(sale, today);
        let held = if sale.hold.is_some() {
            earned - reversed
        } else {
            // LED-5: an open dispute holds what it would take if it were lost.
            let open = lost.saturating_add(sale.disputed(DisputePhase::Opened));
            taken(earned, Share::of(sale, target.part.item, open)?, clawback, sale)? - reversed
        };
        Ok(Self { earned, reversed, held })
    }
}

/// What is taken back of an amount for good: by refunds and lost disputes.
pub(super) fn taken_back(sale: &Sale, item: u16, clawback: Clawback, earned: i64) -> Result<i64, RetargetError> {
    let back = Share::of(sale, item, sale.disputed(DisputePhase::Lost))?;
    taken(earned, back, clawback, sale)
}

impl Share {
    /// What went back of an item: its own refunds, and its part of those of the whole payment and of disputes.
    fn of(sale: &Sale, item: u16, disputed: i64) -> Result<Self, RetargetError> {
        let whole = i128::from(sale.paid.minor());
        let own = i128::from(sale.paid_for(item).minor());
        let unnamed = i128::from(sale.refunded.minor()) + i128::from(disputed);
        let named = sale.item_refunds.get(&item).map_or(0, |money| i128::from(money.minor()));
        let named_elsewhere: i128 = sale.item_refunds.values().fold(0, |sum, money| sum + i128::from(money.minor()));
        if whole <= 0 || own <= 0 {
            // Nothing was paid for it, so nothing of it can go back.
            return Ok(Self { numerator: 0, denominator: 1 });
        }
        if unnamed + named_elsewhere >= whole {
            return Ok(Self { numerator: 1, denominator: 1 });
        }
        let (numerator, denominator) = if named == 0 {
            (unnamed, whole)
        } else {
            let product = |left: i128, right: i128| left.checked_mul(right).ok_or(MoneyError::OutOfRange);
            (product(unnamed, own)? + product(named, whole)?, product(whole, own)?)
        };
        if numerator >= denominator {
            Ok(Self { numerator: 1, denominator: 1 })
        } else {
            Ok(Self { numerator, denominator })
        }
    }

    fn reaches(self, rate: crate::rate::Rate) -> bool {
        self.numerator.saturating_mul(MILLION) >= self.denominator.saturating_mul(rate.millionths())
    }
}

/// LED-3: T = round(c × min(R, P) / P), or all or nothing where the reward is flat.
fn taken(earned: i64, share: Share, clawback: Clawback, sale: &Sale) -> Result<i64, RetargetError> {
    Ok(match clawback {
        Clawback::Keep => 0,
        Clawback::From(rate) if share.reaches(rate) && share.numerator > 0 => earned,
        Clawback::From(_) => 0,
        Clawback::Proportional => {
            let numerator = i128::from(earned).checked_mul(share.numerator).ok_or(MoneyError::OutOfRange)?;
            let base = Base::fraction(numerator, share.denominator, sale.paid.currency());
            base.rounded(Rounding::HalfAwayFromZero)?.minor()
        }
    })
}

#[cfg(test)]
mod tests;
