//! Claims and account lists: whose customer somebody is because a person says so, and what that pays at once.
//!
//! Sales that nobody was paid for are decided here and now. Those that another partner is paid for move with the next
//! night, as far as their month is open; a person moves older ones, sale by sale.

use std::collections::BTreeMap;

use domain::adjustment::Change;
use domain::attribution::claim::{Claim, ClaimDecided, ClaimRefused, ClaimState, Naming};
use domain::attribution::customer::{Customer, decision_for, pays_the_same};
use domain::audit::{AuditEntry, ChainEnd, Deed};
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::{ClaimId, PartnerId, SaleId};
use domain::money::Money;
use domain::provider::Provider;
use domain::sale::Sale;
use store::claims::{ClaimDecision, ClaimMade};
use store::customers::CustomerChange;
use store::managed::Managed;
use store::sales::Known;
use store::{Store, TenantKey, Written};

use super::holds::{NewMoney, write};
use super::reattribution::{told as told_of, worth_of};
use super::{Desk, TRIES_MAX};
use crate::alone::settle_currency;
use crate::error::CaseError;

/// What a person says to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The customer is the partner's.
    Accept,
    /// They are not.
    Decline,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A first person said yes; it takes a second.
    Waits(Box<Claim>),
    /// It is decided.
    Done {
        /// The claim.
        claim: Box<Claim>,
        /// How many sales are paid for now that were not.
        sales: usize,
    },
    /// There is no such claim.
    NotFound,
    /// It is not possible.
    Refused(ClaimRefused),
}

/// What a person says, and of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub reason: &'a str,
    /// The customer, where nobody is known by what the claim says, or somebody else is meant.
    pub customer: Option<&'a PaymentKey>,
}

impl<'a> Judgement<'a> {
    /// A word about the customer as the claim names them.
    #[must_use]
    pub fn of(verdict: Verdict, reason: &'a str) -> Self {
        Self { verdict, reason, customer: None }
    }
}

/// A partner claims a customer.
///
/// # Errors
/// The store does not answer, or the id is another claim's.
pub async fn make(desk: &Desk<'_>, claim: &Claim) -> Result<ClaimMade, CaseError> {
    let entry = told(desk, ChainEnd::START, claim, "claim.made", "");
    Ok(desk.store.create_claim(desk.tenant, claim, &[entry]).await?)
}

/// A person decides a claim. Accepted, the customer is the partner's in the same transaction; of two people who accept
/// rival claims one wins, and the other is told whose the customer is. Done again after a crash it finishes what is left; a
/// first yes or a no that comes again under the name of its request is answered by the claim as it is.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn judge(desk: &Desk<'_>, id: &ClaimId, judgement: &Judgement<'_>) -> Result<Judged, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(claim) = desk.store.get_claim(desk.tenant, id).await? else { return Ok(Judged::NotFound) };
        let is_yes = judgement.verdict == Verdict::Accept;
        // Of another customer it is no repetition: that one was never said yes to.
        let is_same = judgement.customer.is_none_or(|named| claim.customer.as_ref() == Some(named));
        if let (ClaimState::Accepted(_), true, Some(customer)) = (&claim.state, is_yes && is_same, &claim.customer) {
            let sales = follow(desk, customer).await?;
            return Ok(Judged::Done { claim: Box::new(claim), sales });
        }
        // API-10: the step is taken, and its answer was lost.
        if desk.has_done(id.as_str()).await? {
            let claim = Box::new(claim);
            return Ok(match claim.state {
                ClaimState::Pending => Judged::Waits(claim),
                _ => Judged::Done { claim, sales: 0 },
            });
        }
        let claim = match find(desk, claim, judgement.customer).await? {
            Ok(claim) => claim,
            Err(refused) => return Ok(Judged::Refused(refused)),
        };
        match judge_once(desk, claim, judgement).await? {
            Ok(None) => {}
            Ok(Some(claim)) if claim.state == ClaimState::Pending => return Ok(Judged::Waits(Box::new(claim))),
            Ok(Some(claim)) => {
                let customer = claim.customer.clone().filter(|_| is_yes);
                let sales = match customer {
                    Some(customer) => follow(desk, &customer).await?,
                    None => 0,
                };
                return Ok(Judged::Done { claim: Box::new(claim), sales });
            }
            Err(refused) => return Ok(Judged::Refused(refused)),
        }
    }
    Err(CaseError::Busy)
}

