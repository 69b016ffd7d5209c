//! A payout from the wish to the receipt, and the ways it ends before.

use domain::digest::Digest;
use domain::id::ReportId;
use store::reports::Report;

use super::*;

#[tokio::test]
async fn a_payout_lives_from_the_request_to_the_receipt() {
    let world = world().await;
    given::balance(&world, 1, "250.50").await;
    let id = world.requested("partner 1").await;
    let pending = world.get("partner 1", &format!("/{id}")).await.json;
    assert_eq!(
        (&pending["total_amount"], &pending["status"], &pending["portal_status"], &pending["commission_count"]),
        (&json!("250.50"), &json!("pending_approval"), &json!("pending"), &json!(1))
    );
    let seal = json!({"seal": pending["seal"]});
    let approved = world.ask("ada", "PUT", &format!("/{id}/approve"), seal).await;
    assert_eq!((approved.status, &approved.json["status"]), (200, &json!("approved")));
    let no_receipt = world.get("fin", &format!("/{id}/receipt")).await;
    assert_eq!(no_receipt.told(), (404, "no-receipt"));
    let sent = json!({"sent_at": NOW, "expected_arrival_date": "2026-09-17", "payment_reference": "WIRE-1"});
    let sent = world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await;
    assert_eq!((sent.status, &sent.json["status"]), (200, &json!("payment_sent")));
    let confirmed = json!({"completed_at": NOW, "payment_reference": "WIRE-1-OK"});
    let paid = world.ask("fin", "POST", &format!("/{id}/confirm"), confirmed).await;
    assert_eq!(
        (paid.status, &paid.json["state"], &paid.json["external_payout_id"], &paid.json["completed_at"]),
        (200, &json!("paid"), &json!("WIRE-1-OK"), &json!(NOW))
    );
    assert_eq!(world.get("fin", &format!("/{id}/receipt")).await.told(), (404, "receipt-in-progress"));
    receipt_made(&world, &id).await;
    let receipt = world.get("partner 1", &format!("/{id}/receipt")).await;
    assert_eq!(receipt.status, 200);
    let url = receipt.json["url"].as_str().expect("a link");
    assert!(
        url.contains("receipts/1.pdf") && url.contains("X-Amz-Signature=") && url.contains("X-Amz-Expires=300"),
        "{url}"
    );
    let trail = world.get("aud", &format!("/{id}/audit")).await.json;
    let actions: Vec<_> = trail["data"].as_array().expect("entries").iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["payout.requested", "payout.approved", "payout.sent", "payout.paid"]);
    assert_eq!(trail["intact"], true);
}

async fn receipt_made(world: &World, payout: &str) {
    let report = Report {
        id: ReportId::of(&TenantId::default_tenant(), "payout_receipt", payout),
        kind: "payout_receipt".to_owned(),
        subject: payout.to_owned(),
        file_key: "receipts/1.pdf".to_owned(),
        sha256: Digest::of_bytes(b"pdf"),
        bytes: 3,
        made_at: NOW.parse().expect("instant"),
        nameless_since: None,
    };
    world.store.record_report(&tenant(), &report).await.expect("store");
}

#[tokio::test]
async fn a_step_that_is_sent_twice_is_taken_once() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let path = format!("/{id}/approve");
    let seal = world.seal(&id).await;
    let first = world.ask_as("ada", "PUT", &path, seal.clone(), Some("once")).await;
    let again = world.ask_as("ada", "PUT", &path, seal.clone(), Some("once")).await;
    assert_eq!((first.status, first.replayed, again.status, again.replayed), (200, false, 200, true));
    assert_eq!(first.json, again.json);
    let anew = world.ask("ada", "PUT", &path, seal).await;
    assert_eq!(anew.told(), (409, "wrong-state"));
    let trail = world.get("aud", &format!("/{id}/audit")).await.json;
    assert_eq!(trail["data"].as_array().map(Vec::len), Some(2));
}

