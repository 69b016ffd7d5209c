//! The cloud as the handlers see it: every request of theirs stops here, until the simulation lets it go on.
//!
//! The AWS clients are real, down to their retries; in place of the network there is this connector. Whoever is polled
//! when a request comes has sent it. A request of nobody (the furnishing of a world, the laws at its end) is answered at
//! once, in full health.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::body::Bytes;
use axum::http::{Request, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stripe::{Lost, Transport, Travel};

use crate::database::{Answer, Committed, Database, Lag, Place, Visibility};
use crate::rail::{Asked, Rail};

/// A data key that wraps nothing: simulated events are no secrets.
const DATA_KEY: [u8; 32] = [7; 32];

/// Who sends requests.
pub type ActorId = usize;

/// What a call asks of the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A request to the database: the operation and its body.
    Database {
        /// `GetItem`, `TransactWriteItems`, …
        operation: String,
        /// The request, JSON.
        body: Vec<u8>,
        /// What a planted bug sends after it, as a request of its own.
        then: Option<Box<Ask>>,
    },
    /// Messages to a queue.
    Queue {
        /// The request, JSON.
        body: Vec<u8>,
    },
    /// A request to the rail.
    Rail(Asked),
    /// A pause before something is tried again.
    Pause,
}

impl Ask {
    /// The operation of the database, if it is one.
    #[must_use]
    pub fn operation(&self) -> &str {
        match self {
            Self::Database { operation, .. } => operation,
            Self::Queue { .. } => "SendMessage",
            Self::Rail(asked) if asked.is_write() => "AskRail",
            Self::Rail(_) => "ReadRail",
            Self::Pause => "Pause",
        }
    }

    /// Does it take an account out of the index of those that the night visits?
    #[must_use]
    pub fn ends_live(&self) -> bool {
        let Self::Database { operation, body, .. } = self else { return false };
        let is_in_it = |word: &[u8]| body.windows(word.len()).any(|part| part == word);
        operation == "UpdateItem" && is_in_it(b"live_pk") && is_in_it(b"REMOVE")
    }

    /// Does it write to the database?
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.operation(), "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems")
    }
}

/// How a request ends without having been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The connection breaks.
    Broken,
    /// The service is ill.
    ServerError,
    /// Too much at once.
    Throttled,
    /// Another transaction holds one of its items.
    Conflict,
}

type Answered = Result<(u16, String), &'static str>;

#[derive(Default)]
struct Slot {
    answer: Option<Answered>,
    waker: Option<Waker>,
}

/// A call that waits to go on.
pub struct Call {
    /// Its number.
    pub id: u64,
    /// Who sent it.
    pub actor: ActorId,
    /// What it asks.
    pub ask: Ask,
    /// A transaction that is carried out, whose items are not all seen yet: the answer, and what is left to be shown.
    shown: Option<(Answer, Vec<Place>)>,
    slot: Arc<Mutex<Slot>>,
}

impl Call {
    /// Its transaction is carried out, and some of its items are not seen yet.
    #[must_use]
    pub fn is_half_seen(&self) -> bool {
        self.shown.is_some()
    }
}

struct Inner {
    database: Database,
    polled: Option<ActorId>,
    calls: Vec<Call>,
    next_id: u64,
    sent: Vec<String>,
    rail: Rail,
}

/// The cloud of one thread.
#[derive(Clone)]
pub struct Cloud(Arc<Mutex<Inner>>);

impl std::fmt::Debug for Cloud {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Cloud")
    }
}

