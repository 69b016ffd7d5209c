//! What waits too long: a fact whose payment nobody told, an event that a person must look at.

use domain::time::Timestamp;
use store::parked::{Waiting, WaitingFor};
use store::{Store, StoreError, TenantKey};

/// How long a fact may wait for its payment before a person is called.
const PATIENCE_MS: i64 = 24 * 3_600_000;
/// How many are told one by one.
const TOLD_MAX: u64 = 20;
const PAGE_SIZE: usize = 100;

/// Tells of what has waited too long, and answers how many that are.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn look(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<u64, StoreError> {
    let mut late = 0;
    let mut after: Option<String> = None;
    loop {
        let page = store.list_waiting(tenant, after.as_deref(), PAGE_SIZE).await?;
        for waiting in page.items.iter().filter(|waiting| is_late(waiting, now)) {
            late += 1;
            if late <= TOLD_MAX {
                tell(waiting, now);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(late),
        }
    }
}

fn is_late(waiting: &Waiting, now: Timestamp) -> bool {
    match waiting.what {
        WaitingFor::Payment(_) => waited_ms(waiting, now) >= PATIENCE_MS,
        // A person was called when it came, and is again until they have looked.
        WaitingFor::Person { .. } => true,
    }
}

fn waited_ms(waiting: &Waiting, now: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(waiting.since.as_millisecond())
}

fn tell(waiting: &Waiting, now: Timestamp) {
    let hours = waited_ms(waiting, now) / 3_600_000;
    match &waiting.what {
        WaitingFor::Payment(payment) => {
            tracing::error!(payment = %payment, hours, "a fact has waited for its payment for a day");
        }
        WaitingFor::Person { provider, event_id, reason, correlation_id, .. } => {
            tracing::error!(provider, event.id = %event_id, correlation_id, hours, reason, "an event still waits for a person");
        }
    }
}
