//! Tenants of the deployment: created whole by the operator, or known since their first key.

use domain::audit::AuditEntry;
use domain::id::TenantId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::KeptSettings;
use crate::request::{self, Range, Transacted, Written};
use crate::{Store, StoreError, TenantKey, item};

/// A tenant of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredTenant {
    /// Its id.
    pub id: TenantId,
    /// When it was created; absent where nobody created it but its first key.
    pub created_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct TenantItem {
    entity: String,
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Registered {
    sk: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

impl Store {
    /// A tenant begins: in the registry, with its settings and the first entry of its trail. `ConditionFailed` when it is
    /// there already, or has settings.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_tenant(
        &self,
        tenant: &TenantKey,
        settings: &KeptSettings,
        at: Timestamp,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let registered = TenantItem { entity: "tenant".to_owned(), v: 1, created_at: Some(at) };
        let (place, key) = (tenant.registered_tenant(), tenant.settings());
        let items = vec![
            request::put_new(&self.tables.core, &place, &registered)?,
            self.setting(&key, settings).require("entity", None).build_transact()?,
            self.new_audit_entry(tenant, entry)?,
        ];
        Ok(match self.transact(items, "creating a tenant").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A tenant of the registry; `None` where it is in none.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_registered_tenant(&self, tenant: &TenantKey) -> Result<Option<RegisteredTenant>, StoreError> {
        let (key, doing) = (tenant.registered_tenant(), "reading a tenant");
        let found: Option<TenantItem> = self.get(&self.tables.core, &key, doing).await?;
        Ok(found.map(|found| RegisteredTenant { id: tenant.tenant().clone(), created_at: found.created_at }))
    }

    /// Every tenant of the deployment, the default one first, then as they were created.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_registered_tenants(&self) -> Result<Vec<RegisteredTenant>, StoreError> {
        let pk = TenantKey::tenants();
        let range = Range::prefix(&pk, TenantId::PREFIX);
        let found: Vec<Registered> = self.list_range(&self.tables.core, &range, "listing the tenants").await?;
        let default = TenantId::default_tenant();
        let mut tenants = vec![RegisteredTenant { id: default.clone(), created_at: None }];
        for Registered { sk, created_at } in found {
            let key = crate::keys::Key { pk: pk.clone(), sk };
            let id = TenantId::parse(&key.sk).map_err(|error| item::inconsistent(&key, error))?;
            if id == default {
                // It is there without anybody's doing; its first key registers it too.
                tenants[0].created_at = created_at;
            } else {
                tenants.push(RegisteredTenant { id, created_at });
            }
        }
        Ok(tenants)
    }
}
