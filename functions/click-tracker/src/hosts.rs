//! TRK-6: the hosts whose pages may tell of clicks, by programme, kept in the process. Never on the redirect's way.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use store::links::LinkTarget;
use store::{Store, TenantKey};
use url::Url;

use crate::generations::Generations;
use crate::links::is_within;

/// A change of a programme's hosts reaches pages within this time.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The hosts of programmes met lately.
#[derive(Default)]
pub struct HostCache(Mutex<Generations<Arc<Vec<String>>>>);

impl HostCache {
    /// May a page of this origin tell of clicks through this link? A programme that names no hosts allows those of the
    /// link's own destination. With the store away what was known before holds, else the destination's alone.
    pub(crate) async fn allows(&self, store: &Store, target: &LinkTarget, origin: &str, now: Timestamp) -> bool {
        let Some(host) = host_of(origin) else { return false };
        let named = self.of(store, target, now).await;
        domain::host::may_tell(&named, host_of(&target.destination), &host)
    }

    async fn of(&self, store: &Store, target: &LinkTarget, now: Timestamp) -> Arc<Vec<String>> {
        let name = format!("{}#{}", target.tenant, target.program);
        let known = {
            let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cache.get(&name).map(|(hosts, since)| (Arc::clone(hosts), since))
        };
        if let Some((hosts, since)) = &known
            && is_within(now, *since, FRESH)
        {
            return Arc::clone(hosts);
        }
        match store.get_program(&TenantKey::from(&target.tenant), &target.program).await {
            Ok(program) => {
                let hosts = Arc::new(program.map(|program| program.allowed_hosts).unwrap_or_default());
                self.0.lock().unwrap_or_else(PoisonError::into_inner).put(&name, Arc::clone(&hosts), now);
                hosts
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, program.id = %target.program, "the programme's hosts could not be read");
                known.map(|(hosts, _)| hosts).unwrap_or_default()
            }
        }
    }
}

/// The host of a web address, in normal form; an origin such as `null` has none.
fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    domain::host::normal(url.host_str()?)
}
