//! PAY-1: when payouts are built by themselves.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::{PayoutRunId, TenantId};
use crate::time::{BusinessDay, DateOutOfRange, Zone};

/// The last day that every month has.
const DAY_MAX: u8 = 28;
/// Within so many days every schedule comes by at least once.
const DAYS_MAX: usize = 31;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

/// On which days payouts are built by the night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// On this day of each month, 1 to 28.
    DayOfMonth(u8),
    /// On this day of each week.
    Weekly(Weekday),
}

impl Schedule {
    /// Can it be meant? A day that some months lack would be skipped there.
    #[must_use]
    pub fn is_fine(self) -> bool {
        match self {
            Self::DayOfMonth(day) => (1..=DAY_MAX).contains(&day),
            Self::Weekly(_) => true,
        }
    }

    /// Is it its day?
    #[must_use]
    pub fn is_due(self, on: BusinessDay) -> bool {
        match self {
            Self::DayOfMonth(day) => on.parts().2.unsigned_abs() == day,
            Self::Weekly(day) => weekday(on) == Some(day),
        }
    }

    /// The last of its days behind one and up to another: of several that were missed one is made up for, as a payout takes
    /// all that there is.
    #[must_use]
    pub fn last_due(self, after: BusinessDay, through: BusinessDay) -> Option<BusinessDay> {
        let days = std::iter::successors(Some(through), |day| day.plus_days(-1).ok());
        days.take(DAYS_MAX).take_while(|day| *day > after).find(|day| self.is_due(*day))
    }
}

fn weekday(on: BusinessDay) -> Option<Weekday> {
    let (year, month, day) = on.parts();
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    Some(match date.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    })
}

/// The run of a day: built again, by the same night or another, it is the same one. What one run does not hold is the next
/// part's.
///
/// # Errors
/// The calendar ends.
pub fn run_of(
    tenant: &TenantId,
    due: BusinessDay,
    currency: Currency,
    part: u32,
) -> Result<PayoutRunId, DateOutOfRange> {
    let ms = Zone::utc().start_of(due)?.as_millisecond().saturating_add(i64::from(part));
    let (day, part) = (due.to_string(), part.to_string());
    let parts = [b"payouts by schedule", tenant.as_str().as_bytes(), day.as_bytes(), currency.code().as_bytes()];
    let random = Digest::of(&[parts.as_slice(), &[part.as_bytes()]].concat()).to_ulid();
    Ok(PayoutRunId::from_ulid(ulid::Ulid::from_parts(u64::try_from(ms).unwrap_or(0), random.into())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    #[test]
    fn a_schedule_is_due_on_its_days_and_the_last_missed_one_is_made_up_for() {
        let (first, sunday) = (Schedule::DayOfMonth(1), Schedule::Weekly(Weekday::Sunday));
        for (schedule, after, through, expected) in [
            (first, "2026-11-30", "2026-12-01", Some("2026-12-01")),
            (first, "2026-12-01", "2026-12-01", None),
            (first, "2026-12-01", "2026-12-31", None),
            (first, "2026-10-20", "2026-12-05", Some("2026-12-01")),
            (first, "2020-01-01", "2026-12-31", Some("2026-12-01")),
            (sunday, "2026-11-21", "2026-11-22", Some("2026-11-22")),
            (sunday, "2026-11-22", "2026-11-28", None),
            (sunday, "2026-11-01", "2026-11-28", Some("2026-11-22")),
        ] {
            let found = schedule.last_due(day(after), day(through));
            assert_eq!(found, expected.map(day), "{schedule:?} {after} {through}");
        }
        assert_eq!([0, 1, 28, 29].map(|day| Schedule::DayOfMonth(day).is_fine()), [false, true, true, false]);
    }

    #[test]
    fn a_schedule_is_written_as_people_read_it() {
        let text = |schedule| serde_json::to_string(&schedule).expect("json");
        assert_eq!(text(Schedule::DayOfMonth(15)), r#"{"day_of_month":15}"#);
        assert_eq!(text(Schedule::Weekly(Weekday::Friday)), r#"{"weekly":"friday"}"#);
    }

    proptest! {
        /// Whatever nights are missed: of consecutive spans no day is built twice, and none that is due stays behind.
        #[test]
        fn no_day_is_due_in_two_spans(spans in proptest::collection::vec(0_i32..70, 1..12), of in 1_u8..29) {
            let schedule = Schedule::DayOfMonth(of);
            let (mut through, mut seen) = (day("2026-01-01"), Vec::new());
            for span in spans {
                let next = through.plus_days(span).expect("a day");
                let found = schedule.last_due(through, next);
                prop_assert_eq!(found.is_some(), span >= 31 || (1..=span).any(|n| schedule.is_due(through.plus_days(n).expect("a day"))));
                seen.extend(found);
                through = next;
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
