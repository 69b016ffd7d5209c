//! POR-8: strangers apply, a person decides, and nobody learns whom the tenant knows.

use axum::body::Body;
use domain::id::{ApplicationId, PartnerId, ProgramId, TenantId};
use domain::role::Role;
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::partner_news::{PartnerNewsKind, Told};
use testkit::Fault;

use super::setup::{Answer, Bench, tenant};

struct Door {
    bench: Bench,
    admin: String,
    program: String,
}

fn form(email: &str) -> Value {
    json!({
        "name": "Grace Hopper", "email": email, "website": "https://grace.example/", "company": "Compilers",
        "answers": [{"question": "How will you tell of us?", "answer": "In my newsletter."}],
    })
}

impl Door {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        Self { bench, admin, program }
    }

    async fn apply_to(&self, program: &str, body: &Value) -> Answer {
        let request = Request::post(format!("/v1/programs/{program}/applications"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.bench.send(request.expect("request")).await
    }

    async fn apply(&self, email: &str) -> Value {
        self.apply_to(&self.program, &form(email)).await.expect(202)
    }

    async fn listed(&self, status: &str) -> Vec<Value> {
        let path = format!("/v1/programs/{}/applications?status={status}", self.program);
        self.bench.get(&self.admin, &path).await.expect(200)["data"].as_array().expect("data").clone()
    }

    async fn first(&self, status: &str) -> String {
        self.listed(status).await[0]["id"].as_str().expect("id").to_owned()
    }

    async fn decide(&self, id: &str, word: &str, body: &Value) -> Answer {
        self.bench.post(&self.admin, &format!("/v1/partners/{id}/{word}"), body).await
    }
}

#[tokio::test]
async fn an_applicant_becomes_a_partner_with_tier_and_group_and_is_told() {
    let door = Door::new().await;
    assert_eq!(door.apply("Grace@Example.com").await, json!({"status": "received"}));
    let pending = door.listed("pending").await;
    assert_eq!((&pending[0]["name"], &pending[0]["is_disposable_email"]), (&json!("Grace Hopper"), &json!(false)));
    assert_eq!(pending[0]["answers"][0]["answer"], "In my newsletter.");
    let id = door.first("pending").await;
    let terms = json!({"tier": "tier2", "groups": ["gold"]});
    let approved = door.decide(&id, "approve", &terms).await.expect(200);
    let partner = approved["partner_id"].as_str().expect("partner").to_owned();
    let read = door.bench.get(&door.admin, &format!("/v1/partners/{partner}")).await.expect(200);
    assert_eq!((&read["name"], &read["email"]), (&json!("Grace Hopper"), &json!("Grace@example.com")));
    assert_eq!((&read["company"], &read["status"]), (&json!("Compilers"), &json!("active")));
    assert_eq!((&read["programs"][0]["tier"], &read["programs"][0]["groups"]), (&json!("tier2"), &json!(["gold"])));
    let told = Told::Partner(PartnerId::parse(&partner).expect("id"));
    let news = door.bench.store.get_partner_news(&tenant(), &told, 1).await.expect("read").expect("news");
    assert_eq!(news.kind, PartnerNewsKind::PartnerApproved);
    assert!(door.listed("pending").await.is_empty());
    assert_eq!(door.listed("approved").await[0]["partner_id"], json!(partner));
    let found = door.bench.get(&door.admin, "/v1/partners?q=hopp").await.expect(200);
    assert_eq!(found["data"][0]["id"], json!(partner));
    let trail = door.bench.store.list_audit(&tenant(), &partner).await.expect("trail");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["application.approved"]);
    // Approved again by the same person it is the same partner; another is told that it is done.
    assert_eq!(door.decide(&id, "approve", &terms).await.expect(200)["partner_id"], json!(partner));
    let colleague = door.bench.key(Role::Admin, "usr_2").await;
    door.bench.post(&colleague, &format!("/v1/partners/{id}/approve"), &terms).await.expect(409);
    door.decide(&id, "decline", &json!({})).await.expect(409);
}

