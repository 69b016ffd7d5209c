//! ATT-6: coupons as promotion codes at Stripe, against the stand-in: made, refused, lost on the way, ended, made once.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use domain::id::TenantId;
use domain::job::Job;
use domain::role::Role;
use edge::aws::{Aws, Service};
use edge::config::Reader;
use edge::lambda::Scheduled;
use edge::secrets::NamedSecrets;
use edge::telemetry::Secret;
use local_stripe::StandIn;
use serde_json::{Value, json};
use store::TenantKey;
use store::coupons::CouponCode;
use stripe::{Accounts, Keys, Patience, Stripe};

use super::setup::{Answer, Bench, tenant};
use crate::Brought;

struct Shop {
    bench: Bench,
    admin: String,
    program: String,
    partner: String,
    url: String,
}

async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// The accounts of tenants whose stage's secret is this.
async fn accounts(url: &str, secret: Value) -> Accounts {
    let answer = move || {
        let text = secret.to_string();
        async move { axum::Json(json!({"SecretString": text})).into_response() }
    };
    let secrets = serve(Router::new().fallback(answer)).await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", secrets.as_str()),
    ]);
    let aws = Aws::from(&mut reader);
    let patience = Patience { attempts: 1, connect_ms: 1_000, attempt_ms: 5_000, wait_ms: 2 };
    let stripe = Stripe::new(url, Secret::new(String::new()), patience, Arc::new(|_| {})).expect("a client");
    let keys = Keys {
        secrets: NamedSecrets::connect(&aws.service(Service::SecretsManager)),
        stage: "test".to_owned(),
        stage_secret_arn: "stage".to_owned(),
    };
    Accounts::new(stripe, keys)
}

impl Shop {
    async fn new() -> Self {
        let mut bench = Bench::new().await;
        let url = serve(StandIn::at_rest(bench.now.as_second()).router()).await;
        let secret = json!({"click_token_key": "k", "stripe_secret_key": "sk_test_default"});
        bench.stripe = Some(accounts(&url, secret).await);
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        let partner = bench.partner(&admin, &program).await;
        Self { bench, admin, program, partner, url }
    }

    fn body(&self, code: &str, at_stripe: Value) -> Value {
        json!({"code": code, "partner_id": self.partner, "program_id": self.program, "at_stripe": at_stripe})
    }

    async fn make(&self, code: &str) -> Answer {
        let body = self.body(code, json!({"rate": "0.2"}));
        self.bench.post_once(&self.admin, "/v1/coupons", &body, Some(code)).await
    }

    async fn retry(&self, code: &str) -> Value {
        let path = format!("/v1/coupons/{code}/retry");
        self.bench.post(&self.admin, &path, &Value::Null).await.expect(200)
    }

    async fn end(&self, code: &str) -> Value {
        self.bench.delete(&self.admin, &format!("/v1/coupons/{code}")).await.expect(200)
    }

    /// The next call that fits meets a fault.
    async fn order(&self, fault: Value) {
        let path = format!("{}/_stand_in/faults", self.url);
        let ordered = reqwest::Client::new().post(path).body(fault.to_string()).send().await.expect("an answer");
        assert_eq!(ordered.status(), 204, "{fault}");
    }

    async fn ask(&self, method: &str, path: &str, form: &str) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = reqwest::Client::new()
            .request(method, format!("{}{path}", self.url))
            .header("authorization", "Bearer sk_test_default")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let text = request.send().await.expect("an answer").text().await.expect("a text");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The promotion codes of a code at Stripe, newest first: whether each can be used.
    async fn there(&self, code: &str) -> Vec<bool> {
        let found = self.ask("GET", &format!("/v1/promotion_codes?code={code}"), "").await;
        found["data"].as_array().expect("a list").iter().map(|found| found["active"] == true).collect()
    }
}

