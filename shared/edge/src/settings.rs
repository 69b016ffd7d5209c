//! A tenant's settings, remembered for a minute by each process: a change works everywhere within that minute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::TenantId;
use domain::settings::TenantSettings;
use store::{Store, StoreError, TenantKey};

use crate::clock::Stopwatch;

/// How long settings are remembered, and of how many tenants.
const REMEMBERED_MS: u64 = 60_000;
const REMEMBERED_MAX: usize = 256;

/// What a process has read, and when.
type Remembered = BTreeMap<TenantId, (Stopwatch, Arc<TenantSettings>)>;

/// Reads settings, and remembers them.
#[derive(Clone)]
pub struct RememberedSettings {
    store: Store,
    remembered: Arc<Mutex<Remembered>>,
}

impl RememberedSettings {
    /// Settings of this store's tenants.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, remembered: Arc::default() }
    }

    /// The settings of a tenant, at most a minute old.
    ///
    /// # Errors
    /// The store does not answer, or the settings cannot be read; what is remembered and too old is not answered then:
    /// whoever stands on it decides what to do without.
    pub async fn of(&self, tenant: &TenantKey) -> Result<Arc<TenantSettings>, StoreError> {
        if let Some(settings) = self.known(tenant.tenant()) {
            return Ok(settings);
        }
        let settings = Arc::new(self.store.get_tenant_settings(tenant).await?);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(tenant.tenant().clone(), (Stopwatch::start(), Arc::clone(&settings)));
        Ok(settings)
    }

    /// Whoever changed them here knows it at once.
    pub fn forget(&self, tenant: &TenantId) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<TenantSettings>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, settings) = remembered.get(tenant)?;
        (since.elapsed_ms() < REMEMBERED_MS).then(|| Arc::clone(settings))
    }
}

#[cfg(test)]
mod tests {
    use domain::audit::{Actor, ChainEnd, Deed, append};
    use domain::role::Role;
    use store::settings::KeptSettings;
    use store::{Tables, Written};

    use super::*;

    #[tokio::test]
    async fn settings_are_read_once_a_minute_and_each_tenants_are_its_own() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let (here, there) =
            (TenantKey::from(&TenantId::default_tenant()), TenantKey::from(&TenantId::from_ulid(7_u128.into())));
        let settings = RememberedSettings::new(store.clone());
        assert_eq!(settings.of(&here).await.expect("reads").rate_limits.user_per_15_minutes, 100);
        let mut kept = KeptSettings::default();
        kept.general.rate_limits.user_per_15_minutes = 7;
        let actor = Actor::new(Role::Admin, "usr_ada");
        let at = "2026-09-01T00:00:00Z".parse().expect("instant");
        let deed = Deed { at, actor, action: "settings.set", old: BTreeMap::new(), new: BTreeMap::new() };
        let entry = append(ChainEnd::START, "settings", deed);
        for tenant in [&here, &there] {
            assert_eq!(store.replace_settings(tenant, &kept, &entry).await.expect("writes"), Written::Yes);
        }
        assert_eq!(settings.of(&here).await.expect("remembers").rate_limits.user_per_15_minutes, 100);
        assert_eq!(settings.of(&there).await.expect("reads").rate_limits.user_per_15_minutes, 7);
        assert_eq!(RememberedSettings::new(store).of(&here).await.expect("reads").rate_limits.user_per_15_minutes, 7);
    }
}