#[tokio::test]
async fn what_an_applicant_wrote_is_sealed() {
    let door = Door::new().await;
    door.apply("grace@example.com").await;
    let program = ProgramId::parse(&door.program).expect("id");
    let digest = domain::email::digest("grace@example.com").expect("address");
    let id = ApplicationId::of(&program, &digest);
    let stored = door.bench.store.get_application(&tenant(), &id).await.expect("read").expect("there");
    let text = format!("{stored:?}").to_lowercase();
    assert!(!text.contains("grace") && !text.contains("hopper") && !text.contains("newsletter"), "{text}");
}

#[tokio::test]
async fn the_answer_is_the_same_whoever_is_known_here() {
    let door = Door::new().await;
    door.bench.partner(&door.admin, &door.program).await;
    let answers = [door.apply("nobody@example.com").await, door.apply("ada@example.com").await];
    assert_eq!(answers[0], answers[1]);
    // Sent again, with other words and a tag: it is the same applicant, and what was sent first stands.
    let mut again = form("nobody+x@example.com");
    again["name"] = json!("Somebody Else");
    assert_eq!(door.apply_to(&door.program, &again).await.expect(202), answers[0]);
    let pending = door.listed("pending").await;
    assert_eq!(pending.len(), 2);
    assert!(pending.iter().all(|one| one["name"] == "Grace Hopper"), "{pending:?}");
}

#[tokio::test]
async fn a_known_address_is_enrolled_as_the_partner_that_it_is() {
    let door = Door::new().await;
    let other = door.bench.program(&door.admin).await;
    let known = door.bench.partner(&door.admin, &other).await;
    door.apply("ada@example.com").await;
    let id = door.first("pending").await;
    let approved = door.decide(&id, "approve", &json!({})).await.expect(200);
    assert_eq!(approved["partner_id"], json!(known));
    let read = door.bench.get(&door.admin, &format!("/v1/partners/{known}")).await.expect(200);
    assert_eq!(read["programs"].as_array().map(Vec::len), Some(2));
    // Another who has that partner's address in a programme where it is enrolled gains nothing.
    let again = door.apply_to(&other, &form("ada@example.com")).await;
    again.expect(202);
    let path = format!("/v1/programs/{other}/applications");
    let listed = door.bench.get(&door.admin, &path).await.expect(200);
    let second = listed["data"][0]["id"].as_str().expect("id").to_owned();
    let refused = door.decide(&second, "approve", &json!({})).await.expect(409);
    assert_eq!(refused["type"], "urn:tributary:problem:already-enrolled");
}

