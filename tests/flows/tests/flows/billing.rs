//! Billing: customer, plan and subscription by our API; the rest is told by Stripe's webhooks, which the stand-in sends.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Asked;
use crate::operator::{assert_lawful, dead_letters};
use crate::world::{Partner, World, text};

/// A month and an hour in which a renewal's invoice is a draft.
const MONTH: &str = "746h";

/// A customer with a card and a subscription of 99.00 a month, whom a partner brought; their ids.
async fn subscribe(world: &World, partner: &Partner) -> (String, String) {
    let World { api, cloud, finance, .. } = world;
    let token = world.click(partner).await;
    // Stripe tells seconds: a purchase in the second of its click would seem to come before it.
    cloud.advance("1h").await;
    let customer = json!({"email": "casey@customer.example", "payment_method": "pm_card_visa"});
    let customer = text(&api.post(finance, "/v1/revenue/customers", "customer", &customer).await.expect(201)["id"]);
    let tiers = json!([{"name": "pro", "amount": "99.00", "interval": "month"}]);
    let plan = json!({"name": "Studio", "currency": "USD", "tiers": tiers});
    let plan = text(&api.post(finance, "/v1/revenue/plans", "plan", &plan).await.expect(201)["id"]);
    let asked = json!({"customer_id": customer, "plan_id": plan, "click_token": token});
    let mut id = String::new();
    // Sent twice, it is begun once.
    for _ in 0..2 {
        let begun = api.post(finance, "/v1/revenue/subscriptions", "subscription", &asked).await.expect(201);
        id = text(&begun["id"]);
    }
    world.rest().await;
    (customer, id)
}

async fn subscription(world: &World, id: &str) -> Value {
    world.api.get(&world.finance, &format!("/v1/revenue/subscriptions/{id}")).await.expect(200)
}

/// What a partner's commissions are, oldest first.
async fn commissions(world: &World, partner: &Partner) -> Vec<String> {
    let listed = world.api.get(&partner.key, "/v1/partners/revenue/commissions").await.expect(200);
    let rows = listed["data"].as_array().expect("a list");
    rows.iter().rev().map(|row| text(&row["commission_amount"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_begun_by_the_api_is_told_by_webhooks_and_earns_a_commission_each_month() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let (customer, id) = subscribe(&world, &partner).await;
    let told = subscription(&world, &id).await;
    assert_eq!((&told["status"], &told["amount"], &told["tier"]), (&json!("active"), &json!("99.00"), &json!("pro")));
    assert_eq!(told["customer_id"], json!(customer));
    assert_eq!(commissions(&world, &partner).await, ["29.70"]);
    let known = world.api.get(&world.finance, &format!("/v1/revenue/customers/{customer}")).await.expect(200);
    assert!(known["last_purchase_date"].is_string(), "{known:#}");

    world.cloud.advance(MONTH).await;
    world.rest().await;
    world.cloud.advance("2h").await;
    world.rest().await;
    assert_eq!(commissions(&world, &partner).await, ["29.70", "29.70"]);
    let renewed = subscription(&world, &id).await;
    assert!(renewed["current_period_start"].as_str() > told["current_period_start"].as_str(), "{renewed:#}");
    assert!(dead_letters(&world.cloud).await.is_empty());
    assert_lawful(&world.cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_fails_is_listed_until_another_card_pays_it_and_an_end_is_told() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let (customer, id) = subscribe(&world, &partner).await;
    let World { api, finance, cloud, .. } = &world;
    let card = format!("/v1/revenue/customers/{customer}/payment-method");
    let fails = json!({"payment_method": "pm_card_chargeCustomerFail"});
    api.put(finance, &card, "fails", &fails).await.expect(200);
    cloud.advance(MONTH).await;
    world.rest().await;
    cloud.advance("2h").await;
    world.rest().await;
    assert_eq!(subscription(&world, &id).await["status"], "past_due");
    let failed = api.get(finance, "/v1/revenue/payments/failed").await.expect(200);
    let [row] = failed["data"].as_array().expect("a list").as_slice() else { panic!("one payment: {failed:#}") };
    assert_eq!((&row["amount"], &row["attempts"], &row["subscription_id"]), (&json!("99.00"), &json!(1), &json!(id)));

    api.put(finance, &card, "pays", &json!({"payment_method": "pm_card_visa"})).await.expect(200);
    // The next attempt is three days after the first.
    cloud.advance("72h").await;
    world.rest().await;
    assert_eq!(subscription(&world, &id).await["status"], "active");
    assert_eq!(commissions(&world, &partner).await, ["29.70", "29.70"]);
    let failed = api.get(finance, "/v1/revenue/payments/failed").await.expect(200);
    assert_eq!(failed["data"], json!([]), "it came after all");

    let path = format!("/v1/revenue/subscriptions/{id}");
    let pause = json!({"pause": {}});
    let asked = Asked { key: finance, once: Some("pause"), body: Some(&pause) };
    api.send(Method::PATCH, &path, asked).await.expect(200);
    world.rest().await;
    assert_eq!(subscription(&world, &id).await["paused"], true);
    api.post(finance, &format!("{path}/cancel"), "cancel", &json!({"reason": "too dear"})).await.expect(200);
    world.rest().await;
    let ended = subscription(&world, &id).await;
    assert_eq!(ended["status"], "canceled");
    assert!(ended["ended_at"].is_string(), "{ended:#}");
    assert!(dead_letters(cloud).await.is_empty());
    assert_lawful(cloud).await;
}
