//! Customers whom we bill.

use serde_json::{Value, json};

use super::{shop, text};

#[tokio::test]
async fn a_customer_is_made_here_and_at_stripe_and_read_with_who_they_are() {
    let shop = shop().await;
    let id = shop.customer().await;
    let seen = shop.get("aud", &format!("/customers/{id}")).await;
    assert_eq!(seen.etag(), "\"1\"");
    let seen = seen.ok(200);
    assert_eq!((&seen["email"], &seen["name"]), (&json!("casey@customer.example"), &json!("Casey")));
    assert_eq!((&seen["payment_method"]["last_four"], &seen["country"]), (&json!("4242"), &json!("DE")));
    assert_eq!(seen["last_purchase_date"], Value::Null);
    let there = shop.at_stripe(&format!("/v1/customers/{}", text(&seen["stripe_customer_id"]))).await;
    assert_eq!((&there["email"], &there["address"]["country"]), (&json!("casey@customer.example"), &json!("DE")));
    let listed = shop.get("sue", "/customers").await.ok(200);
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["email"]), (&json!(id), &Value::Null));
}

#[tokio::test]
async fn what_is_personal_is_nowhere_in_the_table() {
    let shop = shop().await;
    let id = shop.customer().await;
    let id = domain::id::CustomerId::parse(&id).expect("an id");
    let tenant = store::TenantKey::from(&domain::id::TenantId::default_tenant());
    let kept = shop.world.store.get_buyer(&tenant, &id).await.expect("store").expect("a customer");
    let all = format!("{kept:?} {} {:?}", kept.email_sealed, kept.name_sealed);
    assert!(!all.contains("casey") && !all.contains("Casey"), "{all}");
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_seen() {
    let shop = shop().await;
    let path = format!("/customers/{}", shop.customer().await);
    let body = json!({"email": "new@customer.example", "tax_standing": "business"});
    let headers = [("idempotency-key", "first"), ("if-match", "\"1\"")];
    let changed = shop.ask("fin", ("PATCH", &path), &body, &headers).await;
    assert_eq!((changed.status, changed.etag().as_str()), (200, "\"2\""));
    assert_eq!((&changed.json["email"], &changed.json["name"]), (&json!("new@customer.example"), &json!("Casey")));
    let late = [("idempotency-key", "second"), ("if-match", "\"1\"")];
    let late = shop.ask("fin", ("PATCH", &path), &json!({"name": "Another"}), &late).await;
    assert_eq!(late.told(), (412, "precondition-failed"));
    let there = shop.at_stripe(&format!("/v1/customers/{}", text(&changed.json["stripe_customer_id"]))).await;
    assert_eq!((&there["email"], &there["name"]), (&json!("new@customer.example"), &json!("Casey")));
}

#[tokio::test]
async fn another_card_is_chosen_and_one_that_its_bank_declines_is_refused() {
    let shop = shop().await;
    let path = format!("/customers/{}/payment-method", shop.customer().await);
    let chosen = shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_card_mastercard"})).await.ok(200);
    assert_eq!(chosen["payment_method"]["brand"], "mastercard");
    let declined = shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_card_visa_chargeDeclined"})).await;
    assert_eq!(declined.told(), (422, "payment-declined"));
    let unknown = shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_none"})).await;
    assert_eq!(unknown.told(), (422, "unknown-to-provider"));
    let steering = shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_x/../../refunds"})).await;
    assert_eq!(steering.wrong(), (400, vec!["/payment_method"]));
}

#[tokio::test]
async fn what_is_wrong_with_a_customer_is_named_and_nothing_is_made() {
    let shop = shop().await;
    let rows = [
        (json!({}), "/email", 400),
        (json!({"email": "nonsense"}), "/email", 400),
        (json!({"email": "a@b.example", "colour": "red"}), "/colour", 400),
        (json!({"email": "a@b.example", "country": "Germany"}), "/country", 400),
        (json!({"email": "a@b.example", "region": "NY"}), "/region", 422),
        (json!({"email": "a@b.example", "country": "US", "region": "New York"}), "/region", 400),
        (json!({"email": "a@b.example", "tax_standing": "rich"}), "/tax_standing", 400),
        (json!({"email": "a@b.example", "name": "\u{1b}[2J"}), "/name", 400),
    ];
    for (body, pointer, status) in rows {
        let answer = shop.post("fin", "/customers", body.clone()).await;
        assert_eq!(answer.wrong(), (status, vec![pointer]), "{body}");
    }
    assert_eq!(shop.at_stripe("/v1/customers").await["data"], json!([]));
}

#[tokio::test]
async fn sent_twice_it_is_made_once_and_an_answer_that_was_lost_is_found() {
    let shop = shop().await;
    let body = json!({"email": "casey@customer.example"});
    shop.order_fault(json!({"method": "POST", "path": "/v1/customers", "executes": true})).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made = shop.ask("fin", ("POST", "/customers"), &body, &[("idempotency-key", "one")]).await;
        ids.push(text(&made.ok(201)["id"]));
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(shop.at_stripe("/v1/customers").await["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn while_stripe_is_away_nothing_is_made_and_the_same_request_works_later() {
    let shop = shop().await;
    let body = json!({"email": "casey@customer.example"});
    shop.order_fault(json!({"method": "POST", "path": "/v1/customers", "status": 503, "times": 3})).await;
    let key = [("idempotency-key", "one")];
    let away = shop.ask("fin", ("POST", "/customers"), &body, &key).await;
    assert_eq!(away.told(), (503, "provider-unanswered"));
    assert_eq!(shop.get("fin", "/customers").await.json["data"], json!([]));
    assert_eq!(shop.ask("fin", ("POST", "/customers"), &body, &key).await.status, 201);
}

#[tokio::test]
async fn a_tenant_bills_at_its_own_account_and_sees_nobody_elses_customers() {
    let shop = shop().await;
    let id = shop.customer().await;
    assert_eq!(shop.get(super::super::FOREIGN, &format!("/customers/{id}")).await.status, 404);
    let body = json!({"email": "eve@customer.example"});
    let without = shop.post(super::super::FOREIGN, "/customers", body.clone()).await;
    assert_eq!(without.told(), (503, "billing-not-set-up"));
    let name = format!("test/stripe/{}", super::super::foreign());
    shop.set_secret(&name, json!({"current": "sk_test_foreign", "previous": ""}));
    let made = shop.post(super::super::FOREIGN, "/customers", body).await.ok(201);
    let listed = shop.get(super::super::FOREIGN, "/customers").await.ok(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["data"][0]["id"], made["id"]);
    assert_eq!(shop.get("fin", "/customers").await.json["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn only_who_bills_writes_and_only_the_desk_reads() {
    let shop = shop().await;
    let body = json!({"email": "casey@customer.example"});
    for who in ["sue", "aud", "partner", "member", "operator"] {
        assert_eq!(shop.post(who, "/customers", body.clone()).await.status, 403, "{who}");
    }
    for who in ["ada", "fin", "machine"] {
        assert_eq!(shop.post(who, "/customers", body.clone()).await.status, 201, "{who}");
    }
    for (who, status) in [("sue", 200), ("aud", 200), ("machine", 200), ("partner", 403), ("member", 403)] {
        assert_eq!(shop.get(who, "/customers").await.status, status, "{who}");
    }
    let without_key = shop.ask("fin", ("POST", "/customers"), &body, &[]).await;
    assert_eq!(without_key.status, 400);
}

#[tokio::test]
async fn a_customer_whose_card_is_declined_is_kept_without_it_and_named_in_the_refusal() {
    let shop = shop().await;
    let body = json!({"email": "casey@customer.example", "payment_method": "pm_card_visa_chargeDeclined"});
    let headers = [("idempotency-key", "once")];
    let refused = shop.ask("fin", ("POST", "/customers"), &body, &headers).await;
    assert_eq!(refused.told(), (422, "payment-declined"), "{:?}", refused.json);
    let listed = shop.get("sue", "/customers").await.ok(200);
    let rows = listed["data"].as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]["payment_method"]), (1, &Value::Null));
    let id = text(&rows[0]["id"]);
    assert!(refused.json["errors"].to_string().contains(&id), "{}", refused.json);
    let there = shop.at_stripe(&format!("/v1/customers/{}", text(&rows[0]["stripe_customer_id"]))).await;
    assert_eq!(there["email"], json!("casey@customer.example"));
    // The same request once more makes nobody; another card is chosen for whom there is.
    assert_eq!(shop.ask("fin", ("POST", "/customers"), &body, &headers).await.told(), (422, "payment-declined"));
    assert_eq!(shop.get("sue", "/customers").await.ok(200)["data"].as_array().map(Vec::len), Some(1));
    let path = format!("/customers/{id}/payment-method");
    let chosen = shop.write("fin", ("PUT", &path), json!({"payment_method": "pm_card_mastercard"})).await.ok(200);
    assert_eq!(chosen["payment_method"]["brand"], "mastercard");
}
