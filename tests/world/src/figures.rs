//! What an account's lines count for, told again by rules of its own: sale by sale over all places, and not place by place
//! as the shipped code does it.

use std::collections::BTreeMap;

use domain::commission::EarningReason;
use domain::entry::{EntryKind, kind_of};
use domain::line::{Line, LineKind, Origin, Part, Place};
use domain::time::Timestamp;

/// What counts, and where it is.
pub struct Told {
    /// When it happened.
    pub at: Timestamp,
    /// Minor units.
    pub minor: i64,
    /// Is it one that is counted?
    pub is_one: bool,
    /// Where its money is.
    pub place: Place,
}

/// All that counts of an account; `None` where these plain rules do not say: money that was taken back in another slot than
/// it was earned in, and held beside it.
#[must_use]
pub fn told(lines: &[Line]) -> Option<Vec<Told>> {
    let mut parts: BTreeMap<(&Origin, Part), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        parts.entry((&line.origin, line.trace.part)).or_default().push(line);
    }
    let mut all = Vec::new();
    for lines in parts.into_values() {
        all.extend(of_part(&lines)?);
    }
    Some(all)
}

fn of_part(lines: &[&Line]) -> Option<Vec<Told>> {
    let plain =
        |line: &&Line| Told { at: line.occurred_at, minor: line.amount.minor(), is_one: true, place: line.place };
    let Some(earned) = lines.iter().find(|line| line.kind == LineKind::Earned) else {
        let counts = |line: &&&Line| {
            use EntryKind::{ManualAdjustment, Milestone, PeriodBands, Recompute};
            matches!(kind_of(line), Some(ManualAdjustment | Milestone | PeriodBands | Recompute))
        };
        return Some(lines.iter().filter(counts).map(plain).collect());
    };
    let sum = |takes: &dyn Fn(&Line) -> bool| -> i64 {
        lines.iter().filter(|line| takes(line)).fold(0, |sum, line| sum + line.amount.minor())
    };
    let left = sum(&|_| true);
    let is_rejected = lines.iter().any(|line| line.trace.reason == EarningReason::Rejected);
    let is_at_home = |line: &Line| line.place == earned.place || line.place == Place::Held;
    if lines.iter().all(|line| line.kind != LineKind::HoldMove) {
        // Never held: what was earned and what took it back, each on its day, if anything of it was ever worth something.
        let home = sum(&|line| line.place == earned.place);
        let back = sum(&|line| line.place == earned.place && line.kind == LineKind::Reversal);
        let all_back = !earned.amount.is_zero() && earned.amount.minor() + back == 0;
        let is_nothing = |line: &Line| {
            line.place == earned.place
                && ((is_rejected && home == 0)
                    || (all_back && matches!(line.kind, LineKind::Earned | LineKind::Reversal)))
        };
        return Some(lines.iter().filter(|line| !is_nothing(line)).map(plain).collect());
    }
    // Held once: whatever is left of it is one commission of its sale, wherever it is by now.
    let is_simple = lines.iter().all(|line| {
        line.kind != LineKind::Reversal
            && (is_at_home(line) || (line.kind == LineKind::HoldMove && line.amount.minor() > 0))
    });
    if !is_simple {
        return None;
    }
    if left == 0 {
        return Some(Vec::new());
    }
    let mut places: BTreeMap<Place, i64> = BTreeMap::new();
    for line in lines {
        *places.entry(line.place).or_default() += line.amount.minor();
    }
    let there = places.into_iter().filter(|(_, minor)| *minor != 0);
    let there = there.enumerate();
    Some(there.map(|(n, (place, minor))| Told { at: earned.occurred_at, minor, is_one: n == 0, place }).collect())
}
