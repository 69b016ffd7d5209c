//! TRK-3: the salt of a day. It is random, kept for 48 hours from the day's beginning and then gone for good: what was
//! hashed under it can be joined to nothing any more, not even by who has every other secret.

use ring::hmac;

use super::{Origin, VisitorHash};

/// How many random bytes a salt is.
pub const SALT_BYTES: usize = 32;

/// The salt of one UTC day, ready to hash with.
pub struct DaySalt {
    visitor: hmac::Key,
    pub(super) device: hmac::Key,
}

impl DaySalt {
    /// From its random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let derive = |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        Self { visitor: derive(b"tributary click visitor"), device: derive(b"tributary click device") }
    }

    /// The visitor behind an address and a user agent; the address itself is never kept.
    #[must_use]
    pub fn visitor(&self, origin: Origin<'_>) -> VisitorHash {
        hashed(&self.visitor, &[origin.address, origin.user_agent])
    }
}

/// Eight bytes of the keyed hash of some texts.
pub(super) fn hashed(key: &hmac::Key, parts: &[&str]) -> VisitorHash {
    let mut said = hmac::Context::with_key(key);
    for part in parts {
        said.update(part.as_bytes());
        said.update(b"\n");
    }
    let mut cut = [0; 8];
    for (to, from) in cut.iter_mut().zip(said.sign().as_ref()) {
        *to = *from;
    }
    VisitorHash(cut)
}
