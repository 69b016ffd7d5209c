//! The life of a subscription, by a test clock.

use serde_json::{Value, json};

use crate::{DAY, START, Stripe, id};

async fn subscribe(stripe: &Stripe, card: &str, more: &str) -> (Value, String, String) {
    let (customer, clock) = stripe.customer(card).await;
    let price = stripe.price(9_900).await;
    let form = format!("customer={customer}&items[0][price]={price}{more}");
    (stripe.post("/v1/subscriptions", &form).await, customer, clock)
}

async fn status(stripe: &Stripe, subscription: &Value) -> String {
    let found = stripe.get(&format!("/v1/subscriptions/{}", id(subscription))).await;
    found["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_subscription_that_is_paid_at_once_tells_its_events_in_their_order() {
    let stripe = Stripe::new().await;
    let (customer, _) = stripe.customer("pm_card_visa").await;
    let price = stripe.price(9_900).await;
    let before = stripe.told().await.len();
    let made = stripe
        .post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}&items[0][quantity]=2"))
        .await;
    assert_eq!(made["status"], "active");
    let expected = [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ];
    assert_eq!(stripe.told_since(before).await, expected);
    let invoice = stripe.get(&format!("/v1/invoices/{}", made["latest_invoice"].as_str().unwrap_or_default())).await;
    assert_eq!((&invoice["status"], &invoice["amount_paid"]), (&json!("paid"), &json!(19_800)));
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], made["id"]);
    let end = &made["items"]["data"][0]["current_period_end"];
    assert_eq!(end, &json!(START + 28 * DAY), "a month after the 31st of January is the 28th of February");
}

#[tokio::test]
async fn a_trial_costs_nothing_is_announced_and_becomes_a_paid_period() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_visa", "&trial_period_days=14").await;
    assert_eq!(made["status"], "trialing");
    let before = stripe.told().await.len();
    stripe.advance(&clock, START + 14 * DAY + 2 * 3_600).await;
    assert_eq!(status(&stripe, &made).await, "active");
    let told = stripe.told_since(before).await;
    let of_it: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|kind| kind.contains("subscription") || kind.contains("invoice."))
        .collect();
    let expected = [
        "customer.subscription.trial_will_end",
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ];
    assert_eq!(of_it, expected);
    let invoices = stripe.get(&format!("/v1/invoices?subscription={}", id(&made))).await;
    let totals: Vec<i64> =
        invoices["data"].as_array().into_iter().flatten().filter_map(|one| one["total"].as_i64()).collect();
    assert_eq!(totals, [9_900, 0]);
}

#[tokio::test]
async fn renewals_come_each_month_on_the_day_it_began() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    // To the 1st of May: February, March and April are renewed.
    stripe.advance(&clock, START + 90 * DAY).await;
    let invoices = stripe.get(&format!("/v1/invoices?subscription={}", id(&made))).await;
    let reasons: Vec<&str> =
        invoices["data"].as_array().into_iter().flatten().filter_map(|one| one["billing_reason"].as_str()).collect();
    assert_eq!(reasons, ["subscription_cycle", "subscription_cycle", "subscription_cycle", "subscription_create"]);
    let found = stripe.get(&format!("/v1/subscriptions/{}", id(&made))).await;
    assert_eq!(found["items"]["data"][0]["current_period_end"], json!(START + 120 * DAY), "the 31st of May");
}

#[tokio::test]
async fn a_payment_that_fails_is_tried_four_times_and_then_the_subscription_ends() {
    let stripe = Stripe::new().await;
    let (made, customer, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    stripe.card(&customer, "pm_card_chargeCustomerFail").await;
    let before = stripe.told().await.len();
    stripe.advance(&clock, START + 29 * DAY).await;
    assert_eq!(status(&stripe, &made).await, "past_due");
    stripe.advance(&clock, START + 28 * DAY + 15 * DAY + 7_200).await;
    assert_eq!(status(&stripe, &made).await, "canceled");
    let told = stripe.told_since(before).await;
    let count = |kind: &str| told.iter().filter(|told| *told == kind).count();
    assert_eq!((count("invoice.payment_failed"), count("customer.subscription.deleted")), (4, 1));
    let ended = stripe.get(&format!("/v1/subscriptions/{}", id(&made))).await;
    assert_eq!(ended["cancellation_details"]["reason"], "payment_failed");
}

#[tokio::test]
async fn a_failed_payment_is_recovered_by_another_card() {
    let stripe = Stripe::new().await;
    let (made, customer, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    stripe.card(&customer, "pm_card_chargeCustomerFail").await;
    stripe.advance(&clock, START + 29 * DAY).await;
    stripe.card(&customer, "pm_card_visa").await;
    stripe.advance(&clock, START + 32 * DAY).await;
    assert_eq!(status(&stripe, &made).await, "active");
    let invoices = stripe.get(&format!("/v1/invoices?subscription={}&status=paid", id(&made))).await;
    assert_eq!(invoices["data"][0]["attempt_count"], 2);
}

#[tokio::test]
async fn a_first_payment_that_fails_leaves_it_incomplete_and_then_expired() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_chargeCustomerFail", "").await;
    assert_eq!(made["status"], "incomplete");
    stripe.advance(&clock, START + DAY).await;
    assert_eq!(status(&stripe, &made).await, "incomplete_expired");
    let (customer, _) = stripe.customer("pm_card_chargeCustomerFail").await;
    let price = stripe.price(9_900).await;
    let form = format!("customer={customer}&items[0][price]={price}&payment_behavior=error_if_incomplete");
    let answer = stripe.ask("POST", "/v1/subscriptions", &form, None).await;
    assert_eq!((answer.status, &answer.json["error"]["decline_code"]), (402, &json!("generic_decline")));
}

#[tokio::test]
async fn another_price_is_paid_for_the_rest_of_the_period_and_the_old_one_is_given_back() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    let dearer = stripe.price(19_900).await;
    // Half of the 28 days.
    stripe.advance(&clock, START + 14 * DAY).await;
    let item = id(&made["items"]["data"][0]);
    let path = format!("/v1/subscriptions/{}", id(&made));
    let form = format!("items[0][id]={item}&items[0][price]={dearer}&proration_behavior=always_invoice");
    let changed = stripe.post(&path, &form).await;
    let invoice = stripe.get(&format!("/v1/invoices/{}", changed["latest_invoice"].as_str().unwrap_or_default())).await;
    assert_eq!((&invoice["billing_reason"], &invoice["total"]), (&json!("subscription_update"), &json!(5_000)));
    let amounts: Vec<i64> =
        invoice["lines"]["data"].as_array().into_iter().flatten().filter_map(|line| line["amount"].as_i64()).collect();
    assert_eq!(amounts, [-4_950, 9_950]);
}

