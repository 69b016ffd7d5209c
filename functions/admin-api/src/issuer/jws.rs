//! Signed tokens (RFC 7515, compact) and the keys that they are checked by (RFC 7517): RS256, ES256 and EdDSA.
//!
//! What a key may verify is said by the key and by nothing that comes with the token: a token that says `none`, or takes a
//! public key for a shared secret, finds no key. Signatures are ring's; the crates that would do the rest either carry
//! another TLS library's mathematics or read a claim of the wrong type as none (docs/adr/0019).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;

/// More than any token has that a person signs in by.
pub(crate) const TOKEN_CHARS_MAX: usize = 8_192;
/// An uncompressed point begins so.
const UNCOMPRESSED: u8 = 4;
/// Bytes of a coordinate of P-256, and of a key of Ed25519.
const COORDINATE_BYTES: usize = 32;

/// Why a text is no token of the issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not three parts of base64url with JSON in the first two.
    Shape,
    /// Its header says that it is another kind of token.
    Kind,
    /// It is signed by an algorithm that is not taken, or wants something understood that is not.
    Algorithm,
    /// The signature is not the key's.
    Signature,
}

/// A token's parts, before anything of it is believed.
pub(crate) struct Unchecked<'a> {
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: String,
    /// Which key it says that it is signed by.
    pub(crate) kid: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// What kind of token it is.
    typ: Option<String>,
    kid: Option<String>,
    /// Extensions that must be understood: none is.
    crit: Option<serde_json::Value>,
    /// A payload that is not base64url (RFC 7797).
    b64: Option<serde_json::Value>,
}

impl<'a> Unchecked<'a> {
    /// Takes a token apart.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Unfit> {
        if text.len() > TOKEN_CHARS_MAX {
            return Err(Unfit::Shape);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Unfit::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(Unfit::Shape)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Unfit::Shape);
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Unfit::Shape)?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(Unfit::Algorithm);
        }
        // RFC 8725, 3.12: a token for an API (`at+jwt`) or of a logout is signed by the same keys.
        if header.typ.as_deref().is_some_and(|typ| !is_plain(typ)) {
            return Err(Unfit::Kind);
        }
        let (payload, signature) = (decoded(payload)?, decoded(signature)?);
        Ok(Self { signed, payload, signature, algorithm: header.alg, kid: header.kid })
    }

    /// What the token says, once a key vouches for it.
    pub(crate) fn checked(&self, key: &VerifyingKey) -> Result<&[u8], Unfit> {
        if self.algorithm != key.algorithm() {
            return Err(Unfit::Algorithm);
        }
        let (message, signature) = (self.signed.as_bytes(), self.signature.as_slice());
        let is_good = match key {
            VerifyingKey::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            VerifyingKey::P256(point) => is_by(&ECDSA_P256_SHA256_FIXED, point, message, signature),
            VerifyingKey::Ed25519(point) => is_by(&ED25519, point, message, signature),
        };
        if is_good { Ok(&self.payload) } else { Err(Unfit::Signature) }
    }
}

/// Is it the kind of token that an ID token is? RFC 7519, 5.1: `JWT`, as a media type or without its beginning.
fn is_plain(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ) == "jwt"
}

fn is_by(how: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(how, key).verify(message, signature).is_ok()
}

/// A public key of the issuer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VerifyingKey {
    /// Of RS256.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// Of ES256: an uncompressed point.
    P256(Vec<u8>),
    /// Of EdDSA.
    Ed25519(Vec<u8>),
}

/// A key as it is published; what it has beside this says nothing here.
#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl VerifyingKey {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn read(published: &Published) -> Option<Self> {
        let bytes = |field: &Option<String>| URL_SAFE_NO_PAD.decode(field.as_deref()?).ok();
        let coordinate = |field| bytes(field).filter(|bytes| bytes.len() == COORDINATE_BYTES);
        let key = match (published.kty.as_str(), published.crv.as_deref()) {
            ("RSA", _) => Self::Rsa { n: bytes(&published.n)?, e: bytes(&published.e)? },
            ("EC", Some("P-256")) => {
                let (x, y) = (coordinate(&published.x)?, coordinate(&published.y)?);
                Self::P256([vec![UNCOMPRESSED], x, y].concat())
            }
            ("OKP", Some("Ed25519")) => Self::Ed25519(coordinate(&published.x)?),
            _ => return None,
        };
        // A key that is published for something else checks nothing here.
        let is_for_this = published.alg.as_deref().is_none_or(|alg| alg == key.algorithm());
        let is_for_signing = published.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        (is_for_this && is_for_signing).then_some(key)
    }
}

/// The keys that an issuer publishes, of those that are understood here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeySet(Vec<(Option<String>, VerifyingKey)>);

impl KeySet {
    /// Reads a set; what is not understood in it is left out. None where it is no set.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(bytes).ok()?;
        let keys = set.keys.into_iter().filter_map(|value| serde_json::from_value::<Published>(value).ok());
        Some(Self(keys.filter_map(|one| Some((one.kid.clone(), VerifyingKey::read(&one)?))).collect()))
    }

    /// The key that a token says it is signed by; where it says none, the only one that there is.
    pub(crate) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match (kid, self.0.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|(known, _)| known.as_deref() == Some(kid)).map(|(_, key)| key),
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
