//! The mail service, and the bucket that receipts are read from.

use aws_sdk_s3::Client as S3;
use aws_sdk_ses::Client as Ses;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use aws_types::SdkConfig;
use domain::digest::Digest;
use store::reports::Report;
use thiserror::Error;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The mail service, or the bucket, did not do its part.
#[derive(Debug, Error)]
pub enum PostError {
    /// The mail was not taken. The address is not in the message: the mail service's own words may hold it.
    #[error("the mail service did not take the mail: {code}")]
    NotTaken {
        /// The mail service's code for it.
        code: String,
    },
    /// The file did not come.
    #[error("reading the file {key} from the bucket")]
    FileAway {
        /// Where it should be.
        key: String,
        /// What the client said.
        #[source]
        source: Source,
    },
    /// The file is not the one that was recorded.
    #[error("the file {key} is not the one that was recorded")]
    AnotherFile {
        /// Where it is.
        key: String,
    },
}

/// Sends mail.
#[derive(Clone, Debug)]
pub struct Post {
    ses: Ses,
}

impl Post {
    /// The mail service of a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig) -> Self {
        Self { ses: Ses::new(config) }
    }

    /// Hands over one mail; answers the mail service's id of it.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn send(&self, mail: Vec<u8>, from: &str, to: &str) -> Result<String, PostError> {
        let message = RawMessage::builder().data(Blob::new(mail)).build().map_err(|_| not_taken("no mail"))?;
        let sent = self.ses.send_raw_email().source(from).destinations(to).raw_message(message).send().await;
        match sent {
            Ok(answer) => Ok(answer.message_id),
            Err(error) => {
                let code =
                    error.as_service_error().map_or("no answer", |error| error.meta().code().unwrap_or("unknown"));
                Err(not_taken(code))
            }
        }
    }
}

fn not_taken(code: &str) -> PostError {
    PostError::NotTaken { code: code.to_owned() }
}

/// Reads files from the bucket.
#[derive(Clone, Debug)]
pub struct Files {
    s3: S3,
    bucket: String,
}

impl Files {
    /// The bucket of a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self { s3: S3::new(config), bucket: bucket.into() }
    }

    /// The file of a report, if it is the one that was recorded.
    ///
    /// # Errors
    /// It did not come, or is another.
    pub async fn get(&self, report: &Report) -> Result<Vec<u8>, PostError> {
        let away = |source: Source| PostError::FileAway { key: report.file_key.clone(), source };
        let answer = self.s3.get_object().bucket(&self.bucket).key(&report.file_key).send().await;
        let body =
            answer.map_err(|error| away(error.into()))?.body.collect().await.map_err(|error| away(error.into()))?;
        let bytes = body.to_vec();
        if Digest::of_bytes(&bytes) == report.sha256 {
            Ok(bytes)
        } else {
            Err(PostError::AnotherFile { key: report.file_key.clone() })
        }
    }
}
