//! What was made by mistake goes again; what has a history stays, and the answer says what to do instead.

use cases::desk::Desk;
use cases::desk::adjustments::{self, Asked, Moved, Wish};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::{AdjustmentId, PartnerId};
use domain::money::Money;
use domain::role::Role;
use serde_json::{Value, json};
use store::removals::Removed;
use world::World;

use super::setup::{Answer, Bench, tenant};

mod between;

/// The kind of the refusal, and what it says.
fn refused(answer: Answer) -> (String, String) {
    let body = answer.expect(409);
    let kind = body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned();
    (kind, body["detail"].as_str().unwrap_or_default().to_owned())
}

async fn actions(bench: &Bench, thing: &str) -> Vec<String> {
    let trail = bench.store.list_audit(&tenant(), thing).await.expect("a trail");
    trail.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn a_programme_that_nobody_worked_with_goes_with_its_rules_and_one_with_a_partner_is_closed_instead() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let (mistake, used) = (bench.program(&admin).await, bench.program(&admin).await);
    bench.partner(&admin, &used).await;
    let path = format!("/v1/programs/{mistake}");
    assert_eq!(bench.delete_seen(&admin, &path, "\"7\"").await.status, 412);
    assert_eq!(bench.delete(&admin, &path).await.status, 204);
    assert_eq!(bench.get(&admin, &path).await.status, 404);
    let id = domain::id::ProgramId::parse(&mistake).expect("an id");
    assert_eq!(bench.store.list_rules(&tenant(), &id).await.expect("store"), []);
    assert_eq!(bench.delete(&admin, &path).await.status, 404, "it is gone");
    assert_eq!(actions(&bench, &mistake).await.last().map(String::as_str), Some("program.deleted"));
    // Nobody is enrolled in what is gone, however they came to know of it.
    let body = json!({"name": "Ada", "email": "ada@partner.example", "program_id": mistake});
    assert_eq!(bench.post(&admin, "/v1/partners", &body).await.pointers(422), ["/program_id"]);

    let (kind, why) = refused(bench.delete(&admin, &format!("/v1/programs/{used}")).await);
    assert_eq!(kind, "program-in-use");
    assert!(why.contains("closed"), "{why}");
    let support = bench.key(Role::Support, "usr_2").await;
    assert_eq!(bench.delete(&support, &format!("/v1/programs/{used}")).await.status, 403);
}

#[tokio::test]
async fn a_programme_to_which_somebody_applied_stays() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let form = json!({"name": "Grace", "email": "grace@partner.example", "answers": []});
    let request = http::Request::post(format!("/v1/programs/{program}/applications"))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(form.to_string()));
    bench.send(request.expect("a request")).await.expect(202);
    assert_eq!(refused(bench.delete(&admin, &format!("/v1/programs/{program}")).await).0, "program-in-use");
}

#[tokio::test]
async fn a_partner_who_never_did_anything_goes_whole_and_their_address_is_nobodys() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let path = format!("/v1/partners/{partner}");
    assert_eq!(bench.delete_seen(&admin, &path, "\"7\"").await.status, 412);
    let seen = bench.get(&admin, &path).await.headers["etag"].to_str().expect("an ETag").to_owned();
    assert_eq!(bench.delete_seen(&admin, &path, &seen).await.status, 204);
    assert_eq!(bench.get(&admin, &path).await.status, 404);
    let listed = bench.get(&admin, "/v1/partners").await.expect(200);
    assert_eq!(listed["data"], json!([]));
    let id = domain::id::PartnerId::parse(&partner).expect("an id");
    assert_eq!(bench.store.get_person(&tenant(), &id).await.expect("store"), None);
    assert!(bench.store.list_marks(&tenant(), &id).await.expect("store").is_empty());
    let ids = bench.store.list_partner_ids(&tenant(), None, 10).await.expect("store");
    assert!(ids.items.is_empty(), "{:?}", ids.items);
    // Whoever comes under that address is no duplicate of somebody who is gone.
    let again = bench.partner(&admin, &program).await;
    assert_eq!(bench.get(&admin, &format!("/v1/partners/{again}")).await.expect(200)["status"], "active");
    assert_eq!(actions(&bench, &partner).await, ["partner.created", "partner.deleted"]);
}

