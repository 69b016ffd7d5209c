//! Our client of Stripe's API against somebody else's stand-in: PyPI's `localstripe`.
//!
//! It tells the shapes of 2017 and knows plans in place of prices, so a subscription is begun there by the plain call
//! underneath the typed one; everything else is what the product calls.
//!
//! Usage: client URL
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a check that cannot be made fails the run; it tells people"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::id::TenantId;
use edge::telemetry::Secret;
use serde_json::Value;
use stripe::{CustomerChange, Form, Key, Patience, Stripe, StripeError};

static CHECKS: AtomicU32 = AtomicU32::new(0);

fn check(holds: bool, what: &str) {
    assert!(holds, "{what}");
    CHECKS.fetch_add(1, Ordering::Relaxed);
}

fn key(step: &str) -> Key {
    Key::of(&TenantId::default_tenant(), "peer", step)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("an address");
    let patience = Patience { attempts: 3, connect_ms: 1_000, attempt_ms: 5_000, wait_ms: 50 };
    let stripe =
        Stripe::new(&url, Secret::new("sk_test_12345".to_owned()), patience, Arc::new(|_| {})).expect("a client");

    let said = CustomerChange {
        email: Some("casey@customer.example".to_owned()),
        metadata: vec![("ours".to_owned(), "a&b=c".to_owned())],
        ..CustomerChange::default()
    };
    let customer = stripe.create_customer(&said, &key("customer")).await.expect("a customer");
    check(customer.email.as_deref() == Some("casey@customer.example"), "an address with signs is read as it was sent");
    let there: Value =
        stripe.get(&format!("/v1/customers/{}", customer.id), &Form::new(), "reading").await.expect("it");
    check(there["metadata"]["ours"] == "a&b=c", "texts of ours are read as they were sent");
    let said = CustomerChange { name: Some("Casey Ünicode".to_owned()), ..CustomerChange::default() };
    let changed = stripe.update_customer(&customer.id, &said, &key("name")).await.expect("a change");
    check(changed.name.as_deref() == Some("Casey Ünicode"), "a name beyond ASCII is read as it was sent");

    let card = Form::new()
        .with("type", "card")
        .with("card[number]", "4242424242424242")
        .with("card[exp_month]", 8)
        .with("card[exp_year]", 2034)
        .with("card[cvc]", "314");
    let card: Value = stripe.post("/v1/payment_methods", &card, &key("card"), "making a card").await.expect("a card");
    let id = card["id"].as_str().expect("an id");
    let chosen = stripe.set_payment_method(&customer.id, id, (&key("attach"), &key("choose"))).await.expect("a choice");
    check(chosen.card.is_some_and(|card| card.last4 == "4242"), "a card is attached and chosen");

    stripe.create_product("Studio", &[("plan", "pln_1")], &key("product")).await.expect("a product");
    let plan = Form::new()
        .with("amount", 9_900)
        .with("currency", "usd")
        .with("interval", "month")
        .with("product[name]", "Studio");
    let plan: Value = stripe.post("/v1/plans", &plan, &key("plan"), "making a plan").await.expect("a plan");
    let form = Form::new()
        .with("customer", &customer.id)
        .with("items[0][plan]", plan["id"].as_str().expect("an id"))
        .with("items[0][quantity]", 2);
    let begun: Value =
        stripe.post("/v1/subscriptions", &form, &key("begin"), "beginning").await.expect("a subscription");
    check(begun["status"] == "active", "a list of hashes is read as one");
    let ended = stripe.cancel_subscription(begun["id"].as_str().expect("an id"), None).await.expect("an end");
    check(ended.status == "canceled", "an end");

    let events: Value = stripe.get("/v1/events", &Form::new().with("limit", 100), "events").await.expect("events");
    check(events["data"].as_array().is_some_and(|all| !all.is_empty()), "events");

    let nobody = stripe.update_customer("cus_none", &said, &key("nobody")).await.expect_err("nobody");
    check(matches!(nobody, StripeError::Refused { .. }), "what is not there is a refusal, told once");
    let stranger = Form::new().with("colour", "red");
    let refused: Result<Value, _> = stripe.post("/v1/customers", &stranger, &key("stranger"), "a stranger").await;
    check(
        refused.expect_err("refused").refusal().is_some_and(|refusal| refusal.status == 400),
        "a stranger is refused",
    );
    println!("our client at localstripe: {} checks hold", CHECKS.load(Ordering::Relaxed));
}
