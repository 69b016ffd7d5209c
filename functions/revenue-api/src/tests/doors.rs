//! Who may come in, and with what.

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::PayoutId;
use store::settings::KeptSettings;

use super::*;

const SALE: &str = "sal_00000000000000000000000001";
const LINE: &str = "com_00000000000000000000000001-1";
const ADJUSTMENT: &str = "adj_00000000000000000000000001";

/// A write that is well formed, for each path; what is named is not there.
fn writes() -> Vec<(String, Value, &'static [&'static str])> {
    const MONEY: &[&str] = &["ada", "fin"];
    let reason = json!({"reason": "r"});
    let (partner, payout) = (stranger(), PayoutId::of(&stranger(), Currency::USD, 1));
    let mut writes = vec![
        (
            "/adjustments".to_owned(),
            json!({"partner_id": partner, "amount": "5.00", "currency": "USD", "reason": "r"}),
            MONEY,
        ),
        ("/write-offs".to_owned(), json!({"partner_id": partner, "currency": "USD", "reason": "r"}), MONEY),
        ("/releases".to_owned(), json!({"payout_id": payout, "reason": "r"}), MONEY),
        (
            "/fx-conversions".to_owned(),
            json!({"partner_id": partner, "amount": "5.00", "currency": "USD", "into_currency": "EUR", "reason": "r"}),
            MONEY,
        ),
        (format!("/conversions/{SALE}/reattribute"), json!({"partner_id": partner, "reason": "r"}), &["ada"]),
    ];
    for step in ["hold", "release", "reject"] {
        writes.push((format!("/commissions/{LINE}/{step}"), reason.clone(), MONEY));
    }
    for noun in ["adjustments", "write-offs", "releases", "fx-conversions"] {
        writes.push((format!("/{noun}/{ADJUSTMENT}/approve"), json!({"seal": "0".repeat(64)}), MONEY));
        writes.push((format!("/{noun}/{ADJUSTMENT}/reject"), reason.clone(), MONEY));
    }
    writes
}

#[tokio::test]
async fn every_write_lets_its_roles_in_and_nobody_else() {
    let desk = desk().await;
    for (path, body, inside) in writes() {
        for who in ["ada", "fin", "sue", "aud", "partner", "member", "machine", "operator", "nobody"] {
            let status = desk.post(who, &path, body.clone()).await.status;
            let expected = match who {
                "nobody" => 401,
                who if inside.contains(&who) => 404,
                _ => 403,
            };
            assert_eq!(status, expected, "{who} POST {path}");
        }
    }
    for (path, body, inside) in [
        ("/verify?journal_days=2", Value::Null, &["ada", "fin", "aud"][..]),
        (
            "/fx-rates",
            json!({"from_currency": "USD", "to_currency": "EUR", "rate": "0.9", "source": "s", "at": "2026-11-20T16:00:00Z"}),
            &["ada", "fin"][..],
        ),
        ("/commission/process", json!({"mode": "dry_run"}), &["ada"][..]),
    ] {
        for who in ["ada", "fin", "sue", "aud", "partner", "member", "machine", "nobody"] {
            let status = desk.post(who, path, body.clone()).await.status;
            let expected = if who == "nobody" { 401 } else { 403 };
            assert_eq!(inside.contains(&who), (200..300).contains(&status), "{who} POST {path}: {status}");
            assert!(inside.contains(&who) || status == expected, "{who} POST {path}: {status}");
        }
    }
}

#[tokio::test]
async fn every_read_lets_its_roles_in_and_nobody_else() {
    let desk = desk().await;
    let balances = format!("/balances?partner_id={}", desk.world.partner);
    let decision = format!("/conversions/{SALE}/decision");
    for (path, found) in [
        ("/commissions", 200),
        ("/commission/summary", 200),
        ("/commission/batches", 200),
        ("/commission/batches/run_1", 404),
        ("/adjustments", 200),
        ("/adjustments/adj_00000000000000000000000001", 404),
        ("/write-offs", 200),
        ("/write-offs/adj_1", 404),
        ("/releases", 200),
        ("/releases/adj_1", 404),
        ("/fx-conversions", 200),
        ("/fx-conversions/adj_1", 404),
        ("/fx-rates", 200),
        ("/negative-balances", 200),
        ("/disputes", 200),
        ("/recognition?from=2026-10&to=2026-10&look_back_days=0", 200),
        (balances.as_str(), 200),
        (decision.as_str(), 404),
    ] {
        for who in ["ada", "fin", "sue", "aud", "partner", "member", "machine", "operator", "nobody"] {
            let expected = match who {
                "nobody" => 401,
                "ada" | "fin" | "sue" | "aud" => found,
                _ => 403,
            };
            assert_eq!(desk.get(who, path).await.status, expected, "{who} GET {path}");
        }
    }
}

