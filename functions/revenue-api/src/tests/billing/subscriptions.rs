//! Subscriptions, and payments that failed.

use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::TenantId;
use domain::money::Money;
use domain::subscription::{FailedPayment, FailedStanding, Subscription, SubscriptionStatus};
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::TenantKey;

use super::{Shop, shop, shop_with, text};

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("a key")
}

/// What a webhook would tell of what is at Stripe now.
async fn told(shop: &Shop, id: &str) -> Subscription {
    let there = shop.at_stripe(&format!("/v1/subscriptions/{id}")).await;
    let item = &there["items"]["data"][0];
    let second = |value: &Value| value.as_i64().and_then(|at| Timestamp::from_second(at).ok());
    Subscription {
        subscription: key(id),
        customer: there["customer"].as_str().map(key),
        status: SubscriptionStatus::parse(&text(&there["status"])).expect("a status"),
        plan: item["price"]["id"].as_str().map(str::to_owned),
        product: item["price"]["product"].as_str().map(str::to_owned),
        item: item["id"].as_str().map(str::to_owned),
        quantity: item["quantity"].as_u64().unwrap_or(1),
        amount: item["price"]["unit_amount"].as_i64().map(|minor| Money::from_minor(minor, Currency::USD)),
        every: None,
        period_start: second(&item["current_period_start"]),
        period_end: second(&item["current_period_end"]),
        started_at: second(&there["start_date"]),
        cancel_at: second(&there["cancel_at"]),
        cancel_at_period_end: there["cancel_at_period_end"] == true,
        canceled_at: second(&there["canceled_at"]),
        ended_at: second(&there["ended_at"]),
        trial_end: second(&there["trial_end"]),
        paused: !there["pause_collection"].is_null(),
        resumes_at: None,
        told_at: shop.world.now,
    }
}

/// A subscription of a new customer, told by its webhook; its id and Stripe's.
async fn begun(shop: &Shop, tier: &str) -> (String, String) {
    let (customer, plan) = (shop.customer().await, shop.plan().await);
    let body = json!({"customer_id": customer, "plan_id": plan, "tier": tier, "click_token": "AVgBtoken"});
    let made = shop.post("machine", "/subscriptions", body).await.ok(201);
    let stripe_id = text(&made["stripe_subscription_id"]);
    let told = told(shop, &stripe_id).await;
    assert!(shop.world.store.record_subscription(&tenant(), &told).await.expect("store"));
    (text(&made["id"]), stripe_id)
}

#[tokio::test]
async fn a_subscription_is_begun_at_stripe_and_found_when_its_webhook_has_come() {
    let shop = shop().await;
    let (customer, plan) = (shop.customer().await, shop.plan().await);
    let body =
        json!({"customer_id": customer, "plan_id": plan, "tier": "basic", "quantity": 3, "click_token": "AVgBtoken"});
    let made = shop.post("machine", "/subscriptions", body).await.ok(201);
    assert_eq!((&made["status"], &made["quantity"], &made["told_at"]), (&json!("active"), &json!(3), &Value::Null));
    let path = format!("/subscriptions/{}", text(&made["id"]));
    assert_eq!(shop.get("fin", &path).await.status, 404);
    let there = shop.at_stripe(&format!("/v1/subscriptions/{}", text(&made["stripe_subscription_id"]))).await;
    assert_eq!(there["metadata"]["trb"], "AVgBtoken", "its invoices say whose sale they are");
    let told = told(&shop, &text(&made["stripe_subscription_id"])).await;
    shop.world.store.record_subscription(&tenant(), &told).await.expect("store");
    let seen = shop.get("fin", &path).await;
    assert_eq!(seen.etag(), "\"1\"");
    let seen = seen.ok(200);
    assert_eq!((&seen["plan_id"], &seen["tier"]), (&json!(plan), &json!("basic")));
    assert_eq!(seen["customer_id"], json!(customer));
    let listed = shop.get("aud", "/subscriptions").await.ok(200);
    assert_eq!(listed["data"], json!([seen]));
    // The customer has paid, and Stripe knows when.
    let customer = shop.get("fin", &format!("/customers/{customer}")).await.ok(200);
    assert!(customer["last_purchase_date"].is_string(), "{customer:#}");
}

