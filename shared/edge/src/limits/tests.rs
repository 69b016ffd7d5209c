use axum::Router;
use axum::body::Body;
use axum::routing::{get, put};
use futures::future::join_all;
use testkit::Fault;
use tower::ServiceExt;

use super::*;
use crate::api::api;
use crate::auth::tests::{given, store};
use crate::telemetry::Secret;

/// A quarter of an hour begins here.
const NOW: &str = "2026-09-01T12:00:00Z";

#[derive(Clone)]
struct App {
    gate: Gate,
    limits: Limits,
}

impl FromRef<App> for Gate {
    fn from_ref(app: &App) -> Self {
        app.gate.clone()
    }
}

impl FromRef<App> for Limits {
    fn from_ref(app: &App) -> Self {
        app.limits.clone()
    }
}

/// A process: it remembers nothing of another one's.
fn process(store: &Store, now: &str) -> Router {
    let clock = Clock::fixed(now.parse().expect("an instant"));
    let app = App { gate: Gate::new(store.clone(), clock), limits: Limits::new(store.clone(), clock) };
    let known = |_: Caller| async { "done" };
    let routes = Router::new()
        .route("/things", get(known).post(known))
        .route("/things/{id}/approve", put(known).get(known))
        .route("/open", get(|| async { "open" }));
    api(routes, app)
}

async fn ask(routes: &Router, key: Option<&Secret<String>>, method: &str, path: &str) -> Response {
    let mut request = http::Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {}", key.reveal()));
    }
    routes.clone().oneshot(request.body(Body::empty()).expect("request")).await.expect("infallible")
}

/// How many of so many calls at once pass.
async fn passing(routes: &Router, key: &Secret<String>, method: &str, path: &str, calls: usize) -> usize {
    let answers = join_all((0..calls).map(|_| ask(routes, Some(key), method, path))).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!(of(200) + of(429), calls, "neither passed nor refused as too many");
    of(200)
}

#[tokio::test]
async fn of_a_thousand_calls_at_once_exactly_100_of_a_user_and_10_approvals_pass() {
    let (store, _database) = store().await;
    let partner = given(&store, Role::Partner, "par_1", 1).await;
    let admin = given(&store, Role::Admin, "usr_1", 2).await;
    let routes = process(&store, NOW);
    assert_eq!(passing(&routes, &partner, "GET", "/things", 1_000).await, 100);
    assert_eq!(passing(&routes, &admin, "PUT", "/things/1/approve", 1_000).await, 10);
    // Another process counts on where this one stopped.
    assert_eq!(passing(&process(&store, NOW), &partner, "GET", "/things", 10).await, 0);
    // Approvals are counted apart from everything else.
    assert_eq!(passing(&routes, &admin, "POST", "/things", 10).await, 10);
}

#[tokio::test]
async fn each_kind_of_caller_has_a_limit_of_its_own_and_a_window_that_ends() {
    let (store, _database) = store().await;
    for (n, role, limit, policy) in [
        (1, Role::Admin, 1_000, "1000;w=900"),
        (2, Role::Auditor, 1_000, "1000;w=900"),
        (3, Role::Member, 100, "100;w=900"),
        (4, Role::Service, 600, "600;w=60"),
    ] {
        let key = given(&store, role, &format!("who_{n}"), n).await;
        let response = ask(&process(&store, "2026-09-01T12:00:30Z"), Some(&key), "GET", "/things").await;
        let of = |name: &HeaderName| response.headers()[name].to_str().expect("text").to_owned();
        assert_eq!((of(&LIMIT), of(&POLICY)), (limit.to_string(), policy.to_owned()), "{role}");
        assert_eq!(of(&REMAINING), (limit - 1).to_string(), "{role}");
        assert_eq!(of(&RESET), if role == Role::Service { "30" } else { "870" }, "{role}");
    }
    let partner = given(&store, Role::Partner, "par_1", 5).await;
    assert_eq!(passing(&process(&store, NOW), &partner, "GET", "/things", 101).await, 100);
    let refused = ask(&process(&store, "2026-09-01T12:14:59Z"), Some(&partner), "GET", "/things").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &HeaderValue::from(1)));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let next = ask(&process(&store, "2026-09-01T12:15:00Z"), Some(&partner), "GET", "/things").await;
    assert_eq!(next.status(), 200);
}

#[tokio::test]
async fn reads_pass_while_calls_cannot_be_counted_and_writes_do_not() {
    let (store, database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    let routes = process(&store, NOW);
    assert_eq!(ask(&routes, Some(&admin), "GET", "/things").await.status(), 200);
    for (method, path, expected) in
        [("GET", "/things", 200), ("POST", "/things", 503), ("PUT", "/things/1/approve", 503)]
    {
        database.fail_next(100, Fault::Refuse);
        assert_eq!(ask(&routes, Some(&admin), method, path).await.status(), expected, "{method} {path}");
        database.heal();
    }
}

#[tokio::test]
async fn a_stranger_is_refused_by_the_door_and_costs_no_count() {
    let (store, database) = store().await;
    let routes = process(&store, NOW);
    database.reset_units();
    assert_eq!(ask(&routes, None, "GET", "/things").await.status(), 401);
    assert_eq!(ask(&routes, None, "GET", "/open").await.status(), 200);
    assert_eq!(database.reset_units().write_hundredths, 0);
}

#[tokio::test]
async fn who_goes_on_calling_costs_nothing_more() {
    let (store, database) = store().await;
    let partner = given(&store, Role::Partner, "par_1", 1).await;
    let routes = process(&store, NOW);
    assert_eq!(passing(&routes, &partner, "GET", "/things", 101).await, 100);
    database.reset_units();
    assert_eq!(passing(&routes, &partner, "GET", "/things", 50).await, 0);
    assert_eq!(database.reset_units().write_hundredths, 0);
}

#[tokio::test]
async fn a_caller_who_is_refused_is_looked_up_once_and_does_not_slip_in_behind_a_failed_look_up() {
    // API-3
    let (store, database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    let unknown = crate::auth::mint(&domain::id::TenantId::default_tenant());
    let routes = process(&store, NOW);
    let before = database.requests();
    assert_eq!(ask(&routes, Some(&unknown), "POST", "/things").await.status(), 401);
    assert_eq!(database.requests() - before, 1, "the layer asked, and the door took its word");
    assert_eq!(ask(&routes, Some(&unknown), "GET", "/open").await.status(), 200, "a door for everybody stays open");
    database.fail_next(4, Fault::Refuse);
    let answered = ask(&routes, Some(&admin), "POST", "/things").await;
    assert_eq!(answered.status(), 503, "nobody passes uncounted");
}
