//! Stripe's webhook signature: HMAC-SHA256 of `"{t}.{raw body}"` under the whole `whsec_…` text.

use super::{HEADER_BYTES_MAX, SignatureRefused, SigningSecrets, check_time, plain_number};

/// Checks the header against the raw body at the time `now_s` (Unix seconds).
///
/// # Errors
/// The reason of the refusal.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &SigningSecrets, now_s: i64) -> Result<(), SignatureRefused> {
    let parts = Parts::parse(header.ok_or(SignatureRefused::Missing)?)?;
    let signed = [parts.time_text.as_bytes(), b".", body].concat();
    if !secrets.have_signed(&signed, &parts.signatures) {
        return Err(SignatureRefused::NoMatch);
    }
    check_time(parts.time_s, now_s)
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
        let time_text = time_text.ok_or(SignatureRefused::Malformed)?;
        let time_s = plain_number(time_text).ok_or(SignatureRefused::Malformed)?;
        Ok(Self { time_text, time_s, signatures })
    }
}
