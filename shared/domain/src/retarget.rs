//! Every change of a sale's money, by one function: from what the sale should pay to the lines that make it so.
//!
//! The sale says what happened (refunds, disputes, holds, a rejection, a decision); the targets say what each position
//! earns by the rules. What a position should have now is a pure function of both, so the order in which things became
//! known never matters. The lines are the difference to what is booked, put where the money is.

mod goal;
mod late;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::commission::EarningReason;
use crate::id::{LineId, PartnerId};
use crate::ledger::Head;
use crate::line::{Account, Line, LineKind, LineTrace, Origin, Part, PartKind, Place};
use crate::money::{Money, MoneyError};
use crate::month::Month;
use crate::sale::{Clawback, HoldReason, Sale, SaleLine};
use crate::slot::{Slot, SlotError};
use crate::time::{BusinessDay, DateOutOfRange, Timestamp};
use goal::Goal;
use late::Back;
pub use late::{BANDED_NOTE, late_months};
use volume::Volume;

/// What a position earns by the rules, before anything went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose.
    pub partner: PartnerId,
    /// Which part of the sale.
    pub part: Part,
    /// The whole commission of it, never below zero.
    pub amount: Money,
    /// What refunds do to it.
    pub clawback: Clawback,
    /// Where its first line goes, and where released money returns to.
    pub slot: Slot,
    /// What it adds to the partner's month where retroactive bands give it its rate, before anything went back: nothing
    /// where they do not. `None` leaves what is booked.
    pub volume: Option<i64>,
    /// How it came about. With a period, the sale begins to count there for the partner: also one who had it once, whose
    /// line says so although nothing else changes. For whoever has the sale already there is none.
    pub trace: LineTrace,
}

/// The circumstances of a booking.
pub struct Booking<'a> {
    /// When it is booked.
    pub now: Timestamp,
    /// The day of that in the ledger's zone.
    pub today: BusinessDay,
    /// When its cause happened.
    pub occurred_at: Timestamp,
    /// Why what is booked changes.
    pub cause: EarningReason,
    /// The fence of an account, as far as it was read; `None` counts as open, and the store refuses what is not.
    pub fence_of: &'a dyn Fn(&Account) -> Option<Slot>,
    /// How far the months of an account are over, as far as that was read; what was not counts as open, as above.
    pub marks_of: &'a dyn Fn(&Account) -> Marks,
}

/// How far the months of an account are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The last month that is frozen: its sales come late.
    pub frozen: Option<Month>,
    /// The last month that is counted: what it came to is fixed.
    pub counted: Option<Month>,
}

impl From<&Head> for Marks {
    fn from(head: &Head) -> Self {
        Self { frozen: head.frozen, counted: head.counted }
    }
}

