//! Sending messages of one kind to their queue.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::Serialize;
use thiserror::Error;

/// The most messages of one batch.
const BATCH_MAX: usize = 10;
/// How often what a batch left over is sent again.
const TRIES_MAX: usize = 3;

/// Why messages were not sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// The queue did not answer, or refused.
    #[error("the queue did not take the message")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The queue took only a part of a batch, each time.
    #[error("the queue left {left} messages of a batch")]
    Partly {
        /// How many were left.
        left: usize,
    },
    /// A message that has no JSON form.
    #[error("writing the message as JSON")]
    Shape(#[source] serde_json::Error),
}

/// A queue for messages of one kind.
#[derive(Clone, Debug)]
pub struct Sender<M> {
    sqs: Client,
    url: String,
    /// What the logs know the work by that its messages come of.
    correlation_id: Option<Arc<str>>,
    message: PhantomData<fn(&M)>,
}

/// A message with what the logs of whoever takes it know it by. Shapes need not say it: a receiver reads past what it does
/// not know, and the border of functions takes it from any body.
#[derive(Serialize)]
struct Followed<'a, M> {
    #[serde(flatten)]
    message: &'a M,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
}

impl<M: Serialize> Sender<M> {
    /// A sender over a client that exists.
    #[must_use]
    pub fn new(sqs: Client, url: impl Into<String>) -> Self {
        Self { sqs, url: url.into(), correlation_id: None, message: PhantomData }
    }

    /// The same queue for what comes of one piece of work: each message carries its correlation id on, so that the logs of
    /// whoever takes it name it, too. Not for messages that say theirs themselves.
    #[must_use]
    pub fn following(&self, correlation_id: &str) -> Self {
        let Self { sqs, url, .. } = self;
        Self { sqs: sqs.clone(), url: url.clone(), correlation_id: Some(correlation_id.into()), message: PhantomData }
    }

    fn body(&self, message: &M) -> Result<String, SendError> {
        let followed = Followed { message, correlation_id: self.correlation_id.as_deref() };
        serde_json::to_string(&followed).map_err(SendError::Shape)
    }

    /// A sender over a configuration.
    #[must_use]
    pub fn connect(config: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self::new(Client::new(config), url)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// The queue did not take it.
    pub async fn send(&self, message: &M) -> Result<(), SendError> {
        let body = self.body(message)?;
        let sent = self.sqs.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(|_| ()).map_err(|error| SendError::Unavailable(Box::new(error)))
    }

    /// Sends many, ten at a time. On an error some may have been sent: the receiver bears seeing them again.
    ///
    /// # Errors
    /// The queue did not take all.
    pub async fn send_all(&self, messages: &[M]) -> Result<(), SendError> {
        for batch in messages.chunks(BATCH_MAX) {
            let bodies: Result<Vec<String>, _> = batch.iter().map(|message| self.body(message)).collect();
            self.send_batch(bodies?).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, mut bodies: Vec<String>) -> Result<(), SendError> {
        for _ in 0..TRIES_MAX {
            let mut request = self.sqs.send_message_batch().queue_url(&self.url);
            for (place, body) in bodies.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body).build();
                request = request.entries(entry.map_err(|error| SendError::Unavailable(Box::new(error)))?);
            }
            let answer = request.send().await.map_err(|error| SendError::Unavailable(Box::new(error)))?;
            let left: Vec<usize> = answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect();
            bodies = bodies
                .into_iter()
                .enumerate()
                .filter(|(place, _)| left.contains(place))
                .map(|(_, body)| body)
                .collect();
            if bodies.is_empty() {
                return Ok(());
            }
        }
        Err(SendError::Partly { left: bodies.len() })
    }
}
