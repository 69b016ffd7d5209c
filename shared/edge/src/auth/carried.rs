//! What callers carry: API keys, sessions, sign-in links. Each is a prefix, the ULIDs of whose it is in lower case, 32
//! random bytes in base64url and a checksum. The checksum is looked at before anything is looked up: a mistyped text
//! costs no read. Stored is the SHA-256 of the whole text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::digest::Digest;
use domain::id::{SessionId, TenantId, UserId};
use ulid::Ulid;

use crate::random;
use crate::telemetry::Secret;

const KEY: &str = "trb_";
const SESSION: &str = "trs_";
const LINK: &str = "trl_";
const ULID_CHARS: usize = 26;
const RANDOM_CHARS: usize = 43;
const CHECK_CHARS: usize = 6;

/// The text of a key whose checksum is right; whether it was ever minted is another question.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedKey {
    tenant: TenantId,
    hash: Digest,
}

/// The text of a session whose checksum is right.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedSession {
    /// The tenant that it names.
    pub tenant: TenantId,
    /// The user that it names.
    pub user: UserId,
    /// The session that it names.
    pub session: SessionId,
    /// SHA-256 of the text: what is stored.
    pub hash: Digest,
}

/// The text of a sign-in link's token whose checksum is right.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedLink {
    /// The tenant that it names.
    pub tenant: TenantId,
    /// The user that it names.
    pub user: UserId,
    /// SHA-256 of the text: what is stored.
    pub hash: Digest,
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({}, [redacted])", self.tenant)
    }
}

impl fmt::Debug for PresentedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedSession({}, [redacted])", self.session)
    }
}

impl fmt::Debug for PresentedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedLink({}, [redacted])", self.user)
    }
}

impl PresentedKey {
    /// Reads a key's text; None when its shape or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let ([tenant], hash) = read(KEY, text)?;
        Some(Self { tenant: TenantId::from_ulid(tenant), hash })
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

impl PresentedSession {
    /// Reads a session's text; None when its shape or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let ([tenant, user, session], hash) = read(SESSION, text)?;
        let (tenant, user) = (TenantId::from_ulid(tenant), UserId::from_ulid(user));
        Some(Self { tenant, user, session: SessionId::from_ulid(session), hash })
    }
}

impl PresentedLink {
    /// Reads a link's token; None when its shape or its checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let ([tenant, user], hash) = read(LINK, text)?;
        Some(Self { tenant: TenantId::from_ulid(tenant), user: UserId::from_ulid(user), hash })
    }
}

/// A new key's text, shown once.
pub fn mint(tenant: &TenantId) -> Secret<String> {
    mint_from(tenant, &random::bytes::<32>())
}

/// The text of the key that these bytes give: for demo tenants and tests, whose keys are the same each time.
pub fn mint_from(tenant: &TenantId, bytes: &[u8; 32]) -> Secret<String> {
    written(KEY, &[tenant.ulid()], bytes)
}

/// A new text of a session.
pub fn mint_session(tenant: &TenantId, user: &UserId, session: &SessionId) -> Secret<String> {
    written(SESSION, &[tenant.ulid(), user.ulid(), session.ulid()], &random::bytes::<32>())
}

/// A new sign-in link's token.
pub fn mint_link(tenant: &TenantId, user: &UserId) -> Secret<String> {
    written(LINK, &[tenant.ulid(), user.ulid()], &random::bytes::<32>())
}

/// SHA-256 of a text that is carried.
pub fn hash_of(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

pub(super) fn is_session(text: &str) -> bool {
    text.starts_with(SESSION)
}

fn written(prefix: &str, whose: &[Ulid], bytes: &[u8; 32]) -> Secret<String> {
    let mut text = prefix.to_owned();
    text.extend(whose.iter().map(|ulid| ulid.to_string().to_ascii_lowercase()));
    text.push_str(&URL_SAFE_NO_PAD.encode(bytes));
    let check = checksum(&text);
    text.push_str(&check);
    Secret::new(text)
}

fn read<const N: usize>(prefix: &str, text: &str) -> Option<([Ulid; N], Digest)> {
    let signed_chars = prefix.len() + N * ULID_CHARS + RANDOM_CHARS;
    if text.len() != signed_chars + CHECK_CHARS || !text.is_ascii() {
        return None;
    }
    let (signed, check) = text.split_at(signed_chars);
    let mut rest = signed.strip_prefix(prefix)?;
    if checksum(signed) != check {
        return None;
    }
    let mut whose = [Ulid::from(0_u128); N];
    for ulid in &mut whose {
        let (one, behind) = rest.split_at_checked(ULID_CHARS)?;
        let upper = one.to_ascii_uppercase();
        let read = Ulid::from_string(&upper).ok()?;
        // One id has one spelling: lower case, and none that means another by leaving bits over.
        if one.bytes().any(|byte| byte.is_ascii_uppercase()) || read.to_string() != upper {
            return None;
        }
        *ulid = read;
        rest = behind;
    }
    URL_SAFE_NO_PAD.decode(rest).ok()?;
    Some((whose, hash_of(text)))
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
