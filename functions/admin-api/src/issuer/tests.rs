//! Tokens of an issuer on loopback.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use ring::hmac;
use serde_json::{Value, json};
use testkit::issuer::{Issuer as Elsewhere, SignedBy, issuer};

use super::*;

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("an instant")
}

async fn trusted() -> (Elsewhere, Issuer) {
    let elsewhere = issuer().await;
    let trust = Trust {
        issuer: elsewhere.name.clone(),
        audience: "tributary".to_owned(),
        keys_url: elsewhere.keys_url.clone(),
    };
    (elsewhere, Issuer::trusted(trust).expect("roots"))
}

fn claims(elsewhere: &Elsewhere) -> Value {
    json!({"iss": elsewhere.name, "sub": "ada-1", "aud": "tributary", "iat": NOW, "exp": NOW + 300,
        "email": "ada@example.com", "email_verified": true})
}

/// The claims with one of them another; with `null` one that is not there.
fn but(elsewhere: &Elsewhere, name: &str, value: Value) -> Value {
    let mut claims = claims(elsewhere);
    if value.is_null() {
        claims.as_object_mut().expect("claims").remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

async fn check(issuer: &Issuer, token: String, now: i64) -> Result<Vouched, Refused> {
    issuer.check(&Secret::new(token), at(now)).await
}

#[tokio::test]
async fn a_token_of_the_issuer_for_us_and_for_now_vouches_for_its_subject() {
    // POR-13
    let (elsewhere, issuer) = trusted().await;
    for by in [SignedBy::Ed25519, SignedBy::P256] {
        let vouched = check(&issuer, elsewhere.token(by, &claims(&elsewhere)), NOW).await.expect("vouched for");
        assert_eq!(vouched.email.map(|email| email.as_str().to_owned()).as_deref(), Some("ada@example.com"));
        assert_eq!(vouched.until, at(NOW + 360));
    }
    for (name, value) in [
        ("aud", json!(["tributary"])),
        ("azp", json!("tributary")),
        ("appid", json!("tributary")),
        ("email_verified", json!("true")),
        ("iat", Value::Null),
        ("nbf", json!(NOW + 59)),
        ("exp", json!(NOW - 59)),
    ] {
        let said = but(&elsewhere, name, value.clone());
        let told = check(&issuer, elsewhere.token(SignedBy::P256, &said), NOW).await;
        assert!(told.is_ok_and(|vouched| vouched.email.is_some()), "{name} {value}");
    }
    assert_eq!(elsewhere.asked(), 1, "the keys are remembered");
}

#[tokio::test]
async fn every_claim_that_is_not_ours_or_not_of_now_or_of_another_type_is_refused() {
    // POR-13
    let (elsewhere, issuer) = trusted().await;
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", json!(format!("{}/", elsewhere.name))),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", json!(["tributary", "another"])),
        ("aud", json!(7)),
        ("aud", Value::Null),
        ("azp", json!("another")),
        // An access token that another application was given, and a logout.
        ("appid", json!("another")),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        ("sub", Value::Null),
        ("exp", json!(NOW - 60)),
        ("exp", Value::Null),
        // A claim of another type is not one that is left out.
        ("exp", json!((NOW + 300).to_string())),
        ("nbf", json!(NOW + 61)),
        ("nbf", json!("never")),
        ("iat", json!(NOW + 61)),
    ] {
        let said = but(&elsewhere, name, value.clone());
        let told = check(&issuer, elsewhere.token(SignedBy::Ed25519, &said), NOW).await;
        assert!(matches!(told, Err(Refused::Token(_))), "{name} {value}: {told:?}");
    }
    for (name, value) in
        [("email_verified", json!(false)), ("email_verified", Value::Null), ("email", json!("nowhere"))]
    {
        let said = but(&elsewhere, name, value);
        let told = check(&issuer, elsewhere.token(SignedBy::Ed25519, &said), NOW).await;
        assert!(told.is_ok_and(|vouched| vouched.email.is_none()), "{name}");
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_no_id_token_whoever_signed_it() {
    // POR-13
    let (elsewhere, issuer) = trusted().await;
    let good = claims(&elsewhere);
    let typed = |typ: &str| json!({"alg": "EdDSA", "kid": "Ed25519-1", "typ": typ});
    for typ in ["at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt", "jwt+x", ""] {
        let told = check(&issuer, elsewhere.signed(SignedBy::Ed25519, &typed(typ), &good), NOW).await;
        assert!(matches!(told, Err(Refused::Token(why)) if why.contains("no ID token")), "{typ}: {told:?}");
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        assert!(check(&issuer, elsewhere.signed(SignedBy::Ed25519, &typed(typ), &good), NOW).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn what_another_signed_or_nobody_did_is_refused() {
    // POR-13
    let ((elsewhere, issuer), (other, _)) = (trusted().await, trusted().await);
    let good = claims(&elsewhere);
    let header = json!({"alg": "EdDSA", "kid": "Ed25519-1"});
    // Whoever takes the public key for a shared secret makes such a signature.
    let shared = hmac::Key::new(hmac::HMAC_SHA256, &elsewhere.public_bytes());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "kid": "Ed25519-1"})), part(&good));
    let confused = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&shared, signed.as_bytes())));
    for token in [
        other.signed(SignedBy::Ed25519, &header, &good),
        elsewhere.signed(SignedBy::P256, &header, &good),
        elsewhere.signed(SignedBy::Ed25519, &json!({"alg": "none", "kid": "Ed25519-1"}), &good),
        elsewhere.signed(SignedBy::Ed25519, &json!({"alg": "EdDSA"}), &good),
        confused,
        format!("{}.{}.", part(&json!({"alg": "none"})), part(&good)),
    ] {
        let told = check(&issuer, token, NOW).await;
        assert!(matches!(told, Err(Refused::Token(_))), "{told:?}");
    }
}

