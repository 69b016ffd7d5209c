//! The client against the stand-in: every call, every failure.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::sync::Arc;
use std::sync::Mutex;

use domain::id::TenantId;
use edge::telemetry::Secret;
use local_stripe::StandIn;
use stripe::{
    Address, Call, CouponDuration, CouponOff, CustomerChange, Exemption, ItemChange, Key, NewCoupon, NewPrice,
    NewSubscription, Patience, PauseCollection, Proration, Recurring, Stripe, StripeError, SubscriptionChange,
};

const START: i64 = 1_769_853_600;

struct Place {
    stripe: Stripe,
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

async fn place() -> Place {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    StandIn::at_rest(START).serve(listener);
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let heard = Arc::clone(&calls);
    let watch: stripe::Watch = Arc::new(move |call| heard.lock().expect("a lock").push(*call));
    let patience = Patience { attempts: 3, connect_ms: 1_000, attempt_ms: 5_000, wait_ms: 2 };
    let stripe = Stripe::new(&url, Secret::new("sk_test_standin".to_owned()), patience, watch).expect("a client");
    Place { stripe, url, calls }
}

fn key(step: &str) -> Key {
    Key::of(&TenantId::default_tenant(), "01J", step)
}

fn said(email: &str) -> CustomerChange {
    CustomerChange { email: Some(email.to_owned()), ..CustomerChange::default() }
}

impl Place {
    async fn order(&self, fault: &str) {
        let path = format!("{}/_stand_in/faults", self.url);
        let ordered = reqwest::Client::new().post(path).body(fault.to_owned()).send().await.expect("an answer");
        assert_eq!(ordered.status(), 204, "{fault}");
    }

    fn statuses(&self) -> Vec<Option<u16>> {
        self.calls.lock().expect("a lock").iter().map(|call| call.status).collect()
    }

