//! COM-16 over the API: shown, approved as shown, booked once.

use domain::fact::{Fact, SalePaid};
use domain::role::Role;
use domain::time::Zone;
use jiff::SignedDuration;
use revenue_recorder::booking::Recorder;
use serde_json::{Value, json};
use testkit::Fault;
use world::World;

use super::setup::{Answer, Bench};

/// The world's programme.
const PATH: &str = "/v1/programs/prg_00000000000000000000000001/recompute";
const FROM: &str = "2026-11-01T00:00:00Z";

/// A world of 30 % with a sale of 1,000.00, and the API over it, a day later.
async fn begun() -> (World, Bench) {
    let world = World::new().await;
    sell(&world, "in_1", "cus_1", "1000").await;
    let mut bench = Bench::over(world.database.clone(), world.now).await;
    bench.now += SignedDuration::from_hours(24);
    (world, bench)
}

async fn book(world: &World, fact: &Fact) {
    let zone = Zone::utc();
    Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now).book(fact).await.expect("booked");
}

async fn sell(world: &World, invoice: &str, customer: &str, paid: &str) {
    let token = Some(world.token.clone());
    book(world, &Fact::SalePaid(SalePaid { click_token: token, ..world.paid(invoice, customer, paid) })).await;
}

fn proposal(rate: &str) -> Value {
    json!({"rule": {"kind": "percentage", "rate": rate}, "from": FROM, "reason": "a wrong rate"})
}

async fn proposed(bench: &Bench, admin: &str, rate: &str) -> Value {
    bench.post_once(admin, PATH, &proposal(rate), Some(rate)).await.expect(201)
}

async fn approved(bench: &Bench, admin: &str, shown: &Value, once: &str) -> Answer {
    let path = format!("{PATH}/{}/approve", shown["id"].as_str().expect("id"));
    bench.post_once(admin, &path, &json!({"seal": shown["seal"]}), Some(once)).await
}

