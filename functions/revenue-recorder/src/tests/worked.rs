//! The worked values of the money, end to end over the store: each is named by its number in the design.

use cases::payouts::{Command, Requested};
use domain::audit::{Actor, Deed, append};
use domain::currency::Currency;
use domain::fact::{DisputePhase, Fact, SalePaid};
use domain::money::Money;
use domain::payout::Sent;
use domain::payout::policy::{Minimum, PayoutPolicy};
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use world::World;

use super::{Booked, book};

async fn met(world: &World) {
    book(world, world.seen("cus_1", Some(&world.token))).await;
}

/// Everything that is available is asked for, approved, sent and confirmed.
async fn pay_out(world: &World) {
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let id = &stored.payout.id;
    world.command(id, Role::Admin, "usr_a", Command::Approve { seal: stored.payout.seal }).await;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    world.command(id, Role::FinanceManager, "usr_f", Command::MarkSent(sent)).await;
    let confirm = Command::Confirm { completed_at: world.now, reference: format!("wire of {id}") };
    world.command(id, Role::FinanceManager, "usr_f", confirm).await;
}

/// The tenant pays nobody less than this at once.
async fn set_minimum(world: &World, amount: &str) {
    let amount = Money::parse(amount, Currency::USD).expect("an amount");
    let minimum = Minimum { amount, partner: None, tier: None, rail: None };
    let policy = PayoutPolicy { minimums: vec![minimum], ..PayoutPolicy::default() };
    let end = world.store.get_chain_end(&world.tenant, "payout_policy").await.expect("store");
    let (actor, (old, new)) = (Actor::new(Role::Admin, "usr_a"), Default::default());
    let told = append(end, "payout_policy", Deed { at: world.now, actor, action: "payout_policy.set", old, new });
    let written = world.store.replace_payout_policy(&world.tenant, &policy, &told).await.expect("store");
    assert_eq!(written, store::Written::Yes);
}

#[tokio::test]
async fn value_3_ten_refunds_of_a_tenth_reverse_three_and_two_cents_in_turn() {
    let world = World::with_rate("0.25").await;
    met(&world).await;
    book(&world, world.sale("in_1", "cus_1", "1.00")).await;
    for n in 1..=10 {
        let refund = world.refund(&format!("re_{n}"), "in_1", "0.10");
        assert_eq!(book(&world, refund.clone()).await, Booked::Recorded);
        assert_eq!(book(&world, refund).await, Booked::AlreadySeen);
    }
    let sale = world.kept_sale("in_1").await;
    let reversals: Vec<i64> = sale.lines.iter().skip(1).map(|line| line.amount.minor()).collect();
    assert_eq!(reversals, [-3, -2, -3, -2, -3, -2, -3, -2, -3, -2]);
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn value_4_and_5_a_refund_after_the_payout_is_carried_and_the_next_sale_pays_it_back() {
    let mut world = World::with_rate("0.25").await;
    met(&world).await;
    book(&world, world.sale("in_1", "cus_1", "200.00")).await;
    world.pass_days(31);
    pay_out(&world).await;
    book(&world, world.refund("re_1", "in_1", "80.00")).await;
    assert_eq!(world.available().await, "-20.00");
    world.verified().await;
    // A commission of 50.00 leaves 30.00.
    book(&world, world.sale("in_2", "cus_1", "200.00")).await;
    world.pass_days(31);
    assert_eq!(world.available().await, "30.00");
    // PAY-2: at a minimum of 50.00 that is no payout; whoever asks hears why, and it is carried.
    set_minimum(&world, "50.00").await;
    let Requested::Held(holds) = world.request().await else { panic!("no payout below the minimum") };
    let told: Vec<String> = holds.iter().map(|hold| format!("{}: {}", hold.code(), hold.sentence())).collect();
    let below = "30.00 USD is less than the minimum of 50.00 USD; 30.00 USD is available and carried forward";
    assert_eq!(told, [format!("below-minimum: {below}")]);
    assert_eq!(world.available().await, "30.00");
    // From there on it is one.
    set_minimum(&world, "30.00").await;
    assert!(matches!(world.request().await, Requested::Created(_)));
    world.verified().await;
}

#[tokio::test]
async fn value_12_an_upgrade_pays_on_what_was_paid() {
    let world = World::new().await;
    met(&world).await;
    book(&world, world.sale("in_up", "cus_1", "35.00")).await;
    assert_eq!(world.total().await, "10.50");
    world.verified().await;
}

#[tokio::test]
async fn value_16_a_refund_before_the_sale_and_the_sale_three_times_is_one_line_wholly_reversed() {
    let world = World::new().await;
    assert_eq!(book(&world, world.refund("re_1", "in_1", "99.00")).await, Booked::Parked);
    assert_eq!(book(&world, world.refund("re_1", "in_1", "99.00")).await, Booked::Parked);
    met(&world).await;
    for expected in [Booked::Recorded, Booked::AlreadySeen, Booked::AlreadySeen] {
        assert_eq!(book(&world, world.sale("in_1", "cus_1", "99.00")).await, expected);
    }
    assert_eq!(world.lines().await, ["29.70 261221.00 earned", "-29.70 261221.00 reversal"]);
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn value_18_a_full_refund_and_then_a_lost_dispute_reverse_the_commission_once() {
    let world = World::new().await;
    met(&world).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    book(&world, world.refund("re_1", "in_1", "99.00")).await;
    for phase in [DisputePhase::Opened, DisputePhase::Lost] {
        assert_eq!(book(&world, world.dispute("dp_1", "in_1", "99.00", phase)).await, Booked::Recorded);
        assert_eq!(book(&world, world.dispute("dp_1", "in_1", "99.00", phase)).await, Booked::AlreadySeen);
    }
    assert_eq!(world.lines().await, ["29.70 261221.00 earned", "-29.70 261221.00 reversal"]);
    world.verified().await;
}

#[tokio::test]
async fn value_20_a_late_renewal_of_yesterday_is_paid_at_yesterdays_rate() {
    let world = World::new().await;
    met(&world).await;
    let from = world.now;
    let rate = Reward::Percentage(Rate::parse("0.2").expect("rate"));
    let later = RuleVersion::simple(domain::id::RuleId::from_ulid(3_u128.into()), world::program(), from, rate, 30);
    world.store.create_rule(&world.tenant, &later).await.expect("a rule");
    let hour = |n: i64| domain::time::Timestamp::from_second(world.now.as_second() + n * 3_600).expect("instant");
    // The click was an hour before either sale.
    let early = SalePaid { occurred_at: hour(-1), ..world.paid("in_1", "cus_2", "100.00") };
    let Fact::CustomerSeen(seen) = world.seen("cus_2", None) else { unreachable!("a check-out") };
    let touch = domain::touch::Touch { at: hour(-2), link: world::link(), visitor: world::visitor() };
    let token = world.sign(&domain::touch::Touches::from(touch));
    let seen = domain::fact::CustomerSeen { occurred_at: hour(-2), click_token: Some(token), ..seen };
    book(&world, Fact::CustomerSeen(seen)).await;
    book(&world, world.sale("in_2", "cus_2", "100.00")).await;
    assert_eq!(world.total().await, "20.00");
    book(&world, Fact::SalePaid(early)).await;
    assert_eq!(world.total().await, "50.00");
    world.verified().await;
}
