//! The bucket of documents, for reading by whoever holds a link.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use edge::clock::Clock;
use thiserror::Error;

/// How long a link works.
pub const LINK_SECONDS: u64 = 300;

/// A link could not be signed.
#[derive(Debug, Error)]
#[error("signing a link to the file {key}")]
pub struct FilesError {
    key: String,
    #[source]
    source: Source,
}

/// The bucket. Its links are signed by the signature's own crate: the whole SDK of S3 would be a fifth of this binary.
#[derive(Clone, Debug)]
pub struct Files {
    credentials: Option<SharedCredentialsProvider>,
    region: String,
    /// Where the bucket is: its own host, or a folder of another address.
    root: String,
}

type Source = Box<dyn std::error::Error + Send + Sync>;

impl Files {
    /// The bucket of a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        let bucket = bucket.into();
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let root = match config.endpoint_url() {
            Some(address) => format!("{}/{bucket}", address.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
        };
        Self { credentials: config.credentials_provider(), region, root }
    }

    /// A link that opens one file for [`LINK_SECONDS`], for whoever holds it; nothing is asked of the bucket.
    ///
    /// # Errors
    /// There are no credentials to sign with.
    pub async fn link(&self, key: &str) -> Result<String, FilesError> {
        self.sign(key).await.map_err(|source| FilesError { key: key.to_owned(), source })
    }

    async fn sign(&self, key: &str) -> Result<String, Source> {
        let provider = self.credentials.as_ref().ok_or("no credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(LINK_SECONDS));
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        // The bucket compares with its own clock, which nobody moves.
        let at = SystemTime::from(Clock::system(0).now());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(at)
            .settings(settings)
            .build()?
            .into();
        let mut link = format!("{}/{}", self.root, encoded(key));
        let host = authority(&self.root);
        let request =
            SignableRequest::new("GET", link.clone(), [("host", host)].into_iter(), SignableBody::UnsignedPayload)?;
        let (instructions, _signature) = sign(request, &params)?.into_parts();
        for (at, (name, value)) in instructions.params().iter().enumerate() {
            link.push(if at == 0 { '?' } else { '&' });
            link.push_str(&format!("{name}={}", encoded_value(value)));
        }
        Ok(link)
    }
}

/// The part of an address between its scheme and its path.
fn authority(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// A key as a path: its slashes stay.
fn encoded(key: &str) -> String {
    key.split('/').map(encoded_value).collect::<Vec<_>>().join("/")
}

fn encoded_value(text: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if keep(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
