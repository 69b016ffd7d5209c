use proptest::prelude::*;
use serde_json::Value;

use super::super::stripe::verify;
use super::super::{SignatureRefused, SigningSecrets};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/stripe-signatures.json")).expect("the fixture is JSON")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

fn header(case: &Value) -> String {
    format!("t={},v1={}", case["t"], text(case, "v1"))
}

fn secrets() -> SigningSecrets {
    SigningSecrets::new(["whsec_test_secret"])
}

/// One good (body, header, time) to be spoilt by the tests below.
fn good() -> (String, String, i64) {
    let vectors = vectors();
    let case = &vectors["signed"][4];
    (text(&vectors, "payload").to_owned(), header(case), 1_700_000_000)
}

#[test]
fn every_vector_of_stripes_own_libraries_is_accepted_at_its_time() {
    let vectors = vectors();
    for case in vectors["signed"].as_array().expect("a list") {
        let now = case["t"].as_i64().expect("a time");
        assert_eq!(verify(Some(&header(case)), text(&vectors, "payload").as_bytes(), &secrets(), now), Ok(()));
    }
    for case in vectors["other_payloads"].as_array().expect("a list") {
        let now = case["t"].as_i64().expect("a time");
        assert_eq!(verify(Some(&header(case)), text(case, "payload").as_bytes(), &secrets(), now), Ok(()));
    }
}

#[test]
fn the_mac_itself_equals_the_published_one() {
    let vectors = vectors();
    let plain = &vectors["plain_hmac"];
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, text(plain, "secret").as_bytes());
    for case in plain["cases"].as_array().expect("a list") {
        let tag = ring::hmac::sign(&key, text(case, "payload").as_bytes());
        assert_eq!(hex::encode(tag.as_ref()), text(case, "expect"));
    }
}

#[test]
fn either_secret_is_good_while_a_secret_is_rolled() {
    let vectors = vectors();
    let body = text(&vectors, "payload").as_bytes();
    let rolled = header(&vectors["rolled"]);
    let now = 1_700_000_000;
    assert_eq!(verify(Some(&rolled), body, &secrets(), now), Err(SignatureRefused::NoMatch));
    let both = SigningSecrets::new(["whsec_test_secret", "whsec_test_secret_rolled_key"]);
    assert_eq!(verify(Some(&rolled), body, &both, now), Ok(()));
    let (_, old, _) = good();
    assert_eq!(verify(Some(&old), body, &both, now), Ok(()));
}

#[test]
fn one_good_signature_among_several_is_enough_and_v0_is_none() {
    let (body, header, now) = good();
    let good_v1 = header.split("v1=").nth(1).expect("a signature");
    let zeros = "0".repeat(64);
    let cases = [
        (format!("t={now},v1={zeros},v1={good_v1}"), Ok(())),
        (format!("t={now},v1=xyz,v1={good_v1},v0={zeros}"), Ok(())),
        (format!("t={now}, v1={good_v1}"), Ok(())),
        (format!("t={now},v0={good_v1}"), Err(SignatureRefused::NoMatch)),
        (format!("t={now},v2={good_v1}"), Err(SignatureRefused::NoMatch)),
        (format!("t={now},v1={zeros}"), Err(SignatureRefused::NoMatch)),
        (format!("t={now},v1={}", &good_v1[..62]), Err(SignatureRefused::NoMatch)),
        (format!("t={now},v1="), Err(SignatureRefused::NoMatch)),
        (format!("t={now}"), Err(SignatureRefused::NoMatch)),
    ];
    for (header, expected) in cases {
        assert_eq!(verify(Some(&header), body.as_bytes(), &secrets(), now), expected, "{header}");
    }
}

#[test]
fn a_time_off_by_more_than_300_seconds_either_way_is_refused() {
    let (body, header, at) = good();
    let cases = [
        (0, Ok(())),
        (300, Ok(())),
        (301, Err(SignatureRefused::TooOld)),
        (-300, Ok(())),
        (-301, Err(SignatureRefused::TooNew)),
    ];
    for (off, expected) in cases {
        assert_eq!(verify(Some(&header), body.as_bytes(), &secrets(), at + off), expected, "{off} s");
    }
}

#[test]
fn a_malformed_header_is_refused() {
    let (body, good_header, now) = good();
    assert_eq!(verify(None, body.as_bytes(), &secrets(), now), Err(SignatureRefused::Missing));
    let long = format!("{good_header},v1={}", "a".repeat(5000));
    let twice = format!("t=1,{good_header}");
    let signed_time = good_header.replace("t=", "t=+");
    let cases =
        ["", "t", "v1", "nonsense", "t=,v1=ab", "t=abc,v1=ab", "t=-1,v1=ab", "v1=ab", &long, &twice, &signed_time];
    for header in cases {
        let answer = verify(Some(header), body.as_bytes(), &secrets(), now);
        assert_eq!(answer, Err(SignatureRefused::Malformed), "{header}");
    }
}

#[test]
fn another_body_another_time_or_another_secret_does_not_verify() {
    let (body, header, now) = good();
    let refused = Err(SignatureRefused::NoMatch);
    assert_eq!(verify(Some(&header), format!("{body}\n").as_bytes(), &secrets(), now), refused);
    let later = header.replace("t=1700000000", "t=1700000001");
    assert_eq!(verify(Some(&later), body.as_bytes(), &secrets(), now), refused);
    // The key is the whole text: without its prefix it is another key.
    assert_eq!(verify(Some(&header), body.as_bytes(), &SigningSecrets::new(["test_secret"]), now), refused);
}

#[test]
fn no_secret_verifies_nothing_and_an_empty_one_is_no_secret() {
    let (body, _, now) = good();
    let empty_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"");
    let tag = ring::hmac::sign(&empty_key, format!("{now}.{body}").as_bytes());
    let header = format!("t={now},v1={}", hex::encode(tag.as_ref()));
    let secrets = SigningSecrets::new(["", ""]);
    assert!(secrets.is_empty());
    assert_eq!(verify(Some(&header), body.as_bytes(), &secrets, now), Err(SignatureRefused::NoMatch));
}

fn signed(time: i64, body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"whsec_test_secret");
    let tag = ring::hmac::sign(&key, &[format!("{time}.").as_bytes(), body].concat());
    format!("t={time},v1={}", hex::encode(tag.as_ref()))
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_one_changed_byte_does_not(
        body in prop::collection::vec(any::<u8>(), 1..400),
        time in 0_i64..99_999_999_999,
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let header = signed(time, &body);
        prop_assert_eq!(verify(Some(&header), &body, &secrets(), time), Ok(()));
        let mut other = body.clone();
        let place = place.index(other.len());
        other[place] ^= change;
        prop_assert_eq!(verify(Some(&header), &other, &secrets(), time), Err(SignatureRefused::NoMatch));
    }

    #[test]
    fn any_header_is_answered_without_panic(header in ".{0,300}") {
        prop_assert!(verify(Some(&header), b"body", &secrets(), 0).is_err());
    }

    #[test]
    fn any_list_of_parts_is_answered_without_panic(parts in prop::collection::vec("(t|v1|v0|x)?=?[0-9a-f+-]{0,80}", 0..12)) {
        prop_assert!(verify(Some(&parts.join(",")), b"body", &secrets(), 0).is_err());
    }
}
