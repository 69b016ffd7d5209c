//! The days on which the Federal Reserve moves money.

use domain::time::{BusinessDay, DateOutOfRange};
use jiff::civil::{Date, Weekday};

/// Holidays on a date: month and day. On a Sunday they are kept on the Monday; on a Saturday not at all.
const FIXED: [(i8, i8); 5] = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)];

/// Holidays on a weekday: month, weekday, and which of the month; −1 is the last.
const FLOATING: [(i8, Weekday, i8); 6] = [
    (1, Weekday::Monday, 3),
    (2, Weekday::Monday, 3),
    (5, Weekday::Monday, -1),
    (9, Weekday::Monday, 1),
    (10, Weekday::Monday, 2),
    (11, Weekday::Thursday, 4),
];

/// Do banks move money on this day?
#[must_use]
pub fn is_banking_day(day: BusinessDay) -> bool {
    let (year, month, of_month) = day.parts();
    let Ok(date) = Date::new(year, month, of_month) else { return false };
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(date)
}

/// The `count`th banking day after a day; with none to count, the day itself or the next on which banks work.
///
/// # Errors
/// The day is out of range.
pub fn plus_banking_days(day: BusinessDay, count: u8) -> Result<BusinessDay, DateOutOfRange> {
    let mut day = day;
    for _ in 0..count {
        day = on_or_after(day.plus_days(1)?)?;
    }
    on_or_after(day)
}

fn on_or_after(day: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
    let mut day = day;
    // It ends: banks never rest for more than four days.
    while !is_banking_day(day) {
        day = day.plus_days(1)?;
    }
    Ok(day)
}

fn is_holiday(date: Date) -> bool {
    let fixed = |date: Date| FIXED.contains(&(date.month(), date.day()));
    let is_kept_today = fixed(date) && date.weekday() != Weekday::Saturday;
    let is_kept_after_sunday = date.weekday() == Weekday::Monday && date.yesterday().is_ok_and(fixed);
    let floats = FLOATING.iter().any(|(month, weekday, nth)| {
        date.month() == *month && date.nth_weekday_of_month(*nth, *weekday).is_ok_and(|holiday| holiday == date)
    });
    is_kept_today || is_kept_after_sunday || floats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    /// Every day of a year that is not a Saturday or a Sunday and on which banks rest.
    fn rests(year: i16) -> Vec<String> {
        let mut found = Vec::new();
        let mut at = BusinessDay::new(year, 1, 1).expect("a day");
        while at.parts().0 == year {
            let (y, m, d) = at.parts();
            let weekday = Date::new(y, m, d).expect("a date").weekday();
            if !is_banking_day(at) && !matches!(weekday, Weekday::Saturday | Weekday::Sunday) {
                found.push(format!("{m}-{d}"));
            }
            at = at.plus_days(1).expect("a day");
        }
        found
    }

    #[test]
    fn holidays_are_those_of_the_federal_reserve() {
        let of_2026 = ["1-1", "1-19", "2-16", "5-25", "6-19", "9-7", "10-12", "11-11", "11-26", "12-25"];
        let of_2027 = ["1-1", "1-18", "2-15", "5-31", "7-5", "9-6", "10-11", "11-11", "11-25"];
        // 2028: New Year on a Saturday is not kept; 2033: on a Saturday too, and Christmas on a Sunday is.
        let of_2028 = ["1-17", "2-21", "5-29", "6-19", "7-4", "9-4", "10-9", "11-23", "12-25"];
        let of_2033 = ["1-17", "2-21", "5-30", "6-20", "7-4", "9-5", "10-10", "11-11", "11-24", "12-26"];
        assert_eq!(rests(2026), of_2026);
        assert_eq!(rests(2027), of_2027);
        assert_eq!(rests(2028), of_2028);
        assert_eq!(rests(2033), of_2033);
    }

    #[test]
    fn banking_days_are_counted_over_weekends_and_holidays() {
        let table = [
            ("2026-07-03", 1, "2026-07-06"),
            ("2026-11-25", 1, "2026-11-27"),
            ("2027-07-02", 1, "2027-07-06"),
            ("2026-11-21", 1, "2026-11-23"),
            ("2026-11-21", 2, "2026-11-24"),
            ("2026-11-21", 0, "2026-11-23"),
            ("2026-11-24", 0, "2026-11-24"),
            ("2026-12-31", 1, "2027-01-04"),
        ];
        for (from, count, expected) in table {
            assert_eq!(plus_banking_days(day(from), count), Ok(day(expected)), "{from} + {count}");
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_refused() {
        assert_eq!(plus_banking_days(day("2099-12-31"), 1), Err(DateOutOfRange));
    }
}
