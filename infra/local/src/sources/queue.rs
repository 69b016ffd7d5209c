//! A queue's messages as events, with partial batch responses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::queues::{Message, Queues};
use crate::runtime::{Function, Outcome};
use crate::sqs_backend::md5_of;
use crate::template::QueueSource;

/// SQS hands out ten at a time.
const RECEIVE_MAX: usize = 10;
/// A hidden message becomes visible without anybody telling.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Feeds one function from one queue for as long as the cloud runs.
pub(crate) struct Pump {
    pub(crate) source: QueueSource,
    pub(crate) function: Arc<Function>,
    pub(crate) queues: Queues,
    /// When failed messages come back, if sooner than the queue's visibility says.
    pub(crate) retry_after: Option<Duration>,
}

impl Pump {
    pub(crate) async fn run(self) {
        let pump = Arc::new(self);
        let places = Arc::new(Semaphore::new(pump.source.concurrency));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let batch = pump.batch().await;
            tokio::spawn(Arc::clone(&pump).deliver(batch, place));
        }
    }

    /// The next batch: waits for the first message, then for as long as the window says.
    async fn batch(&self) -> Vec<Message> {
        let mut batch = Vec::new();
        let mut first = None;
        let window = Duration::from_secs(u64::from(self.source.window_seconds));
        loop {
            let room = self.source.batch_size - batch.len();
            let arrivals = self.queues.arrivals(&self.source.queue);
            match self.queues.receive(&self.source.queue, room.min(RECEIVE_MAX), None) {
                Ok(received) if received.is_empty() => {}
                Ok(received) => {
                    batch.extend(received);
                    first.get_or_insert_with(Instant::now);
                }
                Err(e) => tracing::error!(queue = %self.source.queue, error = %e, "the queue cannot be read"),
            }
            let waited = first.map(|first| first.elapsed());
            if batch.len() >= self.source.batch_size || waited.is_some_and(|waited| waited >= window) {
                return batch;
            }
            let left = waited.map_or(LOOK_AGAIN, |waited| (window - waited).min(LOOK_AGAIN));
            match arrivals {
                Ok(arrivals) => {
                    let _ = tokio::time::timeout(left, arrivals.notified()).await;
                }
                Err(_) => tokio::time::sleep(left).await,
            }
        }
    }

    async fn deliver(self: Arc<Self>, batch: Vec<Message>, _place: OwnedSemaphorePermit) {
        let Ok(plan) = self.queues.plan(&self.source.queue) else { return };
        let records: Vec<Value> = batch.iter().map(|message| record(message, &plan.arn)).collect();
        let event = json!({"Records": records}).to_string();
        let failed = match self.function.invoke(event).await {
            Outcome::Answered(answer) if self.source.partial => failures(&answer, &batch),
            Outcome::Answered(_) => Failed::Some(Vec::new()),
            Outcome::Failed { .. } => Failed::All,
        };
        for message in &batch {
            let settled = if failed.contains(&message.id) {
                self.retry_after.map_or(Ok(()), |after| {
                    let after = i64::try_from(after.as_millis()).unwrap_or(0);
                    self.queues.change_visibility(&self.source.queue, &message.receipt, after)
                })
            } else {
                self.queues.delete(&self.source.queue, &message.receipt)
            };
            if let Err(e) = settled {
                tracing::warn!(queue = %self.source.queue, error = %e, "a message was not settled");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Failed {
    All,
    Some(Vec<String>),
}

impl Failed {
    fn contains(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(ids) => ids.iter().any(|one| one == id),
        }
    }
}

/// An answer that is malformed or names a message that is none fails the whole batch, as at AWS.
fn failures(answer: &[u8], batch: &[Message]) -> Failed {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return Failed::All };
    let items = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Failed::Some(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Failed::All,
    };
    let mut ids = Vec::new();
    for item in items {
        match item.get("itemIdentifier").and_then(Value::as_str) {
            Some(id) if batch.iter().any(|message| message.id == id) => ids.push(id.to_owned()),
            _ => return Failed::All,
        }
    }
    Failed::Some(ids)
}

fn record(message: &Message, arn: &str) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .attributes
        .iter()
        .map(|(name, attribute)| {
            let value = json!({
                "dataType": attribute.data_type,
                "stringValue": attribute.string_value,
                "binaryValue": attribute.binary_value,
                "stringListValues": [],
                "binaryListValues": [],
            });
            (name.clone(), value)
        })
        .collect();
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent_ms.to_string(),
            "SenderId": "AIDALOCAL",
            "ApproximateFirstReceiveTimestamp": message.first_received_ms.to_string(),
        },
        "messageAttributes": attributes,
        "md5OfBody": md5_of(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(':').nth(3).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Failed, failures};
    use crate::queues::Message;

    fn batch() -> Vec<Message> {
        let message = |id: &str| Message {
            id: id.to_owned(),
            body: String::new(),
            attributes: BTreeMap::new(),
            sent_ms: 0,
            first_received_ms: 0,
            receives: 1,
            receipt: String::new(),
        };
        vec![message("a"), message("b")]
    }

    #[test]
    fn a_partial_answer_names_what_failed_and_a_bad_one_fails_all() {
        let rows = [
            ("{}", Failed::Some(vec![])),
            ("null", Failed::Some(vec![])),
            (r#"{"batchItemFailures":[]}"#, Failed::Some(vec![])),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, Failed::Some(vec!["b".to_owned()])),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, Failed::All),
            (r#"{"batchItemFailures":[{"itemIdentifier":"zzz"}]}"#, Failed::All),
            (r#"{"batchItemFailures":[{}]}"#, Failed::All),
            (r#"{"batchItemFailures":"a"}"#, Failed::All),
            ("garbage", Failed::All),
        ];
        for (answer, expected) in rows {
            assert_eq!(failures(answer.as_bytes(), &batch()), expected, "{answer}");
        }
    }
}