#[tokio::test]
async fn a_coupon_is_made_at_stripe_under_its_code_and_ends_there_with_it() {
    let shop = Shop::new().await;
    let body = shop.body("ada20", json!({"rate": "0.125", "duration": "repeating", "months": 3}));
    let made = shop.bench.post(&shop.admin, "/v1/coupons", &body).await.expect(201);
    let at_stripe = &made["at_stripe"];
    assert_eq!(
        (&at_stripe["status"], &at_stripe["rate"], &at_stripe["months"]),
        (&json!("active"), &json!("0.125"), &json!(3))
    );
    let id = at_stripe["promotion_code_id"].as_str().expect("an id");
    let code = shop.ask("GET", &format!("/v1/promotion_codes/{id}"), "").await;
    assert_eq!((&code["code"], &code["active"]), (&json!("ADA20"), &json!(true)));
    assert_eq!(
        (&code["coupon"]["percent_off"].to_string(), &code["coupon"]["duration"]),
        (&"12.5".to_owned(), &json!("repeating"))
    );
    // Events tell the id alone: the coupon is found by it.
    let found = shop.bench.store.get_promoted_code(&tenant(), id).await.expect("store");
    assert_eq!(found, CouponCode::parse("ADA20"));
    let ended = shop.end("ADA20").await;
    assert_eq!((&ended["status"], &ended["at_stripe"]["status"]), (&json!("ended"), &json!("ended")));
    assert_eq!(shop.there("ADA20").await, [false]);
    assert_eq!(shop.end("ADA20").await, ended, "once more changes nothing");
    let trail = shop.bench.store.list_audit(&tenant(), "coupon#ADA20").await.expect("a trail");
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["coupon.created", "coupon.told-to-stripe", "coupon.ended", "coupon.told-to-stripe"]);
}

#[tokio::test]
async fn an_amount_is_taken_off_in_its_currency_until_the_coupons_end() {
    let shop = Shop::new().await;
    let mut body = shop.body("FIVE", json!({"amount": "5.00", "currency": "USD", "duration": "forever"}));
    body["valid_until"] = json!("2027-01-01T00:00:00Z");
    let made = shop.bench.post(&shop.admin, "/v1/coupons", &body).await.expect(201);
    let id = made["at_stripe"]["promotion_code_id"].as_str().expect("an id");
    let code = shop.ask("GET", &format!("/v1/promotion_codes/{id}"), "").await;
    let coupon = &code["coupon"];
    assert_eq!(
        (&coupon["amount_off"], &coupon["currency"], &coupon["duration"]),
        (&json!(500), &json!("usd"), &json!("forever"))
    );
    assert_eq!(code["expires_at"], 1_798_761_600);
}

#[tokio::test]
async fn what_is_lost_on_the_way_is_named_and_brought_again_and_nothing_is_made_twice() {
    let faults = [
        // The call never arrives; it arrives and nobody hears; Stripe's server fails.
        json!({"method": "POST", "path": "/v1/coupons", "is_unheard": true}),
        json!({"method": "POST", "path": "/v1/coupons", "executes": true}),
        json!({"method": "POST", "path": "/v1/promotion_codes", "is_unheard": true}),
        json!({"method": "POST", "path": "/v1/promotion_codes", "executes": true}),
        json!({"method": "POST", "path": "/v1/promotion_codes", "status": 500, "executes": true}),
        json!({"method": "POST", "path": "/v1/promotion_codes", "status": 429}),
        json!({"method": "POST", "path": "/v1/promotion_codes", "status": 401}),
    ];
    let shop = Shop::new().await;
    for (n, fault) in faults.into_iter().enumerate() {
        let code = format!("LOST{n}");
        shop.order(fault.clone()).await;
        let made = shop.make(&code).await.expect(201);
        assert_eq!(made["at_stripe"]["status"], "making", "{fault}");
        // The same request again is answered from what was kept, and does nothing there.
        assert_eq!(shop.make(&code).await.expect(201)["at_stripe"]["status"], "making", "{fault}");
        assert_eq!(shop.retry(&code).await["at_stripe"]["status"], "active", "{fault}");
        assert_eq!(shop.retry(&code).await["at_stripe"]["status"], "active", "{fault}");
        assert_eq!(shop.there(&code).await, [true], "{fault}");
    }
}

