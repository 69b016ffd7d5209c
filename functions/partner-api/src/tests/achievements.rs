//! COM-14 over the API: what there is to reach, what was reached, and that each change is a version of the rule.

use domain::fact::{Fact, SalePaid};
use domain::id::RuleId;
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Clause, Matching, Reward, RuleVersion, Terms};
use domain::time::Zone;
use revenue_recorder::booking::Recorder;
use serde_json::{Value, json};
use world::World;

use super::setup::{Answer, Bench};

const PATH: &str = "/v1/achievements";

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

    async fn make(&self, name: &str) -> Answer {
        let body = json!({
            "program_id": world::program().as_str(), "name": name, "metric": "sales", "threshold": "2",
            "bonus": "50.00", "badge": "two",
        });
        self.bench.post(&self.admin, PATH, &body).await
    }

    async fn patch(&self, id: &Value, body: &Value) -> Answer {
        let path = format!("{PATH}/{}", id.as_str().expect("id"));
        let request = http::Request::patch(path)
            .header("authorization", format!("Bearer {}", self.admin))
            .header("content-type", "application/json");
        self.bench.send(request.body(axum::body::Body::from(body.to_string())).expect("request")).await
    }

    async fn sell(&self, invoice: &str) {
        let World { store, tenant, keys, now, token, .. } = &self.world;
        let fact =
            Fact::SalePaid(SalePaid { click_token: Some(token.clone()), ..self.world.paid(invoice, "cus_1", "100") });
        Recorder::new(store, tenant, keys, &Zone::utc(), *now).book(&fact).await.expect("booked");
    }
}

#[tokio::test]
async fn an_achievement_is_a_milestone_of_a_new_version_and_the_old_one_stays() {
    let place = Place::new().await;
    let before = place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store");
    let made = place.make("First two").await.expect(201);
    assert_eq!(
        (&made["status"], &made["bonus"], &made["currency"]),
        (&json!("active"), &json!("50.00"), &json!("USD"))
    );
    let after = place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store");
    assert_eq!((after.len(), &after[..before.len()]), (before.len() + 1, before.as_slice()));
    let last = after.last().expect("a version");
    assert_eq!((last.terms.milestones.len(), &last.terms.clauses), (1, &before.last().expect("one").terms.clauses));
    assert_eq!(place.bench.get(&place.own, PATH).await.expect(200)["data"], json!([made]));
    let trail = place.world.store.list_audit(&place.world.tenant, world::program().as_str()).await.expect("store");
    assert_eq!(trail.last().map(|entry| entry.action.as_str()), Some("achievement.created"));
}

#[tokio::test]
async fn what_a_partner_reached_is_listed_with_its_badge_and_what_it_earns() {
    let mut place = Place::new().await;
    place.make("First two").await.expect(201);
    place.bench.now += jiff::SignedDuration::from_secs(1);
    place.world.now = place.bench.now;
    place.sell("in_1").await;
    let awards = format!("{PATH}/awards");
    assert_eq!(place.bench.get(&place.own, &awards).await.expect(200)["data"], json!([]));
    place.sell("in_2").await;
    let reached = place.bench.get(&place.own, &awards).await.expect(200);
    let row = &reached["data"][0];
    assert_eq!((&row["name"], &row["badge"], &row["status"]), (&json!("First two"), &json!("two"), &json!("open")));
    assert_eq!((&row["bonus"], &row["currency"]), (&json!("50.00"), &json!("USD")));
    let named = format!("{awards}?partner_id={}", place.world.partner);
    assert_eq!(place.bench.get(&place.admin, &named).await.expect(200), reached);
    assert_eq!(place.bench.get(&place.admin, &awards).await.status, 422, "staff says whose");
    let other = place.bench.key(Role::Partner, &domain::id::PartnerId::from_ulid(77_u128.into()).to_string()).await;
    assert_eq!(place.bench.get(&other, &named).await.status, 404);
}

#[tokio::test]
async fn an_achievement_is_changed_and_ended_by_further_versions() {
    let mut place = Place::new().await;
    let made = place.make("First two").await.expect(201);
    place.bench.now += jiff::SignedDuration::from_secs(1);
    let changed = place.patch(&made["id"], &json!({"threshold": "3", "bonus": null})).await.expect(200);
    assert_eq!(
        (&changed["threshold"], &changed["bonus"], &changed["badge"]),
        (&json!("3"), &Value::Null, &json!("two"))
    );
    assert_eq!(changed["id"], made["id"]);
    place.bench.now += jiff::SignedDuration::from_secs(1);
    let ended = place.patch(&made["id"], &json!({"active": false})).await.expect(200);
    assert_eq!(ended["status"], "ended");
    let versions = place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store");
    assert_eq!(versions.last().map(|version| version.terms.milestones.len()), Some(0));
}

