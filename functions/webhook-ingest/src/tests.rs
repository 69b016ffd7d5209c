//! The function from its border inward: real routes, a table in memory, as much of AWS as is asked for.

mod doors;
mod leads;
mod lemon_squeezy;
mod standard;
mod stripe;
mod track;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cases::raw_event;
use domain::id::TenantId;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::{Belongs, Sealed, Sealer};
use edge::secrets::NamedSecrets;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use queues::{FactReceived, Sender};
use ring::hmac;
use serde_json::{Value, json};
use store::raw_events::{RawEvent, RawEventPlace};
use store::{Store, Tables, TenantKey};
use testkit::{Database, Fault};
use tower::ServiceExt;

use crate::{App, Doors, openapi, routes};

const SECRET: &str = "whsec_test_secret";
const LEMON_SECRET: &str = "signing-secret";
const NOW: &str = "2026-09-03T08:00:10Z";

/// The stage's secret as it is named here.
const STAGE_SECRET: &str = "stage-secret";

/// As much of KMS, SQS and Secrets Manager as is asked for here.
#[derive(Clone, Default)]
struct Neighbours(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    keys: BTreeMap<String, String>,
    sent: Vec<FactReceived>,
    is_queue_away: bool,
    secrets: BTreeMap<String, String>,
    secrets_read: u32,
}

async fn answer(State(neighbours): State<Neighbours>, headers: HeaderMap, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let mut inner = neighbours.0.lock().expect("a lock");
    let target = headers["x-amz-target"].to_str().expect("text");
    match target.rsplit('.').next() {
        Some("GenerateDataKey") => {
            let (wrapped, plain) = (STANDARD.encode([9; 184]), STANDARD.encode([7; 32]));
            inner.keys.insert(wrapped.clone(), plain.clone());
            Json(json!({ "KeyId": "k", "CiphertextBlob": wrapped, "Plaintext": plain })).into_response()
        }
        Some("Decrypt") => {
            let plain = &inner.keys[asked["CiphertextBlob"].as_str().expect("a blob")];
            Json(json!({ "KeyId": "k", "Plaintext": plain })).into_response()
        }
        Some("SendMessage") if inner.is_queue_away => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some("SendMessage") => {
            let message = serde_json::from_str(asked["MessageBody"].as_str().expect("a body")).expect("a message");
            inner.sent.push(message);
            Json(json!({ "MessageId": "m", "MD5OfMessageBody": "" })).into_response()
        }
        Some("GetSecretValue") => {
            inner.secrets_read += 1;
            let name = asked["SecretId"].as_str().expect("a name");
            match inner.secrets.get(name) {
                Some(text) => Json(json!({ "Name": name, "SecretString": text })).into_response(),
                None => {
                    let told = Json(json!({ "__type": "ResourceNotFoundException", "Message": "no such secret" }));
                    (StatusCode::BAD_REQUEST, told).into_response()
                }
            }
        }
        other => panic!("not asked for here: {other:?}"),
    }
}

struct World {
    database: Database,
    neighbours: Neighbours,
    aws: Aws,
    store: Store,
    app: App,
}

impl World {
    async fn new() -> Self {
        let neighbours = Neighbours::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = Router::new().fallback(answer).with_state(neighbours.clone());
        tokio::spawn(async move { axum::serve(listener, served).await });
        let mut reader = Reader::from_map([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", &url),
        ]);
        let aws = Aws::from(&mut reader);
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
        let stage = json!({
            "click_token_key": "k", "stripe_webhook_secret": SECRET,
            "lemon_squeezy_webhook_secret": LEMON_SECRET, "lemon_squeezy_stores": "1",
        });
        neighbours.0.lock().expect("a lock").secrets.insert(STAGE_SECRET.to_owned(), stage.to_string());
        let app = App {
            store: store.clone(),
            facts: Sender::connect(&aws.service(Service::Sqs), format!("{url}/queue")),
            sealer: Sealer::connect(&aws.service(Service::Kms), "k"),
            clock: Clock::fixed(NOW.parse().expect("a time")),
            doors: Arc::new(Doors::new(store.clone(), secrets, STAGE_SECRET)),
            gate: edge::auth::Gate::new(store.clone(), Clock::fixed(NOW.parse().expect("a time"))),
            mail_hosts: None,
        };
        Self { database, neighbours, aws, store, app }
    }

    /// A secret, as its owner has put it.
    fn put_secret(&self, name: &str, text: &Value) {
        self.neighbours.0.lock().expect("a lock").secrets.insert(name.to_owned(), text.to_string());
    }

