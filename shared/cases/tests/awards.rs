//! Awards over a real table: who gets one, what becomes of it, and that none is given twice.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

#[path = "awards/crashing.rs"]
mod crashing;
#[path = "awards/queueing.rs"]
mod queueing;
#[path = "awards/returning.rs"]
mod returning;

use cases::awards::{Awards, Changed, Initiated, NewMember, Settled, follow, retention_of};
use cases::payouts::{Asked, Command, Moved, Requested, request};
use domain::audit::Actor;
use domain::award::{AwardState, Policy};
use domain::digest::Digest;
use domain::id::{MemberId, SubscriptionId};
use domain::member::{Change, KycStatus};
use domain::payout::hold::Hold;
use domain::payout::{Refused, Sent};
use domain::role::Role;
use domain::subscription::{Subscription, SubscriptionStatus};
use domain::time::{BusinessDay, Timestamp, Zone};
use jiff::SignedDuration;
use store::members::StoredMember;
use store::payouts::StoredPayout;
use store::people::Person;
use store::{TenantKey, Written};
use world::World;

fn actor(who: &str) -> Actor {
    Actor::new(Role::Admin, who)
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn member_id(n: u128) -> MemberId {
    MemberId::from_ulid((1_000 + n).into())
}

async fn awards<'a>(world: &'a World, who: &str) -> Awards<'a> {
    Awards::open(&world.store, &world.tenant, actor(who), world.now).await.expect("awards")
}

async fn set_policy(world: &World, tenant: &TenantKey, policy: &Policy) {
    let deed = domain::audit::Deed {
        at: world.now,
        actor: actor("usr_ada"),
        action: "award.policy_set",
        old: std::collections::BTreeMap::new(),
        new: std::collections::BTreeMap::new(),
    };
    let trail = world.store.list_audit(tenant, "award_policy").await.expect("store");
    let end = trail.last().map_or(domain::audit::ChainEnd::START, domain::audit::AuditEntry::end);
    let entry = domain::audit::append(end, "award_policy", deed);
    assert_eq!(world.store.replace_award_policy(tenant, policy, &entry).await.expect("store"), Written::Yes);
}

/// A business of nearly two years that has sold for so much, and looked at it.
async fn business(sold: &str) -> World {
    let world = World::new().await;
    furnish(&world, sold).await;
    world
}

async fn furnish(world: &World, sold: &str) {
    let policy = Policy { launched_on: Some(day("2025-01-01")), ..Policy::default() };
    set_policy(world, &world.tenant, &policy).await;
    world.earn("in_1", sold, Zone::utc().day_of(world.now)).await;
    let _checked = awards(world, "machine").await.check().await.expect("a check");
}

fn subscription_of(n: u128, status: SubscriptionStatus, at: Timestamp) -> Subscription {
    Subscription {
        subscription: world::key(&format!("sub_{n}")),
        customer: None,
        status,
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
        told_at: at,
    }
}

/// A member who has waited for so many days, without anything that an award needs.
async fn stranger(world: &World, n: u128, days: i64) -> StoredMember {
    let since = world.now.checked_sub(SignedDuration::from_hours(24 * days)).expect("an instant");
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: world.now };
    let change =
        Change { subscription: Some(SubscriptionId::of(&world::key(&format!("sub_{n}")))), ..Change::default() };
    let new = NewMember { id: member_id(n), tenure_since: since, change, person };
    awards(world, "usr_ada").await.create_member(new).await.expect("a member")
}

/// A member who could be given an award.
async fn member(world: &World, n: u128, days: i64) -> StoredMember {
    let _new = stranger(world, n, days).await;
    let told = subscription_of(n, SubscriptionStatus::Active, world.now);
    assert!(world.store.record_subscription(&world.tenant, &told).await.expect("store"));
    let by = (actor("usr_ada"), world.now);
    change(world, n, &format!("kyc {n}"), |member| Ok(member.verify(Some(KycStatus::Verified), None, by.clone()))).await
}

