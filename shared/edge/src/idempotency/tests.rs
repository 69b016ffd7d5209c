use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::role::Role;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::auth::tests::{given, store};
use crate::http::{Cors, border};

use super::*;

#[derive(Clone)]
struct App {
    gate: Gate,
    idempotency: Idempotency,
    runs: Arc<AtomicUsize>,
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Self {
        app.gate.clone()
    }
}

impl FromRef<App> for Idempotency {
    fn from_ref(app: &App) -> Self {
        app.idempotency.clone()
    }
}

/// Does what the body says: waits, or answers with a status.
async fn work(State(app): State<App>, Json(asked): Json<Value>) -> Result<Response, Problem> {
    let run = app.runs.fetch_add(1, Ordering::SeqCst) + 1;
    if asked["wait"] == true {
        app.entered.notify_one();
        app.go_on.notified().await;
    }
    match asked["status"].as_u64().unwrap_or(201) {
        201 => {
            let mut answer = json!({ "run": run });
            if asked["tell"].is_string() {
                answer["of"] = asked["tell"].clone();
            }
            let mut answered = (StatusCode::CREATED, [(LOCATION, "/deeds/1")], Json(answer)).into_response();
            if asked["tell_once"] == true {
                answered.extensions_mut().insert(ShownOnce("of"));
            }
            Ok(answered)
        }
        202 => Ok(StatusCode::ACCEPTED.into_response()),
        401 => Err(Problem::unauthorized("ended")),
        403 if run == 1 || asked["factor"].is_null() => Err(Problem::forbidden("give a code first")),
        403 => Ok(StatusCode::OK.into_response()),
        409 => Err(Problem::conflict(format!("run {run}"))),
        _ => Err(Problem::unavailable("away")),
    }
}

struct World {
    app: App,
    routes: Router,
    bearer: String,
    database: testkit::Database,
}

async fn world(at: &str) -> World {
    let (store, database) = store().await;
    let key = given(&store, Role::Admin, "usr_1", 1).await;
    world_of(&store, database, format!("Bearer {}", key.reveal()), at)
}

fn world_of(store: &Store, database: testkit::Database, bearer: String, at: &str) -> World {
    let clock = Clock::fixed(at.parse().expect("instant"));
    let app = App {
        gate: Gate::new(store.clone(), clock),
        idempotency: Idempotency::new(store.clone(), clock),
        runs: Arc::default(),
        entered: Arc::default(),
        go_on: Arc::default(),
    };
    let routes = Router::new()
        .route("/deeds", post(work))
        .route("/deeds", get(|| async { "read" }))
        .route_layer(from_fn_with_state(app.clone(), required::<App>))
        .with_state(app.clone());
    World { app, routes: border(routes, Cors::Nobody), bearer, database }
}

const NOON: &str = "2026-09-01T12:00:00Z";

impl World {
    async fn send(&self, key: Option<&str>, body: &str) -> (u16, Value, bool) {
        self.send_to("/deeds", key, body).await
    }

