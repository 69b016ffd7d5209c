//! A tenant's settings.

use domain::adjustment::FOUR_EYES_ABOVE;
use domain::audit::AuditEntry;
use domain::award;
use domain::fraud::policy::Policy;
use domain::id::TenantId;
use domain::time::Zone;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{Range, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey, item};

/// What a tenant has set; what it has not, by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The zone in which holds end and nights are counted.
    pub ledger_zone: Zone,
    /// Above how many whole units of a currency a correction by hand needs a second person.
    pub four_eyes_above: u32,
    /// Points and limits of signals of fraud.
    pub risk: Policy,
    /// Thresholds and amounts of awards.
    pub awards: award::Policy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ledger_zone: Zone::utc(),
            four_eyes_above: FOUR_EYES_ABOVE,
            risk: Policy::default(),
            awards: award::Policy::default(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SettingsItem {
    entity: String,
    v: u32,
    ledger_zone: String,
    #[serde(default = "four_eyes_above")]
    four_eyes_above: u32,
    /// JSON, as people set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk: Option<String>,
    /// JSON, as people set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    awards: Option<String>,
}

fn four_eyes_above() -> u32 {
    FOUR_EYES_ABOVE
}

impl Store {
    /// The tenant's settings, or the defaults.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_settings(&self, tenant: &TenantKey) -> Result<Settings, StoreError> {
        let key = tenant.settings();
        let item: Option<SettingsItem> = self.get(&self.tables.core, &key, "reading the tenant's settings").await?;
        let Some(item) = item else {
            return Ok(Settings::default());
        };
        let ledger_zone = Zone::parse(&item.ledger_zone).map_err(|error| crate::item::inconsistent(&key, error))?;
        let risk = match &item.risk {
            Some(text) => serde_json::from_str(text).map_err(|error| crate::item::inconsistent(&key, error))?,
            None => Policy::default(),
        };
        let awards = match &item.awards {
            Some(text) => serde_json::from_str(text).map_err(|error| crate::item::inconsistent(&key, error))?,
            None => award::Policy::default(),
        };
        Ok(Settings { ledger_zone, four_eyes_above: item.four_eyes_above, risk, awards })
    }

    /// Every tenant of the deployment: the default one, and each that ever got a key. The night and the watchman serve them
    /// all.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let pk = TenantKey::tenants();
        let range = Range::prefix(&pk, TenantId::PREFIX);
        let mut tenants = vec![TenantId::default_tenant()];
        for attributes in self.list_attributes(&self.tables.core, &range, "listing the tenants").await? {
            let (pk, sk) = item::place_of(&attributes);
            let read = TenantId::parse(&sk).map_err(|error| item::inconsistent(&Key { pk, sk }, error));
            tenants.push(read?);
        }
        tenants.sort();
        tenants.dedup();
        Ok(tenants)
    }

    /// A tenant is known from its first key on. Known before, nothing changes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_tenant(&self, tenant: &TenantKey) -> Result<Written, StoreError> {
        let key = tenant.registered_tenant();
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", item::text("tenant"))
            .set("v", item::number(1))
            .require("entity", None);
        self.update(update.build()?, "registering a tenant").await
    }

    /// The tenant sets thresholds and amounts of awards, and the audit trail says who. `ConditionFailed` when another did
    /// meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_award_policy(
        &self,
        tenant: &TenantKey,
        policy: &award::Policy,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.settings();
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set_if_absent("entity", item::text("settings"))
            .set_if_absent("v", item::number(1))
            .set_if_absent("ledger_zone", item::text(Settings::default().ledger_zone.name()))
            .set("awards", item::text(policy.to_json()));
        let items = vec![update.build_transact()?, self.new_audit_entry(tenant, entry)?];
        Ok(match self.transact(items, "setting the policy of awards").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The tenant sets its points and limits of signals of fraud, and the audit trail says who. `ConditionFailed` when
    /// another did meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_risk_policy(
        &self,
        tenant: &TenantKey,
        policy: &Policy,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.settings();
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set_if_absent("entity", item::text("settings"))
            .set_if_absent("v", item::number(1))
            .set_if_absent("ledger_zone", item::text(Settings::default().ledger_zone.name()))
            .set("risk", item::text(policy.to_json()));
        let items = vec![update.build_transact()?, self.new_audit_entry(tenant, entry)?];
        Ok(match self.transact(items, "setting the points of fraud").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}
