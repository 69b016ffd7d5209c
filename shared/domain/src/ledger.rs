//! The head of an account, and everything that is derived from it: balances, the state of a line, what to close.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::PayoutId;
use crate::line::{LineState, Place};
use crate::money::{Money, MoneyError};
use crate::month::Month;
use crate::slot::Slot;
use crate::time::BusinessDay;

/// How many matured slots may be open before the nightly visit closes them.
pub const MATURED_SLOTS_MAX: usize = 8;

/// One small item an account: open slots, totals, and how far fence, closes and payouts have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The account's currency.
    pub currency: Currency,
    /// Raised by every write to the head.
    pub version: u64,
    /// Net of each open slot, minor units.
    pub open: BTreeMap<Slot, i64>,
    /// Closed and free to pay, minor units; may be negative.
    pub available: i64,
    /// Covered by the open payout.
    pub reserved: i64,
    /// Held by a person's decision.
    pub held: i64,
    /// Paid out.
    pub settled: i64,
    /// Slots at or below it are final.
    pub fence: Option<Slot>,
    /// Slots at or below it are folded into `available`.
    pub closed: Option<Slot>,
    /// Slots at or below it are covered by a payout.
    pub covered: Option<Slot>,
    /// Slots at or below it are paid.
    pub paid: Option<Slot>,
    /// How many closes there are.
    pub close_no: u32,
    /// The end of the chain of closes.
    pub close_hash: Digest,
    /// How many payouts there were.
    pub payout_no: u32,
    /// The payout that is under way.
    pub open_payout: Option<PayoutId>,
    /// Is it in the index of accounts that the night visits?
    pub live: bool,
    /// Facts of this month and before come late: no booking that counts in them can commit.
    pub frozen: Option<Month>,
    /// Months that the night has adjusted for the last time. Never after `frozen`.
    pub counted: Option<Month>,
    /// How many bookings there were.
    pub bookings: u64,
    /// How many adjusting transactions there were.
    pub adjust_no: u64,
    /// The bookings that the last adjusting knew of: nothing was booked since while it is their number.
    pub adjusted: u64,
    /// The earliest month with sales that is not counted yet, as the last adjusting found it.
    pub open_period: Option<Month>,
}

/// A head that contradicts itself.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum HeadBreach {
    /// `paid ≤ covered ≤ closed ≤ fence` does not hold.
    #[error("V14: paid {paid:?}, covered {covered:?}, closed {closed:?}, fence {fence:?} are out of order")]
    Order {
        /// As in the head.
        paid: Option<Slot>,
        /// As in the head.
        covered: Option<Slot>,
        /// As in the head.
        closed: Option<Slot>,
        /// As in the head.
        fence: Option<Slot>,
    },
    /// An open slot at or below `closed`.
    #[error("V14: slot {slot} is open but closed up to {closed}")]
    OpenBelowClosed {
        /// The slot.
        slot: Slot,
        /// How far closes have come.
        closed: Slot,
    },
    /// A month was adjusted for the last time while facts of it could still come.
    #[error("V14: months are counted up to {counted:?} and frozen up to {frozen:?}")]
    Periods {
        /// As in the head.
        counted: Option<Month>,
        /// As in the head.
        frozen: Option<Month>,
    },
    /// Held, reserved or a future slot below zero.
    #[error("V6: {what} is {minor} minor units; only available may be negative")]
    Negative {
        /// Which total.
        what: &'static str,
        /// The figure.
        minor: i64,
    },
}

impl Head {
    /// The head of an account that has never been booked to.
    #[must_use]
    pub fn new(currency: Currency) -> Self {
        Self {
            currency,
            version: 0,
            open: BTreeMap::new(),
            available: 0,
            reserved: 0,
            held: 0,
            settled: 0,
            fence: None,
            closed: None,
            covered: None,
            paid: None,
            close_no: 0,
            close_hash: Digest::ZERO,
            payout_no: 0,
            open_payout: None,
            live: false,
            frozen: None,
            counted: None,
            bookings: 0,
            adjust_no: 0,
            adjusted: 0,
            open_period: None,
        }
    }

    /// What can be paid today: closed and matured alike. A day passes and it grows; nothing is written.
    ///
    /// # Errors
    /// Out of range.
    pub fn available_on(&self, today: BusinessDay) -> Result<Money, MoneyError> {
        self.money(self.available)?.try_add(self.sum_open(|slot| slot.day() <= today)?)
    }

    /// What waits for its day.
    ///
    /// # Errors
    /// Out of range.
    pub fn pending_on(&self, today: BusinessDay) -> Result<Money, MoneyError> {
        self.sum_open(|slot| slot.day() > today)
    }

    /// Everything the account ever earned, net, wherever it is now.
    ///
    /// # Errors
    /// Out of range.
    pub fn total(&self) -> Result<Money, MoneyError> {
        let parts = [self.available, self.reserved, self.held, self.settled]
            .map(|minor| Money::from_minor(minor, self.currency));
        Money::try_sum(parts, self.currency)?.try_add(self.sum_open(|_| true)?)
    }

