//! The bucket of documents, for reading by whoever holds a link.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_types::SdkConfig;
use thiserror::Error;

/// How long a link works.
pub const LINK_SECONDS: u64 = 300;

/// A link could not be signed.
#[derive(Debug, Error)]
#[error("signing a link to the file {key}")]
pub struct FilesError {
    key: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Files {
    s3: Client,
    bucket: String,
}

impl Files {
    /// The bucket of a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self { s3: Client::new(config), bucket: bucket.into() }
    }

    /// A link that opens one file for [`LINK_SECONDS`], for whoever holds it; nothing is asked of the bucket.
    ///
    /// # Errors
    /// There are no credentials to sign with.
    pub async fn link(&self, key: &str) -> Result<String, FilesError> {
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| FilesError { key: key.to_owned(), source };
        let expires = PresigningConfig::expires_in(Duration::from_secs(LINK_SECONDS)).map_err(|e| wrong(e.into()))?;
        let asked = self.s3.get_object().bucket(&self.bucket).key(key).presigned(expires).await;
        asked.map(|signed| signed.uri().to_owned()).map_err(|error| wrong(error.into()))
    }
}
