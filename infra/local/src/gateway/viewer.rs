//! The distribution before the API, where the template has one: it says who the viewer is and from where, under the key
//! that only it knows. What a client says of that itself does not get through.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::error::CloudError;
use crate::template::Plan;
use crate::vault::Vault;

/// What CloudFront knows of a viewer on this machine: a place that never changes.
const PLACE: [(&str, &str); 3] = [
    ("cloudfront-viewer-country", "DE"),
    ("cloudfront-viewer-country-region", "BE"),
    ("cloudfront-viewer-city", "Berlin"),
];
const ADDRESS: &str = "cloudfront-viewer-address";

/// The distribution's header and key.
#[derive(Clone)]
pub(crate) struct Viewer {
    header: HeaderName,
    key: HeaderValue,
}

impl std::fmt::Debug for Viewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Viewer").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Viewer {
    /// The distribution of a plan, with its key as the secret has it.
    pub(crate) async fn of(plan: &Plan, vault: &Vault) -> Result<Option<Self>, CloudError> {
        let Some(distribution) = &plan.distribution else { return Ok(None) };
        let secret: Value = serde_json::from_str(&vault.secret_text(&distribution.secret).await?).unwrap_or_default();
        let key = secret[&distribution.member].as_str().and_then(|key| HeaderValue::from_str(key).ok());
        let header = HeaderName::from_bytes(distribution.header.as_bytes()).ok();
        Ok(header.zip(key).map(|(header, key)| Self { header, key }))
    }

    /// What the API sees of a request through the distribution.
    pub(super) fn mark(&self, headers: &mut HeaderMap, peer: SocketAddr) {
        for (name, value) in PLACE {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(address) = HeaderValue::from_str(&format!("{}:{}", peer.ip(), peer.port())) {
            headers.insert(ADDRESS, address);
        }
        headers.insert(&self.header, self.key.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_of_itself_is_replaced() {
        let viewer = Viewer {
            header: HeaderName::from_static("x-tributary-edge-key"),
            key: HeaderValue::from_static("the key"),
        };
        let mut headers = HeaderMap::new();
        for name in ["cloudfront-viewer-country", "cloudfront-viewer-address", "x-tributary-edge-key"] {
            headers.append(name, HeaderValue::from_static("mine"));
            headers.append(name, HeaderValue::from_static("also mine"));
        }
        viewer.mark(&mut headers, SocketAddr::from(([127, 0, 0, 1], 4711)));
        let said = |name: &str| {
            headers.get_all(name).iter().map(|value| value.to_str().expect("text").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(said("cloudfront-viewer-country"), ["DE"]);
        assert_eq!(said("cloudfront-viewer-address"), ["127.0.0.1:4711"]);
        assert_eq!(said("x-tributary-edge-key"), ["the key"]);
    }
}
