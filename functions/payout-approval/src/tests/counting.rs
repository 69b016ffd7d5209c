//! A payout of an account whose lines one request cannot count.

use cases::closing::Pace;

use super::*;

#[tokio::test]
async fn a_request_whose_lines_are_still_counted_is_answered_202_and_runs_again_under_its_key() {
    let mut world = world().await;
    for n in 0..7 {
        given::line(&world.store, &partner(1), "1.00", "2026-07-31", &format!("in_{n}")).await;
    }
    world.routes = routes(world.app().at_pace(Pace { kept_each: 3, lines_max: 3, is_over: &|| false }));
    let ask = async || {
        let body = json!({"currency": "USD"});
        world.ask_as("partner 1", "POST", "/request", body, Some("one-key")).await
    };
    for lines in [3, 6] {
        let answer = ask().await;
        assert_eq!((answer.status, &answer.json, answer.replayed), (202, &json!({ "lines_counted": lines }), false));
    }
    let made = ask().await;
    assert_eq!((made.status, &made.json["total_amount"], made.replayed), (201, &json!("7.00"), false));
    let again = ask().await;
    assert_eq!((again.status, &again.json["id"], again.replayed), (201, &made.json["id"], true));
}
