//! Leads: captured at the door, converted by a person or by a payment, erased. A door, a desk and the recorder share these.

use std::collections::{BTreeMap, BTreeSet};

use domain::attribution::Credit;
use domain::audit::{Actor, AuditEntry, ChainEnd, Deed, append};
use domain::digest::Digest;
use domain::fact::{PaymentKey, SaleType};
use domain::id::{LeadId, ProgramId, SaleId};
use domain::lead::person::{self, PersonPiece, Teller};
use domain::lead::{Capture, Ended, Lead, LeadSource, LeadState};
use domain::sale::Sale;
use domain::time::Timestamp;
use store::leads::{LeadChange, StoredLead};
use store::sales::Known;
use store::{Store, StoreError, TenantKey, Written};

use crate::error::CaseError;

/// How often a change that others raced is begun again.
const TRIES_MAX: usize = 8;

/// How many tellings of one lead may have been credited, all but the last for nothing: further ones are not looked at.
const TELLINGS_MAX: usize = 8;

/// By how many sources the leads of a programme are counted: analytics tell a row for each. A page's words are anybody's,
/// and cannot use up what the tenant's own server may still name.
const SOURCES_OF_PAGES_MAX: u16 = 40;
const SOURCES_MAX: u16 = 80;

/// What became of an address that was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The lead.
    pub lead: Lead,
    /// Is it new, or new again?
    pub is_new: bool,
}

/// What became of a step that a person takes with a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is taken.
    Done(Box<StoredLead>),
    /// There is no such lead.
    NotFound,
    /// It has ended.
    Refused(Ended),
}

/// A person's step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The lead is a customer.
    Convert,
    /// Everything personal goes.
    Erase,
}

impl Step {
    fn action(self) -> &'static str {
        match self {
            Self::Convert => "lead.converted",
            Self::Erase => "lead.erased",
        }
    }
}

/// What is known of a qualified lead under other ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tellings {
    /// Does another one have the reward?
    pub is_rewarded: bool,
    /// The names that this one has still to take.
    pub names: Vec<PaymentKey>,
}

/// COM-1: a qualified lead is one address in a programme, whatever ids it is told under: each telling that is credited takes a
/// name of it, and the one after it finds that. Nothing of what is no such lead, or nobody's. One that a person has rejected,
/// or that is credited elsewhere by now, has no reward there. `until_now` is whom this one was credited to: where it was, it
/// stays, and what comes back from elsewhere finds whoever took its place.
///
/// # Errors
/// The store does not answer.
pub async fn tellings(
    store: &Store,
    tenant: &TenantKey,
    sale: &Sale,
    until_now: &[Credit],
) -> Result<Tellings, StoreError> {
    let mut tellings = Tellings::default();
    let Some(email) = sale.email.filter(|_| sale.event_type == SaleType::QualifiedLead) else { return Ok(tellings) };
    let credited = |credits: &[Credit], program: &ProgramId| credits.iter().any(|credit| credit.program == *program);
    let programs: BTreeSet<&ProgramId> = sale.decision.credits().iter().map(|credit| &credit.program).collect();
    for program in programs.into_iter().filter(|program| !credited(until_now, program)) {
        let lead = LeadId::of(program, &email);
        let mut free = None;
        for telling in 0..TELLINGS_MAX {
            let Ok(name) = PaymentKey::parse(&format!("lead:{lead}.{telling}")) else { continue };
            match store.find_payment(tenant, &name).await? {
                Known::Not => {
                    free = Some(name);
                    break;
                }
                Known::As(owner) if owner != sale.payment => {
                    let owner = store.get_sale(tenant, &SaleId::of(&owner)).await?;
                    let has_it = |owner: Sale| !owner.rejected && credited(owner.decision.credits(), program);
                    tellings.is_rewarded |= owner.is_some_and(has_it);
                }
                // Its own, of before it left.
                Known::As(_) | Known::Sale(_) => {}
            }
        }
        tellings.is_rewarded |= free.is_none();
        tellings.names.extend(free);
    }
    Ok(tellings)
}

/// Somebody leaves an address: a new lead, or the one that there is, seen once more. `said` is sealed for the lead's id.
///
/// REV-2: what an earlier form said of the person stays, and this one fills in what is missing. A source that is one too
/// many stays with the lead and is counted as another.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn capture(
    store: &Store,
    tenant: &TenantKey,
    capture: Capture,
    (said, teller): (&PersonPiece, Teller),
) -> Result<Captured, CaseError> {
    let id = LeadId::of(&capture.program, &capture.address.digest);
    let mut is_remembered: Option<bool> = None;
    for _ in 0..TRIES_MAX {
        let before = store.get_lead(tenant, &id).await?;
        let known = before.as_ref().map(|stored| stored.lead.clone());
        let begins = known.as_ref().is_none_or(|known| known.state.word() == "erased");
        if is_remembered.is_none() && begins {
            is_remembered = Some(remember_source(store, tenant, &capture, teller).await?);
        }
        let mut lead = match known.clone() {
            None => Lead::capture(capture.clone()),
            Some(known) => known.capture_again(capture.clone()),
        };
        if begins && is_remembered == Some(false) {
            lead.counted_as = Some(LeadSource::other());
        }
        let pieces = person::with(before.as_ref().map_or(&[], |stored| &stored.person), said.clone(), teller);
        let change = LeadChange { before: before.as_ref(), after: &lead, person: &pieces, told: None };
        if store.record_lead(tenant, &change).await? == Written::Yes {
            let was = known.as_ref().map(|known| known.state.word());
            let is_new = matches!(was, None | Some("erased"));
            return Ok(Captured { lead, is_new });
        }
    }
    Err(CaseError::Busy)
}

