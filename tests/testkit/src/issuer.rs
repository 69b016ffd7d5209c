//! An OpenID Connect issuer on loopback: it publishes its keys and signs what a test wants said.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// With which algorithm a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// EdDSA.
    Ed25519,
    /// ES256.
    P256,
}

struct Held {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    generation: u32,
    is_down: bool,
    asked: u32,
}

/// The issuer, for as long as the test's runtime lives.
#[derive(Clone)]
pub struct Issuer {
    /// Its name, as its tokens say it.
    pub name: String,
    /// Where its keys are.
    pub keys_url: String,
    held: Arc<Mutex<Held>>,
}

/// Starts an issuer.
#[expect(clippy::expect_used, reason = "a test without its issuer cannot go on")]
pub async fn issuer() -> Issuer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let name = format!("http://{}", listener.local_addr().expect("a bound address"));
    let (ed25519, p256) = fresh();
    let held = Arc::new(Mutex::new(Held { ed25519, p256, generation: 1, is_down: false, asked: 0 }));
    let issuer = Issuer { keys_url: format!("{name}/keys"), name, held };
    let answering = issuer.clone();
    let routes = Router::new().route("/keys", get(move || async move { answering.published() }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    issuer
}

#[expect(clippy::expect_used, reason = "a test without its keys cannot go on")]
fn fresh() -> (Ed25519KeyPair, EcdsaKeyPair) {
    let random = SystemRandom::new();
    let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, p256.as_ref(), &random).expect("a key");
    (Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).expect("a key"), p256)
}

impl Issuer {
    /// New keys take the place of those that there were.
    pub fn rotate(&self) {
        let mut held = self.held();
        (held.ed25519, held.p256) = fresh();
        held.generation += 1;
    }

    /// From now on it answers nobody; or does again.
    pub fn go_down(&self, is_down: bool) {
        self.held().is_down = is_down;
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.held().asked
    }

    /// A token that says this, signed by the keys of now.
    #[must_use]
    pub fn token(&self, by: SignedBy, claims: &Value) -> String {
        let word = if by == SignedBy::Ed25519 { "EdDSA" } else { "ES256" };
        let kid = kid(by, self.held().generation);
        self.signed(by, &json!({"alg": word, "typ": "JWT", "kid": kid}), claims)
    }

    /// The same with a header of the test's own.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its token cannot go on")]
    pub fn signed(&self, by: SignedBy, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let held = self.held();
        let signature = match by {
            SignedBy::Ed25519 => held.ed25519.sign(signed.as_bytes()).as_ref().to_vec(),
            SignedBy::P256 => {
                let signature = held.p256.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
                signature.as_ref().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public key of Ed25519, as whoever mistakes it for a shared secret would use it.
    #[must_use]
    pub fn public_bytes(&self) -> Vec<u8> {
        self.held().ed25519.public_key().as_ref().to_vec()
    }

    fn published(&self) -> Response {
        let mut held = self.held();
        held.asked += 1;
        if held.is_down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // An uncompressed point: a byte that says so, and two coordinates.
        let point = held.p256.public_key().as_ref();
        let (x, y) = (point.get(1..33).unwrap_or_default(), point.get(33..).unwrap_or_default());
        let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid(SignedBy::Ed25519, held.generation),
            "x": of(held.ed25519.public_key().as_ref())});
        let p256 = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": kid(SignedBy::P256, held.generation),
            "x": of(x), "y": of(y)});
        json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}, ed25519, p256]}).to_string().into_response()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kid(by: SignedBy, generation: u32) -> String {
    format!("{by:?}-{generation}")
}
