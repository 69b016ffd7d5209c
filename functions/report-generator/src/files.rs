//! The bucket of documents, for writing.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use thiserror::Error;

/// The bucket did not take a file.
#[derive(Debug, Error)]
#[error("putting the file {key} into the bucket")]
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

    /// Puts a PDF at its key. The same file put twice is one file.
    ///
    /// # Errors
    /// The bucket did not take it.
    pub async fn put_pdf(&self, key: &str, bytes: Vec<u8>) -> Result<(), FilesError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/pdf")
            .body(ByteStream::from(bytes));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(FilesError { key: key.to_owned(), source: Box::new(error) }),
        }
    }
}
