//! The recorder over a real store: orders, duplicates, refunds, and what the ledger says of it all.

mod attribution;
mod converge;
mod crashes;
mod disputes;
mod facts;
mod kept_only;
mod leads;
mod leftovers;
mod orders;
mod qualified;
mod queue;
mod races;
mod retold;
mod risk;
mod tenants;
mod together;
mod tokens;
mod windows;
mod worked;

use cases::payouts::{Command, Moved, Requested};
use domain::attribution::NobodyReason;
use domain::fact::{DisputePhase, Fact, PaymentAlias, Refund, SaleType};
use domain::money::Money;
use domain::payout::Sent;
use domain::role::Role;
use domain::sale::Decision;
use domain::time::Zone;
use store::partners::PartnerStatus;
use world::World;

use super::*;

async fn try_book(world: &World, fact: &Fact) -> Result<Booked, BookingError> {
    Recorder::new(&world.store, &world.tenant, &world.keys, &Zone::utc(), world.now).book(fact).await
}

async fn book(world: &World, fact: Fact) -> Booked {
    try_book(world, &fact).await.expect("booked")
}

#[tokio::test]
async fn a_sale_of_a_met_customer_earns_one_line() {
    let world = World::new().await;
    assert_eq!(book(&world, world.seen("cus_1", Some(&world.token))).await, Booked::Recorded);
    assert_eq!(book(&world, world.sale("in_1", "cus_1", "99.00")).await, Booked::Recorded);
    let sale = world.kept_sale("in_1").await;
    assert!(matches!(sale.decision, Decision::Partners { .. }));
    assert_eq!(world.lines().await, ["29.70 261221.00 earned"]);
    world.verified().await;
}

