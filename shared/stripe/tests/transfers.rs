//! Money that goes on to connected accounts, against the stand-in: once under a key, found again, taken back; and
//! everything that goes wrong on the way.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::id::TenantId;
use edge::telemetry::Secret;
use local_stripe::{Options, StandIn};
use serde_json::Value;
use stripe::{Key, NewTransfer, Patience, Stripe, StripeError, Transfer};

const START: i64 = 1_769_853_600;

struct Place {
    stripe: Stripe,
    url: String,
    now: Arc<AtomicI64>,
}

impl Place {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let now = Arc::new(AtomicI64::new(START));
        let clock = Arc::clone(&now);
        let clock = Box::new(move || clock.load(Ordering::SeqCst));
        let options = Options { clock, keep: None, seed: "transfers".to_owned() };
        StandIn::open(options).expect("a stand-in").serve(listener);
        let secret = Secret::new("sk_test_standin".to_owned());
        let stripe = Stripe::new(&url, secret, Patience::ONCE, Arc::new(|_| {})).expect("a client");
        Self { stripe, url, now }
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        let form = "application/x-www-form-urlencoded";
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).bearer_auth("sk_test_standin");
        let answer = request.header("content-type", form).body(body.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.expect("a text")).unwrap_or_default()
    }

    async fn account(&self, form: &str) -> String {
        self.post("/v1/accounts", form).await["id"].as_str().expect("an id").to_owned()
    }

    async fn payee(&self) -> String {
        self.account("type=express&country=US&capabilities[transfers][requested]=true").await
    }

    async fn send(&self, to: &str, amount: i64, step: &str) -> Result<Transfer, StripeError> {
        let new = NewTransfer {
            amount_minor: amount,
            currency: "usd".to_owned(),
            destination: to,
            group: "pay_1",
            description: "PAY-2026-11-000007-USD001",
            metadata: &[("payout_id", "pay_1")],
        };
        self.stripe.create_transfer(&new, &Key::of(&TenantId::default_tenant(), "pay_1", step)).await
    }

    async fn known(&self) -> Vec<Transfer> {
        let page = self.stripe.list_transfers("pay_1").await.expect("a page");
        assert!(!page.has_more);
        page.data
    }
}

fn code(refused: Result<Transfer, StripeError>) -> String {
    let error = refused.expect_err("refused");
    error.refusal().and_then(|refusal| refusal.code.clone()).unwrap_or_else(|| format!("{error:?}"))
}

fn is_unknown(answer: &Result<Transfer, StripeError>) -> bool {
    matches!(answer, Err(StripeError::Unknown { .. }))
}

#[tokio::test]
async fn a_transfer_is_made_once_under_its_key_and_found_by_its_group() {
    let place = Place::new().await;
    let payee = place.payee().await;
    let made = place.send(&payee, 25_050, "1").await.expect("a transfer");
    assert_eq!(place.send(&payee, 25_050, "1").await.expect("the same"), made);
    assert_eq!(place.known().await, std::slice::from_ref(&made));
    assert_eq!(place.stripe.get_transfer(&made.id).await.expect("it"), made);
    assert_eq!((made.amount, made.destination.as_str(), made.currency.as_str()), (25_050, payee.as_str(), "usd"));
    assert!(place.stripe.list_transfers("pay_2").await.expect("a page").data.is_empty());
}

