//! Revenue recognition: what was paid for a service is earned in a straight line over the time that the service runs.
//!
//! Rounding is cumulative: what is recognised to a date is rounded, and a month is the difference of two such figures.
//! So the months always add up to the whole, whatever they are cut into.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::fact::ServicePart;
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rounding, round_quotient};
use crate::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};

/// A day in seconds.
const DAY_SECONDS: i64 = 86_400;

/// A service that was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What was paid, net of tax where tax is not revenue.
    pub amount: Money,
    /// When. From then on it is deferred, also where the service begins later.
    pub paid_at: Timestamp,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// What went back to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidBack {
    /// When.
    pub at: Timestamp,
    /// How much, above zero.
    pub amount: Money,
}

/// In what steps a service is earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Day by day: the first day whole, the last one not.
    ByDay,
    /// By the exact time.
    ByTime,
    /// The same in each month of its length, from the month that it begins in.
    ByMonth,
}

/// One month of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthOfService {
    /// What the month earns of the service.
    pub recognised: Money,
    /// What went back in this month of what had been earned before: below zero or zero.
    pub contra: Money,
    /// What is paid and not earned at the month's end.
    pub deferred: Money,
}

/// Months by their first day.
pub type Schedule = BTreeMap<BusinessDay, MonthOfService>;

