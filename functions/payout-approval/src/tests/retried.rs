//! A run that dies at any request to the store, and the same request again: one step, and its answer.

use testkit::Fault;

use super::*;

/// When the lease of a run that died is over.
const LATER: &str = "2026-09-15T12:02:00Z";
/// No step asks the store more often.
const REQUESTS_MAX: usize = 12;

/// A write: who, how, where, with what.
type Write<'a> = (&'a str, &'a str, &'a str, Value);

/// Sends a write to a store that goes away after so many requests; then, once the lease is over, the same write again.
async fn sent_again(world: &World, passing: usize, fault: Fault, (who, method, path, body): Write<'_>) -> Answer {
    let key = format!("{method} {path}").replace(' ', "-");
    world.database.fail_after(passing, 1_000_000, fault);
    let _died: Answer = world.ask_as(who, method, path, body.clone(), Some(&key)).await;
    world.database.heal();
    world.at(LATER).ask_as(who, method, path, body, Some(&key)).await
}

async fn actions(world: &World, id: &str) -> Vec<String> {
    let trail = world.get("aud", &format!("/{id}/audit")).await.json;
    assert_eq!(trail["intact"], true, "{trail}");
    let entries = trail["data"].as_array().expect("entries").iter();
    entries.map(|entry| entry["action"].as_str().expect("an action").to_owned()).collect()
}

#[tokio::test]
async fn a_payout_whose_every_step_dies_and_is_sent_again_is_paid_once() {
    for passing in 0..REQUESTS_MAX {
        let fault = if passing % 2 == 0 { Fault::Refuse } else { Fault::LoseAnswer };
        let world = world().await;
        given::balance(&world, 1, "40.00").await;
        let asked =
            sent_again(&world, passing, fault, ("partner 1", "POST", "/request", json!({"currency": "USD"}))).await;
        assert_eq!(asked.status, 201, "{passing}: {asked:?}");
        let id = asked.json["id"].as_str().expect("an id").to_owned();
        let path = |step: &str| format!("/{id}/{step}");
        let sent = json!({"sent_at": NOW, "payment_reference": "SEPA"});
        let arrived = json!({"completed_at": NOW, "payment_reference": "BANK"});
        for (who, method, step, body, state) in [
            ("ada", "PUT", "approve", world.seal(&id).await, "approved"),
            ("fin", "POST", "mark-sent", sent, "submitted"),
            ("fin", "POST", "confirm", arrived, "paid"),
        ] {
            let answer = sent_again(&world, passing, fault, (who, method, &path(step), body)).await;
            assert_eq!((answer.status, &answer.json["state"]), (200, &json!(state)), "{passing} {step}: {answer:?}");
        }
        let expected = ["payout.requested", "payout.approved", "payout.sent", "payout.paid"];
        assert_eq!(actions(&world, &id).await, expected, "{passing}");
    }
}

#[tokio::test]
async fn a_payout_that_ends_early_ends_once_however_often_its_end_is_sent() {
    for passing in 4..REQUESTS_MAX {
        let world = world().await;
        given::balance(&world, 1, "40.00").await;
        for (who, method, step, body, state) in [
            ("ada", "PUT", "reject", json!({"reason": "not yet"}), "rejected"),
            ("partner 1", "POST", "cancel", Value::Null, "cancelled"),
            ("fin", "POST", "fail", json!({"failure_reason": "closed"}), "failed"),
        ] {
            let id = world.requested("partner 1").await;
            if step == "fail" {
                world.approve("ada", &id).await;
            }
            let write = (who, method, format!("/{id}/{step}"), body);
            let answer = sent_again(&world, passing, Fault::LoseAnswer, (write.0, write.1, &write.2, write.3)).await;
            assert_eq!((answer.status, &answer.json["state"]), (200, &json!(state)), "{passing} {step}: {answer:?}");
            assert_eq!(actions(&world, &id).await.len(), if step == "fail" { 3 } else { 2 }, "{passing} {step}");
        }
        assert!(!world.requested("partner 1").await.is_empty(), "{passing}: the money is back");
    }
}

