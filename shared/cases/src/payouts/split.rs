//! PAY-1: what was taken of a balance in parts. What a part leaves is approved as the whole would have been, too.

use domain::id::EntryId;
use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::payout::PayoutState;
use domain::payout::carry::CarryHalf;
use domain::time::Timestamp;
use store::{Store, TenantKey};

use crate::error::CaseError;

/// For so long a balance and what was taken of it are one.
const DAYS_MAX: i64 = 30;

/// How much payouts of a part have taken since the account's last payout whole, within [`DAYS_MAX`] days.
///
/// # Errors
/// The store does not answer, or the sum is out of range.
pub(super) async fn taken_by_parts(
    store: &Store,
    tenant: &TenantKey,
    (account, head): (&Account, &Head),
    at: Timestamp,
) -> Result<Money, CaseError> {
    let mut taken = Money::zero(account.currency);
    if head.payout_no == 0 {
        return Ok(taken);
    }
    let since_ms = at.as_millisecond() - DAYS_MAX * 24 * 3_600_000;
    for stored in store.list_account_payouts(tenant, account).await?.into_iter().rev() {
        let payout = stored.payout;
        if payout.requested_at.as_millisecond() < since_ms {
            break;
        }
        // Its money is in the balance again.
        let is_back = matches!(
            payout.state,
            PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } | PayoutState::Failed { .. }
        );
        if is_back {
            continue;
        }
        let carried = EntryId::of(&CarryHalf::Out.key(&payout.id));
        if store.get_entry(tenant, &carried).await?.is_none() {
            break;
        }
        taken = taken.try_add(payout.amount)?;
    }
    Ok(taken)
}
