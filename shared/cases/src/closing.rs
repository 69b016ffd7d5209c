//! Closing slots: raise the fence, recount what is final, fold it. The night and a payout's request do the same.

use domain::ledger::{Close, Head, Recount};
use domain::line::Account;
use domain::slot::Slot;
use domain::time::BusinessDay;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// How often a close that others raced is begun again.
const TRIES_MAX: usize = 8;

/// After how many lines a recount keeps how far it has come.
const KEPT_EACH: u64 = 100_000;

/// How long one invocation may count. What it leaves, the next one takes up where it was kept.
#[derive(Clone, Copy)]
pub struct Pace<'a> {
    /// After how many lines the recount keeps how far it has come.
    pub kept_each: u64,
    /// After how many lines it stops, at the next place that it keeps.
    pub lines_max: u64,
    /// Is the invocation's time over? Then it stops at the next page.
    pub is_over: &'a (dyn Fn() -> bool + Send + Sync),
}

impl Pace<'static> {
    /// To the end, however long that is.
    #[must_use]
    pub fn unhurried() -> Self {
        Self { kept_each: KEPT_EACH, lines_max: u64::MAX, is_over: &|| false }
    }
}

impl<'a> Pace<'a> {
    /// Until the time is over.
    #[must_use]
    pub fn until(is_over: &'a (dyn Fn() -> bool + Send + Sync)) -> Self {
        Self { kept_each: KEPT_EACH, lines_max: u64::MAX, is_over }
    }
}

/// A close that is counted and not yet written: its head as read behind the raised fence.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The head, in which everything up to the fence is final.
    pub head: Head,
    /// The close to write with it; `None` when nothing is to be closed.
    pub close: Option<Close>,
}

/// How far counting came.
#[derive(Clone, Debug)]
pub enum Counted {
    /// To the end.
    Whole(Box<Prepared>),
    /// As far as the pace allows: so many lines are in, and it is kept.
    Partly {
        /// How many lines.
        lines: u64,
    },
}

/// What became of a close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// What has matured is folded.
    Yes(Close),
    /// Nothing was to be closed.
    Nothing,
    /// It is under way, as far as the pace allows: come again.
    Partly {
        /// How many lines are counted so far.
        lines: u64,
    },
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
    pace: Pace<'_>,
) -> Result<Counted, CaseError> {
    let whole = |head, close| Ok(Counted::Whole(Box::new(Prepared { head, close })));
    let mut begun_by_others = true;
    for _ in 0..TRIES_MAX {
        let head = store.get_head(tenant, account).await?;
        if let Some(fence) = head.fence.filter(|_| head.close_is_unfinished()) {
            let begin = Begin { head: &head, to: fence, may_be_kept: begun_by_others };
            return match recount(store, tenant, account, begin, today, pace).await? {
                (counted, true) => {
                    let close = checked(account, &head, fence, &counted)?;
                    whole(head, Some(close))
                }
                (counted, false) => Ok(Counted::Partly { lines: counted.count }),
            };
        }
        let Some(last) = head.last_matured(today) else {
            return whole(head, None);
        };
        #[cfg(feature = "planted")]
        if domain::planted::is(domain::planted::Bug::FenceAfterRecount) {
            let begin = Begin { head: &head, to: last, may_be_kept: false };
            let (counted, _) = recount(store, tenant, account, begin, today, pace).await?;
            let close = checked(account, &head, last, &counted)?;
            if store.raise_fence(tenant, account, &head, last).await? == Written::ConditionFailed {
                continue;
            }
            return whole(store.get_head(tenant, account).await?, Some(close));
        }
        // Whether this call raised it or another: the next round finds the fence and counts behind it.
        begun_by_others = store.raise_fence(tenant, account, &head, last).await? == Written::ConditionFailed;
    }
    Err(CaseError::Busy)
}

/// Closes what has matured, whole, however long that takes. Answers the close, if there was anything to close.
///
/// # Errors
/// As [`prepare`].
pub async fn close_matured(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    today: BusinessDay,
) -> Result<Option<Close>, CaseError> {
    match close_within(store, tenant, account, today, Pace::unhurried()).await? {
        Closed::Yes(close) => Ok(Some(close)),
        Closed::Nothing | Closed::Partly { .. } => Ok(None),
    }
}

/// Closes what has matured, or as much of it as the pace allows.
///
/// # Errors
/// As [`prepare`].
pub async fn close_within(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    today: BusinessDay,
    pace: Pace<'_>,
) -> Result<Closed, CaseError> {
    for _ in 0..TRIES_MAX {
        let prepared = match prepare(store, tenant, account, today, pace).await? {
            Counted::Whole(prepared) => *prepared,
            Counted::Partly { lines } => return Ok(Closed::Partly { lines }),
        };
        let Some(close) = prepared.close else { return Ok(Closed::Nothing) };
        match store.close(tenant, account, &prepared.head, &close).await? {
            Written::Yes => return Ok(Closed::Yes(close)),
            Written::ConditionFailed => {}
        }
    }
    Err(CaseError::Busy)
}

/// Where a recount begins.
struct Begin<'a> {
    head: &'a Head,
    to: Slot,
    /// Another may have counted before: whoever raised the fence a moment ago need not look.
    may_be_kept: bool,
}

/// Step 2: the lines of the final slots, page by page. `false` when the pace ended it; how far it came is then kept.
async fn recount(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    begin: Begin<'_>,
    today: BusinessDay,
    pace: Pace<'_>,
) -> Result<(Recount, bool), CaseError> {
    let Begin { head, to, may_be_kept } = begin;
    let kept = if may_be_kept { store.get_recount(tenant, account, head).await? } else { None };
    let (mut counted, mut start) = kept.map_or((Recount::after(head), None), |(counted, at)| (counted, Some(at)));
    let (first, mut last_kept) = (counted.count, counted.count);
    loop {
        let room = pace.kept_each.saturating_sub(counted.count - last_kept).max(1);
        let limit = i32::try_from(room).unwrap_or(i32::MAX);
        let (folded, next) =
            store.recount_page(tenant, account, (head.closed, to), counted, start, Some(limit)).await?;
        counted = folded;
        let Some(next) = next else { return Ok((counted, true)) };
        let is_over = (pace.is_over)();
        if is_over || counted.count - last_kept >= pace.kept_each {
            // Refused when another has come further: what both have counted is the same, so each goes on.
            let _: Written = store.record_recount(tenant, account, head, (&counted, &next), today).await?;
            last_kept = counted.count;
            if is_over || counted.count - first >= pace.lines_max {
                tracing::info!(account.partner = %account.partner, account.currency = %account.currency, slot = %to, lines = counted.count, "recount is kept, and goes on in another invocation");
                return Ok((counted, false));
            }
        }
        start = Some(next);
    }
}

/// The close that a whole recount makes, if the lines are what the head says.
fn checked(account: &Account, head: &Head, to: Slot, counted: &Recount) -> Result<Close, CaseError> {
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
