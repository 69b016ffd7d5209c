//! Programmes, rules, partners, links: made, read, listed, made twice.

use domain::role::Role;
use serde_json::json;
use testkit::Fault;

use super::setup::{Bench, NOW, program_body, tenant};

#[tokio::test]
async fn a_program_is_made_with_its_first_rule_and_read_back() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let answer = bench.post(&admin, "/v1/programs", &program_body()).await;
    let location = answer.headers["location"].to_str().expect("text").to_owned();
    let made = answer.expect(201);
    assert_eq!(made["window_days"], 30);
    assert_eq!(made["hold_days"], 30);
    assert_eq!(made["close_lag_days"], 3);
    assert_eq!(made["rule"]["rate"], "0.3");
    assert_eq!(made["rule"]["effective_from"], NOW);
    assert_eq!(bench.get(&admin, &location).await.expect(200), made);
    let rules = bench.get(&admin, &format!("{location}/rules")).await.expect(200);
    assert_eq!(rules, json!({"data": [made["rule"]], "next_cursor": null}));
}

#[tokio::test]
async fn a_rule_version_is_added_for_the_future_and_the_past_stays() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let path = format!("/v1/programs/{program}/rules");
    let next =
        json!({"kind": "flat", "amount": "25.00", "hold_days": 0, "effective_from": "2026-10-01T02:00:00+02:00"});
    let made = bench.post(&admin, &path, &next).await.expect(201);
    assert_eq!(made["amount"], "25.00");
    assert_eq!(made["currency"], "USD");
    assert_eq!(made["effective_from"], "2026-10-01T00:00:00Z");
    assert_eq!(bench.post(&admin, &path, &next).await.status, 409, "the instant is taken");
    let past = json!({"kind": "percentage", "rate": "0.5", "effective_from": "2026-08-31T00:00:00Z"});
    assert_eq!(bench.post(&admin, &path, &past).await.pointers(422), ["/effective_from"]);
    let listed = bench.get(&admin, &path).await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    let now = bench.get(&admin, &format!("/v1/programs/{program}")).await.expect(200);
    assert_eq!(now["rule"]["kind"], "percentage");
}

#[tokio::test]
async fn a_partner_is_active_at_once_and_its_person_is_sealed() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let id = bench.partner(&admin, &program).await;
    let read = bench.get(&admin, &format!("/v1/partners/{id}")).await.expect(200);
    assert_eq!((&read["name"], &read["email"]), (&json!("Ada Lovelace"), &json!("Ada@example.com")));
    assert_eq!((&read["status"], &read["programs"][0]["tier"]), (&json!("active"), &json!("tier1")));
    let id = domain::id::PartnerId::parse(&id).expect("id");
    let person = bench.store.get_person(&tenant(), &id).await.expect("read").expect("there");
    for sealed in [&person.email_sealed, &person.name_sealed] {
        // Words that no sealed text spells by chance.
        let told = ["lovelace", "example"].into_iter().find(|word| sealed.to_lowercase().contains(word));
        assert_eq!(told, None, "{sealed}");
    }
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(bench.partner(&admin, &program).await);
    }
    made.sort();
    made.reverse();
    let mut read = Vec::new();
    let mut path = "/v1/partners?limit=2".to_owned();
    for _ in 0..3 {
        let page = bench.get(&admin, &path).await.expect(200);
        let data = page["data"].as_array().expect("data").clone();
        read.extend(data.iter().map(|partner| partner["id"].as_str().expect("id").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/partners?limit=2&cursor={cursor}");
    }
    assert_eq!(read, made);
}

#[tokio::test]
async fn a_link_is_made_by_its_partner_and_leads_where_it_says() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let own = bench.key(Role::Partner, &partner).await;
    let body = json!({"unique_code": "Spring-Sale", "destination": "https://shop.example/start?a=1"});
    let made = bench.post(&own, "/v1/revenue/affiliates", &body).await.expect(201);
    assert_eq!(made["unique_code"], "spring-sale");
    assert_eq!(made["url"], "https://go.example/r/spring-sale");
    assert_eq!(made["commission_rate"], "0.3");
    assert_eq!(
        (&made["clicks"], &made["conversions"], &made["revenue_generated"]),
        (&json!(0), &json!(0), &json!("0.00"))
    );
    let read = bench.get(&own, "/v1/revenue/affiliates/SPRING-SALE").await.expect(200);
    assert_eq!(read, made);
    let target = bench.store.get_link_by_code("spring-sale").await.expect("read").expect("there");
    assert_eq!((target.partner.as_str(), target.program.as_str()), (partner.as_str(), program.as_str()));
    for key in [&admin, &own] {
        let listed = bench.get(key, "/v1/revenue/affiliates").await.expect(200);
        assert_eq!(listed["data"], json!([made]));
    }
}

#[tokio::test]
async fn a_code_is_given_once_and_made_up_when_none_is_chosen() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let chosen = json!({"partner_id": partner, "unique_code": "spring", "destination": "https://shop.example/"});
    bench.post(&admin, "/v1/revenue/affiliates", &chosen).await.expect(201);
    let taken = bench.post(&admin, "/v1/revenue/affiliates", &chosen).await.expect(409);
    assert_eq!(taken["type"], "urn:tributary:problem:code-taken");
    assert_eq!(taken["errors"][0]["pointer"], "/unique_code");
    let fresh = json!({"partner_id": partner, "destination": "https://shop.example/"});
    let made = bench.post(&admin, "/v1/revenue/affiliates", &fresh).await.expect(201);
    assert_eq!(made["unique_code"].as_str().map(str::len), Some(9));
}

#[tokio::test]
async fn a_write_sent_twice_under_its_key_is_done_once() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let first = bench.post_once(&admin, "/v1/programs", &program_body(), Some("k-1")).await.expect(201);
    let again = bench.post_once(&admin, "/v1/programs", &program_body(), Some("k-1")).await.expect(201);
    assert_eq!(first, again);
    let program = first["id"].as_str().expect("id");
    let partner = json!({"name": "Ada", "email": "ada@example.com", "program_id": program});
    bench.post_once(&admin, "/v1/partners", &partner, Some("k-1")).await.expect(422);
    for _ in 0..2 {
        bench.post_once(&admin, "/v1/partners", &partner, Some("k-2")).await.expect(201);
    }
    let programs = bench.get(&admin, "/v1/programs").await.expect(200);
    assert_eq!(programs["data"].as_array().map(Vec::len), Some(1));
    let partners = bench.get(&admin, "/v1/partners").await.expect(200);
    assert_eq!(partners["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_store_that_is_away_is_said_and_nothing_is_half_made() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    bench.get(&admin, "/v1/programs").await.expect(200);
    bench.database.fail_next(40, Fault::ServerError);
    bench.post(&admin, "/v1/programs", &program_body()).await.expect(503);
    bench.database.heal();
    let listed = bench.get(&admin, "/v1/programs").await.expect(200);
    assert_eq!(listed["data"], json!([]));
}
