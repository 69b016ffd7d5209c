//! The age of a debt: since when an available balance has been below zero.

use crate::line::{Line, Place};
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};
use crate::time::{BusinessDay, DateOutOfRange, Zone};

/// A change of what was available, and the day of it.
pub type Step = (BusinessDay, Money);

/// How old a debt is, in the steps of a balance sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Up to 30 days.
    To30,
    /// 31 to 60 days.
    To60,
    /// 61 to 90 days.
    To90,
    /// Older.
    Over90,
}

impl Age {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::To30 => "0-30",
            Self::To60 => "31-60",
            Self::To90 => "61-90",
            Self::Over90 => "over-90",
        }
    }

    /// Of a number of days.
    #[must_use]
    pub fn of(days: i64) -> Self {
        match days {
            ..=30 => Self::To30,
            31..=60 => Self::To60,
            61..=90 => Self::To90,
            _ => Self::Over90,
        }
    }
}

/// What a line changes in what is available, and on which day: the later of the day of its slot and its booking.
#[must_use]
pub fn step_of_line(line: &Line, zone: &Zone) -> Option<Step> {
    let Place::Slot(slot) = line.place else { return None };
    Some((slot.day().max(zone.day_of(line.booked_at)), line.amount))
}

/// What a payout changes: its amount leaves when it is asked for, and returns when it ends unpaid.
///
/// # Errors
/// Out of range.
pub fn steps_of_payout(payout: &Payout, zone: &Zone) -> Result<Vec<Step>, MoneyError> {
    let mut steps = vec![(zone.day_of(payout.requested_at), payout.amount.negate()?)];
    if matches!(payout.state, PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } | PayoutState::Failed { .. })
    {
        steps.push((zone.day_of(payout.moved_at), payout.amount));
    }
    Ok(steps)
}

/// The day since which the balance has been below zero without a break, looked at by the end of each day; `None` when
/// it is not. LED-4: a debt is carried, and its age is known.
///
/// # Errors
/// Out of range.
pub fn negative_since(steps: Vec<Step>, today: BusinessDay) -> Result<Option<BusinessDay>, MoneyError> {
    let mut steps: Vec<Step> = steps.into_iter().filter(|(day, _)| *day <= today).collect();
    steps.sort_by_key(|(day, _)| *day);
    let mut since = None;
    let mut balance: i64 = 0;
    let mut rest = steps.iter().peekable();
    while let Some((day, amount)) = rest.next() {
        balance = balance.checked_add(amount.minor()).ok_or(MoneyError::OutOfRange)?;
        if rest.peek().is_some_and(|(next, _)| next == day) {
            continue;
        }
        since = if balance < 0 { since.or(Some(*day)) } else { None };
    }
    Ok(since)
}

