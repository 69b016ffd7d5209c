//! Partners: changed, suspended, taken back; their places in programmes, and the customers whom they manage.

use domain::id::{PartnerId, TenantId};
use domain::role::Role;
use serde_json::{Value, json};
use store::partner_news::{PartnerNewsKind, Told};

use super::setup::{Bench, tenant};

struct Desk {
    bench: Bench,
    admin: String,
    program: String,
    partner: String,
}

impl Desk {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        let partner = bench.partner(&admin, &program).await;
        Self { bench, admin, program, partner }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/partners/{}{rest}", self.partner)
    }

    async fn other(&self, email: &str) -> String {
        let body = json!({"name": "Bo", "email": email, "program_id": self.program});
        self.bench.post(&self.admin, "/v1/partners", &body).await.expect(201)["id"].as_str().expect("id").to_owned()
    }

    async fn read(&self) -> Value {
        self.bench.get(&self.admin, &self.path("")).await.expect(200)
    }

    async fn actions(&self) -> Vec<String> {
        let trail = self.bench.store.list_audit(&tenant(), &self.partner).await.expect("trail");
        trail.into_iter().map(|entry| entry.action).collect()
    }
}

#[tokio::test]
async fn a_partner_is_changed_in_part_and_what_is_personal_stays_sealed() {
    let desk = Desk::new().await;
    let body = json!({
        "name": "Ada King", "company": "Engines", "website": "https://Ada.example", "notes": "Met at the fair.\nKind.",
        "tags": ["newsletter", "newsletter"], "tier": "tier2", "groups": ["gold"],
    });
    let answer = desk.bench.change(&desk.admin, &desk.path(""), &body, Some("\"1\"")).await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let changed = answer.expect(200);
    assert_eq!((&changed["name"], &changed["website"]), (&json!("Ada King"), &json!("https://ada.example/")));
    assert_eq!((&changed["tags"], &changed["notes"]), (&json!(["newsletter"]), &json!("Met at the fair.\nKind.")));
    let place = &changed["programs"][0];
    assert_eq!((&place["tier"], &place["groups"]), (&json!("tier2"), &json!(["gold"])));
    assert_eq!(desk.read().await, changed);
    let id = PartnerId::parse(&desk.partner).expect("id");
    let (person, particulars) = desk.bench.store.get_person_whole(&tenant(), &id).await.expect("read").expect("there");
    for sealed in [Some(person.name_sealed), particulars.notes_sealed, particulars.company_sealed] {
        let sealed = sealed.expect("sealed").to_lowercase();
        assert!(!sealed.contains("king") && !sealed.contains("fair") && !sealed.contains("engines"), "{sealed}");
    }
    let trail = desk.bench.store.list_audit(&tenant(), &desk.partner).await.expect("trail");
    let told = format!("{:?}", trail.last().expect("told").new);
    assert!(told.contains("changed") && !told.contains("King") && !told.contains("fair"), "{told}");
    let gone = json!({"company": null, "website": null, "notes": null});
    let changed = desk.bench.change(&desk.admin, &desk.path(""), &gone, None).await.expect(200);
    assert_eq!(
        (&changed["company"], &changed["notes"], &changed["name"]),
        (&Value::Null, &Value::Null, &json!("Ada King"))
    );
}

#[tokio::test]
async fn what_staff_notes_of_a_partner_the_partner_does_not_see() {
    let desk = Desk::new().await;
    let body = json!({"notes": "Late.", "tags": ["slow"]});
    desk.bench.change(&desk.admin, &desk.path(""), &body, None).await.expect(200);
    let own = desk.bench.key(Role::Partner, &desk.partner).await;
    let seen = desk.bench.get(&own, &desk.path("")).await.expect(200);
    assert_eq!(seen["name"], "Ada Lovelace");
    for hidden in ["notes", "tags", "suspended_reason"] {
        assert!(seen.get(hidden).is_none(), "{hidden}: {seen}");
    }
    desk.bench.change(&own, &desk.path(""), &json!({"name": "Me"}), None).await.expect(403);
}

#[tokio::test]
async fn of_two_who_change_a_partner_at_once_the_second_is_told_both_versions() {
    let desk = Desk::new().await;
    desk.bench.change(&desk.admin, &desk.path(""), &json!({"tier": "tier2"}), Some("\"1\"")).await.expect(200);
    let suspend = json!({"reason": "spam"});
    desk.bench.post(&desk.admin, &desk.path("/suspend"), &suspend).await.expect(200);
    let late =
        desk.bench.change(&desk.admin, &desk.path(""), &json!({"tier": "tier3"}), Some("\"1\"")).await.expect(412);
    let detail = late["detail"].as_str().expect("detail");
    assert!(detail.contains("version 1") && detail.contains("at 3"), "{detail}");
    let read = desk.read().await;
    assert_eq!((&read["programs"][0]["tier"], &read["status"]), (&json!("tier2"), &json!("suspended")));
}