#[tokio::test]
async fn an_end_that_is_lost_on_the_way_is_brought_again_also_of_what_nobody_heard_was_made() {
    let shop = Shop::new().await;
    shop.make("HEARD").await.expect(201);
    shop.order(json!({"method": "POST", "path": "/v1/promotion_codes/*", "is_unheard": true})).await;
    assert_eq!(shop.end("HEARD").await["at_stripe"]["status"], "ending");
    assert_eq!(shop.there("HEARD").await, [true]);
    // The same DELETE again brings it there, as the door for it does.
    assert_eq!(shop.end("HEARD").await["at_stripe"]["status"], "ended");
    assert_eq!(shop.there("HEARD").await, [false]);

    shop.order(json!({"method": "POST", "path": "/v1/promotion_codes", "executes": true})).await;
    assert_eq!(shop.make("UNHEARD").await.expect(201)["at_stripe"]["status"], "making");
    assert_eq!(shop.end("UNHEARD").await["at_stripe"]["status"], "ended", "looked for by its code, and ended");
    assert_eq!(shop.there("UNHEARD").await, [false]);

    shop.order(json!({"method": "POST", "path": "/v1/coupons", "is_unheard": true})).await;
    assert_eq!(shop.make("NEVER").await.expect(201)["at_stripe"]["status"], "making");
    assert_eq!(shop.end("NEVER").await["at_stripe"]["status"], "ended", "it never was there");
}

#[tokio::test]
async fn a_code_that_the_tenant_has_at_stripe_already_is_refused_in_stripes_words_and_never_taken_over() {
    let shop = Shop::new().await;
    shop.ask("POST", "/v1/coupons", "id=own&percent_off=50").await;
    let own = shop.ask("POST", "/v1/promotion_codes", "coupon=own&code=Summer").await;
    let made = shop.make("SUMMER").await.expect(201);
    let at_stripe = &made["at_stripe"];
    assert_eq!((&at_stripe["status"], &at_stripe["promotion_code_id"]), (&json!("refused"), &Value::Null));
    assert!(at_stripe["reason"].as_str().is_some_and(|why| why.contains("already exists")), "{at_stripe}");
    assert_eq!(shop.retry("SUMMER").await["at_stripe"]["status"], "refused");
    let id = own["id"].as_str().expect("an id");
    shop.ask("POST", &format!("/v1/promotion_codes/{id}"), "active=false").await;
    assert_eq!(shop.retry("SUMMER").await["at_stripe"]["status"], "active");
    assert_eq!(shop.there("SUMMER").await, [true, false]);
    // One that was refused ends without asking Stripe about another's.
    shop.ask("POST", "/v1/promotion_codes", "coupon=own&code=Winter").await;
    assert_eq!(shop.make("WINTER").await.expect(201)["at_stripe"]["status"], "refused");
    assert_eq!(shop.end("WINTER").await["at_stripe"]["status"], "ended");
    assert_eq!(shop.there("WINTER").await, [true], "the tenant's own stays");
}

