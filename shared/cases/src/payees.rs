//! Where partners' money goes, and their tax forms: changed with the audit trail, and known again. A partner's page and the
//! tenant's desk share these; what is sealed arrives sealed.

pub mod forms;

use domain::audit::{Actor, ChainEnd, append};
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::PartnerId;
use domain::payee::{PayoutMethods, Unfit, Wish};
use domain::time::Timestamp;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;
use crate::privacy;
use crate::risk::habits;

/// What became of a list of methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It holds, from now on or since before.
    Done(PayoutMethods),
    /// It cannot hold.
    Unfit(Unfit),
    /// The methods are not those that the caller saw.
    Stale,
    /// OPS-4: nobody is left to whom money could go.
    Erased,
}

/// PAY-12: the methods of a partner give way to others. New ones cool off, the trail says who did it, and another partner
/// with the same account is noticed (FRD-1, FRD-3). Done again it changes nothing.
///
/// # Errors
/// The store does not answer.
pub async fn replace_methods(
    store: &Store,
    (tenant, partner): (&TenantKey, &PartnerId),
    seen: Option<u32>,
    wishes: Vec<Wish>,
    (by, at): (&Actor, Timestamp),
) -> Result<Replaced, CaseError> {
    let before = store.get_payout_methods(tenant, partner).await?;
    let changed = match before.change(wishes.clone(), by.clone(), at) {
        Ok(changed) => changed,
        Err(unfit) => return Ok(Replaced::Unfit(unfit)),
    };
    let Some(changed) = changed else {
        // Perhaps by this very request, whose answer or whose marks were lost.
        record_marks(store, tenant, partner, &before, at).await?;
        return Ok(Replaced::Done(before));
    };
    if seen.is_some_and(|seen| seen != before.version) {
        return Ok(Replaced::Stale);
    }
    let aggregate = PayoutMethods::aggregate(partner);
    let end = store.get_last_told(tenant, &aggregate).await?.map_or(ChainEnd::START, |entry| entry.end());
    let entry = append(end, &aggregate, changed.deed);
    if store.replace_payout_methods(tenant, partner, &changed.methods, &entry).await? == Written::ConditionFailed
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        && store.get_payout_methods(tenant, partner).await? != changed.methods
    {
        if privacy::is_erased(store, tenant, partner).await? {
            return Ok(Replaced::Erased);
        }
        return Ok(Replaced::Stale);
    }
    // Behind the change, and done again when the same request comes again.
    record_marks(store, tenant, partner, &changed.methods, at).await?;
    Ok(Replaced::Done(changed.methods))
}

/// FRD-1: the accounts of a partner are marks of theirs, for good: whoever is paid to the same one is noticed.
async fn record_marks(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    methods: &PayoutMethods,
    at: Timestamp,
) -> Result<(), CaseError> {
    let marks: Vec<Mark> = methods
        .ranked
        .iter()
        .map(|method| Mark::of_fingerprint(MarkKind::Payout, &method.fingerprint.to_hex()))
        .collect();
    if marks.is_empty() {
        return Ok(());
    }
    habits::record_marks(store, tenant, partner, &marks, at).await.map(|_| ())
}
