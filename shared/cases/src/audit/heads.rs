//! The seals of days: what a day's audit was when it was over, kept in another table than the audit, and told in the log.

use domain::audit::Breach;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::audit::DayHead;
use store::{Store, TenantKey, Written};

use super::proof::day_end;
use crate::error::CaseError;

/// How many days a seal waits: a request that is made again under its key tells the instant of its first try, for a day.
pub(super) const WAITS_DAYS: i32 = 2;
/// How many days one night catches up.
const DAYS_MAX: usize = 400;

/// What a night sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// The seals that were made, oldest first.
    pub heads: Vec<DayHead>,
    /// A day that cannot be sealed, because its entries do not fit; the days behind it wait.
    pub breach: Option<Breach>,
}

/// Seals every day that is over and not sealed.
///
/// # Errors
/// The store does not answer, or an entry cannot be read at all.
pub async fn seal(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<Sealed, CaseError> {
    let mut sealed = Sealed::default();
    let Ok(until) = Zone::utc().day_of(now).plus_days(-WAITS_DAYS) else { return Ok(sealed) };
    let mut before = store.get_last_audit_head(tenant).await?;
    for _ in 0..DAYS_MAX {
        let next = before.map_or(Ok(until), |head| head.day.plus_days(1));
        let Some(day) = next.ok().filter(|day: &BusinessDay| *day <= until) else { break };
        let end = match day_end(store, tenant, day).await? {
            Ok(end) => end,
            Err(breach) => {
                sealed.breach = Some(breach);
                break;
            }
        };
        let head = DayHead::after(before.as_ref(), day, end);
        // Two nights at once make the same seal.
        if store.create_audit_head(tenant, &head).await? == Written::Yes {
            sealed.heads.push(head);
        }
        before = Some(head);
    }
    Ok(sealed)
}
