//! What the night would book: target less booked, per sale and per period. Pure over what was read.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::{Assessment, Earning, PeriodEarning, PeriodKind, ProgramRules, SaleEarnings, Scope};
use domain::assess::{assess, at_worst, for_certain};
use domain::commission::EarningReason;
use domain::digest::Digest;
use domain::entry::{Entry, EntryKind};
use domain::fact::DisputePhase;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::{Account, Line, PartKind, Place};
use domain::money::Money;
use domain::month::Month;
use domain::retarget::{Booking, Marks, Position, Target, booked_targets, retarget};
use domain::sale::Sale;
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::periods::ChangedSale;

use super::doubts;
use super::late;
use super::load::{Frames, Loaded, OF_NOTE, PERIOD_NOTE, PeriodBooked, RUN_NOTE};
use crate::error::CaseError;

/// When, why and under whose name something is booked.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// The present.
    pub now: Timestamp,
    /// Its day in the ledger's zone.
    pub today: BusinessDay,
    /// The ledger's zone.
    pub ledger_zone: &'a Zone,
    /// What the lines say of what booked them: a run or a recompute.
    pub by: &'a str,
    /// Why what is booked changes.
    pub cause: EarningReason,
}

impl Making<'_> {
    /// The note that its lines carry.
    #[must_use]
    pub fn note(&self) -> String {
        format!("{RUN_NOTE}{}", self.by)
    }
}

/// What is to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Sales whose lines change.
    pub sales: Vec<ChangedSale>,
    /// Entries of periods, by account, without the number that makes their keys unique.
    pub entries: Vec<Entry>,
    /// What was assessed.
    pub inputs: Digest,
    /// What came of it.
    pub outputs: Digest,
}

impl Plan {
    /// Is everything booked as it should be?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sales.is_empty() && self.entries.is_empty()
    }

    /// Everything that would be booked.
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let of_sales = self.sales.iter().flat_map(|change| change.lines.iter().cloned());
        of_sales.chain(self.entries.iter().map(Entry::line))
    }
}

/// Which sales and programmes are put in order.
pub struct Choice<'a> {
    /// The programmes of the tenant.
    pub frames: &'a Frames,
    /// Is a programme's sale one of those?
    pub includes: &'a (dyn Fn(&ProgramId) -> bool + Sync),
}

/// What the sales earn by the rules in force, and the months for certain.
///
/// # Errors
/// Amounts are out of range.
pub fn assessed(loaded: &Loaded, choice: &Choice<'_>) -> Result<Assessment, CaseError> {
    let programs = rules_of(choice);
    let mut assessment = assessed_by(loaded, &programs)?;
    let worst: BTreeMap<&SaleId, Sale> =
        doubts::of(loaded, choice.frames).filter_map(|sale| Some((&sale.id, at_worst(sale)?))).collect();
    if !worst.is_empty() {
        // FRD-4: what a sale adds to its month beside its own commission waits as that does.
        let sales = loaded.sales.iter().map(|(id, sale)| worst.get(id).unwrap_or(sale));
        let all_lost = assessed_of(loaded, &programs, sales.collect())?;
        assessment.periods = for_certain(assessment.periods, &all_lost.periods);
    }
    Ok(assessment)
}

/// As [`assessed`], as if all that is in doubt stood.
///
/// # Errors
/// Amounts are out of range.
pub(super) fn assessed_as_it_stands(loaded: &Loaded, choice: &Choice<'_>) -> Result<Assessment, CaseError> {
    assessed_by(loaded, &rules_of(choice))
}

fn rules_of(choice: &Choice<'_>) -> BTreeMap<ProgramId, ProgramRules> {
    let frames = choice.frames.iter().filter(|(program, _)| (choice.includes)(program));
    frames.map(|(program, frame)| (program.clone(), frame.rules.clone())).collect()
}

/// As [`assessed_as_it_stands`], by other rules.
///
/// # Errors
/// Amounts are out of range.
pub fn assessed_by(loaded: &Loaded, programs: &BTreeMap<ProgramId, ProgramRules>) -> Result<Assessment, CaseError> {
    assessed_of(loaded, programs, loaded.sales.values().collect())
}

