//! The small cloud under the real binaries: what tests rely on, and what outlives a kill.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use testkit::Cloud;

#[tokio::test]
async fn tables_keys_secrets_and_the_clock_outlive_a_kill() {
    let mut cloud = Cloud::start().await;
    let secret = cloud.stage_secret().await;
    assert!(secret["stripe_webhook_secret"].as_str().is_some_and(|text| text.starts_with("whsec_local_")));
    assert_eq!(secret["click_token_key"].as_str().map(str::len), Some(64));
    let key = cloud.variable("SEALING_KEY_ARN").to_owned();
    cloud.advance("48h").await;
    let before = cloud.now().await;
    let db = cloud.database();
    let item = db.client.put_item().table_name(&db.ops);
    let item = item.item("pk", AttributeValue::S("a".into())).item("sk", AttributeValue::S("b".into()));
    item.send().await.expect("written");

    cloud.restart().await;

    assert_eq!(cloud.stage_secret().await, secret);
    assert_eq!(cloud.variable("SEALING_KEY_ARN"), key);
    assert!(cloud.now().await >= before);
    let db = cloud.database();
    let got = db.client.get_item().table_name(&db.ops);
    let got = got.key("pk", AttributeValue::S("a".into())).key("sk", AttributeValue::S("b".into()));
    assert!(got.send().await.expect("read").item.is_some());
}

#[tokio::test]
async fn a_killed_function_is_started_again_and_a_bad_event_is_an_error_of_the_function() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.kill_function("revenue-recorder", false).await, 1);
    let answer = cloud.invoke("revenue-recorder", &json!({"Records": "none"})).await;
    assert!(answer["errorMessage"].is_string(), "{answer}");
    let unknown = cloud.client().get(cloud.url("/nowhere")).send().await.expect("an answer");
    // What no route takes, admin-api answers as everything is answered.
    let status = unknown.status().as_u16();
    let told: serde_json::Value = unknown.json().await.expect("a problem");
    assert_eq!((status, &told["detail"], &told["instance"]), (404, &json!("no such path"), &json!("/nowhere")));
    cloud.wait_idle(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn the_clock_moves_both_ways_and_fires_only_when_asked() {
    let cloud = Cloud::start().await;
    cloud.set_clock("2027-03-01T01:00:00Z".parse().expect("a time")).await;
    cloud.advance("12h").await;
    let state = cloud.state().await;
    let invocations = |state: &serde_json::Value| {
        let functions = state["functions"].as_array().cloned().unwrap_or_default();
        let batch = functions.into_iter().find(|one| one["name"] == "commission-batch");
        batch.and_then(|one| one["invocations"].as_u64())
    };
    assert_eq!(invocations(&state), Some(0));
    cloud.set_clock("2027-03-01T01:00:00Z".parse().expect("a time")).await;
    let fired = cloud.advance_firing("48h").await;
    let fired = fired["fired"].as_array().cloned().unwrap_or_default();
    // Payouts of which nobody knows are looked at each quarter of an hour, coupons that are not at Stripe yet each half.
    let (looks, others): (Vec<_>, Vec<_>) = fired.iter().partition(|one| one["name"] == "payout-executor");
    let (coupons, daily): (Vec<_>, Vec<_>) = others.into_iter().partition(|one| one["name"] == "partner-api");
    assert_eq!((looks.len(), coupons.len()), (48 * 4, 48 * 2));
    let times: Vec<_> = daily.iter().filter_map(|one| one["scheduled_for"].as_str()).collect();
    // The night at two, with the look at who may be given an award; the count of clicks half an hour later; the rounds of
    // memberships at three; the watchman at four.
    let hours = ["02:00", "02:00", "02:30", "03:00", "04:00"];
    let both_days: Vec<String> =
        ["01", "02"].iter().flat_map(|day| hours.map(|hour| format!("2027-03-{day}T{hour}:00Z"))).collect();
    assert_eq!(times, both_days);
    cloud.wait_idle(Duration::from_secs(20)).await;
}
