//! In whose name a partner is written to: on a receipt and in a mail alike.

use domain::id::PartnerId;
use store::{Store, StoreError, TenantKey};

/// The name where there is no programme to name.
const NAMELESS: &str = "Tributary";

/// The name of the partner's programme; of the oldest, where there are several (an account spans them).
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn issuer_of(store: &Store, tenant: &TenantKey, partner: &PartnerId) -> Result<String, StoreError> {
    let enrolments = store.list_enrolments(tenant, partner).await?;
    let Some(oldest) = enrolments.first() else {
        return Ok(NAMELESS.to_owned());
    };
    let program = store.get_program(tenant, &oldest.program).await?;
    Ok(program.map_or_else(|| NAMELESS.to_owned(), |program| program.name))
}