/// Why a sale cannot be retargeted.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum RetargetError {
    /// An amount is out of range, or of another currency than the sale's.
    #[error("adding up the commission of a sale")]
    Money(#[from] MoneyError),
    /// The calendar ends.
    #[error("finding a slot")]
    Slot(#[from] SlotError),
    /// The calendar ends.
    #[error("finding the month in which something counts")]
    Month(#[from] DateOutOfRange),
    /// The rules gave less than nothing.
    #[error("a target is below zero")]
    Negative,
}

/// A partner's part of a sale.
pub type Position = (PartnerId, Part);

/// What is booked of a position, from the sale's lines alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Earned and adjusted, minor units.
    pub earned: i64,
    /// Taken back, minor units, not below zero.
    pub reversed: i64,
    /// Net by place; moves count.
    pub places: BTreeMap<Place, i64>,
    /// What it adds to the volume of its month, where that is kept.
    volume: Option<Volume>,
    /// Its first line.
    first: Option<(u32, Place)>,
    /// What refunds do to it, as the newest of its lines that earn says.
    pub clawback: Clawback,
}

impl Booked {
    /// COM-10: does the position come back from nothing with a target?
    fn comes_back(&self, target: &Target) -> bool {
        self.first.is_some() && self.earned == 0 && target.trace.period.is_some()
    }

    /// What is held of it.
    #[must_use]
    pub fn held(&self) -> i64 {
        self.places.get(&Place::Held).copied().unwrap_or(0)
    }
}

/// What is booked of each position of a sale.
#[must_use]
pub fn booked(sale: &Sale) -> BTreeMap<Position, Booked> {
    let mut positions: BTreeMap<Position, Booked> = BTreeMap::new();
    for line in &sale.lines {
        let position = positions.entry((line.partner.clone(), line.part)).or_default();
        let minor = line.amount.minor();
        match line.kind {
            LineKind::Earned | LineKind::Adjustment => {
                position.earned = position.earned.saturating_add(minor);
                position.clawback = line.clawback;
            }
            LineKind::Reversal => position.reversed = position.reversed.saturating_sub(minor),
            LineKind::HoldMove | LineKind::Entry => {}
        }
        position.volume = Volume::with(position.volume, line);
        let place = position.places.entry(line.place).or_default();
        *place = place.saturating_add(minor);
        if position.first.is_none() {
            position.first = Some((line.n, line.place));
        }
    }
    positions
}

/// What the sale's positions earn as booked: the targets of a change that leaves the commission alone.
#[must_use]
pub fn booked_targets(sale: &Sale) -> Vec<Target> {
    let mut targets = Vec::new();
    for ((partner, part), position) in booked(sale) {
        let Some((n, place)) = position.first else { continue };
        let rule = sale.lines.iter().find(|line| line.n == n).and_then(|line| line.rule.clone());
        let credit = sale.decision.credits().iter().find(|credit| credit.partner == partner);
        let slot = match place {
            Place::Slot(slot) => slot,
            Place::Held => Slot::of_day(sale.booked_day),
        };
        let trace = LineTrace {
            program: credit.map(|credit| credit.program.clone()),
            link: credit.and_then(|credit| credit.link.clone()),
            rule,
            customer: sale.customer.clone(),
            invoice: sale.invoice.clone(),
            event_type: Some(sale.event_type),
            base: String::new(),
            reward: String::new(),
            reason: EarningReason::Adjusted,
            part,
            reverses: None,
            late: false,
            period: None,
            notes: Vec::new(),
        };
        let amount = Money::from_minor(position.earned, sale.paid.currency());
        targets.push(Target { partner, part, amount, clawback: position.clawback, slot, volume: None, trace });
    }
    targets
}

/// What refunds and lost disputes take back of what an item of a sale earned; all of it where the sale was rejected.
///
/// # Errors
/// Amounts out of range.
pub fn taken_back(sale: &Sale, item: u16, clawback: Clawback, earned: i64) -> Result<i64, RetargetError> {
    if sale.rejected { Ok(earned) } else { goal::taken_back(sale, item, clawback, earned) }
}

/// Books what is missing to the targets: appends to the sale's lines, and answers the new ones.
///
/// Positions that are booked and that no target names go to zero. The sale's version is the caller's to raise.
///
/// # Errors
/// Amounts out of range or of two currencies, a target below zero, or the calendar ends. The sale may then be half
/// changed: leave it.
pub fn retarget(sale: &mut Sale, targets: &[Target], booking: &Booking<'_>) -> Result<Vec<Line>, RetargetError> {
    let booked = booked(sale);
    let mut by_position: BTreeMap<Position, Target> = BTreeMap::new();
    for target in booked_targets(sale) {
        let nothing = Target { amount: Money::zero(sale.paid.currency()), volume: Some(0), ..target };
        by_position.insert((nothing.partner.clone(), nothing.part), nothing);
    }
    for target in targets {
        if target.amount.is_negative() {
            return Err(RetargetError::Negative);
        }
        // Released and corrected money returns to where the first line was, whatever the rules say by now. What comes back
        // is due as if it were new.
        let position = booked.get(&(target.partner.clone(), target.part)).filter(|known| !known.comes_back(target));
        let slot = position.and_then(|position| match position.first {
            Some((_, Place::Slot(slot))) => Some(slot),
            _ => None,
        });
        let target = Target { slot: slot.unwrap_or(target.slot), ..target.clone() };
        by_position.insert((target.partner.clone(), target.part), target);
    }
    let mut lines = Vec::new();
    let positions: BTreeSet<Position> = by_position.keys().cloned().collect();
    for position in positions {
        let Some(target) = by_position.get(&position) else { continue };
        let now = booked.get(&position).cloned().unwrap_or_default();
        let goal = Goal::of(
            sale,
            target,
            #[cfg(feature = "planted")]
            &now,
            #[cfg(feature = "planted")]
            booking.today,
        )?;
        let back = Back::of(sale, target, booking)?;
        let (volume, places) = (Volume::of(sale, target, &now)?, now.places.clone());
        let mut writer = Writer { sale, target, booking, lines: &mut lines, places, goal, volume, back };
        writer.write(&now)?;
    }
    Ok(lines)
}

/// Writes the lines of one position.
struct Writer<'a, 'b> {
    sale: &'a mut Sale,
    target: &'a Target,
    booking: &'a Booking<'b>,
    lines: &'a mut Vec<Line>,
    /// Net by place, with what was written here.
    places: BTreeMap<Place, i64>,
    goal: Goal,
    volume: Option<Volume>,
    back: Option<Back>,
}

/// One kind of change.
#[derive(Clone, Copy)]
struct Change {
    kind: LineKind,
    reason: EarningReason,
    reverses: Option<u32>,
}

impl Writer<'_, '_> {
    fn write(&mut self, now: &Booked) -> Result<(), RetargetError> {
        let (first, start) = (now.first.map(|(n, _)| n), self.sale.lines.len());
        if first.is_none() {
            // An attributed sale has at least one line a partner, of zero when nothing is earned.
            let change = Change { kind: LineKind::Earned, reason: self.target.trace.reason, reverses: None };
            let slot = self.open(self.target.slot)?;
            self.push(Place::Slot(slot), self.goal.earned, change);
        }
        let first = first.or_else(|| self.sale.lines.last().map(|line| line.n));
        let reversal = Change { kind: LineKind::Reversal, reason: self.cause(EarningReason::Refund), reverses: first };
        let adjustment =
            Change { kind: LineKind::Adjustment, reason: self.cause(EarningReason::Adjusted), reverses: None };
        // LED-3: cumulative, so that many small refunds end where one large one does.
        let given_back = difference(now.reversed, self.goal.reversed)?;
        let adjusted = if now.first.is_some() { difference(self.goal.earned, now.earned)? } else { 0 };
        // What is given back comes first, so that what is taken finds it.
        if given_back > 0 {
            self.change(given_back, reversal)?;
            self.change(adjusted, adjustment)?;
        } else {
            self.change(adjusted, adjustment)?;
            self.change(given_back, reversal)?;
        }
        let is_news = now.clawback != self.target.clawback || now.comes_back(self.target);
        if now.first.is_some() && adjusted == 0 && is_news {
            // What refunds do to it is part of what the rules gave, and so is in which month the sale counts from now on: a
            // line keeps it.
            let slot = self.open(self.target.slot)?;
            self.push(Place::Slot(slot), 0, adjustment);
        }
        self.tell_volume(now, start, (adjustment, reversal))?;
        self.settle_hold(first)
    }

    /// COM-22: what was written here says how the volume changes; where no money is to be moved, a line of nothing does.
    fn tell_volume(
        &mut self,
        now: &Booked,
        start: usize,
        (adjustment, reversal): (Change, Change),
    ) -> Result<(), RetargetError> {
        let Some(volume) = self.volume else { return Ok(()) };
        for (kind, minor) in volume.changes(now) {
            if !self.sale.lines.iter().skip(start).any(|line| line.kind == kind) {
                let change = if kind == LineKind::Reversal { reversal } else { adjustment };
                let slot = self.open(self.target.slot)?;
                let slot = self.from(change)?.map_or(slot, |from| slot.max(from));
                self.push(Place::Slot(slot), 0, change);
            }
            if let Some(line) = self.sale.lines.iter_mut().skip(start).find(|line| line.kind == kind) {
                line.volume = Some(minor);
            }
        }
        Ok(())
    }

    /// The reason of the booking where it fits the change, else the usual one.
    fn cause(&self, usual: EarningReason) -> EarningReason {
        match self.booking.cause {
            EarningReason::Held | EarningReason::Released => usual,
            cause => cause,
        }
    }

    fn account(&self) -> Account {
        Account { partner: self.target.partner.clone(), currency: self.sale.paid.currency() }
    }

    fn held(&self) -> i64 {
        self.places.get(&Place::Held).copied().unwrap_or(0)
    }

    /// The slot itself while it is open, otherwise the one that is due at once.
    fn open(&self, slot: Slot) -> Result<Slot, SlotError> {
        let fence = (self.booking.fence_of)(&self.account());
        if Some(slot) > fence { Ok(slot) } else { Slot::immediate(self.booking.today, fence) }
    }

    fn change(&mut self, minor: i64, change: Change) -> Result<(), RetargetError> {
        if minor > 0 {
            // What is to be held anyhow goes there without a detour.
            let held = minor.min((self.goal.held - self.held()).max(0));
            self.push_nonzero(Place::Held, held, change);
            let slot = self.open(self.target.slot)?;
            let slot = self.from(change)?.map_or(slot, |from| slot.max(from));
            self.push_nonzero(Place::Slot(slot), minor - held, change);
            return Ok(());
        }
        let mut left = minor.saturating_neg();
        // What needs no holding any more is taken from what is held first.
        let spare = (self.held() - self.goal.held).max(0).min(left);
        self.push_nonzero(Place::Held, -spare, change);
        left -= spare;
        self.take(left, change)
    }

    /// The first slot in which a change is looked for, where it is not the account's first open one.
    fn from(&self, change: Change) -> Result<Option<Slot>, RetargetError> {
        let changes = change.kind == LineKind::Reversal || change.kind == LineKind::Adjustment;
        let back = self.back.filter(|_| changes);
        back.map_or(Ok(None), |back| back.from())
    }

    /// Takes money where the position has it: its own open slots, the first line's before others; the rest at once.
    fn take(&mut self, mut left: i64, change: Change) -> Result<(), RetargetError> {
        let fence = (self.booking.fence_of)(&self.account());
        #[cfg(feature = "planted")]
        let fence = match change.kind {
            LineKind::Reversal if crate::planted::is(crate::planted::Bug::ReversalIntoFinalSlot) => None,
            _ => fence,
        };
        let from = self.from(change)?;
        let mut slots: Vec<(Slot, i64)> = self
            .places
            .iter()
            .filter_map(|(place, net)| match place {
                Place::Slot(slot) if Some(*slot) > fence && Some(*slot) >= from && *net > 0 => Some((*slot, *net)),
                _ => None,
            })
            .collect();
        slots.sort_by_key(|(slot, _)| (*slot != self.target.slot, *slot));
        for (slot, net) in slots {
            let part = net.min(left);
            self.push_nonzero(Place::Slot(slot), -part, change);
            left -= part;
        }
        let slot = Slot::immediate(self.booking.today, fence)?;
        let slot = from.map_or(slot, |from| slot.max(from));
        self.push_nonzero(Place::Slot(slot), -left, change);
        Ok(())
    }

    /// Moves between `held` and the rest until as much is held as should be.
    fn settle_hold(&mut self, first: Option<u32>) -> Result<(), RetargetError> {
        let missing = difference(self.goal.held, self.held())?;
        let reason = if missing > 0 { EarningReason::Held } else { EarningReason::Released };
        let change = Change { kind: LineKind::HoldMove, reason, reverses: first };
        if missing > 0 {
            self.take(missing, change)?;
            self.push_nonzero(Place::Held, missing, change);
        } else if missing < 0 {
            self.push_nonzero(Place::Held, missing, change);
            let slot = self.open(self.target.slot)?;
            #[cfg(feature = "planted")]
            let slot = match reason {
                EarningReason::Released if crate::planted::is(crate::planted::Bug::ReleaseIntoFinalSlot) => {
                    self.target.slot
                }
                _ => slot,
            };
            self.push_nonzero(Place::Slot(slot), -missing, change);
        }
        Ok(())
    }

    fn push_nonzero(&mut self, place: Place, minor: i64, change: Change) {
        if minor != 0 {
            self.push(place, minor, change);
        }
    }

    /// The line gets the sale's next number, and stands in the sale in short.
    fn push(&mut self, place: Place, minor: i64, change: Change) {
        let n = self.sale.lines.iter().map(|line| line.n).max().unwrap_or(0) + 1;
        let amount = Money::from_minor(minor, self.sale.paid.currency());
        let is_earned = matches!(change.kind, LineKind::Earned | LineKind::Adjustment);
        let clawback = if is_earned { self.target.clawback } else { Clawback::Proportional };
        let counts = is_earned && self.target.part.kind != PartKind::SecondTier;
        let has_volume = late::is_by_bands(&self.target.trace);
        let is_banded = self.sale.is_banded(&self.target.partner, self.target.part);
        self.sale.lines.push(SaleLine {
            n,
            partner: self.target.partner.clone(),
            part: self.target.part,
            kind: change.kind,
            place,
            amount,
            rule: self.target.trace.rule.clone(),
            clawback,
            month: self.target.trace.period.filter(|_| counts),
            is_banded: is_earned && has_volume,
            // Lines of bands say it, also of nothing: so it is known that it is kept.
            volume: self.volume.filter(|_| is_earned && has_volume).map(|_| 0),
        });
        let origin = Origin::Sale(self.sale.id.clone());
        let mut trace = LineTrace {
            part: self.target.part,
            reason: change.reason,
            reverses: change.reverses,
            ..self.target.trace.clone()
        };
        if change.kind == LineKind::Reversal {
            trace.base = self.sale.went_back().to_text();
            trace.reward = Money::from_minor(self.goal.reversed, self.sale.paid.currency()).to_text();
        }
        let changes = change.kind == LineKind::Reversal
            || (change.kind == LineKind::Adjustment && self.target.trace.period.is_none());
        if let Some(back) = self.back.filter(|_| changes) {
            back.note(&mut trace, change.kind, is_banded);
        }
        if change.reason == EarningReason::Held {
            trace.notes.push(format!("hold: {}", self.sale.hold.map_or("dispute", HoldReason::word)));
        }
        let is_first = change.kind == LineKind::Earned;
        self.lines.push(Line {
            id: LineId::of(&origin, n),
            partner: self.target.partner.clone(),
            place,
            amount,
            kind: change.kind,
            origin,
            n,
            occurred_at: if is_first { self.sale.occurred_at } else { self.booking.occurred_at },
            booked_at: self.booking.now,
            trace,
        });
        let net = self.places.entry(place).or_default();
        *net = net.saturating_add(minor);
    }
}

fn difference(to: i64, from: i64) -> Result<i64, RetargetError> {
    to.checked_sub(from).ok_or(RetargetError::Money(MoneyError::OutOfRange))
}

#[cfg(test)]
mod tests;
