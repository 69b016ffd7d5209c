//! Settings of the AWS clients, read from the environment without the `aws-config` loader.
//!
//! The loader brings profiles, SSO and metadata services that a Lambda function never uses, and a
//! tenth of the binary. Credentials on Lambda are in the environment for the life of the process.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use store::Store;

use crate::config::{Reader, Variable, variables};
use crate::wire::TablesWire;

/// The services that have a client here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The tables.
    DynamoDb,
    /// The queues.
    Sqs,
    /// The files.
    S3,
    /// The mail.
    Ses,
    /// The sealing key.
    Kms,
    /// Functions that are begun by hand.
    Lambda,
    /// The stage's secret.
    SecretsManager,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::DynamoDb, Self::Sqs, Self::S3, Self::Ses, Self::Kms, Self::Lambda, Self::SecretsManager];

    /// The variable that sets this service's address alone.
    pub fn endpoint_variable(self) -> &'static Variable {
        match self {
            Self::DynamoDb => &variables::AWS_ENDPOINT_URL_DYNAMODB,
            Self::Sqs => &variables::AWS_ENDPOINT_URL_SQS,
            Self::S3 => &variables::AWS_ENDPOINT_URL_S3,
            Self::Ses => &variables::AWS_ENDPOINT_URL_SES,
            Self::Kms => &variables::AWS_ENDPOINT_URL_KMS,
            Self::Lambda => &variables::AWS_ENDPOINT_URL_LAMBDA,
            Self::SecretsManager => &variables::AWS_ENDPOINT_URL_SECRETS_MANAGER,
        }
    }
}

/// How long a client waits and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Milliseconds for a connection.
    pub connect_ms: u64,
    /// Milliseconds for one attempt.
    pub attempt_ms: u64,
    /// Milliseconds for everything together.
    pub total_ms: u64,
}

impl Patience {
    /// For work that nobody watches: three attempts, ten seconds in all.
    pub const WORK: Self = Self { attempts: 3, connect_ms: 1_000, attempt_ms: 3_000, total_ms: 10_000 };
    /// For a visitor who waits on a redirect: one attempt, a quarter of a second in all.
    pub const VISITOR: Self = Self { attempts: 1, connect_ms: 150, attempt_ms: 240, total_ms: 250 };
    /// For a visitor who can only be sent on by what is read: a slow answer is better than none.
    pub const FIRST_VISITOR: Self = Self { attempts: 2, connect_ms: 500, attempt_ms: 700, total_ms: 1_500 };

    fn timeouts(self) -> TimeoutConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(self.connect_ms))
            .operation_attempt_timeout(Duration::from_millis(self.attempt_ms.min(self.total_ms)));
        let timeouts = match self.attempts {
            // Nothing waits outside an only attempt: a second timer around the first would be set and never ring.
            1 => timeouts.disable_operation_timeout(),
            _ => timeouts.operation_timeout(Duration::from_millis(self.total_ms)),
        };
        timeouts.build()
    }
}

/// Region, credentials, addresses and the one HTTP client (TLS by ring) of all AWS clients.
#[derive(Debug, Clone)]
pub struct Aws {
    region: String,
    credentials: Credentials,
    everywhere: Option<String>,
    alone: BTreeMap<Service, String>,
    http: SharedHttpClient,
}

impl Aws {
    /// Reads what the SDK would read; faults go to the reader.
    pub fn from(reader: &mut Reader) -> Self {
        let region = reader.text(&variables::AWS_REGION);
        let key = reader.text(&variables::AWS_ACCESS_KEY_ID);
        let secret = reader.text(&variables::AWS_SECRET_ACCESS_KEY);
        let token = reader.optional(&variables::AWS_SESSION_TOKEN);
        let everywhere = endpoint(reader, &variables::AWS_ENDPOINT_URL);
        let alone = Service::ALL
            .into_iter()
            .filter_map(|service| Some((service, endpoint(reader, service.endpoint_variable())?)))
            .collect();
        Self {
            region,
            credentials: Credentials::new(key, secret, token, None, "environment"),
            everywhere,
            alone,
            http: http_client(),
        }
    }

    /// Settings of one service's client, with the patience of background work.
    pub fn service(&self, service: Service) -> SdkConfig {
        self.service_with(service, Patience::WORK)
    }

