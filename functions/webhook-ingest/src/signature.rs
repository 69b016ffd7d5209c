//! Who signed a body: the schemes of Stripe, of Lemon Squeezy, and of Standard Webhooks. Each is verified over the raw
//! bytes, in constant time, under the current secret or the one before.

pub mod lemon_squeezy;
pub mod standard;
pub mod stripe;

use ring::hmac;

/// How far the signing time may be from ours, both ways.
pub const TOLERANCE_S: i64 = 300;

/// A header longer than this is nobody's; it is refused before it is parsed.
const HEADER_BYTES_MAX: usize = 4096;

/// The secrets that may have signed: the current one, and the previous one while a change is under way.
pub struct SigningSecrets {
    secrets: Vec<edge::telemetry::Secret<String>>,
}

impl SigningSecrets {
    /// Empty texts are left out: an empty HMAC key would let anybody sign.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let kept = secrets.into_iter().filter(|secret| !secret.is_empty());
        Self { secrets: kept.map(|secret| edge::telemetry::Secret::new(secret.to_owned())).collect() }
    }

    /// Is there anything to verify with?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The secrets, the current one first.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|secret| secret.reveal().as_str())
    }

    /// Is one of the signatures the HMAC-SHA256 of these bytes under the whole text of one of the secrets?
    fn have_signed(&self, signed: &[u8], signatures: &[Vec<u8>]) -> bool {
        let keys = self.texts().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        // ring compares in constant time.
        keys.into_iter().any(|key| signatures.iter().any(|signature| hmac::verify(&key, signed, signature).is_ok()))
    }
}

/// Why a signature is refused. The sender learns none of it: it is for our log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// A header of the scheme is not there.
    #[error("not signed")]
    Missing,
    /// A header is not of the scheme's shape.
    #[error("malformed signature header")]
    Malformed,
    /// No signature is by a secret of ours over these bytes.
    #[error("no valid signature")]
    NoMatch,
    /// Genuine, but signed too long ago: a replay.
    #[error("signed too long ago")]
    TooOld,
    /// Genuine, but signed in our future.
    #[error("signed in the future")]
    TooNew,
}

/// Both ways: a time in the future would be a signature that stays good for as long as its maker likes.
fn check_time(time_s: i64, now_s: i64) -> Result<(), SignatureRefused> {
    if now_s.saturating_sub(time_s) > TOLERANCE_S {
        return Err(SignatureRefused::TooOld);
    }
    if time_s.saturating_sub(now_s) > TOLERANCE_S {
        return Err(SignatureRefused::TooNew);
    }
    Ok(())
}

/// Digits only: `+12` and ` 12` parse as numbers elsewhere, and are not what is signed.
fn plain_number(text: &str) -> Option<i64> {
    let is_plain = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests;
