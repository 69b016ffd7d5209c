//! Nothing of one tenant is seen or moved from another.

use super::*;

/// A desk with something on every list; the ids of what waits.
async fn busy() -> (Desk, [String; 3]) {
    let mut world = world::World::new().await;
    world.earn("in_1", "29.70", Zone::utc().day_of(world.now).plus_days(9).expect("a day")).await;
    world.pass_days(1);
    let desk = desk_over(world).await;
    let rate = json!({
        "from_currency": "USD", "to_currency": "JPY", "rate": "150", "source": "ecb", "at": "2026-11-20T16:00:00Z",
    });
    assert_eq!(desk.post("fin", "/fx-rates", rate).await.status, 201);
    desk.correct("fin", "50.00").await;
    let partner = &desk.world.partner;
    let exchange =
        json!({"partner_id": partner, "amount": "5.00", "currency": "USD", "into_currency": "JPY", "reason": "r"});
    let exchange = desk.post("fin", "/fx-conversions", exchange).await;
    desk.correct("fin", "-60.00").await;
    let write_off = json!({"partner_id": partner, "currency": "USD", "reason": "r"});
    let write_off = desk.post("fin", "/write-offs", write_off).await;
    let correction = desk.correct("fin", "500.00").await;
    assert_eq!(desk.post("ada", "/commission/process", json!({"mode": "apply"})).await.status, 200);
    let ids = [correction, write_off, exchange].map(|answer| answer.json["id"].as_str().expect("an id").to_owned());
    (desk, ids)
}

#[tokio::test]
async fn every_list_of_one_tenant_is_empty_for_another() {
    let (desk, _) = busy().await;
    for path in [
        "/commissions?from=2026-11-20",
        "/commission/summary",
        "/commission/batches",
        "/adjustments",
        "/write-offs",
        "/fx-conversions",
        "/fx-rates",
        "/negative-balances",
    ] {
        assert_ne!(desk.get("ada", path).await.rows(&["currency"]), Vec::<String>::new(), "{path} has rows of its own");
        assert_eq!(desk.get(FOREIGN, path).await.rows(&["currency"]), Vec::<String>::new(), "{path}");
    }
    let proof = desk.post(FOREIGN, "/verify?journal_days=2", Value::Null).await;
    assert_eq!(
        (&proof.json["partners"], &proof.json["lines"], &proof.json["facts"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn whatever_one_tenant_names_of_another_is_not_there() {
    let (desk, [correction, write_off, exchange]) = busy().await;
    let sale = domain::id::SaleId::of(&world::key("in_1"));
    let line = domain::id::LineId::of_sale(&sale, 1);
    let (partner, reason) = (desk.world.partner.clone(), json!({"reason": "r"}));
    let batch = desk.get("ada", "/commission/batches").await.rows(&["id"]).remove(0);
    let before = desk.balance("USD").await;
    for path in [
        format!("/balances?partner_id={partner}"),
        format!("/balances?partner_id={partner}&as_of=2026-11-21"),
        format!("/conversions/{sale}/decision"),
        format!("/commission/batches/{batch}"),
        format!("/adjustments/{correction}"),
        format!("/write-offs/{write_off}"),
        format!("/fx-conversions/{exchange}"),
    ] {
        assert_eq!(desk.get("ada", &path).await.status, 200, "{path}");
        assert_eq!(desk.get(FOREIGN, &path).await.told(), (404, "not-found"), "{path}");
    }
    let money = json!({"partner_id": partner, "amount": "5.00", "currency": "USD", "reason": "r"});
    let mut into = money.clone();
    into["into_currency"] = json!("JPY");
    let mut writes = vec![
        ("/adjustments".to_owned(), money),
        ("/write-offs".to_owned(), json!({"partner_id": partner, "currency": "USD", "reason": "r"})),
        ("/fx-conversions".to_owned(), into),
        (format!("/conversions/{sale}/reattribute"), json!({"partner_id": null, "reason": "r"})),
    ];
    for word in ["hold", "release", "reject"] {
        writes.push((format!("/commissions/{line}/{word}"), reason.clone()));
    }
    for thing in [
        format!("/adjustments/{correction}"),
        format!("/write-offs/{write_off}"),
        format!("/fx-conversions/{exchange}"),
    ] {
        writes.push((format!("{thing}/approve"), json!({"seal": "0".repeat(64)})));
        writes.push((format!("{thing}/reject"), reason.clone()));
    }
    for (path, body) in writes {
        assert_eq!(desk.post(FOREIGN, &path, body).await.told(), (404, "not-found"), "{path}");
    }
    assert_eq!(desk.balance("USD").await, before);
    desk.world.verified().await;
}