#[tokio::test]
async fn a_tier_gives_its_trial_unless_the_request_says_otherwise() {
    let shop = shop().await;
    let (customer, plan) = (shop.customer().await, shop.plan().await);
    let of = |trial: Value| json!({"customer_id": customer, "plan_id": plan, "tier": "pro", "trial_days": trial});
    let statuses = [
        shop.post("fin", "/subscriptions", of(Value::Null)).await.ok(201)["status"].clone(),
        shop.post("fin", "/subscriptions", of(json!(0))).await.ok(201)["status"].clone(),
    ];
    assert_eq!(statuses, [json!("trialing"), json!("active")]);
}

#[tokio::test]
async fn a_first_payment_that_is_declined_begins_nothing() {
    let shop = shop().await;
    let (customer, plan) = (shop.customer().await, shop.plan().await);
    let path = format!("/customers/{customer}/payment-method");
    shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_card_chargeCustomerFail"})).await.ok(200);
    let body = json!({"customer_id": customer, "plan_id": plan, "tier": "basic"});
    let declined = shop.post("fin", "/subscriptions", body).await;
    assert_eq!(declined.told(), (422, "payment-declined"));
    assert_eq!(shop.at_stripe("/v1/subscriptions?status=all").await["data"], json!([]));
}

#[tokio::test]
async fn what_is_unknown_in_a_new_subscription_is_named() {
    let shop = shop().await;
    let (customer, plan) = (shop.customer().await, shop.plan().await);
    let (nobody, none) = ("cus_00000000000000000000000001", "pln_00000000000000000000000001");
    let rows = [
        (json!({"customer_id": "cus_none", "plan_id": plan, "tier": "pro"}), "/customer_id", 400),
        (json!({"customer_id": nobody, "plan_id": plan, "tier": "pro"}), "/customer_id", 422),
        (json!({"customer_id": customer, "plan_id": "pln_none", "tier": "pro"}), "/plan_id", 400),
        (json!({"customer_id": customer, "plan_id": none, "tier": "pro"}), "/plan_id", 422),
        (json!({"customer_id": customer, "plan_id": plan, "tier": "Pro"}), "/tier", 400),
        (json!({"customer_id": customer, "plan_id": plan, "tier": "gold"}), "/tier", 422),
        (json!({"customer_id": customer, "plan_id": plan}), "/tier", 422),
        (json!({"customer_id": customer, "plan_id": plan, "tier": "pro", "quantity": 0}), "/quantity", 400),
        (json!({"customer_id": customer, "plan_id": plan, "tier": "pro", "trial_days": 731}), "/trial_days", 400),
        (json!({"customer_id": customer, "plan_id": plan, "tier": "pro", "quantity": "two"}), "/quantity", 400),
    ];
    for (body, pointer, status) in rows {
        let answer = shop.post("fin", "/subscriptions", body.clone()).await;
        assert_eq!(answer.wrong(), (status, vec![pointer]), "{body}");
    }
}

