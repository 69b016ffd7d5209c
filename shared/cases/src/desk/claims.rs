//! Claims and account lists: whose customer somebody is because a person says so, and what that pays at once.
//!
//! Sales that nobody was paid for are decided here and now. Those that another partner is paid for move with the next
//! night, as far as their month is open; a person moves older ones, sale by sale.

use std::collections::BTreeMap;

use domain::attribution::claim::{Claim, ClaimDecided, ClaimRefused, ClaimState};
use domain::attribution::customer::{decision_for, pays_the_same};
use domain::audit::{AuditEntry, ChainEnd, Deed, append};
use domain::commission::EarningReason;
use domain::fact::PaymentKey;
use domain::id::{ClaimId, SaleId};
use domain::sale::Sale;
use store::Written;
use store::claims::ClaimDecision;
use store::customers::CustomerChange;
use store::managed::Managed;

use super::holds::{NewMoney, write};
use super::reattribution::{told as told_of, worth_of};
use super::{Desk, TRIES_MAX};
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

/// A partner claims a customer.
///
/// # Errors
/// The store does not answer, or the id is another claim's.
pub async fn make(desk: &Desk<'_>, claim: &Claim) -> Result<(), CaseError> {
    let entry = told(desk, ChainEnd::START, claim, "claim.made", "");
    Ok(desk.store.create_claim(desk.tenant, claim, &[entry]).await?)
}

/// A person decides a claim. Accepted, the customer is the partner's in the same transaction; of two people who accept
/// rival claims one wins, and the other is told whose the customer is. Done again after a crash it finishes what is left.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn judge(desk: &Desk<'_>, id: &ClaimId, verdict: Verdict, reason: &str) -> Result<Judged, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(claim) = desk.store.get_claim(desk.tenant, id).await? else { return Ok(Judged::NotFound) };
        if let (ClaimState::Accepted(_), Verdict::Accept) = (&claim.state, verdict) {
            let sales = follow(desk, &claim.customer).await?;
            return Ok(Judged::Done { claim: Box::new(claim), sales });
        }
        match judge_once(desk, claim, verdict, reason).await? {
            Ok(None) => {}
            Ok(Some(claim)) => {
                let sales = if verdict == Verdict::Accept { follow(desk, &claim.customer).await? } else { 0 };
                return Ok(Judged::Done { claim: Box::new(claim), sales });
            }
            Err(refused) => return Ok(Judged::Refused(refused)),
        }
    }
    Err(CaseError::Busy)
}

/// One try; `None` when others were faster.
async fn judge_once(
    desk: &Desk<'_>,
    claim: Claim,
    verdict: Verdict,
    reason: &str,
) -> Result<Result<Option<Claim>, ClaimRefused>, CaseError> {
    let decided = ClaimDecided { by: desk.actor.clone(), at: desk.now, reason: reason.to_owned() };
    let known = desk.store.get_customer(desk.tenant, &claim.customer).await?;
    let before = known.as_ref().map(|customer| customer.version);
    let known = known.unwrap_or_default();
    let judged = match verdict {
        Verdict::Accept => claim.accept(&known, decided).map(|(claim, after)| (claim, Some(after))),
        Verdict::Decline => claim.decline(decided).map(|claim| (claim, None)),
    };
    let (claim, mut after) = match judged {
        Ok(judged) => judged,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(after) = &mut after {
        after.version += 1;
    }
    let key = claim.customer.clone();
    let moves = after.as_ref().map(|after| after.moves_from(&known)).unwrap_or_default();
    let change = after.as_ref().map(|after| {
        let after = Some(after);
        CustomerChange { key: &key, before, after, relies_on: &[], moves: &moves }
    });
    let last = desk.store.get_last_told(desk.tenant, claim.id.as_str()).await?;
    let end = last.map_or(ChainEnd::START, |entry| entry.end());
    let action = if verdict == Verdict::Accept { "claim.accepted" } else { "claim.declined" };
    let audit = [told(desk, end, &claim, action, reason)];
    let decision = ClaimDecision { claim: &claim, customer: change, audit: &audit };
    let written = desk.store.decide_claim(desk.tenant, &decision).await?;
    Ok(Ok((written == Written::Yes).then_some(claim)))
}

/// A customer comes onto a partner's account list, or leaves it. Answers how many sales are paid for now that were not.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn list_customer(desk: &Desk<'_>, managed: &Managed) -> Result<usize, CaseError> {
    for _ in 0..TRIES_MAX {
        if desk.store.record_managed(desk.tenant, managed).await? == Written::Yes {
            return follow(desk, &managed.customer).await;
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
        ("customer".to_owned(), claim.customer.to_string()),
    ]);
    if !reason.is_empty() {
        new.insert("reason".to_owned(), reason.to_owned());
    }
    let deed = Deed { at: desk.now, actor: desk.actor.clone(), action, old: BTreeMap::new(), new };
    append(end, claim.id.as_str(), deed)
}
