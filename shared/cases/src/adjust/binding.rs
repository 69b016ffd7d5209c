//! Who brought a customer may turn out otherwise: a meeting that happened earlier and came later decides their sales.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::assess::{ProgramRules, Scope, assess};
use domain::attribution::NobodyReason;
use domain::attribution::customer::{decision_for, pays_the_same};
use domain::commission::EarningReason;
use domain::id::ProgramId;
use domain::line::Account;
use domain::month::Month;
use domain::retarget::Target;
use domain::sale::{Decision, Sale};
use store::Written;
use store::customers::CustomerChange;
use store::periods::ChangedSale;

use super::load::{Loaded, closed};
use super::plan::{Making, changed};
use super::{Night, fits};
use crate::error::CaseError;

/// Decides the open sales anew whose customer was met otherwise than was known when they were booked. Answers how many
/// changed: then everything is to be read again. What a new partner earns is provisional until that partner's visit.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn rebind(night: &Night<'_>, loaded: &Loaded) -> Result<usize, CaseError> {
    let mut changes = 0;
    for sale in loaded.sales.values() {
        let Some(change) = redecided(night, loaded, sale).await? else { continue };
        let waits = change.sale.customer.as_ref().filter(|_| change.sale.decision.credits().is_empty());
        let waits = waits.map(|key| {
            let before = loaded.customers.get(key).map(|customer| customer.version);
            CustomerChange { key, before, after: None, relies_on: None }
        });
        fits(&change)?;
        // Refused when the sale, a fence or the customer it waits with has changed: the next reading finds it again.
        let _: Written = night.store.redecide_sale(night.tenant, waits.as_ref(), &change).await?;
        changes += 1;
    }
    Ok(changes)
}

/// A sale as it should be decided now; `None` where it is.
///
/// # Errors
/// As [`rebind`].
pub async fn redecided(night: &Night<'_>, loaded: &Loaded, sale: &Sale) -> Result<Option<ChangedSale>, CaseError> {
    let customer = sale.customer.as_ref().and_then(|customer| loaded.customers.get(customer));
    if sale.rejected || sale.decision.credits().is_empty() {
        // Those that nobody is paid for wait with their customer, and are decided when that changes.
        return Ok(None);
    }
    let mut decision = decision_for(sale, customer).without_losers();
    if pays_the_same(&decision, &sale.decision) {
        return Ok(None);
    }
    night.store.fill_terms(night.tenant, &mut decision, sale.decision.credits()).await?;
    let mut after = Sale { decision, ..sale.clone() };
    let targets = targets_of(night, loaded, &after).await?;
    if targets.is_empty() && !after.decision.credits().is_empty() {
        after.decision = Decision::nobody(NobodyReason::NoRule);
    }
    let making = Making { cause: EarningReason::Reattributed, ..night.making };
    let before = sale.version;
    let known = with_heads_of(night, loaded, &after, &targets).await?;
    Ok(Some(match changed(&known, &after, &targets, &making)? {
        Some(change) => ChangedSale { before, ..change },
        None => ChangedSale { before, sale: Sale { version: before + 1, ..after }, lines: Vec::new() },
    }))
}

/// The heads that were read, and those of accounts that only the new decision reaches. Without their fences a line for
/// a final slot would be refused, each time anew.
async fn with_heads_of(
    night: &Night<'_>,
    loaded: &Loaded,
    sale: &Sale,
    targets: &[Target],
) -> Result<Loaded, CaseError> {
    let mut known = Loaded { heads: loaded.heads.clone(), ..Loaded::default() };
    for target in targets {
        let account = Account { partner: target.partner.clone(), currency: sale.paid.currency() };
        if let Entry::Vacant(place) = known.heads.entry(account) {
            let head = night.store.get_head(night.tenant, place.key()).await?;
            place.insert(head);
        }
    }
    Ok(known)
}

/// What the sale earns alone under its new decision.
async fn targets_of(night: &Night<'_>, loaded: &Loaded, sale: &Sale) -> Result<Vec<Target>, CaseError> {
    let mut programs: BTreeMap<ProgramId, ProgramRules> = BTreeMap::new();
    let mut late = BTreeMap::new();
    for credit in sale.decision.credits() {
        let Some(frame) = night.frames.get(&credit.program) else { continue };
        let month = Month::of(frame.rules.zone.day_of(sale.occurred_at));
        let account = Account { partner: credit.partner.clone(), currency: sale.paid.currency() };
        let counts = loaded.counts_in.get(&(sale.id.clone(), credit.partner.clone()));
        if let Some(counts) = counts {
            if counts.late {
                late.insert((sale.id.clone(), credit.partner.clone()), counts.month);
            }
        } else {
            let frozen = night.store.get_head(night.tenant, &account).await?.frozen;
            // COM-10: a cap over all partners that is counted is used up for those who sell nothing in the month, too.
            let frozen = frozen.max(closed(night.store, night.tenant, (&credit.program, &frame.rules)).await?);
            if let Some(frozen) = frozen.filter(|frozen| *frozen >= month) {
                late.insert((sale.id.clone(), credit.partner.clone()), frozen.successor()?);
            }
        }
        programs.insert(credit.program.clone(), frame.rules.clone());
    }
    let scope = Scope {
        sales: vec![sale],
        programs: &programs,
        histories: &loaded.histories,
        standings: &BTreeMap::new(),
        late: &late,
    };
    let mut targets = match assess(&scope)?.sales.pop() {
        Some(earned) => earned.targets(sale, night.making.ledger_zone)?,
        None => Vec::new(),
    };
    for target in &mut targets {
        target.trace.notes.push(night.making.note());
    }
    Ok(targets)
}