fn assessed_of(
    loaded: &Loaded,
    programs: &BTreeMap<ProgramId, ProgramRules>,
    sales: Vec<&Sale>,
) -> Result<Assessment, CaseError> {
    let late: BTreeMap<(SaleId, PartnerId), Month> = loaded
        .counts_in
        .iter()
        .filter(|(_, counts)| counts.late)
        .map(|(position, counts)| (position.clone(), counts.month))
        .collect();
    let scope = Scope { sales, programs, histories: &loaded.histories, standings: &loaded.standings, late: &late };
    Ok(assess(&scope)?)
}

/// What is to be booked so that the account has what it should have.
///
/// # Errors
/// Amounts or days are out of range.
pub fn plan(loaded: &Loaded, choice: &Choice<'_>, making: &Making<'_>) -> Result<Plan, CaseError> {
    let assessment = assessed(loaded, choice)?;
    let (inputs, outputs) = (inputs_of(loaded), outputs_of(&assessment));
    let mut plan = Plan { sales: Vec::new(), entries: Vec::new(), inputs, outputs };
    for earned in &assessment.sales {
        let Some(sale) = loaded.sales.get(&earned.sale) else { continue };
        let own = owners(loaded, choice, sale, earned);
        if own.is_empty() {
            continue;
        }
        let targets = targets_of(sale, earned, &own, making)?;
        plan.sales.extend(changed(loaded, sale, &targets, making)?);
    }
    plan.entries = entries(loaded, choice, &assessment.periods, making)?;
    Ok(plan)
}

/// The visited partners for whom a sale counts in an open month and is assessed whole.
fn owners(loaded: &Loaded, choice: &Choice<'_>, sale: &Sale, earned: &SaleEarnings) -> BTreeSet<PartnerId> {
    let credits = sale.decision.credits().iter().filter(|credit| (choice.includes)(&credit.program));
    credits
        .map(|credit| &credit.partner)
        .filter(|partner| {
            let account = Account { partner: (*partner).clone(), currency: sale.paid.currency() };
            let counts = loaded.counts_in.get(&(sale.id.clone(), (*partner).clone()));
            loaded.visited.contains(&account)
                && counts.is_some_and(|counts| loaded.is_open(&account, counts.month))
                && !earned.without_rule.contains(partner)
        })
        .cloned()
        .collect()
}

/// Does a position follow from the credits of these partners alone?
pub(crate) fn is_owned((partner, part): &Position, sale: &Sale, own: &BTreeSet<PartnerId>) -> bool {
    if part.kind != PartKind::SecondTier {
        return own.contains(partner);
    }
    let credits = sale.decision.credits();
    credits.iter().any(|credit| {
        own.contains(&credit.partner) && (credits.len() == 1 || credit.terms.referrer.as_ref() == Some(partner))
    })
}

/// What is booked where others decide, and what is earned where these partners do.
fn targets_of(
    sale: &Sale,
    earned: &SaleEarnings,
    own: &BTreeSet<PartnerId>,
    making: &Making<'_>,
) -> Result<Vec<Target>, CaseError> {
    let mut targets: Vec<Target> = booked_targets(sale)
        .into_iter()
        .filter(|target| !is_owned(&(target.partner.clone(), target.part), sale, own))
        .collect();
    for mut target in earned.targets(sale, making.ledger_zone)? {
        if is_owned(&(target.partner.clone(), target.part), sale, own) {
            // The sale counts where its first line says; the month may be frozen by now.
            target.trace.period = None;
            target.trace.notes.push(making.note());
            targets.push(target);
        }
    }
    Ok(targets)
}

