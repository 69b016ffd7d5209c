//! A DynamoDB client that counts what it uses and fails when told to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use crate::gate::Gate;

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused: nothing was done.
    Refuse,
    /// The request is carried out, and the answer is lost.
    LoseAnswer,
    /// The server answers 500.
    ServerError,
    /// The server answers that it is throttled.
    Throttle,
}

/// Request units, in hundredths (a read of 0.5 is 50).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// Hundredths of read request units.
    pub read_hundredths: u64,
    /// Hundredths of write request units.
    pub write_hundredths: u64,
}

#[derive(Debug, Default)]
struct Inner {
    units: Units,
    requests: usize,
    passing: usize,
    failing: usize,
    fault: Option<Fault>,
    /// Of so many writes one meets another transaction; 0 is none.
    conflicts_each: usize,
    writes: usize,
    /// After so many further requests one waits.
    held: Option<(usize, Arc<Gate>)>,
    in_flight: usize,
    waiting_since: Option<Instant>,
    waited: Duration,
}

/// The meter and the faults of one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control(Arc<Mutex<Inner>>);

impl Control {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn units(&self) -> Units {
        self.lock().units
    }

    pub(crate) fn reset(&self) -> Units {
        std::mem::take(&mut self.lock().units)
    }

    pub(crate) fn requests(&self) -> usize {
        self.lock().requests
    }

    pub(crate) fn fail(&self, passing: usize, failing: usize, fault: Fault) {
        let mut inner = self.lock();
        (inner.passing, inner.failing, inner.fault) = (passing, failing, Some(fault));
    }

    pub(crate) fn conflict_each(&self, each: usize) {
        self.lock().conflicts_each = each;
    }

    pub(crate) fn hold(&self, held: Option<(usize, Arc<Gate>)>) {
        self.lock().held = held;
    }

    /// Where this request waits.
    fn gate(&self) -> Option<Arc<Gate>> {
        let mut inner = self.lock();
        match inner.held.take() {
            Some((0, gate)) => Some(gate),
            later => {
                inner.held = later.map(|(after, gate)| (after - 1, gate));
                None
            }
        }
    }

    /// Whether this write meets another transaction.
    fn meets_another(&self) -> bool {
        let mut inner = self.lock();
        inner.writes += 1;
        inner.conflicts_each > 0 && inner.writes.is_multiple_of(inner.conflicts_each)
    }

    /// How long requests were under way so far: what several wait for at once is counted once.
    pub(crate) fn waited(&self) -> Duration {
        self.lock().waited
    }

    fn sent(&self) {
        let mut inner = self.lock();
        inner.in_flight += 1;
        inner.waiting_since.get_or_insert_with(Instant::now);
    }

    fn answered(&self) {
        let mut inner = self.lock();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        if inner.in_flight == 0
            && let Some(since) = inner.waiting_since.take()
        {
            inner.waited += since.elapsed();
        }
    }

    /// The fate of the next request.
    fn next(&self) -> Option<Fault> {
        let mut inner = self.lock();
        inner.requests += 1;
        if inner.passing > 0 {
            inner.passing -= 1;
            return None;
        }
        if inner.failing == 0 {
            return None;
        }
        inner.failing -= 1;
        inner.fault
    }

    fn record(&self, is_read: bool, hundredths: u64) {
        let units = &mut self.lock().units;
        if is_read {
            units.read_hundredths += hundredths;
        } else {
            units.write_hundredths += hundredths;
        }
    }
}

/// A client of the database at an address.
pub(crate) fn connect(endpoint: &str, control: Control) -> Client {
    let plain = aws_smithy_http_client::Builder::new().build_http();
    let metered = SharedHttpClient::new(MeteredClient { plain, control });
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "testkit"))
        .endpoint_url(endpoint)
        .http_client(metered)
        .retry_config(retries)
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build())
        .build();
    Client::from_conf(config)
}

/// The settings of any AWS client of a cloud at an address.
pub(crate) fn settings(endpoint: &str, key: &str, secret: &str) -> aws_types::SdkConfig {
    let credentials = Credentials::new(key, secret, None, None, "testkit");
    aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(aws_smithy_async::rt::sleep::default_async_sleep().unwrap_or_else(|| {
            aws_smithy_async::rt::sleep::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new())
        }))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .build()
}