#[tokio::test]
async fn what_is_wrong_with_an_achievement_is_told_and_nothing_is_made() {
    let mut place = Place::new().await;
    place.make("First two").await.expect(201);
    place.bench.now += jiff::SignedDuration::from_secs(1);
    assert_eq!(place.make("First two").await.expect(409)["type"], "urn:tributary:problem:achievement-exists");
    let good = json!({"program_id": world::program().as_str(), "name": "More", "metric": "sales", "threshold": "5",
        "badge": "more"});
    let nobody = domain::id::ProgramId::from_ulid(77_u128.into()).to_string();
    let rows = [
        ("program_id", json!("prg_1"), "/program_id", 400),
        ("program_id", json!(nobody), "/program_id", 422),
        ("threshold", json!("many"), "/threshold", 400),
        ("threshold", json!("2.50"), "/threshold", 422),
        ("threshold", json!("0"), "/threshold", 422),
        ("bonus", json!("-1.00"), "/bonus", 400),
        ("name", json!(""), "/name", 400),
        ("effective_from", json!("2020-01-01T00:00:00Z"), "/effective_from", 422),
    ];
    for (field, value, pointer, status) in rows {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(place.bench.post(&place.admin, PATH, &body).await.pointers(status), [pointer], "{field} {value}");
    }
    let finance = place.bench.key(Role::FinanceManager, "usr_2").await;
    assert_eq!(place.bench.post(&finance, PATH, &good).await.status, 403);
    let versions = place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store");
    assert_eq!(versions.iter().filter(|version| !version.terms.milestones.is_empty()).count(), 1);
}

#[tokio::test]
async fn an_achievement_is_not_hidden_by_a_version_that_begins_later_without_it() {
    let place = Place::new().await;
    let rules = format!("/v1/programs/{}/rules", world::program());
    let later = json!({"kind": "percentage", "rate": "0.2", "effective_from": "2030-01-01T00:00:00Z"});
    place.bench.post(&place.admin, &rules, &later).await.expect(201);
    assert_eq!(place.make("First two").await.expect(409)["type"], "urn:tributary:problem:later-version");
}

#[tokio::test]
async fn of_two_who_add_achievements_at_once_neither_version_lacks_the_others() {
    let place = Place::new().await;
    let body = |name: &str, from: &str| {
        json!({
            "program_id": world::program().as_str(), "name": name, "metric": "sales", "threshold": "2",
            "badge": "two", "effective_from": from,
        })
    };
    let mut made_at_once = 0;
    for day in 1..=8 {
        let (one, other) = (format!("First of {day}"), format!("Second of {day}"));
        let earlier = body(&one, &format!("2027-01-{day:02}T10:00:00Z"));
        let later = body(&other, &format!("2027-01-{day:02}T11:00:00Z"));
        let (first, second) =
            tokio::join!(place.bench.post(&place.admin, PATH, &earlier), place.bench.post(&place.admin, PATH, &later),);
        second.expect(201);
        // Behind a version that begins later there is no room: said so, and not lost.
        let is_made = first.status == 201;
        if !is_made {
            assert!(first.expect(409)["type"].as_str().is_some_and(|kind| kind.ends_with("later-version")));
        }
        made_at_once += u32::from(is_made);
        let versions = place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store");
        let newest = versions.last().expect("a version");
        let names: Vec<&str> = newest.terms.milestones.iter().map(|milestone| milestone.name.as_str()).collect();
        assert!(names.contains(&other.as_str()), "{names:?}");
        assert_eq!(names.contains(&one.as_str()), is_made, "{names:?}");
    }
    assert!(made_at_once > 0, "both were made at least once");
}

