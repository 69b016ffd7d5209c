//! One call: sent, tried again under the same key where that is safe, and read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::clock::Stopwatch;
use edge::random;
use edge::telemetry::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Refusal, StripeError};
use crate::transport::{Lost, Network, Transport};
use crate::{Form, Key};

/// The version whose shapes are read here; webhooks are read in whatever version they come.
const VERSION: &str = "2025-03-31.basil";

/// How long a call waits and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Milliseconds for a connection.
    pub connect_ms: u64,
    /// Milliseconds for one attempt.
    pub attempt_ms: u64,
    /// Milliseconds before the second attempt at most; they double.
    pub wait_ms: u64,
}

impl Patience {
    /// For a caller who waits for the answer, within half a minute.
    pub const CALLER: Self = Self { attempts: 3, connect_ms: 2_000, attempt_ms: 8_000, wait_ms: 400 };
    /// For a caller within a function that has ten seconds: two short attempts, and what is left is brought again.
    pub const BRIEF: Self = Self { attempts: 2, connect_ms: 1_000, attempt_ms: 1_500, wait_ms: 200 };
    /// For money that goes out: one attempt, so that each attempt's own outcome is known, or known not to be.
    pub const ONCE: Self = Self { attempts: 1, connect_ms: 2_000, attempt_ms: 12_000, wait_ms: 400 };
}

/// A call that was answered, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// What was being done.
    pub doing: &'static str,
    /// The status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: u64,
}

/// Hears of every attempt: for `stripe_api_calls_total`.
pub type Watch = Arc<dyn Fn(&Call) + Send + Sync>;

/// A client of one account. Its copies share their connections.
#[derive(Clone)]
pub struct Stripe {
    transport: Arc<dyn Transport>,
    base: String,
    secret: Secret<String>,
    patience: Patience,
    watch: Watch,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("base", &self.base).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Wrapped {
    error: Refusal,
}

impl Stripe {
    /// A client of the account whose secret key this is; TLS is the one of the SDKs (ring, the system's roots).
    ///
    /// # Errors
    /// The system has no roots.
    pub fn new(base: &str, secret: Secret<String>, patience: Patience, watch: Watch) -> Result<Self, std::io::Error> {
        Ok(Self::over(Arc::new(Network::new(patience)?), base, secret, (patience, watch)))
    }

    /// A client whose requests travel in another way than over the network.
    #[must_use]
    pub fn over(
        transport: Arc<dyn Transport>,
        base: &str,
        secret: Secret<String>,
        (patience, watch): (Patience, Watch),
    ) -> Self {
        Self { transport, base: base.trim_end_matches('/').to_owned(), secret, patience, watch }
    }

    /// The same connections for another account.
    #[must_use]
    pub fn for_account(&self, secret: Secret<String>) -> Self {
        Self { secret, ..self.clone() }
    }

    /// Reads.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Form,
        doing: &'static str,
    ) -> Result<T, StripeError> {
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.encoded()) };
        self.ask(&Asked { method: Method::GET, path, body: String::new(), key: None, doing }).await
    }

    /// Writes, under a key: however often it is tried, it is done once.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &Key,
        doing: &'static str,
    ) -> Result<T, StripeError> {
        let (path, body) = (path.to_owned(), form.encoded());
        self.ask(&Asked { method: Method::POST, path, body, key: Some(key.as_str()), doing }).await
    }

    /// Ends something; done twice, the second time there is no such thing.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        doing: &'static str,
    ) -> Result<T, StripeError> {
        let path = if form.is_empty() { path.to_owned() } else { format!("{path}?{}", form.encoded()) };
        self.ask(&Asked { method: Method::DELETE, path, body: String::new(), key: None, doing }).await
    }

    async fn ask<T: DeserializeOwned>(&self, asked: &Asked<'_>) -> Result<T, StripeError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let watch = Stopwatch::start();
            let attempt = self.attempt(asked).await;
            let status = attempt.as_ref().ok().map(|answer| answer.status.as_u16());
            (self.watch)(&Call { doing: asked.doing, status, duration_ms: watch.elapsed_ms() });
            let is_last = tried >= self.patience.attempts;
            match attempt {
                Ok(answer) if answer.status.is_success() => return answer.read(asked.doing),
                Ok(answer) if is_last || !answer.may_be_tried_again() => return Err(answer.refused(asked.doing)),
                Ok(_) => {}
                Err(why) if is_last => return Err(why),
                Err(_) => {}
            }
            tokio::time::sleep(self.wait(tried)).await;
        }
    }

    /// Half of the wait for sure, the other half by chance: callers that failed together do not come back together.
    fn wait(&self, tried: u32) -> Duration {
        let most = self.patience.wait_ms.saturating_mul(1 << (tried - 1).min(6)).max(2);
        let chance = u64::from(u32::from_be_bytes(random::bytes::<4>()));
        Duration::from_millis(most / 2 + chance % (most / 2 + 1))
    }

    async fn attempt(&self, asked: &Asked<'_>) -> Result<Answer, StripeError> {
        let unknown = |why, source| StripeError::Unknown { doing: asked.doing, why, source };
        let request = self.request(asked).map_err(|error| unknown("the request cannot be made", Some(error.into())))?;
        match self.transport.carry(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                Ok(Answer { status: parts.status, headers: parts.headers, body })
            }
            Err(Lost::Late) => Err(unknown("no answer in time", None)),
            Err(Lost::Broken(source)) => Err(unknown("the connection failed", Some(source))),
        }
    }

    fn request(&self, asked: &Asked<'_>) -> Result<Request<Bytes>, http::Error> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.secret.reveal()))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(format!("{}{}", self.base, asked.path))
            .header(AUTHORIZATION, bearer)
            .header("stripe-version", VERSION)
            .header("user-agent", concat!("Tributary/", env!("CARGO_PKG_VERSION")));
        if asked.method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(key) = asked.key {
            request = request.header("idempotency-key", key);
        }
        request.body(Bytes::from(asked.body.clone()))
    }
}

/// A call before it is sent.
struct Asked<'a> {
    method: Method,
    path: String,
    body: String,
    key: Option<&'a str>,
    doing: &'static str,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn read<T: DeserializeOwned>(&self, doing: &'static str) -> Result<T, StripeError> {
        serde_json::from_slice(&self.body).map_err(|error| StripeError::Unknown {
            doing,
            why: "the answer cannot be read",
            source: Some(error.into()),
        })
    }

    /// Stripe's own word first; else what is in progress, too much at once, or the server's fault.
    fn may_be_tried_again(&self) -> bool {
        match self.header("stripe-should-retry") {
            Some("true") => true,
            Some("false") => false,
            _ => matches!(self.status.as_u16(), 409 | 429) || self.status.is_server_error(),
        }
    }

    fn refused(&self, doing: &'static str) -> StripeError {
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            return StripeError::Busy { doing };
        }
        // A request under this key is at work, or a server failed: what became of it is not known.
        if self.status == StatusCode::CONFLICT || self.status.is_server_error() {
            return StripeError::Unknown { doing, why: "the server failed", source: None };
        }
        let Ok(Wrapped { error }) = serde_json::from_slice::<Wrapped>(&self.body) else {
            return StripeError::Unknown { doing, why: "the refusal cannot be read", source: None };
        };
        let request_id = self.header("request-id").map(str::to_owned);
        let refusal = Box::new(Refusal { status: self.status.as_u16(), request_id, ..error });
        StripeError::Refused { doing, refusal }
    }
}
