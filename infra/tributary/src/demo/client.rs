//! Requests to the product and to the cloud around it, as their users send them.

use std::time::Duration;

use domain::time::Timestamp;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::stripe::signature;
use crate::Error;
use crate::place::Place;

/// Functions restart when the clock moves, and a queue can be busy: a sender tries again.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(150);
/// How often a visitor follows a link that gives no token: some eighteen seconds of a busy machine.
const CLICKS_MAX: u32 = 15;
/// How long the cloud may take to work off a week.
const REST_MAX: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(40);
const SHOW_AGAIN: Duration = Duration::from_secs(8);

/// A sender of requests.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    pub(super) stripe_secret: String,
}

/// A write of somebody with a key.
pub(super) struct Write<'a> {
    pub(super) method: Method,
    pub(super) key: &'a str,
    pub(super) path: &'a str,
    /// Its Idempotency-Key.
    pub(super) once: &'a str,
    pub(super) body: Value,
}

impl Client {
    pub(super) async fn new(place: &Place) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { http, url: place.http.clone(), stripe_secret: place.stripe_webhook_secret().await? })
    }

    /// An answer below 500, whatever it says.
    async fn sent(&self, request: &RequestBuilder) -> Result<Response, Error> {
        let mut last: Error = "a request cannot be sent twice".into();
        for _ in 0..TRIES {
            let Some(request) = request.try_clone() else { break };
            match request.send().await {
                Ok(answer) if answer.status().is_server_error() => {
                    last = format!("{} answers {}", answer.url().path(), answer.status()).into();
                }
                Ok(answer) => return Ok(answer),
                Err(error) => last = error.into(),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(last)
    }

    /// A good answer's body.
    async fn good(&self, request: &RequestBuilder) -> Result<Value, Error> {
        let answer = self.sent(request).await?;
        let (status, path) = (answer.status(), answer.url().path().to_owned());
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("{path} answers {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(super) async fn get(&self, key: &str, path: &str) -> Result<Value, Error> {
        self.good(&self.http.get(format!("{}{path}", self.url)).bearer_auth(key)).await
    }

    /// Whether a key opens a path.
    pub(super) async fn is_good(&self, key: &str, path: &str) -> Result<bool, Error> {
        let answer = self.sent(&self.http.get(format!("{}{path}", self.url)).bearer_auth(key)).await?;
        Ok(answer.status().is_success())
    }

    pub(super) async fn write(&self, write: &Write<'_>) -> Result<Value, Error> {
        let request = self
            .http
            .request(write.method.clone(), format!("{}{}", self.url, write.path))
            .bearer_auth(write.key)
            .header("idempotency-key", write.once)
            .json(&write.body);
        self.good(&request).await
    }

    /// A visitor follows a link; the readable cookie's token.
    ///
    /// A tracker that has only just started redirects before it has read its keys, and gives no token: the story needs one,
    /// so its visitor comes again.
    pub(super) async fn click(&self, code: &str, user_agent: &str) -> Result<String, Error> {
        let request = self.http.get(format!("{}/r/{code}", self.url)).header("user-agent", user_agent);
        let mut status = None;
        for tries in 1..=CLICKS_MAX {
            let answer = self.sent(&request).await?;
            let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
            let mut tokens = cookies.filter_map(|cookie| cookie.strip_prefix("trb_id="));
            if let Some(token) = tokens.find_map(|rest| rest.split(';').next()) {
                return Ok(token.to_owned());
            }
            status = Some(answer.status());
            tokio::time::sleep(PAUSE * tries).await;
        }
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        Err(format!("/r/{code} answers {status} and, {CLICKS_MAX} times, no click token").into())
    }

    /// An event as Stripe sends it.
    pub(super) async fn stripe(&self, body: &str, at: Timestamp) -> Result<(), Error> {
        let request = self
            .http
            .post(format!("{}/v1/webhooks/stripe", self.url))
            .header("content-type", "application/json")
            .header("stripe-signature", signature(&self.stripe_secret, body, at))
            .body(body.to_owned());
        self.good(&request).await.map(|_| ())
    }

    /// Moves the clock; no schedule fires by itself.
    pub(super) async fn set_clock(&self, now: Timestamp) -> Result<(), Error> {
        self.local("clock", &json!({"now": now.to_string()})).await.map(|_| ())
    }

    /// By how much the cloud's clock is ahead of the system's.
    pub(super) async fn clock_offset_ms(&self) -> Result<i64, Error> {
        let clock = self.good(&self.http.get(format!("{}/local/clock", self.url))).await?;
        Ok(clock["offset_ms"].as_i64().unwrap_or(0))
    }

    /// Fires a schedule for an instant.
    pub(super) async fn tick(&self, name: &str, scheduled_for: Timestamp) -> Result<(), Error> {
        self.local(&format!("tick/{name}"), &json!({"scheduled_for": scheduled_for.to_string()})).await.map(|_| ())
    }

    /// Waits until nothing is queued, in flight or unread. What a process held that died with an earlier cloud is hidden
    /// for minutes: it is shown again now and then.
    pub(super) async fn rest(&self) -> Result<(), Error> {
        let state = self.http.get(format!("{}/local/state", self.url));
        let mut waited = Duration::ZERO;
        while waited < REST_MAX {
            if self.good(&state).await?["idle"] == true {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
            if waited.as_millis().is_multiple_of(SHOW_AGAIN.as_millis()) {
                self.local("release", &json!({})).await?;
            }
        }
        Err(format!("the cloud did not come to rest; {}/local shows what it is at", self.url).into())
    }

    async fn local(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.good(&self.http.post(format!("{}/local/{path}", self.url)).body(body.to_string())).await
    }
}
