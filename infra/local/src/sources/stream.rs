//! A table's stream as events: in order, from where it stopped, failed batches retried, halved, or told.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::error::{CloudError, keep};
use crate::filter;
use crate::keep::Keep;
use crate::queues::Queues;
use crate::runtime::{Function, Outcome};
use crate::template::StreamSource;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Read records are deleted after this many.
const PRUNE_AFTER: usize = 500;

/// Feeds one function from one stream for as long as the cloud runs.
#[derive(Clone)]
pub(crate) struct Pump {
    pub(crate) source: StreamSource,
    /// Who else reads the same stream: what they have not read stays.
    pub(crate) beside: Vec<String>,
    pub(crate) function: Arc<Function>,
    pub(crate) queues: Queues,
    pub(crate) db: Database,
    pub(crate) db_path: PathBuf,
    pub(crate) keep: Keep,
    pub(crate) clock: Clock,
}

/// Writes scan a stream's records without this index: 0.25 ms at 500 of them, and growing.
pub(crate) fn index(db_path: &Path) -> Result<(), CloudError> {
    let query = "CREATE INDEX IF NOT EXISTS stream_records_by_number
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
    open(db_path).and_then(|db| db.execute_batch(query)).map_err(keep("indexing the streams"))
}

fn open(db_path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(db_path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

impl Pump {
    fn fact(&self) -> String {
        self.fact_of(&self.source.function)
    }

    fn fact_of(&self, function: &str) -> String {
        format!("stream:{function}:{}", self.source.table)
    }

    /// Through which record everybody who reads this stream is done.
    fn done_by_all(&self, own: i64) -> i64 {
        let of = |function: &String| self.keep.fact(&self.fact_of(function)).ok().flatten();
        let theirs = self.beside.iter().map(|function| of(function).and_then(|text| text.parse().ok()).unwrap_or(0));
        theirs.fold(own, i64::min)
    }

    /// The number of the last record that is done.
    fn position(&self) -> Option<i64> {
        self.keep.fact(&self.fact()).ok().flatten().and_then(|text| text.parse().ok())
    }

    /// Settles where a source starts that has never run, before anything can be written.
    pub(crate) fn settle_start(&self) -> Result<(), CloudError> {
        let settled = |position: i64| self.keep.set_fact(&self.fact(), &position.to_string());
        let reading = "settling the start of a stream";
        if self.position().is_some() {
            return Ok(());
        }
        if self.source.from_oldest {
            return settled(0).map_err(keep(reading));
        }
        let last = self.last().map_err(keep(reading))?;
        settled(last).map_err(keep(reading))
    }

    fn last(&self) -> rusqlite::Result<i64> {
        let query =
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records WHERE table_name = ?1";
        open(&self.db_path)?.query_row(query, params![self.source.table], |row| row.get(0))
    }

    /// How many records have not been delivered.
    pub(crate) fn lag(&self) -> rusqlite::Result<u64> {
        let query = "SELECT COUNT(*) FROM _stream_records
             WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2";
        let position = self.position().unwrap_or(0);
        open(&self.db_path)?.query_row(query, params![self.source.table, position], |row| row.get(0))
    }

    pub(crate) async fn run(self) {
        let mut read = 0;
        loop {
            let records = match self.read() {
                Ok(records) => records,
                Err(why) => {
                    tracing::error!(table = %self.source.table, why, "the stream cannot be read");
                    Vec::new()
                }
            };
            let Some(last) = records.last().and_then(number) else {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            };
            read += records.len();
            let wanted = records.into_iter().filter(|one| filter::passes(&self.source.filters, one)).collect();
            self.deliver(wanted).await;
            self.done(last);
            if read >= PRUNE_AFTER {
                read = 0;
                self.prune(self.done_by_all(last));
            }
        }
    }

    fn read(&self) -> Result<Vec<Value>, String> {
        let table = &self.source.table;
        let place = json!({"table_name": table, "shard_id": format!("shardId-00000001-{table}"),
            "position": self.position().unwrap_or(0)});
        let iterator = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, place.to_string());
        let request = json!({"ShardIterator": iterator, "Limit": self.source.batch_size.min(1_000)});
        let request = serde_json::from_value(request).map_err(|e| e.to_string())?;
        let answer = self.db.get_records(request).map_err(|e| e.to_string())?;
        let mut out = Vec::with_capacity(answer.records.len());
        for record in &answer.records {
            let mut record = serde_json::to_value(record).map_err(|e| e.to_string())?;
            record["awsRegion"] = json!(self.source.arn.split(':').nth(3).unwrap_or_default());
            record["eventSourceARN"] = json!(self.source.arn);
            let at = record["dynamodb"]["ApproximateCreationDateTime"].to_string();
            let seconds: i64 = at.split('.').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            record["dynamodb"]["ApproximateCreationDateTime"] = json!(seconds);
            out.push(record);
        }
        Ok(out)
    }

    fn done(&self, position: i64) {
        if let Err(e) = self.keep.set_fact(&self.fact(), &position.to_string()) {
            tracing::error!(error = %e, "the position of a stream was not kept");
        }
    }

    /// Keeps the last record: the next number is counted from it.
    fn prune(&self, position: i64) {
        let query = "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2";
        let pruned = open(&self.db_path).and_then(|db| db.execute(query, params![self.source.table, position]));
        if let Err(e) = pruned {
            tracing::warn!(error = %e, "read stream records were not deleted");
        }
    }

    /// Delivers all records, in order; returns when each was taken or told.
    async fn deliver(&self, records: Vec<Value>) {
        let mut batches = VecDeque::from([(records, 0u32)]);
        let mut backoff = BACKOFF_FIRST;
        while let Some((batch, failures)) = batches.pop_front() {
            if batch.is_empty() {
                continue;
            }
            let event = json!({"Records": batch}).to_string();
            let from = match self.function.invoke(event).await {
                Outcome::Answered(answer) => self.failed_from(&answer, &batch),
                Outcome::Failed { .. } => Some(0),
            };
            let Some(from) = from else {
                backoff = BACKOFF_FIRST;
                continue;
            };
            // What stands before the first failure is done; the rest starts anew.
            let failures = if from > 0 { 1 } else { failures + 1 };
            let mut rest = batch;
            rest.drain(..from);
            if self.source.bisect && rest.len() > 1 {
                let second = rest.split_off(rest.len() / 2);
                batches.push_front((second, failures - 1));
                batches.push_front((rest, failures - 1));
            } else if self.source.max_retries.is_some_and(|most| failures > most) {
                self.give_up(&rest, failures);
            } else {
                batches.push_front((rest, failures));
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }

    /// The index of the first record that failed.
    fn failed_from(&self, answer: &[u8], batch: &[Value]) -> Option<usize> {
        if !self.source.partial {
            return None;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return Some(0) };
        let items = answer.get("batchItemFailures").and_then(Value::as_array)?;
        let named = items.iter().map(|item| item.get("itemIdentifier").unwrap_or(&Value::Null));
        named.map(|id| batch.iter().position(|one| one["dynamodb"]["SequenceNumber"] == *id).unwrap_or(0)).min()
    }

    /// Tells the queue of failures which records were given up, as AWS does: where they are, not what they say.
    fn give_up(&self, batch: &[Value], attempts: u32) {
        let name = &self.source.function;
        self.function.log.line(&format!("{} stream records were given up after {attempts} attempts", batch.len()));
        let Some(on_failure) = &self.source.on_failure else { return };
        let at = |record: Option<&Value>| record.map(|one| one["dynamodb"]["SequenceNumber"].clone());
        let told = json!({
            "requestContext": {"functionArn": name, "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": self.clock.now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": format!("shardId-00000001-{}", self.source.table),
                "startSequenceNumber": at(batch.first()),
                "endSequenceNumber": at(batch.last()),
                "batchSize": batch.len(),
                "streamArn": self.source.arn,
            },
        });
        let sent = self.queues.send(&on_failure.queue, &told.to_string(), &Default::default(), None);
        if let Err(e) = sent {
            tracing::error!(error = %e, "given-up stream records were not told");
        }
    }
}

/// A record's number, as the database counts: its public form has 21 digits and begins with 1.
fn number(record: &Value) -> Option<i64> {
    record["dynamodb"]["SequenceNumber"].as_str()?.get(1..)?.parse().ok()
}