async fn change(
    world: &World,
    n: u128,
    request: &str,
    step: impl Fn(&domain::member::Member) -> Result<domain::member::Step, domain::member::Refused>,
) -> StoredMember {
    let (id, desk) = (member_id(n), awards(world, "usr_ada").await);
    match desk.change_member(&id, (None, request), None, step).await.expect("an answer") {
        Changed::Done(stored) => *stored,
        other => panic!("{other:?}"),
    }
}

async fn begin(world: &World, who: &str, under: &str) -> Settled {
    match awards(world, who).await.initiate(None, under).await.expect("an answer") {
        Initiated::Begun(begun) => *begun,
        other => panic!("{other:?}"),
    }
}

async fn step(world: &World, role: Role, who: &str, payout: &StoredPayout, command: Command) -> StoredPayout {
    let id = &payout.payout.id;
    let moved = world.command(id, role, who, command).await;
    let Moved::Done(stored) = moved else { panic!("{moved:?}") };
    let by = Actor { role, ..actor(who) };
    follow(&world.store, &world.tenant, &stored.payout, (&by, world.now)).await.expect("the award follows");
    *stored
}

fn approval(payout: &StoredPayout) -> Command {
    Command::Approve { seal: payout.payout.seal }
}

async fn award_state(world: &World, settled: &Settled) -> AwardState {
    let stored = world.store.get_award(&world.tenant, &settled.stored.award.id).await.expect("store");
    stored.expect("an award").award.state
}

async fn waiting(world: &World) -> Vec<MemberId> {
    let page = world.store.list_award_queue(&world.tenant, None, 100).await.expect("store");
    page.items.into_iter().map(|queued| queued.member).collect()
}

async fn given(world: &World) -> u32 {
    world.store.get_award_tally(&world.tenant).await.expect("store").tally.given
}

/// AWD-1 to AWD-4, from the look at the revenue to the member who comes back.
#[tokio::test]
async fn an_award_is_given_approved_by_two_paid_and_the_membership_ends_a_year_later() {
    let mut world = business("250000.00").await;
    member(&world, 1, 300).await;
    member(&world, 2, 400).await;
    let begun = begin(&world, "usr_ada", "request 1").await;
    let award = &begun.stored.award;
    // The longest waiting is first, whoever was made first.
    assert_eq!((award.member.clone(), award.id.clone()), (member_id(2), member_id_award(2, 1)));
    let snapshot = &award.snapshot;
    assert_eq!((snapshot.revenue.to_text().as_str(), snapshot.allowed, snapshot.months), ("250000.00", 2, 22));
    assert_eq!((snapshot.given_before, snapshot.passed_over, snapshot.kyc), (0, 0, KycStatus::Verified));
    assert_eq!(waiting(&world).await, [member_id(1)]);
    let payout = begun.payout.expect("a payout");
    assert_eq!(payout.payout.amount.to_text(), "100000.00");
    assert_eq!(retention_of(&world.store, &world.tenant, &payout.payout).await.expect("store").to_text(), "300.00");
    world.verified().await;

    // AWD-3: two approvals, neither by whoever began it.
    let own = world.command(&payout.payout.id, Role::Admin, "usr_ada", approval(&payout)).await;
    assert_eq!(own, Moved::Refused(Refused::RequesterMayNotApprove));
    let once = step(&world, Role::Admin, "usr_ben", &payout, approval(&payout)).await;
    assert_eq!(once.payout.state.word(), "pending_approval");
    let twice = step(&world, Role::Admin, "usr_cat", &payout, approval(&payout)).await;
    assert_eq!(twice.payout.state.word(), "approved");
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    let sent = step(&world, Role::FinanceManager, "usr_fin", &payout, Command::MarkSent(sent)).await;
    let confirm = Command::Confirm { completed_at: world.now, reference: "bank 1".to_owned() };
    let _paid = step(&world, Role::FinanceManager, "usr_fin", &sent, confirm).await;
    let remove_on = match award_state(&world, &Settled { stored: begun.stored.clone(), payout: None }).await {
        AwardState::Paid { remove_on, .. } => remove_on,
        other => panic!("{other:?}"),
    };
    assert_eq!(remove_on, day("2027-11-21"));
    world.verified().await;

    // AWD-4: a day too early nobody's membership ends; then it does, once.
    world.pass_days(364);
    assert_eq!(awards(&world, "machine").await.ending().await.expect("store").len(), 0);
    world.pass_days(1);
    let keeper = awards(&world, "machine").await;
    let ending = keeper.ending().await.expect("store");
    assert_eq!(ending.len(), 1);
    for _ in 0..2 {
        let ended = keeper.end_membership(ending[0].clone()).await.expect("it ends");
        assert!(matches!(ended.award.state, AwardState::Ended { .. }), "{ended:?}");
    }
    assert_eq!(keeper.ending().await.expect("store").len(), 0);
    let removed = world.store.get_member(&world.tenant, &member_id(2)).await.expect("store").expect("a member");
    assert_eq!(removed.member.state.word(), "removed");
    // Given stays given: the money was paid.
    assert_eq!(given(&world).await, 1);

    let by = (actor("usr_ada"), world.now);
    let _back = change(&world, 2, "back", |member| member.reactivate(None, by.clone())).await;
    assert_eq!(waiting(&world).await, [member_id(1), member_id(2)]);
    world.verified().await;
}

