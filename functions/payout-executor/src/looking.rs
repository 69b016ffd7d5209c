//! Outcomes that nobody knew, looked for from time to time.

use domain::id::TenantId;
use domain::payout::attempt::Attempt;
use edge::lambda::{Error, Failure};
use edge::telemetry::chain;
use serde::Serialize;
use store::{StoreError, TenantKey};

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
    /// Every outcome of every tenant that is due to be looked for, the longest due first, whosever it is: a try puts it
    /// behind, so that where the time is not enough for all, the next look goes on with the others. One that cannot be
    /// dealt with is no other's, and neither is a tenant whose attempts cannot be listed.
    ///
    /// # Errors
    /// The tenants cannot be listed.
    pub async fn look(&self) -> Result<Looked, Error> {
        let mut looked = Looked::default();
        let mut due = Vec::new();
        for tenant in self.store.list_tenants().await? {
            if let Err(error) = self.due_of(&tenant, &mut due, &mut looked).await {
                looked.failed += 1;
                let reason = chain(&error);
                tracing::warn!(tenant.id = %tenant, reason, "an outcome could not be looked for");
            }
        }
        due.sort_by_key(|(_, attempt)| attempt.due_at());
        looked.due = due.len() as u64;
        for (tenant, attempt) in due {
            let done = self.execute(&TenantKey::from(&tenant), &attempt.payout).await;
            if let Err(Failure::Retry(source) | Failure::Reject(source)) = done {
                looked.failed += 1;
                let reason = chain(source.as_ref());
                tracing::warn!(tenant.id = %tenant, payout.id = %attempt.payout, reason, "an outcome could not be looked for");
            }
        }
        let Looked { due, waiting, failed } = looked;
        tracing::info!(due, waiting, failed, "outcomes looked for");
        Ok(looked)
    }

    /// What of a tenant is due. The index tells the longest due first: behind so many pages the least urgent are left.
    async fn due_of(
        &self,
        tenant: &TenantId,
        due: &mut Vec<(TenantId, Attempt)>,
        looked: &mut Looked,
    ) -> Result<(), StoreError> {
        let key = TenantKey::from(tenant);
        let now = self.clock.now();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let page = self.store.list_looked_for(&key, PAGE, after.as_deref()).await?;
            let open = page.items.into_iter().map(|stored| stored.attempt).filter(|attempt| attempt.ended.is_none());
            let (now_due, waiting): (Vec<_>, Vec<_>) = open.partition(|attempt| attempt.due_at() <= now);
            looked.waiting += waiting.len() as u64;
            due.extend(now_due.into_iter().map(|attempt| (tenant.clone(), attempt)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }
}
