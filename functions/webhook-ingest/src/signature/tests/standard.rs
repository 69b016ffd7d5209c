use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;

use super::super::standard::{Headers, is_public_key, is_secret, verify};
use super::super::{SignatureRefused, SigningSecrets};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/standard-webhooks-signatures.json")).expect("JSON")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

fn payload(case: &Value) -> String {
    match case.get("payload_repeat") {
        Some(repeat) => {
            let times = usize::try_from(repeat[1].as_u64().expect("a number")).expect("a size");
            repeat[0].as_str().expect("a text").repeat(times)
        }
        None => text(case, "payload").to_owned(),
    }
}

/// The answer for a case, with another signature and at another time where that is given.
fn answer(case: &Value, secret: &str, signature: &str, off_s: i64) -> Result<(), SignatureRefused> {
    let timestamp = case["ts"].to_string();
    let now_s = case["ts"].as_i64().expect("a time") + off_s;
    let headers = Headers { id: Some(text(case, "id")), timestamp: Some(&timestamp), signature: Some(signature) };
    verify(headers, payload(case).as_bytes(), &SigningSecrets::new([secret]), now_s)
}

#[test]
fn every_vector_of_the_reference_libraries_is_accepted_at_its_time() {
    for case in vectors()["signed"].as_array().expect("a list") {
        assert_eq!(answer(case, text(case, "secret"), text(case, "expect"), 0), Ok(()), "{}", case["secret"]);
    }
}

#[test]
fn every_bad_signature_of_the_reference_libraries_is_refused() {
    let vectors = vectors();
    let case = &vectors["signed"][0];
    for bad in vectors["bad_signatures"].as_array().expect("a list") {
        let bad = bad.as_str().expect("a text");
        assert_eq!(answer(case, text(case, "secret"), bad, 0), Err(SignatureRefused::NoMatch), "{bad}");
        // Beside a good one it does no harm.
        let both = format!("{bad} {}", text(case, "expect"));
        assert_eq!(answer(case, text(case, "secret"), &both, 0), Ok(()), "{bad}");
    }
}

#[test]
fn every_ed25519_vector_is_accepted_under_its_public_key() {
    for case in vectors()["signed_ed25519"].as_array().expect("a list") {
        let public = match case.get("whpk") {
            Some(public) => public.as_str().expect("a text").to_owned(),
            None => {
                let seed = STANDARD.decode(text(case, "seed_b64")).expect("base64");
                let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed");
                format!("whpk_{}", STANDARD.encode(pair.public_key().as_ref()))
            }
        };
        assert!(is_public_key(&public), "{public}");
        assert_eq!(answer(case, &public, text(case, "expect"), 0), Ok(()), "{public}");
        let other = text(case, "expect").replace("v1a,", "v1,");
        assert_eq!(answer(case, &public, &other, 0), Err(SignatureRefused::NoMatch), "of another scheme");
        let of_another = format!("whpk_{}", STANDARD.encode([7_u8; 32]));
        assert_eq!(answer(case, &of_another, text(case, "expect"), 0), Err(SignatureRefused::NoMatch));
    }
}

#[test]
fn a_secret_to_begin_with_is_of_the_published_shape() {
    let secrets = &vectors()["secrets"];
    for (list, expected) in [("accept", true), ("reject", false)] {
        for secret in secrets[list].as_array().expect("a list") {
            assert_eq!(is_secret(secret.as_str().expect("a text")), expected, "{secret}");
        }
    }
    assert!(!is_public_key("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"));
}

#[test]
fn a_time_off_by_more_than_300_seconds_either_way_is_refused() {
    let vectors = vectors();
    let case = &vectors["signed"][0];
    let rows = [
        (0, Ok(())),
        (300, Ok(())),
        (301, Err(SignatureRefused::TooOld)),
        (-300, Ok(())),
        (-301, Err(SignatureRefused::TooNew)),
    ];
    for (off_s, expected) in rows {
        assert_eq!(answer(case, text(case, "secret"), text(case, "expect"), off_s), expected, "{off_s} s");
    }
}

#[test]
fn missing_and_malformed_headers_are_refused() {
    let secrets = SigningSecrets::new(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let good = ("msg_1", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    for missing in 0..3 {
        let header = |place: usize, text: &'static str| (place != missing).then_some(text);
        let headers = Headers { id: header(0, good.0), timestamp: header(1, good.1), signature: header(2, good.2) };
        assert_eq!(verify(headers, b"{}", &secrets, 1_614_265_330), Err(SignatureRefused::Missing));
    }
    let long = "a".repeat(5_000);
    for (id, timestamp, signature) in [
        ("", good.1, good.2),
        (long.as_str(), good.1, good.2),
        (good.0, "", good.2),
        (good.0, "+1614265330", good.2),
        (good.0, " 1614265330", good.2),
        (good.0, "1614265330.5", good.2),
        (good.0, "hello", good.2),
        (good.0, good.1, long.as_str()),
    ] {
        let headers = Headers { id: Some(id), timestamp: Some(timestamp), signature: Some(signature) };
        let answer = verify(headers, b"{}", &secrets, 1_614_265_330);
        assert_eq!(answer, Err(SignatureRefused::Malformed), "{id:.20} {timestamp} {signature:.20}");
    }
}

#[test]
fn no_secret_and_an_empty_one_verify_nothing() {
    let empty = hmac::Key::new(hmac::HMAC_SHA256, b"");
    let signature = format!("v1,{}", STANDARD.encode(hmac::sign(&empty, b"msg_1.1614265330.{}")));
    let headers = Headers { id: Some("msg_1"), timestamp: Some("1614265330"), signature: Some(&signature) };
    for secrets in [vec![], vec![""], vec!["whsec_"], vec!["whsec_%%"], vec!["whpk_"]] {
        let answer = verify(headers, b"{}", &SigningSecrets::new(secrets.clone()), 1_614_265_330);
        assert_eq!(answer, Err(SignatureRefused::NoMatch), "{secrets:?}");
    }
}

fn signed(secret: &[u8], id: &str, time_s: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, &[format!("{id}.{time_s}.").as_bytes(), body].concat())))
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_one_changed_byte_does_not(
        secret in prop::collection::vec(any::<u8>(), 24..64),
        id in "[a-zA-Z0-9_]{1,60}",
        body in prop::collection::vec(any::<u8>(), 1..400),
        time in 0_i64..99_999_999_999,
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let secrets = SigningSecrets::new([format!("whsec_{}", STANDARD.encode(&secret)).as_str()]);
        let (signature, timestamp) = (signed(&secret, &id, time, &body), time.to_string());
        let headers = Headers { id: Some(&id), timestamp: Some(&timestamp), signature: Some(&signature) };
        prop_assert_eq!(verify(headers, &body, &secrets, time), Ok(()));
        let mut other = body.clone();
        let place = place.index(other.len());
        other[place] ^= change;
        prop_assert_eq!(verify(headers, &other, &secrets, time), Err(SignatureRefused::NoMatch));
        let another = format!("{id}x");
        let headers = Headers { id: Some(&another), ..headers };
        prop_assert_eq!(verify(headers, &body, &secrets, time), Err(SignatureRefused::NoMatch));
    }

    #[test]
    fn any_headers_are_answered_without_panic(id in ".{0,80}", timestamp in ".{0,30}", signature in "(v1a?,)?.{0,200}") {
        let secrets = SigningSecrets::new(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whpk_AAAA"]);
        let headers = Headers { id: Some(&id), timestamp: Some(&timestamp), signature: Some(&signature) };
        prop_assert!(verify(headers, b"body", &secrets, 0).is_err());
    }
}
