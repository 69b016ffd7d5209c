//! Sealing: personal and bank data at rest, AES-256-GCM under data keys that KMS wraps.
//!
//! A data key belongs to one subject of one tenant: KMS unwraps it only under that encryption context, and the
//! cipher binds each value to its field besides. A value that was flipped, or moved to another field, subject
//! or tenant, does not open.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::clock::Stopwatch;
use crate::random;
use crate::telemetry::Secret;

/// The version of the sealed form that is written now.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
/// How long an unwrapped data key stays in memory, and how many do.
const CACHED_MS: u64 = 5 * 60 * 1_000;
const CACHED_MAX: usize = 128;

/// What a sealed value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belongs<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// The id of the person or partner.
    pub subject: &'a str,
    /// The field's name.
    pub field: &'a str,
}

/// Why a value could not be sealed or opened.
#[derive(Debug, Error)]
pub enum SealingError {
    /// KMS is away or refuses us: try again.
    #[error("asking KMS for a data key")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The value was altered, or belongs elsewhere.
    #[error("the sealed value is not authentic for its place")]
    NotAuthentic,
    /// The text is not a sealed value at all.
    #[error("not a sealed value")]
    Malformed,
}

/// A sealed value: opaque text that says nothing without KMS.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    v: u8,
    wrapped_key: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

/// Seals and opens values.
#[derive(Clone)]
pub struct Sealer {
    kms: Client,
    key_id: String,
    cache: Arc<Mutex<Cache>>,
}

/// Keyed by tenant and subject for sealing; and by the wrapped key too for opening.
type Place = (String, String, Vec<u8>);

#[derive(Default)]
struct Cache(BTreeMap<Place, Cached>);

#[derive(Clone)]
struct Cached {
    since: Stopwatch,
    data_key: Arc<DataKey>,
}

struct DataKey {
    plain: Secret<Vec<u8>>,
    wrapped: Vec<u8>,
}

impl Sealer {
    /// A sealer under one KMS key.
    pub fn new(kms: Client, key_id: impl Into<String>) -> Self {
        Self { kms, key_id: key_id.into(), cache: Arc::default() }
    }

    /// A sealer over a configuration.
    pub fn connect(config: &aws_types::SdkConfig, key_id: impl Into<String>) -> Self {
        Self::new(Client::new(config), key_id)
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// KMS is away.
    pub async fn seal(&self, belongs: &Belongs<'_>, plain: &[u8]) -> Result<Sealed, SealingError> {
        let data_key = self.key_for_sealing(belongs).await?;
        let nonce = random::bytes::<NONCE_BYTES>();
        let mut ciphertext = plain.to_vec();
        cipher(&data_key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(belongs, VERSION)),
                &mut ciphertext,
            )
            .map_err(|_| SealingError::Malformed)?;
        Ok(Sealed { v: VERSION, wrapped_key: data_key.wrapped.clone(), nonce, ciphertext })
    }

    /// Opens a value from its place.
    ///
    /// # Errors
    /// KMS is away; or the value was altered or belongs elsewhere.
    pub async fn open(&self, belongs: &Belongs<'_>, sealed: &Sealed) -> Result<Secret<Vec<u8>>, SealingError> {
        if sealed.v != VERSION {
            return Err(SealingError::Malformed);
        }
        let data_key = self.key_for_opening(belongs, &sealed.wrapped_key).await?;
        let mut buffer = sealed.ciphertext.clone();
        let plain = cipher(&data_key)?
            .open_in_place(
                Nonce::assume_unique_for_key(sealed.nonce),
                Aad::from(associated(belongs, sealed.v)),
                &mut buffer,
            )
            .map_err(|_| SealingError::NotAuthentic)?
            .len();
        buffer.truncate(plain);
        Ok(Secret::new(buffer))
    }

