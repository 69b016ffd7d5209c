//! Moves by hand, from the wish to the balance.

use super::*;

fn commission(invoice: &str, n: u32) -> String {
    let sale = domain::id::SaleId::of(&world::key(invoice));
    domain::id::LineId::of_sale(&sale, n).to_string()
}

#[tokio::test]
async fn a_commission_is_held_released_and_rejected() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let id = commission("in_1", 1);
    let step = |word: &str| format!("/commissions/{id}/{word}");
    let reason = json!({"reason": "looked at it"});
    let held = desk.post("fin", &step("hold"), reason.clone()).await;
    assert_eq!((held.status, &held.json["hold"]), (200, &json!("manual")), "{held:?}");
    assert_eq!(
        (&held.json["commissions"][0]["state"], &held.json["commissions"][0]["status"]),
        (&json!("held"), &json!("pending"))
    );
    assert_eq!(held.json["commissions"].as_array().map(Vec::len), Some(1), "a move is no commission");
    assert_eq!(desk.balance("USD").await, "USD 0.00 0.00 29.70");
    let released = desk.post("fin", &step("release"), reason.clone()).await;
    assert_eq!((released.status, &released.json["hold"]), (200, &Value::Null));
    assert_eq!(released.json["commissions"][0]["state"], "pending");
    assert_eq!(desk.balance("USD").await, "USD 0.00 29.70 0.00");
    let rejected = desk.post("ada", &step("reject"), reason.clone()).await;
    assert_eq!((rejected.status, &rejected.json["rejected"]), (200, &json!(true)));
    assert_eq!(rejected.json["commissions"][0]["status"], "rejected", "{rejected:?}");
    assert_eq!(desk.balance("USD").await, "USD 0.00 0.00 0.00");
    assert_eq!(desk.post("fin", &step("hold"), reason.clone()).await.told(), (409, "rejected"));
    for missing in [commission("in_1", 9), commission("in_9", 1), "com_1".to_owned()] {
        let answer = desk.post("fin", &format!("/commissions/{missing}/hold"), reason.clone()).await;
        assert_eq!(answer.told(), (404, "not-found"), "{missing}");
    }
    desk.world.verified().await;
}

#[tokio::test]
async fn an_entry_is_not_held_but_corrected() {
    let desk = desk().await;
    assert_eq!(desk.correct("fin", "5.00").await.status, 201);
    let rows = desk.get("sue", "/commissions").await;
    let id = rows.json["data"][0]["id"].as_str().expect("an id").to_owned();
    let answer = desk.post("fin", &format!("/commissions/{id}/hold"), json!({"reason": "no"})).await;
    assert_eq!(answer.told(), (422, "not-of-a-sale"));
}

/// LED-7: from the wish of one person to the yes of another.
#[tokio::test]
async fn a_correction_above_the_threshold_takes_two_people() {
    let desk = desk().await;
    let small = desk.correct("fin", "100.00").await;
    assert_eq!((small.status, &small.json["state"]), (201, &json!("booked")));
    let large = desk.correct("fin", "-250.00").await;
    assert_eq!((large.status, &large.json["state"]), (201, &json!("pending")));
    let path = format!("/adjustments/{}", large.json["id"].as_str().expect("an id"));
    let seal = json!({"seal": large.json["seal"]});
    let own = desk.post("fin", &format!("{path}/approve"), seal.clone()).await;
    assert_eq!(own.told(), (403, "second-person-needed"));
    assert_eq!(desk.balance("USD").await, "USD 100.00 0.00 0.00");
    let approved = desk.post("ada", &format!("{path}/approve"), seal.clone()).await;
    assert_eq!(
        (approved.status, &approved.json["state"], &approved.json["approved_by"]),
        (200, &json!("booked"), &json!("usr_ada"))
    );
    assert_eq!(desk.balance("USD").await, "USD -150.00 0.00 0.00");
    assert_eq!(desk.post("bob", &format!("{path}/approve"), seal).await.told(), (409, "wrong-state"));
    assert_eq!(desk.get("aud", &path).await.json["state"], "booked");
    let other = desk.correct("fin", "500.00").await;
    let path = format!("/adjustments/{}", other.json["id"].as_str().expect("an id"));
    let rejected = desk.post("fin", &format!("{path}/reject"), json!({"reason": "a slip"})).await;
    assert_eq!((&rejected.json["state"], &rejected.json["rejection_reason"]), (&json!("rejected"), &json!("a slip")));
    let list = desk.get("aud", "/adjustments").await;
    assert_eq!(list.rows(&["amount", "state"]).len(), 3);
    desk.world.verified().await;
}

#[tokio::test]
async fn a_debt_is_seen_and_given_up_by_two_people() {
    let desk = desk().await;
    desk.correct("fin", "-4.70").await;
    let debts = desk.get("sue", "/negative-balances").await;
    assert_eq!(debts.rows(&["available", "days", "age"]), ["-4.70 0 0-30"]);
    let body = json!({"partner_id": desk.world.partner, "currency": "USD", "reason": "left long ago"});
    let asked = desk.post("fin", "/write-offs", body.clone()).await;
    assert_eq!((asked.status, &asked.json["state"], &asked.json["amount"]), (201, &json!("pending"), &json!("4.70")));
    let path = format!("/write-offs/{}/approve", asked.json["id"].as_str().expect("an id"));
    let seal = json!({"seal": asked.json["seal"]});
    assert_eq!(desk.post("fin", &path, seal.clone()).await.told(), (403, "second-person-needed"));
    let another = json!({"seal": "0".repeat(64)});
    assert_eq!(desk.post("ada", &path, another).await.told(), (409, "seal-differs"));
    assert_eq!(desk.post("ada", &path, seal).await.json["state"], "booked");
    assert_eq!(desk.balance("USD").await, "USD 0.00 0.00 0.00");
    assert_eq!(desk.post("fin", "/write-offs", body).await.told(), (422, "nothing-owed"));
    assert_eq!(desk.get("sue", "/negative-balances").await.rows(&["available"]), Vec::<String>::new());
    desk.world.verified().await;
}

