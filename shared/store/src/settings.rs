//! A tenant's settings as its admins edit them: one item, one version, whoever changes it leaves a trail.

pub mod tenants;

use domain::adjustment::FOUR_EYES_ABOVE;
use domain::audit::AuditEntry;
use domain::settings::TenantSettings;
use domain::time::Zone;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey, item};

/// What admins edit, with the version in which they see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSettings {
    /// The zone in which holds end and nights are counted.
    pub ledger_zone: Zone,
    /// Above how many whole units of a currency a correction by hand needs a second person.
    pub four_eyes_above: u32,
    /// Everything else.
    pub general: TenantSettings,
    /// 0 before anybody has set anything.
    pub version: u64,
}

impl Default for KeptSettings {
    fn default() -> Self {
        let general = TenantSettings::default();
        Self { ledger_zone: Zone::utc(), four_eyes_above: FOUR_EYES_ABOVE, general, version: 0 }
    }
}

/// The part of the tenant's item that lies here; `tenants` and the policies read and write the rest of it.
#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    ledger_zone: String,
    #[serde(default = "four_eyes_above")]
    four_eyes_above: u32,
    /// JSON, as people set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    general: Option<String>,
    #[serde(default)]
    version: u64,
}

fn four_eyes_above() -> u32 {
    FOUR_EYES_ABOVE
}

impl Item {
    fn read(self, key: &Key) -> Result<KeptSettings, StoreError> {
        let general = match &self.general {
            Some(text) => serde_json::from_str(text).map_err(|error| item::inconsistent(key, error))?,
            None => TenantSettings::default(),
        };
        let ledger_zone = Zone::parse(&self.ledger_zone).map_err(|error| item::inconsistent(key, error))?;
        Ok(KeptSettings { ledger_zone, four_eyes_above: self.four_eyes_above, general, version: self.version })
    }
}

impl Store {
    /// The settings that admins edit, strongly consistent; as shipped before anybody has set any.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_kept_settings(&self, tenant: &TenantKey) -> Result<KeptSettings, StoreError> {
        let key = tenant.settings();
        let found: Option<Item> = self.get(&self.tables.core, &key, "reading the settings of a tenant").await?;
        found.map_or_else(|| Ok(KeptSettings::default()), |found| found.read(&key))
    }

    /// The settings that requests go by, for half the price, perhaps a moment old.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tenant_settings(&self, tenant: &TenantKey) -> Result<TenantSettings, StoreError> {
        let (key, doing) = (tenant.settings(), "reading what a tenant has set");
        let found: Option<Item> = self.get_eventually(&self.tables.core, &key, doing).await?;
        found.map_or_else(|| Ok(TenantSettings::default()), |found| Ok(found.read(&key)?.general))
    }

    /// The settings give way to these, seen in the version that they carry, and the audit trail says who. `ConditionFailed`
    /// when another changed them meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_settings(
        &self,
        tenant: &TenantKey,
        settings: &KeptSettings,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.settings();
        let update = self.setting(&key, settings);
        let update = match settings.version {
            0 => update.require("version", None),
            seen => update.require("version", Some(item::number(seen))),
        };
        let items = vec![update.build_transact()?, self.new_audit_entry(tenant, entry)?];
        Ok(match self.transact(items, "setting a tenant").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The update that sets what admins edit and leaves the policies alone, without its condition.
    pub(crate) fn setting<'a>(&'a self, key: &'a Key, settings: &KeptSettings) -> UpdateBuilder<'a> {
        UpdateBuilder::new(&self.tables.core, key)
            .set_if_absent("entity", item::text("settings"))
            .set_if_absent("v", item::number(1))
            .set("ledger_zone", item::text(settings.ledger_zone.name()))
            .set("four_eyes_above", item::number(settings.four_eyes_above))
            .set("general", item::text(settings.general.to_json()))
            .set("version", item::number(settings.version + 1))
    }
}

#[cfg(test)]
mod tests;
