//! Published vectors, and what must not pass.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// RFC 7515, A.3 (ES256).
const P256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 8037, A.4 (EdDSA).
const ED25519: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// Made by OpenSSL 3 with a key of 2,048 bits (RS256).
const RSA: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEifQ.EPV_vBC_FUdUHq96bikYNzwEiF1nenzMM4F5qzXmPge-SjjxbZzSzd0jNGmchjJewjrR-UAXSqLNx5spsz9uh7_74Pq-zKbKMy2R_zIjMB8I11rybS4sTvgOCioqSjPfXYVLwHrNcQXQrtpuDr4yd92mCkYUxFMoJMT1BpBC97AKbRpHPXMElASzRx-45kpRBgpcwE-SaDWvr6H7YjVQ8KcHDen7lXJArfX8PxqyxrHtWl8iPJT00e0dKzRA_zTCyZ2K8i8QH97tvZ1RFRFoVv0S0LTctr1IBPLDXntw5WZG1jhIN0pAob1ZaciFS-4S609qFBZ2HznSBhGNZeQi0g";
const MODULUS: &str = "8VjtDbKgi-xWz_tewpz-gyvmVMLv8ptwW8Ztyb6GV66TUkNs_LL3yl5Ue7_RsuShBfUG3GupgB0mvRS1swo-a1TifiKtOy3gtmBjrN7awqWsIjeMTqOwtqTQfQQ8nkUp4wHrDoP3UpI9VhRzPeUN1L9BqGYEokmEpBW7O_ghh6oVssLtjFvRHj9H9OBbUsN9SlLEI6hDIsiUwQMLUvTzvg6CZ9vo9IWMcWHUzWgj7ZS9pSsj1dMfENnHQqBCCmF7E4oE5-D5YoWGCQieEI25k0ciPXPql1HAHHhBIsflIYJeXf8fH1GQt6QorsuwPlwH5_11aaQtGhqjGQdBVm1Oxw";

fn set() -> KeySet {
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "alg": "RS256", "n": MODULUS, "e": "AQAB"},
        {"kty": "EC", "kid": "p256", "crv": "P-256", "use": "sig",
         "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ]});
    KeySet::parse(set.to_string().as_bytes()).expect("a set")
}

fn check(text: &str, kid: &str) -> Result<String, Unfit> {
    let unchecked = Unchecked::parse(text)?;
    let set = set();
    let payload = unchecked.checked(set.find(Some(kid)).expect("a key"))?;
    Ok(String::from_utf8_lossy(payload).into_owned())
}

#[test]
fn published_vectors_of_each_algorithm_pass() {
    // R6
    assert_eq!(check(ED25519, "ed").as_deref(), Ok("Example of Ed25519 signing"));
    assert!(check(P256, "p256").is_ok_and(|said| said.contains(r#""iss":"joe""#)));
    assert_eq!(check(RSA, "rsa").as_deref(), Ok(r#"{"sub":"ada"}"#));
}

#[test]
fn a_token_is_checked_by_the_algorithm_of_the_key_and_never_by_its_own_word() {
    for (text, kid) in [(ED25519, "p256"), (P256, "rsa"), (RSA, "ed")] {
        assert_eq!(check(text, kid), Err(Unfit::Algorithm));
    }
    let (_, rest) = RSA.split_once('.').expect("parts");
    let headed = |header: &str| format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    for alg in ["none", "None", "HS256", "RS512", "PS256", "ES384", ""] {
        let text = headed(&format!(r#"{{"alg":"{alg}","kid":"rsa"}}"#));
        assert_eq!(check(&text, "rsa"), Err(Unfit::Algorithm), "{alg}");
    }
    for header in [r#"{"alg":"RS256","crit":["exp"]}"#, r#"{"alg":"RS256","b64":false}"#] {
        assert_eq!(check(&headed(header), "rsa"), Err(Unfit::Algorithm), "{header}");
    }
    // No signature at all.
    let (signed, _) = RSA.rsplit_once('.').expect("parts");
    assert_eq!(check(&format!("{signed}."), "rsa"), Err(Unfit::Signature));
    assert_eq!(check(&headed(r#"{"alg":"RS256","kid":"other"}"#), "rsa"), Err(Unfit::Signature));
    for text in ["", ".", "..", "a.b", "a.b.c", "e30.e30.e30", "{}.{}.{}"] {
        assert_eq!(check(text, "rsa"), Err(Unfit::Shape), "{text}");
    }
    assert_eq!(check(&"a".repeat(TOKEN_CHARS_MAX + 1), "rsa"), Err(Unfit::Shape));
}

#[test]
fn keys_that_are_for_something_else_or_not_understood_are_left_out() {
    let ed = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let set = json!({"keys": [
        {"kty": "oct", "kid": "a", "k": "c2VjcmV0"},
        {"kty": "OKP", "kid": "b", "crv": "Ed25519", "use": "enc", "x": ed},
        {"kty": "OKP", "kid": "c", "crv": "Ed25519", "alg": "HS256", "x": ed},
        {"kty": "OKP", "kid": "d", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "kid": "e", "crv": "X25519", "x": ed},
        {"kty": "EC", "kid": "f", "crv": "P-384", "x": ed, "y": ed},
        {"kty": 7},
        {"kty": "OKP", "kid": "g", "crv": "Ed25519", "x": ed},
    ]});
    let set = KeySet::parse(set.to_string().as_bytes()).expect("a set");
    for kid in ["a", "b", "c", "d", "e", "f", "G"] {
        assert_eq!(set.find(Some(kid)), None, "{kid}");
    }
    // The only one that is left is meant by a token that names none.
    assert!(set.find(Some("g")).is_some() && set.find(None).is_some());
    assert!(self::set().find(None).is_none(), "which of three?");
    assert_eq!(KeySet::parse(b"{}"), None);
}

proptest! {
    #[test]
    fn a_token_with_any_one_character_changed_is_not_taken(at in 0..600_usize, to in "[ -~]") {
        let at = at % RSA.len();
        let mut changed = RSA.to_owned();
        changed.replace_range(at..=at, &to);
        prop_assert!(changed == RSA || check(&changed, "rsa").is_err());
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        let _ = check(&text, "rsa");
        let _ = KeySet::parse(text.as_bytes());
    }
}
