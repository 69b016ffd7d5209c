use proptest::prelude::*;
use ring::hmac;
use serde_json::Value;

use super::super::lemon_squeezy::verify;
use super::super::{SignatureRefused, SigningSecrets};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/lemon-squeezy-signatures.json")).expect("JSON")
}

#[test]
fn every_vector_is_accepted_under_its_secret_and_no_other() {
    for case in vectors()["signed"].as_array().expect("a list") {
        let text = |name: &str| case[name].as_str().expect("a text");
        let (body, header) = (text("payload").as_bytes(), Some(text("hex")));
        assert_eq!(verify(header, body, &SigningSecrets::new([text("secret")])), Ok(()), "{body:?}");
        let both = SigningSecrets::new(["a newer secret", text("secret")]);
        assert_eq!(verify(header, body, &both), Ok(()), "while a secret is rolled");
        let refused = Err(SignatureRefused::NoMatch);
        assert_eq!(verify(header, body, &SigningSecrets::new(["another secret"])), refused);
        assert_eq!(verify(header, &[body, b" "].concat(), &SigningSecrets::new([text("secret")])), refused);
    }
}

#[test]
fn missing_and_malformed_headers_are_refused() {
    let secrets = SigningSecrets::new(["abcdef"]);
    assert_eq!(verify(None, b"{}", &secrets), Err(SignatureRefused::Missing));
    let long = "a".repeat(8_192);
    for header in ["", "abc", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66), &long, "v1=00"] {
        assert_eq!(verify(Some(header), b"{}", &secrets), Err(SignatureRefused::Malformed), "{header:.20}");
    }
}

#[test]
fn no_secret_and_an_empty_one_verify_nothing() {
    let empty = hmac::Key::new(hmac::HMAC_SHA256, b"");
    let header = hex::encode(hmac::sign(&empty, b"{}"));
    for secrets in [vec![], vec![""], vec!["", ""]] {
        assert_eq!(verify(Some(&header), b"{}", &SigningSecrets::new(secrets)), Err(SignatureRefused::NoMatch));
    }
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_one_changed_byte_does_not(
        secret in "[a-zA-Z0-9]{6,40}",
        body in prop::collection::vec(any::<u8>(), 1..400),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let header = hex::encode(hmac::sign(&key, &body));
        let secrets = SigningSecrets::new([secret.as_str()]);
        prop_assert_eq!(verify(Some(&header), &body, &secrets), Ok(()));
        let mut other = body.clone();
        let place = place.index(other.len());
        other[place] ^= change;
        prop_assert_eq!(verify(Some(&header), &other, &secrets), Err(SignatureRefused::NoMatch));
    }

    #[test]
    fn any_header_is_answered_without_panic(header in ".{0,300}") {
        prop_assert!(verify(Some(&header), b"body", &SigningSecrets::new(["abcdef"])).is_err());
    }
}
