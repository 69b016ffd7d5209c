//! Standard Webhooks: `v1` is HMAC-SHA256 of `"{id}.{timestamp}.{raw body}"` under the bytes behind `whsec_`; `v1a` is
//! Ed25519 over the same under the public key behind `whpk_`.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::{hmac, signature};

use super::{HEADER_BYTES_MAX, SignatureRefused, SigningSecrets, check_time, plain_number};

const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";
const ID_CHARS_MAX: usize = 256;
/// How many bytes a new secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// As the reference libraries read it: with or without padding, and whatever the last bits are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The three headers of a message.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `webhook-id`.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`.
    pub signature: Option<&'a str>,
}

/// Checks the headers against the raw body at the time `now_s` (Unix seconds).
///
/// # Errors
/// The reason of the refusal.
pub fn verify(headers: Headers<'_>, body: &[u8], secrets: &SigningSecrets, now_s: i64) -> Result<(), SignatureRefused> {
    let (Some(id), Some(timestamp), Some(signatures)) = (headers.id, headers.timestamp, headers.signature) else {
        return Err(SignatureRefused::Missing);
    };
    if !(1..=ID_CHARS_MAX).contains(&id.len()) || signatures.len() > HEADER_BYTES_MAX {
        return Err(SignatureRefused::Malformed);
    }
    let time_s = plain_number(timestamp).ok_or(SignatureRefused::Malformed)?;
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let mut parts = signatures.split(' ').filter_map(|part| part.split_once(','));
    let is_genuine = parts.any(|(scheme, text)| {
        let Ok(given) = LENIENT.decode(text) else { return false };
        secrets.texts().any(|secret| is_signed(scheme, secret, &signed, &given))
    });
    if is_genuine { check_time(time_s, now_s) } else { Err(SignatureRefused::NoMatch) }
}

fn is_signed(scheme: &str, secret: &str, signed: &[u8], given: &[u8]) -> bool {
    match (scheme, secret.strip_prefix(PUBLIC_PREFIX)) {
        ("v1", None) => {
            let Some(key) = key_of(secret) else { return false };
            hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed, given).is_ok()
        }
        ("v1a", Some(public)) => {
            let Ok(public) = LENIENT.decode(public) else { return false };
            signature::UnparsedPublicKey::new(&signature::ED25519, public).verify(signed, given).is_ok()
        }
        // A scheme of the future, or one that the secret is not of, is no proof to us.
        _ => false,
    }
}

/// The bytes of a secret, with its prefix or without; none for what is no secret, or an empty one.
fn key_of(secret: &str) -> Option<Vec<u8>> {
    let text = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    LENIENT.decode(text).ok().filter(|key| !key.is_empty())
}

/// Is this a secret to begin with: `whsec_` and 24 to 64 bytes in base64?
#[must_use]
pub fn is_secret(text: &str) -> bool {
    let Some(key) = text.strip_prefix(SECRET_PREFIX) else { return false };
    base64::engine::general_purpose::STANDARD.decode(key).is_ok_and(|key| SECRET_BYTES.contains(&key.len()))
}

/// Is this a public key to begin with: `whpk_` and 32 bytes in base64?
#[must_use]
pub fn is_public_key(text: &str) -> bool {
    let Some(key) = text.strip_prefix(PUBLIC_PREFIX) else { return false };
    base64::engine::general_purpose::STANDARD.decode(key).is_ok_and(|key| key.len() == 32)
}
