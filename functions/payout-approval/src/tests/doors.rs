//! Who may come in, and with what.

use super::*;

/// A write that is well formed, for each path.
fn writes(id: &str) -> [(&'static str, String, Value); 7] {
    [
        ("POST", "/request".to_owned(), json!({"currency": "USD", "partner_id": partner(1)})),
        ("PUT", format!("/{id}/approve"), json!({"seal": "0".repeat(64)})),
        ("PUT", format!("/{id}/reject"), json!({"reason": "no"})),
        ("POST", format!("/{id}/cancel"), Value::Null),
        ("POST", format!("/{id}/mark-sent"), json!({"sent_at": NOW, "payment_reference": "W"})),
        ("POST", format!("/{id}/confirm"), json!({"completed_at": NOW, "payment_reference": "W"})),
        ("POST", format!("/{id}/fail"), json!({"failure_reason": "closed"})),
    ]
}

#[tokio::test]
async fn every_write_lets_its_roles_in_and_nobody_else() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let in_by_path: [&[&str]; 7] =
        [&["ada", "fin", "partner 1"], &["ada"], &["ada"], &["ada", "fin", "partner 1"], &["fin"], &["fin"], &["fin"]];
    for ((method, path, body), inside) in writes(&id).into_iter().zip(in_by_path) {
        for who in ["ada", "fin", "sue", "aud", "partner 1", "member", "machine", "nobody"] {
            // An unknown payout of the same account: whoever is let in learns that it is not there.
            let path = path.replace("000001", "000009");
            let status = world.ask(who, method, &path, body.clone()).await.status;
            let is_request = path == "/request";
            let expected = match who {
                "nobody" => 401,
                who if inside.contains(&who) => {
                    if is_request {
                        409
                    } else {
                        404
                    }
                }
                _ => 403,
            };
            assert_eq!(status, expected, "{who} {method} {path}");
        }
    }
}

#[tokio::test]
async fn every_read_lets_its_roles_in_and_nobody_else() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let desk = ["ada", "fin", "sue", "aud"];
    for (path, found, for_partner) in [
        (String::new(), 200, 200),
        (format!("/{id}"), 200, 200),
        (format!("/{id}/receipt"), 404, 404),
        (format!("/{id}/audit"), 200, 403),
    ] {
        for who in ["ada", "fin", "sue", "aud", "partner 1", "member", "machine", "nobody"] {
            let expected = match who {
                "nobody" => 401,
                "partner 1" => for_partner,
                who if desk.contains(&who) => found,
                _ => 403,
            };
            assert_eq!(world.get(who, &path).await.status, expected, "{who} GET {path}");
        }
    }
}

#[tokio::test]
async fn anothers_payout_is_not_there() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    for path in [format!("/{id}"), format!("/{id}/receipt")] {
        assert_eq!(world.get("partner 2", &path).await.told(), (404, "not-found"), "{path}");
    }
    let cancelled = world.ask("partner 2", "POST", &format!("/{id}/cancel"), Value::Null).await;
    assert_eq!(cancelled.told(), (404, "not-found"));
    let for_another = json!({"currency": "USD", "partner_id": partner(1)});
    assert_eq!(world.ask("partner 2", "POST", "/request", for_another).await.status, 404);
    assert_eq!(world.get("partner 2", "").await.json["data"], json!([]));
}

/// The same partner's id in another tenant is another partner; nothing of this one is seen or moved from there.
#[tokio::test]
async fn nothing_of_another_tenant_is_there() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    assert_eq!(world.get("foreign admin", "").await.json["data"], json!([]));
    for path in [format!("/{id}"), format!("/{id}/receipt"), format!("/{id}/audit")] {
        assert_eq!(world.get("foreign admin", &path).await.told(), (404, "not-found"), "{path}");
    }
    for (method, path, body) in writes(&id) {
        let finance = ["mark-sent", "confirm", "fail"].iter().any(|step| path.ends_with(step));
        let who = if finance { "foreign finance" } else { "foreign admin" };
        assert_eq!(world.ask(who, method, &path, body).await.told(), (404, "not-found"), "{method} {path}");
    }
    let payout = world.get("ada", &format!("/{id}")).await.json;
    assert_eq!((&payout["state"], &payout["approvals"]), (&json!("pending_approval"), &json!([])));
}