/// A sale with the lines that bring it to its targets; `None` when it is there.
pub(crate) fn changed(
    loaded: &Loaded,
    sale: &Sale,
    targets: &[Target],
    making: &Making<'_>,
) -> Result<Option<ChangedSale>, CaseError> {
    let fence_of = |account: &Account| loaded.heads.get(account).and_then(|head| head.fence);
    let marks_of = |account: &Account| loaded.heads.get(account).map(Marks::from).unwrap_or_default();
    let booking = Booking {
        now: making.now,
        today: making.today,
        occurred_at: sale.occurred_at,
        cause: making.cause,
        fence_of: &fence_of,
        marks_of: &marks_of,
    };
    // Positions that nobody names go to zero; their lines say who did it as well.
    let named: BTreeSet<Position> = targets.iter().map(|target| (target.partner.clone(), target.part)).collect();
    let mut targets = targets.to_vec();
    for mut gone in booked_targets(sale) {
        if !named.contains(&(gone.partner.clone(), gone.part)) {
            gone.amount = Money::zero(gone.amount.currency());
            gone.volume = Some(0);
            gone.trace.notes.push(making.note());
            targets.push(gone);
        }
    }
    let mut after = sale.clone();
    let lines = retarget(&mut after, &targets, &booking)?;
    if lines.is_empty() {
        return Ok(None);
    }
    after.version += 1;
    Ok(Some(ChangedSale { before: sale.version, sale: after, lines }))
}

/// The entries that bring every open period of the visited accounts to what it earns.
fn entries(
    loaded: &Loaded,
    choice: &Choice<'_>,
    periods: &[PeriodEarning],
    making: &Making<'_>,
) -> Result<Vec<Entry>, CaseError> {
    let nothing = PeriodBooked::default();
    let mut entries = Vec::new();
    let mut named = BTreeSet::new();
    for back in late::bands(loaded, choice)? {
        let key = (back.account, back.key, back.month);
        let net = loaded.periods.get(&key).map_or(0, |booked| booked.net);
        // It is taken from where that month's bands have theirs.
        let booked = PeriodBooked { net, places: back.places, program: None };
        let frame = EntryFrame { account: &key.0, key: &key.1, month: key.2, making, loaded };
        let made = frame.entries(&booked, back.minor, Slot::of_day(making.today.max(key.2.first_day()?)))?;
        entries.extend(made.into_iter().map(|mut entry| {
            entry.occurred_at = back.occurred_at;
            entry.program = Some(back.program.clone());
            entry.notes.push(format!("bands_of: {}", back.counted));
            entry
        }));
        named.insert(key);
    }
    for earning in periods {
        let account = Account { partner: earning.partner.clone(), currency: earning.currency };
        if !loaded.visited.contains(&account) || !loaded.is_open(&account, earning.month) {
            continue;
        }
        let key = (account, earning.key(), earning.month);
        let booked = loaded.periods.get(&key).unwrap_or(&nothing);
        let frame = EntryFrame { account: &key.0, key: &key.1, month: earning.month, making, loaded };
        let made = frame.entries(booked, earning.amount.minor(), due_of(earning, making)?)?;
        entries.extend(made.into_iter().map(|mut entry| {
            entry.kind = kind_of(&earning.kind);
            entry.occurred_at = earning.occurred_at;
            entry.program = Some(earning.program.clone());
            entry.rule.clone_from(&earning.trace.rule);
            entry.notes.extend(earning.trace.notes.iter().cloned());
            entry
        }));
        named.insert(key);
    }
    for (key, booked) in &loaded.periods {
        let ((account, _, month), Some(program)) = (key, &booked.program) else { continue };
        // COM-14: also where it is earned in another month now. Each month's entries are to be its own when it is counted.
        if !named.contains(key) && loaded.is_open(account, *month) && (choice.includes)(program) {
            let frame = EntryFrame { account, key: &key.1, month: *month, making, loaded };
            let made = frame.entries(booked, 0, Slot::of_day(making.today))?;
            entries.extend(made.into_iter().map(|entry| Entry { program: Some(program.clone()), ..entry }));
        }
    }
    Ok(entries)
}

/// When what a period earns is due: its hold counts from the last sale that it rests on.
pub(crate) fn due_of(earning: &PeriodEarning, making: &Making<'_>) -> Result<Slot, CaseError> {
    let due = making.ledger_zone.day_of(earning.occurred_at).plus_days(i32::from(earning.hold_days))?;
    // COM-21: that sale may be late, and of long ago. What is booked of a month is looked for from its first day on: before
    // that it would not be found, and be booked with each look.
    Ok(Slot::of_day(due.max(earning.month.first_day()?)))
}

