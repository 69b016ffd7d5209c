//! One night: every ended business date that is not recorded yet, in order.

use domain::id::{RunId, TenantId};
use domain::time::{BusinessDay, DateOutOfRange, Timestamp};
use queues::{SendError, Sender, VERSION, VisitDue};
use serde::Serialize;
use store::runs::Run;
use store::{Store, StoreError, TenantKey, Written};
use thiserror::Error;

/// How many missed dates one night catches up: a bound, so that an invocation ends. The next night takes the rest.
const DATES_MAX: usize = 400;

/// Why a night was not worked through.
#[derive(Debug, Error)]
pub enum NightError {
    /// The store.
    #[error("working with the store")]
    Store(#[from] StoreError),
    /// The queue of visits.
    #[error("sending the visits")]
    Send(#[from] SendError),
    /// Nights to come are not worked through: they would make money available that is not.
    #[error("the night is meant for {scheduled_for}, which is to come")]
    ToCome {
        /// What the event says.
        scheduled_for: Timestamp,
    },
    /// The calendar ends.
    #[error("finding the business date")]
    Date(#[from] DateOutOfRange),
}

/// What a night did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nights {
    /// The business dates that it recorded.
    pub business_dates: Vec<BusinessDay>,
    /// How many accounts it sent a visit.
    pub accounts: u64,
}

/// Works through the dates that ended before the instant that the schedule was meant for.
///
/// Visits look at the account as it is, so one an account serves all the dates that were missed.
///
/// # Errors
/// The store or the queue is away. What was not recorded is taken up by the next night.
pub async fn run(
    store: &Store,
    visits: &Sender<VisitDue>,
    tenant: &TenantId,
    scheduled_for: Timestamp,
    now: Timestamp,
) -> Result<Nights, NightError> {
    if scheduled_for > now {
        return Err(NightError::ToCome { scheduled_for });
    }
    let key = TenantKey::from(tenant);
    let dates = missing_dates(store, &key, scheduled_for).await?;
    let Some(last) = dates.last().copied() else {
        return Ok(Nights { business_dates: dates, accounts: 0 });
    };
    let run = RunId::of(tenant, last);
    let accounts = store.list_live_accounts(&key).await?;
    let messages: Vec<VisitDue> = accounts
        .into_iter()
        .map(|account| VisitDue {
            v: VERSION,
            tenant: tenant.clone(),
            partner: account.partner,
            currency: account.currency,
            business_date: last,
            run: run.clone(),
        })
        .collect();
    visits.send_all(&messages).await?;
    let accounts = messages.len() as u64;
    for date in &dates {
        let record = Run {
            id: RunId::of(tenant, *date),
            business_date: *date,
            accounts: if *date == last { accounts } else { 0 },
            completed_at: now,
        };
        // Another night may have recorded the date meanwhile: its visits and ours do the same.
        let _: Written = store.create_run(&key, &record).await?;
    }
    tracing::info!(run.id = %run, business_date = %last, accounts, dates = dates.len(), "night worked through, visits are sent");
    Ok(Nights { business_dates: dates, accounts })
}

/// The ended dates after the last recorded one; on the first night, yesterday alone.
async fn missing_dates(
    store: &Store,
    tenant: &TenantKey,
    scheduled_for: Timestamp,
) -> Result<Vec<BusinessDay>, NightError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let yesterday = zone.day_of(scheduled_for).plus_days(-1)?;
    let mut next = match store.get_last_run(tenant).await? {
        Some(last) => last.business_date.plus_days(1)?,
        None => yesterday,
    };
    let mut dates = Vec::new();
    while next <= yesterday && dates.len() < DATES_MAX {
        dates.push(next);
        next = next.plus_days(1)?;
    }
    Ok(dates)
}
