//! LED-5: an inquiry flags, an open dispute holds, a lost one takes back, a won one releases; in any order, at any time.

use domain::fact::{DisputePhase, Fact};
use world::World;

use super::{Booked, BookingError, book, permutations, try_book};

async fn sold(paid: &str) -> World {
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", paid)).await;
    world
}

async fn head(world: &World) -> (i64, String) {
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    (head.held, head.total().expect("in range").to_text())
}

#[tokio::test]
async fn each_phase_of_a_dispute_moves_the_money_that_it_is_about() {
    use DisputePhase::{Inquiry, Lost, Opened, Won};
    // The phases as they come, what is held then, what the account has earned in all.
    let rows: [(&[DisputePhase], i64, &str); 7] = [
        (&[Inquiry], 0, "30.00"),
        (&[Opened], 1_500, "30.00"),
        (&[Inquiry, Opened], 1_500, "30.00"),
        (&[Opened, Won], 0, "30.00"),
        (&[Opened, Lost], 0, "15.00"),
        (&[Lost], 0, "15.00"),
        (&[Won, Opened, Inquiry], 0, "30.00"),
    ];
    for (phases, held, total) in rows {
        let world = sold("100.00").await;
        for phase in phases {
            book(&world, world.dispute("dp_1", "in_1", "50.00", *phase)).await;
            book(&world, world.dispute("dp_1", "in_1", "50.00", *phase)).await;
            world.verified().await;
        }
        assert_eq!(head(&world).await, (held, total.to_owned()), "{phases:?}");
    }
}

#[tokio::test]
async fn a_dispute_of_what_was_paid_out_is_held_from_what_is_available_and_given_back_when_won() {
    let mut world = sold("100.00").await;
    world.pass_days(31);
    assert_eq!(world.available().await, "30.00");
    book(&world, world.dispute("dp_1", "in_1", "100.00", DisputePhase::Opened)).await;
    assert_eq!((world.available().await, head(&world).await.0), ("0.00".to_owned(), 3_000));
    world.verified().await;
    world.pass_days(60);
    assert_eq!(head(&world).await.0, 3_000, "no time releases it");
    book(&world, world.dispute("dp_1", "in_1", "100.00", DisputePhase::Won)).await;
    assert_eq!((world.available().await, head(&world).await.0), ("30.00".to_owned(), 0));
    world.verified().await;
}

#[tokio::test]
async fn refund_and_dispute_together_take_no_more_than_was_paid() {
    let world = sold("100.00").await;
    book(&world, world.refund("re_1", "in_1", "60.00")).await;
    book(&world, world.dispute("dp_1", "in_1", "100.00", DisputePhase::Opened)).await;
    assert_eq!(head(&world).await, (1_200, "12.00".to_owned()));
    book(&world, world.dispute("dp_1", "in_1", "100.00", DisputePhase::Lost)).await;
    assert_eq!(head(&world).await, (0, "0.00".to_owned()));
    // Two disputes of one payment.
    book(&world, world.dispute("dp_2", "in_1", "100.00", DisputePhase::Lost)).await;
    assert_eq!(head(&world).await, (0, "0.00".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn a_dispute_before_its_payment_waits_for_it_under_any_of_its_names() {
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    for phase in [DisputePhase::Lost, DisputePhase::Opened] {
        assert_eq!(book(&world, world.dispute("dp_1", "pi_1", "100.00", phase)).await, Booked::Parked);
    }
    book(&world, world.alias("in_1", "pi_1")).await;
    book(&world, world.sale("in_1", "cus_1", "100.00")).await;
    assert_eq!(head(&world).await, (0, "0.00".to_owned()));
    let waiting = world.store.list_waiting(&world.tenant, None, 10).await.expect("store");
    assert_eq!(waiting.items, Vec::new());
    world.verified().await;
}

#[tokio::test]
async fn a_dispute_in_another_currency_is_a_persons() {
    let world = sold("100.00").await;
    let Fact::Dispute(mut dispute) = world.dispute("dp_1", "in_1", "1.00", DisputePhase::Lost) else {
        unreachable!("a dispute")
    };
    dispute.amount = domain::money::Money::from_minor(100, domain::currency::Currency::EUR);
    let told = try_book(&world, &Fact::Dispute(dispute)).await;
    assert!(matches!(told, Err(BookingError::OtherCurrency { .. })), "{told:?}");
}

#[tokio::test]
async fn six_facts_end_in_the_same_net_in_whatever_order_they_come() {
    // V13. Every 13th of the 720 orders, over one store: a payment, its names and its customer are an order's own.
    let world = World::with_rate("0.25").await;
    for (n, order) in permutations(6).iter().enumerate().step_by(13) {
        let (invoice, intent, customer) = (format!("in_{n}"), format!("pi_{n}"), format!("cus_{n}"));
        let facts = [
            world.seen(&customer, Some(&world.token)),
            world.sale(&invoice, &customer, "99.99"),
            world.alias(&invoice, &intent),
            world.refund(&format!("re_{n}"), &intent, "33.33"),
            world.dispute(&format!("dp_{n}"), &intent, "20.00", DisputePhase::Opened),
            world.dispute(&format!("dp_{n}"), &intent, "20.00", DisputePhase::Lost),
        ];
        for place in order {
            book(&world, facts[*place].clone()).await;
        }
        let sale = world.kept_sale(&invoice).await;
        let net = sale.lines.iter().fold(0, |net, line| net + line.amount.minor());
        let kinds: Vec<_> = sale.lines.iter().map(|line| (line.kind, line.amount.minor())).collect();
        // 25.00 of 99.99; 53.33 of it went back: 25.00 − 13.33.
        assert_eq!(net, 1_167, "{order:?}: {kinds:?}");
    }
    world.verified().await;
}
