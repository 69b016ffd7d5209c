//! COM-10: a sale that leaves a partner and comes back counts for them once, in a month whose caps see it.

use cases::desk::Desk;
use cases::desk::reattribution::{Reattributed, Who, reattribute};
use domain::currency::Currency;
use domain::fact::{Fact, SalePaid, SaleType};
use domain::id::{PartnerId, SaleId};
use domain::line::{Account, Line, LineKind};
use domain::rule::{Caps, Clause, Event, Reward, Terms, VolumeBonus};
use domain::sale::Sale;
use store::Written;
use store::sales::NewSale;
use store::terms::EnrolmentTerms;
use world::World;

use super::adjusting::{
    FIRST, SECOND, book, furnish_second, program, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::recomputing::admin;

const DECEMBER: &str = "2026-12-10T13:00:00Z";

/// A fifth of each sale, and no more than thirty a month.
fn capped() -> Terms {
    let caps = Caps { per_partner_period: Some(usd("30.00")), ..Caps::default() };
    Terms { caps, ..terms(Reward::Percentage(rate("0.2"))) }
}

/// A person credits a sale.
pub(super) async fn give(world: &World, invoice: &str, partner: Option<&PartnerId>) {
    let desk = Desk::open(&world.store, &world.tenant, admin("usr_1"), world.now).await.expect("a desk");
    let somebody = |partner: &PartnerId| Who::Partner { partner: partner.clone(), program: None };
    let who = partner.map_or(Who::Nobody, somebody);
    let given = reattribute(&desk, &SaleId::of(&world::key(invoice)), &who, "because").await.expect("decided");
    assert!(matches!(given, Reattributed::Done(_)), "{given:?}");
}

/// Where the newest line of a sale that says so has it count: in which month, and is that late?
async fn counts_in(world: &World, invoice: &str) -> Option<(String, bool)> {
    let account = world.account();
    let lines = world.store.list_lines(&world.tenant, &account).await.expect("store");
    let own = lines.iter().filter(|line| line.trace.invoice == invoice);
    let says = |line: &Line| Some((line.n, line.trace.period?.to_string(), line.trace.late));
    own.filter_map(says).max().map(|(_, month, late)| (month, late))
}

async fn net_of(world: &World, invoice: &str) -> i64 {
    let lines: Vec<domain::sale::SaleLine> = world.kept_sale(invoice).await.lines;
    lines.iter().fold(0, |net, line| net + line.amount.minor())
}

#[tokio::test]
async fn com_10_a_sale_that_comes_back_after_its_month_was_counted_without_it_is_under_the_cap_of_the_month_it_comes_to()
 {
    let mut world = world_of(capped()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    give(&world, "in_1", None).await;
    visited(&world, "2026-12-03").await;
    world.pass_days(20);
    give(&world, "in_1", Some(&world.partner.clone())).await;
    assert_eq!(counts_in(&world, "in_1").await, Some(("2026-12".to_owned(), true)));
    book(&world, &sale(&world, "in_2", "cus_2", "100", DECEMBER)).await;
    visited(&world, "2026-12-20").await;
    // Both alone would be 40.00.
    assert_eq!((net_of(&world, "in_1").await, net_of(&world, "in_2").await), (2_000, 1_000));
    visited(&world, "2027-01-04").await;
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_comes_back_after_its_month_was_counted_with_it_has_what_it_had_there() {
    let mut world = world_of(capped()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "100", SECOND)).await;
    visited(&world, "2026-12-03").await;
    assert_eq!((net_of(&world, "in_1").await, net_of(&world, "in_2").await), (2_000, 1_000));
    world.pass_days(20);
    give(&world, "in_2", None).await;
    assert_eq!(world.total().await, "20.00");
    give(&world, "in_2", Some(&world.partner.clone())).await;
    assert_eq!(world.total().await, "30.00", "alone it would be 40.00, and November's cap is 30.00");
    // December's own cap is untouched by it.
    book(&world, &sale(&world, "in_3", "cus_3", "150", DECEMBER)).await;
    visited(&world, "2026-12-20").await;
    assert_eq!((net_of(&world, "in_2").await, net_of(&world, "in_3").await), (1_000, 3_000));
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_its_month_had_left_nothing_comes_back_with_nothing() {
    let mut world = world_of(capped()).await;
    for (invoice, customer) in [("in_1", "cus_1"), ("in_2", "cus_2"), ("in_3", "cus_3")] {
        book(&world, &sale(&world, invoice, customer, "100", FIRST)).await;
    }
    visited(&world, "2026-12-03").await;
    assert_eq!((world.total().await, net_of(&world, "in_3").await), ("30.00".to_owned(), 0));
    world.pass_days(20);
    for _ in 0..2 {
        give(&world, "in_3", None).await;
        give(&world, "in_3", Some(&world.partner.clone())).await;
        assert_eq!((world.total().await, net_of(&world, "in_3").await), ("30.00".to_owned(), 0));
    }
    visited(&world, "2026-12-20").await;
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_comes_back_has_the_volume_bonus_that_its_month_gave_it() {
    let bonus = VolumeBonus { from: usd("1000"), bonus: rate("0.25") };
    let mut world = world_of(Terms { volume_bonus: Some(bonus), ..terms(Reward::Percentage(rate("0.2"))) }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "900", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "200", SECOND)).await;
    visited(&world, "2026-12-03").await;
    assert_eq!((world.total().await, net_of(&world, "in_2").await), ("230.00".to_owned(), 5_000));
    world.pass_days(20);
    for _ in 0..2 {
        give(&world, "in_2", None).await;
        assert_eq!((world.total().await, net_of(&world, "in_2").await), ("180.00".to_owned(), 0));
        give(&world, "in_2", Some(&world.partner.clone())).await;
        assert_eq!((world.total().await, net_of(&world, "in_2").await), ("230.00".to_owned(), 5_000));
    }
    book(&world, &world.refund("re_1", "in_2", "100")).await;
    assert_eq!(net_of(&world, "in_2").await, 2_500);
    visited(&world, "2026-12-20").await;
    assert_eq!(world.total().await, "205.00");
    world.verified().await;
}

/// Two partners, both referred by a third one, who gets a tenth of what they do.
async fn with_referrer(terms: Terms) -> (World, PartnerId, Account) {
    let world = world_of(Terms { second_tier: Some(rate("0.1")), ..terms }).await;
    let (referrer, other) = (second_partner(), PartnerId::from_ulid(9_u128.into()));
    for partner in [&referrer, &other] {
        furnish_second(&world, partner).await;
    }
    let referred = EnrolmentTerms { referrer: Some(referrer.clone()), ..EnrolmentTerms::default() };
    for partner in [&world.partner, &other] {
        world.store.set_terms(&world.tenant, partner, &program(), &referred).await.expect("terms");
    }
    (world, other, Account { partner: referrer, currency: Currency::USD })
}

async fn total_of(world: &World, account: &Account) -> String {
    world.store.get_head(&world.tenant, account).await.expect("store").total().expect("in range").to_text()
}

#[tokio::test]
async fn com_13_whoever_referred_both_partners_keeps_their_share_of_a_sale_that_goes_from_one_to_the_other_and_back() {
    let (mut world, other, referrer) = with_referrer(terms(Reward::Percentage(rate("0.2")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    visited(&world, "2026-12-03").await;
    world.pass_days(20);
    assert_eq!(total_of(&world, &referrer).await, "2.00");
    for to in [&other, &world.partner, &other, &world.partner] {
        give(&world, "in_1", Some(to)).await;
        assert_eq!(total_of(&world, &referrer).await, "2.00");
    }
    assert_eq!(world.total().await, "20.00");
    world.verified().await;
}

#[tokio::test]
async fn com_13_a_referrer_has_a_share_of_what_a_sale_comes_back_with_whatever_it_was_for_another() {
    let (mut world, other, referrer) = with_referrer(capped()).await;
    for (invoice, customer) in [("in_1", "cus_1"), ("in_2", "cus_2"), ("in_3", "cus_3")] {
        book(&world, &sale(&world, invoice, customer, "100", FIRST)).await;
    }
    visited(&world, "2026-12-03").await;
    world.pass_days(20);
    assert_eq!((world.total().await, total_of(&world, &referrer).await), ("30.00".into(), "3.00".into()));
    for (invoice, with_other) in [("in_3", "5.00"), ("in_2", "4.00")] {
        give(&world, invoice, Some(&other)).await;
        assert_eq!(total_of(&world, &referrer).await, with_other, "{invoice}");
        give(&world, invoice, Some(&world.partner.clone())).await;
        assert_eq!((world.total().await, total_of(&world, &referrer).await), ("30.00".into(), "3.00".into()));
    }
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_a_person_credits_to_whoever_has_it_stays_as_its_month_counted_it() {
    let bonus = VolumeBonus { from: usd("150"), bonus: rate("0.25") };
    let (mut world, _, referrer) = with_referrer(Terms { volume_bonus: Some(bonus), ..capped() }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "30", SECOND)).await;
    book(&world, &sale(&world, "in_3", "cus_3", "30", SECOND)).await;
    visited(&world, "2026-12-03").await;
    world.pass_days(20);
    let counted = (world.total().await, total_of(&world, &referrer).await);
    assert_eq!(counted.0, "30.00");
    for invoice in ["in_3", "in_2"] {
        give(&world, invoice, Some(&world.partner.clone())).await;
        assert_eq!((world.total().await, total_of(&world, &referrer).await), counted);
    }
    visited(&world, "2026-12-20").await;
    assert_eq!((world.total().await, total_of(&world, &referrer).await), counted);
    world.verified().await;
}

#[tokio::test]
async fn com_10_what_events_that_are_no_sales_earned_in_a_counted_month_is_in_their_customers_cap() {
    let caps = Caps { per_customer: Some(usd("30.00")), ..Caps::default() };
    let clauses = vec![Clause { events: vec![Event::Custom], ..Clause::simple(Reward::Percentage(rate("0.2"))) }];
    let mut world = world_of(Terms { caps, clauses, ..terms(Reward::Percentage(rate("0.2"))) }).await;
    let event = |world: &World, invoice: &str, at: &str| {
        let Fact::SalePaid(paid) = sale(world, invoice, "cus_1", "100", at) else { unreachable!("an event") };
        Fact::SalePaid(SalePaid { event_type: SaleType::Custom, ..paid })
    };
    book(&world, &event(&world, "in_1", FIRST)).await;
    visited(&world, "2026-12-03").await;
    world.pass_days(20);
    book(&world, &event(&world, "in_2", DECEMBER)).await;
    visited(&world, "2026-12-20").await;
    assert_eq!((net_of(&world, "in_1").await, net_of(&world, "in_2").await), (2_000, 1_000));
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_comes_back_within_its_open_month_counts_there_as_before() {
    let world = world_of(capped()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "100", SECOND)).await;
    for _ in 0..2 {
        give(&world, "in_1", None).await;
        visited(&world, "2026-11-23").await;
        assert_eq!((net_of(&world, "in_1").await, net_of(&world, "in_2").await), (0, 2_000));
        give(&world, "in_1", Some(&world.partner.clone())).await;
        visited(&world, "2026-11-23").await;
        assert_eq!((net_of(&world, "in_1").await, net_of(&world, "in_2").await), (2_000, 1_000));
        assert_eq!(counts_in(&world, "in_1").await, Some(("2026-11".to_owned(), false)));
    }
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_comes_back_at_the_moment_its_month_freezes_is_refused() {
    // What a desk makes of it a moment before, and would commit a moment after.
    let (world, twin) = (world_of(capped()).await, world_of(capped()).await);
    for one in [&world, &twin] {
        book(one, &sale(one, "in_1", "cus_1", "100", FIRST)).await;
        give(one, "in_1", None).await;
    }
    give(&twin, "in_1", Some(&twin.partner.clone())).await;
    let made: Sale = twin.kept_sale("in_1").await;
    let account = twin.account();
    let mut lines = twin.store.list_lines(&twin.tenant, &account).await.expect("store");
    lines.retain(|line| line.n == 3);
    assert_eq!(lines.first().map(|line| (line.kind, line.trace.late)), Some((LineKind::Adjustment, false)));
    visited(&world, "2026-12-03").await;
    let new = NewSale { sale: &made, lines: &lines, aliases: &[], open_in: &[program()], meets: None, review: None };
    let before = world.kept_sale("in_1").await.version;
    let written = world.store.redecide_sale(&world.tenant, before, &new).await.expect("store");
    assert_eq!(written, Written::ConditionFailed);
    let head = world.store.get_head(&world.tenant, &Account { ..account }).await.expect("store");
    assert_eq!(head.total().expect("in range").to_text(), "0.00", "nothing was written");
}
