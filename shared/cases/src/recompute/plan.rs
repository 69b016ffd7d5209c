//! What other rules make of accounts: per line, before anything is booked. Pure over what was read.
//!
//! Months that are still open go to what the new rules give, as the night has it. Months that are counted stay as they
//! were frozen but for the difference of the rules: what the new ones give less what the old ones did, both over the
//! same sales, whatever else has happened since.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::{Assessment, Earning, PeriodEarning, ProgramRules};
use domain::digest::Digest;
use domain::entry::{Entry, EntryKind};
use domain::id::{PartnerId, ProgramId};
use domain::line::{Account, Line, LineKind, Part};
use domain::money::Money;
use domain::month::Month;
use domain::recompute::AccountDifference;
use domain::retarget::{Position, Target, booked_targets};
use domain::rule::RuleVersion;
use domain::sale::Sale;

use crate::adjust::load::{Frames, Loaded, OF_NOTE, PERIOD_NOTE, PeriodBooked, noted};
use crate::adjust::plan::{EntryFrame, Making, Plan, assessed_by, changed, due_of, inputs_of, is_owned, outputs_of};
use crate::error::CaseError;

/// The rules before and after.
pub struct Rules<'a> {
    /// Which programme's change.
    pub program: &'a ProgramId,
    /// The programmes as they are without the recompute.
    pub old: &'a Frames,
    /// And with it.
    pub new: &'a Frames,
}

/// The programmes without some versions, and with them.
#[must_use]
pub fn frames_with(frames: &Frames, program: &ProgramId, versions: &[RuleVersion]) -> (Frames, Frames) {
    let (mut old, mut new) = (frames.clone(), frames.clone());
    if let Some(frame) = old.get_mut(program) {
        frame.rules.versions.retain(|known| !versions.iter().any(|version| version.id == known.id));
        if let Some(after) = new.get_mut(program) {
            after.rules.versions.clone_from(&frame.rules.versions);
            after.rules.versions.extend(versions.iter().cloned());
        }
    }
    (old, new)
}

fn rules_of(frames: &Frames) -> BTreeMap<ProgramId, ProgramRules> {
    frames.iter().map(|(program, frame)| (program.clone(), frame.rules.clone())).collect()
}

/// What is to be booked to counted months. The accounts were read from their first line on.
///
/// # Errors
/// Amounts or days are out of range.
pub fn plan_counted(loaded: &Loaded, rules: &Rules<'_>, making: &Making<'_>) -> Result<Plan, CaseError> {
    let old = assessed_by(loaded, &rules_of(rules.old))?;
    let new = assessed_by(loaded, &rules_of(rules.new))?;
    let mut plan =
        Plan { sales: Vec::new(), entries: Vec::new(), inputs: inputs_of(loaded), outputs: outputs_of(&new) };
    let applied = applied_to_sales(loaded);
    let (before, volumes) = (amounts_of(&old), volumes_of(&old));
    for earned in &new.sales {
        let Some(sale) = loaded.sales.get(&earned.sale) else { continue };
        let own = counted_partners(loaded, rules.program, sale);
        if own.is_empty() {
            continue;
        }
        let after = earned.targets(sale, making.ledger_zone)?;
        let change = Change { sale, own: &own, after: &after, before: &before, volumes: &volumes, applied: &applied };
        plan.sales.extend(changed(loaded, sale, &change.targets(making), making)?);
    }
    plan.entries = entries(loaded, (&old.periods, &new.periods), making)?;
    Ok(plan)
}

type Amounts = BTreeMap<(domain::id::SaleId, Position), i64>;

fn amounts_of(assessment: &Assessment) -> Amounts {
    by_position(assessment, |earning| earning.amount.minor())
}

/// What sales add to their months by retroactive bands.
fn volumes_of(assessment: &Assessment) -> Amounts {
    by_position(assessment, |earning| earning.volume.unwrap_or(0))
}

fn by_position(assessment: &Assessment, minor: impl Fn(&Earning) -> i64) -> Amounts {
    let earnings = assessment.sales.iter().flat_map(|sale| sale.earnings.iter().map(move |earning| (sale, earning)));
    earnings
        .map(|(sale, earning)| ((sale.sale.clone(), (earning.partner.clone(), earning.part)), minor(earning)))
        .collect()
}

