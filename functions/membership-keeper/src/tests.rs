//! Rounds over a real store, with as much of Stripe and of Secrets Manager as they ask for.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use axum::{Json, Router};
use cases::awards::{Initiated, NewMember};
use cases::payouts::{Command, Moved};
use domain::award::{AwardState, Policy};
use domain::id::{MemberId, SubscriptionId};
use domain::member::{Change, KycStatus};
use domain::payout::Sent;
use domain::subscription::SubscriptionStatus;
use domain::time::BusinessDay;
use edge::aws::Aws;
use edge::config::Reader;
use http::StatusCode;
use serde_json::{Value, json};
use store::people::Person;
use world::World;

use super::*;

/// Which subscriptions are cancelled, and whether Stripe answers.
#[derive(Clone, Default)]
struct Provider {
    cancelled: Arc<Mutex<Vec<String>>>,
    is_away: Arc<Mutex<bool>>,
}

async fn cancel(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    if *provider.is_away.lock().expect("a lock") {
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"error": {"type": "api_error"}}))).into_response();
    }
    let mut cancelled = provider.cancelled.lock().expect("a lock");
    if cancelled.contains(&id) {
        let error = json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "gone"}});
        return (StatusCode::NOT_FOUND, Json(error)).into_response();
    }
    cancelled.push(id.clone());
    Json(json!({"id": id, "status": "canceled", "customer": "cus_1", "items": {"data": []}})).into_response()
}

async fn secret() -> Json<Value> {
    Json(json!({"SecretString": json!({"click_token_key": "k", "stripe_secret_key": "sk_test_1"}).to_string()}))
}

async fn app(world: &World, provider: &Provider) -> App {
    let routes = Router::new()
        .route("/v1/subscriptions/{id}", delete(cancel))
        .route("/", post(secret))
        .with_state(provider.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()),
    ];
    let aws = Aws::from(&mut Reader::from_map(variables));
    let keys = Keys {
        secrets: NamedSecrets::connect(&aws.service(Service::SecretsManager)),
        stage: "dev".to_owned(),
        stage_secret_arn: "arn:aws:secretsmanager:us-east-1:1:secret:stage".to_owned(),
    };
    let accounts = Accounts::new(client(&url, Patience::ONCE).expect("a client"), keys);
    App::new(world.store.clone(), accounts, Clock::fixed(world.now))
}

fn asked(text: &str) -> Asked {
    serde_json::from_str(text).expect("JSON")
}

fn eligibility() -> Asked {
    asked(include_str!("../../../events/membership-keeper/eligibility.json"))
}

fn memberships() -> Asked {
    asked(include_str!("../../../events/membership-keeper/memberships.json"))
}

fn admin(who: &str) -> Actor {
    Actor::new(Role::Admin, who)
}

/// A business that has sold for 250,000 and has one member with a subscription.
async fn business() -> World {
    let world = World::new().await;
    let policy = Policy { launched_on: Some(BusinessDay::parse("2025-01-01").expect("a day")), ..Policy::default() };
    let deed = domain::audit::Deed {
        at: world.now,
        actor: admin("usr_ada"),
        action: "award.policy_set",
        old: std::collections::BTreeMap::new(),
        new: std::collections::BTreeMap::new(),
    };
    let entry = domain::audit::append(domain::audit::ChainEnd::START, "award_policy", deed);
    world.store.replace_award_policy(&world.tenant, &policy, &entry).await.expect("store");
    world.earn("in_1", "250000.00", BusinessDay::parse("2026-11-21").expect("a day")).await;
    let key = world::key("sub_1");
    let subscription = Subscription {
        subscription: key.clone(),
        customer: None,
        status: SubscriptionStatus::Active,
        plan: None,
        product: None,
        item: None,
        quantity: 1,
        amount: None,
        every: None,
        period_start: None,
        period_end: None,
        started_at: None,
        cancel_at: None,
        cancel_at_period_end: false,
        canceled_at: None,
        ended_at: None,
        trial_end: None,
        paused: false,
        resumes_at: None,
        told_at: world.now,
    };
    assert!(world.store.record_subscription(&world.tenant, &subscription).await.expect("store"));
    let awards = Awards::open(&world.store, &world.tenant, admin("usr_ada"), world.now).await.expect("awards");
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: world.now };
    let change = Change { subscription: Some(SubscriptionId::of(&key)), ..Change::default() };
    let id = MemberId::from_ulid(1_001_u128.into());
    let new = NewMember { id: id.clone(), tenure_since: world.now, change, person };
    awards.create_member(new).await.expect("a member");
    let by = (admin("usr_ada"), world.now);
    let verified = awards.change_member(&id, (None, "kyc"), None, |member| {
        Ok(member.verify(Some(KycStatus::Verified), None, by.clone()))
    });
    verified.await.expect("an answer");
    world
}

