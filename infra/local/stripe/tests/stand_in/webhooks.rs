//! Sending: in order, signed, and again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use local_stripe::{Options, StandIn};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{START, Stripe};

#[derive(Clone, Default)]
struct Endpoint {
    taken: Arc<Mutex<Vec<(String, String)>>>,
    /// The next statuses; 200 when there is none.
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

async fn take(State(endpoint): State<Endpoint>, headers: HeaderMap, body: String) -> StatusCode {
    let status = endpoint.statuses.lock().expect("a lock").pop_front().unwrap_or(200);
    let signature = headers["stripe-signature"].to_str().expect("a text").to_owned();
    if status == 200 {
        endpoint.taken.lock().expect("a lock").push((signature, body));
    }
    StatusCode::from_u16(status).expect("a status")
}

impl Endpoint {
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/hook", axum::routing::post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn kinds(&self) -> Vec<String> {
        let taken = self.taken.lock().expect("a lock");
        let kind = |body: &str| {
            serde_json::from_str::<Value>(body).expect("JSON")["type"].as_str().unwrap_or_default().to_owned()
        };
        taken.iter().map(|(_, body)| kind(body)).collect()
    }
}

async fn idle(stripe: &Stripe) {
    for _ in 0..2_000 {
        if stripe.stand_in.is_idle() {
            return;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("events are still on their way");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_in_their_order_and_signed() {
    let endpoint = Endpoint::default();
    let url = endpoint.serve().await;
    let stripe = Stripe::new().await;
    stripe.stand_in.tell(&url, "whsec_test_secret");
    stripe.customer("pm_card_visa").await;
    idle(&stripe).await;
    assert_eq!(
        endpoint.kinds(),
        ["test_helpers.test_clock.created", "customer.created", "payment_method.attached", "customer.updated"]
    );
    let (signature, body) = endpoint.taken.lock().expect("a lock")[1].clone();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec_test_secret");
    let (second, tag) = signature.trim_start_matches("t=").split_once(",v1=").expect("two parts");
    let tag = hex::decode(tag).expect("hex");
    assert!(hmac::verify(&key, format!("{second}.{body}").as_bytes(), &tag).is_ok());
    let events = stripe.get("/v1/events?delivery_success=true").await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_told_again_when_the_wait_is_over() {
    let second = Arc::new(AtomicI64::new(START));
    let clock = Arc::clone(&second);
    let options =
        Options { clock: Box::new(move || clock.load(Ordering::SeqCst)), keep: None, seed: "test".to_owned() };
    let stripe = Stripe::of(StandIn::open(options).expect("a stand-in")).await;
    let endpoint = Endpoint::default();
    endpoint.statuses.lock().expect("a lock").push_back(500);
    stripe.stand_in.tell(&endpoint.serve().await, "whsec_test_secret");
    stripe.post("/v1/customers", "email=a%40b.example").await;
    // The stand-in does not rest while the next attempt is near: the wait is over when the clock says so.
    for _ in 0..500 {
        if endpoint.statuses.lock().expect("a lock").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    // The refusal is noted a moment behind the endpoint's answer, and the wait begins then: the clock goes on till it ends.
    for _ in 0..500 {
        if !endpoint.kinds().is_empty() {
            break;
        }
        second.fetch_add(6, Ordering::SeqCst);
        stripe.stand_in.wake();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    idle(&stripe).await;
    assert_eq!(endpoint.kinds(), ["customer.created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let keep = Some(folder.path().join("stripe.json"));
        StandIn::open(Options { clock: Box::new(|| START), keep, seed: "kept".to_owned() }).expect("a stand-in")
    };
    let before = Stripe::of(open()).await;
    before.post("/v1/customers", "email=a%40b.example&name=Ada").await;
    let after = Stripe::of(open()).await;
    let found = after.get("/v1/customers").await;
    assert_eq!(found["data"][0]["name"], json!("Ada"));
    let second = after.post("/v1/customers", "email=c%40b.example").await;
    assert_ne!(second["id"], found["data"][0]["id"]);
}
