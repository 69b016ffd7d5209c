//! A visit of the night as the queue sees it: what is done, tried again, or a person's.

use cases::closing::Pace;
use cases::error::CaseError;
use cases::night::visit::{record_failed, visit as visit_whole};
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::telemetry::chain;
use queues::VisitDue;
use store::{Store, StoreError, TenantKey};

pub use cases::night::visit::Visited;

/// Looks at the account as it is now, with the day after the business date as today.
///
/// # Errors
/// The store is away (try again), or a law of the ledger does not hold (a person must look).
pub async fn visit(store: &Store, tenant: &TenantKey, due: &VisitDue, now: Timestamp) -> Result<Visited, Failure> {
    visit_within(store, tenant, due, now, Pace::unhurried()).await
}

/// As [`visit`], for as long as the pace allows.
///
/// # Errors
/// As [`visit`].
pub async fn visit_within(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    now: Timestamp,
    pace: Pace<'_>,
) -> Result<Visited, Failure> {
    match visit_whole(store, tenant, due, now, pace).await {
        Ok(visited) => Ok(visited),
        Err(error @ CaseError::Store(StoreError::Unavailable { .. })) => Err(Failure::retry(error)),
        Err(error) => {
            // One bad account is an error of the night's record, never a failed night. Done later, it is none any more.
            record_failed(store, tenant, due, chain(&error), now).await.map_err(Failure::retry)?;
            let passes = matches!(error, CaseError::Busy | CaseError::Store(StoreError::LostRace { .. }));
            Err(if passes { Failure::retry(error) } else { Failure::reject(error) })
        }
    }
}
