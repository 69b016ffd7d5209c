//! PAY-6: a payee's next ranked method, after a definite failure of the one before and never otherwise.
//!
//! What is tried is a payout of its own: its seal says where it goes, so who approved the first has not approved this one. It
//! is asked for in the name of the first, and through that name it knows which methods are behind it.

use std::collections::BTreeSet;

use domain::audit::AuditEntry;
use domain::award::PaymentName;
use domain::id::{MethodId, PayoutId};
use domain::payee::{Choice, METHODS_MAX};
use domain::payout::{Payout, PayoutState};
use domain::role::Role;
use domain::time::Timestamp;
use store::{Store, TenantKey};

use super::{Asked, Requested, request};
use crate::error::CaseError;

/// What the name of a request begins with that follows a failure.
const BEHIND: &str = "next#";

/// How long after a failure the next is asked for. What is told of it again much later asks for nothing: by then the balance is
/// made of other money, and people have seen that it was not paid.
const HOURS_MAX: i64 = 24;

/// Asks for what a payout could not pay by the payee's next method. Nothing, where there is none, or where it was asked for
/// before: told of the same failure twice, it is one payout.
///
/// Whoever calls it knows that the failure is definite: see [`is_certain`].
///
/// # Errors
/// As [`request`].
pub async fn by_next_method(
    store: &Store,
    tenant: &TenantKey,
    failed: &Payout,
    at: Timestamp,
) -> Result<Option<Requested>, CaseError> {
    if at.as_millisecond() - failed.moved_at.as_millisecond() > HOURS_MAX * 3_600_000 {
        return Ok(None);
    }
    // AWD-3: an award's payout is asked for under a name of the award's alone.
    let is_award = PaymentName::parse(&failed.asked_under).is_some();
    if is_award || !matches!(failed.state, PayoutState::Failed { .. }) || failed.terms.payee.is_none() {
        return Ok(None);
    }
    let under = format!("{BEHIND}{}", failed.id);
    let methods = store.get_payout_methods(tenant, &failed.partner).await?;
    // PAY-12: what was ranked meanwhile was not there when this was asked for.
    if methods.version != failed.terms.methods.unwrap_or_default() {
        return Ok(None);
    }
    let tried = tried_before(store, tenant, &under).await?;
    if !matches!(methods.choose_besides(&tried, failed.amount.currency(), at), Choice::Payee(_)) {
        return Ok(None);
    }
    // However it ended, it is not asked for a second time.
    let payouts = store.list_account_payouts(tenant, &failed.account()).await?;
    if payouts.iter().any(|stored| stored.payout.asked_under == under) {
        return Ok(None);
    }
    let asked = Asked {
        partner: failed.partner.clone(),
        currency: failed.amount.currency(),
        amount: Some(failed.amount),
        by: failed.requested_by.clone(),
        under,
    };
    request(store, tenant, &asked, at).await.map(Some)
}

/// Is it the name of a request that follows a failure? Nobody asked for that one but a machine.
pub(super) fn is_behind_failure(under: &str) -> bool {
    under.starts_with(BEHIND)
}

/// Did the rail say no, at once and for certain? Never where anybody did not know for a while: then people decide.
#[must_use]
pub fn is_certain(trail: &[AuditEntry]) -> bool {
    let was_unknown = trail.iter().any(|entry| entry.action == "payout.outcome_unknown");
    let said_by_rail = |entry: &AuditEntry| entry.action == "payout.failed" && entry.actor.role == Role::Service;
    !was_unknown && trail.last().is_some_and(said_by_rail)
}

/// The methods that were tried before a request of this name: none, for one that follows no failure.
pub(super) async fn tried_before(
    store: &Store,
    tenant: &TenantKey,
    under: &str,
) -> Result<BTreeSet<MethodId>, CaseError> {
    let (mut tried, mut under) = (BTreeSet::new(), under.to_owned());
    // One step a method: more were never ranked.
    for _ in 0..METHODS_MAX {
        let before = under.strip_prefix(BEHIND).and_then(|id| PayoutId::parse(id).ok());
        let Some(before) = before else { break };
        let Some(stored) = store.get_payout(tenant, &before).await? else { break };
        tried.extend(stored.payout.terms.payee.map(|payee| payee.method));
        under = stored.payout.asked_under;
    }
    Ok(tried)
}