impl Cloud {
    /// A cloud over a database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let (calls, sent, rail) = (Vec::new(), Vec::new(), Rail::new());
        Self(Arc::new(Mutex::new(Inner { database, polled: None, calls, next_id: 0, sent, rail })))
    }

    /// The settings of AWS clients that live in this cloud.
    #[must_use]
    pub fn settings(&self) -> SdkConfig {
        let credentials = Credentials::new("simulated", "simulated", None, None, "simulator");
        self.unsigned().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
    }

    /// The same for clients that sign nothing.
    #[must_use]
    pub fn unsigned(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url("http://cloud.simulated")
            .http_client(self.clone())
            .sleep_impl(SharedAsyncSleep::new(self.clone()))
            .time_source(SystemTimeSource::new())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }

    /// The database itself.
    pub fn with_database<T>(&self, look: impl FnOnce(&mut Database) -> T) -> T {
        look(&mut self.lock().database)
    }

    /// The rail itself.
    pub fn with_rail<T>(&self, look: impl FnOnce(&mut Rail) -> T) -> T {
        look(&mut self.lock().rail)
    }

    /// From now on requests are of this actor, or of nobody.
    pub fn set_polled(&self, actor: Option<ActorId>) {
        self.lock().polled = actor;
    }

    /// The calls that wait, with what they ask.
    pub fn with_calls<T>(&self, look: impl FnOnce(&[Call]) -> T) -> T {
        look(&self.lock().calls)
    }

    /// The messages that were sent since the last time.
    #[must_use]
    pub fn take_sent(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().sent)
    }

    /// Carries a call out and, unless its items are shown one by one, answers it. Answers what was written.
    pub fn carry_out(&self, id: u64, lag: Lag, visibility: Visibility, answer_arrives: bool) -> Vec<Place> {
        let mut inner = self.lock();
        let Some(at) = inner.calls.iter().position(|call| call.id == id) else { return Vec::new() };
        let ask = inner.calls[at].ask.clone();
        let committed = inner.perform(&ask, lag, visibility);
        if let (Ask::Database { then: Some(then), .. }, 200) = (&ask, committed.answer.status) {
            committed.places.iter().for_each(|place| inner.database.reveal(place));
            inner.calls[at].ask = then.as_ref().clone();
            return committed.places;
        }
        if visibility == Visibility::OneByOne && committed.places.len() > 1 {
            inner.calls[at].shown = Some((committed.answer, committed.places.clone()));
            return committed.places;
        }
        committed.places.iter().for_each(|place| inner.database.reveal(place));
        let call = inner.calls.remove(at);
        drop(inner);
        let heard = (committed.answer.status, committed.answer.body);
        call.slot.answer(if answer_arrives { Ok(heard) } else { Err("the answer was lost") });
        committed.places
    }

    /// Shows one more item of a half-seen transaction; after the last one its sender hears the answer.
    pub fn show_next(&self, id: u64, which: usize) {
        let mut inner = self.lock();
        let Some(at) = inner.calls.iter().position(|call| call.id == id) else { return };
        let Some((answer, mut places)) = inner.calls[at].shown.take() else { return };
        if !places.is_empty() {
            let place = places.swap_remove(which % places.len());
            inner.database.reveal(&place);
        }
        if places.is_empty() {
            let call = inner.calls.remove(at);
            drop(inner);
            call.slot.answer(Ok((answer.status, answer.body)));
        } else {
            inner.calls[at].shown = Some((answer, places));
        }
    }

    /// Ends a call without carrying it out.
    pub fn refuse(&self, id: u64, refusal: Refusal) {
        let mut inner = self.lock();
        let Some(at) = inner.calls.iter().position(|call| call.id == id) else { return };
        let call = inner.calls.remove(at);
        drop(inner);
        let is_transaction = call.ask.operation() == "TransactWriteItems";
        let is_rail = matches!(call.ask, Ask::Rail(_));
        let answer = match refusal {
            Refusal::Broken => return call.slot.answer(Err("the connection was reset")),
            Refusal::ServerError => Answer { status: 500, ..Answer::error("InternalServerError", json!({})) },
            Refusal::Throttled if is_rail => Answer { status: 429, ..Answer::error("Throttled", json!({})) },
            Refusal::Throttled => Answer::error("ThrottlingException", json!({})),
            Refusal::Conflict if is_transaction => Answer::cancelled(&["TransactionConflict"]),
            Refusal::Conflict => Answer::error("TransactionConflictException", json!({})),
        };
        call.slot.answer(Ok((answer.status, answer.body)));
    }

    /// The calls of an actor that is no more are forgotten; what its half-seen transaction wrote goes on being shown.
    pub fn abandon(&self, actor: ActorId) {
        self.lock().calls.retain(|call| call.actor != actor || call.is_half_seen());
    }

    /// Nobody waits any more.
    pub fn clear_calls(&self) {
        let mut inner = self.lock();
        inner.calls.clear();
        inner.sent.clear();
        inner.polled = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call is made: answered at once when it is nobody's, parked otherwise.
    fn call(&self, ask: Ask) -> Arc<Mutex<Slot>> {
        let mut inner = self.lock();
        let slot = Arc::new(Mutex::new(Slot::default()));
        match inner.polled {
            None => {
                let mut committed = inner.perform(&ask, Lag::default(), Visibility::AtOnce);
                if let (Ask::Database { then: Some(then), .. }, 200) = (&ask, committed.answer.status) {
                    committed = inner.perform(then, Lag::default(), Visibility::AtOnce);
                }
                slot.answer(Ok((committed.answer.status, committed.answer.body)));
            }
            Some(actor) => {
                let id = inner.next_id;
                inner.next_id += 1;
                inner.calls.push(Call { id, actor, ask, shown: None, slot: Arc::clone(&slot) });
            }
        }
        slot
    }
}

impl Inner {
    fn perform(&mut self, ask: &Ask, lag: Lag, visibility: Visibility) -> Committed {
        let read = |answer| Committed { answer, places: Vec::new() };
        match ask {
            Ask::Database { operation, body, .. } => match operation.as_str() {
                "GetItem" => read(self.database.get(body, lag)),
                "BatchGetItem" => read(self.database.get_batch(body, lag, 0)),
                "Query" => read(self.database.query(body, lag)),
                "PutItem" => self.database.put(body),
                "UpdateItem" => self.database.update(body),
                "DeleteItem" => self.database.delete(body),
                "TransactWriteItems" => self.database.transact(body, visibility),
                other => read(Answer::error("UnknownOperationException", json!({ "message": other }))),
            },
            Ask::Queue { body } => read(self.send(body)),
            Ask::Rail(asked) => {
                let (status, body) = self.rail.hear(asked);
                read(Answer { status, body })
            }
            Ask::Pause => read(Answer { status: 200, body: String::new() }),
        }
    }

