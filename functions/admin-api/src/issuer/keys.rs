//! The issuer's keys: asked for, remembered, and asked for anew when a token names one that is not known.

use std::sync::Arc;

use axum::body::Bytes;
use domain::time::Timestamp;
use edge::https::{Bounds, Https};
use http::header::ACCEPT;
use http::{Request, StatusCode};
use jiff::SignedDuration;
use tokio::sync::Mutex;

use super::jws::{KeySet, VerifyingKey};

/// How long keys are taken as they were read.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long they hold where the issuer does not answer; then nobody signs in by it.
const HOLD: SignedDuration = SignedDuration::from_hours(24);
/// How seldom the issuer is asked, whatever tokens name: nobody makes it be asked more often.
const ASKED_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// How long one question waits, and how large a set of keys may be.
const BOUNDS: Bounds = Bounds { connect_ms: None, answer_ms: 3_000, answer_bytes_max: 256 * 1024 };

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
    https: Https,
    url: String,
    remembered: Arc<Mutex<Remembered>>,
}

impl Keys {
    /// The keys at an address.
    pub(crate) fn at(url: &str) -> Result<Self, std::io::Error> {
        Ok(Self { https: Https::new(BOUNDS)?, url: url.to_owned(), remembered: Arc::default() })
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
        match self.fetched().await {
            Ok(keys) => Some(keys),
            Err(reason) => {
                tracing::warn!(reason, "the issuer's keys cannot be read");
                None
            }
        }
    }

    async fn fetched(&self) -> Result<KeySet, String> {
        let request = Request::get(&self.url).header(ACCEPT, "application/json").body(Bytes::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.https.send(request).await.map_err(|lost| lost.reason())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()));
        }
        KeySet::parse(answer.body()).ok_or_else(|| "it is no set of keys".to_owned())
    }
}