#[tokio::test]
async fn a_partner_with_a_history_stays_and_the_answer_says_why_and_what_to_do() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let link = |partner: &str| {
        let body = json!({"partner_id": partner, "program_id": program, "destination": "https://shop.example/"});
        ("/v1/revenue/affiliates", body)
    };
    let coupon =
        |partner: &str| ("/v1/coupons", json!({"code": "ADA20", "partner_id": partner, "program_id": program}));
    let account = json!({"customer_id": "stripe:cus_1", "program_id": program});
    for word in ["links", "coupons", "customers"] {
        let body = json!({"name": "Ada", "email": format!("{word}@partner.example"), "program_id": program});
        let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
        let partner = made["id"].as_str().expect("an id").to_owned();
        let made = match word {
            "links" => bench.post(&admin, link(&partner).0, &link(&partner).1).await,
            "coupons" => bench.post(&admin, coupon(&partner).0, &coupon(&partner).1).await,
            _ => bench.post(&admin, &format!("/v1/partners/{partner}/accounts"), &account).await,
        };
        assert_eq!(made.status, 201, "{word}: {}", made.body);
        let (kind, why) = refused(bench.delete(&admin, &format!("/v1/partners/{partner}")).await);
        assert_eq!(kind, "partner-in-use");
        assert!(why.contains(word) && why.contains("suspend") && why.contains("erase"), "{why}");
        assert_eq!(bench.get(&admin, &format!("/v1/partners/{partner}")).await.status, 200, "{word}");
    }
}

/// Asks for the end of a partner; what it is told.
async fn stays(bench: &Bench, admin: &str, partner: &str) -> String {
    let (kind, why) = refused(bench.delete(admin, &format!("/v1/partners/{partner}")).await);
    assert_eq!(kind, "partner-in-use");
    assert_eq!(bench.get(admin, &format!("/v1/partners/{partner}")).await.status, 200, "{why}");
    why
}

#[tokio::test]
async fn a_partner_with_a_payment_method_or_a_suspension_behind_it_stays() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let paid_to = bench.partner(&admin, &program).await;
    let methods = json!({"methods": [{"details": {"rail": "paypal", "email": "ada@partner.example"}}]});
    bench.put(&admin, &format!("/v1/partners/{paid_to}/payout-method"), &methods).await.expect(200);
    let why = stays(&bench, &admin, &paid_to).await;
    assert!(why.contains("where its money goes"), "{why}");
    let body = json!({"name": "Bo", "email": "bo@partner.example", "program_id": program});
    let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
    let suspended = made["id"].as_str().expect("an id");
    let reason = json!({"reason": "spam"});
    bench.post(&admin, &format!("/v1/partners/{suspended}/suspend"), &reason).await.expect(200);
    let why = stays(&bench, &admin, suspended).await;
    assert!(why.contains("it was suspended"), "{why}");
}

#[tokio::test]
async fn a_partner_who_referred_another_stays_also_when_nobody_is_named_any_more() {
    // COM-13: whoever it referred may have sold already, and its share is booked under its name.
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let referrer = bench.partner(&admin, &program).await;
    let body =
        json!({"name": "Bo", "email": "bo@partner.example", "program_id": program, "referrer_id": referrer.clone()});
    let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
    let why = stays(&bench, &admin, &referrer).await;
    assert!(why.contains("referred"), "{why}");
    let referred = format!("/v1/partners/{}", made["id"].as_str().expect("an id"));
    bench.change(&admin, &referred, &json!({"referrer_id": null}), None).await.expect(200);
    let why = stays(&bench, &admin, &referrer).await;
    assert!(why.contains("referred"), "{why}");
    // Named by a change it is the same.
    let body = json!({"name": "Cy", "email": "cy@partner.example", "program_id": program});
    let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
    let named = made["id"].as_str().expect("an id");
    bench.change(&admin, &referred, &json!({"referrer_id": named}), None).await.expect(200);
    let why = stays(&bench, &admin, named).await;
    assert!(why.contains("referred"), "{why}");
}

#[tokio::test]
async fn a_partner_who_applied_and_was_taken_on_stays() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let form = json!({"name": "Grace", "email": "grace@partner.example", "answers": []});
    let path = format!("/v1/programs/{program}/applications");
    let request = http::Request::post(&path).header("content-type", "application/json");
    bench.send(request.body(axum::body::Body::from(form.to_string())).expect("a request")).await.expect(202);
    let pending = bench.get(&admin, &format!("{path}?status=pending")).await.expect(200);
    let application = pending["data"][0]["id"].as_str().expect("an id").to_owned();
    let approve = format!("/v1/partners/{application}/approve");
    let approved = bench.post(&admin, &approve, &json!({})).await.expect(200);
    let why = stays(&bench, &admin, approved["partner_id"].as_str().expect("an id")).await;
    assert!(why.contains("it applied"), "{why}");
}

