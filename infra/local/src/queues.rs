//! The queues: messages in SQLite, so that they outlive the process and obey the settable clock.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::keep::Keep;
use crate::template::QueuePlan;

/// A message attribute; binary values are base64.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// String, Number or Binary.
    pub data_type: String,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The bytes, as base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// A message that was received.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Its text.
    pub body: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// When it was sent.
    pub sent_ms: i64,
    /// When it was first received.
    pub first_received_ms: i64,
    /// How often it was received.
    pub receives: u32,
    /// The handle of this receive.
    pub receipt: String,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: u64,
    /// Received, and hidden.
    pub in_flight: u64,
    /// Not yet ready.
    pub delayed: u64,
}

impl Depth {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// Why a queue cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no such queue.
    #[error("the specified queue does not exist: {0}")]
    Unknown(String),
    /// The handle is of no message that is in flight.
    #[error("the receipt handle is not valid")]
    Receipt,
    /// The file refused.
    #[error("reading or writing messages")]
    Keep(#[from] rusqlite::Error),
}

/// All queues of the template.
#[derive(Debug, Clone)]
pub struct Queues {
    keep: Keep,
    clock: Clock,
    plans: Arc<BTreeMap<String, (QueuePlan, Arc<Notify>)>>,
}

impl Queues {
    /// The queues of a plan, by name.
    pub fn new(keep: Keep, clock: Clock, plans: impl Iterator<Item = QueuePlan>) -> Self {
        let plans = plans.map(|plan| (plan.name.clone(), (plan, Arc::new(Notify::new())))).collect();
        Self { keep, clock, plans: Arc::new(plans) }
    }

    /// The queues as planned.
    pub fn plans(&self) -> impl Iterator<Item = &QueuePlan> {
        self.plans.values().map(|(plan, _)| plan)
    }

    /// One queue's plan.
    pub fn plan(&self, queue: &str) -> Result<&QueuePlan, QueueError> {
        self.known(queue).map(|(plan, _)| plan)
    }

    /// Wakes when a message may have come.
    pub fn arrivals(&self, queue: &str) -> Result<Arc<Notify>, QueueError> {
        self.known(queue).map(|(_, notify)| Arc::clone(notify))
    }

    fn known(&self, queue: &str) -> Result<&(QueuePlan, Arc<Notify>), QueueError> {
        self.plans.get(queue).ok_or_else(|| QueueError::Unknown(queue.to_owned()))
    }

    /// Sends a message; its id is the answer.
    pub fn send(
        &self,
        queue: &str,
        body: &str,
        attributes: &BTreeMap<String, Attribute>,
        delay_seconds: Option<u32>,
    ) -> Result<String, QueueError> {
        let (plan, notify) = self.known(queue)?;
        let now = self.clock.now_ms();
        let visible = now + i64::from(delay_seconds.unwrap_or(plan.delay_seconds)) * 1_000;
        let id = crate::ids::uuid();
        let attributes = serde_json::to_string(attributes).unwrap_or_else(|_| "{}".to_owned());
        let query = "INSERT INTO messages (id, queue, body, attributes, sent_ms, visible_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.keep.lock().execute(query, params![id, queue, body, attributes, now, visible])?;
        notify.notify_waiters();
        notify.notify_one();
        Ok(id)
    }

    /// Receives up to `max` messages, and moves those that were received too often.
    pub fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility_seconds: Option<u32>,
    ) -> Result<Vec<Message>, QueueError> {
        let (plan, _) = self.known(queue)?;
        let now = self.clock.now_ms();
        let mut connection = self.keep.lock();
        let transaction = connection.transaction()?;
        let oldest = now - i64::from(plan.retention_seconds) * 1_000;
        transaction.execute("DELETE FROM messages WHERE queue = ?1 AND sent_ms < ?2", params![queue, oldest])?;
        let dead = plan.redrive.as_ref().map(|redrive| {
            let query = "UPDATE messages SET queue = ?1, receipt = NULL, receives = 0, visible_ms = ?2
                 WHERE queue = ?3 AND visible_ms <= ?2 AND receives >= ?4";
            let values = params![redrive.queue, now, queue, redrive.max_receive_count];
            transaction.execute(query, values).map(|moved| (moved, redrive.queue.clone()))
        });
        let dead = dead.transpose()?;
        let until = now + i64::from(visibility_seconds.unwrap_or(plan.visibility_seconds)) * 1_000;
        let mut out = Vec::new();
        let rows: Vec<(i64, Message)> = {
            let query = "SELECT seq, id, body, attributes, sent_ms, first_received_ms, receives FROM messages
                 WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, seq LIMIT ?3";
            let mut statement = transaction.prepare_cached(query)?;
            let limit = i64::try_from(max).unwrap_or(10);
            let found = statement.query_map(params![queue, now, limit], |row| message(row, now))?;
            found.collect::<Result<_, _>>()?
        };
        for (seq, message) in rows {
            let query = "UPDATE messages SET receives = ?2, receipt = ?3, visible_ms = ?4, first_received_ms = ?5
                 WHERE seq = ?1";
            let values = params![seq, message.receives, message.receipt, until, message.first_received_ms];
            transaction.execute(query, values)?;
            out.push(message);
        }
        transaction.commit()?;
        drop(connection);
        if let Some((1.., dead)) = dead
            && let Ok(notify) = self.arrivals(&dead)
        {
            notify.notify_one();
        }
        Ok(out)
    }

