//! Secrets in Secrets Manager: the stage's, one JSON; and those of tenants, each under a name of its own.

use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
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
    /// Calls Stripe's API for the default tenant. None until the operator has set billing up.
    pub stripe_secret_key: Option<Secret<String>>,
    /// Verifies Lemon Squeezy's webhooks. None until the operator has set it up.
    pub lemon_squeezy_webhook_secret: Option<Rotating>,
    /// The ids of the stores whose events are the default tenant's; any, where none is named.
    pub lemon_squeezy_stores: Vec<String>,
}

/// Why the stage's secret could not be read.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Secrets Manager is away or refuses us.
    #[error("reading the stage's secret")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is none of that name.
    #[error("there is no such secret")]
    Missing,
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
    #[serde(default)]
    stripe_secret_key: String,
    #[serde(default)]
    lemon_squeezy_webhook_secret: String,
    #[serde(default)]
    lemon_squeezy_webhook_secret_previous: String,
    /// Ids with blanks or commas between.
    #[serde(default)]
    lemon_squeezy_stores: String,
}

impl StageSecret {
    /// Reads it from Secrets Manager.
    ///
    /// # Errors
    /// Secrets Manager is away, or the secret is not as it should be.
    pub async fn read(config: &SdkConfig, arn: &str) -> Result<Self, SecretError> {
        NamedSecrets::connect(config).stage(arn).await
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
            stripe_secret_key: (!stored.stripe_secret_key.is_empty()).then(|| Secret::new(stored.stripe_secret_key)),
            lemon_squeezy_webhook_secret: rotating(
                stored.lemon_squeezy_webhook_secret,
                stored.lemon_squeezy_webhook_secret_previous,
            ),
            lemon_squeezy_stores: words(&stored.lemon_squeezy_stores),
        })
    }
}

/// A secret of a tenant as it is kept: `{"current": …, "previous": …}`.
#[derive(Serialize, Deserialize)]
struct Pair {
    current: String,
    #[serde(default)]
    previous: String,
}

/// Secrets that are read by their names. Whoever asks often remembers what it was told, and for how long.
#[derive(Clone)]
pub struct NamedSecrets {
    client: Client,
}

impl NamedSecrets {
    /// Secrets over a client that exists.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Secrets over a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig) -> Self {
        Self::new(Client::new(config))
    }

    /// The stage's secret.
    ///
    /// # Errors
    /// Secrets Manager is away, or the secret is not as it should be.
    pub async fn stage(&self, arn: &str) -> Result<StageSecret, SecretError> {
        StageSecret::parse(&self.text(arn).await?)
    }

    /// A tenant's secret.
    ///
    /// # Errors
    /// Secrets Manager is away, or the secret is not as it should be.
    pub async fn get(&self, name: &str) -> Result<Rotating, SecretError> {
        let pair: Pair = serde_json::from_str(&self.text(name).await?)
            .map_err(|_| SecretError::Malformed { why: "not a JSON object of current and previous" })?;
        rotating(pair.current, pair.previous).ok_or(SecretError::Malformed { why: "current is empty" })
    }

    /// Keeps a new secret of a tenant under its name.
    ///
    /// # Errors
    /// Secrets Manager is away, or has one of that name.
    pub async fn create(&self, name: &str, current: &Secret<String>) -> Result<(), SecretError> {
        let pair = Pair { current: current.reveal().clone(), previous: String::new() };
        let text = written(&pair)?;
        let made = self.client.create_secret().name(name).secret_string(text).send().await;
        made.map(|_| ()).map_err(|error| SecretError::Unavailable(error.into()))
    }

    /// Puts another secret in the place of a tenant's; what was current is good beside it until the next change.
    ///
    /// # Errors
    /// Secrets Manager is away, or has none of that name.
    pub async fn rotate(&self, name: &str, current: &Secret<String>) -> Result<(), SecretError> {
        let before = self.get(name).await?;
        // Done again it must not push the one before out: that one is still in use at the sender.
        let previous = if before.current == *current { before.previous } else { Some(before.current) };
        let previous = previous.map(|previous| previous.reveal().clone()).unwrap_or_default();
        let text = written(&Pair { current: current.reveal().clone(), previous })?;
        let put = self.client.put_secret_value().secret_id(name).secret_string(text).send().await;
        put.map(|_| ()).map_err(|error| SecretError::Unavailable(error.into()))
    }

    async fn text(&self, name: &str) -> Result<String, SecretError> {
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(told) if told.is_resource_not_found_exception() => SecretError::Missing,
            _ => SecretError::Unavailable(error.into()),
        })?;
        Ok(answer.secret_string().unwrap_or_default().to_owned())
    }
}

fn written(pair: &Pair) -> Result<String, SecretError> {
    serde_json::to_string(pair).map_err(|_| SecretError::Malformed { why: "no text" })
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|sign: char| sign == ',' || sign.is_whitespace());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
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
    fn lemon_squeezy_is_set_up_by_a_secret_and_the_ids_of_its_stores() {
        let secret = StageSecret::parse(
            r#"{"click_token_key":"k1","lemon_squeezy_webhook_secret":"abcdef","lemon_squeezy_stores":"12, 34 56"}"#,
        )
        .expect("secret");
        assert_eq!(secret.lemon_squeezy_stores, ["12", "34", "56"]);
        assert_eq!(
            secret.lemon_squeezy_webhook_secret.map(|secret| secret.current.reveal().clone()).as_deref(),
            Some("abcdef")
        );
    }

    #[test]
    fn a_bad_secret_is_refused_without_being_shown() {
        for json in ["hunter2", "{}", r#"{"click_token_key_previous":"hunter2"}"#] {
            let shown = format!("{:?}", StageSecret::parse(json).expect_err("refused"));
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