    async fn send_to(&self, path: &str, key: Option<&str>, body: &str) -> (u16, Value, bool) {
        let mut request = http::Request::builder()
            .method("POST")
            .uri(path)
            .header("authorization", &self.bearer)
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(body.to_owned())).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let (status, replayed) = (response.status().as_u16(), response.headers().contains_key(REPLAYED));
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default(), replayed)
    }

    fn runs(&self) -> usize {
        self.app.runs.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn the_same_request_runs_once_and_is_answered_the_same_twice() {
    let world = world(NOON).await;
    assert_eq!(world.send(Some("k"), "{}").await, (201, json!({"run": 1}), false));
    assert_eq!(world.send(Some("k"), "{}").await, (201, json!({"run": 1}), true));
    assert_eq!(world.send(Some("other"), "{}").await, (201, json!({"run": 2}), false));
    assert_eq!(world.runs(), 2);
}

#[tokio::test]
async fn what_is_shown_once_is_shown_once() {
    let world = world(NOON).await;
    let body = r#"{"tell":"trb_secret","tell_once":true}"#;
    assert_eq!(world.send(Some("k"), body).await, (201, json!({"run": 1, "of": "trb_secret"}), false));
    assert_eq!(world.send(Some("k"), body).await, (201, json!({"run": 1, "of": ""}), true));
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn a_refusal_is_given_again_too_with_its_path() {
    let world = world(NOON).await;
    for replayed in [false, true] {
        let (status, problem, again) = world.send(Some("k"), r#"{"status":409}"#).await;
        assert_eq!((status, again), (409, replayed));
        assert_eq!(problem["detail"], "run 1");
        assert_eq!(problem["instance"], "/deeds");
    }
}

#[tokio::test]
async fn a_missing_or_unreadable_key_is_a_400_and_another_body_a_422() {
    let world = world(NOON).await;
    assert_eq!(world.send(None, "{}").await.0, 400);
    assert_eq!(world.send(Some("with space"), "{}").await.0, 400);
    assert_eq!(world.send(Some(&"x".repeat(256)), "{}").await.0, 400);
    assert_eq!(world.send(Some("k"), "{}").await.0, 201);
    let (status, problem, _) = world.send(Some("k"), r#"{"status":201}"#).await;
    assert_eq!((status, problem["type"].as_str()), (422, Some("urn:tributary:problem:idempotency-key-reused")));
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_a_409() {
    let world = Arc::new(world(NOON).await);
    let first = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.send(Some("k"), r#"{"wait":true}"#).await }
    });
    world.app.entered.notified().await;
    let (status, problem, _) = world.send(Some("k"), r#"{"wait":true}"#).await;
    assert_eq!((status, problem["type"].as_str()), (409, Some("urn:tributary:problem:idempotency-in-progress")));
    world.app.go_on.notify_one();
    assert_eq!(first.await.expect("first").0, 201);
    assert_eq!(world.send(Some("k"), r#"{"wait":true}"#).await, (201, json!({"run": 1}), true));
}

#[tokio::test]
async fn a_run_that_crashed_is_taken_over_after_its_lease() {
    let first = Arc::new(world(NOON).await);
    let crash = tokio::spawn({
        let world = Arc::clone(&first);
        async move { world.send(Some("k"), r#"{"wait":true}"#).await }
    });
    first.app.entered.notified().await;
    crash.abort();
    assert!(crash.await.is_err());
    let again = |at: &str| {
        let database = first.database.clone();
        world_of(&first.app.idempotency.store, database, first.bearer.clone(), at)
    };
    let soon = again("2026-09-01T12:00:59Z");
    assert_eq!(soon.send(Some("k"), r#"{"wait":true}"#).await.0, 409);
    let late = again("2026-09-01T12:01:00Z");
    late.app.go_on.notify_one();
    assert_eq!(late.send(Some("k"), r#"{"wait":true}"#).await.0, 201);
}

#[tokio::test]
async fn an_answer_that_a_second_try_may_better_is_not_kept() {
    let world = world(NOON).await;
    for (status, runs) in [(202, 2), (503, 4), (401, 6), (403, 8)] {
        let body = format!(r#"{{"status":{status}}}"#);
        let key = format!("k{status}");
        for _ in 0..2 {
            assert_eq!(u64::from(world.send(Some(&key), &body).await.0), status);
        }
        assert_eq!(world.runs(), runs);
    }
}

#[tokio::test]
async fn whoever_was_told_to_give_a_code_first_is_served_under_the_same_key_once_they_gave_it() {
    let world = world(NOON).await;
    let body = r#"{"status":403,"factor":"of now"}"#;
    let (status, problem, replayed) = world.send(Some("k"), body).await;
    assert_eq!((status, &problem["detail"], replayed), (403, &json!("give a code first"), false));
    let (status, _, replayed) = world.send(Some("k"), body).await;
    assert_eq!((status, replayed, world.runs()), (200, false, 2));
    let (status, _, replayed) = world.send(Some("k"), body).await;
    assert_eq!((status, replayed, world.runs()), (200, true, 2), "what was done then is done once");
}

#[tokio::test]
async fn the_same_body_with_another_query_is_another_request() {
    let world = world(NOON).await;
    assert_eq!(world.send_to("/deeds?of=a", Some("k"), "{}").await, (201, json!({"run": 1}), false));
    for other in ["/deeds?of=b", "/deeds"] {
        let (status, problem, _) = world.send_to(other, Some("k"), "{}").await;
        let expected = (422, Some("urn:tributary:problem:idempotency-key-reused"));
        assert_eq!((status, problem["type"].as_str()), expected, "{other}");
    }
    assert_eq!(world.send_to("/deeds?of=a", Some("k"), "{}").await, (201, json!({"run": 1}), true));
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn without_the_store_nothing_runs() {
    let world = world(NOON).await;
    assert_eq!(world.send(Some("warm"), "{}").await.0, 201);
    world.database.fail_next(100, testkit::Fault::Refuse);
    assert_eq!(world.send(Some("k"), "{}").await.0, 503);
    assert_eq!(world.runs(), 1);
}

#[tokio::test]
async fn a_stranger_learns_nothing_and_a_read_needs_no_key() {
    let mut world = world(NOON).await;
    let request = http::Request::builder().uri("/deeds").body(Body::empty()).expect("request");
    assert_eq!(world.routes.clone().oneshot(request).await.expect("infallible").status(), 200);
    world.bearer = "Bearer nobody".to_owned();
    assert_eq!(world.send(None, "{}").await.0, 401);
}

/// Everything that the table of what passes holds, as text.
async fn all_of_ops(database: &testkit::Database) -> String {
    let items = database.client.scan().table_name(&database.ops).send().await.expect("items").items.expect("items");
    assert!(!items.is_empty());
    let mut seen = String::new();
    for item in items {
        seen.push_str(&format!("{item:?}"));
        for packed in item.values().filter_map(|value| value.as_b().ok()) {
            // Were it packed and not sealed, it would be read here.
            let packed = packed.clone().into_inner();
            let unpacked = miniz_oxide::inflate::decompress_to_vec(&packed).unwrap_or_default();
            seen.push_str(&String::from_utf8_lossy(&packed));
            seen.push_str(&String::from_utf8_lossy(&unpacked));
        }
    }
    seen
}

#[tokio::test]
async fn nothing_of_an_answer_or_of_the_key_can_be_read_in_the_table() {
    let world = world(NOON).await;
    let told = r#"{"tell":"ada@example.com"}"#;
    assert_eq!(world.send(Some("a-secret-key"), told).await, (201, json!({"run": 1, "of": "ada@example.com"}), false));
    let stored = all_of_ops(&world.database).await;
    // No word of which every letter is a hexadecimal digit: bytes are printed as such, and hold those by chance.
    for word in ["ada@", "example.com", "/deeds/1", "application/json", "a-secret-key"] {
        assert!(!stored.contains(word), "{word} in {stored}");
    }
    assert_eq!(world.send(Some("a-secret-key"), told).await, (201, json!({"run": 1, "of": "ada@example.com"}), true));
}

#[tokio::test]
async fn keeping_an_answer_of_eight_hundred_bytes_costs_one_write_unit() {
    let world = world(NOON).await;
    let fields: String = (0..24).map(|n| format!("field_{n} of 2026-09-15T12:00:00Z, ")).collect();
    assert!(fields.len() > 700);
    // The claim is one unit as well.
    let told = json!({ "tell": fields }).to_string();
    world.send(Some("warm"), "{}").await;
    world.database.reset_units();
    assert_eq!(world.send(Some("k"), &told).await.0, 201);
    assert_eq!(world.database.reset_units().write_hundredths, 200);
}
