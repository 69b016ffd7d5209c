//! Through which door an event comes: whose it is, who sends there, and which secrets sign.
//!
//! A bare provider path is the default tenant's, and its secrets are the stage's. Any other door is an endpoint of a
//! tenant, whose id names the tenant. Doors are remembered for a minute; a signature that fits no secret asks again, but
//! not more often than each few seconds, so that whoever forges does not spend our reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{EndpointId, TenantId};
use domain::provider::Provider;
use edge::clock::Stopwatch;
use edge::secrets::{NamedSecrets, Rotating, SecretError, StageSecret};
use store::{Store, StoreError, TenantKey};
use thiserror::Error;

use crate::envelope::Envelope;
use crate::signature::SigningSecrets;

/// How long a door is remembered.
const REMEMBERED_MS: u64 = 60_000;
/// How old it must be for a signature that fits no secret to have it looked up again.
const DOUBTED_MS: u64 = 5_000;
/// How many are remembered.
const REMEMBERED_MAX: usize = 1_024;

/// A door.
pub(crate) struct Door {
    /// Whose events come through it.
    pub(crate) tenant: TenantId,
    /// The endpoint; none for a bare provider path.
    pub(crate) endpoint: Option<EndpointId>,
    /// Who sends there.
    provider: Provider,
    /// The stores or accounts whose events come through. Where none is named: any store's, and of Stripe's the platform's own.
    stores: Vec<String>,
    /// What signs there.
    pub(crate) secrets: SigningSecrets,
}

impl Door {
    /// ING-16: may this event come through? What names no store or account is of the door's own.
    pub(crate) fn is_for(&self, envelope: &Envelope) -> bool {
        let Some(store) = envelope.store.as_deref() else { return true };
        if self.stores.is_empty() {
            // An account that Stripe names is a connected one, as partners have: what it sells is no sale of the tenant's.
            return self.provider != Provider::Stripe || is_of_connected(&envelope.kind);
        }
        self.stores.iter().any(|known| known == store)
    }
}

/// What is told of connected accounts wherever their events come in: whether they may be paid, and what reached their banks.
fn is_of_connected(kind: &str) -> bool {
    kind == "account.updated" || kind.starts_with("payout.")
}

/// Which door is knocked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Knock {
    /// The bare path of a provider.
    Bare(Provider),
    /// An endpoint, at the path of its provider.
    Endpoint(Provider, EndpointId),
}

/// Why a door could not be looked up. The sender will try again.
#[derive(Debug, Error)]
pub(crate) enum DoorError {
    #[error("reading the endpoint")]
    Store(#[from] StoreError),
    #[error("reading the endpoint's secret")]
    Secret(#[from] SecretError),
}

/// What was found behind a knock, and when.
type Remembered = (Stopwatch, Option<Arc<Door>>);

/// All doors.
pub struct Doors {
    store: Store,
    secrets: NamedSecrets,
    stage_secret: String,
    remembered: Mutex<BTreeMap<Knock, Remembered>>,
}

impl Doors {
    /// Doors of these endpoints; `stage_secret` names the secret of the bare paths.
    #[must_use]
    pub fn new(store: Store, secrets: NamedSecrets, stage_secret: impl Into<String>) -> Self {
        Self { store, secrets, stage_secret: stage_secret.into(), remembered: Mutex::default() }
    }

    /// The door; none where there is none, or none of that provider.
    pub(crate) async fn find(&self, knock: &Knock) -> Result<Option<Arc<Door>>, DoorError> {
        self.find_younger(knock, REMEMBERED_MS).await
    }

    /// The door, looked up again where it was looked up some seconds ago: a secret may have been replaced since.
    pub(crate) async fn find_again(&self, knock: &Knock) -> Result<Option<Arc<Door>>, DoorError> {
        self.find_younger(knock, DOUBTED_MS).await
    }

    async fn find_younger(&self, knock: &Knock, age_ms: u64) -> Result<Option<Arc<Door>>, DoorError> {
        let known = {
            let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            remembered.get(knock).cloned()
        };
        if let Some((since, door)) = &known
            && since.elapsed_ms() < age_ms
        {
            return Ok(door.clone());
        }
        let found = match self.look_up(knock).await {
            Ok(found) => found.map(Arc::new),
            // Secrets Manager or the store is away: a door that was there a while ago is a door still.
            Err(error) => match known {
                Some((_, Some(door))) => return Ok(Some(door)),
                _ => return Err(error),
            },
        };
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(knock.clone(), (Stopwatch::start(), found.clone()));
        Ok(found)
    }

    async fn look_up(&self, knock: &Knock) -> Result<Option<Door>, DoorError> {
        match knock {
            Knock::Bare(provider) => self.stage_door(*provider).await,
            Knock::Endpoint(provider, endpoint) => self.endpoint_door(*provider, endpoint).await,
        }
    }

    async fn stage_door(&self, provider: Provider) -> Result<Option<Door>, DoorError> {
        let stage: StageSecret = self.secrets.stage(&self.stage_secret).await?;
        let (secret, stores) = match provider {
            Provider::Stripe => (stage.stripe_webhook_secret, Vec::new()),
            Provider::LemonSqueezy => (stage.lemon_squeezy_webhook_secret, stage.lemon_squeezy_stores),
            Provider::Standard | Provider::Track => return Ok(None),
        };
        // Without a secret the door is there, and nothing fits: Stripe tries again until the operator has set it.
        let secrets = SigningSecrets::new(secret.iter().flat_map(texts));
        Ok(Some(Door { tenant: TenantId::default_tenant(), endpoint: None, provider, stores, secrets }))
    }

    async fn endpoint_door(&self, provider: Provider, id: &EndpointId) -> Result<Option<Door>, DoorError> {
        let tenant = id.tenant();
        let found = self.store.get_endpoint(&TenantKey::from(&tenant), id).await?;
        let Some(endpoint) = found.filter(|found| found.provider == provider && found.disabled_at.is_none()) else {
            return Ok(None);
        };
        let secret = self.secrets.get(&endpoint.secret).await?;
        let secrets = SigningSecrets::new(texts(&secret));
        Ok(Some(Door { tenant, endpoint: Some(id.clone()), provider, stores: endpoint.stores, secrets }))
    }
}

/// The current text, and the one before.
fn texts(secret: &Rotating) -> impl Iterator<Item = &str> {
    std::iter::once(&secret.current).chain(secret.previous.as_ref()).map(|secret| secret.reveal().as_str())
}
