//! The tenant's key for hashes of accounts and taxpayers' numbers: made once, sealed, opened where a hash is made.

use domain::payee::FingerprintKey;
use store::{Store, TenantKey, Written};

use crate::problem::Problem;
use crate::random;
use crate::sealing::{Belongs, Sealed, Sealer, SealingError};
use crate::telemetry::chain;

const SUBJECT: &str = "fingerprints";
const FIELD: &str = "fingerprint_key";

/// The key of a tenant; its first use makes it.
///
/// # Errors
/// 503 where the store or the key service is away, 500 where the key does not open.
pub async fn fingerprint_key(store: &Store, sealer: &Sealer, tenant: &TenantKey) -> Result<FingerprintKey, Problem> {
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: SUBJECT, field: FIELD };
    let sealed = match store.get_fingerprint_key(tenant).await? {
        Some(sealed) => sealed,
        None => {
            let fresh = random::bytes::<32>();
            let sealed = sealer.seal(&belongs, &fresh).await.map_err(|error| refused(&error))?.to_string();
            match store.create_fingerprint_key(tenant, &sealed).await? {
                Written::Yes => sealed,
                // Of two at once the first one's stands: another key would know nobody again.
                Written::ConditionFailed => store.get_fingerprint_key(tenant).await?.unwrap_or(sealed),
            }
        }
    };
    let sealed: Sealed = sealed.parse().map_err(|error| refused(&error))?;
    let opened = sealer.open(&belongs, &sealed).await.map_err(|error| refused(&error))?;
    let bytes: &[u8; 32] = opened.reveal().as_slice().try_into().map_err(|_| refused(&SealingError::Malformed))?;
    Ok(FingerprintKey::from_bytes(bytes))
}

fn refused(error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(reason, "key service away, request refused");
            Problem::unavailable("bank details cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(reason, "the key of hashes of accounts does not open");
            Problem::internal()
        }
    }
}
