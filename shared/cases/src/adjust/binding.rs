//! Who brought a customer may turn out otherwise: a meeting that happened earlier and came later decides their sales.

use std::collections::btree_map::Entry;

use domain::attribution::customer::{Customer, decision_for, pays_the_same};
use domain::attribution::{Credit, NobodyReason};
use domain::commission::EarningReason;
use domain::fact::PaymentKey;
use domain::id::ProgramId;
use domain::line::Account;
use domain::retarget::Target;
use domain::sale::{Decision, Sale};
use store::Written;
use store::customers::CustomerChange;
use store::periods::ChangedSale;
use store::sales::NewSale;

use super::load::Loaded;
use super::plan::{Making, changed};
use super::{Night, fits, set_aside, told_last};
use crate::alone::{Alone, Frozen, Worth};
use crate::error::CaseError;
use crate::leads;
use crate::risk::look::{Look, Noticed};

/// Decides the open sales anew whose customer was met otherwise than was known when they were booked. Answers how many
/// changed: then everything is to be read again. What a new partner earns is provisional until that partner's visit.
///
/// # Errors
/// The store does not answer; or nothing changed, and a sale that should cannot: it is no reason to leave the others where
/// they are, so it is told once they have moved.
pub async fn rebind(night: &Night<'_>, loaded: &Loaded) -> Result<usize, CaseError> {
    let (mut changes, mut left) = (0, None);
    for sale in loaded.sales.values() {
        changes += set_aside(decide_anew(night, loaded, sale).await, &mut left)?;
    }
    told_last(changes, left.filter(|_| changes == 0))
}

/// Decides one sale anew, if it is to be: answers how many that were.
async fn decide_anew(night: &Night<'_>, loaded: &Loaded, sale: &Sale) -> Result<usize, CaseError> {
    let Some(redecided) = redecided(night, loaded, sale).await? else { return Ok(0) };
    let Redecided { change, noticed, open_in, names } = &redecided;
    fits(change)?;
    let key = Customer::key_of(&change.sale);
    let customer = key.as_ref().and_then(|key| loaded.customers.get(key));
    let is_somebody = change.sale.customer.is_some();
    let after = Customer::credited_by(customer, &change.sale.decision).filter(|_| is_somebody);
    let is_nobodys = change.sale.decision.credits().is_empty();
    let key = key.as_ref().filter(|_| is_nobodys || after.is_some());
    let before = customer.map(|customer| customer.version);
    let meets = key.map(|key| CustomerChange { key, before, after: after.as_ref(), relies_on: &[], moves: &[] });
    let ChangedSale { sale, lines, before } = change;
    let new = NewSale { sale, lines, aliases: names, open_in, meets, review: noticed.part() };
    // Refused when the sale, a fence or the customer has changed: the next reading finds it again.
    let _: Written = night.store.redecide_sale(night.tenant, *before, &new).await?;
    Ok(1)
}

/// A sale that is decided anew.
pub struct Redecided {
    /// As it should be, with the lines that make it so.
    pub change: ChangedSale,
    /// What is noticed about whoever is credited now.
    pub noticed: Noticed,
    /// The programmes that it must not come late to.
    pub open_in: Vec<ProgramId>,
    /// The names that it takes.
    pub names: Vec<PaymentKey>,
}

/// A sale as it should be decided now; `None` where it is.
///
/// # Errors
/// As [`rebind`].
pub async fn redecided(night: &Night<'_>, loaded: &Loaded, sale: &Sale) -> Result<Option<Redecided>, CaseError> {
    let customer = Customer::key_of(sale).and_then(|customer| loaded.customers.get(&customer));
    if sale.rejected || sale.decision.credits().is_empty() {
        // Those that nobody is paid for wait with their customer, and are decided when that changes.
        return Ok(None);
    }
    let mut decision = decision_for(sale, customer);
    if sale.customer.is_some() {
        // What lost is kept once, with the customer; a guest's stays with the one sale.
        decision = decision.without_losers();
    }
    if pays_the_same(&decision, &sale.decision) {
        return Ok(None);
    }
    night.store.fill_terms(night.tenant, &mut decision, sale.decision.credits()).await?;
    let mut after = Sale { decision, ..sale.clone() };
    let Worth { mut targets, open_in } = alone(night, loaded, (&after, sale.decision.credits())).await?;
    for target in &mut targets {
        target.trace.notes.push(night.making.note());
    }
    if targets.is_empty() && !after.decision.credits().is_empty() {
        after.decision = Decision::nobody(NobodyReason::NoRule);
    }
    // COM-1: a lead of which another telling has the reward there stays where it is.
    let tellings = leads::tellings(night.store, night.tenant, &after, sale.decision.credits()).await?;
    if tellings.is_rewarded {
        return Ok(None);
    }
    // FRD-4: a partner who is credited late is looked at as one of a fresh sale, and held as they would be.
    let policy = night.store.get_settings(night.tenant).await?.risk;
    let look = Look { store: night.store, tenant: night.tenant, policy: &policy, now: night.making.now };
    let noticed = look.again(&mut after, None, customer).await?;
    let making = Making { cause: EarningReason::Reattributed, ..night.making };
    let before = sale.version;
    let known = with_heads_of(night, loaded, &after, &targets).await?;
    let change = match changed(&known, &after, &targets, &making)? {
        Some(change) => ChangedSale { before, ..change },
        None => ChangedSale { before, sale: Sale { version: before + 1, ..after }, lines: Vec::new() },
    };
    Ok(Some(Redecided { change, noticed, open_in, names: tellings.names }))
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
async fn alone(night: &Night<'_>, loaded: &Loaded, (sale, until_now): (&Sale, &[Credit])) -> Result<Worth, CaseError> {
    let alone = Alone {
        store: night.store,
        tenant: night.tenant,
        ledger_zone: night.making.ledger_zone,
        frames: Some(night.frames),
        counting: Some(&loaded.counts_in),
        frozen: Frozen::Read,
    };
    let history = sale.customer.as_ref().and_then(|customer| loaded.histories.get(customer)).cloned();
    Ok(alone.worth(sale, until_now, history).await?)
}