fn member_id_award(n: u128, number: u32) -> domain::id::AwardId {
    domain::id::AwardId::of(&member_id(n), number)
}

#[tokio::test]
async fn a_rejected_award_goes_back_whole_and_the_member_waits_where_they_waited() {
    let world = business("100000.00").await;
    member(&world, 1, 300).await;
    member(&world, 2, 200).await;
    let first = begin(&world, "usr_ada", "request 1").await;
    let payout = first.payout.clone().expect("a payout");
    let no = Command::Reject { reason: "not this year".to_owned() };
    let _rejected = step(&world, Role::Admin, "usr_ben", &payout, no).await;
    assert!(
        matches!(award_state(&world, &first).await, AwardState::Withdrawn { why, of: None } if why == "not this year")
    );
    assert_eq!((given(&world).await, waiting(&world).await), (0, vec![member_id(1), member_id(2)]));
    let account = first.stored.award.account();
    let head = world.store.get_head(&world.tenant, &account).await.expect("store");
    assert_eq!(head.available_on(Zone::utc().day_of(world.now)).expect("in range").minor(), 0);
    world.verified().await;

    // The same request answers the same award; another begins another one, of the same amount.
    let again = begin(&world, "usr_ada", "request 1").await;
    assert_eq!(again.stored.award.id, first.stored.award.id);
    let second = begin(&world, "usr_ada", "request 2").await;
    assert_eq!(second.stored.award.id, member_id_award(1, 2));
    assert_eq!(second.payout.expect("a payout").payout.amount.to_text(), "100000.00");
    assert_eq!(given(&world).await, 1);
    world.verified().await;
}