#[tokio::test]
async fn a_refused_applicant_is_told_and_may_ask_again_after_thirty_days() {
    let mut door = Door::new().await;
    door.apply("grace@example.com").await;
    let id = door.first("pending").await;
    let declined = door.decide(&id, "decline", &json!({"reason": "No coupon sites."})).await.expect(200);
    assert_eq!((&declined["status"], &declined["reason"]), (&json!("declined"), &json!("No coupon sites.")));
    door.decide(&id, "decline", &json!({})).await.expect(200);
    let told = Told::Applicant(ApplicationId::parse(&id).expect("id"));
    let news = door.bench.store.get_partner_news(&tenant(), &told, 2).await.expect("read").expect("news");
    assert_eq!(news.kind, PartnerNewsKind::ApplicationDeclined);
    door.bench.now += SignedDuration::from_hours(24 * 29);
    door.apply("grace@example.com").await;
    assert!(door.listed("pending").await.is_empty());
    door.bench.now += SignedDuration::from_hours(24);
    door.apply("grace@example.com").await;
    assert_eq!(door.listed("pending").await.len(), 1);
    // Who was refused may still be taken on.
    door.decide(&id, "decline", &json!({})).await.expect(200);
    door.decide(&id, "approve", &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_program_that_takes_nobody_and_one_that_is_not_there_say_the_same() {
    let door = Door::new().await;
    let path = format!("/v1/programs/{}", door.program);
    let nobody = door.apply_to("prg_00000000000000000000000001", &form("a@example.com")).await.expect(404);
    for body in [json!({"takes_applications": false}), json!({"takes_applications": true, "status": "closed"})] {
        door.bench.change(&door.admin, &path, &body, None).await.expect(200);
        let closed = door.apply_to(&door.program, &form("a@example.com")).await.expect(404);
        assert_eq!(closed["detail"], nobody["detail"]);
    }
    door.bench.change(&door.admin, &path, &json!({"status": "open"}), None).await.expect(200);
    door.apply("a@example.com").await;
}

#[tokio::test]
async fn an_application_that_cannot_be_is_refused_field_by_field() {
    let door = Door::new().await;
    let body = json!({
        "name": "", "email": "grace", "website": "javascript:alert(1)", "company": "\u{0}",
        "answers": [{"question": "", "answer": "x"}],
    });
    let pointers = door.apply_to(&door.program, &body).await.pointers(400);
    assert_eq!(pointers, ["/name", "/email", "/website", "/company", "/answers/0/question"]);
    let thrown_away = form("grace@mailinator.com");
    door.apply_to(&door.program, &thrown_away).await.expect(202);
    assert_eq!(door.listed("pending").await[0]["is_disposable_email"], true);
    let path = format!("/v1/programs/{}/applications?status=lost", door.program);
    assert_eq!(door.bench.get(&door.admin, &path).await.pointers(400), ["status"]);
}

#[tokio::test]
async fn whoever_applies_without_end_is_told_to_wait() {
    let door = Door::new().await;
    for _ in 0..70 {
        // What is no application does not shut the door for those that are.
        door.apply_to(&door.program, &form("no address")).await.expect(400);
    }
    for _ in 0..60 {
        door.apply("grace@example.com").await;
    }
    // Whether somebody is known or not, they wait alike.
    for email in ["grace@example.com", "nobody@example.com"] {
        let refused = door.apply_to(&door.program, &form(email)).await;
        assert_eq!(refused.headers["retry-after"], "60");
        refused.expect(429);
    }
    assert_eq!(door.listed("pending").await.len(), 1);
}

#[tokio::test]
async fn an_application_asks_as_much_of_the_store_whoever_is_known_here() {
    let door = Door::new().await;
    let mut asked = Vec::new();
    for email in ["warm@example.com", "grace@example.com", "grace@example.com", "ada@example.com"] {
        let before = door.bench.database.requests();
        door.apply(email).await;
        asked.push(door.bench.database.requests() - before);
    }
    assert_eq!((asked[1], asked[1]), (asked[2], asked[3]), "{asked:?}");
    assert_eq!(door.listed("pending").await.len(), 3);
}

#[tokio::test]
async fn whoever_is_suspended_is_not_taken_on_by_an_application() {
    let door = Door::new().await;
    let other = door.bench.program(&door.admin).await;
    let known = door.bench.partner(&door.admin, &other).await;
    let standing = |word: &str| format!("/v1/partners/{known}/{word}");
    door.bench.post(&door.admin, &standing("suspend"), &json!({"reason": "Fraud."})).await.expect(200);
    door.apply("ada@example.com").await;
    let id = door.first("pending").await;
    let refused = door.decide(&id, "approve", &json!({})).await.expect(409);
    assert_eq!(refused["type"], "urn:tributary:problem:partner-suspended");
    assert_eq!(door.first("pending").await, id, "it waits");
    door.bench.post(&door.admin, &standing("reinstate"), &json!({})).await.expect(200);
    let approved = door.decide(&id, "approve", &json!({})).await.expect(200);
    assert_eq!(approved["partner_id"], json!(known));
}

#[tokio::test]
async fn whoever_shares_a_mark_with_a_partner_does_not_become_them() {
    let door = Door::new().await;
    let other = door.bench.program(&door.admin).await;
    let known = door.bench.partner(&door.admin, &other).await;
    let digest = domain::email::digest("grace@example.com").expect("an address");
    let mark = domain::fraud::marks::Mark { kind: domain::fraud::marks::MarkKind::Email, digest };
    let partner = PartnerId::parse(&known).expect("id");
    door.bench.store.record_marks(&tenant(), &partner, &[mark], door.bench.now).await.expect("recorded");
    door.apply("grace@example.com").await;
    let id = door.first("pending").await;
    let approved = door.decide(&id, "approve", &json!({})).await.expect(200);
    assert_ne!(approved["partner_id"], json!(known));
}

#[tokio::test]
async fn two_applications_of_one_address_that_are_approved_at_once_are_one_partner() {
    let door = Door::new().await;
    let second = door.bench.program(&door.admin).await;
    door.apply("grace@example.com").await;
    door.apply_to(&second, &form("grace@example.com")).await.expect(202);
    let digest = domain::email::digest("grace@example.com").expect("an address");
    let ids = [&door.program, &second]
        .map(|program| ApplicationId::of(&ProgramId::parse(program).expect("id"), &digest).to_string());
    let nothing = json!({});
    let (one, two) = tokio::join!(door.decide(&ids[0], "approve", &nothing), door.decide(&ids[1], "approve", &nothing));
    for answer in [&one, &two] {
        assert!([200, 409].contains(&answer.status.as_u16()), "{}", answer.body);
    }
    let mut partners = std::collections::BTreeSet::new();
    for (id, answer) in ids.iter().zip([one, two]) {
        let approved = match answer.status.as_u16() {
            200 => answer.body,
            _ => door.decide(id, "approve", &nothing).await.expect(200),
        };
        partners.insert(approved["partner_id"].as_str().expect("partner").to_owned());
    }
    assert_eq!(partners.len(), 1, "{partners:?}");
    let listed = door.bench.get(&door.admin, "/v1/partners").await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn applications_of_another_tenant_are_not_there() {
    let door = Door::new().await;
    door.apply("grace@example.com").await;
    let id = door.first("pending").await;
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = door.bench.key_of(&stranger, Role::Admin, "usr_1").await;
    door.bench.get(&key, &format!("/v1/programs/{}/applications", door.program)).await.expect(404);
    door.bench.get(&key, &format!("/v1/programs/{}/applications/{id}", door.program)).await.expect(404);
    door.bench.post(&key, &format!("/v1/partners/{id}/approve"), &json!({})).await.expect(404);
    let partner = door.bench.key(Role::Partner, "par_00000000000000000000000001").await;
    door.bench.get(&partner, &format!("/v1/programs/{}/applications", door.program)).await.expect(403);
    door.bench.get(&door.admin, &format!("/v1/programs/{}/applications/{id}", door.program)).await.expect(200);
}

#[tokio::test]
async fn applications_are_read_page_by_page() {
    let mut door = Door::new().await;
    for n in 0..5 {
        door.bench.now += SignedDuration::from_secs(1);
        door.apply(&format!("grace{n}@example.com")).await;
    }
    let mut read = Vec::new();
    let mut path = format!("/v1/programs/{}/applications?limit=2", door.program);
    for _ in 0..4 {
        let page = door.bench.get(&door.admin, &path).await.expect(200);
        let data = page["data"].as_array().expect("data");
        read.extend(data.iter().map(|one| one["email"].as_str().expect("email").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/programs/{}/applications?limit=2&cursor={cursor}", door.program);
    }
    assert_eq!(read, [4, 3, 2, 1, 0].map(|n| format!("grace{n}@example.com")));
}

#[tokio::test]
async fn an_approval_makes_one_partner_wherever_its_first_run_died() {
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for after in 0..16 {
            let mut door = Door::new().await;
            door.apply("grace@example.com").await;
            let id = door.first("pending").await;
            let path = format!("/v1/partners/{id}/approve");
            door.bench.database.fail_after(after, 40, fault);
            door.bench.post_once(&door.admin, &path, &json!({}), Some("once")).await;
            door.bench.database.heal();
            door.bench.now += SignedDuration::from_secs(120);
            let done = door.bench.post_once(&door.admin, &path, &json!({}), Some("once")).await;
            assert_eq!(done.status, 200, "{fault:?} after {after}: {}", done.body);
            let partners = door.bench.get(&door.admin, "/v1/partners").await.expect(200);
            assert_eq!(partners["data"].as_array().map(Vec::len), Some(1), "{fault:?} after {after}");
            assert_eq!(partners["data"][0]["id"], done.body["partner_id"]);
        }
    }
}