    /// The last slot that has matured and is not closed.
    #[must_use]
    pub fn last_matured(&self, today: BusinessDay) -> Option<Slot> {
        self.open.keys().copied().filter(|slot| slot.day() <= today).max()
    }

    /// How many matured slots are open.
    #[must_use]
    pub fn matured_slots(&self, today: BusinessDay) -> usize {
        self.open.keys().filter(|slot| slot.day() <= today).count()
    }

    /// The first day on which something pending becomes available, and how much then.
    #[must_use]
    pub fn next_maturing(&self, today: BusinessDay) -> Option<(BusinessDay, Money)> {
        let day = self.open.keys().map(|slot| slot.day()).filter(|day| *day > today).min()?;
        self.sum_open(|slot| slot.day() == day).ok().map(|money| (day, money))
    }

    /// What becomes available after one day, up to and with another.
    ///
    /// # Errors
    /// Out of range.
    pub fn maturing(&self, after: BusinessDay, last: BusinessDay) -> Result<Money, MoneyError> {
        self.sum_open(|slot| after < slot.day() && slot.day() <= last)
    }

    /// A close was begun (the fence is raised) and not finished.
    #[must_use]
    pub fn close_is_unfinished(&self) -> bool {
        self.fence != self.closed
    }

    /// The net of the open slots up to and with one: what a close to it must find in the lines.
    ///
    /// # Errors
    /// Out of range.
    pub fn open_up_to(&self, last: Slot) -> Result<Money, MoneyError> {
        self.sum_open(|slot| slot <= last)
    }

    /// Nothing is open, available, reserved or held, and no period is open: the night need not come.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let is_empty = self.open.is_empty() && self.available == 0 && self.reserved == 0 && self.held == 0;
        is_empty && self.is_adjusted() && self.open_period.is_none()
    }

    /// Nothing was booked since the night last put the open periods in order.
    #[must_use]
    pub fn is_adjusted(&self) -> bool {
        self.adjusted == self.bookings
    }

    /// The state of a line, from its place and the head alone.
    #[must_use]
    pub fn state_of(&self, place: Place, today: BusinessDay) -> LineState {
        let slot = match place {
            Place::Held => return LineState::Held,
            Place::Slot(slot) => Some(slot),
        };
        if slot <= self.paid {
            LineState::Paid
        } else if slot <= self.covered {
            LineState::InPayout
        } else if slot <= Some(Slot::last_of_day(today)) {
            LineState::Approved
        } else {
            LineState::Pending
        }
    }

    /// The laws that the head must hold by itself.
    ///
    /// # Errors
    /// The first breach.
    pub fn check(&self) -> Result<(), HeadBreach> {
        if !(self.paid <= self.covered && self.covered <= self.closed && self.closed <= self.fence) {
            return Err(HeadBreach::Order {
                paid: self.paid,
                covered: self.covered,
                closed: self.closed,
                fence: self.fence,
            });
        }
        if let (Some(slot), Some(closed)) = (self.open.keys().next().copied(), self.closed)
            && slot <= closed
        {
            return Err(HeadBreach::OpenBelowClosed { slot, closed });
        }
        for (what, minor) in [("held", self.held), ("reserved", self.reserved)] {
            if minor < 0 {
                return Err(HeadBreach::Negative { what, minor });
            }
        }
        if self.counted > self.frozen {
            return Err(HeadBreach::Periods { counted: self.counted, frozen: self.frozen });
        }
        Ok(())
    }

    fn sum_open(&self, wanted: impl Fn(Slot) -> bool) -> Result<Money, MoneyError> {
        let amounts = self
            .open
            .iter()
            .filter(|(slot, _)| wanted(**slot))
            .map(|(_, minor)| Money::from_minor(*minor, self.currency));
        Money::try_sum(amounts, self.currency)
    }

    fn money(&self, minor: i64) -> Result<Money, MoneyError> {
        Money::try_sum([Money::from_minor(minor, self.currency)], self.currency)
    }
}

/// A close: the slots it folded, and the chain through their lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Its number, from 1.
    pub no: u32,
    /// Slots after this one …
    pub from: Option<Slot>,
    /// … up to and with this one.
    pub to: Slot,
    /// How many lines.
    pub count: u64,
    /// Their net.
    pub net: Money,
    /// The chain before.
    pub previous: Digest,
    /// The chain after.
    pub hash: Digest,
}

/// A recount of final slots under way: folded page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// How many lines so far.
    pub count: u64,
    /// Their net so far.
    pub net: Money,
    /// The chain so far.
    pub hash: Digest,
}

impl Recount {
    /// Begins behind the last close.
    #[must_use]
    pub fn after(head: &Head) -> Self {
        Self { count: 0, net: Money::zero(head.currency), hash: head.close_hash }
    }

    /// Takes in the next line, in the order of keys.
    ///
    /// # Errors
    /// Out of range, or a line of another currency.
    pub fn fold(self, line: &crate::line::Line) -> Result<Self, MoneyError> {
        Ok(Self {
            count: self.count + 1,
            net: self.net.try_add(line.amount)?,
            hash: self.hash.then(line.chain_row().as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests;
