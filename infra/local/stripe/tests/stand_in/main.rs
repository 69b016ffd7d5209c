//! The stand-in from outside, by plain HTTP.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

mod border;
mod life;
mod promotions;
mod webhooks;

use local_stripe::StandIn;
use serde_json::Value;
use tokio::net::TcpListener;

/// 2026-01-31 10:00 UTC.
pub(crate) const START: i64 = 1_769_853_600;
pub(crate) const DAY: i64 = 86_400;

/// A stand-in of a test, and a way to it.
pub(crate) struct Stripe {
    pub(crate) stand_in: StandIn,
    pub(crate) url: String,
    client: reqwest::Client,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Answer {
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.json);
        self.json
    }

    /// Status, code and parameter of a refusal.
    pub(crate) fn refused(&self) -> (u16, &str, &str) {
        let error = &self.json["error"];
        (self.status, error["code"].as_str().unwrap_or(""), error["param"].as_str().unwrap_or(""))
    }
}

impl Stripe {
    pub(crate) async fn new() -> Self {
        Self::of(StandIn::at_rest(START)).await
    }

    pub(crate) async fn of(stand_in: StandIn) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        stand_in.serve(listener);
        Self { stand_in, url, client: reqwest::Client::new() }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, form: &str, key: Option<&str>) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth("sk_test_standin");
        if !form.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, json: answer.json().await.expect("JSON") }
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Value {
        self.ask("POST", path, form, None).await.ok()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "", None).await.ok()
    }

    /// A monthly price of 99.00 USD.
    pub(crate) async fn price(&self, minor: u32) -> String {
        let form = format!(
            "currency=usd&unit_amount={minor}&recurring[interval]=month&product_data[name]=Studio&nickname=Studio"
        );
        id(&self.post("/v1/prices", &form).await)
    }

    /// A customer with a card, in a time of its own.
    pub(crate) async fn customer(&self, card: &str) -> (String, String) {
        let clock = id(&self.post("/v1/test_helpers/test_clocks", &format!("frozen_time={START}")).await);
        let customer =
            id(&self.post("/v1/customers", &format!("email=casey%40customer.example&test_clock={clock}")).await);
        self.card(&customer, card).await;
        (customer, clock)
    }

    /// Another card, for all that comes.
    pub(crate) async fn card(&self, customer: &str, card: &str) {
        let card = id(&self.post(&format!("/v1/payment_methods/{card}/attach"), &format!("customer={customer}")).await);
        let form = format!("invoice_settings[default_payment_method]={card}");
        self.post(&format!("/v1/customers/{customer}"), &form).await;
    }

    pub(crate) async fn advance(&self, clock: &str, to: i64) {
        self.post(&format!("/v1/test_helpers/test_clocks/{clock}/advance"), &format!("frozen_time={to}")).await;
    }

    /// The types of all events so far, oldest first.
    pub(crate) async fn told(&self) -> Vec<String> {
        let events = self.get("/v1/events?limit=100").await;
        let rows = events["data"].as_array().cloned().unwrap_or_default();
        rows.iter().rev().map(|row| row["type"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The types of the events that came after the first so many.
    pub(crate) async fn told_since(&self, before: usize) -> Vec<String> {
        self.told().await.split_off(before)
    }
}

pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("an object: {object:#}")).to_owned()
}
