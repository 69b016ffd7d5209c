//! The harness between the Lambda runtime and a handler: HTTP, queues, streams, schedules.
//!
//! A record of a queue fails alone: the answer is always a partial batch response. A record that is
//! refused for good ([`Failure::Reject`]) is logged with its reason as an error and reported as failed
//! too: the queue hands it out again until `maxReceiveCount` moves it to the dead-letter queue, where a
//! person finds it. We do not move it ourselves: a second write could lose or double it.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use axum::Router;
use futures::FutureExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::telemetry::chain;
use crate::viewer::Front;

pub use lambda_runtime::Error;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a record was not dealt with, and so what becomes of it. There is no third kind.
#[derive(Debug)]
pub enum Failure {
    /// Something was away: leave it in the queue, it will come again.
    Retry(Source),
    /// It will never do: to the dead-letter queue, with this reason in the log.
    Reject(Source),
}

impl Failure {
    /// Leave it in the queue.
    pub fn retry(error: impl Into<Source>) -> Self {
        Self::Retry(error.into())
    }

    /// It will never do.
    pub fn reject(error: impl Into<Source>) -> Self {
        Self::Reject(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(source) => write!(f, "to be tried again: {}", chain(source.as_ref())),
            Self::Reject(source) => write!(f, "refused for good: {}", chain(source.as_ref())),
        }
    }
}

/// What the queue says of a record, beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The queue's id of the message.
    pub message_id: String,
    /// The id under which the logs know the work: the sender's, or the message's.
    pub correlation_id: String,
    /// How many times it has been handed out, this time included.
    pub receive_count: u32,
}

/// The event of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// The instant it was meant for: the period comes from here, never from the clock.
    pub scheduled_for: jiff::Timestamp,
}

/// Serves HTTP until the runtime ends.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_http(routes: Router) -> Result<(), Error> {
    // As `lambda_http::run`, but for its adapter: that one is marked by the type of an answer's body, which no task may
    // carry. What it begins may be carried.
    let handler = service_fn(move |event: LambdaEvent<LambdaRequest>| Adapter::from(routes.clone()).call(event));
    in_a_task(Runtime::new(handler).layer(TracingLayer::new()).run()).await
}

/// On one thread each wake of the future that the runtime blocks on costs a look at the system for events that nobody
/// waits for yet: three of them a request. A task is woken without.
async fn in_a_task(serving: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
    match tokio::spawn(serving).await {
        Ok(ended) => ended,
        // A panic of the loop ends the process, as it would without the task.
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(cancelled.into()),
        },
    }
}

/// The same where a distribution may be in front: of its callers the address is then known that it saw.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_http_behind(front: Option<Front>, routes: Router) -> Result<(), Error> {
    run_http(behind(front, routes)).await
}

fn behind(front: Option<Front>, routes: Router) -> Router {
    match front {
        Some(front) => routes.layer(axum::Extension(front)),
        None => routes,
    }
}

/// Serves HTTP as [`run_http_behind`] does, and does a job when its schedule comes, until the runtime ends.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_http_and_schedule<H, F, R>(front: Option<Front>, routes: Router, job: H) -> Result<(), Error>
where
    H: Fn(Scheduled) -> F,
    F: Future<Output = Result<R, Error>>,
    R: Serialize,
{
    let (routes, job) = (behind(front, routes), &job);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let routes = routes.clone();
        async move { http_or_schedule(routes, job, event).await }
    }))
    .await
}

/// Tells the two by what the event says at its top, which nobody but the gateway and the scheduler writes.
async fn http_or_schedule<H, F, R>(routes: Router, job: &H, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Error>
where
    H: Fn(Scheduled) -> F,
    F: Future<Output = Result<R, Error>>,
    R: Serialize,
{
    let LambdaEvent { payload, context } = event;
    if let Ok(scheduled) = serde_json::from_str::<Scheduled>(payload.get()) {
        return Ok(serde_json::to_value(job(scheduled).await?)?);
    }
    let request: LambdaRequest = serde_json::from_str(payload.get())?;
    let answer = Adapter::from(routes).call(LambdaEvent::new(request, context)).await?;
    Ok(serde_json::to_value(answer)?)
}

/// Works through a queue, one record after the other, until the runtime ends.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_sqs<M, H, F>(handler: H) -> Result<(), Error>
where
    M: DeserializeOwned,
    H: Fn(M, Delivery) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(sqs_batch(event.payload, handler).await)
    }))
    .await
}

