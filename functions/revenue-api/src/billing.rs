//! Billing's surroundings: whose account at Stripe, under which key, and what seals who is billed.

use domain::id::{CustomerId, TenantId};
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, Sealer, SealingError};
use edge::secrets::SecretError;
use edge::telemetry::chain;
use stripe::{AccountError, Accounts, Patience, Stripe};

pub use stripe::Keys;

/// A client for callers who wait for the answer; each tenant brings its own key.
///
/// # Errors
/// The system has no roots of trust.
pub fn client(url: &str) -> Result<Stripe, std::io::Error> {
    stripe::client(url, Patience::CALLER)
}

/// What the billing paths stand on.
#[derive(Clone)]
pub struct Billing {
    accounts: Accounts,
    sealer: Sealer,
    is_taxed_by_stripe: bool,
}

impl Billing {
    /// Over clients that exist; the client's own key is never used.
    #[must_use]
    pub fn new(stripe: Stripe, keys: Keys, sealer: Sealer, is_taxed_by_stripe: bool) -> Self {
        Self { accounts: Accounts::new(stripe, keys), sealer, is_taxed_by_stripe }
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
        self.accounts.of(tenant).await.map_err(|error| match error {
            AccountError::NotSetUp => {
                Problem::unprocessable("billing is not set up: the stage's secret has no stripe_secret_key")
                    .kind("billing-not-set-up")
            }
            AccountError::Unreadable(error) => unreadable(tenant, &error),
        })
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