/// AWD-1: however many ask at once, no more are given than the revenue allows, and to nobody two.
#[tokio::test]
async fn of_many_who_ask_at_once_as_many_get_one_as_there_are_to_give() {
    for round in 0..4 {
        let world = business("250000.00").await;
        for n in 1..=4 {
            member(&world, n, 100 + i64::try_from(n).expect("small")).await;
        }
        let desk = awards(&world, "usr_ada").await;
        let names: Vec<String> = (0..6).map(|n| format!("{round}/{n}")).collect();
        let asked = futures::future::join_all(names.iter().map(|name| desk.initiate(None, name))).await;
        let begun: Vec<MemberId> = asked
            .into_iter()
            .filter_map(|answer| match answer {
                Ok(Initiated::Begun(begun)) => Some(begun.stored.award.member.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(given(&world).await, 2, "{begun:?}");
        let mut distinct = begun.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((begun.len(), distinct.len()), (2, 2), "{begun:?}");
        assert_eq!(waiting(&world).await, [member_id(2), member_id(1)]);
        world.verified().await;
    }
}

/// V9, V10: what is not an award's, and a tally that counts another number, are found.
#[tokio::test]
async fn a_forged_award_and_a_forged_tally_are_found() {
    let world = business("250000.00").await;
    member(&world, 1, 300).await;
    let begun = begin(&world, "usr_ada", "request 1").await;
    world.verified().await;
    let item = aws_sdk_dynamodb::types::AttributeValue::M(std::collections::HashMap::from([(
        "given".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::N("7".to_owned()),
    )]));
    let text = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
    let forged = world.database.client.update_item().table_name(&world.database.core);
    let forged = forged
        .key("pk", text(format!("{}#awards", world.tenant.tenant())))
        .key("sk", text("tally".to_owned()))
        .update_expression("SET tally = :tally")
        .expression_attribute_values(":tally", item);
    forged.send().await.expect("forged");
    let gone = world.database.client.delete_item().table_name(&world.database.core);
    let award = begun.stored.award.id.to_string();
    let gone = gone.key("pk", text(format!("{}#awards", world.tenant.tenant()))).key("sk", text(award));
    gone.send().await.expect("deleted");
    // What is kept of its payout is not known any more, so nothing leaves.
    let payout = begun.payout.expect("a payout").payout;
    let kept = retention_of(&world.store, &world.tenant, &payout).await;
    assert!(matches!(kept, Err(cases::error::CaseError::AwardMissing { .. })), "{kept:?}");
    let verified = cases::verify::verify(&world.store, &world.tenant).await.expect("store");
    let told: Vec<String> = verified.breaches.iter().map(|breach| format!("{} {}", breach.law, breach.entry)).collect();
    assert!(told.iter().any(|told| told == "V9 the awards that were given"), "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("V9 the award behind ent_")), "{told:?}");
}

#[tokio::test]
async fn a_payout_that_is_no_awards_keeps_nothing_and_leads_to_nothing() {
    let world = business("250000.00").await;
    let Requested::Created(stored) = world.request().await else { panic!("no payout") };
    assert!(retention_of(&world.store, &world.tenant, &stored.payout).await.expect("store").is_zero());
    follow(&world.store, &world.tenant, &stored.payout, (&actor("usr_ada"), world.now)).await.expect("nothing to do");
    assert_eq!((given(&world).await, stored.payout.seal == Digest::ZERO), (0, false));
}

/// AWD-3: refused by a rail, the money of an award waits for its withdrawal and leaves under no other name.
#[tokio::test]
async fn the_money_of_an_award_leaves_under_no_other_name() {
    let world = business("250000.00").await;
    member(&world, 1, 300).await;
    let begun = begin(&world, "usr_ada", "request 1").await;
    let (award, payout) = (begun.stored.award.clone(), begun.payout.clone().expect("a payout"));
    let asked = |under: String| Asked {
        partner: award.account().partner,
        currency: award.gross.currency(),
        amount: None,
        by: actor("usr_ada"),
        under,
    };
    let refused = async |under: String| {
        let answer = request(&world.store, &world.tenant, &asked(under), world.now).await.expect("an answer");
        assert_eq!(answer, Requested::Held(vec![Hold::AwardPayee]));
    };
    refused("prn_1#par_1".to_owned()).await;
    // The payout ends, and nobody has told the award yet.
    let no = Command::Reject { reason: "the rail refused".to_owned() };
    assert!(matches!(world.command(&payout.payout.id, Role::Admin, "usr_ben", no).await, Moved::Done(_)));
    refused("prn_1#par_1".to_owned()).await;
    refused(member_id_award(1, 2).to_string()).await;
    let settled = awards(&world, "machine").await.settle(begun.stored.clone()).await.expect("settled");
    assert!(matches!(settled.stored.award.state, AwardState::Withdrawn { .. }), "{settled:?}");
    refused(award.id.to_string()).await;
    let head = world.store.get_head(&world.tenant, &award.account()).await.expect("store");
    assert_eq!(head.available_on(Zone::utc().day_of(world.now)).expect("in range").minor(), 0);
    assert_eq!((given(&world).await, waiting(&world).await), (0, vec![member_id(1)]));
    world.verified().await;
}