/// Why there is no schedule.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum RecognitionError {
    /// Money out of range.
    #[error("adding up what is recognised")]
    Money(#[from] MoneyError),
    /// The calendar ends.
    #[error("finding the months of a service")]
    Date(#[from] DateOutOfRange),
}

/// The months in which a service is earned. What goes back is taken from what is not earned yet; the rest of it
/// lessens the month in which it went back.
///
/// # Errors
/// Out of range, or currencies meet.
pub fn schedule(
    service: &Service,
    back: &[PaidBack],
    spread: Spread,
    zone: &Zone,
) -> Result<Schedule, RecognitionError> {
    if service.amount.is_negative() {
        // A time that is given back is earned as it would be, the other way round.
        let given = Service { amount: negated(service.amount)?, ..*service };
        let back: Result<Vec<PaidBack>, MoneyError> =
            back.iter().map(|paid| Ok(PaidBack { amount: negated(paid.amount)?, ..*paid })).collect();
        let months = schedule(&given, &back?, spread, zone)?.into_iter();
        return months.map(|(month, figures)| Ok((month, figures.negated()?))).collect();
    }
    let line = Line::new(service, spread, zone)?;
    let (segments, contras) = line.bend(service.amount, back)?;
    let first = month_of(zone.day_of(service.from.min(service.paid_at)))?;
    let last = line.last_month()?.max(contras.keys().next_back().copied().unwrap_or(first));
    let zero = Money::zero(service.amount.currency());
    let mut schedule = Schedule::new();
    let (mut month, mut before) = (first.min(contras.keys().next().copied().unwrap_or(first)), zero);
    while month <= last {
        let next = next_month(month)?;
        let segment = segments.iter().rev().find(|segment| segment.known_from < next).unwrap_or(&segments[0]);
        let to_date = segment.recognised_to(line.elapsed_before(next)?, line.length)?;
        let recognised = to_date.try_sub(before)?;
        let deferred = segment.recognised.try_add(segment.deferred)?.try_sub(to_date)?;
        let contra = contras.get(&month).copied().unwrap_or(zero);
        schedule.insert(month, MonthOfService { recognised, contra, deferred });
        (month, before) = (next, to_date);
    }
    Ok(schedule)
}

/// Services that were paid for at once, each with its part of what was paid and of what went back, by the weights. What is left
/// of the parts adds up to what is left of the whole, whatever went back; a part of less than a cent goes with the next one.
///
/// # Errors
/// Out of range, or currencies meet.
pub fn divide(
    (amount, paid_at): (Money, Timestamp),
    parts: &[ServicePart],
    back: &[PaidBack],
) -> Result<Vec<(Service, Vec<PaidBack>)>, MoneyError> {
    let all = parts.iter().fold(0_i64, |all, part| all.saturating_add(part.weight));
    let mut slices: Vec<(&ServicePart, Slice)> = Vec::new();
    let (mut from, mut upto) = (0_i64, 0_i64);
    for part in parts {
        upto = upto.saturating_add(part.weight);
        let slice = Slice { from, upto, all };
        if !slice.of(amount)?.is_zero() {
            slices.push((part, slice));
            from = upto;
        }
    }
    if let Some((_, last)) = slices.last_mut() {
        last.upto = all;
    }
    let mut divided = Vec::new();
    for (part, slice) in slices {
        let own = slice.of(amount)?;
        let nothing = Money::zero(amount.currency());
        let (mut gone, mut told, mut own_back) = (nothing, nothing, Vec::new());
        for paid in back {
            gone = gone.try_add(paid.amount)?;
            let to_date = own.try_sub(slice.of(amount.try_sub(gone)?)?)?;
            let amount = to_date.try_sub(told)?;
            told = to_date;
            if !amount.is_zero() {
                own_back.push(PaidBack { at: paid.at, amount });
            }
        }
        divided.push((Service { amount: own, paid_at, from: part.from, to: part.to }, own_back));
    }
    Ok(divided)
}

/// A part of a whole, between two borders.
struct Slice {
    from: i64,
    upto: i64,
    all: i64,
}

impl Slice {
    /// What of an amount is between them. Each border is rounded once, so that slices add up.
    fn of(&self, amount: Money) -> Result<Money, MoneyError> {
        let currency = amount.currency();
        let border = |weight: i64| {
            let (weight, all) = (Money::from_minor(weight, currency), Money::from_minor(self.all, currency));
            Base::share(amount, weight, all)?.rounded(Rounding::HalfAwayFromZero)
        };
        border(self.upto)?.try_sub(border(self.from)?)
    }
}

fn negated(money: Money) -> Result<Money, MoneyError> {
    Money::zero(money.currency()).try_sub(money)
}

impl MonthOfService {
    fn negated(self) -> Result<Self, MoneyError> {
        let Self { recognised, contra, deferred } = self;
        Ok(Self { recognised: negated(recognised)?, contra: negated(contra)?, deferred: negated(deferred)? })
    }
}

/// The first day of the month that a day is in.
///
/// # Errors
/// The day is out of range.
pub fn month_of(day: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
    let (year, month, _) = day.parts();
    BusinessDay::new(year, month, 1)
}

/// The first day of the month after.
///
/// # Errors
/// The calendar ends.
pub fn next_month(first: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
    let (year, month, _) = first.parts();
    if month == 12 { BusinessDay::new(year + 1, 1, 1) } else { BusinessDay::new(year, month + 1, 1) }
}

/// A service measured in its steps.
struct Line<'a> {
    spread: Spread,
    zone: &'a Zone,
    from: Timestamp,
    first_day: BusinessDay,
    /// In steps, at least one.
    length: i128,
}

/// From some step on: what was earned until then, and what is spread over the rest.
struct Segment {
    step: i128,
    known_from: BusinessDay,
    recognised: Money,
    deferred: Money,
}

impl Segment {
    fn recognised_to(&self, elapsed: i128, length: i128) -> Result<Money, MoneyError> {
        let (done, rest) = (elapsed - self.step, length - self.step);
        if done >= rest {
            return self.recognised.try_add(self.deferred);
        }
        let product = i128::from(self.deferred.minor()).checked_mul(done).ok_or(MoneyError::OutOfRange)?;
        let minor = round_quotient(product, rest, Rounding::HalfAwayFromZero);
        let minor = i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?;
        self.recognised.try_add(Money::from_minor(minor, self.deferred.currency()))
    }
}

impl<'a> Line<'a> {
    fn new(service: &Service, spread: Spread, zone: &'a Zone) -> Result<Self, DateOutOfRange> {
        let (first_day, end) = (zone.day_of(service.from), zone.day_of(service.to));
        let length = match spread {
            Spread::ByDay => number_of(end)? - number_of(first_day)?,
            Spread::ByTime => i128::from(service.to.as_millisecond()) - i128::from(service.from.as_millisecond()),
            Spread::ByMonth => whole_months(first_day, end),
        };
        // A service that ends where it begins is earned at once.
        Ok(Self { spread, zone, from: service.from, first_day, length: length.max(1) })
    }