/// What this recompute has booked already: it died, and is begun again.
fn applied_to_sales(loaded: &Loaded) -> Amounts {
    let mut applied = Amounts::new();
    let own = loaded.own_lines.iter().filter(|line| matches!(line.kind, LineKind::Earned | LineKind::Adjustment));
    for line in own {
        let Some(sale) = line.origin.sale() else { continue };
        let amount = applied.entry((sale.clone(), (line.partner.clone(), line.trace.part))).or_default();
        *amount = amount.saturating_add(line.amount.minor());
    }
    applied
}

/// The visited partners for whom a sale of the programme counts in a counted month.
fn counted_partners(loaded: &Loaded, program: &ProgramId, sale: &Sale) -> BTreeSet<PartnerId> {
    let credits = sale.decision.credits().iter().filter(|credit| credit.program == *program);
    credits
        .map(|credit| credit.partner.clone())
        .filter(|partner| {
            let account = Account { partner: partner.clone(), currency: sale.paid.currency() };
            let counts = loaded.counts_in.get(&(sale.id.clone(), partner.clone()));
            loaded.visited.contains(&account) && counts.is_some_and(|counts| !loaded.is_open(&account, counts.month))
        })
        .collect()
}

/// A sale whose rules changed.
struct Change<'a> {
    sale: &'a Sale,
    own: &'a BTreeSet<PartnerId>,
    after: &'a [Target],
    before: &'a Amounts,
    volumes: &'a Amounts,
    applied: &'a Amounts,
}

impl Change<'_> {
    /// Booked, and the difference of the rules on top of it, as far as it is not booked yet.
    fn targets(&self, making: &Making<'_>) -> Vec<Target> {
        let mut targets: BTreeMap<Position, Target> = booked_targets(self.sale)
            .into_iter()
            .map(|target| ((target.partner.clone(), target.part), target))
            .collect();
        let mut positions: BTreeSet<Position> = targets.keys().cloned().collect();
        positions.extend(self.after.iter().map(|target| (target.partner.clone(), target.part)));
        for position in positions.into_iter().filter(|position| is_owned(position, self.sale, self.own)) {
            let earned = self.after.iter().find(|target| (&target.partner, &target.part) == (&position.0, &position.1));
            let booked = targets.get(&position);
            let Some(frame) = earned.or(booked) else { continue };
            let at = (self.sale.id.clone(), position.clone());
            let known = |amounts: &Amounts| amounts.get(&at).copied().unwrap_or(0);
            let new = earned.map_or(0, |target| target.amount.minor());
            let is = booked.map_or(0, |target| target.amount.minor());
            let difference = new.saturating_sub(known(self.before)).saturating_sub(known(self.applied));
            // COM-22: other rules may count a sale for bands, or for less of them, and pay for it as before.
            let volume = earned.and_then(|target| target.volume).unwrap_or(0);
            // Where it would count for nothing from now on, what bands gave for it stays measured as it was.
            let volume = (volume != known(self.volumes) && volume != 0).then_some(volume);
            if difference == 0 && volume.is_none() {
                continue;
            }
            // Nobody owes commission for a sale: it goes to nothing, and no further.
            let amount = if difference == 0 { is } else { is.saturating_add(difference).max(0) };
            let mut target = Target { volume, ..frame.clone() };
            target.clawback = booked.filter(|_| difference == 0).map_or(target.clawback, |booked| booked.clawback);
            target.amount = domain::money::Money::from_minor(amount, target.amount.currency());
            target.trace.period = None;
            target.trace.notes.push(making.note());
            targets.insert(position, target);
        }
        targets.into_values().collect()
    }
}

