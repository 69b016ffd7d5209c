//! What lines come to, day by day: the figures that a partner reads. Pure.
//!
//! A line counts on the day on which it happened, whenever it is paid. What was rejected, or wholly taken back before it
//! was worth anything, counts nowhere; neither does what is no commission: exchanges, carried rests, payouts that came
//! back, debts given up. Everything else counts with its sign, so a refund counts on its own day, below zero. What is held
//! counts as what is left of it, on the day of its sale: see `counted`.

mod counted;

use std::collections::BTreeMap;

use crate::commission::EarningReason;
use crate::entry::{EntryKind, kind_of};
use crate::line::{Line, LineKind};
use crate::money::{Money, MoneyError};
use crate::sale::Sale;
use crate::slot::Slot;
use crate::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};
pub use counted::{Counted, asks_for, counted};

/// What some lines come to, in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of it: earned less taken back.
    pub net: i64,
    /// What is above zero. The rest of the net was taken back.
    pub earned: i64,
    /// How many lines; moves into `held` and back are none.
    pub count: u64,
}

impl Tally {
    /// One line that is no move.
    #[must_use]
    pub fn of(line: &Line) -> Self {
        let minor = line.amount.minor();
        Self { net: minor, earned: minor.max(0), count: 1 }
    }

    /// Both together.
    ///
    /// # Errors
    /// Out of range.
    pub fn with(self, other: Self) -> Result<Self, MoneyError> {
        let sum = |a: i64, b: i64| a.checked_add(b).ok_or(MoneyError::OutOfRange);
        Ok(Self {
            net: sum(self.net, other.net)?,
            earned: sum(self.earned, other.earned)?,
            count: self.count.checked_add(other.count).ok_or(MoneyError::OutOfRange)?,
        })
    }
}

/// A span of time, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub to: Timestamp,
}

impl Span {
    /// Is the instant in it?
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Is a whole day in it, none of it, or a part?
    ///
    /// # Errors
    /// The day is out of range.
    pub fn takes(self, day: BusinessDay, zone: &Zone) -> Result<Taken, DateOutOfRange> {
        let period = zone.period_of(day)?;
        Ok(if period.to() <= self.from || self.to <= period.from() {
            Taken::Nothing
        } else if self.from <= period.from() && period.to() <= self.to {
            Taken::Whole
        } else {
            Taken::Part
        })
    }
}

/// How much of a day a span takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it.
    Whole,
    /// It begins or ends within it.
    Part,
    /// None.
    Nothing,
}

/// What lines come to by the days on which they happened.
pub type Days = BTreeMap<BusinessDay, Tally>;

/// Is it commission, and not what an account has beside it?
fn is_commission(line: &Line) -> bool {
    match kind_of(line) {
        Some(EntryKind::PeriodBands | EntryKind::Milestone | EntryKind::ManualAdjustment | EntryKind::Recompute) => {
            true
        }
        Some(
            EntryKind::WriteOff
            | EntryKind::FxOut
            | EntryKind::FxIn
            | EntryKind::Carry
            | EntryKind::Returned
            | EntryKind::Released
            | EntryKind::Award
            | EntryKind::AwardWithdrawn,
        ) => false,
        None => line.kind != LineKind::Entry,
    }
}

/// Was a line wholly taken back where it is, or its sale rejected by a person, so that nothing of its part is left there?
/// Then it never was worth anything, and neither was what took it back: together they come to zero.
#[must_use]
pub fn is_out(line: &Line, beside: &[Line]) -> bool {
    let earned = match line.kind {
        LineKind::Earned => Some(line),
        LineKind::Reversal => {
            beside.iter().find(|other| other.kind == LineKind::Earned && Some(other.n) == line.trace.reverses)
        }
        LineKind::Adjustment | LineKind::HoldMove | LineKind::Entry => None,
    };
    earned.is_some_and(|earned| is_taken_back(earned, beside)) || is_rejected(line, beside)
}

fn is_taken_back(earned: &Line, beside: &[Line]) -> bool {
    let back = beside.iter().filter(|other| other.kind == LineKind::Reversal && other.trace.reverses == Some(earned.n));
    let amounts = back.map(|line| line.amount).chain([earned.amount]);
    let rest = Money::try_sum(amounts, earned.amount.currency());
    !earned.amount.is_zero() && rest.is_ok_and(Money::is_zero)
}

/// Did a person reject the sale, so that nothing of its part is left in this place?
fn is_rejected(line: &Line, beside: &[Line]) -> bool {
    let mut part = beside.iter().filter(|other| other.trace.part == line.trace.part);
    let is_rejection =
        |other: &Line| other.kind == LineKind::Adjustment && other.trace.reason == EarningReason::Rejected;
    let rest = Money::try_sum(part.clone().map(|other| other.amount), line.amount.currency());
    part.any(is_rejection) && rest.is_ok_and(Money::is_zero)
}

/// The lines that stand together: those of one origin in one place. They come in the order of the account.
pub fn groups(lines: &[Line]) -> impl Iterator<Item = &[Line]> {
    lines.chunk_by(|a, b| a.place == b.place && a.origin == b.origin)
}