    fn send(&mut self, body: &[u8]) -> Answer {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.get("MessageBody").and_then(Value::as_str).unwrap_or_default().to_owned();
        let entries = request.get("Entries").and_then(Value::as_array);
        let Some(entries) = entries else {
            self.sent.push(text(&request));
            return Answer { status: 200, body: json!({ "MessageId": "m" }).to_string() };
        };
        self.sent.extend(entries.iter().map(text));
        let told: Vec<Value> = entries.iter().map(|entry| json!({ "Id": entry["Id"], "MessageId": "m" })).collect();
        Answer { status: 200, body: json!({ "Successful": told, "Failed": [] }).to_string() }
    }
}

trait Answering {
    fn answer(&self, answered: Answered);
}

impl Answering for Arc<Mutex<Slot>> {
    fn answer(&self, answered: Answered) {
        let mut slot = self.lock().unwrap_or_else(PoisonError::into_inner);
        slot.answer = Some(answered);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }
}

async fn heard(slot: Arc<Mutex<Slot>>) -> Answered {
    poll_fn(|context| {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

/// What a planted bug makes of a request to the database: its operation and body, and perhaps a second request.
pub type Rewrite = fn(&str, Value) -> Vec<(String, Value)>;

static REWRITE: RwLock<Option<Rewrite>> = RwLock::new(None);

/// From now on every request to the database goes out rewritten, in the whole process; `None` ends it.
pub fn rewrite_on_the_wire(rewrite: Option<Rewrite>) {
    *REWRITE.write().unwrap_or_else(PoisonError::into_inner) = rewrite;
}

/// A request as it goes out.
fn on_the_wire(operation: String, body: Vec<u8>) -> Ask {
    let rewrite = *REWRITE.read().unwrap_or_else(PoisonError::into_inner);
    let plain = |body| Ask::Database { operation: operation.clone(), body, then: None };
    let Some(rewrite) = rewrite else { return plain(body) };
    let Ok(read) = serde_json::from_slice(&body) else { return plain(body) };
    let rewritten = rewrite(&operation, read).into_iter().rev().fold(None, |then, (operation, body)| {
        let body = body.to_string().into_bytes();
        Some(Box::new(Ask::Database { operation, body, then }))
    });
    rewritten.map_or_else(|| plain(body), |ask| *ask)
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        let (service, operation) = (service.to_owned(), operation.to_owned());
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let ask = match service.as_str() {
            "AmazonSQS" => Ask::Queue { body },
            "secretsmanager" => return HttpConnectorFuture::ready(response(200, secret())),
            "TrentService" => return HttpConnectorFuture::ready(response(200, key_service(&operation))),
            _ => on_the_wire(operation, body),
        };
        let slot = Self::call(self, ask);
        HttpConnectorFuture::new(async move {
            match heard(slot).await {
                Ok((status, body)) => response(status, body),
                Err(why) => Err(broken(why)),
            }
        })
    }
}

impl Transport for Cloud {
    fn carry(&self, request: Request<Bytes>) -> Travel {
        let slot = Self::call(self, Ask::Rail(Asked::of(&request)));
        Box::pin(async move {
            let broken = |why: &'static str| Lost::Broken(why.into());
            let (status, body) = heard(slot).await.map_err(broken)?;
            let answer = Response::builder().status(status).body(Bytes::from(body));
            answer.map_err(|error| Lost::Broken(error.into()))
        })
    }
}

impl AsyncSleep for Cloud {
    fn sleep(&self, _: Duration) -> Sleep {
        let cloud = self.clone();
        // Only who waits waits: the client makes many a pause that it never takes.
        Sleep::new(async move {
            let _: Answered = heard(Self::call(&cloud, Ask::Pause)).await;
        })
    }
}

fn response(status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = status.try_into().map_err(|_| broken("no such status"))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}

fn broken(why: &'static str) -> ConnectorError {
    ConnectorError::io(std::io::Error::new(std::io::ErrorKind::ConnectionReset, why).into())
}

/// The tenant's key of its rail.
fn secret() -> String {
    json!({ "SecretString": json!({ "current": crate::rail::KEY }).to_string() }).to_string()
}

fn key_service(operation: &str) -> String {
    let plain = STANDARD.encode(DATA_KEY);
    let mut answer = BTreeMap::from([("KeyId", "key".to_owned()), ("Plaintext", plain)]);
    if operation == "GenerateDataKey" {
        answer.insert("CiphertextBlob", STANDARD.encode("wrapped"));
    }
    json!(answer).to_string()
}