/// The differences of counted periods.
fn entries(
    loaded: &Loaded,
    (old, new): (&[PeriodEarning], &[PeriodEarning]),
    making: &Making<'_>,
) -> Result<Vec<Entry>, CaseError> {
    let by_key = |periods: &[PeriodEarning]| -> BTreeMap<(Account, String), PeriodEarning> {
        let of = |earning: &PeriodEarning| Account { partner: earning.partner.clone(), currency: earning.currency };
        periods.iter().map(|earning| ((of(earning), earning.key()), earning.clone())).collect()
    };
    let (old, new) = (by_key(old), by_key(new));
    let mut applied: BTreeMap<(Account, &str), i64> = BTreeMap::new();
    for line in loaded.own_lines.iter().filter(|line| line.kind == LineKind::Entry) {
        let month = noted(line, PERIOD_NOTE).and_then(|month| Month::parse(month).ok());
        let (Some(of), Some(month)) = (noted(line, OF_NOTE), month) else { continue };
        // What it has booked to open months is the open plan's.
        if loaded.is_open(&line.account(), month) {
            continue;
        }
        let amount = applied.entry((line.account(), of)).or_default();
        *amount = amount.saturating_add(line.amount.minor());
    }
    let keys: BTreeSet<&(Account, String)> = old.keys().chain(new.keys()).collect();
    let mut entries = Vec::new();
    for key in keys {
        // What the rules give in an open month is the open plan's: by other rules a milestone may be reached in another.
        let is_counted = |earning: &&PeriodEarning| !loaded.is_open(&key.0, earning.month);
        let (before, after) = (old.get(key).filter(is_counted), new.get(key).filter(is_counted));
        let Some(frame) = after.or(before).filter(|_| loaded.visited.contains(&key.0)) else { continue };
        let month = [before, after].into_iter().flatten().map(|earning| earning.month).min().unwrap_or(frame.month);
        let minor = |earning: Option<&PeriodEarning>| earning.map_or(0, |earning| earning.amount.minor());
        let done = applied.get(&(key.0.clone(), key.1.as_str())).copied().unwrap_or(0);
        let difference = minor(after).saturating_sub(minor(before)).saturating_sub(done);
        entries.extend(entries_of(loaded, key, (frame, month), difference, making)?);
    }
    Ok(entries)
}

fn entries_of(
    loaded: &Loaded,
    key: &(Account, String),
    (earning, month): (&PeriodEarning, Month),
    difference: i64,
    making: &Making<'_>,
) -> Result<Vec<Entry>, CaseError> {
    if difference == 0 {
        return Ok(Vec::new());
    }
    let nothing = PeriodBooked::default();
    let booked = loaded.periods.get(&(key.0.clone(), key.1.clone(), month)).unwrap_or(&nothing);
    let frame = EntryFrame { account: &key.0, key: &key.1, month, making, loaded };
    let made = frame.entries(booked, booked.net.saturating_add(difference), due_of(earning, making)?)?;
    Ok(made
        .into_iter()
        .map(|entry| Entry {
            key: format!("recompute/{}/{}", making.by, entry.key),
            kind: EntryKind::Recompute,
            program: Some(earning.program.clone()),
            rule: earning.trace.rule.clone(),
            ..entry
        })
        .collect())
}

/// What lines make of accounts: each as it follows from the sales of the group's partner, or of all where there are several.
pub(super) fn differences_of(lines: &[Line], alone: Option<&PartnerId>) -> Result<Vec<AccountDifference>, CaseError> {
    let mut accounts: BTreeMap<Account, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        accounts.entry(line.account()).or_default().push(line);
    }
    let of_account = |(account, lines): (Account, Vec<&Line>)| {
        let difference = Money::try_sum(lines.iter().map(|line| line.amount), account.currency)?;
        let through = alone.unwrap_or(&account.partner).clone();
        let (hash, lines) = (hash_of(&lines), lines.len() as u64);
        Ok(AccountDifference { partner: account.partner, through, difference, lines, hash })
    };
    accounts.into_iter().map(of_account).collect()
}

/// What each sale and each period gets more or less, in short. Not where the money is: days that pass change nothing.
fn hash_of(lines: &[&Line]) -> Digest {
    let mut nets: BTreeMap<(&str, Part), i64> = BTreeMap::new();
    for line in lines {
        let of = line.origin.sale().map_or_else(|| noted(line, OF_NOTE).unwrap_or_default(), |sale| sale.as_str());
        let net = nets.entry((of, line.trace.part)).or_default();
        *net = net.saturating_add(line.amount.minor());
    }
    nets.into_iter().fold(Digest::ZERO, |digest, ((of, part), net)| {
        digest.then(format!("{of}#{}#{:?}#{net}\n", part.item, part.kind).as_bytes())
    })
}
