//! The balance of an account as of any instant: a fold of its lines and payouts by the time they were booked.

use crate::line::{Line, Place};
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};
use crate::slot::Slot;
use crate::time::{BusinessDay, Timestamp};

/// Where the money of an account was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Waits for its day.
    pub pending: Money,
    /// Held by a person, or for a dispute.
    pub held: Money,
    /// Free to pay; below zero when more was taken back than was there.
    pub available: Money,
    /// Covered by a payout under way.
    pub reserved: Money,
    /// Paid out.
    pub settled: Money,
}

impl Balance {
    /// Nothing anywhere.
    #[must_use]
    pub fn nothing(currency: crate::currency::Currency) -> Self {
        let zero = Money::zero(currency);
        Self { pending: zero, held: zero, available: zero, reserved: zero, settled: zero }
    }
}

/// The instant that is asked about, and the fold so far.
#[derive(Clone, Debug)]
pub struct AsOf {
    at: Timestamp,
    today: BusinessDay,
    closed: Option<Slot>,
    balance: Balance,
}

impl AsOf {
    /// Begins a fold. `today` is the day of the instant in the ledger's zone; `closed` is how far closes have come,
    /// where the instant is now: what is closed is available, whatever its day.
    #[must_use]
    pub fn new(at: Timestamp, today: BusinessDay, closed: Option<Slot>, nothing: Balance) -> Self {
        Self { at, today, closed, balance: nothing }
    }

    /// Takes a line in. What was booked later was not there yet.
    ///
    /// # Errors
    /// Out of range, or another currency.
    pub fn line(&mut self, line: &Line) -> Result<(), MoneyError> {
        if line.booked_at > self.at {
            return Ok(());
        }
        let today = Slot::last_of_day(self.today);
        let place = match line.place {
            Place::Held => &mut self.balance.held,
            Place::Slot(slot) if slot <= today || Some(slot) <= self.closed => &mut self.balance.available,
            Place::Slot(_) => &mut self.balance.pending,
        };
        *place = place.try_add(line.amount)?;
        Ok(())
    }

    /// Takes a payout in: where it stood at the instant.
    ///
    /// # Errors
    /// Out of range, or another currency.
    pub fn payout(&mut self, payout: &Payout) -> Result<(), MoneyError> {
        if payout.requested_at > self.at {
            return Ok(());
        }
        let has_ended = payout.moved_at <= self.at;
        let to = match &payout.state {
            // It left when it was paid; what came back is a line of its own.
            PayoutState::Returned { completed_at, .. } if *completed_at <= self.at => &mut self.balance.settled,
            PayoutState::Paid { .. } if has_ended => &mut self.balance.settled,
            PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } | PayoutState::Failed { .. } if has_ended => {
                return Ok(());
            }
            _ => &mut self.balance.reserved,
        };
        *to = to.try_add(payout.amount)?;
        self.balance.available = self.balance.available.try_sub(payout.amount)?;
        Ok(())
    }

    /// The balance.
    #[must_use]
    pub fn balance(&self) -> Balance {
        self.balance
    }
}

#[cfg(test)]
mod tests;
