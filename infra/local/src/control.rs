//! /local: what the cloud shows of itself, and what it can be told.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::error::in_full;
use crate::pages;
use crate::runtime::Outcome;

const MAIL_SHOWN: u32 = 500;
/// How long a move of the clock waits for what runs.
const CLOCK_PATIENCE: Duration = Duration::from_secs(30);

/// The routes under /local; a browser of another origin may use none of them.
pub(crate) fn router() -> Router<Cloud> {
    Router::new()
        .route("/local", get(pages::overview))
        .route("/local/mail", get(pages::mail))
        .route("/local/mail.json", get(mail))
        .route("/local/mail/{id}", get(pages::letter))
        .route("/local/mail/{id}/raw", get(raw_letter))
        .route("/local/logs/{function}", get(pages::log))
        .route("/local/state", get(state))
        .route("/local/clock", get(clock).post(move_clock))
        .route("/local/tick/{*name}", post(tick))
        .route("/local/invoke/{name}", post(invoke))
        .route("/local/functions/{name}/kill", post(kill))
        .route("/local/release", post(release))
        .route("/local/queues/{name}", get(peek).delete(purge))
        .route("/local/queues/{name}/redrive", post(redrive))
        .route("/local/files", get(files))
        .route("/local/files/{*key}", get(file))
        .layer(axum::middleware::from_fn(same_origin))
}

/// A page on the web must not move the clock of a developer's machine.
async fn same_origin(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let foreign = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .is_some_and(|origin| origin.split("://").nth(1) != Some(host));
    if foreign && request.method() != axum::http::Method::GET {
        return problem(StatusCode::FORBIDDEN, "another origin may not do this");
    }
    next.run(request).await
}

fn problem(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(json!({"message": why}))).into_response()
}

fn not_found(what: &str) -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there is no {what}"))
}

fn broken(error: &dyn std::error::Error) -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, &in_full(error))
}

async fn state(State(cloud): State<Cloud>) -> axum::Json<Value> {
    axum::Json(state_of(&cloud))
}

/// The whole state, as the page and tests read it.
pub(crate) fn state_of(cloud: &Cloud) -> Value {
    let dead = cloud.dead();
    let queues: Vec<Value> = cloud
        .queues
        .plans()
        .map(|plan| {
            let depth = cloud.queues.depth(&plan.name).unwrap_or_default();
            let oldest = cloud.queues.oldest_ms(&plan.name).ok().flatten();
            let age = oldest.map(|sent| (cloud.clock.now_ms() - sent).max(0) / 1_000);
            json!({
                "name": plan.name, "is_dead_letter": dead.contains(&plan.name), "visible": depth.visible,
                "in_flight": depth.in_flight, "delayed": depth.delayed, "oldest_seconds": age,
            })
        })
        .collect();
    let streams: Vec<Value> = cloud
        .streams
        .iter()
        .map(|pump| {
            let source = &pump.source;
            json!({"function": source.function, "table": source.table, "lag": pump.lag().ok()})
        })
        .collect();
    let schedules: Vec<Value> = cloud
        .timers
        .plans()
        .iter()
        .map(|plan| {
            let next = plan.schedule.next_after(cloud.clock.now()).map(|at| at.to_string());
            json!({"name": plan.name, "expression": plan.schedule.text(), "enabled": plan.enabled, "next": next})
        })
        .collect();
    let functions: Vec<_> = cloud.functions.all().map(|function| function.state()).collect();
    json!({
        "now": cloud.clock.now().to_string(),
        "offset_ms": cloud.clock.offset_ms(),
        "idle": cloud.is_idle(),
        "functions": functions,
        "queues": queues,
        "streams": streams,
        "schedules": schedules,
        "mail": cloud.mail.count().unwrap_or(0),
    })
}

async fn clock(State(cloud): State<Cloud>) -> axum::Json<Value> {
    axum::Json(clock_of(&cloud))
}

fn clock_of(cloud: &Cloud) -> Value {
    json!({"now": cloud.clock.now().to_string(), "offset_ms": cloud.clock.offset_ms()})
}

/// Where the clock may stand: 2000 up to 2100, in ms.
const CLOCK_RANGE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    now: Option<Timestamp>,
    advance: Option<String>,
    #[serde(default)]
    fire_schedules: bool,
}

