//! PAY-5: every state of a payout and every command at its door, with the status that it answers.
//! The doors of files and papers are in `filing/states.rs`.

use cases::payees::replace_methods;
use cases::payouts::returned::take_back;
use domain::audit::append;
use domain::id::{MethodId, PayoutId};
use domain::payee::{Destination, FingerprintKey, PayoutMethod, Wish};
use domain::payout::HeadMove;
use store::payouts::{Stepped, StoredPayout};

use super::*;

/// The doors, each with who goes through it.
const COMMANDS: [(&str, &str, &str); 9] = [
    ("bob", "PUT", "approve"),
    ("bob", "PUT", "reject"),
    ("bob", "POST", "cancel"),
    ("fin", "POST", "mark-sent"),
    ("fin", "POST", "confirm"),
    ("fin", "POST", "fail"),
    ("fin", "POST", "submit"),
    ("fin", "POST", "retry"),
    ("fin", "POST", "resolve"),
];
/// The states, and which commands go through from there.
const STATES: [(&str, &[&str]); 10] = [
    ("pending_approval", &["approve", "reject", "cancel"]),
    ("approved", &["mark-sent", "fail", "submit"]),
    ("submitting", &["retry"]),
    ("outcome_unknown", &["retry", "resolve"]),
    ("submitted", &["confirm", "fail"]),
    ("paid", &[]),
    ("rejected", &[]),
    ("cancelled", &[]),
    ("failed", &[]),
    ("returned", &[]),
];

async fn body(world: &World, id: &str, command: &str) -> Value {
    match command {
        "approve" => world.seal(id).await,
        "reject" | "cancel" => json!({"reason": "because"}),
        "mark-sent" => json!({"sent_at": NOW, "payment_reference": "W"}),
        "confirm" => json!({"completed_at": NOW, "payment_reference": "W"}),
        "fail" => json!({"failure_reason": "because"}),
        "resolve" => json!({"outcome": "not_paid", "reason": "the dashboard has nothing"}),
        _ => Value::Null,
    }
}

async fn take(world: &World, id: &str, who: &str, method: &str, command: &str) -> Answer {
    let body = body(world, id, command).await;
    world.ask(who, method, &format!("/{id}/{command}"), body).await
}

async fn stored(world: &World, id: &str) -> StoredPayout {
    let id = PayoutId::parse(id).expect("an id");
    world.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout")
}

/// Partner 1 is paid by a rail that moves by itself.
async fn pays_by_stripe(world: &World) {
    let destination = Destination::StripeConnect { account_id: "acct_1".to_owned() };
    let since = "2026-08-01T12:00:00Z".parse().expect("instant");
    let method = PayoutMethod {
        id: MethodId::from_ulid(ulid::Ulid::from(1_u128)),
        rail: destination.rail(),
        currency: None,
        last_four: destination.last_four(),
        fingerprint: FingerprintKey::from_bytes(&[7; 32]).of(&destination),
        since,
        set_by: partner(1).to_string(),
        sealed: "sealed".to_owned(),
    };
    let by = given::actor(Role::Partner, partner(1).as_str());
    let wishes = vec![Wish::New(Box::new(method))];
    replace_methods(&world.store, (&tenant(), &partner(1)), None, wishes, (&by, since)).await.expect("store");
}

