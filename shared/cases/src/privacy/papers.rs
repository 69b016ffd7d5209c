//! OPS-4: receipts of what was paid to somebody who was erased. They are books and stay; they name nobody any more.

use domain::id::{PartnerId, ReportId};
use domain::ledger::Head;
use domain::line::Account;
use domain::payout::PayoutState;
use domain::time::Timestamp;
use store::reports::RECEIPT;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// Says of each receipt of a payee that it is to name nobody: the maker of documents makes it anew. Behind the tombstone, so
/// that the name is not read again; done again it says nothing of those of which it was said, so that an erasure which was
/// broken off, or is older than this, is finished by asking for it once more.
pub(super) async fn unname(
    store: &Store,
    tenant: &TenantKey,
    (payee, heads): (&PartnerId, &[Head]),
    since: Timestamp,
) -> Result<(), CaseError> {
    for head in heads.iter().filter(|head| head.payout_no > 0) {
        let account = Account { partner: payee.clone(), currency: head.currency };
        for stored in store.list_account_payouts(tenant, &account).await? {
            // What came back had one when it was paid.
            if !matches!(stored.payout.state, PayoutState::Paid { .. } | PayoutState::Returned { .. }) {
                continue;
            }
            let report = ReportId::of(tenant.tenant(), RECEIPT, stored.payout.id.as_str());
            // One that is being made now is looked at by whoever makes it.
            let _: Written = store.record_report_nameless(tenant, &report, since).await?;
        }
    }
    Ok(())
}