async fn move_clock(State(cloud): State<Cloud>, body: Bytes) -> Response {
    let wanted: ClockMove = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(e) => return problem(StatusCode::BAD_REQUEST, &e.to_string()),
    };
    let _one = cloud.moving.lock().await;
    let before = cloud.clock.now();
    let by = match (&wanted.now, &wanted.advance) {
        (Some(now), None) => now.duration_since(before),
        (None, Some(text)) => match duration(text) {
            Some(by) => by,
            None => return problem(StatusCode::BAD_REQUEST, &format!("{text:?} is no duration, such as 24h")),
        },
        _ => return problem(StatusCode::BAD_REQUEST, "give one of now and advance"),
    };
    let by_ms = i64::try_from(by.as_millis()).unwrap_or(0);
    if before.as_millisecond().checked_add(by_ms).is_none_or(|to| !CLOCK_RANGE_MS.contains(&to)) {
        return problem(StatusCode::BAD_REQUEST, "the clock goes from 2000 to 2099");
    }
    let moved = cloud.functions.restart_after(CLOCK_PATIENCE, || {
        cloud.clock.set_offset_ms(cloud.clock.offset_ms() + by_ms)?;
        if !wanted.fire_schedules {
            cloud.timers.skip();
        }
        if let Err(e) = cloud.queues.shift(by_ms) {
            tracing::warn!(error = %e, "messages did not follow the clock");
        }
        Ok(())
    });
    if let Err(e) = moved.await {
        return broken(&e);
    }
    // What fell due at Stripe on the way happens now, each at its own time.
    cloud.stripe.wake();
    let mut answer = clock_of(&cloud);
    if wanted.fire_schedules {
        cloud.timers.skip();
        answer["fired"] = Value::Array(cloud.timers.fire_between(before, cloud.clock.now()).await);
    }
    axum::Json(answer).into_response()
}

/// `24h`, `90s`, `1d`, `-2h30m`: days have 24 hours here.
fn duration(text: &str) -> Option<SignedDuration> {
    if let Ok(duration) = text.parse::<SignedDuration>() {
        return Some(duration);
    }
    let span: Span = text.parse().ok()?;
    let marker = jiff::SpanRelativeTo::days_are_24_hours();
    span.to_duration(marker).ok()
}

fn outcome(outcome: &Outcome) -> Response {
    let failed = matches!(outcome, Outcome::Failed { .. });
    let mut response = axum::Json(outcome.as_json()).into_response();
    if failed {
        response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    response
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    scheduled_for: Option<Timestamp>,
}

async fn tick(State(cloud): State<Cloud>, Path(name): Path<String>, body: Bytes) -> Response {
    let asked = if body.is_empty() { Ok(Tick::default()) } else { serde_json::from_slice(&body) };
    let asked = match asked {
        Ok(asked) => asked,
        Err(e) => return problem(StatusCode::BAD_REQUEST, &e.to_string()),
    };
    match cloud.timers.tick(&name, asked.scheduled_for).await {
        Some(done) => outcome(&done),
        None => not_found(&format!("schedule called {name}")),
    }
}

async fn invoke(State(cloud): State<Cloud>, Path(name): Path<String>, body: Bytes) -> Response {
    match cloud.functions.get(&name) {
        Some(function) => outcome(&function.invoke(body).await),
        None => not_found(&format!("function called {name}")),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    #[serde(default)]
    busy_only: bool,
}

async fn kill(State(cloud): State<Cloud>, Path(name): Path<String>, body: Bytes) -> Response {
    let asked = if body.is_empty() { Ok(Kill::default()) } else { serde_json::from_slice(&body) };
    match (cloud.functions.get(&name), asked) {
        (Some(function), Ok(asked)) => axum::Json(json!({"killed": function.kill(asked.busy_only)})).into_response(),
        (None, _) => not_found(&format!("function called {name}")),
        (_, Err(e)) => problem(StatusCode::BAD_REQUEST, &e.to_string()),
    }
}

async fn release(State(cloud): State<Cloud>) -> Response {
    match cloud.queues.release() {
        Ok(released) => axum::Json(json!({"released": released})).into_response(),
        Err(e) => broken(&e),
    }
}

async fn peek(State(cloud): State<Cloud>, Path(name): Path<String>) -> Response {
    if cloud.queues.plan(&name).is_err() {
        return not_found(&format!("queue called {name}"));
    }
    match cloud.queues.peek(&name, 100) {
        Ok(bodies) => axum::Json(json!({"messages": bodies})).into_response(),
        Err(e) => broken(&e),
    }
}

async fn redrive(State(cloud): State<Cloud>, Path(name): Path<String>) -> Response {
    match cloud.queues.redrive(&name) {
        Ok(moved) => axum::Json(json!({"moved": moved})).into_response(),
        Err(_) => not_found(&format!("queue called {name}")),
    }
}

async fn purge(State(cloud): State<Cloud>, Path(name): Path<String>) -> Response {
    match cloud.queues.purge(&name) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => not_found(&format!("queue called {name}")),
    }
}

async fn mail(State(cloud): State<Cloud>) -> Response {
    match cloud.mail.latest(MAIL_SHOWN) {
        Ok(letters) => axum::Json(json!({"mail": letters})).into_response(),
        Err(e) => broken(&e),
    }
}

async fn raw_letter(State(cloud): State<Cloud>, Path(id): Path<String>) -> Response {
    match cloud.mail.raw(&id) {
        Ok(Some(raw)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], raw).into_response(),
        Ok(None) => not_found("such letter"),
        Err(e) => broken(&e),
    }
}

async fn files(State(cloud): State<Cloud>) -> axum::Json<Value> {
    axum::Json(json!({"keys": cloud.files.keys()}))
}

async fn file(State(cloud): State<Cloud>, Path(key): Path<String>) -> Response {
    let Some(bytes) = cloud.files.read(&key) else { return not_found("such file") };
    let kind = match key.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    (headers, bytes).into_response()
}
