//! Who may do what: every operation by every role.

use domain::id::TenantId;
use domain::role::Role;
use serde_json::{Value, json};

use super::setup::{Bench, program_body};

/// What a role is answered: an expected status, or any that is not a refusal of the role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum May {
    Yes,
    No,
}

/// An operation: its name, its path, what is posted to it, and who may ask it.
type Operation = (&'static str, String, Option<Value>, &'static [Role]);

/// Every operation of which the answer depends on the role alone, for one programme and one partner of it.
fn operations(program: &str, partner: &str) -> [Operation; 24] {
    use Role::{Admin, Auditor, FinanceManager, Partner, Support};
    let staff: &[Role] = &[Admin, FinanceManager, Support, Auditor];
    let all: &[Role] = &[Admin, FinanceManager, Support, Auditor, Partner];
    let recompute = format!("/v1/programs/{program}/recompute");
    let one = format!("{recompute}/rcp_00000000000000000000000001");
    [
        ("dry run", format!("/v1/programs/{program}/rules/dry-run"), Some(json!({})), &[Admin]),
        ("recomputes", recompute.clone(), None, staff),
        ("new recompute", recompute.clone(), Some(json!({})), &[Admin]),
        ("recompute", one.clone(), None, staff),
        ("its differences", format!("{one}/differences"), None, staff),
        ("its approval", format!("{one}/approve"), Some(json!({})), &[Admin]),
        ("its rejection", format!("{one}/reject"), Some(json!({})), &[Admin]),
        ("programs", "/v1/programs".to_owned(), None, all),
        ("program", format!("/v1/programs/{program}"), None, all),
        ("new program", "/v1/programs".to_owned(), Some(json!({})), &[Admin]),
        ("rules", format!("/v1/programs/{program}/rules"), None, staff),
        ("new rule", format!("/v1/programs/{program}/rules"), Some(json!({"kind": "flat"})), &[Admin]),
        ("partners", "/v1/partners".to_owned(), None, staff),
        ("partner", format!("/v1/partners/{partner}"), None, all),
        ("links", "/v1/revenue/affiliates".to_owned(), None, all),
        ("link", "/v1/revenue/affiliates/none".to_owned(), None, all),
        ("dashboard", format!("/v1/partners/dashboard?partner_id={partner}"), None, all),
        ("earnings", format!("/v1/partners/{partner}/earnings"), None, all),
        ("metrics", format!("/v1/partners/revenue/metrics?partner_id={partner}"), None, all),
        ("projection", format!("/v1/partners/revenue/projection?partner_id={partner}"), None, all),
        ("commissions", format!("/v1/partners/revenue/commissions?partner_id={partner}"), None, all),
        ("explanation", "/v1/partners/revenue/commissions/none/explain".to_owned(), None, all),
        ("payouts", format!("/v1/partners/revenue/payouts?partner_id={partner}"), None, all),
        ("payout", "/v1/partners/revenue/payouts/none".to_owned(), None, all),
    ]
}

#[tokio::test]
async fn every_operation_refuses_every_role_that_it_is_not_for() {
    use Role::{Admin, Auditor, FinanceManager, Member, Operator, Partner, Service, Support};
    let bench = Bench::new().await;
    let admin = bench.key(Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let rows = operations(&program, &partner);
    for role in [Admin, FinanceManager, Support, Auditor, Partner, Member, Service, Operator] {
        let subject = if role == Partner { partner.as_str() } else { "usr_1" };
        let key = bench.key(role, subject).await;
        for (name, path, body, allowed) in &rows {
            let answer = match body {
                None => bench.get(&key, path).await,
                // Some paths are asked under a key, or not at all.
                Some(body) => {
                    bench.post_once(&key, path, body, Some(&format!("{role} {name}").replace(' ', "-"))).await
                }
            };
            let may = if answer.status == 403 { May::No } else { May::Yes };
            let expected = if allowed.contains(&role) { May::Yes } else { May::No };
            assert_eq!(may, expected, "{role} at {name}: {} {}", answer.status, answer.body);
        }
        if role != Admin {
            bench.post(&key, "/v1/programs", &program_body()).await.expect(403);
            let body = json!({"name": "Ada", "email": "ada@example.com", "program_id": program});
            bench.post(&key, "/v1/partners", &body).await.expect(403);
            let body = json!({"kind": "percentage", "rate": "0.9"});
            bench.post(&key, &format!("/v1/programs/{program}/rules"), &body).await.expect(403);
        }
        if ![Admin, Partner].contains(&role) {
            let body = json!({"partner_id": partner, "destination": "https://shop.example/"});
            bench.post(&key, "/v1/revenue/affiliates", &body).await.expect(403);
        }
    }
}

#[tokio::test]
async fn nobody_passes_without_a_good_key() {
    let bench = Bench::new().await;
    for path in ["/v1/programs", "/v1/partners", "/v1/revenue/affiliates", "/v1/partners/dashboard"] {
        bench.get("trb_wrong", path).await.expect(401);
        let request = http::Request::get(path).body(axum::body::Body::empty()).expect("request");
        let refused = bench.send(request).await;
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        refused.expect(401);
    }
}

#[tokio::test]
async fn a_partner_sees_its_own_and_not_that_another_exists() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let elsewhere = bench.program(&admin).await;
    let (own, other) = (bench.partner(&admin, &program).await, bench.partner(&admin, &program).await);
    let key = bench.key(Role::Partner, &own).await;
    let link = json!({"partner_id": other, "unique_code": "others", "destination": "https://shop.example/"});
    bench.post(&admin, "/v1/revenue/affiliates", &link).await.expect(201);
    for path in [
        format!("/v1/partners/{other}"),
        format!("/v1/partners/dashboard?partner_id={other}"),
        format!("/v1/partners/revenue/commissions?partner_id={other}"),
        format!("/v1/partners/revenue/payouts?partner_id={other}"),
        format!("/v1/partners/revenue/payouts/pay_{}USD000001", &other[4..]),
        format!("/v1/revenue/affiliates?partner_id={other}"),
        "/v1/revenue/affiliates/others".to_owned(),
        format!("/v1/programs/{elsewhere}"),
    ] {
        bench.get(&key, &path).await.expect(404);
    }
    bench.post(&key, "/v1/revenue/affiliates", &link).await.expect(404);
    let programs = bench.get(&key, "/v1/programs").await.expect(200);
    assert_eq!(programs["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(bench.get(&key, "/v1/revenue/affiliates").await.expect(200)["data"], json!([]));
    bench.get(&key, &format!("/v1/partners/{own}")).await.expect(200);
}

#[tokio::test]
async fn another_tenants_admin_finds_nothing() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let link = json!({"partner_id": partner, "unique_code": "spring", "destination": "https://shop.example/"});
    bench.post(&admin, "/v1/revenue/affiliates", &link).await.expect(201);
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = bench.key_of(&stranger, Role::Admin, "usr_1").await;
    for path in [
        format!("/v1/programs/{program}"),
        format!("/v1/programs/{program}/rules"),
        format!("/v1/partners/{partner}"),
        format!("/v1/partners/dashboard?partner_id={partner}"),
        "/v1/revenue/affiliates/spring".to_owned(),
    ] {
        bench.get(&key, &path).await.expect(404);
    }
    for path in ["/v1/programs", "/v1/partners", "/v1/revenue/affiliates"] {
        assert_eq!(bench.get(&key, path).await.expect(200)["data"], json!([]), "{path}");
    }
    let person = json!({"name": "Ada", "email": "ada@example.com", "program_id": program});
    assert_eq!(bench.post(&key, "/v1/partners", &person).await.pointers(422), ["/program_id"]);
}