/// An award is given and paid, and nobody has followed it yet.
async fn paid(world: &World) -> StoredAward {
    let awards = Awards::open(&world.store, &world.tenant, admin("usr_ada"), world.now).await.expect("awards");
    let Initiated::Begun(begun) = awards.initiate(None, "one").await.expect("an answer") else { panic!("not begun") };
    let payout = begun.payout.clone().expect("a payout").payout;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    let seal = payout.seal;
    for (role, who, command) in [
        (Role::Admin, "usr_ben", Command::Approve { seal }),
        (Role::Admin, "usr_cat", Command::Approve { seal }),
        (Role::FinanceManager, "usr_fin", Command::MarkSent(sent)),
        (Role::FinanceManager, "usr_fin", Command::Confirm { completed_at: world.now, reference: "bank 1".to_owned() }),
    ] {
        let moved = world.command(&payout.id, role, who, command).await;
        assert!(matches!(moved, Moved::Done(_)), "{moved:?}");
    }
    begun.stored.clone()
}

async fn state(world: &World, award: &StoredAward) -> AwardState {
    let stored = world.store.get_award(&world.tenant, &award.award.id).await.expect("store");
    stored.expect("an award").award.state
}

#[tokio::test]
async fn a_look_each_day_says_how_many_there_are_to_give_and_changes_nothing_else() {
    let world = business().await;
    let app = app(&world, &Provider::default()).await;
    for _ in 0..2 {
        let round = app.handle(eligibility()).await.expect("a round");
        assert_eq!(round, Round { tenants: 1, winners: 2, ..Round::default() });
    }
    let none = app.handle(memberships()).await.expect("a round");
    assert_eq!(none, Round { tenants: 1, ..Round::default() });
    world.verified().await;
}

#[tokio::test]
async fn a_tenant_that_gives_no_awards_is_left_alone() {
    let world = World::new().await;
    let app = app(&world, &Provider::default()).await;
    world.database.reset_units();
    for asked in [eligibility(), memberships()] {
        assert_eq!(app.handle(asked).await.expect("a round"), Round { tenants: 1, ..Round::default() });
    }
    // Of each of the two rounds that it began and that it ended; nothing of the tenant's.
    assert_eq!(world.database.units().write_hundredths, 400);
}

#[tokio::test]
async fn a_membership_ends_a_year_after_the_payment_and_its_subscription_is_cancelled_once() {
    let mut world = business().await;
    let provider = Provider::default();
    app(&world, &provider).await.handle(eligibility()).await.expect("a round");
    let award = paid(&world).await;
    let round = app(&world, &provider).await.handle(memberships()).await.expect("a round");
    assert_eq!((round.followed, round.ended), (1, 0));
    assert!(matches!(state(&world, &award).await, AwardState::Paid { .. }));

    world.pass_days(365);
    // Stripe is away: nothing is marked as ended, and the round fails.
    *provider.is_away.lock().expect("a lock") = true;
    assert!(app(&world, &provider).await.handle(memberships()).await.is_err());
    assert!(matches!(state(&world, &award).await, AwardState::Paid { .. }));
    *provider.is_away.lock().expect("a lock") = false;
    // A round before this one has cancelled and died: what is gone already is no error.
    provider.cancelled.lock().expect("a lock").push("sub_1".to_owned());
    for ended in [1, 0] {
        let round = app(&world, &provider).await.handle(memberships()).await.expect("a round");
        assert_eq!(round.ended, ended);
    }
    assert!(matches!(state(&world, &award).await, AwardState::Ended { .. }));
    assert_eq!(*provider.cancelled.lock().expect("a lock"), ["sub_1"]);
    let member = world.store.get_member(&world.tenant, &award.award.member).await.expect("store").expect("a member");
    assert_eq!(member.member.state.word(), "removed");
    world.verified().await;
}