/// What was asked of an account's lines, while they are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Day by day, in the ledger's zone.
    pub days: Days,
    /// What of it no payout has paid, minor units.
    pub unpaid: i64,
}

impl Figures {
    /// With what a day came to, in places that are paid or not.
    ///
    /// # Errors
    /// Out of range.
    pub fn add(&mut self, day: BusinessDay, tally: Tally, is_paid: bool) -> Result<(), MoneyError> {
        let known = self.days.entry(day).or_default();
        *known = known.with(tally)?;
        if !is_paid {
            self.unpaid = self.unpaid.checked_add(tally.net).ok_or(MoneyError::OutOfRange)?;
        }
        Ok(())
    }

    /// With what the lines of one origin in one place count for, where `of` takes its day and instant. The sale is the one
    /// that [`asks_for`] names.
    ///
    /// # Errors
    /// Out of range.
    pub fn take(
        &mut self,
        (group, sale): (&[Line], Option<&Sale>),
        zone: &Zone,
        paid: Option<Slot>,
        of: impl Fn(BusinessDay, Timestamp) -> bool,
    ) -> Result<(), MoneyError> {
        let Some(place) = group.first().map(|line| line.place) else { return Ok(()) };
        for one in counted(group, sale)? {
            let day = zone.day_of(one.at);
            if of(day, one.at) {
                self.add(day, one.tally, is_paid(place, paid))?;
            }
        }
        Ok(())
    }

    /// All days of them together, from one on and before another.
    ///
    /// # Errors
    /// Out of range.
    pub fn sum(&self, from: BusinessDay, to: BusinessDay) -> Result<Tally, MoneyError> {
        if from >= to {
            return Ok(Tally::default());
        }
        self.days.range(from..to).try_fold(Tally::default(), |sum, (_, tally)| sum.with(*tally))
    }

    /// All of them together.
    ///
    /// # Errors
    /// Out of range.
    pub fn total(&self) -> Result<Tally, MoneyError> {
        self.days.values().try_fold(Tally::default(), |sum, tally| sum.with(*tally))
    }
}

/// Is a place behind what was paid?
fn is_paid(place: crate::line::Place, paid: Option<Slot>) -> bool {
    match place {
        crate::line::Place::Slot(slot) => Some(slot) <= paid,
        crate::line::Place::Held => false,
    }
}

/// How the days of a span are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Each day alone.
    Day,
    /// From Monday to Sunday.
    Week,
    /// By the calendar.
    Month,
}

impl Interval {
    /// The first day behind the one that a day is in.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn end_of(self, day: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
        match self {
            Self::Day => day.plus_days(1),
            Self::Week => {
                // 3 January 2000 was a Monday.
                let monday = BusinessDay::new(2000, 1, 3)?;
                let passed = crate::aging::days_between(monday, day)?.rem_euclid(7);
                day.plus_days(7 - i32::try_from(passed).map_err(|_| DateOutOfRange)?)
            }
            Self::Month => crate::month::Month::of(day).successor()?.first_day(),
        }
    }

    /// The pieces of a span of days, each half-open; the first and the last end where the span does.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn pieces(self, from: BusinessDay, to: BusinessDay) -> Result<Vec<(BusinessDay, BusinessDay)>, DateOutOfRange> {
        let (mut pieces, mut begin) = (Vec::new(), from);
        while begin < to {
            let end = self.end_of(begin)?.min(to);
            pieces.push((begin, end));
            begin = end;
        }
        Ok(pieces)
    }
}

/// REV-7, plain: what a number of days would bring if each brought what the observed ones brought on average; rounded half
/// away from zero, once.
///
/// # Errors
/// Out of range.
pub fn projected(observed_net: i64, observed_days: u32, horizon_days: u32) -> Result<i64, MoneyError> {
    if observed_days == 0 {
        return Ok(0);
    }
    let (days, half) = (i128::from(observed_days), i128::from(observed_days) / 2);
    let whole = i128::from(observed_net).checked_mul(i128::from(horizon_days)).ok_or(MoneyError::OutOfRange)?;
    let rounded = if whole >= 0 { (whole + half) / days } else { (whole - half) / days };
    // Of an odd number of days a half is never met exactly, so adding its floor rounds to the nearest.
    i64::try_from(rounded).map_err(|_| MoneyError::OutOfRange)
}

/// How a difference stands to what was before, as a fraction to four places, rounded half away from zero; none where there
/// was nothing before, or less: such a fraction says nothing.
#[must_use]
pub fn growth(more: i64, before: i64) -> Option<String> {
    if before <= 0 {
        return None;
    }
    let (whole, before) = (i128::from(more).checked_mul(10_000)?, i128::from(before));
    let half = before / 2;
    let rounded = if whole >= 0 { (whole + half) / before } else { (whole - half) / before };
    rust_decimal::Decimal::try_from_i128_with_scale(rounded, 4).ok().map(|rate| rate.normalize().to_string())
}

#[cfg(test)]
mod tests;
