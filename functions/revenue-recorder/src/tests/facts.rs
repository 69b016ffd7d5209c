//! What a sale may carry, and facts that are no sale: items, names told twice, sign-ups, leads, running totals.

use domain::fact::{Fact, Lead, Refund, SalePaid, SaleType, SignUp, SoldItem};
use domain::money::Money;
use domain::sale::Decision;
use store::parked::WaitingFor;
use world::World;

use super::{Booked, BookingError, book, try_book};

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, domain::currency::Currency::USD)
}

fn items(amounts: &[i64]) -> Vec<SoldItem> {
    let item = |(n, minor): (usize, &i64)| SoldItem { product: format!("prod_{n}"), amount: usd(*minor) };
    amounts.iter().enumerate().map(item).collect()
}

async fn met() -> World {
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    world
}

#[tokio::test]
async fn several_products_are_a_line_each_and_a_refund_of_one_is_of_its_line_alone() {
    // COM-18
    let world = met().await;
    let sale = SalePaid { items: items(&[6_000, 4_000]), ..world.paid("in_1", "cus_1", "100.00") };
    book(&world, Fact::SalePaid(sale)).await;
    assert_eq!(world.lines().await, ["18.00 261221.00 earned", "12.00 261221.00 earned"]);
    let Fact::Refund(refund) = world.refund("re_1", "in_1", "20.00") else { unreachable!("a refund") };
    let refund = Refund { item: Some(1), ..refund };
    book(&world, Fact::Refund(refund.clone())).await;
    assert_eq!(book(&world, Fact::Refund(refund.clone())).await, Booked::AlreadySeen);
    let lines = world.lines().await;
    assert_eq!(lines[2..], ["-6.00 261221.00 reversal"]);
    let told = try_book(&world, &Fact::Refund(Refund { item: Some(2), refund: world::key("re_2"), ..refund })).await;
    assert!(matches!(told, Err(BookingError::NoSuchItem { item: 2, .. })), "{told:?}");
    world.verified().await;
}

#[tokio::test]
async fn a_running_total_only_grows() {
    // ING-7
    let world = met().await;
    book(&world, world.sale("in_1", "cus_1", "100.00")).await;
    for (total, expected) in [("10.00", "27.00"), ("40.00", "18.00"), ("10.00", "18.00"), ("100.00", "0.00")] {
        let Fact::Refund(refund) = world.refund("order_1", "in_1", total) else { unreachable!("a refund") };
        book(&world, Fact::Refund(Refund { is_running_total: true, ..refund })).await;
        assert_eq!(world.total().await, expected, "{total}");
    }
    world.verified().await;
}

#[tokio::test]
async fn a_name_that_one_event_tells_twice_is_one_name() {
    let world = met().await;
    let aliases = vec![world::key("pi_1"), world::key("in_1"), world::key("pi_1")];
    let sale = SalePaid { aliases, ..world.paid("in_1", "cus_1", "99.00") };
    assert_eq!(book(&world, Fact::SalePaid(sale)).await, Booked::Recorded);
    book(&world, world.refund("re_1", "pi_1", "99.00")).await;
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn a_trial_and_a_zero_invoice_are_kept_and_earn_a_line_of_nothing() {
    let world = met().await;
    book(&world, world.sale("in_0", "cus_1", "0.00")).await;
    assert_eq!(world.lines().await, ["0.00 261221.00 earned"]);
    book(&world, world.refund("re_0", "in_0", "0.00")).await;
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn a_sign_up_meets_its_customer_and_is_a_sale_of_nothing() {
    let world = World::new().await;
    let told = SignUp {
        event: world::key("sub_1"),
        customer: world::key("cus_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        coupon: None,
        email: None,
    };
    assert_eq!(book(&world, Fact::SignUp(told.clone())).await, Booked::Recorded);
    assert_eq!(book(&world, Fact::SignUp(told)).await, Booked::AlreadySeen);
    let sale = world.kept_sale("sub_1").await;
    assert_eq!((sale.event_type, sale.paid, sale.lines.len()), (SaleType::SignUp, usd(0), 1));
    assert!(matches!(sale.decision, Decision::Partners { .. }));
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    assert_eq!(world.total().await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn a_qualified_lead_is_a_sale_of_nothing_of_whoever_brought_it() {
    let world = World::new().await;
    let told = Lead {
        event: world::key("lead_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        email: domain::email::digest("casey@customer.example").expect("an address"),
        is_qualified: true,
    };
    assert_eq!(book(&world, Fact::Lead(told.clone())).await, Booked::Recorded);
    book(&world, Fact::Lead(told)).await;
    let sale = world.kept_sale("lead_1").await;
    assert_eq!((sale.event_type, sale.lines.len()), (SaleType::QualifiedLead, 1));
    world.verified().await;
}

#[tokio::test]
async fn a_sale_of_more_lines_than_a_transaction_takes_is_refused_with_its_number() {
    let world = met().await;
    let fits = SalePaid { items: items(&[100; 80]), ..world.paid("in_80", "cus_1", "80.00") };
    assert_eq!(book(&world, Fact::SalePaid(fits)).await, Booked::Recorded);
    let many = SalePaid { items: items(&[100; 81]), ..world.paid("in_81", "cus_1", "81.00") };
    let told = try_book(&world, &Fact::SalePaid(many)).await;
    assert!(matches!(told, Err(BookingError::TooManyLines { lines: 81, .. })), "{told:?}");
    world.verified().await;
}

#[tokio::test]
async fn what_waits_for_its_payment_is_listed_since_when_until_it_is_booked() {
    let mut world = met().await;
    let since = world.now;
    book(&world, world.refund("re_1", "in_1", "10.00")).await;
    world.pass_days(2);
    // Told again it waits since the first time, once.
    let Fact::Refund(again) = world.refund("re_1", "in_1", "10.00") else { unreachable!("a refund") };
    book(&world, Fact::Refund(Refund { occurred_at: since, ..again })).await;
    let waiting = world.store.list_waiting(&world.tenant, None, 10).await.expect("store").items;
    let [found] = waiting.as_slice() else { panic!("one waits: {waiting:?}") };
    assert_eq!((found.since, &found.what), (since, &WaitingFor::Payment(world::key("in_1"))));
    book(&world, world.sale("in_1", "cus_1", "100.00")).await;
    assert_eq!(world.store.list_waiting(&world.tenant, None, 10).await.expect("store").items, Vec::new());
    assert_eq!(world.total().await, "27.00");
    world.verified().await;
}

#[tokio::test]
async fn the_list_of_what_waits_is_read_page_by_page() {
    let world = World::new().await;
    for n in 0..5 {
        book(&world, world.refund(&format!("re_{n}"), &format!("in_{n}"), "1.00")).await;
    }
    let (mut seen, mut after) = (0, None);
    loop {
        let page = world.store.list_waiting(&world.tenant, after.as_deref(), 2).await.expect("store");
        assert!(page.items.len() <= 2);
        seen += page.items.len();
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, 5);
}
