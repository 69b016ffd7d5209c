//! What was paid and came back: the payout is returned, and what came back of it is held until a person decides, once.

use domain::adjustment::returned_key;
use domain::audit::{Actor, append};
use domain::entry::{Entry, EntryKind};
use domain::line::Place;
use domain::money::Money;
use domain::time::Timestamp;
use store::entries::{EntryBooking, EntryWritten, HeadGuard};
use store::payouts::StoredPayout;
use store::{Store, TenantKey};

use super::TRIES_MAX;
use crate::error::CaseError;

/// PAY-9: books what came back: what had left, and neither the fee nor the tax, which were kept and are still. Answers the
/// payout as it is then, or nothing where it is not paid, or not any more: however often it is told, it is booked once.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn take_back(
    store: &Store,
    tenant: &TenantKey,
    stored: StoredPayout,
    (by, reason, back): (&Actor, &str, Money),
    at: Timestamp,
) -> Result<Option<StoredPayout>, CaseError> {
    let mut stored = stored;
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
    for _ in 0..TRIES_MAX {
        let id = stored.payout.id.clone();
        let account = stored.payout.account();
        let Ok(step) = stored.payout.clone().come_back(by.clone(), reason.to_owned(), at) else { return Ok(None) };
        let entry = Entry {
            by: Some(by.clone()),
            reason: reason.to_owned(),
            // Held: whoever could ask for it at once would have it sent to where it came back from.
            ..Entry::new(returned_key(&id), EntryKind::Returned, account, back, Place::Held, at)
        };
        let told = append(stored.chain, id.as_str(), step.deed);
        let booking = EntryBooking { entry: &entry, guard: HeadGuard::Open };
        let written = store.return_payout(tenant, stored.chain, (&step.payout, &told), booking, today).await?;
        if written == EntryWritten::Yes {
            return Ok(Some(StoredPayout { payout: step.payout, chain: told.end() }));
        }
        // Another told of it at the same time, or this very call and its answer was lost: either way it is booked, and the
        // next round finds the payout returned.
        stored = store.get_payout(tenant, &id).await?.ok_or(CaseError::Busy)?;
    }
    Err(CaseError::Busy)
}
