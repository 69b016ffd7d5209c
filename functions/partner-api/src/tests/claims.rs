//! ATT-7 over the API: a partner claims, a person decides, and what nobody was paid for is booked.

use domain::fact::{Fact, SalePaid};
use domain::role::Role;
use domain::time::Zone;
use jiff::SignedDuration;
use revenue_recorder::booking::Recorder;
use serde_json::{Value, json};
use world::World;

use super::setup::{Answer, Bench};

const CLAIMS: &str = "/v1/claims";

/// A world whose sales nobody brought, and the API over it.
struct Place {
    world: World,
    bench: Bench,
    admin: String,
    own: String,
}

impl Place {
    async fn new() -> Self {
        let world = World::new().await;
        let bench = Bench::over(world.database.clone(), world.now).await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let own = bench.key(Role::Partner, world.partner.as_str()).await;
        Self { world, bench, admin, own }
    }

    /// A sale that came without a click.
    async fn sold(&self, invoice: &str, customer: &str, paid: &str) {
        let World { store, tenant, keys, now, .. } = &self.world;
        let fact = Fact::SalePaid(SalePaid { click_token: None, ..self.world.paid(invoice, customer, paid) });
        Recorder::new(store, tenant, keys, &Zone::utc(), *now).book(&fact).await.expect("booked");
    }

    async fn claim(&self, order: &str) -> Answer {
        let body = json!({"order_reference": order, "evidence": "She wrote to me first."});
        self.bench.post(&self.own, CLAIMS, &body).await
    }

    async fn claimed(&self, order: &str) -> String {
        self.claim(order).await.expect(201)["id"].as_str().expect("id").to_owned()
    }

    async fn say(&self, key: &str, id: &str, word: &str) -> Answer {
        self.bench.post(key, &format!("{CLAIMS}/{id}/{word}"), &json!({"reason": "the mail shows it"})).await
    }
}

#[tokio::test]
async fn a_claim_is_made_by_its_partner_accepted_by_an_admin_and_pays_at_once() {
    let place = Place::new().await;
    place.sold("in_1", "cus_1", "100").await;
    let made = place.claim("in_1").await.expect(201);
    assert_eq!((&made["status"], &made["customer_id"]), (&json!("pending"), &Value::Null), "who it is is not told");
    let id = made["id"].as_str().expect("id");
    let listed = place.bench.get(&place.admin, "/v1/claims?status=pending").await.expect(200);
    assert_eq!(listed["data"][0]["customer_id"], "stripe:cus_1");
    assert_eq!(place.say(&place.own, id, "accept").await.status, 403);
    let accepted = place.say(&place.admin, id, "accept").await.expect(200);
    assert_eq!((&accepted["status"], &accepted["sales"]), (&json!("accepted"), &json!(1)));
    assert_eq!(place.world.total().await, "30.00");
    let again = place.say(&place.admin, id, "accept").await.expect(200);
    assert_eq!((&again["status"], &again["sales"]), (&json!("accepted"), &json!(0)), "once more pays nothing more");
    assert_eq!(place.say(&place.admin, id, "decline").await.expect(409)["type"], "urn:tributary:problem:claim-decided");
    let read = place.bench.get(&place.own, &format!("{CLAIMS}/{id}")).await.expect(200);
    assert_eq!((&read["reason"], &read["decided_by"]), (&json!("the mail shows it"), &Value::Null));
    place.world.verified().await;
}

#[tokio::test]
async fn a_claim_above_the_threshold_takes_two_admins() {
    let place = Place::new().await;
    place.sold("in_1", "cus_1", "400").await;
    let id = place.claimed("in_1").await;
    let first = place.say(&place.admin, &id, "accept").await.expect(200);
    assert_eq!((&first["status"], &first["needs_second"]), (&json!("pending"), &json!(true)));
    assert_eq!(place.world.total().await, "0.00");
    let same = place.say(&place.admin, &id, "accept").await.expect(409);
    assert_eq!(same["type"], "urn:tributary:problem:second-person-needed");
    let second = place.bench.key(Role::Admin, "usr_2").await;
    let accepted = place.say(&second, &id, "accept").await.expect(200);
    assert_eq!((&accepted["status"], &accepted["sales"]), (&json!("accepted"), &json!(1)));
    assert_eq!(place.world.total().await, "120.00");
    place.world.verified().await;
}