/// COM-2: what is refused by now and was taken before is in force all the same: it says so, and is no worse for an achievement.
#[tokio::test]
async fn a_version_in_force_that_would_be_refused_now_says_why_and_takes_achievements() {
    let place = Place::new().await;
    let (store, tenant) = (&place.world.store, &place.world.tenant);
    let versions = store.list_rules(tenant, &world::program()).await.expect("store");
    let last = versions.last().expect("a version").clone();
    let clause = |name: &str| {
        let share = Reward::Percentage(Rate::parse("0.6").expect("a rate"));
        Clause { name: name.to_owned(), ..Clause::simple(share) }
    };
    let terms = Terms { matching: Matching::Sum, clauses: vec![clause("a"), clause("b")], ..last.terms.clone() };
    let effective_from = place.world.now.checked_sub(jiff::SignedDuration::from_secs(60)).expect("an instant");
    let rule = RuleVersion { id: RuleId::from_ulid(99_u128.into()), effective_from, terms, ..last };
    store.create_rule(tenant, &rule).await.expect("as it was taken before");
    let path = format!("/v1/programs/{}/rules", world::program());
    let listed = place.bench.get(&place.admin, &path).await.expect(200);
    let warning = &listed["data"].as_array().expect("versions").last().expect("the newest")["warnings"][0];
    assert_eq!((&warning["name"], &warning["pointer"]), (&json!("over_the_sale"), &json!("/clauses/1/reward")));
    // What is wrong with an achievement itself is told as ever.
    let body = json!({
        "program_id": world::program().as_str(), "name": "None", "metric": "sales", "threshold": "0", "badge": "x",
    });
    let refused = place.bench.post(&place.admin, PATH, &body).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/threshold", "{refused:?}");
    place.make("First two").await.expect(201);
}

/// The newest version's only achievement, as the API shows it.
async fn newest(place: &Place) -> Value {
    let path = format!("/v1/programs/{}/rules", world::program());
    let listed = place.bench.get(&place.admin, &path).await.expect(200);
    listed["data"].as_array().and_then(|versions| versions.last()).expect("a version")["milestones"][0].clone()
}

#[tokio::test]
async fn of_two_who_change_an_achievement_at_once_neither_takes_back_what_the_other_changed() {
    let mut place = Place::new().await;
    let made = place.make("First two").await.expect(201);
    place.bench.now += jiff::SignedDuration::from_secs(1);
    let (mut threshold, mut changed_at_once) = ("2".to_owned(), 0);
    for day in 1..=8 {
        let wished = (10 + day).to_string();
        let bonus = format!("{}.00", 100 + day);
        let earlier = json!({"threshold": wished, "effective_from": format!("2027-01-{day:02}T10:00:00Z")});
        let later = json!({"bonus": bonus, "effective_from": format!("2027-01-{day:02}T11:00:00Z")});
        let (first, second) = tokio::join!(place.patch(&made["id"], &earlier), place.patch(&made["id"], &later));
        second.expect(200);
        // Behind a version that begins later there is no room: said so, and not lost.
        if first.status == 200 {
            (threshold, changed_at_once) = (wished, changed_at_once + 1);
        } else {
            assert!(first.expect(409)["type"].as_str().is_some_and(|kind| kind.ends_with("later-version")));
        }
        let newest = newest(&place).await;
        assert_eq!((&newest["threshold"], &newest["bonus"]), (&json!(threshold), &json!(bonus)), "{day}");
    }
    assert!(changed_at_once > 0, "both were done at least once");
}

#[tokio::test]
async fn whoever_changes_an_achievement_that_another_changed_meanwhile_is_told_both_versions() {
    let mut place = Place::new().await;
    let answer = place.make("First two").await;
    assert_eq!(answer.headers["etag"], "\"1\"");
    let made = answer.expect(201);
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    let versions = async |place: &Place| {
        place.world.store.list_rules(&place.world.tenant, &world::program()).await.expect("store")
    };
    let change = async |place: &mut Place, body: Value, seen: &str| {
        place.bench.now += jiff::SignedDuration::from_secs(1);
        place.bench.change(&place.admin, &path, &body, Some(seen)).await
    };
    let done = change(&mut place, json!({"threshold": "3"}), "\"1\"").await;
    assert_eq!(done.headers["etag"], "\"2\"");
    done.expect(200);
    let before = versions(&place).await;
    for body in [json!({"bonus": "70.00"}), json!({"active": false})] {
        let late = change(&mut place, body, "\"1\"").await.expect(412);
        assert_eq!(late["versions"], json!({"seen": 1, "present": 2}));
    }
    assert_eq!(versions(&place).await, before, "nothing of it was done");
    // Another achievement is none of theirs; the list says which version each has.
    place.make("More").await.expect(201);
    let listed = place.bench.get(&place.admin, PATH).await.expect(200);
    assert_eq!((&listed["data"][0]["version"], &listed["data"][1]["version"]), (&json!(2), &json!(1)), "{listed}");
    let done = change(&mut place, json!({"bonus": "70.00"}), "\"2\"").await;
    assert_eq!(done.headers["etag"], "\"3\"");
    assert_eq!(done.expect(200)["threshold"], "3", "what the other changed stays");
    // Whoever does not say what they saw is refused nothing, as ever.
    place.bench.now += jiff::SignedDuration::from_secs(1);
    assert_eq!(place.patch(&made["id"], &json!({"active": false})).await.expect(200)["version"], 4);
}