/// The claim with its customer: as a person names them, else as it was made, else as they are known by now.
async fn find(
    desk: &Desk<'_>,
    claim: Claim,
    named: Option<&PaymentKey>,
) -> Result<Result<Claim, ClaimRefused>, CaseError> {
    if let Some(named) = named {
        return Ok(claim.of(named.clone()));
    }
    if claim.customer.is_some() || claim.state != ClaimState::Pending {
        return Ok(Ok(claim));
    }
    let found = customers_of(desk.store, desk.tenant, &claim.naming).await?;
    Ok(match found.as_slice() {
        [only] => claim.of(only.clone()),
        _ => Ok(claim),
    })
}

/// Who is known by what a claim says: the customer of the order; else those who gave the address while nobody had brought
/// them.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn customers_of(store: &Store, tenant: &TenantKey, naming: &Naming) -> Result<Vec<PaymentKey>, CaseError> {
    if let Some(order) = &naming.order {
        let named = PaymentKey::parse(order).into_iter();
        let own = Provider::ALL.iter().filter_map(|one| PaymentKey::parse(&format!("{}:{order}", one.word())).ok());
        for name in named.chain(own) {
            if let Some(customer) = customer_of_payment(store, tenant, &name).await? {
                return Ok(vec![customer]);
            }
        }
    }
    match naming.email {
        Some(email) => Ok(store.list_waiting_for_lead(tenant, email).await?),
        None => Ok(Vec::new()),
    }
}

async fn customer_of_payment(
    store: &Store,
    tenant: &TenantKey,
    name: &PaymentKey,
) -> Result<Option<PaymentKey>, CaseError> {
    let sale = match store.find_payment(tenant, name).await? {
        Known::Sale(sale) => Some(*sale),
        Known::As(payment) => store.get_sale(tenant, &SaleId::of(&payment)).await?,
        Known::Not => None,
    };
    Ok(sale.as_ref().and_then(Customer::key_of))
}

/// One try; `None` when others were faster.
async fn judge_once(
    desk: &Desk<'_>,
    claim: Claim,
    judgement: &Judgement<'_>,
) -> Result<Result<Option<Claim>, ClaimRefused>, CaseError> {
    let Judgement { verdict, reason, .. } = *judgement;
    let decided = ClaimDecided { by: desk.actor.clone(), at: desk.now, reason: reason.to_owned() };
    let (claim, known, mut after) = match verdict {
        Verdict::Decline => match claim.decline(decided) {
            Ok(claim) => (claim, None, None),
            Err(refused) => return Ok(Err(refused)),
        },
        Verdict::Accept => {
            let known = match &claim.customer {
                Some(customer) => desk.store.get_customer(desk.tenant, customer).await?,
                None => None,
            };
            let (accepted, after) = match claim.clone().accept(&known.clone().unwrap_or_default(), decided.clone()) {
                Ok(accepted) => accepted,
                Err(refused) => return Ok(Err(refused)),
            };
            // LED-7: what a correction of as much would take two people for, a claim does too.
            if claim.first.is_none() && takes_two(desk, &claim, &after).await? {
                match claim.approve_first(decided) {
                    Ok(first) => (first, None, None),
                    Err(refused) => return Ok(Err(refused)),
                }
            } else {
                (accepted, known, Some(after))
            }
        }
    };
    if let Some(after) = &mut after {
        after.version += 1;
    }
    let before = known.as_ref().map(|customer| customer.version);
    let known = known.unwrap_or_default();
    let moves = after.as_ref().map(|after| after.moves_from(&known)).unwrap_or_default();
    let change = after.as_ref().zip(claim.customer.as_ref()).map(|(after, key)| {
        let after = Some(after);
        CustomerChange { key, before, after, relies_on: &[], moves: &moves }
    });
    let last = desk.store.get_last_told(desk.tenant, claim.id.as_str()).await?;
    let end = last.map_or(ChainEnd::START, |entry| entry.end());
    let audit = [told(desk, end, &claim, action_of(&claim), reason)];
    let decision = ClaimDecision { claim: &claim, customer: change, audit: &audit };
    let written = desk.store.decide_claim(desk.tenant, &decision).await?;
    Ok(Ok((written == Written::Yes).then_some(claim)))
}

fn action_of(claim: &Claim) -> &'static str {
    match claim.state {
        ClaimState::Pending => "claim.approved_first",
        ClaimState::Accepted(_) => "claim.accepted",
        ClaimState::Declined(_) => "claim.declined",
    }
}

