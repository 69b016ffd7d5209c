//! Coupons and promotion codes.

use serde_json::json;

use crate::{DAY, START, Stripe, id};

#[tokio::test]
async fn a_coupon_takes_off_a_share_or_an_amount_and_not_both() {
    let stripe = Stripe::new().await;
    let refused = async |form: &str| stripe.ask("POST", "/v1/coupons", form, None).await;
    for (form, param) in [
        ("name=A", "percent_off"),
        ("percent_off=101", "percent_off"),
        ("percent_off=0", "percent_off"),
        ("percent_off=-5", "percent_off"),
        ("percent_off=12.345", "percent_off"),
        ("amount_off=500", "currency"),
        ("amount_off=0&currency=usd", "amount_off"),
        ("percent_off=20&duration=repeating", "duration_in_months"),
        ("percent_off=20&duration_in_months=3", "duration_in_months"),
        ("percent_off=20&duration=always", "duration"),
        ("percent_off=20&colour=red", "colour"),
    ] {
        let answer = refused(form).await;
        assert_eq!((answer.status, answer.refused().2), (400, param), "{form}");
    }
    assert_eq!(refused("percent_off=20&amount_off=500&currency=usd").await.status, 400);
    let made = stripe.post("/v1/coupons", "id=own&percent_off=12.5&duration=repeating&duration_in_months=3").await;
    assert_eq!((made["percent_off"].to_string().as_str(), &made["valid"]), ("12.5", &json!(true)));
    assert_eq!(refused("id=own&percent_off=20").await.refused(), (400, "resource_already_exists", "id"));
    let amount = stripe.post("/v1/coupons", "amount_off=500&currency=usd").await;
    assert_eq!((&amount["amount_off"], &amount["duration"]), (&json!(500), &json!("once")));
    assert_eq!(stripe.ask("DELETE", "/v1/coupons/own", "", None).await.ok()["deleted"], true);
    assert_eq!(stripe.ask("GET", "/v1/coupons/own", "", None).await.refused(), (404, "resource_missing", "id"));
}

#[tokio::test]
async fn a_code_that_can_be_used_is_one_coupons_whatever_its_capitals_and_free_again_afterwards() {
    let stripe = Stripe::new().await;
    stripe.post("/v1/coupons", "id=own&percent_off=20").await;
    let ask = async |form: &str| stripe.ask("POST", "/v1/promotion_codes", form, None).await;
    assert_eq!(ask("coupon=none&code=ADA").await.refused(), (400, "resource_missing", "coupon"));
    assert_eq!(ask("coupon=own&code=A-D_A").await.refused().2, "code");
    assert_eq!(ask(&format!("coupon=own&code=ADA&expires_at={START}")).await.refused().2, "expires_at");
    let made = stripe.post("/v1/promotion_codes", "coupon=own&code=Ada20").await;
    assert_eq!(ask("coupon=own&code=ADA20").await.status, 400);
    let found = stripe.get("/v1/promotion_codes?code=ada20&coupon=own&active=true").await;
    assert_eq!(found["data"][0]["id"], made["id"]);
    assert_eq!(stripe.get("/v1/promotion_codes?code=ada20&coupon=other").await["data"], json!([]));
    let path = format!("/v1/promotion_codes/{}", id(&made));
    assert_eq!(stripe.post(&path, "active=false").await["active"], false);
    let other = stripe.post("/v1/promotion_codes", &format!("coupon=own&code=ADA20&expires_at={}", START + DAY)).await;
    assert_ne!(other["id"], made["id"]);
    // While another has the code, this one is not made active again.
    assert_eq!(stripe.ask("POST", &path, "active=true", None).await.refused().2, "active");
    let told = stripe.told().await;
    let codes: Vec<&str> = told.iter().map(String::as_str).filter(|kind| kind.starts_with("promotion")).collect();
    assert_eq!(codes, ["promotion_code.created", "promotion_code.updated", "promotion_code.created"]);
}