/// Is the source one that leads are counted by?
async fn remember_source(
    store: &Store,
    tenant: &TenantKey,
    capture: &Capture,
    teller: Teller,
) -> Result<bool, CaseError> {
    let sources_max = match teller {
        Teller::Page => SOURCES_OF_PAGES_MAX,
        Teller::Server => SOURCES_MAX,
    };
    Ok(store.record_lead_source(tenant, &capture.program, &capture.source, sources_max).await?)
}

/// A person takes a step with a lead; the audit trail tells it. Done again by the same person it is answered as done.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn step(
    store: &Store,
    tenant: &TenantKey,
    id: &LeadId,
    step: Step,
    (actor, at): (&Actor, Timestamp),
) -> Result<Moved, CaseError> {
    take(store, tenant, id, (step, None), (actor, at)).await.map(|moved| moved.unwrap_or(Moved::NotFound))
}

/// OPS-4: everything personal of a lead goes, as on a person's word, if its days are over: it never became a customer, and
/// nobody left the address since. Asked of the lead in each try, so that who comes back meanwhile stays.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub(crate) async fn end(
    store: &Store,
    tenant: &TenantKey,
    id: &LeadId,
    since: Timestamp,
    (actor, at): (&Actor, Timestamp),
) -> Result<bool, CaseError> {
    let moved = take(store, tenant, id, (Step::Erase, Some(since)), (actor, at)).await?;
    Ok(matches!(moved, Some(Moved::Done(_))))
}

/// A step, or `None` where it is to be taken only if the lead's days are over, and they are not.
async fn take(
    store: &Store,
    tenant: &TenantKey,
    id: &LeadId,
    (step, since): (Step, Option<Timestamp>),
    (actor, at): (&Actor, Timestamp),
) -> Result<Option<Moved>, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(before) = store.get_lead(tenant, id).await? else { return Ok(Some(Moved::NotFound)) };
        let is_erased = matches!(before.lead.state, LeadState::Erased { .. });
        if since.is_some_and(|since| !is_erased && !before.lead.is_over(since)) {
            return Ok(None);
        }
        let moved = match step {
            Step::Convert => before.lead.clone().convert(actor.id.clone(), at),
            Step::Erase => before.lead.clone().erase(at),
        };
        let last = store.get_last_told(tenant, id.as_str()).await?;
        let lead = match moved {
            Ok(lead) => lead,
            // The answer to this very step may have got lost.
            Err(_) if last.as_ref().is_some_and(|last| last.action == step.action() && last.actor.id == actor.id) => {
                return Ok(Some(Moved::Done(Box::new(before))));
            }
            Err(ended) => return Ok(Some(Moved::Refused(ended))),
        };
        let person = if step == Step::Erase { Vec::new() } else { before.person.clone() };
        let told = told(last.map_or(ChainEnd::START, |last| last.end()), &before.lead, &lead, step, (actor, at));
        let change = LeadChange { before: Some(&before), after: &lead, person: &person, told: Some(&told) };
        if store.record_lead(tenant, &change).await? == Written::Yes {
            let version = before.version + 1;
            return Ok(Some(Moved::Done(Box::new(StoredLead { lead, person, version }))));
        }
    }
    Err(CaseError::Busy)
}

/// Somebody paid under an address: whoever waits there under it is a customer now. Told again, it changes nothing.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn pay(
    store: &Store,
    tenant: &TenantKey,
    email: Digest,
    (customer, paid_at): (Option<&PaymentKey>, Timestamp),
) -> Result<usize, CaseError> {
    let leads = store.list_leads_of(tenant, email).await?;
    if leads.is_empty() {
        return Ok(0);
    }
    let known = match customer {
        Some(customer) => store.get_customer(tenant, customer).await?,
        None => None,
    };
    let first = known.and_then(|known| known.first_paid).map_or(paid_at, |(at, _)| at.min(paid_at));
    let mut converted = 0;
    for id in &leads {
        converted += usize::from(pay_one(store, tenant, id, (first, paid_at)).await?);
    }
    Ok(converted)
}

async fn pay_one(
    store: &Store,
    tenant: &TenantKey,
    id: &LeadId,
    (first_paid_at, paid_at): (Timestamp, Timestamp),
) -> Result<bool, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(before) = store.get_lead(tenant, id).await? else { return Ok(false) };
        let Ok(lead) = before.lead.clone().pay(first_paid_at, paid_at) else { return Ok(false) };
        let change = LeadChange { before: Some(&before), after: &lead, person: &before.person, told: None };
        if store.record_lead(tenant, &change).await? == Written::Yes {
            tracing::info!(lead.id = %id, lead.state = lead.state.word(), "lead paid");
            return Ok(lead.converted_at().is_some());
        }
    }
    Err(CaseError::Busy)
}

fn told(end: ChainEnd, before: &Lead, after: &Lead, step: Step, (actor, at): (&Actor, Timestamp)) -> AuditEntry {
    let state = |lead: &Lead| BTreeMap::from([("state".to_owned(), lead.state.word().to_owned())]);
    let deed = Deed { at, actor: actor.clone(), action: step.action(), old: state(before), new: state(after) };
    append(end, after.id.as_str(), deed)
}
