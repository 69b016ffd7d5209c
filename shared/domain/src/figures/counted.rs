//! What the lines of one origin in one place count for. Pure.
//!
//! Moves into `held` and out of it are no money of themselves: what is held counts as what is left of it, and all of it on
//! the day of its sale, wherever it is released to. So the two halves of a move never meet on two days, and what was held
//! and then rejected is nothing on any day.

use std::collections::{BTreeMap, BTreeSet};

use super::{Tally, is_commission};
use crate::commission::EarningReason;
use crate::id::{PartnerId, SaleId};
use crate::line::{Line, LineKind, Part, Place};
use crate::money::MoneyError;
use crate::sale::Sale;
use crate::time::Timestamp;

/// What counts at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// For how much.
    pub tally: Tally,
}

/// The sale that must be at hand to count a group: its money came from another place.
#[must_use]
pub fn asks_for(group: &[Line]) -> Option<&SaleId> {
    let parts: BTreeSet<Part> = group.iter().map(|line| line.trace.part).collect();
    let mut lines = parts.into_iter().map(|part| group.iter().filter(move |line| line.trace.part == part));
    let asks = lines.any(|lines| {
        let rows: Vec<Row> = lines.map(Row::of).collect();
        let sums = Sums::of(&rows, group.first().is_some_and(|line| line.place == Place::Held));
        !sums.has_earned && !sums.is_gone() && sums.is_brought()
    });
    group.first().filter(|_| asks).and_then(|line| line.origin.sale())
}

/// What the lines of one origin in one place count for. The sale is the one that [`asks_for`] names.
///
/// # Errors
/// Out of range.
pub fn counted(group: &[Line], sale: Option<&Sale>) -> Result<Vec<Counted>, MoneyError> {
    let mut found = Vec::new();
    let mut parts: BTreeMap<Part, Vec<&Line>> = BTreeMap::new();
    for line in group.iter().filter(|line| is_commission(line)) {
        if line.kind == LineKind::Entry {
            found.push(Counted { at: line.occurred_at, tally: Tally::of(line) });
        } else {
            parts.entry(line.trace.part).or_default().push(line);
        }
    }
    for lines in parts.values() {
        part(lines, sale, &mut found)?;
    }
    Ok(found)
}

/// One part's lines in one place.
fn part(lines: &[&Line], sale: Option<&Sale>, found: &mut Vec<Counted>) -> Result<(), MoneyError> {
    let Some(first) = lines.first() else { return Ok(()) };
    let is_held = first.place == Place::Held;
    let rows: Vec<Row> = lines.iter().map(|line| Row::of(line)).collect();
    let sums = Sums::of(&rows, is_held);
    let is_rejected = lines.iter().any(|line| line.trace.reason == EarningReason::Rejected);
    // POR-1: what was rejected with nothing of it left here never was worth anything; and what was moved on counts where
    // it is.
    if sums.is_gone() || (is_rejected && sums.rest == 0) {
        return Ok(());
    }
    let is_back = sums.is_back();
    for line in lines.iter().filter(|_| !is_held) {
        let counts = match line.kind {
            LineKind::Adjustment | LineKind::Entry => true,
            LineKind::Reversal => !is_back,
            LineKind::Earned | LineKind::HoldMove => false,
        };
        if counts {
            found.push(Counted { at: line.occurred_at, tally: Tally::of(line) });
        }
    }
    if is_back {
        return Ok(());
    }
    if let Some(earned) = lines.iter().find(|line| line.kind == LineKind::Earned) {
        let count = u64::from(sums.base != 0 || sums.moved == 0);
        found.push(Counted { at: earned.occurred_at, tally: Tally { net: sums.base, earned: sums.base, count } });
        return Ok(());
    }
    let Some(moved) = lines.iter().rev().find(|line| line.kind == LineKind::HoldMove).or(lines.last()) else {
        return Ok(());
    };
    moved_here(moved, sums.base, sale, found)
}

