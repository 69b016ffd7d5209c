//! What is to run, in plain types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::schedule::Schedule;

/// The whole plan.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Tables by logical id.
    pub tables: BTreeMap<String, TablePlan>,
    /// Queues by logical id.
    pub queues: BTreeMap<String, QueuePlan>,
    /// Buckets by logical id.
    pub buckets: BTreeMap<String, Bucket>,
    /// Keys by logical id.
    pub keys: BTreeMap<String, KeyPlan>,
    /// Secrets by logical id.
    pub secrets: BTreeMap<String, Secret>,
    /// Functions by their one name (`click-tracker`).
    pub functions: BTreeMap<String, FunctionPlan>,
    /// Routes of the HTTP API.
    pub routes: Vec<Route>,
    /// Cross-origin answers, where the template asks for them.
    pub cors: Option<Cors>,
    /// Queue sources.
    pub queue_sources: Vec<QueueSource>,
    /// Stream sources.
    pub stream_sources: Vec<StreamSource>,
    /// Schedules.
    pub schedules: Vec<SchedulePlan>,
    /// The distribution before the API, where there is one.
    pub distribution: Option<Distribution>,
}

/// What the API knows its distribution by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The header that it sends.
    pub header: String,
    /// The ARN of the secret with its value.
    pub secret: String,
    /// The member of that secret.
    pub member: String,
}

/// A table.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// Its name.
    pub name: String,
    /// The CreateTable request.
    pub create: Value,
    /// The attribute that ends items, if any.
    pub ttl_attribute: Option<String>,
    /// Whether it has a stream.
    pub has_stream: bool,
}

/// A queue.
#[derive(Debug, Clone)]
pub struct QueuePlan {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Seconds for which a received message is hidden.
    pub visibility_seconds: u32,
    /// Seconds before a message is first visible.
    pub delay_seconds: u32,
    /// Seconds for which a message is kept.
    pub retention_seconds: u32,
    /// Seconds for which a receive waits.
    pub wait_seconds: u32,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// The way to a dead-letter queue.
#[derive(Debug, Clone)]
pub struct Redrive {
    /// The dead-letter queue's name.
    pub queue: String,
    /// How often a message is received before it goes there.
    pub max_receive_count: u32,
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
}

/// A key.
#[derive(Debug, Clone)]
pub struct KeyPlan {
    /// SYMMETRIC_DEFAULT unless the template says otherwise.
    pub spec: String,
}

/// A secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its text, where the template gives it.
    pub text: Option<String>,
    /// The JSON around a generated value.
    pub template: Option<String>,
    /// The member of that JSON which is generated.
    pub generated_key: Option<String>,
    /// The generated value's length.
    pub length: usize,
}

/// A function.
#[derive(Debug, Clone)]
pub struct FunctionPlan {
    /// Its logical id.
    pub logical_id: String,
    /// The name that AWS would show.
    pub full_name: String,
    /// The binary's name, and everything else's.
    pub name: String,
    /// Memory, in MB.
    pub memory_mb: u32,
    /// Timeout, in seconds.
    pub timeout_seconds: u32,
    /// Environment.
    pub environment: BTreeMap<String, String>,
    /// How many may run at a time.
    pub concurrency: usize,
    /// What becomes of an event that nobody waits for, such as a schedule's.
    pub unattended: Unattended,
}

/// How an event is treated that nobody waits for.
#[derive(Debug, Clone)]
pub struct Unattended {
    /// Attempts after the first.
    pub retries: u32,
    /// Where an event is told that failed to the end.
    pub on_failure: Option<OnFailure>,
}

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// GET, POST … or ANY.
    pub method: String,
    /// The path with its parameters, as written.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// Cross-origin answers.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Allowed origins.
    pub origins: Vec<String>,
    /// Allowed methods.
    pub methods: Vec<String>,
    /// Allowed headers.
    pub headers: Vec<String>,
    /// Exposed headers.
    pub exposed: Vec<String>,
    /// Whether cookies go along.
    pub credentials: bool,
    /// Seconds for which a browser keeps the answer.
    pub max_age_seconds: Option<u32>,
}

/// A queue that feeds a function.
#[derive(Debug, Clone)]
pub struct QueueSource {
    /// The function's name.
    pub function: String,
    /// The queue's name.
    pub queue: String,
    /// The most messages in one event.
    pub batch_size: usize,
    /// Seconds to wait for a fuller batch.
    pub window_seconds: u32,
    /// Whether the function reports the messages that failed.
    pub partial: bool,
    /// How many events run at a time.
    pub concurrency: usize,
}

/// A table's stream that feeds a function.
#[derive(Debug, Clone)]
pub struct StreamSource {
    /// The function's name.
    pub function: String,
    /// The table's name.
    pub table: String,
    /// The stream's ARN as AWS would show it.
    pub arn: String,
    /// The most records in one event.
    pub batch_size: usize,
    /// Whether it starts with what is there already.
    pub from_oldest: bool,
    /// Patterns of which one must match; none means all.
    pub filters: Vec<Value>,
    /// Attempts after the first; none means for ever.
    pub max_retries: Option<u32>,
    /// Whether a failed batch is halved.
    pub bisect: bool,
    /// Whether the function reports the records that failed.
    pub partial: bool,
    /// Where given-up batches are told.
    pub on_failure: Option<OnFailure>,
}

/// The queue that hears of given-up batches.
#[derive(Debug, Clone)]
pub struct OnFailure {
    /// The queue's name.
    pub queue: String,
}

/// A schedule.
#[derive(Debug, Clone)]
pub struct SchedulePlan {
    /// `function` or `function/event` where a function has several.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// When.
    pub schedule: Schedule,
    /// The event, with its context attributes not yet filled in.
    pub input: Option<String>,
    /// Whether it fires by itself.
    pub enabled: bool,
}

impl Plan {
    /// The queue of that name.
    pub fn queue_named(&self, name: &str) -> Option<&QueuePlan> {
        self.queues.values().find(|queue| queue.name == name)
    }
}
