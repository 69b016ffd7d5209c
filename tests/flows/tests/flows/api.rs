//! Requests to the product, as its users send them.

use domain::money::Money;
use domain::time::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;
use tributary::demo::stripe::signature;

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, if the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A cookie that it sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        pairs.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).next()
    }

    /// The pointers of a refusal of fields: 400 of a form that is told, 422 of what no schema can tell (API-2).
    #[track_caller]
    pub(crate) fn pointers(self, status: u16) -> Vec<String> {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let errors = self.expect(status)["errors"].as_array().cloned().unwrap_or_default();
        let place = |error: &Value| error["pointer"].as_str().or(error["parameter"].as_str()).map(str::to_owned);
        errors.iter().filter_map(place).collect()
    }
}

/// The product at an address.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    pub(crate) url: String,
}

/// A request of somebody with a key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) key: &'a str,
    pub(crate) once: Option<&'a str>,
    pub(crate) body: Option<&'a Value>,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { client, url: url.to_owned() }
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        self.send(Method::GET, path, Asked { key, ..Asked::default() }).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, once: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Asked { key, once: Some(once), body: Some(body) }).await
    }

    pub(crate) async fn put(&self, key: &str, path: &str, once: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Asked { key, once: Some(once), body: Some(body) }).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, asked: Asked<'_>) -> Answer {
        self.try_send(method, path, asked).await.expect("an answer")
    }

    pub(crate) async fn try_send(&self, method: Method, path: &str, asked: Asked<'_>) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !asked.key.is_empty() {
            request = request.bearer_auth(asked.key);
        }
        if let Some(once) = asked.once {
            request = request.header("idempotency-key", once);
        }
        if let Some(body) = asked.body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        read(request).await
    }

    /// A visitor follows a link.
    pub(crate) async fn click(&self, code: &str, user_agent: &str) -> Answer {
        let path = format!("{}/r/{code}", self.url);
        read(self.client.get(path).header("user-agent", user_agent)).await.expect("an answer")
    }

    /// An event as Stripe sends it.
    pub(crate) async fn stripe(&self, secret: &str, body: &str, at: Timestamp) -> Answer {
        self.stripe_signed(&signature(secret, body, at), body).await
    }

    pub(crate) async fn stripe_signed(&self, header: &str, body: &str) -> Answer {
        self.try_stripe(header, body).await.expect("an answer")
    }

    pub(crate) async fn try_stripe(&self, header: &str, body: &str) -> reqwest::Result<Answer> {
        let request = self
            .client
            .post(format!("{}/v1/webhooks/stripe", self.url))
            .header("content-type", "application/json")
            .header("stripe-signature", header)
            .body(body.to_owned());
        read(request).await
    }
}

/// The answer to a request.
pub(crate) async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, headers, text, body })
}

/// Dollars.
pub(crate) fn usd(text: &str) -> Money {
    Money::parse(text, domain::currency::Currency::USD).expect("an amount")
}