#[tokio::test]
async fn without_an_account_at_stripe_nothing_is_made_and_what_needs_none_goes_on() {
    let mut shop = Shop::new().await;
    let plain = json!({"code": "PLAIN", "partner_id": shop.partner, "program_id": shop.program});
    shop.bench.stripe = Some(accounts(&shop.url, json!({"click_token_key": "k"})).await);
    let refused = shop.make("ADA20").await.expect(422);
    assert!(refused["type"].as_str().is_some_and(|kind| kind.ends_with("stripe-not-connected")), "{refused}");
    assert_eq!(shop.bench.get(&shop.admin, "/v1/coupons/ADA20").await.status, 404);
    assert_eq!(shop.bench.post(&shop.admin, "/v1/coupons", &plain).await.expect(201)["at_stripe"], Value::Null);
    assert_eq!(shop.bench.post(&shop.admin, "/v1/coupons/PLAIN/retry", &Value::Null).await.status, 409);
    assert_eq!(shop.bench.post(&shop.admin, "/v1/coupons/NOBODYS/retry", &Value::Null).await.status, 404);
    let own = shop.bench.key(Role::Partner, &shop.partner).await;
    assert_eq!(shop.bench.post(&own, "/v1/coupons/PLAIN/retry", &Value::Null).await.status, 403);
    let elsewhere = TenantId::from_ulid(ulid::Ulid::from(7_u128));
    let foreign = shop.bench.key_of(&elsewhere, Role::Admin, "usr_eve").await;
    assert_eq!(shop.bench.post(&foreign, "/v1/coupons/PLAIN/retry", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_discount_is_told_by_its_place_and_nothing_is_made() {
    let shop = Shop::new().await;
    let rows = [
        (json!({}), "/at_stripe", 422),
        (json!({"rate": "0.2", "amount": "5.00", "currency": "USD"}), "/at_stripe", 422),
        (json!({"amount": "5.00"}), "/at_stripe/currency", 422),
        (json!({"amount": "5.00", "currency": "XXQ"}), "/at_stripe/currency", 400),
        (json!({"amount": "0.00", "currency": "USD"}), "/at_stripe/amount", 422),
        (json!({"amount": "-5.00", "currency": "USD"}), "/at_stripe/amount", 400),
        (json!({"amount": "1.001", "currency": "KWD"}), "/at_stripe/amount", 422),
        (json!({"rate": "1.2"}), "/at_stripe/rate", 400),
        (json!({"rate": "0"}), "/at_stripe/rate", 422),
        (json!({"rate": "0.12345"}), "/at_stripe/rate", 422),
        (json!({"rate": "0.2", "months": 3}), "/at_stripe/months", 422),
        (json!({"rate": "0.2", "duration": "repeating"}), "/at_stripe/months", 422),
        (json!({"rate": "0.2", "duration": "repeating", "months": 0}), "/at_stripe/months", 400),
    ];
    for (discount, pointer, status) in rows {
        let body = shop.body("ADA20", discount.clone());
        let wrong = shop.bench.post(&shop.admin, "/v1/coupons", &body).await;
        assert_eq!(wrong.pointers(status), [pointer], "{discount}");
    }
    let body = shop.body("ADA-XX", json!({"rate": "0.2"}));
    assert_eq!(shop.bench.post(&shop.admin, "/v1/coupons", &body).await.pointers(422), ["/code"]);
    let mut body = shop.body("ADA20", json!({"rate": "0.2"}));
    body["valid_from"] = json!("2027-01-01T00:00:00Z");
    assert_eq!(shop.bench.post(&shop.admin, "/v1/coupons", &body).await.pointers(422), ["/valid_from"]);
    assert_eq!(shop.ask("GET", "/v1/coupons", "").await["data"], json!([]), "nothing was made at Stripe");
    assert_eq!(shop.bench.get(&shop.admin, "/v1/coupons/ADA20").await.status, 404);
}

#[tokio::test]
async fn a_machine_names_codes_and_gives_no_discount_at_stripe() {
    // API-4
    let shop = Shop::new().await;
    let machine = shop.bench.machine("shop", &["partners:write"]).await;
    let refused = shop.bench.post(&machine, "/v1/coupons", &shop.body("ALL", json!({"rate": "1"}))).await.expect(403);
    assert!(refused["type"].as_str().is_some_and(|kind| kind.ends_with("person-needed")), "{refused}");
    assert_eq!(shop.there("ALL").await, Vec::<bool>::new());
    let named = shop.bench.post(&machine, "/v1/coupons", &shop.body("ADA20", Value::Null)).await.expect(201);
    assert_eq!(named["at_stripe"], Value::Null);
    // Nor does it bring there what a person gave.
    shop.make("TWENTY").await.expect(201);
    assert_eq!(shop.bench.post(&machine, "/v1/coupons/TWENTY/retry", &Value::Null).await.status, 403);
}

#[tokio::test]
async fn what_is_left_to_do_at_stripe_is_done_by_the_clock_and_what_it_refused_is_not_asked_again() {
    let shop = Shop::new().await;
    let run =
        async || shop.bench.app().bring_coupons(Scheduled { scheduled_for: shop.bench.now }).await.expect("a run");
    assert_eq!(run().await, Brought::default(), "there is none");
    shop.make("THERE").await.expect(201);
    shop.order(json!({"method": "POST", "path": "/v1/promotion_codes", "executes": true})).await;
    assert_eq!(shop.make("UNHEARD").await.expect(201)["at_stripe"]["status"], "making");
    shop.make("OVER").await.expect(201);
    shop.order(json!({"method": "POST", "path": "/v1/promotion_codes/*", "is_unheard": true})).await;
    assert_eq!(shop.end("OVER").await["at_stripe"]["status"], "ending");
    shop.ask("POST", "/v1/coupons", "id=own&percent_off=50").await;
    shop.ask("POST", "/v1/promotion_codes", "coupon=own&code=Summer").await;
    assert_eq!(shop.make("SUMMER").await.expect(201)["at_stripe"]["status"], "refused");
    assert_eq!(run().await, Brought { open: 2, done: 2, failed: 0 });
    let status = async |code: &str| {
        let read = shop.bench.get(&shop.admin, &format!("/v1/coupons/{code}")).await.expect(200);
        read["at_stripe"]["status"].as_str().expect("a status").to_owned()
    };
    let mut told = Vec::new();
    for code in ["THERE", "UNHEARD", "OVER", "SUMMER"] {
        told.push(status(code).await);
    }
    assert_eq!(told, ["active", "active", "ended", "refused"]);
    assert_eq!((shop.there("UNHEARD").await, shop.there("OVER").await), (vec![true], vec![false]));
    assert_eq!(run().await, Brought::default(), "nothing is left");
    let trail = shop.bench.store.list_audit(&tenant(), "coupon#UNHEARD").await.expect("a trail");
    let last = trail.last().expect("told");
    assert_eq!((last.action.as_str(), last.actor.id.as_str()), ("coupon.told-to-stripe", "partner-api"));
    // OPS-12: it ran, and is told so.
    let jobs = shop.bench.store.list_jobs().await.expect("reads");
    assert!(jobs.iter().any(|job| job.job == Job::CouponsAtStripe && job.last_good_at.is_some()), "{jobs:?}");
}

#[tokio::test]
async fn while_stripe_or_the_account_is_away_a_run_leaves_coupons_as_they_are() {
    let mut shop = Shop::new().await;
    shop.order(json!({"method": "POST", "path": "/v1/coupons", "is_unheard": true})).await;
    assert_eq!(shop.make("LOST").await.expect(201)["at_stripe"]["status"], "making");
    let scheduled = Scheduled { scheduled_for: shop.bench.now };
    shop.order(json!({"method": "POST", "path": "/v1/coupons", "is_unheard": true})).await;
    let one = Brought { open: 1, done: 0, failed: 0 };
    assert_eq!(shop.bench.app().bring_coupons(scheduled).await.expect("a run"), one, "lost again");
    let connected = shop.bench.stripe.take();
    assert_eq!(shop.bench.app().bring_coupons(scheduled).await.expect("a run"), one, "no account");
    shop.bench.stripe = connected;
    let done = Brought { open: 1, done: 1, failed: 0 };
    assert_eq!(shop.bench.app().bring_coupons(scheduled).await.expect("a run"), done);
    assert_eq!(shop.there("LOST").await, [true]);
}

#[tokio::test]
async fn a_tenant_whose_coupons_cannot_be_read_keeps_no_other_from_stripe() {
    let shop = Shop::new().await;
    shop.order(json!({"method": "POST", "path": "/v1/coupons", "is_unheard": true})).await;
    assert_eq!(shop.make("LOST").await.expect(201)["at_stripe"]["status"], "making");
    let (store, database) = (&shop.bench.store, &shop.bench.database);
    let stranger = TenantKey::from(&TenantId::parse("ten_00000000000000000000000007").expect("an id"));
    store.record_tenant(&stranger).await.expect("store");
    let code = CouponCode::parse("LOST").expect("a code");
    let coupon = store.get_coupon(&tenant(), &code).await.expect("store").expect("a coupon");
    store.create_coupon(&stranger, &coupon).await.expect("store");
    let all = database.client.scan().table_name(&database.core).send().await.expect("a scan");
    let pk = format!("{}#coupons", stranger.tenant());
    let is_its = |value: Option<&String>| value == Some(&pk);
    let its = all.items().iter().find(|item| is_its(item.get("pk").and_then(|value| value.as_s().ok())));
    let mut broken = its.expect("the stranger's").clone();
    broken.remove("partner").expect("whose it is");
    database.client.put_item().table_name(&database.core).set_item(Some(broken)).send().await.expect("broken");
    let scheduled = Scheduled { scheduled_for: shop.bench.now };
    let run = shop.bench.app().bring_coupons(scheduled).await.expect("a run");
    assert_eq!(run, Brought { open: 1, done: 1, failed: 1 });
    assert_eq!(shop.there("LOST").await, [true]);
}