#[derive(Debug)]
struct MeteredClient {
    plain: SharedHttpClient,
    control: Control,
}

impl HttpClient for MeteredClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.plain.http_connector(settings, components);
        SharedHttpConnector::new(MeteredConnector { inner, control: self.control.clone() })
    }
}

#[derive(Debug)]
struct MeteredConnector {
    inner: SharedHttpConnector,
    control: Control,
}

impl HttpConnector for MeteredConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, control) = (self.inner.clone(), self.control.clone());
        HttpConnectorFuture::new(async move {
            if let Some(gate) = control.gate() {
                gate.pass().await;
            }
            let fault = control.next();
            match fault {
                Some(Fault::Refuse) => return Err(broken("the connection was refused")),
                Some(Fault::ServerError) => return answer(500, "InternalServerError"),
                Some(Fault::Throttle) => return answer(400, "ThrottlingException"),
                Some(Fault::LoseAnswer) | None => {}
            }
            let (request, is_read) = asking_for_units(request);
            if !is_read && control.meets_another() {
                return conflict(&request);
            }
            control.sent();
            let answered = match inner.call(request).await {
                Ok(response) => counted(response, is_read, &control).await,
                Err(error) => Err(error),
            };
            control.answered();
            let answered = answered?;
            if fault == Some(Fault::LoseAnswer) {
                return Err(broken("the answer was lost"));
            }
            Ok(answered)
        })
    }
}

fn broken(why: &str) -> ConnectorError {
    ConnectorError::io(std::io::Error::new(std::io::ErrorKind::ConnectionReset, why.to_owned()).into())
}

fn answer(status: u16, code: &str) -> Result<HttpResponse, ConnectorError> {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"injected"}}"#);
    let status = status.try_into().map_err(|_| broken("no such status"))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}

/// What the database says of a write to an item that a transaction under way writes: nothing was done.
fn conflict(request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    if !request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".TransactWriteItems")) {
        return answer(400, "TransactionConflictException");
    }
    let body = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok()).unwrap_or_default();
    let writes = body["TransactItems"].as_array().map_or(1, Vec::len);
    let reasons = vec![serde_json::json!({ "Code": "TransactionConflict" }); writes];
    let told = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "injected",
        "CancellationReasons": reasons,
    });
    let status = 400.try_into().map_err(|_| broken("no such status"))?;
    Ok(HttpResponse::new(status, SdkBody::from(told.to_string())))
}

/// The request with ReturnConsumedCapacity, and whether it reads. The embedded server checks no signature.
fn asking_for_units(mut request: HttpRequest) -> (HttpRequest, bool) {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let action = target.rsplit('.').next().unwrap_or_default().to_owned();
    let is_read = matches!(action.as_str(), "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems");
    let is_write =
        matches!(action.as_str(), "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems");
    let body = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    if let Some(Value::Object(mut body)) = body.filter(|_| is_read || is_write) {
        body.entry("ReturnConsumedCapacity").or_insert_with(|| Value::from("TOTAL"));
        let text = Value::Object(body).to_string();
        request.headers_mut().insert("content-length", text.len().to_string());
        *request.body_mut() = SdkBody::from(text);
    }
    (request, is_read)
}

async fn counted(response: HttpResponse, is_read: bool, control: &Control) -> Result<HttpResponse, ConnectorError> {
    let mut response = response;
    let body = ByteStream::new(response.take_body());
    let bytes = body.collect().await.map_err(|e| ConnectorError::io(e.into()))?.into_bytes();
    if let Ok(read) = serde_json::from_slice::<Value>(&bytes) {
        let used = match read.get("ConsumedCapacity") {
            Some(Value::Array(tables)) => tables.iter().map(hundredths).fold(0, u64::saturating_add),
            Some(one) => hundredths(one),
            None => 0,
        };
        control.record(is_read, used);
    }
    *response.body_mut() = SdkBody::from(bytes);
    Ok(response)
}

/// CapacityUnits comes as a decimal number: read as text, so that no float is touched.
fn hundredths(capacity: &Value) -> u64 {
    let text = capacity.get("CapacityUnits").map(Value::to_string).unwrap_or_default();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let whole: u64 = whole.parse().unwrap_or(0);
    whole * 100 + part.parse::<u64>().unwrap_or(0)
}
