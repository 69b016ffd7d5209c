//! OPS-4: for how long tenants keep clicks, as they have set it. It is read where a link is read, so that a warm click
//! still is one round trip.

use std::sync::{Arc, Mutex, PoisonError};

use domain::settings::{Retention, RetentionKind};
use jiff::{SignedDuration, Timestamp};
use store::links::LinkTarget;
use store::{Store, TenantKey};

use crate::generations::Generations;
use crate::links::is_within;

/// A change of the days reaches clicks within this time and that of a link.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The retention of tenants met lately.
#[derive(Default)]
pub struct RetentionCache(Mutex<Generations<Arc<Retention>>>);

impl RetentionCache {
    /// When a click of now may be forgotten. The days of the table begin where it can earn no more: whatever a tenant sets,
    /// a click is there as long as a sale may be attributed to it.
    pub(crate) fn end_of(&self, target: &LinkTarget, at: Timestamp) -> Timestamp {
        let window = SignedDuration::from_hours(i64::from(target.window_days) * 24);
        let earns_until = at.saturating_add(window).unwrap_or(at);
        let retention = self.known(target).map(|(retention, _)| retention).unwrap_or_default();
        retention.end_of(RetentionKind::Clicks, earns_until)
    }

    /// Reads what the link's tenant has set, once a minute. Where it cannot be read, what was known before holds, else what
    /// is shipped, and it is asked for again a minute later: nobody waits for it at each visit.
    pub(crate) async fn read(&self, store: &Store, target: &LinkTarget, now: Timestamp) {
        let known = self.known(target);
        if known.as_ref().is_some_and(|(_, since)| is_within(now, *since, FRESH)) {
            return;
        }
        let retention = match store.get_tenant_settings(&TenantKey::from(&target.tenant)).await {
            Ok(settings) => Arc::new(settings.retention_days),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, tenant.id = %target.tenant, "for how long clicks are kept could not be read");
                known.map(|(retention, _)| retention).unwrap_or_default()
            }
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(target.tenant.as_str(), retention, now);
    }

    /// What was read of the link's tenant, however long ago, and when.
    fn known(&self, target: &LinkTarget) -> Option<(Arc<Retention>, Timestamp)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(target.tenant.as_str()).map(|(retention, since)| (Arc::clone(retention), since))
    }
}
