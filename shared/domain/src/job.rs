//! What a deployment does by the clock, and when it does it next.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const DAY_S: i64 = 86_400;
/// So many times the way from one run to the next may go by without a good end before a job is late.
const RUNS_MISSED_MAX: i64 = 2;

/// When a job runs, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Once a day.
    Daily {
        /// The hour.
        hour: u8,
        /// The minute of it.
        minute: u8,
    },
    /// Each so many minutes of an hour.
    Minutes(u8),
}

impl Cadence {
    /// As a schedule of EventBridge says it.
    #[must_use]
    pub fn expression(self) -> String {
        match self {
            Self::Daily { hour, minute } => format!("cron({minute} {hour} * * ? *)"),
            Self::Minutes(minutes) => format!("cron(0/{minutes} * * * ? *)"),
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Daily { .. } => DAY_S,
            Self::Minutes(minutes) => i64::from(minutes) * 60,
        }
    }

    /// The first run after an instant.
    #[must_use]
    pub fn next_after(self, at: Timestamp) -> Timestamp {
        let begins = match self {
            Self::Daily { hour, minute } => (i64::from(hour) * 60 + i64::from(minute)) * 60,
            Self::Minutes(_) => 0,
        };
        let passed = (at.as_second() - begins).rem_euclid(self.seconds());
        // An instant at the end of the calendar has no next one.
        Timestamp::from_second(at.as_second() - passed + self.seconds()).unwrap_or(at)
    }
}

/// A job of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Job {
    /// The night: visits of accounts, and reminders of payments that failed.
    Night,
    /// AWD-1: the look at the revenue.
    AwardEligibility,
    /// Clicks are counted exactly, and old salts deleted.
    ClickCounts,
    /// AWD-4: what has become of awards, and the memberships that end.
    Memberships,
    /// The laws of the ledger are proved.
    Verification,
    /// Outcomes of payouts that nobody knew are looked for.
    PayoutOutcomes,
    /// ATT-6: what is left to do of coupons at Stripe is done.
    CouponsAtStripe,
}

impl Job {
    /// Every job, in the order of a day.
    pub const ALL: [Self; 7] = [
        Self::Night,
        Self::AwardEligibility,
        Self::ClickCounts,
        Self::Memberships,
        Self::Verification,
        Self::PayoutOutcomes,
        Self::CouponsAtStripe,
    ];

    /// Its name outside.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Night => "night",
            Self::AwardEligibility => "award-eligibility",
            Self::ClickCounts => "click-counts",
            Self::Memberships => "memberships",
            Self::Verification => "verification",
            Self::PayoutOutcomes => "payout-outcomes",
            Self::CouponsAtStripe => "coupons-at-stripe",
        }
    }

    /// Reads the name; `None` when it is no job.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }

    /// The function that does it.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Self::Night => "commission-batch",
            Self::AwardEligibility | Self::Memberships => "membership-keeper",
            Self::ClickCounts => "click-counter",
            Self::Verification => "watchman",
            Self::PayoutOutcomes => "payout-executor",
            Self::CouponsAtStripe => "partner-api",
        }
    }

    /// Which of its function's rounds it is, where that one has several.
    #[must_use]
    pub fn round(self) -> Option<&'static str> {
        match self {
            Self::AwardEligibility => Some("eligibility"),
            Self::Memberships => Some("memberships"),
            Self::Night | Self::ClickCounts | Self::Verification | Self::PayoutOutcomes | Self::CouponsAtStripe => None,
        }
    }

    /// When it runs; template.yaml says the same, and a test compares them.
    #[must_use]
    pub fn cadence(self) -> Cadence {
        match self {
            Self::Night | Self::AwardEligibility => Cadence::Daily { hour: 2, minute: 0 },
            Self::ClickCounts => Cadence::Daily { hour: 2, minute: 30 },
            Self::Memberships => Cadence::Daily { hour: 3, minute: 0 },
            Self::Verification => Cadence::Daily { hour: 4, minute: 0 },
            Self::PayoutOutcomes => Cadence::Minutes(15),
            Self::CouponsAtStripe => Cadence::Minutes(30),
        }
    }
}

/// How the last run of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobOutcome {
    /// All that was to be done.
    Done,
    /// Something could not be done; the log says what.
    Failed,
}

/// What is known of a job's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Which.
    pub job: Job,
    /// For when the last run was meant.
    pub scheduled_for: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended and how; `None` while it runs, and for ever where it crashed.
    pub ended: Option<(Timestamp, JobOutcome)>,
    /// When a run last ended with all that was to be done.
    pub last_good_at: Option<Timestamp>,
}

impl JobRecord {
    /// Has no run ended well for so long that somebody must look?
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        let allowed = self.job.cadence().seconds() * RUNS_MISSED_MAX;
        // A job that never ended well is late from its first run on.
        let since = self.last_good_at.unwrap_or(self.started_at);
        now.as_second() - since.as_second() > allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_next_run_is_the_first_one_behind_an_instant() {
        let nightly = Cadence::Daily { hour: 2, minute: 30 };
        let quarterly = Cadence::Minutes(15);
        for (cadence, from, next) in [
            (nightly, "2026-09-01T02:29:59Z", "2026-09-01T02:30:00Z"),
            (nightly, "2026-09-01T02:30:00Z", "2026-09-02T02:30:00Z"),
            (nightly, "2026-12-31T23:00:00Z", "2027-01-01T02:30:00Z"),
            (nightly, "1969-12-31T02:00:00Z", "1969-12-31T02:30:00Z"),
            (quarterly, "2026-09-01T02:14:59.999Z", "2026-09-01T02:15:00Z"),
            (quarterly, "2026-09-01T02:45:00Z", "2026-09-01T03:00:00Z"),
        ] {
            assert_eq!(cadence.next_after(at(from)), at(next), "{cadence:?} after {from}");
        }
    }

    #[test]
    fn a_job_is_late_when_two_runs_went_by_without_a_good_end() {
        let record = |last_good_at: Option<&str>| JobRecord {
            job: Job::Verification,
            scheduled_for: at("2026-09-03T04:00:00Z"),
            started_at: at("2026-09-03T04:00:01Z"),
            ended: None,
            last_good_at: last_good_at.map(at),
        };
        let now = at("2026-09-03T05:00:00Z");
        assert!(!record(Some("2026-09-02T04:01:00Z")).is_late(now));
        assert!(record(Some("2026-09-01T04:01:00Z")).is_late(now));
        assert!(!record(None).is_late(now));
        assert!(record(None).is_late(at("2026-09-05T04:00:02Z")));
    }

    #[test]
    fn each_job_has_a_name_of_its_own() {
        for job in Job::ALL {
            assert_eq!(Job::parse(job.name()), Some(job));
            assert_eq!(serde_json::to_value(job).expect("json"), job.name());
        }
        assert_eq!(Job::parse("nights"), None);
    }
}
