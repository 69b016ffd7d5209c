//! The issuer's keys: asked for, remembered, and asked for anew when a token names one that is not known.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use domain::time::Timestamp;
use http::header::ACCEPT;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::SignedDuration;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::jws::{KeySet, VerifyingKey};

/// How long keys are taken as they were read.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long they hold where the issuer does not answer; then nobody signs in by it.
const HOLD: SignedDuration = SignedDuration::from_hours(24);
/// How seldom the issuer is asked, whatever tokens name: nobody makes it be asked more often.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// How long one question waits.
const PATIENCE: Duration = Duration::from_secs(3);
const SET_BYTES_MAX: usize = 256 * 1024;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer has none of this name.
    Unknown,
    /// The issuer does not answer, and what is remembered is too old.
    Away,
}

#[derive(Default)]
struct Remembered {
    keys: KeySet,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

/// The keys of an issuer at an address.
#[derive(Clone)]
pub(crate) struct Keys {
    http: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    url: String,
    remembered: Arc<Mutex<Remembered>>,
}

impl Keys {
    /// The keys at an address; TLS is the one of the SDKs (ring, the system's roots).
    pub(crate) fn at(url: &str) -> Result<Self, std::io::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, url: url.to_owned(), remembered: Arc::default() })
    }

    /// The key that a token names. Requests of one process that need the issuer wait for one question.
    pub(crate) async fn find(&self, kid: Option<&str>, now: Timestamp) -> Result<VerifyingKey, NoKey> {
        let mut remembered = self.remembered.lock().await;
        let within = |at: Option<Timestamp>, span: SignedDuration| {
            at.and_then(|at| at.checked_add(span).ok()).is_some_and(|until| now < until)
        };
        let is_known = remembered.keys.find(kid).is_some();
        let is_needed = !is_known || !within(remembered.read_at, FRESH);
        if is_needed && !within(remembered.asked_at, ASKED_EVERY) {
            remembered.asked_at = Some(now);
            if let Some(keys) = self.ask().await {
                remembered.keys = keys;
                remembered.read_at = Some(now);
            }
        }
        if !within(remembered.read_at, HOLD) {
            return Err(NoKey::Away);
        }
        remembered.keys.find(kid).cloned().ok_or(NoKey::Unknown)
    }

    async fn ask(&self) -> Option<KeySet> {
        match timeout(PATIENCE, self.fetched()).await {
            Ok(Ok(keys)) => Some(keys),
            Ok(Err(reason)) => {
                tracing::warn!(reason, "the issuer's keys cannot be read");
                None
            }
            Err(_) => {
                tracing::warn!(reason = "no answer in time", "the issuer's keys cannot be read");
                None
            }
        }
    }

    async fn fetched(&self) -> Result<KeySet, String> {
        let request = Request::get(&self.url).header(ACCEPT, "application/json").body(Empty::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.http.request(request).await.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()));
        }
        let body =
            Limited::new(answer.into_body(), SET_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
        KeySet::parse(&body.to_bytes()).ok_or_else(|| "it is no set of keys".to_owned())
    }
}
