//! The queue, and the look at the revenue.

use domain::award::{Ineligible, NoneLeft, NotEligible};
use domain::fact::PaymentKey;
use domain::money::Money;
use domain::sale::Sale;
use domain::subscription::{ProviderObject, ProviderObjectKind};
use store::sales::{NewSale, SaleWritten};

use super::*;

#[tokio::test]
async fn those_who_cannot_be_given_one_are_passed_over_with_every_reason_and_keep_their_place() {
    let world = business("250000.00").await;
    stranger(&world, 1, 500).await;
    member(&world, 2, 400).await;
    let lapsed = subscription_of(
        2,
        SubscriptionStatus::PastDue,
        world.now.checked_add(SignedDuration::from_secs(1)).expect("later"),
    );
    assert!(world.store.record_subscription(&world.tenant, &lapsed).await.expect("store"));
    member(&world, 3, 300).await;
    let desk = awards(&world, "usr_ada").await;
    let reached = desk.look_along(2).await.expect("a look");
    let reasons: Vec<Vec<&str>> =
        reached.passed_over.iter().map(|looked| looked.reasons.iter().map(|reason| reason.word()).collect()).collect();
    assert_eq!(reasons, [vec!["kyc_not_verified", "no_subscription"], vec!["subscription_not_active"]]);
    assert_eq!((reached.valid.len(), reached.looked_at, reached.is_whole), (1, 3, true));
    assert_eq!(reached.valid[0].position, 3);

    // Whoever is named must be the one whose turn it is.
    for (named, has_reasons) in [(1, true), (2, true), (9, false)] {
        let answer = desk.initiate(Some(&member_id(named)), "named").await.expect("an answer");
        let Initiated::NotNext { next, named: looked } = answer else { panic!("{answer:?}") };
        assert_eq!((next, looked.is_some()), (member_id(3), has_reasons), "{named}");
    }
    let begun = desk.initiate(Some(&member_id(3)), "named").await.expect("an answer");
    let Initiated::Begun(begun) = begun else { panic!("{begun:?}") };
    assert_eq!(begun.stored.award.snapshot.passed_over, 2);
    assert_eq!(waiting(&world).await, [member_id(1), member_id(2)]);
    let nobody = desk.initiate(None, "next").await.expect("an answer");
    assert!(matches!(&nobody, Initiated::NobodyValid { looked_at: 2, .. }), "{nobody:?}");
    world.verified().await;
}

#[tokio::test]
async fn of_one_instant_the_lesser_id_is_first() {
    let world = business("250000.00").await;
    for n in [3, 1, 2] {
        member(&world, n, 100).await;
    }
    assert_eq!(waiting(&world).await, [member_id(1), member_id(2), member_id(3)]);
    assert_eq!(begin(&world, "usr_ada", "one").await.stored.award.member, member_id(1));
}

#[tokio::test]
async fn nothing_is_given_without_a_launch_a_look_or_enough_revenue() {
    let world = World::new().await;
    member(&world, 1, 300).await;
    let refused = async |world: &World| match awards(world, "usr_ada").await.initiate(None, "x").await {
        Ok(Initiated::NoneLeft(none)) => none,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&world).await, NoneLeft::NotChecked);
    let checked = awards(&world, "machine").await.check().await.expect("a check");
    assert_eq!((checked.eligibility.reason, checked.tally.checked), (Some(NotEligible::NotSetUp), None));
    furnish(&world, "99999.99").await;
    assert_eq!(refused(&world).await, NoneLeft::NotEligible(NotEligible::TooLittleRevenue));
    world.earn("in_2", "0.01", Zone::utc().day_of(world.now)).await;
    // The look of before holds until somebody looks again.
    assert_eq!(refused(&world).await, NoneLeft::NotEligible(NotEligible::TooLittleRevenue));
    let checked = awards(&world, "machine").await.check().await.expect("a check").tally.checked.expect("a look");
    assert_eq!((checked.revenue.to_text().as_str(), checked.sales), ("100000.00", 2));
    let _begun = begin(&world, "usr_ada", "one").await;
    assert_eq!(refused(&world).await, NoneLeft::NotEligible(NotEligible::AllGiven));
}

async fn sold(world: &World, invoice: &str, change: impl FnOnce(Sale) -> Sale) {
    let paid = Money::parse("60000.00", domain::currency::Currency::USD).expect("money");
    let sale = change(Sale::plain(world::key(invoice), paid, world.now, Zone::utc().day_of(world.now)));
    let new = NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: None, review: None };
    assert_eq!(world.store.create_sale(&world.tenant, &new).await.expect("store"), SaleWritten::Yes);
}

/// AWD-1: paid sales less refunds and lost disputes, whoever brought them, in the policy's currency alone.
#[tokio::test]
async fn revenue_is_what_was_paid_less_what_went_back() {
    let world = business("1000.00").await;
    let money = |text: &str| Money::parse(text, domain::currency::Currency::USD).expect("money");
    sold(&world, "in_2", |sale| Sale { refunded: money("10000.00"), ..sale }).await;
    sold(&world, "in_3", |sale| {
        let lost = domain::sale::SaleDispute {
            amount: money("60000.00"),
            phase: domain::fact::DisputePhase::Lost,
            evidence_due: None,
            occurred_at: sale.occurred_at,
        };
        Sale { disputes: std::collections::BTreeMap::from([(world::key("dp_1"), lost)]), ..sale }
    })
    .await;
    sold(&world, "in_4", |sale| {
        let euro = Money::parse("60000.00", domain::currency::Currency::EUR).expect("money");
        let plain = Sale::plain(sale.payment.clone(), euro, sale.occurred_at, sale.booked_day);
        Sale { id: sale.id, ..plain }
    })
    .await;
    let checked = awards(&world, "machine").await.check().await.expect("a check").tally.checked.expect("a look");
    assert_eq!((checked.revenue.to_text().as_str(), checked.sales), ("51000.00", 3));
}

/// AWD-6: the provider's events say who a member is, and the later word holds.
#[tokio::test]
async fn a_session_that_the_provider_verified_verifies_the_member() {
    let world = business("250000.00").await;
    stranger(&world, 1, 300).await;
    let by = (actor("usr_ada"), world.now);
    let desk = awards(&world, "usr_ada").await;
    let stored =
        change(&world, 1, "session", |member| Ok(member.verify(None, Some("vs_1".to_owned()), by.clone()))).await;
    let kyc = async || desk.kyc(&stored.member).await.expect("store");
    assert_eq!(kyc().await, KycStatus::Unverified);
    let told = |state: &str, seconds: i64| ProviderObject {
        kind: ProviderObjectKind::Identity,
        object: PaymentKey::parse("stripe:vs_1").expect("a key"),
        state: state.to_owned(),
        amount: None,
        returned: None,
        of: None,
        details: std::collections::BTreeMap::new(),
        told_at: world.now.checked_add(SignedDuration::from_secs(seconds)).expect("an instant"),
    };
    for (state, seconds, expected) in [
        ("processing", 1, KycStatus::Pending),
        ("verified", 3, KycStatus::Verified),
        ("processing", 2, KycStatus::Verified),
    ] {
        let _is_newer = world.store.record_provider_object(&world.tenant, &told(state, seconds)).await.expect("store");
        assert_eq!(kyc().await, expected, "{state}");
    }
    let reached = desk.look_along(1).await.expect("a look");
    assert_eq!(reached.passed_over[0].reasons, [Ineligible::NoSubscription]);
}