/// A payout that stands there.
async fn standing(state: &str) -> (World, String) {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    pays_by_stripe(&world).await;
    let id = world.requested("partner 1").await;
    let way: &[(&str, &str, &str)] = match state {
        "pending_approval" => &[],
        "approved" => &[("ada", "PUT", "approve")],
        "submitting" | "outcome_unknown" => &[("ada", "PUT", "approve"), ("fin", "POST", "submit")],
        "submitted" => &[("ada", "PUT", "approve"), ("fin", "POST", "mark-sent")],
        "paid" | "returned" => &[("ada", "PUT", "approve"), ("fin", "POST", "mark-sent"), ("fin", "POST", "confirm")],
        "rejected" => &[("ada", "PUT", "reject")],
        "cancelled" => &[("ada", "POST", "cancel")],
        _ => &[("ada", "PUT", "approve"), ("fin", "POST", "fail")],
    };
    for (who, method, command) in way {
        let answer = take(&world, &id, who, method, command).await;
        assert_eq!(answer.status, 200, "{command} on the way to {state}: {answer:?}");
    }
    let at = NOW.parse().expect("instant");
    if state == "outcome_unknown" {
        let before = stored(&world, &id).await;
        let by = given::actor(Role::Service, "payout-executor");
        let step = before.payout.lose_track(by, "no answer".to_owned(), at).expect("a step");
        let entry = append(before.chain, &id, step.deed);
        let written = world.store.replace_payout(&tenant(), before.chain, &step.payout, HeadMove::None, &entry).await;
        assert_eq!(written.expect("store"), Stepped::Yes);
    }
    if state == "returned" {
        let before = stored(&world, &id).await;
        let back = before.payout.leaving().expect("parts that fit");
        let by = given::actor(Role::FinanceManager, "usr_fin");
        let taken = take_back(&world.store, &tenant(), before, (&by, "R03", back), at).await;
        assert!(taken.expect("store").is_some());
    }
    assert_eq!(stored(&world, &id).await.payout.state.word(), state);
    (world, id)
}

#[tokio::test]
async fn every_command_goes_through_from_its_states_and_from_no_other() {
    for (state, through) in STATES {
        let (world, id) = standing(state).await;
        let before = stored(&world, &id).await;
        for (who, method, command) in COMMANDS.iter().filter(|(_, _, command)| !through.contains(command)) {
            let answer = take(&world, &id, who, method, command).await;
            assert_eq!(answer.told(), (409, "wrong-state"), "{command} from {state}: {answer:?}");
            let detail = answer.json["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(state), "{command} from {state}: {detail}");
        }
        assert_eq!(stored(&world, &id).await, before, "a refusal changes nothing of one that is {state}");
    }
}

#[tokio::test]
async fn every_command_is_taken_where_it_goes_through() {
    for (state, through) in STATES {
        for (who, method, command) in COMMANDS.iter().filter(|(_, _, command)| through.contains(command)) {
            let (world, id) = standing(state).await;
            let before = stored(&world, &id).await;
            let answer = take(&world, &id, who, method, command).await;
            assert_eq!(answer.status, 200, "{command} from {state}: {answer:?}");
            assert_eq!(stored(&world, &id).await.chain.no, before.chain.no + 1, "{command} from {state} is one step");
        }
    }
}

/// PAY-4: who may not is told so first, whatever the payout's state, and never how far others have come.
#[tokio::test]
async fn an_approval_is_refused_with_its_own_reason_in_each_state() {
    for (state, _) in STATES {
        let (world, id) = standing(state).await;
        let seal = world.seal(&id).await;
        let approve = format!("/{id}/approve");
        assert_eq!(world.ask("fin", "PUT", &approve, seal.clone()).await.told(), (403, "forbidden"), "{state}");
        let by = given::actor(Role::Admin, "usr_bob");
        let asked_by = domain::payout::Payout { requested_by: by.clone(), ..stored(&world, &id).await.payout };
        let seen = asked_by.seal;
        let refused = asked_by.approve(by, seen, NOW.parse().expect("instant"));
        assert_eq!(refused.err(), Some(domain::payout::Refused::RequesterMayNotApprove), "{state}");
    }
}

/// Twice, to another seal, after 72 hours.
#[tokio::test]
async fn an_approval_counts_once_for_what_was_seen_and_for_three_days() {
    let world = world().await;
    given::balance(&world, 1, "100000.00").await;
    let id = world.requested("partner 1").await;
    assert_eq!(world.approve("ada", &id).await.status, 200);
    assert_eq!(world.approve("ada", &id).await.told(), (409, "already-approved-by-you"));
    let other = json!({"seal": "0".repeat(64)});
    assert_eq!(world.ask("bob", "PUT", &format!("/{id}/approve"), other).await.told(), (409, "seal-differs"));
    assert_eq!(world.approve("bob", &id).await.json["state"], "approved");
    let later = world.at("2026-09-18T12:00:01Z");
    let sent = json!({"sent_at": NOW, "payment_reference": "W"});
    assert_eq!(later.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await.told(), (409, "approvals-expired"));
}
