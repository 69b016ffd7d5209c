//! Our queues behind winterbaume's SQS protocol.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use winterbaume_sqs::state::SqsError;
use winterbaume_sqs::types::{Message, MessageAttribute, MessageMoveTask, Queue};
use winterbaume_sqs::{SendMessageOutput, SqsBackend, SqsStateView, StateViewError};

use crate::queues::{Attribute, QueueError, Queues};
use crate::template::QueuePlan;

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Fields = HashMap<String, String>;

/// The template makes the queues: what changes them is refused, what uses them works.
#[derive(Debug)]
pub(crate) struct Backend(pub(crate) Queues);

fn ready<T: Send + 'static>(value: T) -> Answer<T> {
    Box::pin(std::future::ready(value))
}

fn refused<T: Send + 'static>(what: &str) -> Answer<Result<T, SqsError>> {
    ready(Err(SqsError::InternalError(format!("{what}: the queues are those of template.yaml"))))
}

fn wrong(error: QueueError) -> SqsError {
    match error {
        QueueError::Unknown(_) => SqsError::NonExistentQueue,
        QueueError::Receipt => SqsError::InvalidReceiptHandle { receipt_handle: String::new() },
        QueueError::Keep(e) => SqsError::InternalError(e.to_string()),
    }
}

fn as_queue(plan: &QueuePlan) -> Queue {
    Queue {
        name: plan.name.clone(),
        url: plan.url.clone(),
        arn: plan.arn.clone(),
        region: plan.arn.split(':').nth(3).unwrap_or_default().to_owned(),
        account_id: plan.arn.split(':').nth(4).unwrap_or_default().to_owned(),
        created_timestamp: DateTime::<Utc>::UNIX_EPOCH,
        last_modified_timestamp: DateTime::<Utc>::UNIX_EPOCH,
        visibility_timeout: plan.visibility_seconds,
        delay_seconds: plan.delay_seconds,
        maximum_message_size: 262_144,
        message_retention_period: plan.retention_seconds,
        receive_wait_time_seconds: plan.wait_seconds,
        fifo_queue: false,
        content_based_deduplication: false,
    }
}

fn kept(attributes: HashMap<String, MessageAttribute>) -> BTreeMap<String, Attribute> {
    let one = |attribute: MessageAttribute| Attribute {
        data_type: attribute.data_type,
        string_value: attribute.string_value,
        binary_value: attribute.binary_value.map(|bytes| STANDARD.encode(bytes)),
    };
    attributes.into_iter().map(|(name, attribute)| (name, one(attribute))).collect()
}

fn given(message: crate::queues::Message) -> Message {
    let one = |attribute: Attribute| MessageAttribute {
        data_type: attribute.data_type,
        string_value: attribute.string_value,
        binary_value: attribute.binary_value.and_then(|text| STANDARD.decode(text).ok()),
    };
    Message {
        message_id: message.id,
        body_md5: md5_of(&message.body),
        body: message.body,
        all_receipt_handles: vec![message.receipt.clone()],
        receipt_handle: Some(message.receipt),
        sender_id: "AIDALOCAL".to_owned(),
        sent_timestamp: message.sent_ms,
        approximate_first_receive_timestamp: Some(message.first_received_ms),
        approximate_receive_count: message.receives,
        visible_at: message.sent_ms,
        message_attributes: message.attributes.into_iter().map(|(name, a)| (name, one(a))).collect(),
    }
}

/// The MD5 that SQS sends along with a text.
pub(crate) fn md5_of(text: &str) -> String {
    hex::encode(md5::compute(text).0)
}

impl Backend {
    fn attributes(&self, queue: &str) -> Result<Fields, QueueError> {
        let plan = self.0.plan(queue)?;
        let depth = self.0.depth(queue)?;
        let mut out = Fields::from_iter([
            ("QueueArn".to_owned(), plan.arn.clone()),
            ("VisibilityTimeout".to_owned(), plan.visibility_seconds.to_string()),
            ("DelaySeconds".to_owned(), plan.delay_seconds.to_string()),
            ("MessageRetentionPeriod".to_owned(), plan.retention_seconds.to_string()),
            ("ReceiveMessageWaitTimeSeconds".to_owned(), plan.wait_seconds.to_string()),
            ("ApproximateNumberOfMessages".to_owned(), depth.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible".to_owned(), depth.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed".to_owned(), depth.delayed.to_string()),
        ]);
        if let Some(redrive) = &plan.redrive {
            let target = self.0.plan(&redrive.queue)?;
            let policy = serde_json::json!({
                "deadLetterTargetArn": target.arn,
                "maxReceiveCount": redrive.max_receive_count,
            });
            out.insert("RedrivePolicy".to_owned(), policy.to_string());
        }
        Ok(out)
    }
}

impl SqsBackend for Backend {
    fn create_queue(
        &self,
        _: String,
        _: String,
        name: String,
        _: Fields,
        _: Option<Fields>,
    ) -> Answer<Result<Queue, SqsError>> {
        match self.0.plan(&name) {
            Ok(plan) => ready(Ok(as_queue(plan))),
            Err(_) => refused("CreateQueue"),
        }
    }

    fn delete_queue(&self, _: String, _: String, _: String) -> Answer<Result<(), SqsError>> {
        refused("DeleteQueue")
    }

    fn get_queue_url(&self, _: String, _: String, queue: String) -> Answer<Result<String, SqsError>> {
        ready(self.0.plan(&queue).map(|plan| plan.url.clone()).map_err(wrong))
    }