    /// The same function as a process of its own: it remembers nothing.
    fn another_process(&mut self) {
        let secrets = NamedSecrets::connect(&self.aws.service(Service::SecretsManager));
        self.app.doors = Arc::new(Doors::new(self.store.clone(), secrets, STAGE_SECRET));
    }

    /// The routes' answer to any request.
    async fn answer(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = routes(self.app.clone()).oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    async fn send(&self, path: &str, signature: Option<&str>, body: &[u8]) -> (StatusCode, Value) {
        let mut request = Request::post(path).header("x-correlation-id", "correlation-1");
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        self.answer(request.body(Body::from(body.to_vec())).expect("a request")).await
    }

    /// Sent as Stripe sends it, signed now.
    async fn deliver(&self, body: &[u8]) -> StatusCode {
        self.send("/v1/webhooks/stripe", Some(&signature(body, SECRET, 0)), body).await.0
    }

    fn sent(&self) -> Vec<FactReceived> {
        self.neighbours.0.lock().expect("a lock").sent.clone()
    }

    fn set_queue_away(&self, is_away: bool) {
        self.neighbours.0.lock().expect("a lock").is_queue_away = is_away;
    }

    async fn stored(&self, day: &str, event_id: &str) -> Option<RawEvent> {
        self.stored_of(&TenantId::default_tenant(), ("stripe", day, event_id)).await
    }

    async fn stored_of(&self, tenant: &TenantId, (provider, day, id): (&str, &str, &str)) -> Option<RawEvent> {
        let place = RawEventPlace::parse(provider, day, id).expect("a place");
        self.store.get_raw_event(&TenantKey::from(tenant), &place).await.expect("reads")
    }

    /// As revenue-recorder reads it: in another process, without this one's data keys.
    async fn opened(&self, event: &RawEvent) -> Vec<u8> {
        self.opened_of(&TenantId::default_tenant(), event).await
    }

    async fn opened_of(&self, tenant: &TenantId, event: &RawEvent) -> Vec<u8> {
        let sealer = Sealer::connect(&self.aws.service(Service::Kms), "k");
        let belongs =
            Belongs { tenant: tenant.as_str(), subject: raw_event::SEALED_SUBJECT, field: raw_event::SEALED_FIELD };
        let sealed = Sealed::from_bytes(&event.sealed).expect("sealed");
        let packed = sealer.open(&belongs, &sealed).await.expect("opens");
        raw_event::unpack(packed.reveal()).expect("unpacks")
    }
}

/// A header signed so many seconds after now.
fn signature(body: &[u8], secret: &str, off_s: i64) -> String {
    let at_s = NOW.parse::<jiff::Timestamp>().expect("a time").as_second() + off_s;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [format!("{at_s}.").as_bytes(), body].concat();
    format!("t={at_s},v1={}", hex::encode(hmac::sign(&key, &signed)))
}

fn event(case: &str) -> Vec<u8> {
    let path = format!("{}/../../events/webhook-ingest/stripe/{case}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("an event file")
}

fn id_of(body: &[u8]) -> String {
    let event: Value = serde_json::from_slice(body).expect("JSON");
    event["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn every_event_file_is_answered_as_its_name_says() {
    let world = World::new().await;
    for (case, status) in [("signed", 200), ("signed-base64", 200), ("unsigned", 401)] {
        let path = format!("{}/../../events/webhook-ingest/{case}.json", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(path).expect("an event file");
        let request = lambda_http::request::from_str(&event).expect("an event of API Gateway");
        let request = request.map(|body| Body::from(body.to_vec()));
        let answer = routes(world.app.clone()).oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), status, "{case}");
    }
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = crate::config::Config::read(Reader::from_map([("LOG_LEVEL", "loud")])).err();
    let told = faults.expect("faults").to_string();
    for variable in crate::config::VARIABLES.iter().filter(|variable| variable.required) {
        assert!(told.contains(variable.name), "{} in {told}", variable.name);
    }
    assert!(told.contains("LOG_LEVEL"));
}

#[test]
fn the_paths_are_in_openapi() {
    let paths: Vec<String> = openapi().paths.paths.keys().cloned().collect();
    let expected = [
        "/v1/revenue/leads",
        "/v1/track/lead",
        "/v1/track/refund",
        "/v1/track/sale",
        "/v1/track/signup",
        "/v1/webhooks/lemon-squeezy",
        "/v1/webhooks/lemon-squeezy/{endpoint_id}",
        "/v1/webhooks/stripe",
        "/v1/webhooks/stripe/{endpoint_id}",
        "/v1/webhooks/{endpoint_id}",
    ];
    assert_eq!(paths, expected);
}
