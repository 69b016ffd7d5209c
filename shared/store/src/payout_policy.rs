//! What a tenant has decided about payouts, apart from its other settings, which every fact reads.

use domain::audit::AuditEntry;
use domain::payout::policy::PayoutPolicy;
use domain::time::BusinessDay;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::request::{self, Transacted, Written};
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct PolicyItem {
    entity: String,
    v: u32,
    /// JSON, as people set it.
    policy: String,
}

/// Through which day payouts were built by schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltThrough {
    /// The day.
    pub day: BusinessDay,
    /// How often it was moved.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct ScheduleItem {
    entity: String,
    v: u32,
    version: u64,
    day: BusinessDay,
}

impl Store {
    /// Through which day the tenant's payouts were built by schedule; nothing before the first night that looked.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_built_through(&self, tenant: &TenantKey) -> Result<Option<BuiltThrough>, StoreError> {
        let key = tenant.payout_schedule();
        let found: Option<ScheduleItem> =
            self.get(&self.tables.core, &key, "reading what is built by schedule").await?;
        Ok(found.map(|item| BuiltThrough { day: item.day, version: item.version }))
    }

    /// Payouts are built through a day. `ConditionFailed` when another night said so meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_built_through(
        &self,
        tenant: &TenantKey,
        before: Option<BuiltThrough>,
        day: BusinessDay,
    ) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.payout_schedule());
        let version = before.map_or(0, |before| before.version);
        let item = ScheduleItem { entity: "payout_schedule".to_owned(), v: 1, version: version + 1, day };
        let put = match version {
            0 => request::put_new(core, &key, &item)?,
            version => request::replace(core, &key, &item, version)?,
        };
        self.put_alone(put, "keeping what is built by schedule").await
    }

    /// The tenant's decisions about payouts, or those as shipped; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_policy(&self, tenant: &TenantKey) -> Result<PayoutPolicy, StoreError> {
        let key = tenant.payout_policy();
        let found: Option<PolicyItem> = self.get(&self.tables.core, &key, "reading what is decided of payouts").await?;
        let Some(found) = found else { return Ok(PayoutPolicy::default()) };
        serde_json::from_str(&found.policy).map_err(|error| item::inconsistent(&key, error))
    }

    /// The tenant decides about payouts, and the audit trail says who. `ConditionFailed` when another did meanwhile: their
    /// entry stands where this one would.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_payout_policy(
        &self,
        tenant: &TenantKey,
        policy: &PayoutPolicy,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.payout_policy();
        let policy = policy.to_json().map_err(|error| item::inconsistent(&key, error))?;
        let item = PolicyItem { entity: "payout_policy".to_owned(), v: 1, policy };
        let items = vec![request::put_over(&self.tables.core, &key, &item)?, self.new_audit_entry(tenant, entry)?];
        Ok(match self.transact(items, "deciding about payouts").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}