#[tokio::test]
async fn every_order_and_any_number_of_deliveries_end_in_the_same_ledger() {
    let facts = |world: &World| {
        vec![
            world.seen("cus_1", Some(&world.token)),
            world.sale("in_1", "cus_1", "99.00"),
            Fact::PaymentAlias(PaymentAlias { payment: world::key("in_1"), alias: world::key("pi_1") }),
            world.refund("re_1", "pi_1", "49.50"),
        ]
    };
    let orders = permutations(4);
    assert_eq!(orders.len(), 24);
    for order in orders {
        let world = World::new().await;
        let facts = facts(&world);
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        for place in order.iter().rev() {
            book(&world, facts[*place].clone()).await;
        }
        assert_eq!(world.total().await, "14.85", "{order:?}");
        assert_eq!(world.kept_sale("in_1").await.refunded.to_text(), "49.50", "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_links_own_rate_goes_above_the_programmes_rule() {
    // COM-11
    let world = World::with_rates("0.3", Some("0.5")).await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    assert_eq!(world.total().await, "49.50");
}

#[tokio::test]
async fn a_partner_who_is_not_active_is_not_paid() {
    // PAY-16
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    world.pass_days(31);
    let (from, to) = (PartnerStatus::Active, PartnerStatus::Suspended);
    let change = |status| store::partners::StatusChange { at: world.now, status };
    world.store.set_partner_status(&world.tenant, &world.partner, from, change(to)).await.expect("store");
    assert_eq!(world.request().await, Requested::PartnerNotActive);
    world.store.set_partner_status(&world.tenant, &world.partner, to, change(from)).await.expect("store");
    assert!(matches!(world.request().await, Requested::Created(_)));
}

#[tokio::test]
async fn a_sale_that_meets_its_customer_decides_those_that_waited_in_every_order() {
    for order in permutations(3) {
        let world = World::new().await;
        let Fact::SalePaid(mut meets) = world.sale("pi_1", "cus_1", "10.00") else { unreachable!("a sale") };
        meets.click_token = Some(world.token.clone());
        let facts = [Fact::SalePaid(meets), world.sale("in_2", "cus_1", "99.00"), world.sale("in_3", "cus_1", "20.00")];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        assert_eq!(world.total().await, "38.70", "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_flat_reward_stands_until_everything_went_back() {
    let world = World::with_flat("10.00").await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "100.00")).await;
    book(&world, world.refund("re_1", "in_1", "99.99")).await;
    assert_eq!(world.total().await, "10.00");
    book(&world, world.refund("re_2", "in_1", "0.01")).await;
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn a_parked_refund_that_cannot_be_booked_holds_up_no_other() {
    let world = World::new().await;
    let amount = Money::parse("1.00", domain::currency::Currency::EUR).expect("amount");
    let wrong = Refund {
        refund: world::key("re_0"),
        payment: world::key("in_1"),
        amount,
        item: None,
        is_running_total: false,
        occurred_at: world.now,
    };
    assert_eq!(book(&world, Fact::Refund(wrong)).await, Booked::Parked);
    assert_eq!(book(&world, world.refund("re_1", "in_1", "49.50")).await, Booked::Parked);
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    let told = try_book(&world, &world.sale("in_1", "cus_1", "99.00")).await;
    assert!(matches!(told, Err(BookingError::OtherCurrency { .. })), "{told:?}");
    assert_eq!(world.total().await, "14.85");
    world.verified().await;
}

#[tokio::test]
async fn one_payment_told_under_two_names_is_one_sale() {
    for names_first in [true, false] {
        let world = World::new().await;
        book(&world, world.seen("cus_1", Some(&world.token))).await;
        let alias = Fact::PaymentAlias(PaymentAlias { payment: world::key("in_1"), alias: world::key("pi_1") });
        let facts = [alias, world.sale("pi_1", "cus_1", "99.00"), world.sale("in_1", "cus_1", "99.00")];
        if names_first {
            book(&world, facts[0].clone()).await;
            assert_eq!(book(&world, facts[1].clone()).await, Booked::Parked);
            book(&world, facts[2].clone()).await;
        } else {
            book(&world, facts[1].clone()).await;
            let Fact::SalePaid(mut whole) = facts[2].clone() else { unreachable!("a sale") };
            whole.aliases = vec![world::key("pi_1")];
            assert!(matches!(try_book(&world, &Fact::SalePaid(whole)).await, Err(BookingError::AliasTaken { .. })));
            assert!(matches!(try_book(&world, &facts[0]).await, Err(BookingError::AliasTaken { .. })));
        }
        assert_eq!(world.total().await, "29.70", "{names_first}");
        world.verified().await;
    }
}

#[tokio::test]
async fn ten_small_refunds_end_where_one_large_one_does() {
    let world = World::with_rate("0.25").await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "1.00")).await;
    let mut reversals = Vec::new();
    for n in 1..=10 {
        book(&world, world.refund(&format!("re_{n}"), "in_1", "0.10")).await;
        reversals.push(world.total().await);
    }
    assert_eq!(reversals, ["0.22", "0.20", "0.17", "0.15", "0.12", "0.10", "0.07", "0.05", "0.02", "0.00"]);
    world.verified().await;
}

#[tokio::test]
async fn a_refund_that_failed_gives_the_commission_back() {
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    book(&world, world.refund("re_1", "in_1", "99.00")).await;
    assert_eq!(world.total().await, "0.00");
    book(&world, world.refund("re_1", "in_1", "0.00")).await;
    assert_eq!(world.total().await, "29.70");
    // The first word, told again and late, does not undo the last.
    assert_eq!(book(&world, world.refund("re_1", "in_1", "99.00")).await, Booked::AlreadySeen);
    assert_eq!(world.total().await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn a_refund_in_another_currency_is_a_persons() {
    let world = World::new().await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let amount = Money::parse("1.00", domain::currency::Currency::EUR).expect("amount");
    let refund = Refund {
        refund: world::key("re_1"),
        payment: world::key("in_1"),
        amount,
        item: None,
        is_running_total: false,
        occurred_at: world.now,
    };
    assert!(matches!(try_book(&world, &Fact::Refund(refund)).await, Err(BookingError::OtherCurrency { .. })));
}

#[tokio::test]
async fn nobody_is_credited_without_a_touch_and_the_reason_is_kept() {
    let world = World::new().await;
    book(&world, world.seen("cus_1", None)).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    book(&world, world.seen("cus_2", Some("not-a-token"))).await;
    book(&world, world.sale("in_2", "cus_2", "99.00")).await;
    book(&world, world.sale("in_3", "cus_3", "99.00")).await;
    let reason = |sale: domain::sale::Sale| match sale.decision {
        Decision::Nobody { reason, .. } => Some(reason),
        Decision::Partners { .. } => None,
    };
    assert_eq!(reason(world.kept_sale("in_1").await), Some(NobodyReason::NoTouch));
    assert_eq!(reason(world.kept_sale("in_2").await), Some(NobodyReason::TokenRefused));
    assert_eq!(reason(world.kept_sale("in_3").await), Some(NobodyReason::CustomerUnknown));
    assert_eq!(world.lines().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_one_off_sale_with_a_token_binds_its_customer() {
    let world = World::new().await;
    let Fact::SalePaid(mut sale) = world.sale("pi_1", "cus_1", "10.00") else { unreachable!("a sale") };
    sale.click_token = Some(world.token.clone());
    sale.event_type = SaleType::OneOffSale;
    book(&world, Fact::SalePaid(sale)).await;
    book(&world, world.sale("in_2", "cus_1", "99.00")).await;
    assert_eq!(world.total().await, "32.70");
}

#[tokio::test]
async fn what_is_asked_for_is_closed_reserved_and_paid_once() {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "200.00")).await;
    let nothing = world.request().await;
    assert!(matches!(nothing, Requested::NothingAvailable { .. }), "{nothing:?}");
    world.pass_days(31);
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    assert_eq!(stored.payout.amount.to_text(), "60.00");
    assert_eq!(stored.payout.lines, 1);
    // The same request again is the same payout; another one is refused.
    assert_eq!(world.request().await, Requested::Created(stored.clone()));
    assert_eq!(world.try_request_at(1).await.expect("store"), Requested::OpenPayout(stored.payout.id.clone()));
    let id = &stored.payout.id;
    assert!(matches!(
        world.command(id, Role::Admin, "usr_a", Command::Approve { seal: stored.payout.seal }).await,
        Moved::Done(_)
    ));
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    assert!(matches!(world.command(id, Role::FinanceManager, "usr_f", Command::MarkSent(sent)).await, Moved::Done(_)));
    let confirm = Command::Confirm { completed_at: world.now, reference: "wire 1".to_owned() };
    assert!(matches!(world.command(id, Role::FinanceManager, "usr_f", confirm.clone()).await, Moved::Done(_)));
    assert!(matches!(world.command(id, Role::FinanceManager, "usr_f", confirm).await, Moved::Refused(_)));
    world.verified().await;
    // A refund after the payout: the original slot is final, the line is due at once and the balance goes below zero.
    book(&world, world.refund("re_1", "in_1", "80.00")).await;
    assert_eq!(world.available().await, "-24.00");
    assert!(matches!(world.request().await, Requested::NothingAvailable { .. }));
    world.verified().await;
}

#[tokio::test]
async fn a_payout_that_ends_without_being_paid_gives_everything_back() {
    for (role, command) in [
        (Role::Admin, Command::Reject { reason: "no".to_owned() }),
        (Role::Partner, Command::Cancel { reason: "no".to_owned() }),
    ] {
        let mut world = World::new().await;
        book(&world, world.seen("cus_1", Some(&world.token))).await;
        book(&world, world.sale("in_1", "cus_1", "200.00")).await;
        world.pass_days(31);
        let Requested::Created(stored) = world.request().await else { panic!("a payout") };
        assert_eq!(world.available().await, "0.00");
        assert!(matches!(world.command(&stored.payout.id, role, "somebody", command).await, Moved::Done(_)));
        assert_eq!(world.available().await, "60.00");
        world.verified().await;
        let Requested::Created(again) = world.request().await else { panic!("a payout") };
        assert_eq!((again.payout.amount.to_text(), again.payout.lines), ("60.00".to_owned(), 1));
        world.verified().await;
    }
}

#[tokio::test]
async fn an_approval_of_what_the_balance_no_longer_covers_takes_the_payout_back() {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "200.00")).await;
    world.pass_days(31);
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    book(&world, world.refund("re_1", "in_1", "200.00")).await;
    let moved =
        world.command(&stored.payout.id, Role::Admin, "usr_a", Command::Approve { seal: stored.payout.seal }).await;
    assert!(matches!(moved, Moved::Voided(_)), "{moved:?}");
    assert_eq!(world.available().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn of_many_requests_at_once_one_payout_is_born() {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    for n in 0..5 {
        book(&world, world.sale(&format!("in_{n}"), "cus_1", "200.00")).await;
    }
    world.pass_days(31);
    let requests = futures::future::join_all((0..8).map(|ms| world.try_request_at(ms))).await;
    let created = requests.iter().filter(|requested| matches!(requested, Ok(Requested::Created(_)))).count();
    assert_eq!(created, 1, "{requests:?}");
    world.verified().await;
}

#[tokio::test]
async fn a_line_that_is_late_for_its_slot_goes_behind_the_fence() {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "200.00")).await;
    let late = world.sale("in_2", "cus_1", "100.00");
    world.pass_days(31);
    let Requested::Created(first) = world.request().await else { panic!("a payout") };
    assert_eq!(book(&world, late).await, Booked::Recorded);
    assert_eq!(first.payout.amount.to_text(), "60.00");
    assert_eq!(world.available().await, "30.00");
    world.verified().await;
}

pub(crate) fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    shorter
        .iter()
        .flat_map(|order| {
            (0..length).map(|at| {
                let mut order = order.clone();
                order.insert(at, length - 1);
                order
            })
        })
        .collect()
}