/// Does a yes to a claim take a second person? It does where what it books at once is above the tenant's threshold, and
/// where somebody else is paid for the customer: what moves then the next night counts.
async fn takes_two(desk: &Desk<'_>, claim: &Claim, after: &Customer) -> Result<bool, CaseError> {
    if after.credited.iter().any(|partner| *partner != claim.partner) {
        return Ok(true);
    }
    let Some(customer) = &claim.customer else { return Ok(false) };
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for id in desk.store.list_undecided(desk.tenant, customer).await? {
        let Some(sale) = desk.store.get_sale(desk.tenant, &id).await? else { continue };
        if sale.rejected || !sale.decision.credits().is_empty() {
            continue;
        }
        let mut decision = decision_for(&sale, Some(after)).without_losers();
        desk.store.fill_terms(desk.tenant, &mut decision, &[]).await?;
        let mut sale = Sale { decision, ..sale };
        settle_currency(desk.store, desk.tenant, &mut sale).await?;
        for target in worth_of(desk, (&sale, &[]), Some(after)).await?.targets {
            let currency = target.amount.currency();
            let sum = sums.get(&currency).copied().unwrap_or(Money::zero(currency));
            sums.insert(currency, sum.try_add(target.amount)?);
        }
    }
    let correction = |amount: &Money| Change::Correction { amount: *amount };
    Ok(sums
        .values()
        .filter(|sum| !sum.is_zero())
        .any(|sum| correction(sum).needs_a_second_person(desk.four_eyes_above)))
}

/// What became of a customer who was to come onto a list, or to leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It is done, and so many sales are paid for now that were not.
    Yes(usize),
    /// The customer is on this other partner's list, and stays there.
    OnListOf(PartnerId),
}

/// A customer comes onto a partner's account list, or leaves it. Of two who want one customer at once one has them.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn list_customer(desk: &Desk<'_>, managed: &Managed) -> Result<Listed, CaseError> {
    for _ in 0..TRIES_MAX {
        if desk.store.record_managed(desk.tenant, managed).await? == Written::Yes {
            return Ok(Listed::Yes(follow(desk, &managed.customer).await?));
        }
        if let Some(rival) = desk.store.get_rival(desk.tenant, managed).await? {
            return Ok(Listed::OnListOf(rival));
        }
    }
    Err(CaseError::Busy)
}

/// The sales of a customer that nobody is paid for are decided by what is known of the customer now, each in one
/// transaction on its version. Answers how many are paid for now.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn follow(desk: &Desk<'_>, customer: &PaymentKey) -> Result<usize, CaseError> {
    let mut decided = 0;
    for sale in desk.store.list_undecided(desk.tenant, customer).await? {
        if follow_one(desk, customer, &sale).await? {
            decided += 1;
        }
    }
    Ok(decided)
}

async fn follow_one(desk: &Desk<'_>, customer: &PaymentKey, id: &SaleId) -> Result<bool, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(before) = desk.store.get_sale(desk.tenant, id).await? else { return Ok(false) };
        if before.rejected || !before.decision.credits().is_empty() {
            return Ok(false);
        }
        let known = desk.store.get_customer(desk.tenant, customer).await?;
        let mut decision = decision_for(&before, known.as_ref()).without_losers();
        if pays_the_same(&decision, &before.decision) {
            return Ok(false);
        }
        desk.store.fill_terms(desk.tenant, &mut decision, &[]).await?;
        let mut sale = Sale { decision, ..before.clone() };
        settle_currency(desk.store, desk.tenant, &mut sale).await?;
        let worth = worth_of(desk, (&sale, &[]), known.as_ref()).await?;
        if worth.targets.is_empty() {
            // No rule was in force: the sale stays nobody's.
            return Ok(false);
        }
        let noticed = desk.look().again(&mut sale, None, known.as_ref()).await?;
        let told = ("conversion.reattributed", told_of(&before, None), told_of(&sale, None));
        let why = (EarningReason::Reattributed, &noticed);
        let money = NewMoney { worth: &worth, customer: known.as_ref() };
        if write(desk, &before, sale, money, why, told).await?.is_some() {
            return Ok(true);
        }
    }
    Err(CaseError::Busy)
}

fn told(desk: &Desk<'_>, end: ChainEnd, claim: &Claim, action: &'static str, reason: &str) -> AuditEntry {
    let mut new = BTreeMap::from([
        ("status".to_owned(), claim.state.word().to_owned()),
        ("partner".to_owned(), claim.partner.to_string()),
    ]);
    if let Some(customer) = &claim.customer {
        new.insert("customer".to_owned(), customer.to_string());
    }
    if !reason.is_empty() {
        new.insert("reason".to_owned(), reason.to_owned());
    }
    let deed = Deed { at: desk.now, actor: desk.actor.clone(), action, old: BTreeMap::new(), new };
    desk.told(end, claim.id.as_str(), deed)
}
