//! Who is behind the distribution in front. What its headers say of a viewer is believed only with the secret that it alone
//! sends along: anybody can write a header.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use subtle::ConstantTimeEq;

use crate::aws::{Aws, Service};
use crate::secrets::{NamedSecrets, Rotating};
use crate::telemetry::chain;

/// The secret between the distribution and us.
static EDGE_KEY: HeaderName = HeaderName::from_static("x-tributary-edge-key");
static VIEWER_ADDRESS: HeaderName = HeaderName::from_static("cloudfront-viewer-address");
/// The longest address with its port.
const ADDRESS_BYTES_MAX: usize = 64;

/// The distribution in front, known by its secret.
#[derive(Clone, Debug)]
pub struct Front(Arc<Rotating>);

impl Front {
    /// The distribution that sends this secret.
    #[must_use]
    pub fn new(key: Rotating) -> Self {
        Self(Arc::new(key))
    }

    /// The deployment's own, where there is one. A secret that cannot be read keeps nobody: what the distribution says is
    /// then not believed.
    pub async fn read(aws: &Aws, arn: Option<&str>) -> Option<Self> {
        let arn = arn?;
        let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
        match secrets.get(arn).await {
            Ok(key) => Some(Self::new(key)),
            Err(error) => {
                tracing::error!(reason = chain(&error), "the distribution's key cannot be read");
                None
            }
        }
    }

    /// Did the distribution send these headers? By the secret of now, or the one before while it is replaced.
    #[must_use]
    pub fn sent(&self, headers: &HeaderMap) -> bool {
        let theirs = headers.get(&EDGE_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
        let mut good = std::iter::once(&self.0.current).chain(&self.0.previous).map(|key| key.reveal().as_bytes());
        good.any(|ours| !ours.is_empty() && bool::from(theirs.ct_eq(ours)))
    }

    /// The address of its viewer; `None` where somebody else sent them, or they say none.
    #[must_use]
    pub fn viewer(&self, headers: &HeaderMap) -> Option<IpAddr> {
        // `198.51.100.10:46532`, or for the newer kind `2001:db8::1:46532`: the port is behind the last colon.
        let told = headers.get(&VIEWER_ADDRESS).filter(|told| told.len() <= ADDRESS_BYTES_MAX && self.sent(headers))?;
        let (address, _) = told.to_str().ok()?.rsplit_once(':')?;
        address.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Secret;

    fn front() -> Front {
        let secret = |text: &str| Secret::new(text.to_owned());
        Front::new(Rotating { current: secret("of now"), previous: Some(secret("before")) })
    }

    fn viewer(key: &str, address: &str) -> Option<String> {
        let headers = [(&EDGE_KEY, key), (&VIEWER_ADDRESS, address)];
        let headers = headers.map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a value")));
        front().viewer(&headers.into_iter().collect()).map(|address| address.to_string())
    }

    #[test]
    fn a_viewer_is_believed_of_the_distribution_alone() {
        for (key, address, expected) in [
            ("of now", "198.51.100.10:46532", Some("198.51.100.10")),
            ("before", "198.51.100.10:46532", Some("198.51.100.10")),
            ("of now", "2001:db8::7:46532", Some("2001:db8::7")),
            ("of now", "[2001:db8::7]:46532", Some("2001:db8::7")),
            ("of now", "nonsense", None),
            ("of now", "", None),
            ("made up", "198.51.100.10:46532", None),
            ("", "198.51.100.10:46532", None),
        ] {
            assert_eq!(viewer(key, address).as_deref(), expected, "{key} {address}");
        }
    }

    #[test]
    fn an_empty_secret_is_nobodys() {
        let empty = Secret::new(String::new());
        let front = Front::new(Rotating { current: empty, previous: None });
        assert!(!front.sent(&HeaderMap::new()));
    }
}
