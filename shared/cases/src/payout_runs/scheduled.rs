//! PAY-1: payouts that the night builds by the tenant's schedule. They wait for people as all others do.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::PartnerId;
use domain::payout::schedule::run_of;
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp};
use store::{Store, TenantKey, Written};

use super::{Uncounted, Wanted, build_but};
use crate::closing::Pace;
use crate::error::CaseError;

/// How many runs of one currency and day there are at most: each takes accounts that no other takes.
const PARTS_MAX: u32 = 10_000;

/// What was built by schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// For which day.
    pub due: BusinessDay,
    /// How many runs.
    pub runs: u64,
    /// How many payouts are in them.
    pub payouts: u64,
    /// Was everybody looked at before the time was over? Otherwise the same again goes on.
    pub is_whole: bool,
}

/// Who asks: nobody who could approve.
fn night() -> Actor {
    Actor::new(Role::Service, "payout-schedule")
}

/// PAY-1: builds what the schedule says is due since the last night that looked. A day that was missed is made up for once;
/// done again, at the same time or after a crash, it is the same runs.
///
/// # Errors
/// The store does not answer, a law of the ledger does not hold, or others raced each try.
pub async fn build_due(
    store: &Store,
    tenant: &TenantKey,
    scheduled_for: Timestamp,
    at: Timestamp,
    pace: Pace<'_>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Scheduled>, CaseError> {
    let schedule = store.get_payout_policy(tenant).await?.schedule;
    let before = store.get_built_through(tenant).await?;
    if schedule.is_none() && before.is_none() {
        return Ok(None);
    }
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(scheduled_for);
    // The first night that looks does not make up for the time before the schedule was set.
    let through = before.map_or_else(|| today.plus_days(-1), |before| Ok(before.day))?;
    if today <= through {
        return Ok(None);
    }
    let mut built = None;
    if let Some(due) = schedule.and_then(|schedule| schedule.last_due(through, today)) {
        let made = build_day(store, tenant, due, at, pace, is_over).await?;
        if !made.is_whole {
            return Ok(Some(made));
        }
        built = Some(made);
    }
    // Behind the runs: a night that dies before this builds the same ones again.
    let _: Written = store.set_built_through(tenant, before, today).await?;
    Ok(built)
}

async fn build_day(
    store: &Store,
    tenant: &TenantKey,
    due: BusinessDay,
    at: Timestamp,
    pace: Pace<'_>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Scheduled, CaseError> {
    let live = store.list_live_accounts(tenant).await?;
    let currencies: BTreeSet<Currency> = live.into_iter().map(|account| account.currency).collect();
    let mut made = Scheduled { due, runs: 0, payouts: 0, is_whole: true };
    for currency in currencies {
        // From the first partner on: not where a run by hand has stopped.
        let mut after = PartnerId::from_ulid(0_u128.into());
        for part in 0..PARTS_MAX {
            if made.runs > 0 && is_over() {
                return Ok(Scheduled { is_whole: false, ..made });
            }
            let id = run_of(tenant.tenant(), due, currency, part)?;
            let wanted = Wanted { id, currency, after: Some(after), by: night() };
            let built = build_but(store, tenant, (&wanted, Uncounted::Waits), at, pace, is_over).await?;
            // The account that is counted is the first of whoever goes on: nobody is passed by until the next month.
            let Some(run) = built else { return Ok(Scheduled { is_whole: false, ..made }) };
            made.runs += 1;
            made.payouts += run.payouts.len() as u64;
            match run.stopped_at {
                Some(stopped_at) => after = stopped_at,
                None => break,
            }
        }
    }
    Ok(made)
}
