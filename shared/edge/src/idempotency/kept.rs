//! A kept answer at rest: packed, then sealed under a key that is nowhere but in the request that it answers.
//!
//! The table knows hashes of the caller's Idempotency-Key and of the request, and the key that opens follows from neither:
//! it is derived from the Idempotency-Key itself and the body that came with it. So whoever reads the table, its backups
//! or its stream learns nothing of the people in an answer, and whoever repeats the request learns what they were told.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};
use store::idempotency::{Attempt, SealedAnswer};

use crate::random;

/// Answers are small: a middling effort packs them as well as the greatest.
const PACKING_LEVEL: u8 = 6;
/// No answer unpacks to more.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const NONCE_BYTES: usize = 12;
/// What the derived key is for; another purpose must take another word.
const PURPOSE: &[u8] = b"tributary kept answer 1";

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    /// The HTTP status.
    pub(super) status: u16,
    /// Headers worth repeating, by name.
    pub(super) headers: Vec<(String, String)>,
    /// The body, as text.
    pub(super) body: String,
}

/// Seals and opens the answer to one request.
pub(super) struct AnswerSeal {
    key: LessSafeKey,
    /// What the answer belongs to: laid under another key or request, it does not open.
    place: [u8; 64],
}

impl AnswerSeal {
    /// The seal of the request that came with this Idempotency-Key and this body.
    #[expect(clippy::expect_used, reason = "cannot fail: HKDF-SHA256 yields up to 8,160 bytes, and 32 are asked for")]
    pub(super) fn of(attempt: &Attempt, idempotency_key: &[u8], body: &[u8]) -> Self {
        // Callers choose keys that can be guessed ("order-17"); the body beside it makes guessing as hard as it can be.
        // The key's length comes first, so that no two requests read alike.
        let length = u64::try_from(idempotency_key.len()).unwrap_or(u64::MAX).to_be_bytes();
        let secret = [&length, idempotency_key, body].concat();
        let derived = Salt::new(HKDF_SHA256, attempt.key_hash.as_bytes()).extract(&secret);
        let key = derived.expand(&[PURPOSE], &AES_256_GCM).map(UnboundKey::from).expect("32 bytes of a derived key");
        let mut place = [0; 64];
        place[..32].copy_from_slice(attempt.key_hash.as_bytes());
        place[32..].copy_from_slice(attempt.fingerprint.as_bytes());
        Self { key: LessSafeKey::new(key), place }
    }

    /// The answer as it is kept; `None` when it cannot be, and then is not.
    pub(super) fn seal(&self, answer: &KeptAnswer) -> Option<SealedAnswer> {
        let json = serde_json::to_vec(answer).ok()?;
        // Packed first: what is sealed does not pack any more.
        let mut sealed = miniz_oxide::deflate::compress_to_vec(&json, PACKING_LEVEL);
        // Random, for a day later the same request is answered under the same key once more.
        let nonce = random::bytes::<NONCE_BYTES>();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(self.place), &mut sealed).ok()?;
        Some(SealedAnswer([&nonce, sealed.as_slice()].concat()))
    }

    /// The answer that was kept; `None` when it was altered, or belongs to another request.
    pub(super) fn open(&self, sealed: &SealedAnswer) -> Option<KeptAnswer> {
        let (nonce, sealed) = sealed.0.split_first_chunk::<NONCE_BYTES>()?;
        let mut buffer = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let packed = self.key.open_in_place(nonce, Aad::from(self.place), &mut buffer).ok()?;
        let json = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, ANSWER_BYTES_MAX).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

#[cfg(test)]
mod tests;
