//! `tributary verify`.

use store::TenantKey;

use crate::{Error, Said, Tenant, connection};

/// Walks everything and tells each law that does not hold.
pub(crate) async fn verify(tenant: &Tenant) -> Result<Said, Error> {
    let connection = connection::connect()?;
    let verified = cases::verify::verify(&connection.store, &TenantKey::from(&tenant.id()?)).await?;
    Ok(Said { text: verified.to_string(), good: verified.breaches.is_empty() })
}