#[tokio::test]
async fn behind_a_day_the_same_key_is_a_second_transfer() {
    let place = Place::new().await;
    let payee = place.payee().await;
    let first = place.send(&payee, 100, "1").await.expect("a transfer");
    place.now.store(START + 86_399, Ordering::SeqCst);
    assert_eq!(place.send(&payee, 100, "1").await.expect("the same").id, first.id);
    place.now.store(START + 86_400, Ordering::SeqCst);
    assert_ne!(place.send(&payee, 100, "1").await.expect("another").id, first.id);
    assert_eq!(place.known().await.len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_lost_may_have_been_carried_out_or_not() {
    let place = Place::new().await;
    let payee = place.payee().await;
    place.post("/_stand_in/faults", r#"{"method":"POST","path":"/v1/transfers"}"#).await;
    assert!(is_unknown(&place.send(&payee, 100, "1").await));
    assert_eq!(place.known().await.len(), 1);
    place.post("/_stand_in/faults", r#"{"method":"POST","path":"/v1/transfers","is_unheard":true}"#).await;
    assert!(is_unknown(&place.send(&payee, 100, "2").await));
    assert_eq!(place.known().await.len(), 1);
    // Asked again under its key, each is one transfer.
    for step in ["1", "2"] {
        place.send(&payee, 100, step).await.expect("a transfer");
    }
    assert_eq!(place.known().await.len(), 2);
}

#[tokio::test]
async fn a_servers_failure_is_replayed_under_its_key_whatever_was_carried_out() {
    let place = Place::new().await;
    let payee = place.payee().await;
    for (step, executes, known) in [("1", "false", 0), ("2", "true", 1)] {
        let fault = format!(r#"{{"method":"POST","path":"/v1/transfers","status":500,"executes":{executes}}}"#);
        place.post("/_stand_in/faults", &fault).await;
        for _ in 0..3 {
            assert!(is_unknown(&place.send(&payee, 100, step).await), "{step}");
        }
        assert_eq!(place.known().await.len(), known, "{step}");
    }
}

#[tokio::test]
async fn what_stripe_refuses_is_refused_for_certain_and_told_by_its_code() {
    let place = Place::new().await;
    let payee = place.payee().await;
    let unverified = place.account("type=express&country=US").await;
    assert_eq!(code(place.send("acct_404", 100, "1").await), "resource_missing");
    assert_eq!(code(place.send(&unverified, 100, "2").await), "insufficient_capabilities_for_transfer");
    assert_eq!(code(place.send(&payee, 0, "3").await), "parameter_invalid_integer");
    assert!(place.known().await.is_empty());
    place.send(&payee, 100, "4").await.expect("a transfer");
    let other = place.send(&payee, 101, "4").await.expect_err("another request");
    assert_eq!(other.refusal().map(|refusal| refusal.kind.as_str()), Some("idempotency_error"));
    assert_eq!(place.known().await.len(), 1);
}

#[tokio::test]
async fn without_enough_on_the_platform_nothing_is_sent_and_the_key_stands_for_the_refusal() {
    let place = Place::new().await;
    let payee = place.payee().await;
    place.post("/_stand_in/balance", r#"{"usd":150}"#).await;
    place.send(&payee, 100, "1").await.expect("a transfer");
    assert_eq!(code(place.send(&payee, 100, "2").await), "balance_insufficient");
    place.post("/_stand_in/balance", r#"{"usd":null}"#).await;
    assert_eq!(code(place.send(&payee, 100, "2").await), "balance_insufficient");
    place.send(&payee, 100, "3").await.expect("a transfer");
    assert_eq!(place.known().await.len(), 2);
}

#[tokio::test]
async fn a_transfer_is_taken_back_in_parts_and_never_more_than_it_was() {
    let place = Place::new().await;
    let payee = place.payee().await;
    let made = place.send(&payee, 100, "1").await.expect("a transfer");
    let key = |step: &str| Key::of(&TenantId::default_tenant(), &made.id, step);
    place.stripe.reverse_transfer(&made.id, Some(40), &key("a")).await.expect("a part");
    let partly = place.stripe.get_transfer(&made.id).await.expect("it");
    assert_eq!((partly.amount_reversed, partly.reversed), (40, false));
    assert!(place.stripe.reverse_transfer(&made.id, Some(61), &key("b")).await.is_err());
    let rest = place.stripe.reverse_transfer(&made.id, None, &key("c")).await.expect("the rest");
    assert_eq!((rest.amount, rest.transfer.as_str()), (60, made.id.as_str()));
    let whole = place.stripe.get_transfer(&made.id).await.expect("it");
    assert_eq!((whole.amount_reversed, whole.reversed), (100, true));
    assert!(place.stripe.reverse_transfer(&made.id, None, &key("d")).await.is_err());
}
