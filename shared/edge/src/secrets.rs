//! The stage's secret: one JSON in Secrets Manager, read once when a process begins.

use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use serde::Deserialize;
use thiserror::Error;

use crate::telemetry::Secret;

/// A secret that is being replaced: what is written with the current one is still read with the previous one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotating {
    /// The one in use.
    pub current: Secret<String>,
    /// The one before, while both are accepted.
    pub previous: Option<Secret<String>>,
}

/// The secrets of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSecret {
    /// Signs click tokens.
    pub click_token_key: Rotating,
    /// Verifies Stripe's webhooks; the `whsec_` is part of the key. None until the operator has set Stripe up.
    pub stripe_webhook_secret: Option<Rotating>,
}

/// Why the stage's secret could not be read.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Secrets Manager is away or refuses us.
    #[error("reading the stage's secret")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not the JSON it should be; the text is not shown.
    #[error("the stage's secret is not as it should be: {why}")]
    Malformed {
        /// What is wrong, without the value.
        why: &'static str,
    },
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    click_token_key: String,
    #[serde(default)]
    click_token_key_previous: String,
    #[serde(default)]
    stripe_webhook_secret: String,
    #[serde(default)]
    stripe_webhook_secret_previous: String,
}

impl StageSecret {
    /// Reads it from Secrets Manager.
    ///
    /// # Errors
    /// Secrets Manager is away, or the secret is not as it should be.
    pub async fn read(config: &SdkConfig, arn: &str) -> Result<Self, SecretError> {
        let answer = Client::new(config)
            .get_secret_value()
            .secret_id(arn)
            .send()
            .await
            .map_err(|error| SecretError::Unavailable(error.into()))?;
        Self::parse(answer.secret_string().unwrap_or_default())
    }

    /// Reads its JSON.
    ///
    /// # Errors
    /// It is not JSON, or a key is missing.
    pub fn parse(json: &str) -> Result<Self, SecretError> {
        let stored: Stored =
            serde_json::from_str(json).map_err(|_| SecretError::Malformed { why: "not a JSON object of texts" })?;
        Ok(Self {
            click_token_key: rotating(stored.click_token_key, stored.click_token_key_previous)
                .ok_or(SecretError::Malformed { why: "click_token_key is missing" })?,
            stripe_webhook_secret: rotating(stored.stripe_webhook_secret, stored.stripe_webhook_secret_previous),
        })
    }
}

fn rotating(current: String, previous: String) -> Option<Rotating> {
    let wrap = |text: String| (!text.is_empty()).then(|| Secret::new(text));
    Some(Rotating { current: wrap(current)?, previous: wrap(previous) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_and_previous_are_read_and_empty_means_none() {
        let secret = StageSecret::parse(
            r#"{"click_token_key":"k2","click_token_key_previous":"k1","stripe_webhook_secret":"whsec_a","stripe_webhook_secret_previous":""}"#,
        )
        .expect("secret");
        assert_eq!(secret.click_token_key.current.reveal(), "k2");
        assert_eq!(secret.click_token_key.previous.as_ref().map(|key| key.reveal().as_str()), Some("k1"));
        assert_eq!(secret.stripe_webhook_secret.map(|secret| secret.previous), Some(None));
    }

    #[test]
    fn a_deployment_without_stripe_begins_all_the_same() {
        let secret = StageSecret::parse(r#"{"click_token_key":"k1","stripe_webhook_secret":""}"#).expect("secret");
        assert_eq!(secret.stripe_webhook_secret, None);
    }

    #[test]
    fn a_bad_secret_is_refused_without_being_shown() {
        for json in ["hunter2", "{}", r#"{"click_token_key_previous":"hunter2"}"#] {
            let shown = format!("{:?}", StageSecret::parse(json).expect_err("refused"));
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
