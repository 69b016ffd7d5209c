//! A queue looked at from outside: is it there, and does it answer?

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::SendError;

/// A queue of whatever messages.
#[derive(Clone, Debug)]
pub struct Door {
    sqs: Client,
    url: String,
}

impl Door {
    /// A queue over a configuration.
    #[must_use]
    pub fn connect(config: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self { sqs: Client::new(config), url: url.into() }
    }

    /// Asks the queue for its name, which sends nothing.
    ///
    /// # Errors
    /// It does not answer, or is not there.
    pub async fn check(&self) -> Result<(), SendError> {
        let asked = self.sqs.get_queue_attributes().queue_url(&self.url);
        let answer = asked.attribute_names(QueueAttributeName::QueueArn).send().await;
        answer.map(|_| ()).map_err(|error| SendError::Unavailable(Box::new(error)))
    }
}
