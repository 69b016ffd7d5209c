//! Closing slots: raise the fence, recount what is final, fold it. The night and a payout's request do the same.

use domain::ledger::{Close, Head, Recount};
use domain::line::Account;
use domain::slot::Slot;
use domain::time::BusinessDay;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// How often a close that others raced is begun again.
const TRIES_MAX: usize = 8;

/// A close that is counted and not yet written: its head as read behind the raised fence.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The head, in which everything up to the fence is final.
    pub head: Head,
    /// The close to write with it; `None` when nothing is to be closed.
    pub close: Option<Close>,
}

/// Steps 1 and 2: makes the matured slots final and recounts them. An unfinished close is taken up where it stands.
///
/// # Errors
/// The store does not answer, the lines differ from the head (a breach), or others raced each try.
pub async fn prepare(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    today: BusinessDay,
) -> Result<Prepared, CaseError> {
    for _ in 0..TRIES_MAX {
        let head = store.get_head(tenant, account).await?;
        if let Some(fence) = head.fence.filter(|_| head.close_is_unfinished()) {
            let close = recount(store, tenant, account, &head, fence).await?;
            return Ok(Prepared { head, close: Some(close) });
        }
        let Some(last) = head.last_matured(today) else {
            return Ok(Prepared { head, close: None });
        };
        // Whether this call raised it or another: the next round finds the fence and counts behind it.
        let _: Written = store.raise_fence(tenant, account, &head, last).await?;
    }
    Err(CaseError::Busy)
}

/// Closes what has matured, whole. Answers the close, if there was anything to close.
///
/// # Errors
/// As [`prepare`].
pub async fn close_matured(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    today: BusinessDay,
) -> Result<Option<Close>, CaseError> {
    for _ in 0..TRIES_MAX {
        let prepared = prepare(store, tenant, account, today).await?;
        let Some(close) = prepared.close else { return Ok(None) };
        match store.close(tenant, account, &prepared.head, &close).await? {
            Written::Yes => return Ok(Some(close)),
            Written::ConditionFailed => {}
        }
    }
    Err(CaseError::Busy)
}

/// Step 2: the lines of the final slots, all pages, against the head.
async fn recount(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    head: &Head,
    to: Slot,
) -> Result<Close, CaseError> {
    let mut counted = Recount::after(head);
    let mut start = None;
    loop {
        let (folded, next) = store.recount_page(tenant, account, (head.closed, to), counted, start).await?;
        counted = folded;
        match next {
            Some(next) => start = Some(next),
            None => break,
        }
    }
    let kept = head.open_up_to(to)?;
    if kept != counted.net {
        // Both are final: a difference is a breach, never a race.
        tracing::error!(account.partner = %account.partner, account.currency = %account.currency, slot = %to, kept = %kept, counted = %counted.net, "the lines of an account differ from its head, it pays nothing until a person has looked");
        return Err(CaseError::Breach { partner: account.partner.clone(), to, kept, counted: counted.net });
    }
    Ok(Close {
        no: head.close_no + 1,
        from: head.closed,
        to,
        count: counted.count,
        net: counted.net,
        previous: head.close_hash,
        hash: counted.hash,
    })
}
