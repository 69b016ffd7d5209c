//! Outcomes that nobody knew, looked for from time to time.

use domain::id::TenantId;
use edge::lambda::{Error, Failure};
use edge::telemetry::chain;
use serde::Serialize;
use store::TenantKey;

use crate::App;

/// How many attempts one page lists.
const PAGE: i32 = 100;
/// How many pages one look takes at most; the next look takes the rest.
const PAGES_MAX: usize = 20;

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// How many were due.
    pub due: u64,
    /// How many wait for their time.
    pub waiting: u64,
    /// How many could not be dealt with now.
    pub failed: u64,
}

impl App {
    /// Every outcome of every tenant that is due to be looked for. One that cannot be dealt with is no other's.
    ///
    /// # Errors
    /// The attempts cannot be listed.
    pub async fn look(&self) -> Result<Looked, Error> {
        let mut looked = Looked::default();
        for tenant in self.store.list_tenants().await? {
            self.look_of(&tenant, &mut looked).await?;
        }
        let Looked { due, waiting, failed } = looked;
        tracing::info!(due, waiting, failed, "outcomes looked for");
        Ok(looked)
    }

    async fn look_of(&self, tenant: &TenantId, looked: &mut Looked) -> Result<(), Error> {
        let key = TenantKey::from(tenant);
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let page = self.store.list_looked_for(&key, PAGE, after.as_deref()).await?;
            found.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // The index tells those due last first; whoever has waited longest comes first here.
        for stored in found.into_iter().rev() {
            let attempt = stored.attempt;
            if attempt.ended.is_some() || attempt.due_at() > self.clock.now() {
                looked.waiting += u64::from(attempt.ended.is_none());
                continue;
            }
            looked.due += 1;
            if let Err(Failure::Retry(source) | Failure::Reject(source)) = self.execute(&key, &attempt.payout).await {
                looked.failed += 1;
                let reason = chain(source.as_ref());
                tracing::warn!(tenant.id = %tenant, payout.id = %attempt.payout, reason, "an outcome could not be looked for");
            }
        }
        Ok(())
    }
}