/// Works through the stream of a table until the runtime ends.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_stream<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(EventRecord) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<StreamEvent>| async move {
        Ok::<_, Error>(stream_batch(event.payload, handler).await)
    }))
    .await
}

/// Answers any other event (a schedule, an invocation by hand) until the runtime ends.
///
/// # Errors
/// The runtime's API is away.
pub async fn run_event<E, R, H, F>(handler: H) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    H: Fn(E) -> F,
    F: Future<Output = Result<R, Error>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| handler(event.payload))).await
}

/// What has triggered a function that has several triggers.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// Records of a queue.
    Queue(SqsEvent),
    /// Records of a table's stream.
    Stream(StreamEvent),
    /// A schedule.
    Schedule(Scheduled),
    /// Anything else, by hand.
    Other(Value),
}

impl Trigger {
    /// Tells triggers apart by the shape of their event.
    ///
    /// # Errors
    /// The event has the mark of one kind and not its shape.
    pub fn of(event: Value) -> Result<Self, serde_json::Error> {
        let source = event.pointer("/Records/0/eventSource").and_then(Value::as_str);
        match source {
            Some("aws:sqs") => serde_json::from_value(event).map(Self::Queue),
            Some("aws:dynamodb") => serde_json::from_value(event).map(Self::Stream),
            _ if event.get("scheduled_for").is_some() => serde_json::from_value(event).map(Self::Schedule),
            _ => Ok(Self::Other(event)),
        }
    }
}

/// One batch of a queue: each record is read and dealt with on its own.
pub async fn sqs_batch<M, H, F>(event: SqsEvent, handler: H) -> SqsBatchResponse
where
    M: DeserializeOwned,
    H: Fn(M, Delivery) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let delivery = delivery(&record);
        let (message_id, receive_count) = (delivery.message_id.clone(), delivery.receive_count);
        let span = tracing::info_span!("record", message.id = %message_id, correlation_id = %delivery.correlation_id);
        let outcome = async {
            let message: M = serde_json::from_str(record.body.as_deref().unwrap_or_default())
                .map_err(|error| Failure::reject(format!("reading the message: {error}")))?;
            quietly(handler(message, delivery)).await
        };
        let outcome = outcome.instrument(span.clone()).await;
        if let Err(failure) = outcome {
            span.in_scope(|| tell(&failure, receive_count));
            response.add_failure(message_id);
        }
    }
    response
}

/// One batch of a stream: order matters, so the first failure ends it, and the stream goes on from there.
pub async fn stream_batch<H, F>(event: StreamEvent, handler: H) -> SqsBatchResponse
where
    H: Fn(EventRecord) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let sequence = record.change.sequence_number.clone().unwrap_or_default();
        let span = tracing::info_span!("record", stream.sequence = %sequence, correlation_id = %record.event_id);
        if let Err(failure) = quietly(handler(record)).instrument(span.clone()).await {
            span.in_scope(|| tell(&failure, 1));
            response.add_failure(sequence);
            break;
        }
    }
    response
}

/// A panic over one record is that record's failure, not its neighbours'.
async fn quietly(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Failure::reject("the handler panicked")))
}

fn tell(failure: &Failure, receive_count: u32) {
    match failure {
        Failure::Retry(source) => {
            tracing::warn!(reason = %chain(source.as_ref()), receive_count, "record left in the queue");
        }
        Failure::Reject(source) => {
            tracing::error!(reason = %chain(source.as_ref()), receive_count, "record refused, on its way to the dead-letter queue");
        }
    }
}

fn delivery(record: &SqsMessage) -> Delivery {
    #[derive(Deserialize)]
    struct Carried {
        correlation_id: Option<String>,
    }
    let message_id = record.message_id.clone().unwrap_or_default();
    let carried = record.body.as_deref().and_then(|body| serde_json::from_str::<Carried>(body).ok());
    Delivery {
        correlation_id: carried.and_then(|c| c.correlation_id).unwrap_or_else(|| message_id.clone()),
        receive_count: record
            .attributes
            .get("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
        message_id,
    }
}

#[cfg(test)]
mod tests;