/// Money that was moved to a place. What an account owed for it, because it was closed already, counts when it was moved;
/// what was never worth anything before, on the day of its sale.
fn moved_here(moved: &Line, base: i64, sale: Option<&Sale>, found: &mut Vec<Counted>) -> Result<(), MoneyError> {
    let before = sale.map(|sale| Before::of(sale, &moved.partner, moved.trace.part, moved.place)).unwrap_or_default();
    // LED-1: what was final is never touched, so what is taken of it is taken elsewhere, and is a debt until it returns.
    let of_debt = if base < 0 || sale.is_none() { base } else { base.min(before.owed) };
    let of_sale = base.checked_sub(of_debt).ok_or(MoneyError::OutOfRange)?;
    let tally = |net, count| Tally { net, earned: net, count };
    if of_debt != 0 {
        found.push(Counted { at: moved.occurred_at, tally: tally(of_debt, 0) });
    }
    if let Some(sale) = sale.filter(|_| of_sale != 0) {
        found.push(Counted { at: sale.occurred_at, tally: tally(of_sale, u64::from(!before.is_counted)) });
    }
    Ok(())
}

/// What the places before one say of a part's money.
#[derive(Default)]
struct Before {
    /// Does one of them count the part?
    is_counted: bool,
    /// What was taken in slots that had nothing of it.
    owed: i64,
}

impl Before {
    fn of(sale: &Sale, partner: &PartnerId, part: Part, place: Place) -> Self {
        let mut places: BTreeMap<Place, Vec<Row>> = BTreeMap::new();
        for line in sale.lines.iter().filter(|line| line.partner == *partner && line.part == part) {
            places.entry(line.place).or_default().push(Row { kind: line.kind, minor: line.amount.minor() });
        }
        let mut before = Self::default();
        let mut taken = 0_i64;
        for (at, rows) in &places {
            let sums = Sums::of(rows, *at == Place::Held);
            // Slots are closed in their order, so what an earlier one counts is known for good when a later one is closed.
            // The line that earned is the part's own wherever it is.
            if (*at >= place && !sums.has_earned) || sums.is_gone() || sums.is_back() || *at == place {
                continue;
            }
            if sums.has_earned {
                before.is_counted |= sums.base != 0;
            } else {
                before.is_counted |= sums.base > 0 && sums.base > taken;
                taken = taken.saturating_sub(sums.base);
            }
        }
        before.owed = taken.max(0);
        before
    }
}

/// A line in short.
#[derive(Clone, Copy)]
struct Row {
    kind: LineKind,
    minor: i64,
}

impl Row {
    fn of(line: &Line) -> Self {
        Self { kind: line.kind, minor: line.amount.minor() }
    }
}

/// What a part's lines in one place come to.
struct Sums {
    /// What was earned or brought here, less what was moved away; of what is held, what is left.
    base: i64,
    /// The moves alone.
    moved: i64,
    /// What was taken back.
    back: i64,
    /// All of it.
    rest: i64,
    has_earned: bool,
    has_moves: bool,
}

impl Sums {
    fn of(rows: &[Row], is_held: bool) -> Self {
        let sum = |takes: &dyn Fn(LineKind) -> bool| {
            rows.iter().filter(|row| takes(row.kind)).fold(0_i64, |sum, row| sum.saturating_add(row.minor))
        };
        let rest = sum(&|_| true);
        let kept = sum(&|kind| matches!(kind, LineKind::Earned | LineKind::HoldMove));
        Self {
            base: if is_held { rest } else { kept },
            moved: sum(&|kind| kind == LineKind::HoldMove),
            back: if is_held { 0 } else { sum(&|kind| kind == LineKind::Reversal) },
            rest,
            has_earned: rows.iter().any(|row| row.kind == LineKind::Earned),
            has_moves: rows.iter().any(|row| row.kind == LineKind::HoldMove),
        }
    }

    /// Was all of it moved on, or is nothing left of what was held?
    fn is_gone(&self) -> bool {
        self.rest == 0 && self.has_moves && (self.moved != 0 || self.base == 0)
    }

    /// Was all that was here taken back?
    fn is_back(&self) -> bool {
        self.base != 0 && self.back.checked_add(self.base) == Some(0)
    }

    /// Is there money here that may count on the day of its sale?
    fn is_brought(&self) -> bool {
        self.base > 0 && !self.is_back()
    }
}

#[cfg(test)]
mod tests;
