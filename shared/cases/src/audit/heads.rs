//! The seals of days: what a day's audit was when it was over, kept in another table than the audit, and told in the log.

use domain::audit::Breach;
use domain::time::{BusinessDay, Timestamp, Zone};
use futures::future::try_join_all;
use store::audit::DayHead;
use store::journal::Order;
use store::{Store, StoreError, TenantKey, Written};

use super::proof::day_end;
use crate::error::CaseError;

/// How many days a seal waits: a request that is made again under its key tells the instant of its first try, for a day.
pub(super) const WAITS_DAYS: i32 = 2;
/// How many days one night catches up; the next one goes on behind the last seal.
const DAYS_MAX: usize = 400;
/// How many days are asked at once whether something was told on them.
const ASKED_AT_ONCE: i32 = 31;
/// Before the year of the first release nothing can have been told.
const EARLIEST_YEAR: i16 = 2026;

/// What a night sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// The seals that were made, oldest first.
    pub heads: Vec<DayHead>,
    /// A day that cannot be sealed, because its entries do not fit; the days behind it wait.
    pub breach: Option<Breach>,
}

/// Seals every day that is over and not sealed, from the first of which something was told: a deployment whose nights begin
/// late, or that slept, has every day of it sealed, in order.
///
/// # Errors
/// The store does not answer, or an entry cannot be read at all.
pub async fn seal(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<Sealed, CaseError> {
    let mut sealed = Sealed::default();
    let Ok(until) = Zone::utc().day_of(now).plus_days(-WAITS_DAYS) else { return Ok(sealed) };
    let mut before = store.get_last_audit_head(tenant).await?;
    let mut next = match &before {
        Some(head) => head.day.plus_days(1).ok(),
        // Where nothing was told yet, an empty day is the first: no later night looks for it again.
        None => Some(first_told_day(store, tenant, until).await?.unwrap_or(until)),
    };
    for _ in 0..DAYS_MAX {
        let Some(day) = next.filter(|day| *day <= until) else { break };
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
        next = day.plus_days(1).ok();
        before = Some(head);
    }
    Ok(sealed)
}

/// The first day up to `until` of which something was told. Nothing lists the days that have entries, so each is asked: once
/// in the life of a tenant, for half a read unit a day.
async fn first_told_day(
    store: &Store,
    tenant: &TenantKey,
    until: BusinessDay,
) -> Result<Option<BusinessDay>, StoreError> {
    let Ok(mut from) = BusinessDay::new(EARLIEST_YEAR, 1, 1) else { return Ok(None) };
    while from <= until {
        let days = (0..ASKED_AT_ONCE).filter_map(|n| from.plus_days(n).ok()).filter(|day| *day <= until);
        let asked = days.map(|day| async move {
            let page = store.list_audit_places(tenant, day, (Order::Oldest, None), 1).await?;
            Ok::<_, StoreError>((!page.items.is_empty()).then_some(day))
        });
        if let Some(first) = try_join_all(asked).await?.into_iter().flatten().next() {
            return Ok(Some(first));
        }
        let Ok(later) = from.plus_days(ASKED_AT_ONCE) else { return Ok(None) };
        from = later;
    }
    Ok(None)
}