fn kind_of(kind: &PeriodKind) -> EntryKind {
    match kind {
        PeriodKind::Bands => EntryKind::PeriodBands,
        PeriodKind::Milestone(_) => EntryKind::Milestone,
    }
}

/// Of whose period entries are made.
pub(crate) struct EntryFrame<'a> {
    pub(crate) account: &'a Account,
    pub(crate) key: &'a str,
    pub(crate) month: Month,
    pub(crate) making: &'a Making<'a>,
    pub(crate) loaded: &'a Loaded,
}

impl EntryFrame<'_> {
    /// What brings a period from what is booked to its target: money comes in its slot, and goes where it is.
    pub(crate) fn entries(&self, booked: &PeriodBooked, target: i64, due: Slot) -> Result<Vec<Entry>, CaseError> {
        let difference = target.saturating_sub(booked.net);
        let fence = self.loaded.heads.get(self.account).and_then(|head| head.fence);
        let immediate = Slot::immediate(self.making.today, fence)?;
        if difference > 0 {
            let slot = if Some(due) > fence { due } else { immediate };
            return Ok(vec![self.entry(slot, difference)]);
        }
        let mut entries = Vec::new();
        let mut left = difference.saturating_neg();
        for (place, net) in &booked.places {
            let Place::Slot(slot) = place else { continue };
            let part = (*net).min(left);
            if Some(*slot) > fence && part > 0 {
                entries.push(self.entry(*slot, -part));
                left -= part;
            }
        }
        if left > 0 {
            entries.push(self.entry(immediate, -left));
        }
        Ok(entries)
    }

    fn entry(&self, slot: Slot, minor: i64) -> Entry {
        let amount = Money::from_minor(minor, self.account.currency);
        let kind = if self.key.starts_with("milestone/") { EntryKind::Milestone } else { EntryKind::PeriodBands };
        let (key, now) = (self.key.to_owned(), self.making.now);
        let mut entry = Entry::new(key, kind, self.account.clone(), amount, Place::Slot(slot), now);
        entry.notes.push(format!("{OF_NOTE}{}", self.key));
        entry.notes.push(format!("{PERIOD_NOTE}{}", self.month));
        entry.notes.push(self.making.note());
        entry
    }
}

/// What was assessed, in short: the same facts give the same digest, in whatever order they came.
pub(crate) fn inputs_of(loaded: &Loaded) -> Digest {
    let mut sales: Vec<&Sale> = loaded.sales.values().collect();
    sales.sort_by(|a, b| (a.occurred_at, &a.payment).cmp(&(b.occurred_at, &b.payment)));
    sales.into_iter().fold(Digest::ZERO, |digest, sale| {
        let named: i64 = sale.item_refunds.values().fold(0, |sum, money| sum.saturating_add(money.minor()));
        let credits: Vec<&str> = sale.decision.credits().iter().map(|credit| credit.partner.as_str()).collect();
        let (paid, refunded, rejected) = (sale.paid, sale.refunded, sale.rejected);
        let (hold, [open, lost]) = (sale.hold, [DisputePhase::Opened, DisputePhase::Lost].map(|of| sale.disputed(of)));
        let credits = credits.join(",");
        let row = format!("{}#{paid}#{refunded}#{named}#{rejected}#{hold:?}#{open}#{lost}#{credits}\n", sale.id);
        digest.then(row.as_bytes())
    })
}

/// What came of it, in short.
pub(crate) fn outputs_of(assessment: &Assessment) -> Digest {
    let sales = assessment.sales.iter().fold(Digest::ZERO, |digest, earned| {
        earned.earnings.iter().fold(digest, |digest, earning| {
            let Earning { partner, part, amount, .. } = earning;
            digest.then(format!("{}#{partner}#{}#{:?}#{amount}\n", earned.sale, part.item, part.kind).as_bytes())
        })
    });
    let periods = assessment.periods.iter();
    periods.fold(sales, |digest, earning| digest.then(format!("{}#{}\n", earning.key(), earning.amount).as_bytes()))
}
