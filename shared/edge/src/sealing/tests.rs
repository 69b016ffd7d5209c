use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::aws::{Aws, Service};
use crate::config::Reader;

use super::*;

const EMAIL: Belongs<'_> = Belongs { tenant: "ten_1", subject: "par_1", field: "email" };

#[derive(Clone, Default)]
struct Kms {
    keys: Arc<Mutex<BTreeMap<String, (Value, String)>>>,
    asked: Arc<AtomicUsize>,
}

/// As much of KMS as sealing asks for: wrapped keys are numbers, bound to their encryption context.
async fn answer(State(kms): State<Kms>, headers: http::HeaderMap, body: axum::body::Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("json");
    let count = kms.asked.fetch_add(1, Ordering::SeqCst);
    let mut keys = kms.keys.lock().expect("keys");
    let context = asked["EncryptionContext"].clone();
    if headers["x-amz-target"].to_str().is_ok_and(|target| target.ends_with("GenerateDataKey")) {
        let (wrapped, plain) = (STANDARD.encode(format!("wrapped {count}")), STANDARD.encode(random::bytes::<32>()));
        keys.insert(wrapped.clone(), (context, plain.clone()));
        return Json(json!({"KeyId": "k", "CiphertextBlob": wrapped, "Plaintext": plain})).into_response();
    }
    match keys.get(asked["CiphertextBlob"].as_str().expect("blob")) {
        Some((bound, plain)) if *bound == context => Json(json!({"KeyId": "k", "Plaintext": plain})).into_response(),
        _ => (http::StatusCode::BAD_REQUEST, Json(json!({"__type": "InvalidCiphertextException"}))).into_response(),
    }
}

async fn sealers() -> (Sealer, Sealer, Kms) {
    let kms = Kms::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let routes = Router::new().fallback(answer).with_state(kms.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_KMS", &url),
    ]);
    let config = Aws::from(&mut reader).service(Service::Kms);
    let client = || Client::new(&config);
    // Two: what one process sealed, another without its cache must open.
    (Sealer::new(client(), "k"), Sealer::new(client(), "k"), kms)
}

#[tokio::test]
async fn another_process_opens_what_was_sealed() {
    let (one, other, _) = sealers().await;
    let sealed = one.seal_text(&EMAIL, "ada@example.com").await.expect("sealed");
    let text = serde_json::to_string(&sealed).expect("text");
    assert!(!text.contains("ada"));
    let read: Sealed = serde_json::from_str(&text).expect("sealed");
    assert_eq!(other.open_text(&EMAIL, &read).await.expect("opened").reveal(), "ada@example.com");
    assert_eq!(format!("{sealed:?}"), "[sealed]");
}

#[tokio::test]
async fn a_value_moved_to_another_place_does_not_open() {
    let (one, other, _) = sealers().await;
    let sealed = one.seal(&EMAIL, b"secret").await.expect("sealed");
    for place in [
        Belongs { field: "name", ..EMAIL },
        Belongs { subject: "par_2", ..EMAIL },
        Belongs { tenant: "ten_2", ..EMAIL },
    ] {
        for sealer in [&one, &other] {
            let refusal = sealer.open(&place, &sealed).await.expect_err("refused");
            assert!(matches!(refusal, SealingError::NotAuthentic), "{place:?}: {refusal}");
        }
    }
}

#[tokio::test]
async fn no_flipped_bit_opens() {
    let (one, other, _) = sealers().await;
    let sealed = one.seal(&EMAIL, b"secret").await.expect("sealed");
    let bytes = STANDARD.decode(sealed.to_string()).expect("base64");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(read) = STANDARD.encode(flipped).parse::<Sealed>() else { continue };
        assert!(other.open(&EMAIL, &read).await.is_err(), "bit {bit}");
    }
}

#[tokio::test]
async fn a_subjects_key_is_asked_for_once_and_each_value_has_its_nonce() {
    let (one, _, kms) = sealers().await;
    let first = one.seal(&EMAIL, b"same").await.expect("sealed");
    let second = one.seal(&EMAIL, b"same").await.expect("sealed");
    one.open(&EMAIL, &first).await.expect("opened");
    assert_ne!(first.ciphertext, second.ciphertext);
    assert_eq!(kms.asked.load(Ordering::SeqCst), 1);
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_and_what_parses_prints_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let text = STANDARD.encode(bytes);
        if let Ok(sealed) = text.parse::<Sealed>() {
            prop_assert_eq!(sealed.to_string(), text);
        }
    }
}