    fn get_queue_attributes(&self, _: String, _: String, queue: String) -> Answer<Result<Fields, SqsError>> {
        ready(self.attributes(&queue).map_err(wrong))
    }

    fn set_queue_attributes(&self, _: String, _: String, _: String, _: Fields) -> Answer<Result<(), SqsError>> {
        refused("SetQueueAttributes")
    }

    fn list_queues(&self, _: String, _: String, prefix: Option<String>) -> Answer<Result<Vec<Queue>, SqsError>> {
        let prefix = prefix.unwrap_or_default();
        let found = self.0.plans().filter(|plan| plan.name.starts_with(&prefix));
        ready(Ok(found.map(as_queue).collect()))
    }

    fn send_message(
        &self,
        _: String,
        _: String,
        queue: String,
        body: String,
        delay_seconds: Option<u32>,
        message_attributes: HashMap<String, MessageAttribute>,
        _: Option<String>,
        _: Option<String>,
    ) -> Answer<Result<SendMessageOutput, SqsError>> {
        let body_md5 = md5_of(&body);
        let sent = self.0.send(&queue, &body, &kept(message_attributes), delay_seconds);
        ready(sent.map(|message_id| SendMessageOutput { message_id, body_md5 }).map_err(wrong))
    }

    fn receive_messages(
        &self,
        _: String,
        _: String,
        queue: String,
        max: usize,
        visibility_timeout: Option<u32>,
    ) -> Answer<Result<Vec<Message>, SqsError>> {
        let received = self.0.receive(&queue, max.min(10), visibility_timeout);
        ready(received.map(|all| all.into_iter().map(given).collect()).map_err(wrong))
    }

    fn delete_message(&self, _: String, _: String, queue: String, receipt: String) -> Answer<Result<(), SqsError>> {
        ready(self.0.delete(&queue, &receipt).map_err(wrong))
    }

    fn purge_queue(&self, _: String, _: String, queue: String) -> Answer<Result<(), SqsError>> {
        ready(self.0.purge(&queue).map_err(wrong))
    }

    fn change_message_visibility(
        &self,
        _: String,
        _: String,
        queue: String,
        receipt: String,
        visibility_timeout: u32,
    ) -> Answer<Result<(), SqsError>> {
        let for_ms = i64::from(visibility_timeout) * 1_000;
        ready(self.0.change_visibility(&queue, &receipt, for_ms).map_err(wrong))
    }

    fn change_message_visibility_batch(
        &self,
        _: String,
        _: String,
        queue: String,
        entries: Vec<(String, String, u32)>,
    ) -> Answer<Result<Vec<String>, SqsError>> {
        let mut changed = Vec::new();
        for (id, receipt, seconds) in entries {
            match self.0.change_visibility(&queue, &receipt, i64::from(seconds) * 1_000) {
                Ok(()) => changed.push(id),
                Err(QueueError::Receipt) => {}
                Err(other) => return ready(Err(wrong(other))),
            }
        }
        ready(Ok(changed))
    }

    fn list_queue_tags(&self, _: String, _: String, _: String) -> Answer<Result<Fields, SqsError>> {
        ready(Ok(Fields::new()))
    }

    fn tag_queue(&self, _: String, _: String, _: String, _: Fields) -> Answer<Result<(), SqsError>> {
        refused("TagQueue")
    }

    fn untag_queue(&self, _: String, _: String, _: String, _: Vec<String>) -> Answer<Result<(), SqsError>> {
        refused("UntagQueue")
    }

    fn add_permission(
        &self,
        _: String,
        _: String,
        _: String,
        _: String,
        _: Vec<String>,
        _: Vec<String>,
    ) -> Answer<Result<(), SqsError>> {
        refused("AddPermission")
    }

    fn remove_permission(&self, _: String, _: String, _: String, _: String) -> Answer<Result<(), SqsError>> {
        refused("RemovePermission")
    }

    fn list_dead_letter_source_queues(
        &self,
        _: String,
        _: String,
        queue: String,
    ) -> Answer<Result<Vec<String>, SqsError>> {
        let sources = self.0.plans().filter(|plan| plan.redrive.as_ref().is_some_and(|redrive| redrive.queue == queue));
        ready(Ok(sources.map(|plan| plan.url.clone()).collect()))
    }

    fn start_message_move_task(
        &self,
        _: String,
        _: String,
        _: String,
        _: Option<String>,
        _: Option<i32>,
    ) -> Answer<Result<String, SqsError>> {
        refused("StartMessageMoveTask")
    }

    fn cancel_message_move_task(&self, _: String, _: String, _: String) -> Answer<Result<i64, SqsError>> {
        refused("CancelMessageMoveTask")
    }

    fn list_message_move_tasks(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> Answer<Result<Vec<MessageMoveTask>, SqsError>> {
        ready(Ok(Vec::new()))
    }

    fn scopes_with_state(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn snapshot(&self, _: String, _: String) -> Answer<SqsStateView> {
        ready(SqsStateView::default())
    }

    fn restore(&self, _: String, _: String, _: SqsStateView) -> Answer<Result<(), StateViewError>> {
        ready(Err(StateViewError::Invalid("messages are on disk already".to_owned())))
    }

    fn merge(&self, _: String, _: String, _: SqsStateView) -> Answer<Result<(), StateViewError>> {
        ready(Err(StateViewError::Invalid("messages are on disk already".to_owned())))
    }
}
