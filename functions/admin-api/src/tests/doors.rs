//! Who may come in, and with what.

use super::*;

const REVIEW: &str = "/rsk_00000000000000000000000001";

#[tokio::test]
async fn every_door_lets_its_roles_in_and_nobody_else() {
    let office = office().await;
    let decide = json!({"decision": "release", "reason": "r"});
    let readers = ["ada", "fin", "sue", "aud"];
    let mark = json!({"partner_id": office.world.partner, "kind": "card", "value": "Xt5EWLLDS7FJjR1c"});
    let rows: [(&str, String, Value, &[&str], u16); 6] = [
        ("GET", String::new(), Value::Null, &readers, 200),
        ("GET", REVIEW.to_owned(), Value::Null, &readers, 404),
        ("GET", "/policy".to_owned(), Value::Null, &readers, 200),
        ("POST", format!("{REVIEW}/decide"), decide, &["ada", "fin"], 404),
        ("PUT", "/policy".to_owned(), json!({}), &["ada"], 200),
        ("POST", "/marks".to_owned(), mark, &["ada", "fin"], 200),
    ];
    for (method, path, body, inside, answer) in rows {
        for (who, _, _) in CALLERS.iter().filter(|(who, _, _)| *who != "bob") {
            let expected = if inside.contains(who) { answer } else { 403 };
            assert_eq!(office.write(who, method, &path, body.clone()).await.status, expected, "{who} {method} {path}");
        }
        assert_eq!(office.write("nobody", method, &path, body.clone()).await.status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn a_write_without_its_key_is_refused_and_one_sent_twice_runs_once() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
    let (path, body) = (format!("/{id}/decide"), json!({"decision": "release", "reason": "looked at it"}));
    assert_eq!(office.ask("ada", "POST", &path, body.clone(), None).await.status, 400);
    let first = office.ask("ada", "POST", &path, body.clone(), Some("once")).await;
    let again = office.ask("ada", "POST", &path, body, Some("once")).await;
    assert_eq!((first.status, first.replayed, again.status, again.replayed), (200, false, 200, true));
    assert_eq!(first.json, again.json);
    let other = json!({"decision": "reject", "reason": "looked at it"});
    assert_eq!(office.ask("ada", "POST", &path, other, Some("once")).await.status, 422);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_place() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
    let bad = [
        (json!({"decision": "release", "reason": ""}), "/reason", 400),
        (json!({"decision": "release", "reason": " \t"}), "/reason", 400),
        (json!({"decision": "release", "reason": "x".repeat(1001)}), "/reason", 400),
        (json!({"decision": "forget", "reason": "r"}), "/decision", 400),
        (json!({"decision": "release", "reason": "r", "suspend": true}), "/suspend", 422),
        (json!({"decision": "release", "reason": "r", "partner_note": "n"}), "/partner_note", 422),
        (json!({"decision": "watch", "reason": "r", "partner_note": "n"}), "/partner_note", 422),
        (json!({"decision": "reject", "reason": "r", "partner_note": ""}), "/partner_note", 400),
        (json!({"decision": "reject", "reason": "r", "partner_note": "n\u{7}"}), "/partner_note", 400),
        (json!({"decision": "reject", "reason": "r", "partner_note": "x".repeat(301)}), "/partner_note", 400),
        (json!({"reason": "r"}), "", 400),
        (json!({"decision": "release", "reason": "r", "until": "2027-01-01"}), "", 400),
    ];
    // No schema tells what goes with which decision.
    for (body, pointer, status) in bad {
        let answer = office.write("ada", "POST", &format!("/{id}/decide"), body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.pointers().iter().any(|told| told.starts_with(pointer)), "{body}: {answer:?}");
    }
    for query in ["?status=held", "?band=open", "?limit=0", "?limit=501", "?cursor=x", "?cursor=~"] {
        assert_eq!(office.get("ada", query).await.status, 400, "{query}");
    }
    for path in ["/rsk_1", "/sal_00000000000000000000000001", "/nothing"] {
        assert_eq!(office.get("ada", path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn points_are_set_by_an_admin_and_read_back_whole() {
    let office = office().await;
    let shipped = office.get("sue", "/policy").await.json;
    assert_eq!((&shipped["points"]["self_referral_email"], &shipped["refund_rate"]), (&json!(60), &json!("0.3")));
    let program = world::program().to_string();
    let body = json!({
        "points": {"quick_sale": 44, "velocity": 0},
        "refund_rate": "0.5",
        "banned_referrers": {program.clone(): ["coupons.example"]},
    });
    let set = office.write("ada", "PUT", "/policy", body).await;
    assert_eq!(set.status, 200, "{set:?}");
    let told = office.get("aud", "/policy").await.json;
    assert_eq!(told, set.json);
    let points = &told["points"];
    assert_eq!(
        (&points["quick_sale"], &points["velocity"], &points["disposable_email"]),
        (&json!(44), &json!(0), &json!(15))
    );
    assert_eq!(
        (&told["refund_rate"], &told["banned_referrers"][&program]),
        (&json!("0.5"), &json!(["coupons.example"]))
    );
    let kept = office.world.store.get_settings(&office.world.tenant).await.expect("store").risk;
    assert_eq!(kept.points.len(), 2, "what is as shipped is not kept");
    let trail = office.world.store.list_audit(&office.world.tenant, "risk_policy").await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.actor.id.as_str()).collect::<Vec<_>>(), ["usr_ada"]);
    // What is read back can be sent as it is.
    assert_eq!(office.write("bob", "PUT", "/policy", told.clone()).await.json, told);
}

#[tokio::test]
async fn points_that_make_no_sense_are_refused_with_every_place() {
    let office = office().await;
    let body = json!({
        "points": {"quick_sale": 101, "quick/sail": 1},
        "velocity_customers": 0,
        "banned_referrers": {"prg_1": ["a.example"], (world::program().to_string()): ["https://a.example/"]},
    });
    let answer = office.write("ada", "PUT", "/policy", body).await;
    let mut pointers = answer.pointers();
    pointers.sort_unstable();
    let hosts = format!("/banned_referrers/{}", world::program());
    let expected =
        ["/banned_referrers/prg_1", &hosts, "/points/quick~1sail", "/points/quick_sale", "/velocity_customers"];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!((answer.status, pointers), (400, expected));
    let nowhere = domain::id::ProgramId::from_ulid(777_u128.into());
    let answer = office
        .write("ada", "PUT", "/policy", json!({"banned_referrers": {(nowhere.to_string()): ["a.example"]}}))
        .await;
    assert_eq!((answer.status, answer.pointers()), (422, vec![format!("/banned_referrers/{nowhere}").as_str()]));
    // Nothing is a rate, and switches the signal off nowhere.
    let nothing = office.write("ada", "PUT", "/policy", json!({"refund_rate": "0"})).await;
    assert_eq!((nothing.status, nothing.pointers()), (422, vec!["/refund_rate"]));
    for body in [json!({"refund_rate": "1.1"}), json!({"refund_rate": 0.3}), json!({"points": {"quick_sale": -1}})] {
        assert_eq!(office.write("ada", "PUT", "/policy", body.clone()).await.status, 400, "{body}");
    }
}
