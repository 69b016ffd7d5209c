//! Whose account at Stripe, under which key: the default tenant's in the stage's secret, the others' by their names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::TenantId;
use edge::clock::Stopwatch;
use edge::secrets::{NamedSecrets, SecretError};
use edge::telemetry::Secret;
use thiserror::Error;

use crate::{Call, Patience, Stripe};

/// How long a key of Stripe's is remembered: a new one works within this time.
const REMEMBERED_MS: u64 = 5 * 60_000;

/// Where the keys of tenants' Stripe accounts are kept.
#[derive(Clone)]
pub struct Keys {
    /// Secrets Manager.
    pub secrets: NamedSecrets,
    /// The stage, with which the names of tenants' secrets begin: `<stage>/stripe/<tenant>`.
    pub stage: String,
    /// The stage's own secret, which holds the default tenant's key.
    pub stage_secret_arn: String,
}

/// Why there is no account to call.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The operator has not set Stripe up.
    #[error("the stage's secret has no stripe_secret_key")]
    NotSetUp,
    /// The key cannot be read.
    #[error("reading the key of a tenant's stripe account")]
    Unreadable(#[source] SecretError),
}

impl AccountError {
    /// Will asking again say the same, until an operator has set it right? Not where the secrets are only away.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        match self {
            Self::NotSetUp | Self::Unreadable(SecretError::Missing | SecretError::Malformed { .. }) => true,
            Self::Unreadable(SecretError::Unavailable(_)) => false,
        }
    }
}

type Known = BTreeMap<TenantId, (Stopwatch, Secret<String>)>;

/// The accounts of all tenants, over one client's connections. Its copies remember together.
#[derive(Clone)]
pub struct Accounts {
    stripe: Stripe,
    keys: Keys,
    known: Arc<Mutex<Known>>,
}

/// A client without a key: each tenant brings its own. Every attempt is one line of the log, from which
/// `stripe_api_calls_total` is counted.
///
/// # Errors
/// The system has no roots of trust.
pub fn client(url: &str, patience: Patience) -> Result<Stripe, std::io::Error> {
    Stripe::new(url, Secret::new(String::new()), patience, Arc::new(heard))
}

fn heard(call: &Call) {
    let Call { doing, status, duration_ms } = *call;
    tracing::info!(stripe_api_calls_total = 1, doing, status, duration_ms, "stripe called");
}

impl Accounts {
    /// Over a client that exists; its own key is never used.
    #[must_use]
    pub fn new(stripe: Stripe, keys: Keys) -> Self {
        Self { stripe, keys, known: Arc::default() }
    }

    /// A tenant's account.
    ///
    /// # Errors
    /// The tenant has none, or its key cannot be read.
    pub async fn of(&self, tenant: &TenantId) -> Result<Stripe, AccountError> {
        if let Some(key) = self.remembered(tenant) {
            return Ok(self.stripe.for_account(key));
        }
        let key = self.read(tenant).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(tenant.clone(), (Stopwatch::start(), key.clone()));
        Ok(self.stripe.for_account(key))
    }

    fn remembered(&self, tenant: &TenantId) -> Option<Secret<String>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, key) = known.get(tenant)?;
        (since.elapsed_ms() < REMEMBERED_MS).then(|| key.clone())
    }

    async fn read(&self, tenant: &TenantId) -> Result<Secret<String>, AccountError> {
        let Keys { secrets, stage, stage_secret_arn } = &self.keys;
        if *tenant == TenantId::default_tenant() {
            let secret = secrets.stage(stage_secret_arn).await.map_err(AccountError::Unreadable)?;
            return secret.stripe_secret_key.ok_or(AccountError::NotSetUp);
        }
        let named = secrets.get(&format!("{stage}/stripe/{tenant}")).await;
        named.map(|key| key.current).map_err(AccountError::Unreadable)
    }
}