#[tokio::test]
async fn an_exchange_takes_a_stored_rate_and_two_people() {
    let desk = desk().await;
    desk.correct("fin", "25.00").await;
    let body = json!({
        "partner_id": desk.world.partner, "amount": "10.00", "currency": "USD", "into_currency": "JPY", "reason": "asked",
    });
    assert_eq!(desk.post("fin", "/fx-conversions", body.clone()).await.told(), (422, "no-rate"));
    let rate = json!({
        "from_currency": "USD", "to_currency": "JPY", "rate": "149.555", "source": "ecb", "at": "2026-11-20T16:00:00Z",
    });
    let stored = desk.post("fin", "/fx-rates", rate.clone()).await;
    assert_eq!((stored.status, &stored.json["rate"]), (201, &json!("149.555")));
    assert_eq!(desk.post("fin", "/fx-rates", rate.clone()).await.status, 201, "the same rate again");
    let mut other = rate;
    other["rate"] = json!("150");
    assert_eq!(desk.post("fin", "/fx-rates", other).await.told(), (409, "rate-differs"));
    let asked = desk.post("fin", "/fx-conversions", body).await;
    assert_eq!(
        (asked.status, &asked.json["into_amount"], &asked.json["rate_source"]),
        (201, &json!("1496"), &json!("ecb"))
    );
    let path = format!("/fx-conversions/{}/approve", asked.json["id"].as_str().expect("an id"));
    assert_eq!(desk.post("ada", &path, json!({"seal": asked.json["seal"]})).await.json["state"], "booked");
    assert_eq!(desk.balance("JPY").await, "JPY 1496 0 0");
    assert_eq!(desk.balance("USD").await, "USD 15.00 0.00 0.00");
    let rates = desk.get("sue", "/fx-rates?from_currency=USD&to_currency=JPY").await;
    assert_eq!(rates.rows(&["rate", "source"]), ["149.555 ecb"]);
    desk.world.verified().await;
}

/// ATT-4, COM-4: a person decides; the old lines go to zero, the new ones stand under the rule of that time.
#[tokio::test]
async fn a_conversion_is_credited_anew_and_to_nobody() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let sale = domain::id::SaleId::of(&world::key("in_1"));
    let path = format!("/conversions/{sale}");
    let nobody = json!({"partner_id": null, "reason": "an employee"});
    let answer = desk.post("ada", &format!("{path}/reattribute"), nobody.clone()).await;
    assert_eq!((answer.status, &answer.json["nobody_because"]), (200, &json!("by_decision")), "{answer:?}");
    assert_eq!(desk.balance("USD").await, "USD 0.00 0.00 0.00");
    let again = desk.post("ada", &format!("{path}/reattribute"), nobody).await;
    assert_eq!(again.status, 200);
    let partner = json!({"partner_id": desk.world.partner, "reason": "after all"});
    let answer = desk.post("ada", &format!("{path}/reattribute"), partner).await;
    assert_eq!((answer.status, &answer.json["winners"][0]["source"]), (200, &json!("manual")), "{answer:?}");
    // 30 % of 29.70.
    assert_eq!(desk.balance("USD").await, "USD 0.00 8.91 0.00");
    let decision = desk.get("sue", &format!("{path}/decision")).await;
    assert_eq!((decision.status, &decision.json["is_by_a_person"]), (200, &json!(true)));
    let told = desk.world.store.list_audit(&desk.world.tenant, sale.as_str()).await.expect("store");
    assert_eq!(told.len(), 2, "what was decided so already is not told again");
    for (body, told) in [
        (json!({"partner_id": stranger(), "reason": "r"}), (404, "not-found")),
        (json!({"program_id": "prg_00000000000000000000000001", "reason": "r"}), (422, "unprocessable")),
        (
            json!({"partner_id": desk.world.partner, "program_id": "prg_00000000000000000000000009", "reason": "r"}),
            (422, "unprocessable"),
        ),
    ] {
        assert_eq!(desk.post("ada", &format!("{path}/reattribute"), body.clone()).await.told(), told, "{body}");
    }
    desk.world.verified().await;
}

#[tokio::test]
async fn a_write_that_is_sent_twice_is_one() {
    let desk = desk().await;
    let body = json!({
        "partner_id": desk.world.partner, "amount": "5.00", "currency": "USD", "reason": "goodwill",
    });
    let first = desk.ask("fin", "POST", "/adjustments", body.clone(), Some("once")).await;
    let again = desk.ask("fin", "POST", "/adjustments", body.clone(), Some("once")).await;
    assert_eq!((first.status, first.replayed, again.status, again.replayed), (201, false, 201, true));
    assert_eq!(first.json, again.json);
    assert_eq!(desk.balance("USD").await, "USD 5.00 0.00 0.00");
}