/// The answer to the first of two approvals gets lost, and the second comes before the first is sent again.
#[tokio::test]
async fn an_approval_that_is_sent_again_after_another_persons_is_not_refused_for_what_it_did() {
    let world = world().await;
    given::balance(&world, 1, "100000.00").await;
    let id = world.requested("partner 1").await;
    let (path, seal) = (format!("/{id}/approve"), world.seal(&id).await);
    let first = world.ask_as("ada", "PUT", &path, seal.clone(), Some("k")).await;
    assert_eq!(first.json["state"], "pending_approval");
    world.database.forget_answers().await;
    assert_eq!(world.approve("bob", &id).await.json["state"], "approved");
    let again = world.at(LATER).ask_as("ada", "PUT", &path, seal.clone(), Some("k")).await;
    assert_eq!((again.status, &again.json["state"]), (200, &json!("approved")), "{again:?}");
    assert_eq!(again.json["approvals"].as_array().map(Vec::len), Some(2));
    // Under another name it is another approval, and refused.
    let anew = world.at(LATER).ask_as("ada", "PUT", &path, seal, Some("another")).await;
    assert_eq!(anew.told(), (409, "wrong-state"));
}

#[tokio::test]
async fn an_approval_that_took_the_payout_back_says_so_again() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    given::line(&world.store, &partner(1), "-50.00", "2026-09-10", "in_reversal").await;
    let (path, seal) = (format!("/{id}/approve"), world.seal(&id).await);
    let first = world.ask_as("ada", "PUT", &path, seal.clone(), Some("k")).await;
    world.database.forget_answers().await;
    let again = world.at(LATER).ask_as("ada", "PUT", &path, seal, Some("k")).await;
    assert_eq!((first.told(), again.told()), ((409, "payout-voided"), (409, "payout-voided")));
    assert_eq!(actions(&world, &id).await, ["payout.requested", "payout.cancelled"]);
}

/// A payment of the bank pays one payout: whoever names it for a second one has looked at the wrong line.
#[tokio::test]
async fn one_reference_confirms_one_payout() {
    let world = world().await;
    let mut ids = Vec::new();
    for n in [1, 2] {
        given::balance(&world, n, "40.00").await;
        let id = world.requested(&format!("partner {n}")).await;
        world.approve("ada", &id).await;
        let sent = json!({"sent_at": NOW, "payment_reference": "SEPA"});
        assert_eq!(world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await.status, 200);
        ids.push(id);
    }
    let arrived = |reference: &str| json!({"completed_at": NOW, "payment_reference": reference});
    let path = |n: usize| format!("/{}/confirm", ids[n]);
    assert_eq!(world.ask("fin", "POST", &path(0), arrived("BANK 7")).await.status, 200);
    for same in ["BANK 7", " bank  7"] {
        let refused = world.ask("fin", "POST", &path(1), arrived(same)).await;
        assert_eq!(refused.told(), (409, "reference-used"), "{same}");
        assert!(refused.json["detail"].as_str().unwrap_or_default().contains(&ids[0]), "{refused:?}");
    }
    assert_eq!(world.get("fin", &format!("/{}", ids[1])).await.json["state"], "submitted");
    assert_eq!(world.ask("fin", "POST", &path(1), arrived("BANK 8")).await.json["state"], "paid");
}

#[tokio::test]
async fn of_two_confirmations_at_once_by_one_reference_one_wins() {
    let world = world().await;
    let mut ids = Vec::new();
    for n in [1, 2] {
        given::balance(&world, n, "40.00").await;
        let id = world.requested(&format!("partner {n}")).await;
        world.approve("ada", &id).await;
        let sent = json!({"sent_at": NOW, "payment_reference": "SEPA"});
        world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await;
        ids.push(format!("/{id}/confirm"));
    }
    let arrived = || json!({"completed_at": NOW, "payment_reference": "BANK"});
    let (one, other) =
        tokio::join!(world.ask("fin", "POST", &ids[0], arrived()), world.ask("fin", "POST", &ids[1], arrived()));
    let mut told = [one.told(), other.told()];
    told.sort_unstable();
    assert_eq!(told, [(200, ""), (409, "reference-used")]);
}
