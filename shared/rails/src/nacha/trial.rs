//! How long money waits for an account that is tried by a prenote.

use domain::time::{BusinessDay, DateOutOfRange};

use crate::calendar::plus_banking_days;

/// How many banking days behind the settlement of a prenote money may follow it: until then its bank may say no.
const BANKING_DAYS: u8 = 3;

/// From which day on money may go to an account that a file has tried: of the day on which the file says that it settles,
/// and the day on which somebody had it first. A file that is uploaded later than it was made settles later.
///
/// # Errors
/// A day is out of range.
pub fn payable_from(effective: BusinessDay, downloaded: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
    let settled = effective.max(plus_banking_days(downloaded, 1)?);
    plus_banking_days(settled, BANKING_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    #[test]
    fn money_follows_a_trial_on_the_third_banking_day_behind_its_settlement() {
        let rows = [
            // A Tuesday: Wednesday, Thanksgiving not, Friday, Monday.
            ("2026-11-24", "2026-11-23", "2026-11-30"),
            // Over a weekend.
            ("2026-09-03", "2026-09-02", "2026-09-09"),
            // Downloaded a week later than it was made: it settles the day behind that.
            ("2026-11-03", "2026-11-09", "2026-11-16"),
            // Downloaded on a Saturday: it settles on Monday.
            ("2026-08-03", "2026-08-08", "2026-08-13"),
        ];
        for (effective, downloaded, from) in rows {
            assert_eq!(payable_from(day(effective), day(downloaded)), Ok(day(from)), "{effective}, {downloaded}");
        }
    }
}