#[tokio::test]
async fn new_keys_are_asked_for_once_in_half_a_minute_and_old_ones_hold_for_a_day() {
    // POR-13
    let (elsewhere, issuer) = trusted().await;
    let token = || elsewhere.token(SignedBy::Ed25519, &but(&elsewhere, "exp", json!(NOW + 200_000)));
    let old = token();
    assert!(check(&issuer, old.clone(), NOW).await.is_ok());
    elsewhere.rotate();
    let new = token();
    let told = check(&issuer, new.clone(), NOW + 29).await;
    assert!(matches!(told, Err(Refused::Token(_))), "asked a moment ago: {told:?}");
    assert!(check(&issuer, new.clone(), NOW + 30).await.is_ok());
    assert_eq!(elsewhere.asked(), 2);
    // What tokens name makes nobody ask more often.
    for n in 0..20 {
        assert!(check(&issuer, old.clone(), NOW + 31 + n).await.is_err());
    }
    assert_eq!(elsewhere.asked(), 2);
    elsewhere.go_down(true);
    let hour = 3_600;
    assert!(check(&issuer, new.clone(), NOW + 2 * hour).await.is_ok(), "what is remembered holds");
    assert_eq!(elsewhere.asked(), 3);
    assert!(check(&issuer, new.clone(), NOW + 30 + 24 * hour - 1).await.is_ok());
    assert_eq!(check(&issuer, new.clone(), NOW + 30 + 24 * hour).await, Err(Refused::IssuerAway));
    elsewhere.go_down(false);
    assert!(check(&issuer, new, NOW + 60 + 24 * hour).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_never_answered_lets_nobody_in() {
    // POR-13
    let (elsewhere, issuer) = trusted().await;
    elsewhere.go_down(true);
    let token = elsewhere.token(SignedBy::Ed25519, &claims(&elsewhere));
    assert_eq!(check(&issuer, token.clone(), NOW).await, Err(Refused::IssuerAway));
    elsewhere.go_down(false);
    let later = at(NOW) + SignedDuration::from_secs(30);
    assert!(check(&issuer, token, later.as_second()).await.is_ok());
}