#[tokio::test]
async fn nobody_refers_themselves_or_whoever_referred_them() {
    // COM-13
    let desk = Desk::new().await;
    let (bo, cy) = (desk.other("bo@example.com").await, desk.other("cy@example.com").await);
    let refer = |who: String, by: Value| {
        let (bench, admin) = (&desk.bench, &desk.admin);
        async move { bench.change(admin, &format!("/v1/partners/{who}"), &json!({"referrer_id": by}), None).await }
    };
    refer(desk.partner.clone(), json!(bo)).await.expect(200);
    refer(bo.clone(), json!(cy)).await.expect(200);
    for (who, by) in [(&desk.partner, &desk.partner), (&cy, &desk.partner), (&cy, &bo), (&bo, &desk.partner)] {
        assert_eq!(refer(who.clone(), json!(by)).await.pointers(422), ["/referrer_id"], "{by} of {who}");
    }
    let nobody = json!("par_00000000000000000000000001");
    assert_eq!(refer(cy.clone(), nobody).await.pointers(422), ["/referrer_id"]);
    let without = refer(desk.partner.clone(), Value::Null).await.expect(200);
    assert_eq!(without["programs"][0]["referrer_id"], Value::Null);
}

#[tokio::test]
async fn a_suspension_says_why_is_told_by_mail_and_stops_links_and_payouts_until_it_is_lifted() {
    let desk = Desk::new().await;
    let body = json!({"reason": "Coupons on a coupon site."});
    let suspended = desk.bench.post(&desk.admin, &desk.path("/suspend"), &body).await.expect(200);
    assert_eq!((&suspended["status"], &suspended["suspended_reason"]), (&json!("suspended"), &body["reason"]));
    // Again it is suspended already: nothing is told twice.
    desk.bench.post(&desk.admin, &desk.path("/suspend"), &body).await.expect(200);
    let other = json!({"reason": "Spam."});
    let refused = desk.bench.post(&desk.admin, &desk.path("/suspend"), &other).await.expect(409);
    assert_eq!(refused["type"], "urn:tributary:problem:already-suspended");
    assert_eq!(desk.read().await["suspended_reason"], body["reason"]);
    let link = json!({"partner_id": desk.partner, "destination": "https://shop.example/"});
    desk.bench.post(&desk.admin, "/v1/revenue/affiliates", &link).await.expect(409);
    let id = PartnerId::parse(&desk.partner).expect("id");
    let standing = desk.bench.store.get_standing(&tenant(), &id).await.expect("read").expect("there");
    let before = desk.bench.now - jiff::SignedDuration::from_secs(1);
    assert!(standing.was_active_at(before) && !standing.was_active_at(desk.bench.now), "ATT-1: by its own time");
    let told = Told::Partner(id.clone());
    let news = desk.bench.store.get_partner_news(&tenant(), &told, 2).await.expect("read").expect("news");
    assert_eq!((news.kind, news.reason.as_deref()), (PartnerNewsKind::PartnerSuspended, body["reason"].as_str()));
    let back = desk.bench.post(&desk.admin, &desk.path("/reinstate"), &json!({})).await.expect(200);
    assert_eq!((&back["status"], &back["suspended_reason"]), (&json!("active"), &Value::Null));
    desk.bench.post(&desk.admin, "/v1/revenue/affiliates", &link).await.expect(201);
    let news = desk.bench.store.get_partner_news(&tenant(), &told, 3).await.expect("read").expect("news");
    assert_eq!(news.kind, PartnerNewsKind::PartnerReinstated);
    assert_eq!(desk.actions().await, ["partner.created", "partner.suspended", "partner.reinstated"]);
    assert_eq!(
        desk.bench.post(&desk.admin, &desk.path("/suspend"), &json!({"reason": " "})).await.pointers(400),
        ["/reason"]
    );
}

