//! Codes of authenticators: RFC 6238 with HMAC-SHA-1, six digits, half a minute each: what every authenticator app does.

use jiff::SignedDuration;
use ring::hmac;

use crate::random;
use crate::telemetry::Secret;
use domain::time::Timestamp;

/// Bytes of a secret: as many as the hash has.
pub const SECRET_BYTES: usize = 20;
const STEP_S: i64 = 30;
const DIGITS: usize = 6;
/// How many half minutes a person's clock may be off, both ways.
const DRIFT: i64 = 1;

/// So many codes may be refused in a row before there is a wait.
const REFUSED_FREE: u32 = 5;
/// The first wait; it doubles with each further refusal, up to a day.
const WAIT_FIRST: SignedDuration = SignedDuration::from_mins(5);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

/// POR-7: how long no code is looked at after so many refusals in a row. Whoever guesses with a session that is not theirs
/// comes to one try a day.
#[must_use]
pub fn wait_after(refused: u32) -> SignedDuration {
    let Some(doubled) = refused.checked_sub(REFUSED_FREE) else { return SignedDuration::ZERO };
    let times = 2_i32.checked_pow(doubled).unwrap_or(i32::MAX);
    WAIT_FIRST.checked_mul(times).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX))
}

/// A new secret.
#[must_use]
pub fn fresh() -> Secret<Vec<u8>> {
    Secret::new(random::bytes::<SECRET_BYTES>().to_vec())
}

/// The number of the half minute that a code is of; None where it is of none around now.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let here = now.as_second().div_euclid(STEP_S);
    if code.len() != DIGITS || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // All are looked at, whichever it is: how long it takes says nothing.
    let steps = (here - DRIFT..=here + DRIFT).filter(|step| code_at(secret, *step) == code);
    steps.max()
}

/// The code of a half minute.
#[must_use]
pub fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // RFC 4226, 5.3: the last half byte says where the four bytes begin.
    let from = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let mut four = [0; 4];
    if let Some(bytes) = tag.get(from..from + 4) {
        four.copy_from_slice(bytes);
    }
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// The half minute of an instant.
#[must_use]
pub fn step_at(at: Timestamp) -> i64 {
    at.as_second().div_euclid(STEP_S)
}

/// The secret as people type it: base32 (RFC 4648) without padding.
#[must_use]
pub fn base32(secret: &[u8]) -> Secret<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in secret {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(LETTERS, held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(letter(LETTERS, held << (5 - bits)));
    }
    Secret::new(text)
}

fn letter(letters: &[u8; 32], five_bits: u32) -> char {
    let at = usize::try_from(five_bits & 31).unwrap_or_default();
    char::from(letters[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's Appendix B for SHA-1.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn the_vectors_of_rfc_6238_and_rfc_4226_come_out() {
        // The RFC shows eight digits; six are the last of them.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, step_at(at(second))), code, "{second}");
        }
        let of_counters =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, code) in of_counters.into_iter().enumerate() {
            assert_eq!(code_at(SECRET, i64::try_from(step).expect("small")), code);
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_not_a_whole_one() {
        let now = at(1_111_111_109);
        let here = step_at(now);
        for (step, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = code_at(SECRET, here + step);
            assert_eq!(step_of(SECRET, &code, now), taken.then_some(here + step), "{step}");
        }
        for nonsense in ["", "81804", "0818040", "08180a", "０８１８０４", " 81804"] {
            assert_eq!(step_of(SECRET, nonsense, now), None, "{nonsense}");
        }
    }

    #[test]
    fn the_wait_after_refused_codes_doubles_up_to_a_day() {
        let minutes = [0, 4, 5, 6, 7, 13, 14, 40, u32::MAX].map(|refused| wait_after(refused).as_mins());
        assert_eq!(minutes, [0, 0, 5, 10, 20, 1_280, 1_440, 1_440, 1_440]);
    }

    #[test]
    fn a_secret_is_spelled_as_rfc_4648_spells_it() {
        for (plain, spelled) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()).reveal(), spelled);
        }
    }
}
