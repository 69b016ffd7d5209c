//! Stripe's webhook signature: HMAC-SHA256 of `"{t}.{raw body}"` under the whole `whsec_…` text.

use ring::hmac;

/// How far the signing time may be from ours, both ways.
pub const TOLERANCE_S: i64 = 300;

/// A header longer than this is not Stripe's; it is refused before it is parsed.
const HEADER_BYTES_MAX: usize = 4096;

/// The secrets that may have signed: the current one, and the previous one while a change is under way.
pub struct SigningSecrets {
    keys: Vec<hmac::Key>,
}

impl SigningSecrets {
    /// Empty texts are left out: an empty HMAC key would let anybody sign.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let keys = secrets
            .into_iter()
            .filter(|secret| !secret.is_empty())
            .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
            .collect();
        Self { keys }
    }

    /// Is there anything to verify with?
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Why a signature is refused. The sender learns none of it: it is for our log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// No `Stripe-Signature` header.
    #[error("not signed")]
    Missing,
    /// The header is not `t=…,v1=…`.
    #[error("malformed signature header")]
    Malformed,
    /// No `v1` signature is by a secret of ours over these bytes.
    #[error("no valid signature")]
    NoMatch,
    /// Genuine, but signed too long ago: a replay.
    #[error("signed too long ago")]
    TooOld,
    /// Genuine, but signed in our future.
    #[error("signed in the future")]
    TooNew,
}

/// Checks the header against the raw body at the time `now_s` (Unix seconds).
///
/// # Errors
/// The reason of the refusal.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &SigningSecrets, now_s: i64) -> Result<(), SignatureRefused> {
    let header = header.ok_or(SignatureRefused::Missing)?;
    let parts = Parts::parse(header)?;
    if !parts.is_signed_by_one_of(secrets, body) {
        return Err(SignatureRefused::NoMatch);
    }
    // Both ways: a time in the future would be a signature that stays good for as long as its maker likes.
    if now_s.saturating_sub(parts.time_s) > TOLERANCE_S {
        return Err(SignatureRefused::TooOld);
    }
    if parts.time_s.saturating_sub(now_s) > TOLERANCE_S {
        return Err(SignatureRefused::TooNew);
    }
    Ok(())
}

struct Parts<'a> {
    time_text: &'a str,
    time_s: i64,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Parts<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureRefused> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(SignatureRefused::Malformed);
        }
        let mut time_text = None;
        let mut signatures = Vec::new();
        for part in header.split(',') {
            let (scheme, value) = part.trim().split_once('=').ok_or(SignatureRefused::Malformed)?;
            match scheme {
                "t" if time_text.is_some() => return Err(SignatureRefused::Malformed),
                "t" => time_text = Some(value),
                // A v1 that is no hexadecimal cannot match; its neighbours still may.
                "v1" => signatures.extend(hex::decode(value).ok()),
                // v0 and schemes of the future are no proof to us.
                _ => {}
            }
        }
        let time_text = time_text.filter(|text| is_plain_number(text)).ok_or(SignatureRefused::Malformed)?;
        let time_s = time_text.parse().map_err(|_| SignatureRefused::Malformed)?;
        Ok(Self { time_text, time_s, signatures })
    }

    fn is_signed_by_one_of(&self, secrets: &SigningSecrets, body: &[u8]) -> bool {
        let mut signed = Vec::with_capacity(self.time_text.len() + 1 + body.len());
        signed.extend_from_slice(self.time_text.as_bytes());
        signed.push(b'.');
        signed.extend_from_slice(body);
        // ring compares in constant time.
        secrets
            .keys
            .iter()
            .any(|key| self.signatures.iter().any(|signature| hmac::verify(key, &signed, signature).is_ok()))
    }
}

/// Digits only: `+12` and ` 12` parse as numbers elsewhere, and are not what Stripe signs.
fn is_plain_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
