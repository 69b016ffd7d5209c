//! The stand-in for Stripe's API, as a test itself speaks with it.

use serde_json::{Value, json};

use crate::operator::ready_file;
use crate::world::{Partner, World, text};

/// Any key is taken: the stand-in is one account.
const KEY: &str = "sk_test_flows";

/// The stand-in.
pub(crate) struct Rail {
    url: String,
    http: reqwest::Client,
}

impl Rail {
    pub(crate) async fn of(world: &World) -> Self {
        let ready = tokio::fs::read_to_string(ready_file(&world.cloud)).await.expect("a ready file");
        let ready: Value = serde_json::from_str(&ready).expect("json");
        Self { url: text(&ready["stripe"]), http: reqwest::Client::new() }
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        let form = "application/x-www-form-urlencoded";
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(KEY);
        let answer = request.header("content-type", form).body(body.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.expect("a text")).unwrap_or_default()
    }

    /// The next transfer is made, and its answer never comes.
    pub(crate) async fn lose_an_answer(&self) {
        self.post("/_stand_in/faults", r#"{"method":"POST","path":"/v1/transfers","status":null}"#).await;
    }

    /// How many transfers there are of a payout.
    pub(crate) async fn transfers(&self, payout: &str) -> usize {
        let url = format!("{}/v1/transfers?transfer_group={payout}", self.url);
        let answer = self.http.get(url).bearer_auth(KEY).send().await.expect("an answer");
        let listed: Value = serde_json::from_str(&answer.text().await.expect("a text")).expect("json");
        listed["data"].as_array().map_or(0, Vec::len)
    }

    /// From now on the partner's money goes to a connected account.
    pub(crate) async fn pays(&self, world: &World, partner: &Partner) {
        let account = self.post("/v1/accounts", "capabilities[transfers][requested]=true").await;
        let path = format!("/v1/partners/{}/payout-method", partner.id);
        let methods = json!({"methods": [{"details": {"rail": "stripe_connect", "account_id": account["id"]}}]});
        world.api.put(&partner.key, &path, &format!("method-of-{}", partner.id), &methods).await.expect(200);
    }
}