    /// Settings of one service's client with its own patience.
    pub fn service_with(&self, service: Service, patience: Patience) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(self.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(patience.attempts))
            .timeout_config(patience.timeouts());
        if service == Service::DynamoDb {
            // Its answers are whole and small, and the attempt's own time ends before this would begin to look.
            config.set_stalled_stream_protection(Some(StalledStreamProtectionConfig::disabled()));
        }
        config.set_endpoint_url(self.address(service).map(str::to_owned));
        config.build()
    }

    /// A store with the short way for what a visitor waits for. In a region whose addresses are of another kind it goes
    /// on by its client.
    ///
    /// # Errors
    /// The system has no roots to trust.
    pub fn wired(&self, store: Store, patience: Patience) -> io::Result<Store> {
        let address = match self.address(Service::DynamoDb) {
            Some(address) => address.to_owned(),
            None if is_of_amazonaws_com(&self.region) => format!("https://dynamodb.{}.amazonaws.com", self.region),
            None => return Ok(store),
        };
        let wire = TablesWire::new(&address, &self.region, &self.credentials, patience)?;
        Ok(store.over(Arc::new(wire)))
    }

    fn address(&self, service: Service) -> Option<&str> {
        self.alone.get(&service).or(self.everywhere.as_ref()).map(String::as_str)
    }
}

/// The HTTP client that all SDK clients share; it speaks https by ring and plain http.
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// Where a region's addresses end so; those of China, of Europe's own cloud, isolated ones, and what is new do not.
fn is_of_amazonaws_com(region: &str) -> bool {
    let begins = ["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"];
    begins.iter().any(|begin| region.starts_with(begin)) && !region.contains("-iso")
}

fn endpoint(reader: &mut Reader, variable: &Variable) -> Option<String> {
    let url = reader.optional(variable)?;
    match url.parse::<http::Uri>() {
        Ok(uri) if uri.scheme().is_some() && uri.host().is_some() => Some(url),
        _ => {
            reader.fault(variable, "not an http or https address");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(more: &[(&'static str, &'static str)]) -> Reader {
        let base = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        Reader::from_map(base.into_iter().chain(more.iter().copied()))
    }

    #[test]
    fn a_services_own_address_wins_over_the_common_one() {
        let mut reader =
            reader(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:2")]);
        let aws = Aws::from(&mut reader);
        assert!(reader.finish(()).is_ok());
        assert_eq!(aws.service(Service::DynamoDb).endpoint_url(), Some("http://127.0.0.1:2"));
        assert_eq!(aws.service(Service::Sqs).endpoint_url(), Some("http://127.0.0.1:1"));
        assert_eq!(aws.service(Service::Sqs).region().map(AsRef::as_ref), Some("eu-west-1"));
    }

    #[test]
    fn without_addresses_aws_itself_is_meant() {
        let aws = Aws::from(&mut reader(&[]));
        assert_eq!(aws.service(Service::S3).endpoint_url(), None);
    }

    /// The bounds of one attempt and of all of it, in milliseconds.
    fn bounds(patience: Patience) -> (Option<u128>, Option<u128>) {
        let config = Aws::from(&mut reader(&[])).service_with(Service::DynamoDb, patience);
        let timeouts = config.timeout_config().expect("bounds");
        let ms = |bound: Option<Duration>| bound.map(|bound| bound.as_millis());
        (ms(timeouts.operation_attempt_timeout()), ms(timeouts.operation_timeout()))
    }

    #[test]
    fn an_only_attempt_has_one_bound_and_several_have_one_around_them() {
        assert_eq!(bounds(Patience::VISITOR), (Some(240), None));
        assert_eq!(bounds(Patience { attempt_ms: 900, ..Patience::VISITOR }), (Some(250), None));
        assert_eq!(bounds(Patience::FIRST_VISITOR), (Some(700), Some(1_500)));
        assert_eq!(bounds(Patience::WORK), (Some(3_000), Some(10_000)));
    }

    #[test]
    fn an_address_without_a_scheme_is_a_fault() {
        let mut reader = reader(&[("AWS_ENDPOINT_URL", "localhost")]);
        let _ = Aws::from(&mut reader);
        assert!(reader.finish(()).is_err());
    }

    #[test]
    fn secrets_are_not_in_debug() {
        let mut reader = reader(&[("AWS_SECRET_ACCESS_KEY", "hunter2"), ("AWS_SESSION_TOKEN", "hunter3")]);
        let aws = Aws::from(&mut reader);
        let wire = TablesWire::new("http://127.0.0.1:1", "eu-west-1", &aws.credentials, Patience::VISITOR);
        let told = format!("{aws:?} {:?}", wire.expect("a way"));
        assert!(!told.contains("hunter"), "{told}");
    }

    #[test]
    fn only_where_addresses_are_known_is_there_a_shorter_way() {
        let rows = [
            ("us-east-1", true),
            ("us-gov-west-1", true),
            ("eu-central-2", true),
            ("mx-central-1", true),
            ("cn-north-1", false),
            ("us-iso-east-1", false),
            ("eu-isoe-west-1", false),
            ("eusc-de-east-1", false),
            ("moon-1", false),
        ];
        for (region, expected) in rows {
            assert_eq!(is_of_amazonaws_com(region), expected, "{region}");
        }
    }
}
