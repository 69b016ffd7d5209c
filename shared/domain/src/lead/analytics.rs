//! What became of leads, added up: how many were captured, how many of those are customers, and how long that took.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Lead, LeadSource, LeadState};
use crate::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;

/// Counts of the leads that were captured on a day from a source. What happens to one later counts on that day too: so
/// those who convert are never more than those who were captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were captured.
    pub captured: u64,
    /// How many of them were qualified, at once or later.
    pub qualified: u64,
    /// How many of them are customers.
    pub converted: u64,
    /// How long that took, in all.
    pub converting_seconds: u64,
    /// How many of them were rejected.
    pub rejected: u64,
    /// How many of them were customers already.
    pub duplicates: u64,
}

impl Tally {
    /// Is there nothing to count?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, more: &Self) {
        self.captured = self.captured.saturating_add(more.captured);
        self.qualified = self.qualified.saturating_add(more.qualified);
        self.converted = self.converted.saturating_add(more.converted);
        self.converting_seconds = self.converting_seconds.saturating_add(more.converting_seconds);
        self.rejected = self.rejected.saturating_add(more.rejected);
        self.duplicates = self.duplicates.saturating_add(more.duplicates);
    }

    /// The share that converted, to four places; `None` of nobody.
    #[must_use]
    pub fn conversion_rate(&self) -> Option<Decimal> {
        let share = Decimal::from(self.converted).checked_div(Decimal::from(self.captured))?;
        Some(share.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize())
    }

    /// How many days it took on average, to two places; `None` where nobody converted.
    #[must_use]
    pub fn days_to_convert(&self) -> Option<Decimal> {
        let days = Decimal::from(self.converting_seconds).checked_div(Decimal::from(DAY_SECONDS))?;
        let each = days.checked_div(Decimal::from(self.converted))?;
        Some(each.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize())
    }
}

/// What a change of a lead adds to the counts of the day on which it was captured.
#[must_use]
pub fn counted(before: Option<&Lead>, after: &Lead) -> Tally {
    let was = before.map(|lead| lead.state.word()).filter(|word| *word != "erased");
    let became = |word: &str| u64::from(was != Some(word) && after.state.word() == word);
    let elapsed = |at: Timestamp| u64::try_from(at.as_second().saturating_sub(after.captured_at.as_second()));
    let converted = became("converted");
    let seconds = after.converted_at().filter(|_| converted > 0).map_or(0, |at| elapsed(at).unwrap_or(0));
    Tally {
        captured: u64::from(was.is_none() && !matches!(after.state, LeadState::Erased { .. })),
        qualified: became("qualified"),
        converted,
        converting_seconds: seconds,
        rejected: became("rejected"),
        duplicates: became("duplicate"),
    }
}

/// Tallies of a span, in all and by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analytics {
    /// All of them.
    pub all: Tally,
    /// Those of each source.
    pub by_source: BTreeMap<LeadSource, Tally>,
}

/// Adds up the days of a span.
#[must_use]
pub fn add_up<'a>(days: impl IntoIterator<Item = (&'a LeadSource, &'a Tally)>) -> Analytics {
    let mut analytics = Analytics::default();
    for (source, tally) in days {
        analytics.all.add(tally);
        analytics.by_source.entry(source.clone()).or_default().add(tally);
    }
    analytics
}
