//! Random names, in the shapes that AWS gives them.

use ring::rand::{SecureRandom, SystemRandom};

/// A version 4 UUID.
pub(crate) fn uuid() -> String {
    let mut bytes = random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Letters and digits that nobody guesses.
pub(crate) fn password(length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789xy";
    let mut out = String::new();
    while out.len() < length {
        for byte in random() {
            if out.len() < length {
                out.push(char::from(ALPHABET[usize::from(byte % 64)]));
            }
        }
    }
    out
}

#[expect(clippy::expect_used, reason = "cannot fail: the system's random source is there or nothing is")]
fn random() -> [u8; 16] {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system's random source");
    bytes
}
