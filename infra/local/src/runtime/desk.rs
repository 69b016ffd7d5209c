//! The Runtime API as one process sees it: one port, one invocation at a time.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

/// Lambda takes answers of up to 6 MB.
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What is handed to a process.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) request_id: String,
    pub(super) deadline_ms: i64,
    pub(super) arn: String,
    pub(super) payload: Bytes,
    pub(super) answer: oneshot::Sender<Said>,
}

/// What a process said.
#[derive(Debug)]
pub(super) enum Said {
    /// To an invocation: the answer.
    Response(Bytes),
    /// To an invocation: an error.
    Error {
        /// Its type.
        kind: String,
        /// Its message.
        message: String,
    },
}

#[derive(Debug)]
struct Inner {
    deliveries: AsyncMutex<mpsc::Receiver<Delivery>>,
    current: Mutex<Option<(String, oneshot::Sender<Said>)>>,
    polled: watch::Sender<bool>,
    init_error: watch::Sender<Option<String>>,
}

/// The desk of one process; dropping it closes the port.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) address: String,
    pub(super) deliver: mpsc::Sender<Delivery>,
    pub(super) polled: watch::Receiver<bool>,
    pub(super) init_error: watch::Receiver<Option<String>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Desk {
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (deliver, deliveries) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            deliveries: AsyncMutex::new(deliveries),
            current: Mutex::new(None),
            polled: watch::Sender::new(false),
            init_error: watch::Sender::new(None),
        });
        let (polled, init_error) = (inner.polled.subscribe(), inner.init_error.subscribe());
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error_said))
            .layer(DefaultBodyLimit::max(ANSWER_BYTES_MAX))
            .with_state(inner);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, deliver, polled, init_error, server })
    }
}

impl Inner {
    fn say(&self, id: &str, said: Said) -> StatusCode {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take() {
            Some((asked, answer)) if asked == id => {
                let _ = answer.send(said);
                StatusCode::ACCEPTED
            }
            other => {
                *current = other;
                StatusCode::BAD_REQUEST
            }
        }
    }
}

async fn next(State(desk): State<Arc<Inner>>) -> Response<Body> {
    desk.polled.send_replace(true);
    let Some(delivery) = desk.deliveries.lock().await.recv().await else {
        return plain(StatusCode::GONE);
    };
    let answer = Response::builder()
        .header("lambda-runtime-aws-request-id", &delivery.request_id)
        .header("lambda-runtime-deadline-ms", delivery.deadline_ms.to_string())
        .header("lambda-runtime-invoked-function-arn", &delivery.arn)
        .header("lambda-runtime-trace-id", format!("Root=1-{}", delivery.request_id))
        .header("content-type", "application/json")
        .body(Body::from(delivery.payload));
    *desk.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((delivery.request_id, delivery.answer));
    answer.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn response(State(desk): State<Arc<Inner>>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    plain(desk.say(&id, Said::Response(body)))
}

async fn error(State(desk): State<Arc<Inner>>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    let (kind, message) = error_in(&body);
    plain(desk.say(&id, Said::Error { kind, message }))
}

async fn init_error_said(State(desk): State<Arc<Inner>>, body: Bytes) -> Response<Body> {
    let (kind, message) = error_in(&body);
    desk.init_error.send_replace(Some(format!("{kind}: {message}")));
    plain(StatusCode::ACCEPTED)
}

fn error_in(body: &[u8]) -> (String, String) {
    let read: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = |name: &str| read.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = said("errorType").unwrap_or_else(|| "Runtime.Unknown".to_owned());
    let message = said("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    (kind, message)
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::from(r#"{"status":"OK"}"#));
    *answer.status_mut() = status;
    answer
}
