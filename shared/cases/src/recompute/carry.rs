//! What a recompute carries from counted months into later ones: what customers earned there counts for their caps, and
//! what was reached there is not reached again.
//!
//! Both are stored with the account, by the rules of the month's freeze. The difference of the rules is added to them
//! once: each count names the recompute that was added last, so begun again after a death it finds it there.

use std::collections::{BTreeMap, BTreeSet};

use domain::fact::PaymentKey;
use domain::id::{ProgramId, RecomputeId};
use domain::line::{Account, LineKind, PartKind};
use domain::money::Money;
use domain::month::Month;
use domain::sale::SaleLine;
use store::counts::{BandsCounted, BandsRecomputed, Counted, CustomerCount, ProgramCount};
use store::{Store, TenantKey, Written};

use super::plan::Rules;
use crate::adjust::count::programs;
use crate::adjust::late;
use crate::adjust::load::{Loaded, OF_NOTE, PERIOD_NOTE, noted, standing_of};
use crate::adjust::plan::Plan;
use crate::error::CaseError;

/// A count as it is read, and what it is to be.
struct Changed<T> {
    known: Option<Counted<T>>,
    after: Counted<T>,
}

/// What is carried.
pub(super) struct Carried {
    program: ProgramId,
    /// What each customer's counted sales earned more or less.
    earned: BTreeMap<(Account, PaymentKey), i64>,
    customers: BTreeMap<(Account, PaymentKey), Changed<CustomerCount>>,
    standings: BTreeMap<Account, Changed<ProgramCount>>,
}

impl Carried {
    /// From accounts that were read from their first line on, the plan of their counted months, and what was read of their
    /// open ones.
    pub(super) fn of(
        (whole, counted, own): (&Loaded, &Plan, &Loaded),
        rules: &Rules<'_>,
        id: &RecomputeId,
    ) -> Result<Self, CaseError> {
        let mut carried = Self {
            program: rules.program.clone(),
            earned: BTreeMap::new(),
            customers: BTreeMap::new(),
            standings: BTreeMap::new(),
        };
        for ((account, customer), minor) in earned(whole, counted) {
            let known = whole.customer_counts.get(&(account.clone(), customer.clone()));
            let Some(known) = known.filter(|known| minor != 0 && known.recomputed.as_ref() != Some(id)) else {
                continue;
            };
            let mut after = Counted { recomputed: Some(id.clone()), ..known.clone() };
            // In the half that is history: a freeze that is under way writes the other one anew.
            let own = after.before.earned.entry(rules.program.clone()).or_default();
            *own = own.saturating_add(minor);
            carried.earned.insert((account.clone(), customer.clone()), minor);
            carried.customers.insert((account, customer), Changed { known: Some(known.clone()), after });
        }
        for account in &whole.visited {
            if let Some(changed) = standing((whole, own), rules, account, id)? {
                carried.standings.insert(account.clone(), changed);
            }
        }
        Ok(carried)
    }

    /// Open months begin with it, whether it is stored yet or not.
    pub(super) fn begin(&self, own: &mut Loaded) {
        for ((account, customer), minor) in &self.earned {
            let Some(history) = own.histories.get_mut(customer) else { continue };
            let key = (self.program.clone(), account.partner.clone(), account.currency);
            let known = history.earned.get(&key).map_or(0, |money| money.minor());
            history.earned.insert(key, Money::from_minor(known.saturating_add(*minor), account.currency));
        }
        for (account, changed) in &self.standings {
            let key = (self.program.clone(), account.partner.clone(), account.currency);
            let counted = own.heads.get(account).and_then(|head| head.counted);
            let after = &changed.after;
            let now = if after.month <= counted { &after.within } else { &after.before };
            own.standings.insert(key, standing_of(now));
        }
    }

    /// Stores it. Refused when a count was changed meanwhile: read again.
    pub(super) async fn record(&self, store: &Store, tenant: &TenantKey) -> Result<Written, CaseError> {
        for ((account, customer), changed) in &self.customers {
            let (known, after) = (changed.known.as_ref(), changed.after.clone());
            if store.record_customer_count(tenant, account, customer, known, after).await? == Written::ConditionFailed {
                return Ok(Written::ConditionFailed);
            }
        }
        for (account, changed) in &self.standings {
            let (known, after) = (changed.known.as_ref(), changed.after.clone());
            let written = store.record_program_count(tenant, account, &self.program, known, after).await?;
            if written == Written::ConditionFailed {
                return Ok(Written::ConditionFailed);
            }
        }
        Ok(Written::Yes)
    }
}

/// What the recompute has booked and is to book to counted sales, net of what goes back, by customer.
fn earned(whole: &Loaded, counted: &Plan) -> BTreeMap<(Account, PaymentKey), i64> {
    let planned = counted.sales.iter().flat_map(|change| &change.lines);
    let own = whole.own_lines.iter().chain(planned);
    let own = own.filter(|line| line.kind != LineKind::HoldMove && line.trace.part.kind != PartKind::SecondTier);
    let mut earned = BTreeMap::new();
    for line in own {
        let account = line.account();
        let Some(sale) = line.origin.sale().and_then(|sale| whole.sales.get(sale)) else { continue };
        let counts = whole.counts_in.get(&(sale.id.clone(), line.partner.clone()));
        let is_counted = counts.is_some_and(|counts| !whole.is_open(&account, counts.month));
        if let Some(customer) = sale.customer.as_ref().filter(|_| is_counted && whole.visited.contains(&account)) {
            let minor: &mut i64 = earned.entry((account, customer.clone())).or_default();
            *minor = minor.saturating_add(line.amount.minor());
        }
    }
    earned
}