#[tokio::test]
async fn a_partner_has_a_place_of_its_own_in_each_program() {
    let desk = Desk::new().await;
    let second = desk.bench.program(&desk.admin).await;
    let body = json!({"program_id": second, "tier": "tier3", "groups": ["gold"]});
    let places = desk.path("/enrolments");
    let made = desk.bench.post(&desk.admin, &places, &body).await.expect(201);
    assert_eq!((&made["tier"], &made["status"]), (&json!("tier3"), &json!("active")));
    // Again it is the same; with other terms it is a change, and that has its own door.
    desk.bench.post(&desk.admin, &places, &body).await.expect(201);
    desk.bench.post(&desk.admin, &places, &json!({"program_id": second})).await.expect(409);
    let nowhere = json!({"program_id": "prg_00000000000000000000000001"});
    assert_eq!(desk.bench.post(&desk.admin, &places, &nowhere).await.pointers(422), ["/program_id"]);
    // Which of two places?
    let unclear = desk.bench.change(&desk.admin, &desk.path(""), &json!({"tier": "tier2"}), None).await.expect(422);
    assert_eq!(unclear["type"], "urn:tributary:problem:which-enrolment");
    let place = desk.path(&format!("/enrolments/{second}"));
    let body = json!({"status": "suspended", "tier": "tier4"});
    let changed = desk.bench.change(&desk.admin, &place, &body, Some("\"2\"")).await.expect(200);
    assert_eq!(changed["status"], "active", "only there");
    desk.bench.change(&desk.admin, &place, &json!({"tier": "tier1"}), Some("\"2\"")).await.expect(412);
    let id = PartnerId::parse(&desk.partner).expect("id");
    let standing = desk.bench.store.get_standing(&tenant(), &id).await.expect("read").expect("there");
    let programs = [&desk.program, &second].map(|text| domain::id::ProgramId::parse(text).expect("id"));
    let active = programs.each_ref().map(|program| standing.was_active_in(program, desk.bench.now));
    assert_eq!(active, [true, false]);
    let listed = desk.bench.get(&desk.admin, &places).await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    let missing = desk.path("/enrolments/prg_00000000000000000000000001");
    desk.bench.change(&desk.admin, &missing, &json!({"tier": "tier1"}), None).await.expect(404);
}

#[tokio::test]
async fn a_managed_customer_is_on_one_list_at_a_time_and_leaves_it_with_an_end() {
    // COM-17
    let desk = Desk::new().await;
    let other = desk.other("bo@example.com").await;
    let body = json!({"customer_id": "stripe:cus_1"});
    let made = desk.bench.post(&desk.admin, &desk.path("/accounts"), &body).await.expect(201);
    assert_eq!((&made["status"], &made["program_id"]), (&json!("active"), &json!(desk.program)));
    let taken = desk.bench.post(&desk.admin, &format!("/v1/partners/{other}/accounts"), &body).await.expect(409);
    assert!(taken["detail"].as_str().expect("detail").contains(&desk.partner), "{taken}");
    let own = desk.bench.key(Role::Partner, &desk.partner).await;
    let listed = desk.bench.get(&own, &desk.path("/accounts")).await.expect(200);
    assert_eq!(listed["data"], json!([made]));
    desk.bench.delete(&own, &desk.path("/accounts/stripe:cus_1")).await.expect(403);
    let ended = desk.bench.delete(&desk.admin, &desk.path("/accounts/stripe:cus_1")).await.expect(200);
    assert_eq!(ended["status"], "ended");
    desk.bench.delete(&desk.admin, &desk.path("/accounts/stripe:cus_1")).await.expect(200);
    desk.bench.delete(&desk.admin, &desk.path("/accounts/stripe:cus_2")).await.expect(404);
    desk.bench.post(&desk.admin, &format!("/v1/partners/{other}/accounts"), &body).await.expect(201);
    for (bad, pointer, status) in [
        (json!({"customer_id": "cus_1"}), "/customer_id", 400),
        (json!({"customer_id": "stripe:cus_3", "from": "2026-08-31T00:00:00Z"}), "/from", 422),
        (json!({"customer_id": "stripe:cus_3", "program_id": "prg_00000000000000000000000001"}), "/program_id", 422),
    ] {
        assert_eq!(desk.bench.post(&desk.admin, &desk.path("/accounts"), &bad).await.pointers(status), [pointer]);
    }
    assert_eq!(desk.actions().await, ["partner.created", "account.listed", "account.ended"]);
}

#[tokio::test]
async fn a_partner_of_another_tenant_is_not_there() {
    let desk = Desk::new().await;
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = desk.bench.key_of(&stranger, Role::Admin, "usr_1").await;
    desk.bench.change(&key, &desk.path(""), &json!({"tags": ["x"]}), None).await.expect(404);
    for (path, body) in [
        ("/suspend", json!({"reason": "x"})),
        ("/reinstate", json!({})),
        ("/enrolments", json!({"program_id": desk.program})),
        ("/accounts", json!({"customer_id": "stripe:cus_1"})),
    ] {
        desk.bench.post(&key, &desk.path(path), &body).await.expect(404);
    }
    for path in ["/enrolments", "/accounts"] {
        desk.bench.get(&key, &desk.path(path)).await.expect(404);
    }
    assert_eq!(desk.bench.get(&key, "/v1/partners?q=ada").await.expect(200)["data"], json!([]));
}
