//! A run that dies at any request to the store, and the same request again: one change, and its answer.

use testkit::Fault;

use super::*;

/// No write asks the store more often.
const REQUESTS_MAX: usize = 16;

/// Sends a write to a store that goes away after so many requests; then, once the lease is over, the same write again.
async fn sent_again(desk: &Desk, (passing, fault): (usize, Fault), who: &str, path: &str, body: Value) -> Answer {
    let key = format!("{who}{path}");
    desk.world.database.fail_after(passing, 1_000_000, fault);
    let _died: Answer = desk.ask(who, "POST", path, body.clone(), Some(&key)).await;
    desk.world.database.heal();
    desk.ask_later(who, path, body, &key).await
}

async fn told(desk: &Desk, aggregate: &str) -> Vec<String> {
    let told = desk.world.store.list_audit(&desk.world.tenant, aggregate).await.expect("store");
    told.into_iter().map(|entry| entry.action).collect()
}

fn reason() -> Value {
    json!({"reason": "looked at it"})
}

/// What an approver says who has seen what was asked for.
fn seal_of(asked: &Answer) -> Value {
    json!({"seal": asked.json["seal"]})
}

#[tokio::test]
async fn every_change_by_hand_that_dies_and_is_sent_again_is_made_once() {
    for passing in 0..REQUESTS_MAX {
        let fault = (passing, if passing % 2 == 0 { Fault::LoseAnswer } else { Fault::Refuse });
        let desk = desk().await;
        desk.world.earn("in_1", "29.70", desk.day(9)).await;
        let sale = domain::id::SaleId::of(&world::key("in_1"));
        let wish =
            json!({"partner_id": desk.world.partner, "amount": "500.00", "currency": "USD", "reason": "goodwill"});
        let asked = sent_again(&desk, fault, "fin", "/adjustments", wish).await;
        assert_eq!((asked.status, &asked.json["state"]), (201, &json!("pending")), "{passing}: {asked:?}");
        let id = asked.json["id"].as_str().expect("an id").to_owned();
        let approved = sent_again(&desk, fault, "ada", &format!("/adjustments/{id}/approve"), seal_of(&asked)).await;
        assert_eq!((approved.status, &approved.json["state"]), (200, &json!("booked")), "{passing}: {approved:?}");
        for (word, hold) in [("hold", json!("manual")), ("release", Value::Null)] {
            let path = format!("/commissions/{}/{word}", domain::id::LineId::of_sale(&sale, 1));
            let changed = sent_again(&desk, fault, "fin", &path, reason()).await;
            assert_eq!((changed.status, &changed.json["hold"]), (200, &hold), "{passing} {word}: {changed:?}");
        }
        let nobody = json!({"partner_id": null, "reason": "an employee"});
        let decided = sent_again(&desk, fault, "ada", &format!("/conversions/{sale}/reattribute"), nobody).await;
        assert_eq!((decided.status, &decided.json["nobody_because"]), (200, &json!("by_decision")), "{passing}");
        let rate = json!({
            "from_currency": "USD", "to_currency": "JPY", "rate": "149.555", "source": "ecb", "at": "2026-11-20T16:00:00Z",
        });
        assert_eq!(sent_again(&desk, fault, "fin", "/fx-rates", rate).await.status, 201, "{passing}");
        assert_eq!(desk.balance("USD").await, "USD 500.00 0.00 0.00", "{passing}");
        assert_eq!(told(&desk, &id).await, ["adjustment.requested", "adjustment.approved"], "{passing}");
        let expected = ["commission.held", "commission.released", "conversion.reattributed"];
        assert_eq!(told(&desk, sale.as_str()).await, expected, "{passing}");
        assert_eq!(desk.get("sue", "/fx-rates").await.rows(&["rate"]), ["149.555"], "{passing}");
        desk.world.verified().await;
    }
}