#[tokio::test]
async fn a_partner_for_whom_money_was_booked_stays_also_when_it_came_behind_the_look() {
    let world = World::new().await;
    let bench = Bench::over(world.database.clone(), world.now).await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    // One who has nothing but the money.
    let partner = PartnerId::from_ulid(77_u128.into());
    world.befriend(&partner).await;
    let actor = Actor::new(Role::Admin, "usr_1");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let asked = Asked {
        id: AdjustmentId::from_ulid(1_u128.into()),
        partner: partner.clone(),
        wish: Wish::Correction { amount: Money::from_minor(500, Currency::USD) },
        reason: "A prize.".to_owned(),
    };
    let moved = adjustments::ask(&desk, &asked).await.expect("store");
    assert!(matches!(moved, Moved::Done(_)), "{moved:?}");
    let why = stays(&bench, &admin, partner.as_str()).await;
    assert!(why.contains("money was booked"), "{why}");
    // Whoever looked before the money came is stopped by the write itself.
    let record = world.store.get_partner_record(&world.tenant, &partner).await.expect("store").expect("a partner");
    world.store.begin_leaving(&world.tenant, &partner, world.now).await.expect("store");
    let removed = world.store.delete_partner(&world.tenant, &record, world.now).await.expect("store");
    assert_eq!(removed, Removed::Used);
    assert!(world.store.get_partner(&world.tenant, &partner).await.expect("store").is_some());
}

#[tokio::test]
async fn a_group_goes_when_nobody_is_in_it_and_no_rule_that_holds_speaks_of_it() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let made = bench.post(&admin, "/v1/groups", &json!({"name": "gold", "default_rate": "0.4"})).await.expect(201);
    let path = format!("/v1/groups/{}", made["id"].as_str().expect("an id"));
    // Its rate went into the rule of a programme that was made since.
    let program = bench.program(&admin).await;
    let (kind, why) = refused(bench.delete(&admin, &path).await);
    assert_eq!(kind, "group-in-use");
    assert!(why.contains("rule rul_"), "{why}");
    bench.delete(&admin, &format!("/v1/programs/{program}")).await;
    let silver = bench.post(&admin, "/v1/groups", &json!({"name": "silver"})).await.expect(201);
    let silver = format!("/v1/groups/{}", silver["id"].as_str().expect("an id"));
    let program = bench.post(&admin, "/v1/programs", &super::setup::program_body()).await.expect(201);
    let body =
        json!({"name": "Piet", "email": "piet@partner.example", "program_id": program["id"], "groups": ["silver"]});
    bench.post(&admin, "/v1/partners", &body).await.expect(201);
    let (kind, why) = refused(bench.delete(&admin, &silver).await);
    assert_eq!(kind, "group-in-use");
    assert!(why.contains("partner par_"), "{why}");
    let lone = bench.post(&admin, "/v1/groups", &json!({"name": "lone"})).await.expect(201);
    let lone = format!("/v1/groups/{}", lone["id"].as_str().expect("an id"));
    assert_eq!(bench.delete_seen(&admin, &lone, "\"9\"").await.status, 412);
    assert_eq!(bench.delete(&admin, &lone).await.status, 204);
    assert_eq!(bench.get(&admin, &lone).await.status, 404);
    // The name is free again.
    assert_eq!(bench.post(&admin, "/v1/groups", &json!({"name": "lone"})).await.status, 201);
}

fn link_of(partner: &str) -> Value {
    json!({"partner_id": partner, "destination": "https://shop.example/"})
}

#[tokio::test]
async fn nothing_is_made_for_a_partner_while_it_is_deleted_and_a_deletion_that_died_is_taken_back() {
    let mut bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let id = PartnerId::parse(&partner).expect("an id");
    bench.store.begin_leaving(&tenant(), &id, bench.now).await.expect("store");
    let coupon = json!({"code": "ADA20", "partner_id": partner, "program_id": program});
    for (path, body) in [("/v1/revenue/affiliates", link_of(&partner)), ("/v1/coupons", coupon.clone())] {
        let refused = bench.post(&admin, path, &body).await.expect(409);
        assert_eq!(refused["type"], "urn:tributary:problem:partner-gone", "{path}");
    }
    // Whoever died over it does not keep the partner from working.
    bench.now += jiff::SignedDuration::from_secs(61);
    bench.post(&admin, "/v1/revenue/affiliates", &link_of(&partner)).await.expect(503);
    bench.post(&admin, "/v1/revenue/affiliates", &link_of(&partner)).await.expect(201);
    bench.post(&admin, "/v1/coupons", &coupon).await.expect(201);
    // Whoever only slept deletes nothing.
    let record = bench.store.get_partner_record(&tenant(), &id).await.expect("store").expect("there");
    let late = bench.store.delete_partner(&tenant(), &record, super::setup::NOW.parse().expect("instant")).await;
    assert_ne!(late.expect("store"), Removed::Yes);
    let why = stays(&bench, &admin, &partner).await;
    assert!(why.contains("coupons"), "{why}");
    // Refused, it is no longer being deleted.
    bench.post(&admin, "/v1/revenue/affiliates", &link_of(&partner)).await.expect(201);
}