impl Place {
    /// The same request twice, whose first answer was lost, with nobody else between the two.
    async fn said_twice(&mut self, id: &str, word: &str) -> [Value; 2] {
        let (path, body) = (format!("{CLAIMS}/{id}/{word}"), json!({"reason": "the mail shows it"}));
        let first = self.bench.post_once(&self.admin, &path, &body, Some(word)).await.expect(200);
        self.bench.database.forget_answers().await;
        // The run of the first is over by then.
        self.bench.now += SignedDuration::from_secs(120);
        let again = self.bench.post_once(&self.admin, &path, &body, Some(word)).await.expect(200);
        self.bench.now = self.world.now;
        [first, again]
    }

    async fn actions(&self, id: &str) -> Vec<String> {
        let trail = self.world.store.list_audit(&self.world.tenant, id).await.expect("store");
        trail.into_iter().map(|entry| entry.action).collect()
    }
}

#[tokio::test]
async fn a_yes_and_a_no_whose_answers_were_lost_are_answered_as_before_and_book_nothing_twice() {
    // API-10
    let mut place = Place::new().await;
    place.sold("in_1", "cus_1", "400").await;
    let id = place.claimed("in_1").await;
    let [first, again] = place.said_twice(&id, "accept").await;
    assert_eq!((&first["status"], &first["needs_second"]), (&json!("pending"), &json!(true)));
    assert_eq!(again, first);
    // Another request of the same person is no echo, and is no second person.
    let same = place.say(&place.admin, &id, "accept").await.expect(409);
    assert_eq!(same["type"], "urn:tributary:problem:second-person-needed");
    let second = place.bench.key(Role::Admin, "usr_2").await;
    for sales in [1, 0] {
        let accepted = place.say(&second, &id, "accept").await.expect(200);
        assert_eq!((&accepted["status"], &accepted["sales"]), (&json!("accepted"), &json!(sales)), "without a key");
    }
    assert_eq!(place.world.total().await, "120.00");
    assert_eq!(place.actions(&id).await, ["claim.made", "claim.approved_first", "claim.accepted"]);
    let id = place.claimed("in_9").await;
    let [first, again] = place.said_twice(&id, "decline").await;
    assert_eq!((&first["status"], &again), (&json!("declined"), &first));
    assert_eq!(
        place.say(&place.admin, &id, "decline").await.expect(409)["type"],
        "urn:tributary:problem:claim-decided"
    );
    assert_eq!(place.actions(&id).await, ["claim.made", "claim.declined"]);
    place.world.verified().await;
}