#[tokio::test]
async fn a_bad_request_names_its_field() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let step = |name: &str| format!("/{id}/{name}");
    let later = "2026-09-15T12:05:01Z";
    let cases = [
        ("ada", "POST", "/request".to_owned(), json!({}), "/currency", 400),
        ("ada", "POST", "/request".to_owned(), json!({"currency": "XXY"}), "/currency", 400),
        ("ada", "POST", "/request".to_owned(), json!({"currency": "USD"}), "/partner_id", 422),
        ("ada", "POST", "/request".to_owned(), json!({"currency": "USD", "partner_id": "par_1"}), "/partner_id", 400),
        ("ada", "POST", "/request".to_owned(), json!({"currency": "USD", "amount": 5}), "/amount", 400),
        ("ada", "PUT", step("approve"), json!({"seal": "seal"}), "/seal", 400),
        ("ada", "PUT", step("approve"), json!({}), "/seal", 400),
        ("ada", "PUT", step("approve"), json!({"seal": null}), "/seal", 400),
        ("ada", "PUT", step("reject"), json!({"reason": ""}), "/reason", 400),
        ("ada", "PUT", step("reject"), json!({"reason": "a\u{1b}[2J"}), "/reason", 400),
        ("ada", "POST", step("cancel"), json!({"reason": " "}), "/reason", 400),
        ("fin", "POST", step("mark-sent"), json!({"sent_at": "today", "payment_reference": "W"}), "/sent_at", 400),
        ("fin", "POST", step("mark-sent"), json!({"sent_at": later, "payment_reference": "W"}), "/sent_at", 422),
        ("fin", "POST", step("mark-sent"), json!({"sent_at": NOW}), "/payment_reference", 400),
        (
            "fin",
            "POST",
            step("confirm"),
            json!({"completed_at": later, "payment_reference": "W"}),
            "/completed_at",
            422,
        ),
        (
            "fin",
            "POST",
            step("confirm"),
            json!({"completed_at": NOW, "payment_reference": "x".repeat(141)}),
            "/payment_reference",
            400,
        ),
        ("fin", "POST", step("fail"), json!({"failure_reason": 7}), "/failure_reason", 400),
    ];
    // No schema tells that staff says whose, or what has yet to happen.
    for (who, method, path, body, pointer, status) in cases {
        let answer = world.ask(who, method, &path, body.clone()).await;
        let named = answer.json["errors"][0]["pointer"].as_str();
        assert_eq!((answer.status, named), (status, Some(pointer)), "{method} {path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_write_without_a_key_is_refused_before_anything_happens() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let answer = world.ask_as("partner 1", "POST", "/request", json!({"currency": "USD"}), None).await;
    assert_eq!((answer.status, answer.json["errors"][0]["parameter"].as_str()), (400, Some("Idempotency-Key")));
    assert_eq!(world.get("fin", "").await.json["data"], json!([]));
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let world = world().await;
    for id in ["pay_1", "par_00000000000000000000000001", "%F0%9F%92%B8", "pay_00000000000000000000000001USD000001"] {
        assert_eq!(world.get("ada", &format!("/{id}")).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn while_the_store_is_away_nothing_happens_and_the_same_request_works_later() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    world.get("partner 1", "").await;
    let body = json!({"currency": "USD"});
    world.database.fail_next(200, testkit::Fault::Refuse);
    let away = world.ask_as("partner 1", "POST", "/request", body.clone(), Some("k")).await;
    assert_eq!(away.told(), (503, "unavailable"));
    world.database.heal();
    let later = world.ask_as("partner 1", "POST", "/request", body, Some("k")).await;
    assert_eq!(later.status, 201, "{later:?}");
}

#[tokio::test]
async fn a_lost_answer_of_any_request_to_the_store_ends_in_one_payout() {
    for passing in 0..14 {
        let world = world().await;
        given::balance(&world, 1, "40.00").await;
        world.get("partner 1", "").await;
        world.database.fail_after(passing, 1, testkit::Fault::LoseAnswer);
        let answer = world.ask("partner 1", "POST", "/request", json!({"currency": "USD"})).await;
        assert_eq!(answer.status, 201, "after {passing}: {answer:?}");
        world.database.heal();
        let list = world.get("fin", "").await.json;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "after {passing}");
    }
}

#[test]
fn the_document_has_exactly_the_paths_of_the_template() {
    let template =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).expect("template.yaml");
    let mut of_template = Vec::new();
    let mut path = String::new();
    for line in template.lines() {
        let text = line.trim();
        if text.starts_with("/v1/") && text.ends_with(':') {
            path = text.trim_end_matches(':').to_owned();
        } else if text.contains("integrations/payout-approval'") {
            let method = text.split(':').next().unwrap_or_default();
            of_template.push(format!("{method} {path}"));
        }
    }
    let document = serde_json::to_value(crate::openapi()).expect("json");
    let paths = document["paths"].as_object().expect("paths");
    let mut of_document: Vec<_> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    of_template.sort();
    of_document.sort();
    assert_eq!(of_document, of_template);
}

#[tokio::test]
async fn the_events_of_the_gateway_reach_their_routes() {
    let world = world().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/payout-approval");
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("events") {
        let path = file.expect("a file").path();
        let event = std::fs::read_to_string(&path).expect("an event");
        let mut request = lambda_http::request::from_str(&event).expect("an event of the gateway");
        let key = bearer(if event.contains("/mark-sent") || event.contains("/confirm") { "fin" } else { "ada" });
        request.headers_mut().insert("authorization", key.parse().expect("a header"));
        let answer = world.routes.clone().oneshot(request).await.expect("infallible");
        // The list is there; the payouts that the others name are not, and the desk names a partner.
        let expected = match path.file_stem().and_then(|name| name.to_str()) {
            Some("list") => 200,
            Some("request") => 422,
            _ => 404,
        };
        assert_eq!(answer.status().as_u16(), expected, "{}", path.display());
        assert!(!answer.headers()["x-correlation-id"].is_empty());
        count += 1;
    }
    assert_eq!(count, 5);
}
