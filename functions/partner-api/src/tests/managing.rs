//! Programmes and groups: changed in versions, and in part fixed once somebody works with them.

use domain::id::TenantId;
use domain::role::Role;
use serde_json::{Value, json};

use super::setup::{Bench, program_body, tenant};

async fn office() -> (Bench, String, String) {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    (bench, admin, program)
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().expect(field)
}

#[tokio::test]
async fn a_program_is_changed_in_part_and_the_rest_stays() {
    let (bench, admin, program) = office().await;
    let path = format!("/v1/programs/{program}");
    let body = json!({
        "name": "Friends of the shop", "window_days": 60, "hold_days": 14, "close_lag_days": 5,
        "attribution": {"model": "first_click"}, "destination_hosts": ["Shop.Example"], "takes_applications": false,
    });
    let answer = bench.change(&admin, &path, &body, Some("\"1\"")).await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let changed = answer.expect(200);
    assert_eq!((text(&changed, "name"), &changed["window_days"]), ("Friends of the shop", &json!(60)));
    assert_eq!(changed["attribution"]["model"], "first_click");
    assert_eq!(changed["attribution"]["binding"], "once", "what is left out stays");
    assert_eq!(changed["destination_hosts"], json!(["shop.example"]));
    assert_eq!(bench.get(&admin, &path).await.expect(200), changed);
    let trail = bench.store.list_audit(&tenant(), &program).await.expect("trail");
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["program.created", "program.changed"]);
    assert_eq!((trail[1].old["window_days"].as_str(), trail[1].new["window_days"].as_str()), ("30", "60"));
    assert!(!trail[1].new.contains_key("currency"), "what stayed is not told");
}

#[tokio::test]
async fn of_two_who_change_a_program_at_once_the_second_is_told_both_versions() {
    let (bench, admin, program) = office().await;
    let path = format!("/v1/programs/{program}");
    bench.change(&admin, &path, &json!({"window_days": 60}), Some("\"1\"")).await.expect(200);
    let late = bench.change(&admin, &path, &json!({"window_days": 90}), Some("\"1\"")).await.expect(412);
    let detail = text(&late, "detail");
    assert!(detail.contains("version 1") && detail.contains("at 2"), "{detail}");
    assert_eq!(bench.get(&admin, &path).await.expect(200)["window_days"], 60);
    // The same wish again is there already: whoever lost the answer is not refused.
    bench.change(&admin, &path, &json!({"window_days": 60}), Some("\"1\"")).await.expect(200);
}

#[tokio::test]
async fn currency_and_zone_are_free_until_somebody_works_with_the_program() {
    let (bench, admin, program) = office().await;
    let path = format!("/v1/programs/{program}");
    let moved = bench.change(&admin, &path, &json!({"currency": "EUR", "time_zone": "UTC"}), None).await.expect(200);
    assert_eq!((text(&moved, "currency"), text(&moved, "time_zone")), ("EUR", "UTC"));
    bench.partner(&admin, &program).await;
    for body in [json!({"currency": "USD"}), json!({"time_zone": "Europe/Berlin"})] {
        let refused = bench.change(&admin, &path, &body, None).await.expect(409);
        assert_eq!(refused["type"], "urn:tributary:problem:program-in-use");
        assert!(text(&refused, "detail").contains("make another program"), "{refused}");
    }
    // What is the same is no change, and the rest goes on changing.
    bench.change(&admin, &path, &json!({"currency": "EUR", "hold_days": 7}), None).await.expect(200);
}

#[tokio::test]
async fn the_currency_is_fixed_by_a_rule_that_speaks_of_an_amount() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let body =
        json!({"name": "Flat", "currency": "USD", "time_zone": "UTC", "rule": {"kind": "flat", "amount": "5.00"}});
    let made = bench.post(&admin, "/v1/programs", &body).await.expect(201);
    let path = format!("/v1/programs/{}", text(&made, "id"));
    let refused = bench.change(&admin, &path, &json!({"currency": "EUR"}), None).await.expect(409);
    assert!(text(&refused, "detail").contains("rul_"), "{refused}");
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_field_by_field() {
    let (bench, admin, program) = office().await;
    let path = format!("/v1/programs/{program}");
    let body = json!({
        "name": " ", "currency": "usd", "time_zone": "Mars/Olympus", "window_days": 366, "hold_days": 366,
        "close_lag_days": 32, "allowed_hosts": ["https://a.example"], "destination_hosts": ["a.example/x"],
    });
    assert_eq!(
        bench.change(&admin, &path, &body, None).await.pointers(400),
        [
            "/name",
            "/currency",
            "/time_zone",
            "/window_days",
            "/hold_days",
            "/close_lag_days",
            "/allowed_hosts/0",
            "/destination_hosts/0"
        ]
    );
    assert_eq!(bench.change(&admin, &path, &json!({"status": "gone"}), None).await.pointers(400), ["/status"]);
    assert_eq!(bench.change(&admin, &path, &json!({"windows_days": 3}), None).await.pointers(400), ["/windows_days"]);
    assert_eq!(bench.get(&admin, &path).await.headers["etag"], "\"1\"");
}