#[tokio::test]
async fn plan_quantity_pause_resume_and_end_are_changed_at_stripe() {
    let shop = shop().await;
    let (id, stripe_id) = begun(&shop, "basic").await;
    let path = format!("/subscriptions/{id}");
    let there = || async { shop.at_stripe(&format!("/v1/subscriptions/{stripe_id}")).await };
    let body = json!({"tier": "pro", "quantity": 5, "proration": "now"});
    let changed = shop.ask("fin", ("PATCH", &path), &body, &[("idempotency-key", "a"), ("if-match", "\"1\"")]).await;
    assert_eq!(changed.ok(200)["quantity"], 5);
    let item = there().await["items"]["data"][0].clone();
    assert_eq!((&item["quantity"], &item["price"]["unit_amount"]), (&json!(5), &json!(9_900)));
    shop.write("fin", ("PATCH", &path), json!({"pause": {}})).await.ok(200);
    assert_eq!(there().await["pause_collection"]["behavior"], "void");
    shop.write("fin", ("PATCH", &path), json!({"resume": true})).await.ok(200);
    assert_eq!(there().await["pause_collection"], Value::Null);
    let ending = shop.post("fin", &format!("{path}/cancel"), json!({"at_period_end": true})).await.ok(200);
    assert_eq!((&ending["status"], &ending["cancel_at_period_end"]), (&json!("active"), &json!(true)));
    shop.write("fin", ("PATCH", &path), json!({"cancel_at_period_end": false})).await.ok(200);
    assert_eq!(there().await["cancel_at"], Value::Null);
    let ended = shop.post("fin", &format!("{path}/cancel"), json!({"reason": "too dear"})).await.ok(200);
    assert_eq!(ended["status"], "canceled");
    // Its webhook is still on the way: ended already is ended.
    assert_eq!(shop.post("fin", &format!("{path}/cancel"), json!({})).await.ok(200)["status"], "canceled");
    let after = told(&shop, &stripe_id).await;
    shop.world.store.record_subscription(&tenant(), &after).await.expect("store");
    assert_eq!(shop.post("fin", &format!("{path}/cancel"), json!({})).await.told(), (409, "subscription-ended"));
    assert_eq!(shop.write("fin", ("PATCH", &path), json!({"quantity": 2})).await.told(), (409, "subscription-ended"));
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let shop = shop().await;
    let (id, _) = begun(&shop, "basic").await;
    let path = format!("/subscriptions/{id}");
    let rows = [
        (json!({}), "", 422),
        (json!({"pause": {}, "resume": true}), "/resume", 422),
        (json!({"resume": false}), "/resume", 422),
        (json!({"pause": {"resumes_at": "2001-01-01T00:00:00Z"}}), "/pause/resumes_at", 422),
        (json!({"tier": "gold"}), "/tier", 422),
        (json!({"quantity": 0}), "/quantity", 400),
        (json!({"proration": "never", "quantity": 2}), "/proration", 400),
    ];
    for (body, pointer, status) in rows {
        let answer = shop.write("fin", ("PATCH", &path), body.clone()).await;
        assert_eq!(answer.wrong(), (status, vec![pointer]), "{body}");
    }
    let stale = [("idempotency-key", "s"), ("if-match", "\"7\"")];
    let stale = shop.ask("fin", ("PATCH", &path), &json!({"quantity": 2}), &stale).await;
    assert_eq!(stale.told(), (412, "precondition-failed"));
    for who in ["sue", "aud", "partner"] {
        assert_eq!(shop.post(who, &format!("{path}/cancel"), json!({})).await.status, 403, "{who}");
    }
    assert_eq!(shop.post(super::super::FOREIGN, &format!("{path}/cancel"), json!({})).await.status, 404);
}

#[tokio::test]
async fn stripe_finds_the_tax_where_the_deployment_says_so() {
    let shop = shop_with(true).await;
    let (_, stripe_id) = begun(&shop, "basic").await;
    let invoices = shop.at_stripe(&format!("/v1/invoices?subscription={stripe_id}")).await;
    assert_eq!((&invoices["data"][0]["subtotal"], &invoices["data"][0]["total"]), (&json!(900), &json!(1_071)));
    let plan = shop.plan().await;
    let body = json!({"email": "b@customer.example", "payment_method": "pm_card_visa"});
    let nowhere = text(&shop.post("fin", "/customers", body).await.ok(201)["id"]);
    let body = json!({"customer_id": nowhere, "plan_id": plan, "tier": "basic"});
    assert_eq!(shop.post("fin", "/subscriptions", body).await.told(), (422, "tax-location-missing"));
}

#[tokio::test]
async fn payments_that_failed_are_listed_until_they_are_settled() {
    let shop = shop().await;
    let failed = |invoice: &str, standing| FailedPayment {
        payment: key(invoice),
        customer: Some(key("cus_1")),
        subscription: Some(key("sub_1")),
        amount: Money::from_minor(9_900, Currency::USD),
        attempts: 2,
        next_attempt_at: Some(shop.world.now),
        standing,
        reason: Some("insufficient_funds".to_owned()),
        told_at: shop.world.now,
    };
    for (invoice, standing) in [("in_1", FailedStanding::Open), ("in_2", FailedStanding::Voided)] {
        shop.world.store.record_failed_payment(&tenant(), &failed(invoice, standing)).await.expect("store");
    }
    let ids = async |query: &str| -> Vec<String> {
        let listed = shop.get("sue", &format!("/payments/failed{query}")).await.ok(200);
        let rows = listed["data"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|row| format!("{} {} {}", text(&row["invoice_id"]), text(&row["amount"]), text(&row["status"])))
            .collect()
    };
    assert_eq!(ids("").await, ["in_1 99.00 open"]);
    assert_eq!(ids("?status=voided").await, ["in_2 99.00 voided"]);
    assert_eq!(ids("?status=all").await.len(), 2);
    assert_eq!(shop.get("sue", "/payments/failed?status=lost").await.status, 400);
    assert_eq!(shop.get("partner", "/payments/failed").await.status, 403);
    let foreign = shop.get(super::super::FOREIGN, "/payments/failed?status=all").await.ok(200);
    assert_eq!(foreign["data"], json!([]));
}
