//! What does not end in time is a fact about the moment, and not about the request.

use super::*;

#[tokio::test]
async fn a_proof_that_does_not_end_in_time_is_refused_for_now_and_proved_under_the_same_key_later() {
    let desk = desk().await;
    let path = "/verify?journal_days=40";
    let refused = desk.ask_hastily("POST", path, "a-proof").await;
    assert_eq!(refused.told(), (503, "too-much-to-prove"), "{refused:?}");
    let proved = desk.ask("fin", "POST", path, Value::Null, Some("a-proof")).await;
    assert_eq!((proved.status, proved.replayed), (200, false), "{proved:?}");
}

#[tokio::test]
async fn a_schedule_that_is_not_read_in_time_is_refused_for_now() {
    let desk = desk().await;
    let path = "/recognition?from=2026-11&to=2026-11&look_back_days=31";
    let refused = desk.ask_hastily("GET", path, "unread").await;
    assert_eq!(refused.told(), (503, "too-many-days"), "{refused:?}");
    assert_eq!(desk.get("fin", path).await.status, 200);
}
