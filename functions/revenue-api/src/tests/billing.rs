//! Billing: real routes, a real table in memory, the stand-in for Stripe, and as much of KMS and of Secrets Manager as is
//! asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::aws::{Aws, Service as Sdk};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use edge::telemetry::Secret;
use http::{HeaderMap, StatusCode};
use local_stripe::StandIn;
use queues::Sender;
use serde_json::{Value, json};
use stripe::{Patience, Stripe};
use tower::ServiceExt;

use super::{bearer, create_key, foreign};
use crate::billing::{Billing, Keys};
use crate::{App, routes};
use domain::id::TenantId;

mod customers;
mod plans;
mod subscriptions;
mod tax;

#[derive(Clone, Default)]
pub(super) struct Cloud {
    keys: Arc<Mutex<BTreeMap<String, (Value, String)>>>,
    secrets: Arc<Mutex<BTreeMap<String, String>>>,
}

/// A wrapped key is a number, bound to its encryption context; a secret is what is kept under its name.
pub(super) async fn answer(State(cloud): State<Cloud>, headers: HeaderMap, body: axum::body::Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("json");
    let target = headers["x-amz-target"].to_str().expect("a target").to_owned();
    let refused = |kind: &str| (StatusCode::BAD_REQUEST, axum::Json(json!({"__type": kind}))).into_response();
    if target.ends_with("GetSecretValue") {
        let secrets = cloud.secrets.lock().expect("secrets");
        return match secrets.get(asked["SecretId"].as_str().expect("a name")) {
            Some(text) => axum::Json(json!({"SecretString": text})).into_response(),
            None => refused("ResourceNotFoundException"),
        };
    }
    let mut keys = cloud.keys.lock().expect("keys");
    let context = asked["EncryptionContext"].clone();
    if target.ends_with("GenerateDataKey") {
        let wrapped = STANDARD.encode(format!("wrapped {}", keys.len()));
        let plain = STANDARD.encode(edge::random::bytes::<32>());
        keys.insert(wrapped.clone(), (context, plain.clone()));
        return axum::Json(json!({"KeyId": "k", "CiphertextBlob": wrapped, "Plaintext": plain})).into_response();
    }
    match keys.get(asked["CiphertextBlob"].as_str().expect("blob")) {
        Some((bound, plain)) if *bound == context => {
            axum::Json(json!({"KeyId": "k", "Plaintext": plain})).into_response()
        }
        _ => refused("InvalidCiphertextException"),
    }
}

pub(super) async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A deployment that bills.
pub(super) struct Shop {
    pub(super) world: world::World,
    pub(super) stripe_url: String,
    cloud: Cloud,
    routes: Router,
    sent: AtomicU32,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    pub(super) fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.json);
        self.json
    }

    /// The status and the last part of the problem's type.
    pub(super) fn told(&self) -> (u16, &str) {
        let kind = self.json["type"].as_str().unwrap_or_default();
        (self.status, kind.rsplit(':').next().unwrap_or_default())
    }

    /// The status and the pointers of the wrong fields.
    pub(super) fn wrong(&self) -> (u16, Vec<&str>) {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        (self.status, errors.iter().filter_map(|error| error["pointer"].as_str()).collect())
    }

    pub(super) fn etag(&self) -> String {
        self.headers["etag"].to_str().expect("an ETag").to_owned()
    }
}

pub(super) async fn shop() -> Shop {
    shop_with(false).await
}

pub(super) async fn shop_with(is_taxed_by_stripe: bool) -> Shop {
    let world = world::World::new().await;
    for (name, role, n) in super::CALLERS {
        create_key(&world, TenantId::default_tenant(), role, format!("usr_{name}"), n).await;
    }
    create_key(&world, foreign(), domain::role::Role::Admin, "usr_eve".to_owned(), 1).await;
    let cloud = Cloud::default();
    let stage = json!({"click_token_key": "k", "stripe_secret_key": "sk_test_default"}).to_string();
    cloud.secrets.lock().expect("secrets").insert("stage".to_owned(), stage);
    let aws = serve(Router::new().fallback(answer).with_state(cloud.clone())).await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", &aws),
    ]);
    let aws = Aws::from(&mut reader);
    let stand_in = StandIn::at_rest(world.now.as_second());
    let stripe_url = serve(stand_in.router()).await;
    let patience = Patience { attempts: 3, connect_ms: 1_000, attempt_ms: 5_000, wait_ms: 2 };
    let stripe = Stripe::new(&stripe_url, Secret::new(String::new()), patience, Arc::new(|_| {})).expect("a client");
    let keys = Keys {
        secrets: NamedSecrets::connect(&aws.service(Sdk::SecretsManager)),
        stage: "test".to_owned(),
        stage_secret_arn: "stage".to_owned(),
    };
    let sealer = Sealer::connect(&aws.service(Sdk::Kms), "k");
    let billing = Billing::new(stripe, keys, sealer.clone(), is_taxed_by_stripe);
    let visits = Sender::connect(&aws.service(Sdk::Sqs), "https://sqs.us-east-1.amazonaws.com/123456789012/visits");
    let app = App::new(world.store.clone(), visits, sealer, Clock::fixed(world.now)).with_billing(billing);
    Shop { world, stripe_url, cloud, routes: routes(app), sent: AtomicU32::new(0) }
}

impl Shop {
    pub(super) async fn ask(
        &self,
        who: &str,
        (method, path): (&str, &str),
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("/v1/revenue{path}"))
            .header("authorization", bearer(who))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.routes.clone().oneshot(request.body(body).expect("request")).await.expect("infallible");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        Answer { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    pub(super) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, ("GET", path), &Value::Null, &[]).await
    }

    /// Writes with a key of its own.
    pub(super) async fn write(&self, who: &str, what: (&str, &str), body: Value) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        self.ask(who, what, &body, &[("idempotency-key", &format!("key-{n}"))]).await
    }

    pub(super) async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.write(who, ("POST", path), body).await
    }

    /// What Stripe has of something.
    pub(super) async fn at_stripe(&self, path: &str) -> Value {
        let request = http::Request::get(path).header("authorization", "Bearer sk_test_default");
        let request = request.body(Body::empty()).expect("request");
        let (parts, _) = request.into_parts();
        let client = reqwest::Client::new().get(format!("{}{}", self.stripe_url, parts.uri));
        client.bearer_auth("sk_test_default").send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Stripe fails so many calls of a kind.
    pub(super) async fn order_fault(&self, fault: Value) {
        let path = format!("{}/_stand_in/faults", self.stripe_url);
        let ordered = reqwest::Client::new().post(path).body(fault.to_string()).send().await.expect("an answer");
        assert_eq!(ordered.status().as_u16(), 204, "{fault}");
    }

    pub(super) fn set_secret(&self, name: &str, text: Value) {
        self.cloud.secrets.lock().expect("secrets").insert(name.to_owned(), text.to_string());
    }

    /// A customer in Germany who pays by card; its id.
    pub(super) async fn customer(&self) -> String {
        let body = json!({
            "email": "casey@customer.example", "name": "Casey", "country": "DE", "payment_method": "pm_card_visa",
        });
        text(&self.post("fin", "/customers", body).await.ok(201)["id"])
    }

    /// A plan of two tiers; its id.
    pub(super) async fn plan(&self) -> String {
        let tiers = json!([
            {"name": "basic", "amount": "9.00", "interval": "month"},
            {"name": "pro", "amount": "99.00", "interval": "month", "trial_days": 14},
        ]);
        let body = json!({"name": "Studio", "currency": "USD", "tiers": tiers});
        text(&self.post("fin", "/plans", body).await.ok(201)["id"])
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}
