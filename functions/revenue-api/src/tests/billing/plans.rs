//! Plans and their tiers.

use serde_json::json;

use super::{shop, text};

#[tokio::test]
async fn a_plan_is_a_product_and_a_price_for_each_tier() {
    let shop = shop().await;
    let tiers = json!([
        {"name": "basic", "amount": "9.00", "interval": "month"},
        {"name": "year", "amount": "990.00", "interval": "year", "interval_count": 2, "trial_days": 30},
    ]);
    let body = json!({"name": "Studio", "currency": "USD", "tax_inclusive": true, "tiers": tiers});
    let made = shop.post("fin", "/plans", body).await.ok(201);
    let price = shop.at_stripe(&format!("/v1/prices/{}", text(&made["tiers"][1]["stripe_price_id"]))).await;
    assert_eq!((&price["unit_amount"], &price["tax_behavior"]), (&json!(99_000), &json!("inclusive")));
    assert_eq!(price["recurring"]["interval_count"], 2);
    assert_eq!(price["product"], made["stripe_product_id"]);
    assert_eq!(price["metadata"]["tributary_plan"], made["id"]);
    let listed = shop.get("aud", "/plans").await.ok(200);
    assert_eq!(listed["data"], json!([made]));
}

#[tokio::test]
async fn a_plan_that_stopped_in_the_middle_goes_on_and_makes_nothing_twice() {
    let shop = shop().await;
    // The second price fails until the caller asks again.
    let tiers = json!([
        {"name": "basic", "amount": "9.00", "interval": "month"},
        {"name": "pro", "amount": "99.00", "interval": "month"},
    ]);
    let body = json!({"name": "Studio", "currency": "USD", "tiers": tiers});
    shop.order_fault(json!({"method": "POST", "path": "/v1/prices", "status": 503, "times": 3})).await;
    let key = [("idempotency-key", "one")];
    assert_eq!(shop.ask("fin", ("POST", "/plans"), &body, &key).await.status, 503);
    assert_eq!(shop.ask("fin", ("POST", "/plans"), &body, &key).await.status, 201);
    for (path, count) in [("/v1/products", 1), ("/v1/prices", 2)] {
        assert_eq!(shop.at_stripe(path).await["data"].as_array().map(Vec::len), Some(count), "{path}");
    }
}

#[tokio::test]
async fn every_wrong_tier_is_named() {
    let shop = shop().await;
    let tier = |name: &str, amount: &str| json!({"name": name, "amount": amount, "interval": "month"});
    let rows = [
        (json!({"name": "S", "currency": "USD", "tiers": []}), 400, vec!["/tiers"]),
        (
            json!({"name": "S", "currency": "USD", "tiers": [tier("Basic", "1.00"), tier("pro", "-1.00")]}),
            400,
            vec!["/tiers/1/amount", "/tiers/0/name"],
        ),
        (
            json!({"name": "S", "currency": "USD", "tiers": [tier("a", "1.00"), tier("a", "2.00")]}),
            422,
            vec!["/tiers/1/name"],
        ),
        (json!({"name": "S", "currency": "USD", "tiers": [tier("a", "1.001")]}), 422, vec!["/tiers/0/amount"]),
        (json!({"name": "S", "currency": "KWD", "tiers": [tier("a", "5.124")]}), 422, vec!["/tiers/0/amount"]),
        (json!({"name": "S", "currency": "usd", "tiers": [tier("a", "1.00")]}), 400, vec!["/currency"]),
        (
            json!({"name": "S", "currency": "USD", "tiers": [{"name": "a", "amount": 1, "interval": "month"}]}),
            400,
            vec!["/tiers/0/amount"],
        ),
    ];
    // What goes together, and how many places a currency has, no schema tells.
    for (body, status, pointers) in rows {
        let answer = shop.post("fin", "/plans", body.clone()).await;
        let mut told = answer.wrong();
        told.1.dedup();
        assert_eq!(told, (status, pointers), "{body}");
    }
    assert_eq!(shop.at_stripe("/v1/products").await["data"], json!([]));
}
