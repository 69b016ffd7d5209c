//! Marks that are added by hand.

use domain::fraud::marks::{Mark, MarkKind, fingerprint_digest};

use super::*;

fn body(office: &Office, kind: &str, value: &str) -> Value {
    json!({"partner_id": office.world.partner, "kind": kind, "value": value})
}

#[tokio::test]
async fn a_mark_is_kept_as_a_hash_and_adding_it_again_changes_nothing() {
    let office = office().await;
    let rows = [
        ("payout", "Xt5EWLLDS7FJjR1c", Mark::of_fingerprint(MarkKind::Payout, "Xt5EWLLDS7FJjR1c")),
        ("card", " Xt5EWLLDS7FJjR1c ", Mark::of_fingerprint(MarkKind::Card, "Xt5EWLLDS7FJjR1c")),
        (
            "email",
            "Pat+private@Partner.example",
            Mark { kind: MarkKind::Email, digest: domain::email::digest("pat@partner.example").expect("an address") },
        ),
    ];
    let mut expected = Vec::new();
    for (kind, value, mark) in rows {
        for _ in 0..2 {
            let answer = office.write("fin", "POST", "/marks", body(&office, kind, value)).await;
            assert_eq!((answer.status, &answer.json["review_id"]), (200, &Value::Null), "{answer:?}");
            assert!(!answer.text.contains(value.trim()), "a value is never told again: {answer:?}");
        }
        expected.push(mark);
    }
    let mut kept = office.world.store.list_marks(&office.world.tenant, &office.world.partner).await.expect("store");
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(kept[1].digest, fingerprint_digest("Xt5EWLLDS7FJjR1c"));
}

#[tokio::test]
async fn a_second_partner_with_the_same_payout_account_is_noticed_and_with_the_same_card_is_not() {
    // FRD-3
    for (kind, is_noticed) in [("payout", true), ("card", false)] {
        let office = office().await;
        let mark = Mark::of_fingerprint(MarkKind::parse(kind).expect("a kind"), "Xt5EWLLDS7FJjR1c");
        let other = PartnerId::from_ulid(77_u128.into());
        office.world.store.record_marks(&office.world.tenant, &other, &[mark], office.world.now).await.expect("store");
        let answer = office.write("ada", "POST", "/marks", body(&office, kind, "Xt5EWLLDS7FJjR1c")).await;
        let review = answer.json["review_id"].as_str().map(str::to_owned);
        assert_eq!(review.is_some(), is_noticed, "{kind}: {answer:?}");
        let open = office.get("ada", "").await;
        assert_eq!(open.ids().first().copied(), review.as_deref());
    }
}

#[tokio::test]
async fn a_mark_that_could_not_be_one_is_refused_by_its_place() {
    let office = office().await;
    let long = "x".repeat(201);
    let rows = [
        ("payout", "", "/value", 400),
        ("payout", "two words", "/value", 400),
        ("payout", &long, "/value", 400),
        ("email", "", "/value", 400),
        ("card", "4242424242424242", "/value", 422),
        ("card", "4242-4242-4242-4242", "/value", 422),
        ("email", "nobody", "/value", 422),
        ("phone", "123", "/kind", 400),
    ];
    for (kind, value, pointer, status) in rows {
        let answer = office.write("ada", "POST", "/marks", body(&office, kind, value)).await;
        assert_eq!((answer.status, answer.pointers()), (status, vec![pointer]), "{kind} {value}");
    }
    for (partner, status) in [("par_1", 400), ("par_00000000000000000000000077", 422)] {
        let body = json!({"partner_id": partner, "kind": "card", "value": "Xt5EWLLDS7FJjR1c"});
        let answer = office.write("ada", "POST", "/marks", body).await;
        assert_eq!((answer.status, answer.pointers()), (status, vec!["/partner_id"]), "{partner}");
    }
}
