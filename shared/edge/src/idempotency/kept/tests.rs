use domain::digest::Digest;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn attempt(key: &[u8], body: &[u8]) -> Attempt {
    Attempt {
        key_hash: Digest::of(&[b"key_1", key]),
        fingerprint: Digest::of(&[b"POST", b"/deeds", body]),
        run: "r1".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        lease_until: Timestamp::UNIX_EPOCH,
    }
}

fn seal_of(key: &[u8], body: &[u8]) -> AnswerSeal {
    AnswerSeal::of(&attempt(key, body), key, body)
}

fn answer(body: &str) -> KeptAnswer {
    KeptAnswer { status: 201, headers: vec![("etag".to_owned(), "\"1\"".to_owned())], body: body.to_owned() }
}

proptest! {
    #[test]
    fn what_was_sealed_opens_for_the_same_request_and_for_no_other(
        key in "[!-~]{1,40}",
        other in "[!-~]{1,40}",
        body in any::<Vec<u8>>(),
        other_body in any::<Vec<u8>>(),
        said in ".{0,400}",
    ) {
        let kept = answer(&said);
        let sealed = seal_of(key.as_bytes(), &body).seal(&kept).expect("sealed");
        prop_assert_eq!(seal_of(key.as_bytes(), &body).open(&sealed), Some(kept.clone()));
        if key != other {
            prop_assert_eq!(seal_of(other.as_bytes(), &body).open(&sealed), None);
            // Knowing the hashes, as the table does, is not knowing the key.
            let knows_the_table = AnswerSeal::of(&attempt(key.as_bytes(), &body), other.as_bytes(), &body);
            prop_assert_eq!(knows_the_table.open(&sealed), None);
        }
        if body != other_body {
            let knows_the_key = AnswerSeal::of(&attempt(key.as_bytes(), &body), key.as_bytes(), &other_body);
            prop_assert_eq!(knows_the_key.open(&sealed), None);
        }
    }

    #[test]
    fn a_changed_or_shortened_answer_does_not_open(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>()) {
        let seal = seal_of(b"k", b"{}");
        let mut sealed = seal.seal(&answer("Ada Lovelace")).expect("sealed");
        let at = at.index(sealed.0.len());
        if cut { sealed.0.truncate(at) } else { sealed.0[at] ^= 1 << bit }
        prop_assert_eq!(seal.open(&sealed), None);
    }
}

#[test]
fn a_byte_that_moves_from_the_key_to_the_body_is_another_request() {
    // The same hashes on purpose: only the secret part differs.
    let sealed = AnswerSeal::of(&attempt(b"k", b"x"), b"ab", b"c").seal(&answer("{}")).expect("sealed");
    assert_eq!(AnswerSeal::of(&attempt(b"k", b"x"), b"a", b"bc").open(&sealed), None);
}

#[test]
fn the_same_answer_is_sealed_otherwise_each_time() {
    let seal = seal_of(b"k", b"{}");
    assert_ne!(seal.seal(&answer("{}")), seal.seal(&answer("{}")));
}
