//! Whom a rail is told: opened from the payee's method at the moment when it is needed, and kept nowhere.

use domain::payee::{Destination, Payee};
use domain::payout::Payout;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::Secret;
use store::TenantKey;
use thiserror::Error;

use crate::App;

/// Why nobody can be told.
#[derive(Debug, Error)]
pub(crate) enum NoDestination {
    /// The method is not the partner's any more, or is of another kind: the payout is refused.
    #[error("the payout method is not there any more")]
    Gone,
    /// The store or the key service is away: later.
    #[error("reading the payout method")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is sealed does not open, or says something else: a person must look.
    #[error("the payout method cannot be opened")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl App {
    /// The connected account that a payout goes to.
    pub(crate) async fn account_of(
        &self,
        tenant: &TenantKey,
        payout: &Payout,
    ) -> Result<Secret<String>, NoDestination> {
        let Some(Payee { method, .. }) = &payout.terms.payee else { return Err(NoDestination::Gone) };
        let methods = self.store.get_payout_methods(tenant, &payout.partner).await;
        let methods = methods.map_err(|error| NoDestination::Away(error.into()))?;
        let method = methods.get(method).ok_or(NoDestination::Gone)?;
        let field = format!("payout_method:{}", method.id);
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: payout.partner.as_str(), field: &field };
        let sealed: Sealed = method.sealed.parse().map_err(not_opened)?;
        let opened = self.sealer.open_text(&belongs, &sealed).await.map_err(not_opened)?;
        match serde_json::from_str(opened.reveal()) {
            Ok(Destination::StripeConnect { account_id }) => Ok(Secret::new(account_id)),
            Ok(_) => Err(NoDestination::Gone),
            // The reason is not told: it could quote what was sealed.
            Err(_) => Err(NoDestination::Broken("what was sealed is no destination".into())),
        }
    }
}

fn not_opened(error: SealingError) -> NoDestination {
    match error {
        SealingError::Unavailable(_) => NoDestination::Away(error.into()),
        SealingError::NotAuthentic | SealingError::Malformed => NoDestination::Broken(error.into()),
    }
}