#[tokio::test]
async fn a_bad_request_names_its_field() {
    let desk = desk().await;
    let partner = desk.world.partner.to_string();
    let adjustment = |amount: Value, currency: &str| json!({"partner_id": partner, "amount": amount, "currency": currency, "reason": "r"});
    let rate = |rate: &str, at: &str| json!({"from_currency": "USD", "to_currency": "EUR", "rate": rate, "source": "s", "at": at});
    let (then, later) = ("2026-11-20T16:00:00Z", "2026-11-21T12:05:01Z");
    // No schema tells what goes together, what has passed, or how many places a currency has.
    for (path, body, pointer, status) in [
        ("/adjustments", adjustment(json!(5), "USD"), "/amount", 400),
        ("/adjustments", adjustment(json!("0.00"), "USD"), "/amount", 422),
        ("/adjustments", adjustment(json!("1.001"), "USD"), "/amount", 422),
        ("/adjustments", adjustment(json!("1.00"), "XXY"), "/currency", 400),
        (
            "/adjustments",
            json!({"partner_id": "par_1", "amount": "1.00", "currency": "USD", "reason": "r"}),
            "/partner_id",
            400,
        ),
        (
            "/adjustments",
            json!({"partner_id": partner, "amount": "1.00", "currency": "USD", "reason": " "}),
            "/reason",
            400,
        ),
        ("/adjustments", json!({"partner_id": partner, "amount": "1.00", "currency": "USD"}), "/reason", 400),
        ("/adjustments", json!({"partner_id": partner, "kind": "x"}), "/kind", 400),
        ("/write-offs", json!({"partner_id": partner, "reason": "r"}), "/currency", 400),
        ("/releases", json!({"payout_id": "pay_1", "reason": "r"}), "/payout_id", 400),
        ("/releases", json!({"reason": "r"}), "/payout_id", 400),
        (
            "/fx-conversions",
            json!({"partner_id": partner, "amount": "-1.00", "currency": "USD", "into_currency": "EUR", "reason": "r"}),
            "/amount",
            400,
        ),
        (
            "/fx-conversions",
            json!({"partner_id": partner, "amount": "1.00", "currency": "USD", "into_currency": "USD", "reason": "r"}),
            "/into_currency",
            422,
        ),
        ("/adjustments/adj_00000000000000000000000001/approve", json!({}), "/seal", 400),
        ("/write-offs/adj_00000000000000000000000001/approve", json!({"seal": "seal"}), "/seal", 400),
        ("/fx-conversions/adj_00000000000000000000000001/approve", json!({"seal": null}), "/seal", 400),
        ("/fx-rates", rate("0", then), "/rate", 400),
        ("/fx-rates", rate("-1", then), "/rate", 400),
        ("/fx-rates", rate("1.00000000001", then), "/rate", 400),
        ("/fx-rates", rate("1.1", later), "/at", 422),
        ("/commission/process", json!({"mode": "maybe"}), "/mode", 400),
        ("/commission/process", json!({"mode": "apply", "business_date": "2026-11-21"}), "/business_date", 422),
    ] {
        let answer = desk.post(if path.ends_with("process") { "ada" } else { "fin" }, path, body.clone()).await;
        let named = answer.json["errors"][0]["pointer"].as_str();
        assert_eq!((answer.status, named), (status, Some(pointer)), "{path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_bad_parameter_is_refused() {
    let desk = desk().await;
    let partner = desk.world.partner.to_string();
    for bad in [
        "/commissions?day=21-11-2026",
        "/commissions?limit=0",
        "/commissions?cursor=x",
        "/commissions?page=2",
        "/adjustments?limit=501",
        "/disputes?cursor=!",
        "/disputes?phase=lodged",
        "/balances",
        "/balances?partner_id=par_1",
    ] {
        assert_eq!(desk.get("fin", bad).await.status, 400, "{bad}");
    }
    assert_eq!(desk.get("fin", "/fx-rates?from_currency=USD").await.status, 422);
    for (as_of, expected) in [("yesterday", 400), ("2026-11-22", 422), ("2026-11-22T00:00:00Z", 422)] {
        let path = format!("/balances?partner_id={partner}&as_of={as_of}");
        assert_eq!(desk.get("fin", &path).await.status, expected, "{as_of}");
    }
}

#[tokio::test]
async fn a_write_without_a_key_is_refused_before_anything_happens() {
    let desk = desk().await;
    let body = json!({"partner_id": desk.world.partner, "amount": "5.00", "currency": "USD", "reason": "r"});
    let answer = desk.ask("fin", "POST", "/adjustments", body, None).await;
    assert_eq!((answer.status, answer.json["errors"][0]["parameter"].as_str()), (400, Some("Idempotency-Key")));
    assert_eq!(desk.get("fin", "/adjustments").await.rows(&["id"]), Vec::<String>::new());
}

#[tokio::test]
async fn while_the_store_is_away_nothing_happens_and_the_same_request_works_later() {
    let desk = desk().await;
    desk.get("fin", "/adjustments").await;
    let body = json!({"partner_id": desk.world.partner, "amount": "5.00", "currency": "USD", "reason": "r"});
    desk.world.database.fail_next(200, testkit::Fault::Refuse);
    let away = desk.ask("fin", "POST", "/adjustments", body.clone(), Some("k")).await;
    assert_eq!(away.told(), (503, "unavailable"));
    desk.world.database.heal();
    let later = desk.ask("fin", "POST", "/adjustments", body, Some("k")).await;
    assert_eq!(later.status, 201, "{later:?}");
    assert_eq!(desk.balance("USD").await, "USD 5.00 0.00 0.00");
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
        } else if text.contains("integrations/revenue-api'") {
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
    let desk = desk().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/revenue-api");
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("events") {
        let path = file.expect("a file").path();
        let event = std::fs::read_to_string(&path).expect("an event");
        let mut request = lambda_http::request::from_str(&event).expect("an event of the gateway");
        request.headers_mut().insert("authorization", bearer("ada").parse().expect("a header"));
        let answer = desk.routes.clone().oneshot(request).await.expect("infallible");
        // Lists and proofs are there; the partner and the commission that the others name are not.
        let expected = match path.file_stem().and_then(|name| name.to_str()) {
            Some("commissions" | "verify") => 200,
            Some("fx-rate") => 201,
            _ => 404,
        };
        assert_eq!(answer.status().as_u16(), expected, "{}", path.display());
        assert!(!answer.headers()["x-correlation-id"].is_empty());
        count += 1;
    }
    assert_eq!(count, 5);
}

#[tokio::test]
async fn where_the_tenant_asks_for_it_a_second_yes_at_the_desk_needs_a_second_factor() {
    // POR-7
    let desk = desk().await;
    let mut kept = KeptSettings::default();
    kept.general.totp_for_approvals = true;
    let actor = Actor::new(Role::Admin, "usr_ada");
    let deed =
        Deed { at: desk.world.now, actor, action: "settings.set", old: Default::default(), new: Default::default() };
    let entry = append(ChainEnd::START, "settings", deed);
    desk.world.store.replace_settings(&desk.world.tenant, &kept, &entry).await.expect("store");
    for noun in ["adjustments", "write-offs", "releases", "fx-conversions"] {
        let body = json!({"seal": "0".repeat(64)});
        let told = desk.post("ada", &format!("/{noun}/{ADJUSTMENT}/approve"), body).await;
        assert_eq!(told.told(), (403, "second-factor-needed"), "{noun}");
        let no = desk.post("ada", &format!("/{noun}/{ADJUSTMENT}/reject"), json!({"reason": "r"})).await;
        assert_eq!(no.status, 404, "{noun}: a no needs none");
    }
}