/// Where an account stands after its counted months by the new rules; `None` where that is stored, or nothing is to reach.
fn standing(
    (whole, own): (&Loaded, &Loaded),
    rules: &Rules<'_>,
    account: &Account,
    id: &RecomputeId,
) -> Result<Option<Changed<ProgramCount>>, CaseError> {
    let Some(counted) = whole.heads.get(account).and_then(|head| head.counted) else { return Ok(None) };
    let known = whole.program_counts.get(&(account.clone(), rules.program.clone()));
    if known.is_some_and(|known| known.recomputed.as_ref() == Some(id)) {
        return Ok(None);
    }
    let new = programs(whole, rules.new, account, counted)?.remove(rules.program);
    let nothing = || Counted {
        key: rules.program.to_string(),
        month: Some(counted),
        before: ProgramCount::default(),
        within: ProgramCount::default(),
        recomputed: None,
    };
    let mut after = Counted { recomputed: Some(id.clone()), ..known.cloned().unwrap_or_else(nothing) };
    let half = if after.month <= Some(counted) { &mut after.within } else { &mut after.before };
    let has_standing = new.is_some();
    if let Some(new) = new {
        let old =
            if known.is_some() { programs(whole, rules.old, account, counted)?.remove(rules.program) } else { None };
        let bands = half.bands.clone();
        *half = old.map_or_else(|| ProgramCount { bands, ..new.clone() }, |old| moved(half, &old, &new));
    }
    let before = half.bands.clone();
    keep_bands(&mut half.bands, (whole, own), (account, rules.program));
    // Events of a name of its own have bands, and nothing that is reached by them.
    if !has_standing && half.bands == before {
        return Ok(None);
    }
    Ok(Some(Changed { known: known.cloned(), after }))
}

/// COM-22: what was added to the bands of counted months goes with what is left of these, and all of it by the volume that
/// the new rules give that. It is stored when all is booked.
fn keep_bands(
    kept: &mut BTreeMap<Month, BandsCounted>,
    (whole, own): (&Loaded, &Loaded),
    (account, program): (&Account, &ProgramId),
) {
    let (added, told) = (added_to_bands(whole, account, program), told_anew(whole, account, program));
    let months: BTreeSet<Month> = added.keys().chain(&told).copied().collect();
    for month in months {
        let added = added.get(&month).copied();
        let came_back = late::came_back(own, (account, program), month);
        let without = || late::without_bands(whole, (account, program), (month, &came_back));
        let Some(mut bands) = kept.remove(&month).or_else(|| added.and_then(|_| without())) else { continue };
        let left = late::volume_left(whole, (account, program), month).filter(|_| told.contains(&month));
        if let Some(left) = left {
            late::measure_anew(&mut bands, &came_back, left);
        }
        let now = bands.with(&came_back);
        let more = |added| BandsRecomputed { added, back: now.back, volume_back: now.volume_back };
        bands.recomputed.extend(added.map(more));
        kept.insert(month, bands);
    }
}

/// The counted months of whose sales the recompute has changed the volume: by another base, or by bands for a plain rate.
fn told_anew(whole: &Loaded, account: &Account, program: &ProgramId) -> BTreeSet<Month> {
    let own = whole.own_lines.iter().filter(|line| line.account() == *account);
    own.filter_map(|line| {
        let sale = whole.sales.get(line.origin.sale()?)?;
        let says = |short: &&SaleLine| short.n == line.n && short.volume.is_some_and(|volume| volume != 0);
        sale.lines.iter().find(says)?;
        let counts = whole.counts_in.get(&(sale.id.clone(), account.partner.clone()))?;
        let is_own = counts.program.as_ref() == Some(program) && !whole.is_open(account, counts.month);
        is_own.then_some(counts.month)
    })
    .collect()
}

/// What the recompute has booked to the bands of counted months.
fn added_to_bands(whole: &Loaded, account: &Account, program: &ProgramId) -> BTreeMap<Month, i64> {
    let key = format!("bands/{program}/");
    let mut added: BTreeMap<Month, i64> = BTreeMap::new();
    let own = whole.own_lines.iter().filter(|line| line.kind == LineKind::Entry && line.account() == *account);
    for line in own.filter(|line| noted(line, OF_NOTE).is_some_and(|of| of.starts_with(&key))) {
        let month = noted(line, PERIOD_NOTE).and_then(|month| Month::parse(month).ok());
        if let Some(month) = month.filter(|month| !whole.is_open(account, *month)) {
            let minor = added.entry(month).or_default();
            *minor = minor.saturating_add(line.amount.minor());
        }
    }
    added.retain(|_, minor| *minor != 0);
    added
}

/// What is stored, with the difference of the rules: what has gone back since the freeze changes nothing.
fn moved(stored: &ProgramCount, old: &ProgramCount, new: &ProgramCount) -> ProgramCount {
    let kept = stored.achieved.iter().filter(|name| new.achieved.contains(*name) || !old.achieved.contains(*name));
    let gained = new.achieved.difference(&old.achieved);
    ProgramCount {
        sales: stored.sales.saturating_add(new.sales).saturating_sub(old.sales),
        customers: stored.customers.saturating_add(new.customers).saturating_sub(old.customers),
        revenue: stored.revenue.saturating_add(new.revenue).saturating_sub(old.revenue),
        achieved: kept.chain(gained).cloned().collect(),
        bands: stored.bands.clone(),
    }
}