    /// Deletes a message by the handle of its latest receive.
    pub fn delete(&self, queue: &str, receipt: &str) -> Result<(), QueueError> {
        self.known(queue)?;
        let query = "DELETE FROM messages WHERE queue = ?1 AND receipt = ?2";
        self.keep.lock().execute(query, params![queue, receipt])?;
        Ok(())
    }

    /// Hides a received message for another time, or shows it again at once.
    pub fn change_visibility(&self, queue: &str, receipt: &str, for_ms: i64) -> Result<(), QueueError> {
        let (_, notify) = self.known(queue)?;
        let until = self.clock.now_ms() + for_ms;
        let query = "UPDATE messages SET visible_ms = ?3 WHERE queue = ?1 AND receipt = ?2";
        let changed = self.keep.lock().execute(query, params![queue, receipt, until])?;
        notify.notify_one();
        if changed == 0 { Err(QueueError::Receipt) } else { Ok(()) }
    }

    /// Deletes all messages of a queue.
    pub fn purge(&self, queue: &str) -> Result<(), QueueError> {
        self.known(queue)?;
        self.keep.lock().execute("DELETE FROM messages WHERE queue = ?1", params![queue])?;
        Ok(())
    }

    /// Shows every hidden message at once, as if its time had run out; how many there were is the answer.
    pub fn release(&self) -> Result<usize, QueueError> {
        let now = self.clock.now_ms();
        let query = "UPDATE messages SET visible_ms = ?1 WHERE visible_ms > ?1";
        let released = self.keep.lock().execute(query, params![now])?;
        for (_, notify) in self.plans.values() {
            notify.notify_one();
        }
        Ok(released)
    }

    /// Sends the messages of a dead-letter queue back to the queue that they came from; how many is the answer.
    pub fn redrive(&self, dead: &str) -> Result<usize, QueueError> {
        self.known(dead)?;
        let source = self.plans().find(|plan| plan.redrive.as_ref().is_some_and(|one| one.queue == dead));
        let Some(source) = source.map(|plan| plan.name.clone()) else { return Ok(0) };
        let now = self.clock.now_ms();
        let query = "UPDATE messages SET queue = ?1, visible_ms = ?2, receives = 0, receipt = NULL WHERE queue = ?3";
        let moved = self.keep.lock().execute(query, params![source, now, dead])?;
        self.arrivals(&source)?.notify_one();
        Ok(moved)
    }

    /// A clock that goes back takes the hidden messages with it.
    pub fn shift(&self, by_ms: i64) -> Result<(), QueueError> {
        if by_ms < 0 {
            let query = "UPDATE messages SET visible_ms = visible_ms + ?1, sent_ms = sent_ms + ?1";
            self.keep.lock().execute(query, params![by_ms])?;
        }
        Ok(())
    }

    /// How many messages a queue holds.
    pub fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let now = self.clock.now_ms();
        let query = "SELECT COUNT(*) FILTER (WHERE visible_ms <= ?2),
                 COUNT(*) FILTER (WHERE visible_ms > ?2 AND receives > 0),
                 COUNT(*) FILTER (WHERE visible_ms > ?2 AND receives = 0)
             FROM messages WHERE queue = ?1";
        let depth = self.keep.lock().query_row(query, params![queue, now], |row| {
            Ok(Depth { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
        })?;
        Ok(depth)
    }

    /// The texts of the oldest messages, without receiving them.
    pub fn peek(&self, queue: &str, max: u32) -> Result<Vec<String>, QueueError> {
        let connection = self.keep.lock();
        let query = "SELECT body FROM messages WHERE queue = ?1 ORDER BY seq LIMIT ?2";
        let mut statement = connection.prepare_cached(query)?;
        let bodies = statement.query_map(params![queue, max], |row| row.get(0))?;
        Ok(bodies.collect::<Result<_, _>>()?)
    }

    /// When the oldest message was sent.
    pub fn oldest_ms(&self, queue: &str) -> Result<Option<i64>, QueueError> {
        let query = "SELECT MIN(sent_ms) FROM messages WHERE queue = ?1";
        let found = self.keep.lock().query_row(query, params![queue], |row| row.get(0)).optional()?;
        Ok(found.flatten())
    }
}

fn message(row: &Row<'_>, now: i64) -> rusqlite::Result<(i64, Message)> {
    let seq: i64 = row.get(0)?;
    let receives: u32 = row.get::<_, u32>(6)? + 1;
    let attributes: String = row.get(3)?;
    let first: Option<i64> = row.get(5)?;
    let message = Message {
        id: row.get(1)?,
        body: row.get(2)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        sent_ms: row.get(4)?,
        first_received_ms: first.unwrap_or(now),
        receives,
        receipt: format!("{seq}-{receives}-{}", crate::ids::uuid()),
    };
    Ok((seq, message))
}
