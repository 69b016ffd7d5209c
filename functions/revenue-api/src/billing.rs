//! Billing's surroundings: whose account at Stripe, under which key, and what seals who is billed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{CustomerId, TenantId};
use edge::clock::Stopwatch;
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, Sealer, SealingError};
use edge::secrets::{NamedSecrets, SecretError};
use edge::telemetry::{Secret, chain};
use stripe::{Call, Patience, Stripe};

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

/// A client without a key: each tenant brings its own.
///
/// # Errors
/// The system has no roots of trust.
pub fn client(url: &str) -> Result<Stripe, std::io::Error> {
    Stripe::new(url, Secret::new(String::new()), Patience::CALLER, Arc::new(heard))
}

/// Every attempt at Stripe's API is one line, from which `stripe_api_calls_total` is counted.
fn heard(call: &Call) {
    let Call { doing, status, duration_ms } = *call;
    tracing::info!(stripe_api_calls_total = 1, doing, status, duration_ms, "stripe called");
}

type Known = BTreeMap<TenantId, (Stopwatch, Secret<String>)>;

/// What the billing paths stand on.
#[derive(Clone)]
pub struct Billing {
    stripe: Stripe,
    keys: Keys,
    sealer: Sealer,
    is_taxed_by_stripe: bool,
    known: Arc<Mutex<Known>>,
}

impl Billing {
    /// Over clients that exist; the client's own key is never used.
    #[must_use]
    pub fn new(stripe: Stripe, keys: Keys, sealer: Sealer, is_taxed_by_stripe: bool) -> Self {
        Self { stripe, keys, sealer, is_taxed_by_stripe, known: Arc::default() }
    }

    /// Does Stripe find the tax of what is begun here?
    pub(crate) fn is_taxed_by_stripe(&self) -> bool {
        self.is_taxed_by_stripe
    }

    /// A tenant's account.
    ///
    /// # Errors
    /// The tenant has none, or its key cannot be read.
    pub(crate) async fn account(&self, tenant: &TenantId) -> Result<Stripe, Problem> {
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

    async fn read(&self, tenant: &TenantId) -> Result<Secret<String>, Problem> {
        let Keys { secrets, stage, stage_secret_arn } = &self.keys;
        if *tenant == TenantId::default_tenant() {
            let secret = secrets.stage(stage_secret_arn).await.map_err(|error| unreadable(tenant, &error))?;
            return secret.stripe_secret_key.ok_or_else(|| {
                Problem::unprocessable("billing is not set up: the stage's secret has no stripe_secret_key")
                    .kind("billing-not-set-up")
            });
        }
        let named = secrets.get(&format!("{stage}/stripe/{tenant}")).await;
        named.map(|key| key.current).map_err(|error| unreadable(tenant, &error))
    }

    /// Seals a field of who is billed.
    ///
    /// # Errors
    /// KMS is away.
    pub(crate) async fn seal(
        &self,
        tenant: &TenantId,
        customer: &CustomerId,
        (field, plain): (&str, &str),
    ) -> Result<String, Problem> {
        let belongs = Belongs { tenant: tenant.as_str(), subject: customer.as_str(), field };
        let sealed = self.sealer.seal_text(&belongs, plain).await.map_err(|error| not_opened(customer, &error))?;
        Ok(sealed.to_string())
    }

    /// Opens a field of who is billed.
    ///
    /// # Errors
    /// KMS is away, or the field belongs elsewhere.
    pub(crate) async fn open(
        &self,
        tenant: &TenantId,
        customer: &CustomerId,
        (field, sealed): (&str, &str),
    ) -> Result<String, Problem> {
        let belongs = Belongs { tenant: tenant.as_str(), subject: customer.as_str(), field };
        let sealed: Sealed = sealed.parse().map_err(|error| not_opened(customer, &error))?;
        let opened = self.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(customer, &error))?;
        Ok(opened.reveal().clone())
    }
}

fn unreadable(tenant: &TenantId, error: &SecretError) -> Problem {
    tracing::error!(tenant.id = %tenant, reason = chain(error), "the key of a tenant's stripe account cannot be read");
    Problem::unavailable("the key of the payment provider cannot be read; is it set up?").kind("billing-not-set-up")
}

fn not_opened(id: &CustomerId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(customer.id = %id, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(customer.id = %id, reason, "a sealed value does not open");
            Problem::internal()
        }
    }
}
