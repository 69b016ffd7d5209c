//! The border, as Stripe's own: keys, versions, forms, idempotency, expansion, and faults on order.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Value, json};

use crate::StandIn;
use crate::calls;
use crate::expand::expand;
use crate::faults::Fault;
use crate::form;
use crate::refusal::Refusal;
use crate::schema;
use crate::state::{Answered, shown};
use crate::turn::{Asked, SHAPES, Turn};

const BODY_BYTES_MAX: usize = 1 << 20;
const KEY_CHARS_MAX: usize = 255;
/// How long an answer is kept under its idempotency key; behind that the same key is a new request.
const ANSWER_SECONDS: i64 = 24 * 3_600;

/// An answer before it is one.
struct Answer {
    status: StatusCode,
    body: Value,
    is_replayed: bool,
    original: Option<String>,
    should_retry: Option<bool>,
}

impl Answer {
    fn of(outcome: Result<Value, Refusal>) -> Self {
        let (status, body) = match outcome {
            Ok(body) => (StatusCode::OK, body),
            Err(refusal) => (refusal.status, refusal.body()),
        };
        Self { status, body, is_replayed: false, original: None, should_retry: None }
    }
}

/// The routes.
pub(crate) fn router(stand_in: StandIn) -> Router {
    Router::new()
        .route("/_stand_in/faults", post(order_fault))
        .route("/_stand_in/state", get(state_of))
        .route("/_stand_in/balance", post(limit_balance))
        .fallback(serve)
        .with_state(stand_in)
}

/// Is anything on its way, and what?
async fn state_of(State(stand_in): State<StandIn>) -> axum::Json<Value> {
    let idle = stand_in.is_idle();
    let state = stand_in.state();
    let objects = state.objects.len();
    axum::Json(json!({"idle": idle, "objects": objects, "deliveries": state.deliveries, "due": state.due}))
}

async fn order_fault(State(stand_in): State<StandIn>, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) => {
            stand_in.faults().order(fault);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// `{"usd": 5000}`: from now on the platform can send so much of a currency, and no more; null takes the limit away.
async fn limit_balance(State(stand_in): State<StandIn>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(limits) => {
            limit(&stand_in, limits);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// So much of each currency can be sent from now on; any amount, where there is none.
pub(crate) fn limit(stand_in: &StandIn, limits: BTreeMap<String, Option<i64>>) {
    stand_in.turn(|turn| {
        for (currency, limit) in limits {
            match limit {
                Some(limit) => turn.state.balance.insert(currency, limit),
                None => turn.state.balance.remove(&currency),
            };
        }
    });
}

async fn serve(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match hear(&stand_in, &Request::from_parts(parts, body)) {
        Some(heard) => heard.map(Body::from),
        None => lost(),
    }
}

/// A request that has arrived whole; `None` where its answer is lost.
pub(crate) fn hear(stand_in: &StandIn, request: &Request<Bytes>) -> Option<Response<Vec<u8>>> {
    // What has fallen due came before whoever asks now.
    stand_in.wake();
    let path = request.uri().path();
    let fault = stand_in.faults().meet(request.method().as_str(), path);
    if fault.as_ref().is_some_and(|fault| fault.is_blank) {
        return Some(told(StatusCode::OK, &json!({"object": "list", "data": [], "has_more": false, "url": path})));
    }
    if fault.as_ref().is_some_and(|fault| fault.is_unheard) {
        return None;
    }
    let id = stand_in.turn(|turn| turn.state.mint("req", 14));
    let asked = Incoming {
        method: request.method(),
        path,
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        body: request.body(),
        id: &id,
    };
    let answer = asked.answer(stand_in, fault.as_ref());
    stand_in.0.changed.notify_one();
    if fault.is_some_and(|fault| fault.status.is_none()) {
        return None;
    }
    Some(respond(answer, request.headers(), &id))
}

/// An answer that breaks off before its first byte.
fn lost() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("the answer is lost")) });
    Response::new(Body::from_stream(broken))
}

fn told(status: StatusCode, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn respond(answer: Answer, asked: &HeaderMap, id: &str) -> Response<Vec<u8>> {
    let mut response = told(answer.status, &answer.body);
    let headers = response.headers_mut();
    let version = asked.get("stripe-version").cloned().unwrap_or(HeaderValue::from_static(SHAPES));
    headers.insert("stripe-version", version);
    let mut put = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    put("request-id", id);
    if let Some(key) = asked.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        put("idempotency-key", key);
    }
    if answer.is_replayed {
        put("idempotent-replayed", "true");
    }
    if let Some(original) = &answer.original {
        put("original-request", original);
    }
    if let Some(should_retry) = answer.should_retry {
        put("stripe-should-retry", if should_retry { "true" } else { "false" });
    }
    response
}

/// A request as it came.
struct Incoming<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
    id: &'a str,
}