#[tokio::test]
async fn a_paused_collection_voids_what_it_bills_until_it_is_resumed() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    let path = format!("/v1/subscriptions/{}", id(&made));
    let paused = stripe.post(&path, "pause_collection[behavior]=void").await;
    assert_eq!((&paused["status"], &paused["pause_collection"]["behavior"]), (&json!("active"), &json!("void")));
    stripe.advance(&clock, START + 29 * DAY).await;
    let resumed = stripe.post(&path, "pause_collection=").await;
    assert_eq!(resumed["pause_collection"], Value::Null);
    stripe.advance(&clock, START + 60 * DAY).await;
    let invoices = stripe.get(&format!("/v1/invoices?subscription={}", id(&made))).await;
    let states: Vec<&str> =
        invoices["data"].as_array().into_iter().flatten().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(states, ["paid", "void", "paid"]);
}

#[tokio::test]
async fn an_end_is_at_once_or_with_the_period_and_what_ended_cannot_be_changed() {
    let stripe = Stripe::new().await;
    let (made, _, clock) = subscribe(&stripe, "pm_card_visa", "").await;
    let path = format!("/v1/subscriptions/{}", id(&made));
    let ending = stripe.post(&path, "cancel_at_period_end=true").await;
    assert_eq!((&ending["status"], &ending["cancel_at"]), (&json!("active"), &json!(START + 28 * DAY)));
    stripe.advance(&clock, START + 28 * DAY).await;
    assert_eq!(status(&stripe, &made).await, "canceled");
    assert_eq!(stripe.ask("POST", &path, "metadata[a]=b", None).await.status, 404);
    let (other, ..) = subscribe(&stripe, "pm_card_visa", "").await;
    let ended = stripe.ask("DELETE", &format!("/v1/subscriptions/{}", id(&other)), "", None).await.ok();
    assert_eq!(ended["status"], "canceled");
    assert_eq!(stripe.told().await.last().map(String::as_str), Some("customer.subscription.deleted"));
}

#[tokio::test]
async fn automatic_tax_needs_to_know_where_the_customer_is() {
    let stripe = Stripe::new().await;
    let (customer, _) = stripe.customer("pm_card_visa").await;
    let price = stripe.price(10_000).await;
    let form = format!("customer={customer}&items[0][price]={price}&automatic_tax[enabled]=true");
    let answer = stripe.ask("POST", "/v1/subscriptions", &form, None).await;
    assert_eq!(answer.refused().1, "customer_tax_location_invalid");
    stripe.post(&format!("/v1/customers/{customer}"), "address[country]=DE&address[postal_code]=10115").await;
    let made = stripe.post("/v1/subscriptions", &format!("{form}&expand[]=latest_invoice")).await;
    let invoice = &made["latest_invoice"];
    assert_eq!((&invoice["total"], &invoice["total_excluding_tax"]), (&json!(11_900), &json!(10_000)));
    assert_eq!(invoice["total_taxes"][0]["amount"], 1_900);
}

#[tokio::test]
async fn a_buyer_completes_a_check_out() {
    let stripe = Stripe::new().await;
    let price = stripe.price(9_900).await;
    let form = format!(
        "mode=subscription&line_items[0][price]={price}&success_url=https%3A%2F%2Fshop.example&client_reference_id=token\
         &customer_email=casey%40customer.example&subscription_data[metadata][trb]=token"
    );
    let session = id(&stripe.post("/v1/checkout/sessions", &form).await);
    let done = stripe.post(&format!("/_stand_in/checkout/sessions/{session}/complete"), "").await;
    assert_eq!((&done["status"], &done["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(stripe.told().await.last().map(String::as_str), Some("checkout.session.completed"));
    let subscription =
        stripe.get(&format!("/v1/subscriptions/{}", done["subscription"].as_str().unwrap_or_default())).await;
    assert_eq!(subscription["metadata"]["trb"], "token");
}