/// Days from one day to another.
///
/// # Errors
/// A day is out of range.
pub fn days_between(from: BusinessDay, to: BusinessDay) -> Result<i64, DateOutOfRange> {
    let second = |day| Zone::utc().start_of(day).map(|at| at.as_second());
    Ok((second(to)? - second(from)?).div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    fn steps(rows: &[(&str, i64)]) -> Vec<Step> {
        rows.iter().map(|(text, minor)| (day(text), Money::from_minor(*minor, Currency::USD))).collect()
    }

    /// LED-4: 14.70 paid, taken back, 10.00 earned: 4.70 is owed since the day it was taken back.
    #[test]
    fn a_debt_is_as_old_as_the_day_on_which_it_began() {
        let paid = [("2026-01-10", 1_470), ("2026-01-11", -1_470)];
        type Row = (&'static [(&'static str, i64)], Option<&'static str>);
        let rows: [Row; 6] = [
            (&[], None),
            (&[("2026-02-01", -1_470)], Some("2026-02-01")),
            (&[("2026-02-01", -1_470), ("2026-02-20", 1_000)], Some("2026-02-01")),
            (&[("2026-02-01", -1_470), ("2026-02-20", 1_470)], None),
            (&[("2026-02-01", -1_470), ("2026-02-20", 6_000), ("2026-02-21", -6_000)], Some("2026-02-21")),
            // Within one day the end of the day counts; what comes tomorrow does not yet.
            (&[("2026-02-01", -1_470), ("2026-02-01", 1_470), ("2026-03-02", -1)], None),
        ];
        for (more, expected) in rows {
            let all: Vec<Step> = steps(&paid).into_iter().chain(steps(more)).collect();
            let since = negative_since(all, day("2026-03-01")).expect("in range");
            assert_eq!(since, expected.map(day), "{more:?}");
        }
    }

    #[test]
    fn an_age_has_its_step_on_both_sides_of_each_border() {
        for (days, word) in [(0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (91, "over-90")] {
            assert_eq!(Age::of(days).word(), word, "{days}");
        }
        assert_eq!(days_between(day("2026-02-27"), day("2026-03-01")), Ok(2));
    }

    proptest! {
        #[test]
        fn the_order_in_which_steps_are_known_does_not_matter(
            rows in proptest::collection::vec((1_i8..=28, -1_000_i64..1_000), 0..12), turn in 0_usize..12,
        ) {
            let all: Vec<Step> = rows.iter()
                .map(|(n, minor)| (BusinessDay::new(2026, 5, *n).expect("a day"), Money::from_minor(*minor, Currency::USD)))
                .collect();
            let mut turned = all.clone();
            turned.rotate_left(turn.min(all.len()));
            let today = day("2026-05-28");
            let since = negative_since(all.clone(), today).expect("in range");
            prop_assert_eq!(since, negative_since(turned, today).expect("in range"));
            let sum = rows.iter().fold(0, |sum, (_, minor)| sum + minor);
            prop_assert_eq!(since.is_some(), sum < 0);
        }
    }

    #[test]
    fn a_line_changes_the_balance_on_the_later_of_its_day_and_its_booking_and_a_payout_when_it_is_asked_for_and_ends() {
        use crate::entry::{Entry, EntryKind};
        let (zone, at) = (Zone::utc(), |text: &str| text.parse::<crate::time::Timestamp>().expect("an instant"));
        let partner = crate::id::PartnerId::from_ulid(7_u128.into());
        let account = crate::line::Account { partner: partner.clone(), currency: Currency::USD };
        let amount = Money::from_minor(470, Currency::USD);
        let line = |place, booked| {
            Entry::new("k".to_owned(), EntryKind::ManualAdjustment, account.clone(), amount, place, at(booked)).line()
        };
        let slot = Place::Slot(crate::slot::Slot::parse("261120.00").expect("a slot"));
        let rows = [
            (slot, "2026-11-01T00:00:00Z", Some("2026-11-20")),
            (slot, "2026-11-21T00:00:00Z", Some("2026-11-21")),
            (Place::Held, "2026-11-01T00:00:00Z", None),
        ];
        for (place, booked, expected) in rows {
            assert_eq!(step_of_line(&line(place, booked), &zone), expected.map(|text| (day(text), amount)), "{booked}");
        }
        let why = || "why".to_owned();
        let moved = at("2026-11-22T09:00:00Z");
        let back = Some("2026-11-22");
        for (state, returns) in [
            (PayoutState::PendingApproval, None),
            (PayoutState::Paid { sent_at: moved, completed_at: moved, reference: why() }, None),
            (PayoutState::Rejected { reason: why() }, back),
            (PayoutState::Cancelled { reason: why() }, back),
            (PayoutState::Failed { reason: why() }, back),
        ] {
            let payout = Payout {
                id: crate::id::PayoutId::of(&partner, Currency::USD, 1),
                partner: partner.clone(),
                amount,
                from: None,
                to: crate::slot::Slot::parse("261120.00").expect("a slot"),
                lines: 1,
                close_hash: crate::digest::Digest::ZERO,
                seal: crate::digest::Digest::ZERO,
                asked_under: "a request".to_owned(),
                requested_by: crate::audit::Actor::new(crate::role::Role::Admin, "admin"),
                requested_at: at("2026-11-21T09:00:00Z"),
                moved_at: moved,
                state,
                approvals: Vec::new(),
                terms: crate::payout::Terms::default(),
                net: None,
            };
            let leaves = (day("2026-11-21"), amount.negate().expect("in range"));
            let expected: Vec<Step> = [leaves].into_iter().chain(returns.map(|text| (day(text), amount))).collect();
            assert_eq!(steps_of_payout(&payout, &zone), Ok(expected), "{:?}", payout.state);
        }
    }
}