#[tokio::test]
async fn what_is_claimed_is_not_claimed_again_until_it_is_declined() {
    let place = Place::new().await;
    let id = place.claimed("in_9").await;
    let twice = place.claim("in_9").await.expect(409);
    assert_eq!(twice["type"], "urn:tributary:problem:claimed-before");
    let nobody = place.say(&place.admin, &id, "accept").await;
    assert_eq!(nobody.pointers(422), ["/customer_id"], "nobody is known by it yet");
    let declined = place.say(&place.admin, &id, "decline").await.expect(200);
    assert_eq!(declined["status"], "declined");
    let again = place.claimed("in_9").await;
    let all = place.bench.get(&place.own, "/v1/claims?limit=1").await.expect(200);
    let cursor = all["next_cursor"].as_str().expect("a second page");
    let rest = place.bench.get(&place.own, &format!("/v1/claims?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(rest["next_cursor"], Value::Null);
    // Both are of one instant: in which order they come is chance.
    let mut met = [&all["data"][0]["id"], &rest["data"][0]["id"]].map(|id| id.as_str().unwrap_or_default().to_owned());
    let mut both = [id, again];
    met.sort();
    both.sort();
    assert_eq!(met, both);
    let none = place.bench.get(&place.own, "/v1/claims?status=accepted").await.expect(200);
    assert_eq!(none, json!({"data": [], "next_cursor": null}));
}

#[tokio::test]
async fn what_a_partner_says_is_sealed_and_shown_to_it_and_to_the_tenants_people_only() {
    let place = Place::new().await;
    let body = json!({"customer_email": "Grace@Example.com", "evidence": "We met at the fair."});
    let made = place.bench.post(&place.own, CLAIMS, &body).await.expect(201);
    let id = made["id"].as_str().expect("id");
    let stored = domain::id::ClaimId::parse(id).expect("id");
    let stored = place.world.store.get_claim(&place.world.tenant, &stored).await.expect("store").expect("there");
    let kept = format!("{stored:?}").to_lowercase();
    assert!(!kept.contains("grace") && !kept.contains("fair"), "{kept}");
    let path = format!("{CLAIMS}/{id}");
    for key in [&place.own, &place.admin] {
        let read = place.bench.get(key, &path).await.expect(200);
        assert_eq!(
            (&read["customer_email"], &read["evidence"]),
            (&json!("Grace@example.com"), &json!("We met at the fair."))
        );
    }
    let other = place.bench.key(Role::Partner, &domain::id::PartnerId::from_ulid(77_u128.into()).to_string()).await;
    assert_eq!(place.bench.get(&other, &path).await.status, 404);
    let elsewhere = domain::id::TenantId::from_ulid(5_u128.into());
    let elsewhere = place.bench.key_of(&elsewhere, Role::Admin, "usr_9").await;
    assert_eq!(place.bench.get(&elsewhere, &path).await.status, 404);
    assert_eq!(place.say(&elsewhere, id, "accept").await.status, 404);
}

#[tokio::test]
async fn a_claim_that_was_forgotten_is_read_and_declined_without_what_it_said() {
    // OPS-4
    let place = Place::new().await;
    let body = json!({"customer_email": "grace@example.com", "evidence": "We met at the fair."});
    let made = place.bench.post(&place.own, CLAIMS, &body).await.expect(201);
    let id = made["id"].as_str().expect("id");
    let World { store, tenant, .. } = &place.world;
    let parsed = domain::id::ClaimId::parse(id).expect("id");
    let kept = store.get_claim(tenant, &parsed).await.expect("store").expect("there");
    store.forget_claim(tenant, &kept).await.expect("store");
    let read = place.bench.get(&place.own, &format!("{CLAIMS}/{id}")).await.expect(200);
    assert_eq!((&read["customer_email"], &read["evidence"]), (&Value::Null, &json!("")));
    assert_eq!(read["by_email"], false);
    assert_eq!(place.say(&place.admin, id, "decline").await.expect(200)["status"], "declined");
}

#[tokio::test]
async fn a_claim_names_somebody_and_says_why() {
    let place = Place::new().await;
    let good = json!({"order_reference": "in_1", "evidence": "mine"});
    let rows = [
        ("order_reference", Value::Null, "/customer_email", 422),
        ("order_reference", json!(""), "/order_reference", 400),
        ("customer_email", json!("nobody"), "/customer_email", 400),
        ("customer_id", json!("stripe:cus_1"), "/customer_id", 422),
        ("evidence", json!("  "), "/evidence", 400),
        ("evidence", json!("x".repeat(4_001)), "/evidence", 400),
        ("program_id", json!("prg_1"), "/program_id", 400),
    ];
    for (field, value, pointer, status) in rows {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(place.bench.post(&place.own, CLAIMS, &body).await.pointers(status), [pointer], "{field} {value}");
    }
    let finance = place.bench.key(Role::FinanceManager, "usr_2").await;
    assert_eq!(place.bench.post(&finance, CLAIMS, &good).await.status, 403);
}
