//! Who is calling: bearer keys, their roles, and the refusals 401 and 403.
//!
//! A key is `trb_`, its tenant's ULID in lower case, 32 random bytes in base64url and a checksum. The checksum is
//! looked at before anything is looked up: a mistyped key costs no read. Stored is the SHA-256 of the whole text.
//! A key that was found is remembered for a minute by each process: a revocation works within that minute.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, FromRequestParts};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::digest::Digest;
use domain::id::{KeyId, TenantId};
use domain::role::Role;
use http::header::AUTHORIZATION;
use http::request::Parts;
use store::api_keys::ApiKey;
use store::{Store, TenantKey};

use crate::clock::Stopwatch;
use crate::problem::Problem;
use crate::random;
use crate::telemetry::Secret;

const PREFIX: &str = "trb_";
const ULID_CHARS: usize = 26;
const RANDOM_CHARS: usize = 43;
const CHECK_CHARS: usize = 6;
const KEY_CHARS: usize = PREFIX.len() + ULID_CHARS + RANDOM_CHARS + CHECK_CHARS;
/// How long a found key is remembered, and how many are.
const REMEMBERED_MS: u64 = 60_000;
const REMEMBERED_MAX: usize = 1_024;

/// The text of a key whose checksum is right; whether it was ever minted is another question.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedKey {
    tenant: TenantId,
    hash: Digest,
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({}, [redacted])", self.tenant)
    }
}

impl PresentedKey {
    /// Reads a key's text; None when its shape or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != KEY_CHARS || !text.is_ascii() {
            return None;
        }
        let (signed, check) = text.split_at(KEY_CHARS - CHECK_CHARS);
        let (ulid, random) = signed.strip_prefix(PREFIX)?.split_at(ULID_CHARS);
        let lower = !ulid.bytes().any(|b| b.is_ascii_uppercase());
        if !lower || checksum(signed) != check || URL_SAFE_NO_PAD.decode(random).is_err() {
            return None;
        }
        let tenant = TenantId::parse(&format!("ten_{}", ulid.to_ascii_uppercase())).ok()?;
        Some(Self { tenant, hash: hash_of(text) })
    }

    /// The tenant that the key names.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// SHA-256 of the text: what is stored.
    pub fn hash(&self) -> &Digest {
        &self.hash
    }
}

/// A new key's text, shown once.
pub fn mint(tenant: &TenantId) -> Secret<String> {
    mint_from(tenant, &random::bytes::<32>())
}

/// The text of the key that these bytes give: for demo tenants and tests, whose keys are the same each time.
pub fn mint_from(tenant: &TenantId, bytes: &[u8; 32]) -> Secret<String> {
    let ulid = tenant.as_str().trim_start_matches("ten_").to_ascii_lowercase();
    let mut text = format!("{PREFIX}{ulid}{}", URL_SAFE_NO_PAD.encode(bytes));
    let check = checksum(&text);
    text.push_str(&check);
    Secret::new(text)
}

/// SHA-256 of a key's text.
pub fn hash_of(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

/// CRC-32 in base 62, six characters: it finds slips of the finger, it protects nothing.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = usize::try_from(crc32fast::hash(text.as_bytes())).unwrap_or_default();
    let mut digits = [b'0'; CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant; it comes from the credential and from nowhere else.
    pub tenant: TenantId,
    /// What the caller may do.
    pub role: Role,
    /// The id of the partner or user, or a machine's name.
    pub subject: String,
    /// The key that was presented.
    pub key_id: KeyId,
}

impl Caller {
    /// Lets only these roles pass.
    ///
    /// # Errors
    /// 403 for any other.
    pub fn require(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        let allowed: Vec<_> = roles.iter().map(|role| role.word()).collect();
        Err(Problem::forbidden(format!("the role {} may not do this; {} may", self.role.word(), allowed.join(", "))))
    }

    /// The subject that the caller is confined to: its own, for partners and members; None for the others.
    pub fn confined_to(&self) -> Option<&str> {
        matches!(self.role, Role::Partner | Role::Member).then_some(self.subject.as_str())
    }

    /// The caller's tenant, as the store wants it.
    pub fn tenant_key(&self) -> TenantKey {
        TenantKey::from(&self.tenant)
    }
}

/// Looks keys up, and remembers them for a minute.
#[derive(Clone)]
pub struct Gate {
    store: Store,
    remembered: Arc<Mutex<BTreeMap<Digest, (Stopwatch, ApiKey)>>>,
}

impl Gate {
    /// A gate before this store's keys.
    pub fn new(store: Store) -> Self {
        Self { store, remembered: Arc::default() }
    }

    /// Who presents this `Authorization` header.
    ///
    /// # Errors
    /// 401 without a key or with a bad one; 503 when keys can't be looked up.
    pub async fn caller(&self, authorization: Option<&str>) -> Result<Caller, Problem> {
        let Some(text) = authorization.and_then(bearer) else {
            return Err(Problem::unauthorized("send an API key: Authorization: Bearer trb_…"));
        };
        let refused = || Problem::unauthorized("this API key is not valid");
        let presented = PresentedKey::parse(text).ok_or_else(refused)?;
        let known = match self.remembered(presented.hash()) {
            Some(known) => known,
            None => self.look_up(&presented).await?.ok_or_else(refused)?,
        };
        Ok(Caller { tenant: known.tenant, role: known.role, subject: known.subject, key_id: known.id })
    }

    async fn look_up(&self, presented: &PresentedKey) -> Result<Option<ApiKey>, Problem> {
        let tenant = TenantKey::from(presented.tenant());
        let found = self.store.get_api_key(&tenant, presented.hash()).await?;
        let valid = found.filter(|key| key.revoked_at.is_none() && key.tenant == presented.tenant);
        if let Some(key) = &valid {
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(presented.hash, (Stopwatch::start(), key.clone()));
        }
        Ok(valid)
    }

    fn remembered(&self, hash: &Digest) -> Option<ApiKey> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, key) = remembered.get(hash)?;
        (since.elapsed_ms() < REMEMBERED_MS).then(|| key.clone())
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, text) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AnyCaller(caller) = AnyCaller::from_request_parts(parts, state).await?;
        // A key that everybody can read opens no door that has not been made for it.
        if caller.role == Role::Publishable {
            return Err(Problem::forbidden("a publishable key leaves leads, and may do nothing else"));
        }
        Ok(caller)
    }
}

/// Whoever presents a key, also one that stands in a page for everybody to read. For doors that are made for those; all
/// others take [`Caller`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyCaller(pub Caller);

impl<S> FromRequestParts<S> for AnyCaller
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // A layer before this one may have asked already.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone()));
        }
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let caller = Gate::from_ref(state).caller(header.as_deref()).await?;
        parts.extensions.insert(caller.clone());
        Ok(Self(caller))
    }
}

#[cfg(test)]
pub(crate) mod tests;
