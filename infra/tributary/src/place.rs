//! A running small cloud, as the file names it that it writes when it is ready.

use std::collections::BTreeMap;
use std::path::Path;

use edge::aws::{Aws, Service};
use edge::config::{Reader, variables};
use edge::secrets::StageSecret;
use serde::Deserialize;

use crate::Error;
use crate::connection::Connection;

/// Where a small cloud is reached.
#[derive(Clone, Debug, Deserialize)]
pub struct Place {
    /// The address of the HTTP API.
    pub http: String,
    /// The environment of the functions.
    pub env: BTreeMap<String, String>,
}

impl Place {
    /// Reads the file.
    ///
    /// # Errors
    /// There is none, or it is no such file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The secret with which Stripe would sign what it sends here.
    ///
    /// # Errors
    /// The cloud does not answer.
    pub async fn stripe_webhook_secret(&self) -> Result<String, Error> {
        let mut reader = self.reader(0);
        let (aws, arn) = (Aws::from(&mut reader), reader.text(&variables::STAGE_SECRET_ARN));
        let arn = reader.finish(arn)?;
        let secret = StageSecret::read(&aws.service(Service::SecretsManager), &arn).await?;
        let secret = secret.stripe_webhook_secret.ok_or("the stage's secret has no stripe_webhook_secret")?;
        Ok(secret.current.reveal().clone())
    }

    /// The tables, with a clock that is ahead of the system's by so much.
    pub(crate) fn connect(&self, clock_offset_ms: i64) -> Result<Connection, Error> {
        Connection::open(self.reader(clock_offset_ms))
    }

    pub(crate) fn reader(&self, clock_offset_ms: i64) -> Reader {
        let mut pairs = self.env.clone();
        pairs.insert(variables::CLOCK_OFFSET_MS.name.to_owned(), clock_offset_ms.to_string());
        Reader::from_map(pairs)
    }
}
