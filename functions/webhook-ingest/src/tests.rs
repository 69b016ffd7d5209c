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
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use queues::{FactReceived, Sender};
use ring::hmac;
use serde_json::{Value, json};
use store::raw_events::{RawEvent, RawEventPlace};
use store::{Store, Tables, TenantKey};
use testkit::{Database, Fault};
use tower::ServiceExt;

use crate::{App, SigningSecrets, openapi, routes};

const SECRET: &str = "whsec_test_secret";
const NOW: &str = "2026-09-03T08:00:10Z";

/// As much of KMS and SQS as is asked for here.
#[derive(Clone, Default)]
struct Neighbours(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    keys: BTreeMap<String, String>,
    sent: Vec<FactReceived>,
    is_queue_away: bool,
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
        other => panic!("not asked for here: {other:?}"),
    }
}

struct World {
    database: Database,
    neighbours: Neighbours,
    aws: Aws,
    store: Store,
    app: Arc<App>,
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
        let app = App {
            store: store.clone(),
            facts: Sender::connect(&aws.service(Service::Sqs), format!("{url}/queue")),
            sealer: Sealer::connect(&aws.service(Service::Kms), "k"),
            clock: Clock::fixed(NOW.parse().expect("a time")),
            stripe: SigningSecrets::new([SECRET]),
        };
        Self { database, neighbours, aws, store, app: Arc::new(app) }
    }

    async fn send(&self, path: &str, signature: Option<&str>, body: &[u8]) -> (StatusCode, Value) {
        let mut request = Request::post(path).header("x-correlation-id", "correlation-1");
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        let answer = routes(Arc::clone(&self.app)).oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
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
        let place = RawEventPlace::parse("stripe", day, event_id).expect("a place");
        self.store.get_raw_event(&TenantKey::from(&TenantId::default_tenant()), &place).await.expect("reads")
    }

    /// As revenue-recorder reads it: in another process, without this one's data keys.
    async fn opened(&self, event: &RawEvent) -> Vec<u8> {
        let sealer = Sealer::connect(&self.aws.service(Service::Kms), "k");
        let tenant = TenantId::default_tenant();
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
async fn a_signed_event_is_stored_byte_for_byte_and_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let (status, answer) = world.send("/v1/webhooks/stripe", Some(&signature(&body, SECRET, 0)), &body).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "received": true })));
    let expected = FactReceived {
        v: queues::VERSION,
        tenant: TenantId::default_tenant(),
        provider: "stripe".to_owned(),
        day: "20260903".to_owned(),
        event_id: id_of(&body),
        correlation_id: "correlation-1".to_owned(),
    };
    assert_eq!(world.sent(), [expected]);
    let stored = world.stored("20260903", &id_of(&body)).await.expect("stored");
    assert_eq!(world.opened(&stored).await, body);
    assert_eq!(stored.kind, "invoice.paid");
    assert_eq!(stored.expires_at.to_string(), "2026-10-03T08:00:10Z");
    // What is stored says nothing by itself.
    assert!(!stored.sealed.windows(8).any(|window| window == b"customer"));
}

#[tokio::test]
async fn each_event_is_one_write_unit_and_one_request_to_the_store() {
    let world = World::new().await;
    for case in ["invoice.paid.basil-taxed", "invoice.paid.acacia", "checkout.session.completed.subscription"] {
        world.database.reset_units();
        let before = world.database.requests();
        assert_eq!(world.deliver(&event(case)).await, StatusCode::OK);
        assert_eq!(world.database.requests() - before, 1, "{case}");
        assert_eq!(world.database.reset_units().write_hundredths, 100, "{case}");
    }
}

#[tokio::test]
async fn an_event_that_comes_again_is_handed_on_again_and_changes_nothing() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let mut again: Value = serde_json::from_slice(&body).expect("JSON");
    again["pending_webhooks"] = json!(1);
    let again = serde_json::to_vec(&again).expect("JSON");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    let stored = world.stored("20260903", &id_of(&body)).await;
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.deliver(&again).await, StatusCode::OK);
    let sent = world.sent();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|message| *message == sent[0]));
    assert_eq!(world.stored("20260903", &id_of(&body)).await, stored);
}

