//! Payouts that a bank's file carried, and the file was voided.

use domain::audit::{Actor, append};
use domain::id::{PayoutFileId, PayoutId};
use domain::payout::HeadMove;
use domain::time::Timestamp;
use store::payouts::{Stepped, StoredPayout};
use store::{Store, TenantKey};

use super::{Moved, TRIES_MAX};
use crate::error::CaseError;

/// A payout leaves the file that it was handed to, and is approved as before. One that has gone on stays where it is, and
/// is told by the refusal.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn take_out(
    store: &Store,
    tenant: &TenantKey,
    (id, file): (&PayoutId, &PayoutFileId),
    (actor, at): (&Actor, Timestamp),
) -> Result<Moved, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(stored) = store.get_payout(tenant, id).await? else { return Ok(Moved::NotFound) };
        let step = match stored.payout.clone().take_out(actor.clone(), file, at) {
            Ok(step) => step,
            Err(refused) => return Ok(Moved::Refused(refused)),
        };
        let told = append(stored.chain, id.as_str(), step.deed);
        if store.replace_payout(tenant, stored.chain, &step.payout, HeadMove::None, &told).await? == Stepped::Yes {
            return Ok(Moved::Done(Box::new(StoredPayout { payout: step.payout, chain: told.end() })));
        }
        // Begun again: the next round finds it taken out by this very call, or by another, and says so.
        let now = store.get_payout(tenant, id).await?.ok_or(CaseError::Busy)?;
        if now.chain.hash == told.hash {
            return Ok(Moved::Done(Box::new(now)));
        }
    }
    Err(CaseError::Busy)
}
