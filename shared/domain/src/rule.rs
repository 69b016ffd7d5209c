//! Versions of a programme's rule: immutable, effective-dated.

use crate::id::{ProgramId, RuleId};
use crate::money::Money;
use crate::rate::{Rate, Rounding};
use crate::time::Timestamp;

/// What a sale earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reward {
    /// A share of the base.
    Percentage(Rate),
    /// The same amount for every sale.
    Flat(Money),
}

/// One version of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVersion {
    /// Its id.
    pub id: RuleId,
    /// The programme it belongs to.
    pub program: ProgramId,
    /// In force for what happened at or after this instant, until the next version.
    pub effective_from: Timestamp,
    /// What a sale earns.
    pub reward: Reward,
    /// How many days a line waits before it is available.
    pub hold_days: u16,
    /// How the amount is rounded, once, at the line.
    pub rounding: Rounding,
}

/// The version in force when something happened, whatever the order of the list.
///
/// COM-4: the rate in force at the time of the conversion, not of the run. Of two versions effective at the same
/// instant the one with the greater id (the later made) holds.
#[must_use]
pub fn in_force(versions: &[RuleVersion], occurred_at: Timestamp) -> Option<&RuleVersion> {
    versions
        .iter()
        .filter(|version| version.effective_from <= occurred_at)
        .max_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)))
}