#[tokio::test]
async fn another_body_under_a_known_id_is_stored_beside_the_first_and_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let mut other: Value = serde_json::from_slice(&body).expect("JSON");
    other["data"]["object"]["amount_paid"] = json!(1);
    let other = serde_json::to_vec(&other).expect("JSON");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.deliver(&other).await, StatusCode::OK);
    let [first, second] = world.sent().try_into().expect("two messages");
    assert!(second.event_id.starts_with(&format!("{}#", first.event_id)), "{}", second.event_id);
    let beside = world.stored("20260903", &second.event_id).await.expect("stored");
    assert_eq!(world.opened(&beside).await, other);
    let first = world.stored("20260903", &first.event_id).await.expect("stored");
    assert_eq!(world.opened(&first).await, body);
}

#[tokio::test]
async fn an_event_that_nobody_acts_on_is_stored_and_goes_no_further() {
    let world = World::new().await;
    let body = event("customer.created");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert!(world.sent().is_empty());
    let stored = world.stored("20260903", &id_of(&body)).await.expect("stored");
    assert_eq!(world.opened(&stored).await, body);
}

#[tokio::test]
async fn a_forged_stale_or_missing_signature_is_401_and_nothing_is_stored() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let cases = [
        None,
        Some(String::new()),
        Some(signature(&body, "whsec_other", 0)),
        Some(signature(&body, SECRET, -301)),
        Some(signature(&body, SECRET, 301)),
        Some(signature(b"another body", SECRET, 0)),
    ];
    let before = world.database.requests();
    for header in cases {
        let (status, problem) = world.send("/v1/webhooks/stripe", header.as_deref(), &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{header:?}");
        assert_eq!(problem["status"], 401);
    }
    assert_eq!(world.database.requests(), before);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_400_with_the_fields_pointer() {
    let world = World::new().await;
    for (body, pointer) in [("{", ""), ("{}", "/id"), (r#"{"id":"evt_1","type":"a","created":"x"}"#, "/created")] {
        let header = signature(body.as_bytes(), SECRET, 0);
        let (status, problem) = world.send("/v1/webhooks/stripe", Some(&header), body.as_bytes()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!(pointer)));
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_body_over_the_cap_is_413() {
    let world = World::new().await;
    let body = vec![b' '; raw_event::EVENT_BYTES_MAX + 1];
    let (status, problem) = world.send("/v1/webhooks/stripe", Some(&signature(&body, SECRET, 0)), &body).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
}

#[tokio::test]
async fn with_the_store_away_the_answer_is_503_and_nothing_is_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    world.database.fail_next(10, Fault::ServerError);
    assert_eq!(world.deliver(&body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.sent().is_empty());
    world.database.heal();
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn with_the_queue_away_the_answer_is_503_and_the_event_coming_again_is_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    world.set_queue_away(true);
    assert_eq!(world.deliver(&body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.stored("20260903", &id_of(&body)).await.is_some());
    world.set_queue_away(false);
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn a_tenants_own_endpoint_does_not_exist_yet() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let header = signature(&body, SECRET, 0);
    let (status, _) = world.send("/v1/webhooks/stripe/whk_1", Some(&header), &body).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn every_event_file_is_answered_as_its_name_says() {
    let world = World::new().await;
    for (case, status) in [("signed", 200), ("signed-base64", 200), ("unsigned", 401)] {
        let path = format!("{}/../../events/webhook-ingest/{case}.json", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(path).expect("an event file");
        let request = lambda_http::request::from_str(&event).expect("an event of API Gateway");
        let request = request.map(|body| Body::from(body.to_vec()));
        let answer = routes(Arc::clone(&world.app)).oneshot(request).await.expect("an answer");
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
    assert_eq!(paths, ["/v1/webhooks/stripe", "/v1/webhooks/stripe/{endpoint_id}"]);
}