/// PAY-3, worked value 19: in the same second one is 201, and the other 409.
#[tokio::test]
async fn two_requests_at_once_are_one_payout() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let body = || json!({"currency": "USD", "partner_id": partner(1)});
    let (one, other) =
        tokio::join!(world.ask("partner 1", "POST", "/request", body()), world.ask("fin", "POST", "/request", body()),);
    let mut statuses = [one.told(), other.told()];
    statuses.sort_unstable();
    assert_eq!(statuses, [(201, ""), (409, "payout-under-way")]);
    let rows = world.get("fin", "").await.json;
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_payout_that_ends_early_gives_the_money_back() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let ends = [
        ("ada", "PUT", "reject", json!({"reason": "not yet"}), "rejected", "not yet"),
        ("partner 1", "POST", "cancel", Value::Null, "cancelled", "cancelled by partner"),
        ("fin", "POST", "cancel", json!({"reason": "a duplicate"}), "cancelled", "a duplicate"),
    ];
    for (who, method, step, body, status, notes) in ends {
        let id = world.requested("partner 1").await;
        let open = world.ask("partner 1", "POST", "/request", json!({"currency": "USD"})).await;
        assert_eq!(open.told(), (409, "payout-under-way"));
        let ended = world.ask(who, method, &format!("/{id}/{step}"), body).await;
        assert_eq!((&ended.json["status"], &ended.json["notes"]), (&json!(status), &json!(notes)), "{ended:?}");
    }
    let id = world.requested("partner 1").await;
    world.approve("ada", &id).await;
    let failed = world.ask("fin", "POST", &format!("/{id}/fail"), json!({"failure_reason": "account closed"})).await;
    assert_eq!(
        (&failed.json["status"], &failed.json["failure_reason"]),
        (&json!("payment_failed"), &json!("account closed"))
    );
    world.requested("partner 1").await;
}

#[tokio::test]
async fn a_large_payout_needs_two_people_and_neither_asked_for_it() {
    let world = world().await;
    given::balance(&world, 1, "100000.00").await;
    let body = json!({"currency": "USD", "partner_id": partner(1)});
    let asked = world.ask("ada", "POST", "/request", body).await;
    assert_eq!((asked.status, &asked.json["approvals_needed"]), (201, &json!(2)));
    let id = asked.json["id"].as_str().expect("an id");
    let own = world.approve("ada", id).await;
    assert_eq!(own.told(), (403, "requester-may-not-approve"));
    let first = world.approve("bob", id).await;
    assert_eq!((first.status, &first.json["status"]), (200, &json!("pending_approval")));
    let same = world.approve("bob", id).await;
    assert_eq!(same.told(), (409, "already-approved-by-you"));
}

#[tokio::test]
async fn what_differs_from_what_was_seen_is_not_approved() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let other = json!({"seal": "0".repeat(64)});
    let answer = world.ask("ada", "PUT", &format!("/{id}/approve"), other).await;
    assert_eq!(answer.told(), (409, "seal-differs"));
}

#[tokio::test]
async fn an_approval_of_what_was_reversed_meanwhile_takes_the_payout_back() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    given::line(&world.store, &partner(1), "-50.00", "2026-09-10", "in_reversal").await;
    let answer = world.approve("ada", &id).await;
    assert_eq!(answer.told(), (409, "payout-voided"), "{answer:?}");
    let after = world.get("ada", &format!("/{id}")).await.json;
    assert_eq!(after["status"], "cancelled");
}

#[tokio::test]
async fn without_a_balance_the_reason_is_shown() {
    let world = world().await;
    given::line(&world.store, &partner(1), "12.00", "2026-12-31", "in_later").await;
    let answer = world.ask("partner 1", "POST", "/request", json!({"currency": "USD"})).await;
    assert_eq!(answer.told(), (422, "nothing-available"));
    let detail = answer.json["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("0.00 USD is available, 12.00 USD waits"), "{detail}");
}