impl Incoming<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn answer(&self, stand_in: &StandIn, fault: Option<&Fault>) -> Answer {
        let is_own = self.path.starts_with("/_stand_in/");
        let caller = match self.caller() {
            Ok(caller) => caller,
            Err(_) if is_own => String::new(),
            Err(refusal) => return Answer::of(Err(refusal)),
        };
        let (form, known) = match (self.read(), calls::find(self.method.as_str(), self.path)) {
            (Err(refusal), _) => return Answer::of(Err(refusal)),
            (_, None) => return Answer::of(Err(Refusal::no_path(self.method.as_str(), self.path))),
            (Ok(form), Some(known)) => (form, known),
        };
        let key = match self.key() {
            Ok(key) => key.map(|key| format!("{caller} {key}")),
            Err(refusal) => return Answer::of(Err(refusal)),
        };
        stand_in.turn(|turn| self.once(turn, key.as_deref(), (form, known), fault))
    }

    /// `Bearer sk_test_…`, or the same as a user's name without a password.
    fn caller(&self) -> Result<String, Refusal> {
        let missing = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.";
        let given = self.header("authorization").ok_or_else(|| Refusal::unauthorized(missing))?;
        let key = match given.split_once(' ') {
            Some(("Bearer", key)) => key.trim().to_owned(),
            Some(("Basic", encoded)) => {
                let decoded = STANDARD.decode(encoded.trim()).unwrap_or_default();
                String::from_utf8(decoded).unwrap_or_default().trim_end_matches(':').to_owned()
            }
            _ => return Err(Refusal::unauthorized(missing)),
        };
        let is_test =
            ["sk_test_", "rk_test_"].iter().any(|prefix| key.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 3));
        if is_test {
            return Ok(key);
        }
        let shown: String = key.chars().take(7).collect();
        Err(Refusal::unauthorized(format!("Invalid API Key provided: {shown}***. The stand-in takes sk_test_ keys.")))
    }

    /// The parameters of the query or the body; and a version whose shapes are told here.
    fn read(&self) -> Result<form::Tree, Refusal> {
        if let Some(version) = self.header("stripe-version")
            && !is_version(version)
        {
            let message =
                format!("Invalid Stripe API version: {version}. The stand-in tells the shapes since {SHAPES}.");
            return Err(Refusal::invalid(message));
        }
        if *self.method != Method::POST {
            // Stripe's packages send the parameters of a DELETE in the query; others in the body.
            let text = if self.body.is_empty() { self.query.as_bytes() } else { self.body };
            return form::parse(text);
        }
        let kind = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if !self.body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            let message = format!("Invalid request: this path takes application/x-www-form-urlencoded, not {kind}.");
            return Err(Refusal::invalid(message));
        }
        form::parse(self.body)
    }

    fn key(&self) -> Result<Option<&str>, Refusal> {
        if *self.method != Method::POST {
            return Ok(None);
        }
        match self.header("idempotency-key") {
            Some(key) if key.is_empty() || key.len() > KEY_CHARS_MAX => {
                Err(Refusal::invalid(format!("Idempotency keys are from 1 to {KEY_CHARS_MAX} characters.")))
            }
            key => Ok(key),
        }
    }

    /// The call, once for each key.
    fn once(
        &self,
        turn: &mut Turn<'_>,
        key: Option<&str>,
        (form, (route, ids)): (form::Tree, (calls::Route, Vec<String>)),
        fault: Option<&Fault>,
    ) -> Answer {
        let said = format!("{} {} {form:?}", self.method, self.path);
        let fingerprint = hex::encode(digest::digest(&digest::SHA256, said.as_bytes()));
        let known = key.and_then(|key| turn.state.answers.get(key)).filter(|it| turn.wall - it.at < ANSWER_SECONDS);
        if let Some(known) = known {
            if known.fingerprint != fingerprint {
                let bare = self.header("idempotency-key").unwrap_or_default();
                return Answer::of(Err(Refusal::other_request(bare)));
            }
            let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK);
            return Answer {
                status,
                body: known.body.clone(),
                is_replayed: true,
                original: Some(known.request.clone()),
                should_retry: None,
            };
        }
        let ordered = fault.and_then(|fault| StatusCode::from_u16(fault.status?).ok());
        if let (Some(status), Some(false)) = (ordered, fault.map(|fault| fault.executes)) {
            return self.failed(turn, key, &fingerprint, status, fault);
        }
        turn.asked = Asked { id: Some(self.id.to_owned()), key: self.header("idempotency-key").map(str::to_owned) };
        let outcome = schema::read(&form, route.fields, route.is_list).and_then(|params| {
            let request = calls::Request { path: self.path.to_owned(), ids, params: Value::Object(params) };
            let mut answer = (route.call)(turn, &request)?;
            expand(turn.state, &mut answer, request.get("expand"))?;
            Ok(shown(&answer))
        });
        if let Some(status) = ordered {
            return self.failed(turn, key, &fingerprint, status, fault);
        }
        let is_kept = outcome.as_ref().map_or_else(Refusal::is_kept, |_| true);
        let answer = Answer::of(outcome);
        if let (Some(key), true) = (key, is_kept) {
            self.remember(turn, key, fingerprint, &answer);
        }
        answer
    }

    /// An ordered failure: a server's error is kept under its key, and replayed, as Stripe does.
    fn failed(
        &self,
        turn: &mut Turn<'_>,
        key: Option<&str>,
        fingerprint: &str,
        status: StatusCode,
        fault: Option<&Fault>,
    ) -> Answer {
        let mut answer = Answer::of(Err(Refusal::ordered(status)));
        answer.should_retry = fault.and_then(|fault| fault.should_retry);
        if let (Some(key), true) = (key, status == StatusCode::INTERNAL_SERVER_ERROR) {
            self.remember(turn, key, fingerprint.to_owned(), &answer);
        }
        answer
    }

    fn remember(&self, turn: &mut Turn<'_>, key: &str, fingerprint: String, answer: &Answer) {
        let (status, body, request) = (answer.status.as_u16(), answer.body.clone(), self.id.to_owned());
        let at = turn.wall;
        turn.state.answers.retain(|_, kept| at - kept.at < ANSWER_SECONDS);
        turn.state.answers.insert(key.to_owned(), Answered { fingerprint, status, body, request, at });
    }
}

/// A date since basil, with or without the name of its release.
fn is_version(text: &str) -> bool {
    let (date, name) = text.split_once('.').unwrap_or((text, "basil"));
    let is_date = date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok();
    is_date && date >= "2025-03-31" && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())
}
