//! PAY-1: a request that names an amount.

use super::*;

async fn part(world: &World, body: Value) -> Answer {
    world.ask("partner 1", "POST", "/request", body).await
}

#[tokio::test]
async fn a_part_is_asked_for_by_its_amount_and_the_rest_stays() {
    let world = world().await;
    given::program(&world).await;
    given::balance(&world, 1, "250.50").await;
    let asked = part(&world, json!({"currency": "USD", "amount": "190.38"})).await;
    assert_eq!((asked.status, &asked.json["total_amount"]), (201, &json!("190.38")), "{asked:?}");
    let id = asked.json["id"].as_str().expect("an id");
    assert_eq!(world.ask("partner 1", "POST", &format!("/{id}/cancel"), Value::Null).await.status, 200);
    let whole = part(&world, json!({"currency": "USD"})).await;
    assert_eq!((whole.status, &whole.json["total_amount"]), (201, &json!("250.50")), "{whole:?}");
    let told = cases::verify::verify(&world.store, &tenant()).await.expect("store");
    assert_eq!(told.breaches, Vec::new(), "{told}");
}

#[tokio::test]
async fn an_amount_that_cannot_be_paid_is_refused_with_the_figures() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let minimum = json!({"minimums": [{"amount": "25.00", "currency": "USD"}]});
    assert_eq!(world.ask("ada", "PUT", "/policy", minimum).await.status, 200);
    let rows = [
        ("USD", "40.01", 422, "over-balance", "40.01 USD is more than the 40.00 USD that is available"),
        ("USD", "24.99", 422, "below-minimum", "24.99 USD is less than the minimum of 25.00 USD"),
        ("USD", "30.001", 422, "unprocessable", "USD"),
        ("USD", "0.00", 422, "unprocessable", "0.00 USD is not above zero"),
        ("USD", "-5.00", 400, "bad-request", "negative"),
        ("USD", "1e2", 400, "bad-request", "amount"),
        ("USD", "99999999999999999999", 400, "bad-request", "amount"),
        ("EUR", "30.00", 422, "nothing-available", "0.00 EUR is available"),
        ("JPY", "30.5", 422, "unprocessable", "JPY"),
    ];
    for (currency, amount, status, kind, figures) in rows {
        let refused = part(&world, json!({"currency": currency, "amount": amount})).await;
        assert_eq!(refused.told(), (status, kind), "{amount} {currency}: {refused:?}");
        let detail = refused.json["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(figures), "{amount} {currency}: {detail}");
    }
    for other in [json!(30), json!(30.5), json!([])] {
        let refused = part(&world, json!({"currency": "USD", "amount": other})).await;
        assert_eq!(refused.told().0, 400, "{other}");
    }
    assert_eq!(part(&world, json!({"currency": "USD", "amount": "25.00"})).await.status, 201);
}
