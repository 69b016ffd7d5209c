//! A tenant's settings.

use domain::time::Zone;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError, TenantKey};

/// What a tenant has set; what it has not, by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The zone in which holds end and nights are counted.
    pub ledger_zone: Zone,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ledger_zone: Zone::utc() }
    }
}

#[derive(Serialize, Deserialize)]
struct SettingsItem {
    entity: String,
    v: u32,
    ledger_zone: String,
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
        Ok(Settings { ledger_zone })
    }
}
