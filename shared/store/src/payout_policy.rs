//! What a tenant has decided about payouts, apart from its other settings, which every fact reads.

use domain::audit::AuditEntry;
use domain::payout::policy::PayoutPolicy;
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

impl Store {
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
