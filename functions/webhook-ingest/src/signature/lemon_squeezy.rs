//! Lemon Squeezy's webhook signature: HMAC-SHA256 of the raw body, as hexadecimal. It carries no time: only natural keys
//! protect from a replay.

use super::{SignatureRefused, SigningSecrets};

/// Checks the `X-Signature` header against the raw body.
///
/// # Errors
/// The reason of the refusal.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &SigningSecrets) -> Result<(), SignatureRefused> {
    let header = header.ok_or(SignatureRefused::Missing)?;
    // 32 bytes, and nothing else, is a signature.
    let signature = Some(header).filter(|text| text.len() == 64).and_then(|text| hex::decode(text).ok());
    let signature = signature.ok_or(SignatureRefused::Malformed)?;
    if secrets.have_signed(body, &[signature]) { Ok(()) } else { Err(SignatureRefused::NoMatch) }
}
