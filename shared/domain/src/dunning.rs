//! Reminders of payments that failed: when each is due, and that each is due once.

use crate::time::Timestamp;
use jiff::SignedDuration;

/// REV-10: after so many days the customer is reminded.
pub const STEPS: [u8; 3] = [1, 3, 7];

/// The reminder that is due: the latest step that has come, if it is behind the last that was taken. What was missed
/// on the way is left out: nobody gets three mails in one night.
#[must_use]
pub fn step_due(since: Timestamp, now: Timestamp, taken: Option<u8>) -> Option<u8> {
    let has_come = |step: u8| {
        let wait = SignedDuration::from_hours(i64::from(step) * 24);
        since.checked_add(wait).is_ok_and(|at| at <= now)
    };
    STEPS.into_iter().rev().find(|step| has_come(*step)).filter(|step| taken.is_none_or(|taken| taken < *step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_is_due_at_1_3_and_7_days_and_each_once() {
        let since: Timestamp = "2026-09-01T10:00:00Z".parse().expect("an instant");
        let of = |day: &str, taken| step_due(since, day.parse().expect("an instant"), taken);
        let rows = [
            ("2026-09-02T09:59:59Z", None, None),
            ("2026-09-02T10:00:00Z", None, Some(1)),
            ("2026-09-03T10:00:00Z", Some(1), None),
            ("2026-09-04T10:00:00Z", Some(1), Some(3)),
            ("2026-09-08T10:00:00Z", Some(3), Some(7)),
            ("2026-12-01T10:00:00Z", Some(7), None),
            // Nights that were missed: the last step alone.
            ("2026-09-09T10:00:00Z", None, Some(7)),
        ];
        for (now, taken, expected) in rows {
            assert_eq!(of(now, taken), expected, "{now} after {taken:?}");
        }
    }
}