#[tokio::test]
async fn a_write_off_and_an_exchange_that_die_and_are_sent_again_are_booked_once() {
    for passing in (0..REQUESTS_MAX).step_by(3) {
        let fault = (passing, Fault::LoseAnswer);
        let desk = desk().await;
        let rate = json!({
            "from_currency": "USD", "to_currency": "JPY", "rate": "150", "source": "ecb", "at": "2026-11-20T16:00:00Z",
        });
        desk.post("fin", "/fx-rates", rate).await;
        desk.correct("fin", "25.00").await;
        let exchange = json!({
            "partner_id": desk.world.partner, "amount": "25.00", "currency": "USD", "into_currency": "JPY", "reason": "r",
        });
        let asked = sent_again(&desk, fault, "fin", "/fx-conversions", exchange).await;
        let path = format!("/fx-conversions/{}/approve", asked.json["id"].as_str().expect("an id"));
        let booked = sent_again(&desk, fault, "ada", &path, seal_of(&asked)).await;
        assert_eq!((booked.status, &booked.json["state"]), (200, &json!("booked")), "{passing}: {booked:?}");
        assert_eq!(desk.balance("JPY").await, "JPY 3750 0 0", "{passing}");
        desk.correct("fin", "-4.70").await;
        let owed = json!({"partner_id": desk.world.partner, "currency": "USD", "reason": "left long ago"});
        let asked = sent_again(&desk, fault, "fin", "/write-offs", owed).await;
        let path = format!("/write-offs/{}", asked.json["id"].as_str().expect("an id"));
        let booked = sent_again(&desk, fault, "ada", &format!("{path}/approve"), seal_of(&asked)).await;
        assert_eq!((booked.status, &booked.json["state"]), (200, &json!("booked")), "{passing}: {booked:?}");
        assert_eq!(desk.balance("USD").await, "USD 0.00 0.00 0.00", "{passing}");
        let again = sent_again(&desk, fault, "bob", &format!("{path}/approve"), seal_of(&asked)).await;
        assert_eq!(again.told(), (409, "wrong-state"), "another person's request is another one");
        desk.world.verified().await;
    }
}

/// What others made of it since stays: a hold that was taken and released is not taken again by its own echo.
#[tokio::test]
async fn a_hold_that_is_sent_again_after_its_release_does_not_hold_again() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let sale = domain::id::SaleId::of(&world::key("in_1"));
    let path = |word: &str| format!("/commissions/{}/{word}", domain::id::LineId::of_sale(&sale, 1));
    let first = desk.ask("fin", "POST", &path("hold"), reason(), Some("k")).await;
    assert_eq!(first.json["hold"], "manual");
    desk.world.database.forget_answers().await;
    assert_eq!(desk.post("ada", &path("release"), reason()).await.json["hold"], Value::Null);
    let again = desk.ask_later("fin", &path("hold"), reason(), "k").await;
    assert_eq!((again.status, &again.json["hold"]), (200, &Value::Null), "{again:?}");
    assert_eq!(desk.balance("USD").await, "USD 0.00 29.70 0.00");
    assert_eq!(told(&desk, sale.as_str()).await, ["commission.held", "commission.released"]);
}

#[tokio::test]
async fn a_decision_that_is_sent_again_after_another_does_not_come_back() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let path = format!("/conversions/{}/reattribute", domain::id::SaleId::of(&world::key("in_1")));
    let nobody = json!({"partner_id": null, "reason": "an employee"});
    assert_eq!(desk.ask("ada", "POST", &path, nobody.clone(), Some("k")).await.status, 200);
    desk.world.database.forget_answers().await;
    let partner = json!({"partner_id": desk.world.partner, "reason": "after all"});
    assert_eq!(desk.post("bob", &path, partner).await.json["winners"][0]["source"], "manual");
    let again = desk.ask_later("ada", &path, nobody, "k").await;
    assert_eq!((again.status, &again.json["winners"][0]["source"]), (200, &json!("manual")), "{again:?}");
    assert_eq!(desk.balance("USD").await, "USD 0.00 8.91 0.00");
    desk.world.verified().await;
}