    async fn price(&self, minor: i64, step: &str) -> String {
        let product =
            self.stripe.create_product("Studio", &[("plan", "pln_1")], &key("product")).await.expect("a product");
        let price = NewPrice {
            product: product.id,
            nickname: "Studio".to_owned(),
            currency: "usd".to_owned(),
            unit_amount: minor,
            recurring: Recurring { interval: "month".to_owned(), interval_count: 1 },
            is_tax_inclusive: false,
            metadata: Vec::new(),
        };
        self.stripe.create_price(&price, &key(step)).await.expect("a price").id
    }
}

#[tokio::test]
async fn a_subscription_is_begun_changed_paused_resumed_and_ended() {
    let place = place().await;
    let Place { stripe, .. } = &place;
    let new = CustomerChange {
        address: Some(Address { country: "DE".to_owned(), region: None, postal_code: Some("10115".to_owned()) }),
        exemption: Some(Exemption::None),
        metadata: vec![("customer".to_owned(), "cus_ours".to_owned())],
        ..said("casey@customer.example")
    };
    let customer = stripe.create_customer(&new, &key("customer")).await.expect("a customer");
    let card = stripe
        .set_payment_method(&customer.id, "pm_card_visa", (&key("attach"), &key("choose")))
        .await
        .expect("a card");
    assert_eq!(card.card.expect("a card").last4, "4242");
    let (price, dearer) = (place.price(9_900, "price").await, place.price(19_900, "dearer").await);
    let new = NewSubscription {
        customer: customer.id.clone(),
        price,
        quantity: 2,
        is_taxed_by_stripe: true,
        metadata: vec![("trb".to_owned(), "token".to_owned())],
        ..NewSubscription::default()
    };
    let begun = stripe.create_subscription(&new, &key("subscription")).await.expect("a subscription");
    assert_eq!((begun.status.as_str(), begun.items.data[0].quantity), ("active", Some(2)));
    let item = ItemChange {
        item: begun.items.data[0].id.clone(),
        price: Some(dearer),
        quantity: Some(3),
        proration: Proration::Now,
    };
    let change = SubscriptionChange { item: Some(item), ..SubscriptionChange::default() };
    let changed = stripe.update_subscription(&begun.id, &change, &key("change")).await.expect("a change");
    assert_eq!(changed.items.data[0].quantity, Some(3));
    for (step, collection) in
        [("pause", PauseCollection::Pause { resumes_at: Some(START + 86_400) }), ("resume", PauseCollection::Resume)]
    {
        let change = SubscriptionChange { collection: Some(collection), ..SubscriptionChange::default() };
        stripe.update_subscription(&begun.id, &change, &key(step)).await.expect(step);
    }
    let ended = stripe.cancel_subscription(&begun.id, Some("too dear")).await.expect("an end");
    assert_eq!(ended.status, "canceled");
    assert!(stripe.cancel_subscription(&begun.id, None).await.expect_err("ended already").is_missing());
    let paid = stripe.last_paid_invoice(&customer.id).await.expect("an answer").expect("an invoice");
    assert_eq!(paid.status_transitions.paid_at, Some(START));
    let events = stripe.list_events(START, None).await.expect("events");
    assert_eq!(events.data[0].0["type"], "customer.subscription.deleted");
}

#[tokio::test]
async fn what_the_server_fails_at_is_tried_again_under_the_same_key_and_done_once() {
    let place = place().await;
    place.order(r#"{"method":"POST","path":"/v1/customers","status":503,"executes":false,"times":2}"#).await;
    let made = place.stripe.create_customer(&said("a@b.example"), &key("customer")).await.expect("a customer");
    assert_eq!(place.statuses(), [Some(503), Some(503), Some(200)]);
    let again = place.stripe.create_customer(&said("a@b.example"), &key("customer")).await.expect("the same");
    assert_eq!(made.id, again.id);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_the_same_thing_is_answered() {
    let place = place().await;
    place.order(r#"{"method":"POST","path":"/v1/customers","executes":true}"#).await;
    let made = place.stripe.create_customer(&said("a@b.example"), &key("customer")).await.expect("a customer");
    let events = place.stripe.list_events(START, None).await.expect("events");
    let created: Vec<&str> = events.data.iter().filter_map(|event| event.0["data"]["object"]["id"].as_str()).collect();
    assert_eq!(created, [made.id.as_str()], "it was made once");
    assert_eq!(place.statuses(), [None, Some(200), Some(200)]);
}

#[tokio::test]
async fn a_failure_that_is_replayed_stays_unknown_and_is_never_called_a_refusal() {
    let place = place().await;
    place.order(r#"{"method":"POST","path":"/v1/customers","status":500,"executes":true}"#).await;
    let error = place.stripe.create_customer(&said("a@b.example"), &key("customer")).await.expect_err("unknown");
    assert!(matches!(error, StripeError::Unknown { .. }), "{error}");
    assert_eq!(place.statuses(), [Some(500), Some(500), Some(500)]);
}

#[tokio::test]
async fn stripes_own_word_on_trying_again_holds() {
    let place = place().await;
    place.order(r#"{"method":"POST","path":"/v1/customers","status":503,"should_retry":false}"#).await;
    assert!(place.stripe.create_customer(&said("a@b.example"), &key("customer")).await.is_err());
    assert_eq!(place.statuses(), [Some(503)]);
    place.order(r#"{"method":"GET","path":"/v1/events","status":429,"times":9}"#).await;
    let error = place.stripe.list_events(START, None).await.expect_err("too much");
    assert!(matches!(error, StripeError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_says_what_is_wrong() {
    let place = place().await;
    let error = place.stripe.create_customer(&said("nonsense"), &key("customer")).await.expect_err("refused");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!(
        (refusal.status, refusal.code.as_deref(), refusal.param.as_deref()),
        (400, Some("email_invalid"), Some("email"))
    );
    assert_eq!(place.statuses(), [Some(400)]);
    assert!(!error.to_string().contains("nonsense"), "what was sent stays out of messages: {error}");
    let declined = place.stripe.create_customer(&said("a@b.example"), &key("other")).await.expect("a customer");
    let error = place
        .stripe
        .set_payment_method(&declined.id, "pm_card_visa_chargeDeclined", (&key("a"), &key("b")))
        .await
        .expect_err("declined");
    assert_eq!(error.refusal().and_then(|refusal| refusal.decline_code.as_deref()), Some("generic_decline"));
}

#[tokio::test]
async fn nobody_at_the_address_is_unknown_after_all_attempts() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let patience = Patience { attempts: 2, connect_ms: 200, attempt_ms: 500, wait_ms: 2 };
    let secret = Secret::new("sk_test_hunter2".to_owned());
    let stripe = Stripe::new(&url, secret, patience, Arc::new(|_| {})).expect("a client");
    let error = stripe.list_events(START, None).await.expect_err("nobody");
    assert!(matches!(error, StripeError::Unknown { .. }), "{error}");
    assert!(!format!("{stripe:?} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_coupon_and_its_code_are_made_once_under_a_key_found_again_and_ended() {
    let place = place().await;
    let Place { stripe, .. } = &place;
    let new = NewCoupon {
        id: "trb_1",
        name: "ADA20",
        off: CouponOff::Percent("12.5".to_owned()),
        duration: CouponDuration::Months(3),
        metadata: &[("tributary_coupon", "ADA20")],
    };
    for _ in 0..2 {
        assert_eq!(stripe.create_coupon(&new, &key("coupon")).await.expect("a coupon").id, "trb_1");
    }
    let error = stripe.create_coupon(&new, &key("another")).await.expect_err("there already");
    assert!(error.refusal().is_some_and(|refusal| refusal.is("resource_already_exists")), "{error}");
    place.order(r#"{"method": "POST", "path": "/v1/promotion_codes", "executes": true}"#).await;
    let end = Some(START + 86_400);
    let made = stripe.create_promotion_code(("trb_1", "ADA20"), end, &key("code")).await.expect("a code");
    let found = stripe.list_promotion_codes(("trb_1", "ada20")).await.expect("a page").data;
    assert_eq!(found, std::slice::from_ref(&made));
    assert_eq!(stripe.list_promotion_codes(("trb_2", "ADA20")).await.expect("a page").data, []);
    for _ in 0..2 {
        assert!(!stripe.end_promotion_code(&made.id, &key("end")).await.expect("an end").active);
    }
    assert!(stripe.end_promotion_code("promo_none", &key("none")).await.expect_err("none").is_missing());
    let amount = NewCoupon { id: "trb_3", off: CouponOff::Amount(500, "usd".to_owned()), ..new };
    stripe.create_coupon(&amount, &key("amount")).await.expect("a coupon");
}