#[tokio::test]
async fn a_closed_program_takes_nobody_on_until_it_is_open_again() {
    let (bench, admin, program) = office().await;
    let path = format!("/v1/programs/{program}");
    let closed = bench.change(&admin, &path, &json!({"status": "closed"}), None).await.expect(200);
    assert_eq!(closed["status"], "closed");
    let person = json!({"name": "Ada", "email": "ada@example.com", "program_id": program});
    let refused = bench.post(&admin, "/v1/partners", &person).await.expect(409);
    assert_eq!(refused["type"], "urn:tributary:problem:program-closed");
    bench.change(&admin, &path, &json!({"status": "open"}), None).await.expect(200);
    bench.post(&admin, "/v1/partners", &person).await.expect(201);
}

#[tokio::test]
async fn a_program_of_another_tenant_is_not_there() {
    let (bench, _, program) = office().await;
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = bench.key_of(&stranger, Role::Admin, "usr_1").await;
    bench.change(&key, &format!("/v1/programs/{program}"), &json!({"window_days": 60}), None).await.expect(404);
}

#[tokio::test]
async fn a_group_brings_its_rate_into_rules_that_say_none_and_never_into_versions_that_are_there() {
    // COM-11, COM-4
    let (bench, admin, program) = office().await;
    let made = bench.post(&admin, "/v1/groups", &json!({"name": "gold", "default_rate": "0.35"})).await.expect(201);
    let rules = format!("/v1/programs/{program}/rules");
    let half = json!({"kind": "percentage", "rate": "0.3", "effective_from": "2026-10-01T00:00:00Z"});
    let with = bench.post(&admin, &rules, &half).await.expect(201);
    assert_eq!(with["overrides"]["groups"], json!({"gold": "0.35"}));
    let own = json!({
        "kind": "percentage", "rate": "0.3", "effective_from": "2026-11-01T00:00:00Z",
        "overrides": {"groups": {"gold": "0.5"}},
    });
    assert_eq!(bench.post(&admin, &rules, &own).await.expect(201)["overrides"]["groups"], json!({"gold": "0.5"}));
    let flat = json!({"kind": "flat", "amount": "5.00", "effective_from": "2026-12-01T00:00:00Z"});
    let flat = bench.post(&admin, &rules, &flat).await.expect(201);
    assert!(flat["overrides"].is_null() || flat["overrides"]["groups"].is_null(), "{flat}");
    let path = format!("/v1/groups/{}", text(&made, "id"));
    bench.change(&admin, &path, &json!({"default_rate": "0.4"}), Some("\"1\"")).await.expect(200);
    let listed = bench.get(&admin, &rules).await.expect(200);
    let kept = listed["data"].as_array().expect("data").iter().find(|rule| rule["id"] == with["id"]).expect("there");
    assert_eq!(kept["overrides"]["groups"], json!({"gold": "0.35"}));
}

#[tokio::test]
async fn a_group_is_made_once_by_its_name_and_changed_in_versions() {
    let (bench, admin, _) = office().await;
    let body = json!({"name": "gold", "description": "Our best."});
    let made = bench.post(&admin, "/v1/groups", &body).await.expect(201);
    bench.post(&admin, "/v1/groups", &json!({"name": "gold", "default_rate": "0.2"})).await.expect(409);
    let path = format!("/v1/groups/{}", text(&made, "id"));
    assert_eq!(bench.get(&admin, &path).await.expect(200), made);
    let changed =
        bench.change(&admin, &path, &json!({"description": null, "default_rate": "0.2"}), None).await.expect(200);
    assert_eq!((&changed["description"], text(&changed, "default_rate")), (&Value::Null, "0.2"));
    bench.change(&admin, &path, &json!({"default_rate": "0.3"}), Some("\"1\"")).await.expect(412);
    assert_eq!(
        bench.change(&admin, &path, &json!({"default_rate": "1.5"}), None).await.pointers(400),
        ["/default_rate"]
    );
    assert_eq!(bench.change(&admin, &path, &json!({"name": "x"}), None).await.pointers(400), ["/name"]);
    bench.post(&admin, "/v1/groups", &json!({"name": "silver"})).await.expect(201);
    let first = bench.get(&admin, "/v1/groups?limit=1").await.expect(200);
    let second = format!("/v1/groups?limit=1&cursor={}", text(&first, "next_cursor"));
    let second = bench.get(&admin, &second).await.expect(200);
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    assert_eq!(second["next_cursor"], Value::Null);
    let table = bench.get(&admin, "/v1/groups?format=csv").await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = bench.key_of(&stranger, Role::Admin, "usr_1").await;
    bench.get(&key, &path).await.expect(404);
    bench.get(&admin, "/v1/groups/none").await.expect(404);
}

#[tokio::test]
async fn a_program_made_with_an_allow_list_shows_it() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let mut body = program_body();
    body["destination_hosts"] = json!(["shop.example"]);
    let made = bench.post(&admin, "/v1/programs", &body).await.expect(201);
    assert_eq!((&made["destination_hosts"], &made["status"]), (&json!(["shop.example"]), &json!("open")));
    assert_eq!(made["takes_applications"], true);
}