    /// How many steps are over when a day begins.
    fn elapsed_before(&self, day: BusinessDay) -> Result<i128, DateOutOfRange> {
        let steps = match self.spread {
            Spread::ByDay => number_of(day)? - number_of(self.first_day)?,
            Spread::ByTime => {
                let at = self.zone.start_of(day)?;
                i128::from(at.as_millisecond()) - i128::from(self.from.as_millisecond())
            }
            Spread::ByMonth => months_between(self.first_day, day),
        };
        Ok(steps.clamp(0, self.length))
    }

    /// How many steps are over at an instant; by day and by month the step under way is not.
    fn elapsed_at(&self, at: Timestamp) -> Result<i128, DateOutOfRange> {
        if self.spread == Spread::ByTime {
            let steps = i128::from(at.as_millisecond()) - i128::from(self.from.as_millisecond());
            return Ok(steps.clamp(0, self.length));
        }
        self.elapsed_before(self.zone.day_of(at))
    }

    /// The month in which the last step is.
    fn last_month(&self) -> Result<BusinessDay, DateOutOfRange> {
        let mut month = month_of(self.first_day)?;
        while self.elapsed_before(next_month(month)?)? < self.length {
            month = next_month(month)?;
        }
        Ok(month)
    }

    /// The straight line, bent where something went back; and what went back of what was earned already, by month.
    fn bend(
        &self,
        amount: Money,
        back: &[PaidBack],
    ) -> Result<(Vec<Segment>, BTreeMap<BusinessDay, Money>), RecognitionError> {
        let zero = Money::zero(amount.currency());
        let mut back = back.to_vec();
        back.sort_by_key(|paid| paid.at);
        let start = Segment { step: 0, known_from: BusinessDay::new(2000, 1, 1)?, recognised: zero, deferred: amount };
        let (mut segments, mut contras, mut left) = (vec![start], BTreeMap::new(), amount);
        for paid in back {
            let step = self.elapsed_at(paid.at)?;
            let current = &segments[segments.len() - 1];
            let recognised = current.recognised_to(step, self.length)?;
            let deferred = current.recognised.try_add(current.deferred)?.try_sub(recognised)?;
            // Nobody gets back more than was paid.
            let amount = Money::from_minor(paid.amount.minor().min(left.minor()), left.currency());
            left = left.try_sub(amount)?;
            // A cent that goes from part to part comes back to one that is over: it is that month's.
            let is_over = amount.is_negative() && step >= self.length;
            let minor = if is_over { 0 } else { amount.minor().min(deferred.minor()) };
            let from_deferred = Money::from_minor(minor, deferred.currency());
            let contra = from_deferred.try_sub(amount)?;
            let day = self.zone.day_of(paid.at);
            if !contra.is_zero() {
                let sum = contras.entry(month_of(day)?).or_insert(zero);
                *sum = sum.try_add(contra)?;
            }
            segments.push(Segment { step, known_from: day, recognised, deferred: deferred.try_sub(from_deferred)? });
        }
        Ok((segments, contras))
    }
}

/// The number of a day since 1970.
fn number_of(day: BusinessDay) -> Result<i128, DateOutOfRange> {
    Ok(i128::from(Zone::utc().start_of(day)?.as_second().div_euclid(DAY_SECONDS)))
}

fn months_between(from: BusinessDay, to: BusinessDay) -> i128 {
    let index = |day: BusinessDay| {
        let (year, month, _) = day.parts();
        i128::from(year) * 12 + i128::from(month)
    };
    index(to) - index(from)
}

/// Months from a day until another, a begun one counted whole.
fn whole_months(from: BusinessDay, to: BusinessDay) -> i128 {
    let begun = i128::from(to.parts().2 > from.parts().2);
    months_between(from, to) + begun
}

#[cfg(test)]
mod tests;
