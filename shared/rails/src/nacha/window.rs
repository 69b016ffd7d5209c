//! How long a bank may send back what a file paid it.

use domain::time::{BusinessDay, DateOutOfRange};

use crate::calendar::plus_banking_days;

/// How many banking days behind the settlement of an entry its bank may send it back.
const BANKING_DAYS: u8 = 2;

/// From which day on the entries of a file may be called paid: of the day on which the file says that it settles, and the
/// day on which somebody had it first, where that is known. A file that is uploaded later than it was made settles later.
///
/// # Errors
/// A day is out of range.
pub fn confirmable_from(
    effective: BusinessDay,
    downloaded: Option<BusinessDay>,
) -> Result<BusinessDay, DateOutOfRange> {
    let settled = match downloaded {
        Some(day) => effective.max(plus_banking_days(day, 1)?),
        None => effective,
    };
    // The last day of the window is a day of it, too.
    plus_banking_days(plus_banking_days(settled, BANKING_DAYS)?, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    #[test]
    fn what_a_file_carried_is_paid_behind_two_banking_days_of_its_settlement() {
        let rows = [
            // A Tuesday: Wednesday, Thursday.
            ("2026-09-15", None, "2026-09-18"),
            // Over a weekend.
            ("2026-09-16", None, "2026-09-21"),
            ("2026-09-17", None, "2026-09-22"),
            // A Friday before Labor Day: Tuesday, Wednesday.
            ("2026-09-04", None, "2026-09-10"),
            // Thanksgiving not, Friday, Monday.
            ("2026-11-25", None, "2026-12-01"),
            // Juneteenth on a Friday: Monday, Tuesday.
            ("2026-06-18", None, "2026-06-24"),
            // Over a year's end: the last day of it, and the first Monday.
            ("2026-12-30", None, "2027-01-05"),
            // Downloaded before it settles, nothing changes.
            ("2026-09-16", Some("2026-09-15"), "2026-09-21"),
            // Downloaded two days later than it says, or on a Saturday: it settles on Monday.
            ("2026-09-16", Some("2026-09-18"), "2026-09-24"),
            ("2026-09-16", Some("2026-09-19"), "2026-09-24"),
        ];
        for (effective, downloaded, from) in rows {
            let found = confirmable_from(day(effective), downloaded.map(day));
            assert_eq!(found, Ok(day(from)), "{effective}, {downloaded:?}");
        }
    }

    #[test]
    fn a_window_that_the_calendar_does_not_hold_is_refused() {
        assert_eq!(confirmable_from(day("2099-12-30"), None), Err(DateOutOfRange));
    }
}
