//! A bench: routes, a database, keys, a clock that a test sets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::{KeyId, TenantId};
use domain::role::Role;
use domain::scope::Scope;
use domain::time::Timestamp;
use edge::auth::{hash_of, mint};
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::Sealer;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::api_keys::{ApiKey, KeyTerms};
use store::{Store, Tables, TenantKey};
use tower::ServiceExt;

use crate::{App, Place, routes};

pub(crate) const NOW: &str = "2026-09-01T10:00:00Z";

/// One test's world.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) database: testkit::Database,
    pub(crate) sealer: Sealer,
    pub(crate) now: Timestamp,
    /// For how long one request counts; as in life where nothing is said.
    pub(crate) patience_ms: Option<u64>,
    /// Where Stripe is connected: whose account, under which key.
    pub(crate) stripe: Option<stripe::Accounts>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, if the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// What is wrong with which field: 400 of a form that is told, 422 of what no schema can tell (API-2).
    #[track_caller]
    pub(crate) fn pointers(self, status: u16) -> Vec<String> {
        let errors = self.expect(status)["errors"].as_array().cloned().unwrap_or_default();
        let place = |error: &Value| error["pointer"].as_str().or(error["parameter"].as_str()).map(ToOwned::to_owned);
        errors.iter().filter_map(place).collect()
    }
}

pub(crate) fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::over(testkit::database().await, NOW.parse().expect("instant")).await
    }

    /// A bench over a database that is there already.
    pub(crate) async fn over(database: testkit::Database, now: Timestamp) -> Self {
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        Self { store, database, sealer: sealer().await, now, patience_ms: None, stripe: None }
    }

    /// A key of the default tenant.
    pub(crate) async fn key(&self, role: Role, subject: &str) -> String {
        self.key_of(&TenantId::default_tenant(), role, subject).await
    }

    /// A machine's key of the default tenant, confined to scopes.
    pub(crate) async fn machine(&self, name: &str, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| Scope::parse(scope).expect("a scope")).collect();
        let terms = KeyTerms { scopes: Some(scopes), ..KeyTerms::default() };
        self.key_with(&TenantId::default_tenant(), (Role::Service, name), terms).await
    }

    pub(crate) async fn key_of(&self, tenant: &TenantId, role: Role, subject: &str) -> String {
        self.key_with(tenant, (role, subject), KeyTerms::default()).await
    }

    async fn key_with(&self, tenant: &TenantId, (role, subject): (Role, &str), terms: KeyTerms) -> String {
        let text = mint(tenant).reveal().clone();
        let key = ApiKey {
            id: KeyId::from_ulid(edge::random::ulid(self.now)),
            tenant: tenant.clone(),
            role,
            subject: subject.to_owned(),
            name: "test".to_owned(),
            created_at: self.now,
            revoked_at: None,
            terms,
        };
        self.store.create_api_key(&TenantKey::from(tenant), &hash_of(&text), &key).await.expect("key");
        text
    }

    fn routes(&self) -> Router {
        routes(self.app().with_sessions())
    }

    /// The function as it stands now.
    pub(crate) fn app(&self) -> App {
        let place = Place { is_dev: false, public_url: "https://go.example".to_owned() };
        let app = App::new(self.store.clone(), self.sealer.clone(), Clock::fixed(self.now), place);
        let app = match self.patience_ms {
            Some(patience_ms) => app.with_patience_ms(patience_ms),
            None => app,
        };
        match &self.stripe {
            Some(accounts) => app.with_stripe(accounts.clone()),
            None => app,
        }
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::empty()).expect("request")).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.post_once(key, path, body, None).await
    }

    pub(crate) async fn put(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.put_with(key, path, body, None).await
    }

    pub(crate) async fn put_once(&self, key: &str, path: &str, body: &Value, once: &str) -> Answer {
        self.put_with(key, path, body, Some(("idempotency-key", once))).await
    }

    /// A change of what was seen.
    pub(crate) async fn put_seen(&self, key: &str, path: &str, body: &Value, seen: &str) -> Answer {
        self.put_with(key, path, body, Some(("if-match", seen))).await
    }

    async fn put_with(&self, key: &str, path: &str, body: &Value, header: Option<(&str, &str)>) -> Answer {
        let mut request = Request::put(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.send(request.body(Body::from(body.to_string())).expect("request")).await
    }

    /// A change, of what was seen where that is said.
    pub(crate) async fn change(&self, key: &str, path: &str, body: &Value, seen: Option<&str>) -> Answer {
        let mut request = Request::patch(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        self.send(request.body(Body::from(body.to_string())).expect("request")).await
    }

    pub(crate) async fn delete(&self, key: &str, path: &str) -> Answer {
        let request = Request::delete(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::empty()).expect("request")).await
    }

    /// The end of what was seen.
    pub(crate) async fn delete_seen(&self, key: &str, path: &str, seen: &str) -> Answer {
        let request = Request::delete(path).header("authorization", format!("Bearer {key}")).header("if-match", seen);
        self.send(request.body(Body::empty()).expect("request")).await
    }

    pub(crate) async fn post_once(&self, key: &str, path: &str, body: &Value, once: Option<&str>) -> Answer {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        self.send(request.body(Body::from(body.to_string())).expect("request")).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes().oneshot(request).await.expect("answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A programme that pays 30 %, by the API; its id.
    pub(crate) async fn program(&self, admin: &str) -> String {
        let made = self.post(admin, "/v1/programs", &program_body()).await.expect(201);
        made["id"].as_str().expect("id").to_owned()
    }

    /// A partner of a programme, by the API; its id.
    pub(crate) async fn partner(&self, admin: &str, program: &str) -> String {
        let body = json!({"name": "Ada Lovelace", "email": "Ada@Example.com", "program_id": program});
        let made = self.post(admin, "/v1/partners", &body).await.expect(201);
        made["id"].as_str().expect("id").to_owned()
    }
}

pub(crate) fn program_body() -> Value {
    json!({
        "name": "Friends",
        "currency": "USD",
        "time_zone": "Europe/Berlin",
        "rule": {"kind": "percentage", "rate": "0.3"},
    })
}

type Keys = Arc<Mutex<BTreeMap<String, (Value, String)>>>;

/// As much of KMS as sealing asks for: a wrapped key is a number, bound to its encryption context.
async fn answer(State(keys): State<Keys>, headers: http::HeaderMap, body: axum::body::Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("json");
    let mut keys = keys.lock().expect("keys");
    let context = asked["EncryptionContext"].clone();
    if headers["x-amz-target"].to_str().is_ok_and(|target| target.ends_with("GenerateDataKey")) {
        let wrapped = STANDARD.encode(format!("wrapped {}", keys.len()));
        let plain = STANDARD.encode(edge::random::bytes::<32>());
        keys.insert(wrapped.clone(), (context, plain.clone()));
        return axum::Json(json!({"KeyId": "k", "CiphertextBlob": wrapped, "Plaintext": plain})).into_response();
    }
    match keys.get(asked["CiphertextBlob"].as_str().expect("blob")) {
        Some((bound, plain)) if *bound == context => {
            axum::Json(json!({"KeyId": "k", "Plaintext": plain})).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, axum::Json(json!({"__type": "InvalidCiphertextException"}))).into_response(),
    }
}

async fn sealer() -> Sealer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let routes = Router::new().fallback(answer).with_state(Keys::default());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_KMS", &url),
    ]);
    Sealer::connect(&Aws::from(&mut reader).service(Service::Kms), "k")
}
