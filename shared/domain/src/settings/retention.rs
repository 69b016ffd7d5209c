//! How long what is kept: a table of kinds, each with its days as shipped and the bounds in which a tenant may set them.
//!
//! The ledger is not in it: lines, payouts and their trail stay. To add a kind: a variant and a row of [`RetentionKind::ALL`].

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::time::Timestamp;

/// The most days that are told of any kind.
const DAYS_MAX: u32 = 36_500;

/// A kind of data that is kept for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionKind {
    /// Visits through links, one by one, from the end of the window in which they may earn; their counts stay.
    Clicks,
    /// What providers told, as it came, sealed.
    RawEvents,
    /// Leads that never became customers, from when they were seen last.
    Leads,
    /// What was sent to people, and whether it came.
    Notices,
    /// Where partners worked from.
    Sessions,
    /// Pages by which somebody pays by hand. Receipts are books and stay.
    Reports,
}

impl RetentionKind {
    /// Each kind with the least days, the days as shipped, and the most.
    pub const ALL: [(Self, u32, u32, u32); 6] = [
        (Self::Clicks, 30, 90, 365),
        (Self::RawEvents, 30, 30, 3_650),
        (Self::Leads, 30, 730, 3_650),
        (Self::Notices, 30, 90, 730),
        (Self::Sessions, 1, 2, 30),
        (Self::Reports, 1, 365, 3_650),
    ];

    /// The word outside.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Clicks => "clicks",
            Self::RawEvents => "raw_events",
            Self::Leads => "leads",
            Self::Notices => "notices",
            Self::Sessions => "sessions",
            Self::Reports => "reports",
        }
    }

    fn bounds(self) -> (u32, u32, u32) {
        let row = Self::ALL.into_iter().find(|(kind, ..)| *kind == self);
        // Every kind has a row; a test says so.
        row.map_or((1, 365, 3_650), |(_, least, shipped, most)| (least, shipped, most))
    }
}

/// What a tenant has set of it; a kind that is not named is kept as shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Retention(BTreeMap<RetentionKind, u32>);

impl Retention {
    /// The table with these days.
    #[must_use]
    pub fn new(days: BTreeMap<RetentionKind, u32>) -> Self {
        // As shipped is not said: a later release may ship otherwise.
        Self(days.into_iter().filter(|(kind, days)| kind.bounds().1 != *days).collect())
    }

    /// How many days a kind is kept.
    #[must_use]
    pub fn days_of(&self, kind: RetentionKind) -> u32 {
        self.0.get(&kind).copied().unwrap_or(kind.bounds().1)
    }

    /// When something of a kind ends that is kept from an instant on.
    #[must_use]
    pub fn end_of(&self, kind: RetentionKind, from: Timestamp) -> Timestamp {
        from.saturating_add(self.span_of(kind)).unwrap_or(from)
    }

    /// From when on something of a kind is still kept now: what is older has ended.
    #[must_use]
    pub fn since(&self, kind: RetentionKind, now: Timestamp) -> Timestamp {
        now.saturating_sub(self.span_of(kind)).unwrap_or(now)
    }

    /// The table whole.
    #[must_use]
    pub fn table(&self) -> BTreeMap<RetentionKind, u32> {
        RetentionKind::ALL.into_iter().map(|(kind, ..)| (kind, self.days_of(kind))).collect()
    }

    fn span_of(&self, kind: RetentionKind) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.days_of(kind)) * 24)
    }

    /// What lies out of bounds.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let is_outside = |(kind, days): (&RetentionKind, &u32)| {
            let (least, _, most) = kind.bounds();
            let fault = || Fault {
                pointer: format!("/retention_days/{}", kind.word()),
                why: format!("from {least} to {most} days"),
                // Each kind has bounds of its own, and all of them these.
                is_form: !(1..=DAYS_MAX).contains(days),
            };
            (!(least..=most).contains(days)).then(fault)
        };
        self.0.iter().filter_map(is_outside).collect()
    }
}