    /// Seals a text.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub async fn seal_text(&self, belongs: &Belongs<'_>, plain: &str) -> Result<Sealed, SealingError> {
        self.seal(belongs, plain.as_bytes()).await
    }

    /// Opens a text.
    ///
    /// # Errors
    /// As [`Sealer::open`].
    pub async fn open_text(&self, belongs: &Belongs<'_>, sealed: &Sealed) -> Result<Secret<String>, SealingError> {
        let bytes = self.open(belongs, sealed).await?;
        let text = std::str::from_utf8(bytes.reveal()).map_err(|_| SealingError::Malformed)?;
        Ok(Secret::new(text.to_owned()))
    }

    async fn key_for_sealing(&self, belongs: &Belongs<'_>) -> Result<Arc<DataKey>, SealingError> {
        let place = (belongs.tenant.to_owned(), belongs.subject.to_owned(), Vec::new());
        if let Some(known) = self.cached(&place) {
            return Ok(known);
        }
        let made = self
            .kms
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(encryption_context(belongs)))
            .send()
            .await
            .map_err(|error| SealingError::Unavailable(error.into()))?;
        let data_key = Arc::new(DataKey {
            plain: Secret::new(made.plaintext.map(Blob::into_inner).unwrap_or_default()),
            wrapped: made.ciphertext_blob.map(Blob::into_inner).unwrap_or_default(),
        });
        self.keep((place.0.clone(), place.1.clone(), data_key.wrapped.clone()), &data_key);
        self.keep(place, &data_key);
        Ok(data_key)
    }

    async fn key_for_opening(&self, belongs: &Belongs<'_>, wrapped: &[u8]) -> Result<Arc<DataKey>, SealingError> {
        let place = (belongs.tenant.to_owned(), belongs.subject.to_owned(), wrapped.to_vec());
        if let Some(known) = self.cached(&place) {
            return Ok(known);
        }
        let opened = self
            .kms
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(encryption_context(belongs)))
            .send()
            .await
            .map_err(refused)?;
        let plain = Secret::new(opened.plaintext.map(Blob::into_inner).unwrap_or_default());
        let data_key = Arc::new(DataKey { plain, wrapped: wrapped.to_vec() });
        self.keep(place, &data_key);
        Ok(data_key)
    }

    fn cached(&self, place: &Place) -> Option<Arc<DataKey>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.0.get(place)?;
        (known.since.elapsed_ms() < CACHED_MS).then(|| Arc::clone(&known.data_key))
    }

    fn keep(&self, place: Place, data_key: &Arc<DataKey>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.0.len() >= CACHED_MAX {
            cache.0.retain(|_, known| known.since.elapsed_ms() < CACHED_MS);
        }
        if cache.0.len() >= CACHED_MAX {
            cache.0.clear();
        }
        cache.0.insert(place, Cached { since: Stopwatch::start(), data_key: Arc::clone(data_key) });
    }
}

/// KMS says "invalid ciphertext" both for a flipped key and for another encryption context.
fn refused(error: SdkError<DecryptError>) -> SealingError {
    match error.as_service_error() {
        Some(DecryptError::InvalidCiphertextException(_) | DecryptError::IncorrectKeyException(_)) => {
            SealingError::NotAuthentic
        }
        _ => SealingError::Unavailable(error.into()),
    }
}

fn cipher(data_key: &DataKey) -> Result<LessSafeKey, SealingError> {
    let key = UnboundKey::new(&AES_256_GCM, data_key.plain.reveal()).map_err(|_| SealingError::Malformed)?;
    Ok(LessSafeKey::new(key))
}

fn encryption_context(belongs: &Belongs<'_>) -> HashMap<String, String> {
    [("tenant", belongs.tenant), ("subject", belongs.subject)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Tenant, subject, field and version, each with its length, so that no two places read alike.
fn associated(belongs: &Belongs<'_>, version: u8) -> Vec<u8> {
    let mut bytes = vec![version];
    for part in [belongs.tenant, belongs.subject, belongs.field] {
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

impl Sealed {
    /// The sealed value as bytes, a third smaller than its text.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.v];
        bytes.extend(u16::try_from(self.wrapped_key.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(&self.wrapped_key);
        bytes.extend(self.nonce);
        bytes.extend(&self.ciphertext);
        bytes
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// Not a sealed value.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealingError> {
        let parts = || {
            let (v, rest) = bytes.split_first()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (wrapped_key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
            Some(Self { v: *v, wrapped_key: wrapped_key.to_vec(), nonce: *nonce, ciphertext: ciphertext.to_vec() })
        };
        parts().ok_or(SealingError::Malformed)
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.to_bytes()))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl FromStr for Sealed {
    type Err = SealingError;

    fn from_str(text: &str) -> Result<Self, SealingError> {
        Self::from_bytes(&STANDARD.decode(text).map_err(|_| SealingError::Malformed)?)
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
