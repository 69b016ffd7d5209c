//! Randomness: the only place of shipped code that draws it.

use domain::digest::Digest;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ulid::Ulid;

/// Random bytes from the operating system.
#[expect(clippy::expect_used, reason = "cannot fail: the kernel's generator answers once it is seeded")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the kernel's random generator");
    bytes
}

/// A ULID of that instant.
pub fn ulid(at: Timestamp) -> Ulid {
    let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ulid::from_parts(ms, u128::from_be_bytes(bytes::<16>()))
}

/// A ULID of that instant that is derived, not random: the same source makes the same one.
#[must_use]
pub fn ulid_from(at: Timestamp, source: Digest) -> Ulid {
    let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ulid::from_parts(ms, source.to_ulid().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_carries_its_instant_and_differs_from_the_next() {
        let at: Timestamp = "2026-09-01T00:00:00Z".parse().expect("instant");
        let (one, other) = (ulid(at), ulid(at));
        assert_eq!(i64::try_from(one.timestamp_ms()), Ok(at.as_millisecond()));
        assert_ne!(one, other);
    }
}
