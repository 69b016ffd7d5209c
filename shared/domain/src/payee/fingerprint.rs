//! The keyed hash of an account: numbers of accounts are few enough to be tried one by one, so a bare hash hides nothing.

use std::fmt;

use ring::hmac;

use super::Destination;
use crate::digest::Digest;

/// The tenant's key for hashes of accounts.
#[derive(Clone)]
pub struct FingerprintKey(hmac::Key);

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("FingerprintKey([redacted])")
    }
}

impl FingerprintKey {
    /// The key of 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// FRD-1: the hash by which the same account is known again, whoever names it and for whichever rail.
    #[must_use]
    pub fn of(&self, destination: &Destination) -> Digest {
        let names = destination.names();
        self.of_parts(names.iter().map(String::as_str))
    }

    /// The hash of a taxpayer's number.
    #[must_use]
    pub fn of_tin(&self, digits: &str) -> Digest {
        self.of_parts(["tin", digits].into_iter())
    }

    /// The hash of what a tax form says: by it the same form, signed once more, is known again.
    #[must_use]
    pub fn of_form(&self, content: &str) -> Digest {
        self.of_parts(["tax form", content].into_iter())
    }

    /// The hash of the beginning of a word by which a partner is found: without the key nobody learns the word.
    #[must_use]
    pub fn of_beginning(&self, beginning: &str) -> Digest {
        self.of_parts(["beginning", beginning].into_iter())
    }

    fn of_parts<'a>(&self, parts: impl Iterator<Item = &'a str>) -> Digest {
        let mut said = hmac::Context::with_key(&self.0);
        for part in parts {
            // Each with its length, so that no two accounts read alike.
            said.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            said.update(part.as_bytes());
        }
        Digest::of_bytes(said.sign().as_ref())
    }
}
