//! OPS-3, the seals of the audit: each day that is over is sealed in another table, and the seal is told in the log, where
//! whoever could change both tables cannot reach it.

use cases::audit::heads;
use cases::error::CaseError;
use domain::id::TenantId;
use domain::time::Timestamp;
use store::{Store, TenantKey};

/// Seals what is over; answers how many days do not fit, which is one at most: those behind it wait.
pub(crate) async fn seal(store: &Store, tenant: &TenantId, now: Timestamp) -> Result<u64, CaseError> {
    let sealed = heads::seal(store, &TenantKey::from(tenant), now).await?;
    for head in &sealed.heads {
        tracing::info!(
            tenant.id = %tenant,
            day = %head.day,
            entries = head.end.entries,
            hash = %head.chain,
            "a day of the audit sealed"
        );
    }
    let Some(breach) = sealed.breach else { return Ok(0) };
    tracing::error!(tenant.id = %tenant, breach = %breach, "the audit is not intact");
    Ok(1)
}
