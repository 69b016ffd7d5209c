//! Coupons, and what a partner is enrolled with.

use domain::id::{PartnerId, ProgramId};
use domain::role::Role;
use serde_json::{Value, json};

use super::setup::{Bench, tenant};

fn codes(listed: &Value) -> Vec<&str> {
    listed["data"].as_array().expect("a list").iter().filter_map(|row| row["code"].as_str()).collect()
}

#[tokio::test]
async fn a_coupon_is_made_listed_page_by_page_and_ended_and_its_code_is_taken_for_good() {
    // ATT-6
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let body = |code: &str| json!({"code": code, "partner_id": partner, "program_id": program});
    for code in ["ada20", "ADA10", "ZOE5"] {
        let made = bench.post(&admin, "/v1/coupons", &body(code)).await.expect(201);
        assert_eq!((&made["code"], &made["valid_until"]), (&json!(code.to_uppercase()), &Value::Null));
    }
    let first = bench.get(&admin, "/v1/coupons?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().expect("a second page");
    let second = bench.get(&admin, &format!("/v1/coupons?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(
        (codes(&first), codes(&second), &second["next_cursor"]),
        (vec!["ADA10", "ADA20"], vec!["ZOE5"], &Value::Null)
    );
    let ended = bench.delete(&admin, "/v1/coupons/ada20").await.expect(200);
    assert!(ended["valid_until"].is_string(), "{ended}");
    assert_eq!(bench.delete(&admin, "/v1/coupons/ADA20").await.expect(200), ended, "once more changes nothing");
    let other =
        json!({"code": "Ada20", "partner_id": partner, "program_id": program, "valid_from": "2027-01-01T00:00:00Z"});
    assert_eq!(bench.post(&admin, "/v1/coupons", &other).await.status, 409);
    assert_eq!(bench.delete(&admin, "/v1/coupons/NOBODYS").await.status, 404);
}

#[tokio::test]
async fn a_partner_sees_its_own_coupons_and_makes_none() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let (one, other) = (bench.partner(&admin, &program).await, bench.partner(&admin, &program).await);
    for (code, partner) in [("ONE", &one), ("OTHER", &other)] {
        let body = json!({"code": code, "partner_id": partner, "program_id": program});
        bench.post(&admin, "/v1/coupons", &body).await.expect(201);
    }
    let own = bench.key(Role::Partner, &one).await;
    assert_eq!(codes(&bench.get(&own, "/v1/coupons").await.expect(200)), ["ONE"]);
    assert_eq!(bench.get(&own, "/v1/coupons/one").await.expect(200)["partner_id"], one.as_str());
    assert_eq!(bench.get(&own, "/v1/coupons/OTHER").await.status, 404);
    assert_eq!(bench.get(&own, &format!("/v1/coupons?partner_id={other}")).await.status, 404);
    let body = json!({"code": "MINE", "partner_id": one, "program_id": program});
    assert_eq!(bench.post(&own, "/v1/coupons", &body).await.status, 403);
    assert_eq!(bench.delete(&own, "/v1/coupons/ONE").await.status, 403);
}

#[tokio::test]
async fn what_is_wrong_with_a_coupon_is_told_by_its_place() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let nobody = PartnerId::from_ulid(77_u128.into()).to_string();
    let elsewhere = ProgramId::from_ulid(77_u128.into()).to_string();
    let good = json!({"code": "ADA20", "partner_id": partner, "program_id": program});
    let rows = [
        ("code", json!("A#B"), "/code", 400),
        ("code", json!(""), "/code", 400),
        ("code", json!("x".repeat(65)), "/code", 400),
        ("partner_id", json!("par_1"), "/partner_id", 400),
        ("partner_id", json!(nobody), "/partner_id", 422),
        ("program_id", json!("prg_1"), "/program_id", 400),
        ("program_id", json!(elsewhere), "/partner_id", 422),
        ("valid_until", json!("2020-01-01T00:00:00Z"), "/valid_until", 422),
    ];
    for (field, value, pointer, status) in rows {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(bench.post(&admin, "/v1/coupons", &body).await.pointers(status), [pointer], "{field} {value}");
    }
}

#[tokio::test]
async fn a_partner_is_enrolled_with_who_referred_it_and_its_groups() {
    // COM-11, COM-13
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let referrer = bench.partner(&admin, &program).await;
    let body = json!({
        "name": "Piet Pine", "email": "piet@partner.example", "program_id": program, "tier": "tier2",
        "referrer_id": referrer, "groups": ["gold", "early"],
    });
    let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
    let partner = PartnerId::parse(made["id"].as_str().expect("an id")).expect("an id");
    let program = ProgramId::parse(&program).expect("an id");
    let terms = bench.store.get_terms(&tenant(), &partner, &program, None).await.expect("store");
    assert_eq!(
        (terms.tier.word(), terms.groups, terms.referrer.map(|referrer| referrer.to_string())),
        ("tier2", vec!["gold".to_owned(), "early".to_owned()], Some(referrer))
    );
    let nobody = PartnerId::from_ulid(77_u128.into()).to_string();
    let long = "x".repeat(65);
    for (field, value, pointer, status) in [
        ("referrer_id", json!("par_1"), "/referrer_id", 400),
        ("referrer_id", json!(nobody), "/referrer_id", 422),
        ("groups", json!([""]), "/groups/0", 400),
        ("groups", json!(["gold", long]), "/groups/1", 400),
        ("groups", json!(vec!["gold"; 21]), "/groups", 400),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value.clone();
        assert_eq!(bench.post(&admin, "/v1/partners", &wrong).await.pointers(status), [pointer], "{field} {value}");
    }
}

#[tokio::test]
async fn coupons_are_filtered_by_partner_programme_and_state_and_come_as_csv() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let (one, other) = (bench.partner(&admin, &program).await, bench.partner(&admin, &program).await);
    for (code, partner, from) in
        [("NOW", &one, None), ("LATER", &one, Some("2027-01-01T00:00:00Z")), ("GONE", &other, None)]
    {
        let body = json!({"code": code, "partner_id": partner, "program_id": program, "valid_from": from});
        bench.post(&admin, "/v1/coupons", &body).await.expect(201);
    }
    bench.delete(&admin, "/v1/coupons/GONE").await.expect(200);
    for (query, expected) in [
        ("status=active".to_owned(), vec!["NOW"]),
        ("status=upcoming".to_owned(), vec!["LATER"]),
        ("status=ended".to_owned(), vec!["GONE"]),
        (format!("partner_id={one}"), vec!["LATER", "NOW"]),
        (format!("program_id={program}&limit=1"), vec!["GONE"]),
    ] {
        let listed = bench.get(&admin, &format!("/v1/coupons?{query}")).await.expect(200);
        assert_eq!(codes(&listed), expected, "{query}");
    }
    let csv = bench.get(&admin, "/v1/coupons?format=csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(bench.get(&admin, "/v1/coupons?status=odd").await.pointers(400), ["status"]);
}