#[tokio::test]
async fn com_16_the_difference_is_shown_per_partner_and_per_line_before_anything_is_booked() {
    let (world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let partner = world.partner.to_string();
    let dry_run = format!("/v1/programs/prg_00000000000000000000000001/rules/dry-run?partner_id={partner}");
    let dry = bench.post(&admin, &dry_run, &proposal("0.35")).await.expect(200);
    let shown = proposed(&bench, &admin, "0.35").await;
    let of_partner = json!([{"partner_id": partner, "difference": "50.00", "currency": "USD", "lines": 1}]);
    for answer in [&dry, &shown] {
        assert_eq!(answer["totals"], json!([{"amount": "50.00", "currency": "USD"}]));
        assert_eq!(answer["differences"], of_partner);
        assert_eq!((&answer["line_count"], &answer["difference_count"]), (&json!(1), &json!(1)));
    }
    assert_eq!((&shown["state"], &shown["round"]), (&json!("proposed"), &json!(1)));
    assert_eq!((&dry["lines"][0]["amount"], &dry["lines"][0]["booked"]), (&json!("50.00"), &json!(false)));
    assert_eq!(world.total().await, "300.00");
    let one = format!("{PATH}/{}", shown["id"].as_str().expect("id"));
    let listed = bench.get(&admin, &format!("{one}/differences?limit=1")).await.expect(200);
    assert_eq!((&listed["data"], &listed["next_cursor"]), (&of_partner, &Value::Null));
    let read = bench.get(&admin, &format!("{one}?partner_id={partner}")).await.expect(200);
    for field in ["amount", "of", "kind", "place", "booked"] {
        assert_eq!(read["lines"][0][field], dry["lines"][0][field], "{field}");
    }
    let answer = approved(&bench, &admin, &shown, "a").await.expect(200);
    assert_eq!((&answer["state"], &answer["approved_by"]), (&json!("applied"), &json!("usr_1")));
    assert_eq!(world.total().await, "350.00");
    let read = bench.get(&admin, &format!("{one}?partner_id={partner}")).await.expect(200);
    assert_eq!((&read["lines"][0]["amount"], &read["lines"][0]["booked"]), (&json!("50.00"), &json!(true)));
    assert_eq!(bench.get(&admin, PATH).await.expect(200)["data"].as_array().map(Vec::len), Some(1));
    world.verified().await;
}

#[tokio::test]
async fn com_16_above_the_threshold_another_admin_approves() {
    let (world, bench) = begun().await;
    let (one, other) = (bench.key(Role::Admin, "usr_1").await, bench.key(Role::Admin, "usr_2").await);
    let shown = proposed(&bench, &one, "0.5").await;
    approved(&bench, &one, &shown, "a").await.expect(403);
    assert_eq!(world.total().await, "300.00");
    approved(&bench, &other, &shown, "b").await.expect(200);
    assert_eq!(world.total().await, "500.00");
    // Sent again it is answered the same, and nothing is booked twice; by another it is settled.
    for (admin, once, status) in [(&other, "b", 200), (&other, "c", 200), (&one, "d", 409)] {
        approved(&bench, admin, &shown, once).await.expect(status);
        assert_eq!(world.total().await, "500.00");
    }
    let reject = format!("{PATH}/{}/reject", shown["id"].as_str().expect("id"));
    bench.post_once(&one, &reject, &json!({}), Some("e")).await.expect(409);
}

#[tokio::test]
async fn com_16_facts_that_come_between_refuse_the_approval_and_the_difference_is_shown_anew() {
    let (world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let shown = proposed(&bench, &admin, "0.35").await;
    book(&world, &world.refund("re_1", "in_1", "500")).await;
    assert_eq!(world.total().await, "150.00");
    let refused = approved(&bench, &admin, &shown, "a").await.expect(409);
    assert_eq!(refused["type"], "urn:tributary:problem:difference-changed");
    assert_eq!(world.total().await, "150.00");
    // The old seal is nobody's any more.
    approved(&bench, &admin, &shown, "b").await.expect(409);
    let one = format!("{PATH}/{}", shown["id"].as_str().expect("id"));
    let anew = bench.get(&admin, &one).await.expect(200);
    assert_eq!((&anew["state"], &anew["round"]), (&json!("proposed"), &json!(2)));
    assert_eq!(anew["totals"], json!([{"amount": "25.00", "currency": "USD"}]));
    assert_eq!(anew["differences"][0]["difference"], json!("25.00"));
    assert_ne!(anew["seal"], shown["seal"]);
    approved(&bench, &admin, &anew, "c").await.expect(200);
    assert_eq!(world.total().await, "175.00");
    world.verified().await;
}

#[tokio::test]
async fn com_16_rules_that_come_between_refuse_the_approval_too() {
    let (world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let shown = proposed(&bench, &admin, "0.35").await;
    let rule = json!({"kind": "percentage", "rate": "0.1"});
    bench.post(&admin, "/v1/programs/prg_00000000000000000000000001/rules", &rule).await.expect(201);
    approved(&bench, &admin, &shown, "a").await.expect(409);
    assert_eq!(world.total().await, "300.00");
}

#[tokio::test]
async fn com_16_a_fact_that_changes_nothing_of_what_was_shown_does_not_refuse_it() {
    let (mut world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let shown = proposed(&bench, &admin, "0.35").await;
    // Of another day, behind the span.
    world.pass_days(1);
    sell(&world, "in_2", "cus_2", "100").await;
    approved(&bench, &admin, &shown, "a").await.expect(200);
    assert_eq!(world.total().await, "380.00");
}

#[tokio::test]
async fn a_recompute_that_cannot_be_is_refused_field_by_field() {
    let (world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let dated = json!({"kind": "percentage", "rate": "0.3", "effective_from": FROM});
    let rows: [(&str, Value, &str, u16); 10] = [
        ("rule", json!({"kind": "percentage", "rate": "1.5"}), "/rule/rate", 400),
        ("rule", dated, "/rule/effective_from", 422),
        ("rule", json!({"kind": "percentage", "rate": "0.3", "caps": {"per_line": "-1"}}), "/rule/caps/per_line", 400),
        ("from", json!("yesterday"), "/from", 400),
        ("from", json!("2027-01-01T00:00:00Z"), "/from", 422),
        ("to", json!("2026-10-01T00:00:00Z"), "/to", 422),
        ("to", json!("2027-01-01T00:00:00Z"), "/from", 422),
        ("reason", json!(" "), "/reason", 400),
        ("reason", json!("x".repeat(501)), "/reason", 400),
        ("until", json!(FROM), "/until", 400),
    ];
    for (n, (field, value, pointer, status)) in rows.into_iter().enumerate() {
        let mut body = proposal("0.35");
        body[field] = value.clone();
        let pointers = bench.post_once(&admin, PATH, &body, Some(&n.to_string())).await.pointers(status);
        assert_eq!(pointers, [pointer], "{field} = {value}");
    }
    let unknown = "/v1/programs/prg_00000000000000000000000002";
    bench.post_once(&admin, &format!("{unknown}/recompute"), &proposal("0.35"), Some("a")).await.expect(404);
    bench.post(&admin, &format!("{unknown}/rules/dry-run"), &proposal("0.35")).await.expect(404);
    assert_eq!(bench.get(&admin, PATH).await.expect(200)["data"], json!([]));
    assert_eq!(world.total().await, "300.00");
}

#[tokio::test]
async fn an_approval_without_its_seal_or_of_nothing_is_refused() {
    let (_world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let shown = proposed(&bench, &admin, "0.35").await;
    let path = format!("{PATH}/{}/approve", shown["id"].as_str().expect("id"));
    for (n, (body, pointer)) in [
        (json!({}), "/seal"),
        (json!({"seal": 7}), "/seal"),
        (json!({"seal": "abc"}), "/seal"),
        (json!({"seal": shown["seal"], "really": true}), "/really"),
    ]
    .into_iter()
    .enumerate()
    {
        let pointers = bench.post_once(&admin, &path, &body, Some(&n.to_string())).await.pointers(400);
        assert_eq!(pointers, [pointer], "{body}");
    }
    let other = json!({"seal": "0".repeat(64)});
    bench.post_once(&admin, &path, &other, Some("other")).await.expect(409);
    let none = format!("{PATH}/rcp_00000000000000000000000009");
    bench
        .post_once(&admin, &format!("{none}/approve"), &json!({"seal": shown["seal"]}), Some("none"))
        .await
        .expect(404);
    bench.post_once(&admin, &format!("{none}/reject"), &json!({}), Some("no")).await.expect(404);
    bench.get(&admin, &none).await.expect(404);
    bench.get(&admin, &format!("{none}/differences")).await.expect(404);
    let one = format!("{PATH}/{}", shown["id"].as_str().expect("id"));
    bench.get(&admin, &format!("{one}?partner_id=somebody")).await.expect(400);
    bench.get(&admin, &format!("{one}/differences?limit=0")).await.expect(400);
    bench.get(&admin, &format!("{one}/differences?cursor=x")).await.expect(400);
}

#[tokio::test]
async fn com_16_proposed_and_approved_with_the_store_away_at_each_request_in_turn_it_is_booked_once() {
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for after in (0..45).step_by(5) {
            let (world, mut bench) = begun().await;
            let admin = bench.key(Role::Admin, "usr_1").await;
            bench.database.fail_after(after, 40, fault);
            bench.post_once(&admin, PATH, &proposal("0.35"), Some("once")).await;
            bench.database.heal();
            bench.now += SignedDuration::from_secs(120);
            let shown = proposed_again(&bench, &admin).await;
            bench.database.fail_after(after, 40, fault);
            approved(&bench, &admin, &shown, "a").await;
            bench.database.heal();
            bench.now += SignedDuration::from_secs(120);
            let answer = approved(&bench, &admin, &shown, "a").await;
            assert_eq!(answer.status, 200, "{fault:?} after {after}: {}", answer.body);
            assert_eq!(answer.body["state"], "applied", "{fault:?} after {after}");
            assert_eq!(world.total().await, "350.00", "{fault:?} after {after}");
            world.verified().await;
        }
    }
}

#[tokio::test]
async fn com_16_a_dry_run_that_one_request_cannot_finish_is_counted_behind_it_and_books_nothing() {
    let (world, mut bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    bench.patience_ms = Some(0);
    let path = "/v1/programs/prg_00000000000000000000000001/rules/dry-run";
    let asked = json!({"rule": {"kind": "percentage", "rate": "0.35"}, "from": FROM});
    let answer = bench.post_once(&admin, path, &asked, Some("dry")).await;
    let location = answer.headers["location"].to_str().expect("a place").to_owned();
    let shown = answer.expect(202);
    assert_eq!((&shown["state"], &shown["seal"]), (&json!("counting"), &Value::Null));
    // Asked again by the same name it is the same one; nobody can approve what is not counted.
    assert_eq!(bench.post_once(&admin, path, &asked, Some("dry")).await.expect(202)["id"], shown["id"]);
    let approve = format!("{location}/approve");
    bench.post_once(&admin, &approve, &json!({"seal": "0".repeat(64)}), Some("early")).await.expect(409);
    // The night's function goes on with it, one page of partners each time it is begun.
    let (zone, id) = (Zone::utc(), shown["id"].as_str().expect("id"));
    let id = domain::id::RecomputeId::parse(id).expect("an id");
    let desk = cases::recompute::Desk { store: &world.store, tenant: &world.tenant, zone: &zone, now: bench.now };
    cases::recompute::advance(desk, (&world::program(), &id), &|| false).await.expect("store");
    let counted = bench.get(&admin, &location).await.expect(200);
    assert_eq!(
        (&counted["state"], &counted["totals"]),
        (&json!("proposed"), &json!([{"amount": "50.00", "currency": "USD"}]))
    );
    assert_eq!(world.total().await, "300.00");
    bench.post_once(&admin, &format!("{location}/reject"), &json!({}), Some("no")).await.expect(200);
    assert_eq!(world.total().await, "300.00");
}

#[tokio::test]
async fn com_16_what_of_the_rule_may_not_be_meant_is_told_with_what_it_makes() {
    let (_world, bench) = begun().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let rules = "/v1/programs/prg_00000000000000000000000001/rules";
    // What the programme itself pays from now on may not be meant either, and is not what is asked about.
    bench.post(&admin, rules, &json!({"rate": "0.3", "second_tier": "0.0"})).await.expect(201);
    let doubt = json!({"rate": "0.8", "second_tier": "0.3"});
    let told = json!([["over_the_sale", "/second_tier"]]);
    for (once, rule, expected) in [("plain", json!({"rate": "0.35"}), json!([])), ("doubt", doubt, told)] {
        let body = json!({"rule": rule, "from": FROM, "reason": "a wrong rate"});
        let dry = bench.post(&admin, &format!("{rules}/dry-run"), &body).await.expect(200);
        let made = bench.post_once(&admin, PATH, &body, Some(once)).await.expect(201);
        let one = format!("{PATH}/{}", made["id"].as_str().expect("id"));
        let read = bench.get(&admin, &one).await.expect(200);
        for shown in [&dry, &made, &read] {
            let warnings = shown["warnings"].as_array().expect("a list");
            let found: Value = warnings.iter().map(|one| json!([one["name"], one["pointer"]])).collect();
            assert_eq!(found, expected, "{shown}");
        }
    }
}

async fn proposed_again(bench: &Bench, admin: &str) -> Value {
    let shown = bench.post_once(admin, PATH, &proposal("0.35"), Some("once")).await.expect(201);
    assert_eq!(shown["state"], "proposed");
    assert_eq!(bench.get(admin, PATH).await.expect(200)["data"].as_array().map(Vec::len), Some(1));
    shown
}
