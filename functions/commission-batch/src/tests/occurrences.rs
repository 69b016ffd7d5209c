//! COM-3: how many sales of a customer there were is counted over all partners, whoever has been paid for them.

use cases::adjust::load::{Wanted, load, read_frames};
use cases::desk::Desk;
use cases::desk::reattribution::{Reattributed, Who, reattribute};
use domain::attribution::models::Model;
use domain::attribution::settings::AttributionSettings;
use domain::audit::Actor;
use domain::currency::Currency;
use domain::fact::{Fact, SalePaid};
use domain::id::{LinkId, PartnerId, ProgramId, RuleId};
use domain::line::Account;
use domain::role::Role;
use domain::rule::{Caps, Clause, Limits, Reward, RuleVersion, Terms};
use domain::touch::{Touch, Touches};
use queues::VisitDue;
use store::links::Link;
use store::programs::Program;
use world::World;

use super::adjusting::{
    FIRST, SECOND, THIRD, book, furnish_second, program, rate, sale, second_partner, terms, usd, world_of,
};
use super::{LATER, at, due};
use crate::visit;

/// 10 % of the first payments of each subscription.
fn limited(max_occurrences: u32) -> Terms {
    let limits = Limits { max_months: None, max_occurrences: Some(max_occurrences) };
    let clause = Clause { limits, ..Clause::simple(Reward::Percentage(rate("0.1"))) };
    Terms { clauses: vec![clause], ..terms(Reward::Percentage(rate("0.1"))) }
}

fn invoice(world: &World, name: &str, occurred_at: &str) -> Fact {
    let Fact::SalePaid(paid) = sale(world, name, "cus_1", "100", occurred_at) else { unreachable!("a sale") };
    Fact::SalePaid(SalePaid { subscription: Some("sub_1".to_owned()), ..paid })
}

/// An admin says whose a sale is.
async fn give(world: &World, invoice: &str, who: &Who) {
    let actor = Actor::new(Role::Admin, "key_1");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let id = domain::id::SaleId::of(&world::key(invoice));
    let given = reattribute(&desk, &id, who, "because").await.expect("decided");
    assert!(matches!(given, Reattributed::Done(_)), "{given:?}");
}

fn to(partner: &PartnerId) -> Who {
    Who::Partner { partner: partner.clone(), program: None }
}

async fn visited(world: &World, partner: &PartnerId, business_date: &str) {
    let visit_due = VisitDue { partner: partner.clone(), ..due(world, business_date) };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

/// What is left of each sale, by partner: first the world's own.
async fn left(world: &World, invoices: &[&str]) -> Vec<(i64, i64)> {
    let mut left = Vec::new();
    for invoice in invoices {
        let sale = world.kept_sale(invoice).await;
        let of = |partner: &PartnerId| {
            let lines = sale.lines.iter().filter(|line| line.partner == *partner);
            lines.fold(0, |sum, line| sum + line.amount.minor())
        };
        left.push((of(&world.partner), of(&second_partner())));
    }
    left
}

#[tokio::test]
async fn com_3_a_customer_who_goes_over_to_another_partner_has_paid_before() {
    for second_first in [false, true] {
        let (world, other) = (world_of(limited(2)).await, second_partner());
        furnish_second(&world, &other).await;
        for (name, when) in [("in_1", FIRST), ("in_2", SECOND), ("in_3", THIRD)] {
            book(&world, &invoice(&world, name, when)).await;
        }
        // The first one and the last one are the other's: one before and one behind the sale that stays.
        give(&world, "in_1", &to(&other)).await;
        give(&world, "in_3", &to(&other)).await;
        let order = if second_first { [&other, &world.partner] } else { [&world.partner, &other] };
        for partner in order {
            visited(&world, partner, "2026-11-23").await;
        }
        assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(0, 1_000), (1_000, 0), (0, 0)]);
        world.verified().await;
    }
}

#[tokio::test]
async fn com_3_what_is_nobodys_has_been_paid_all_the_same() {
    let world = world_of(limited(1)).await;
    for (name, when) in [("in_1", FIRST), ("in_2", SECOND)] {
        book(&world, &invoice(&world, name, when)).await;
    }
    give(&world, "in_1", &Who::Nobody).await;
    visited(&world, &world.partner, "2026-11-23").await;
    assert_eq!(left(&world, &["in_1", "in_2"]).await, [(0, 0), (0, 0)]);
    // Given back in full, it leaves its place to the next.
    book(&world, &world.refund("re_1", "in_1", "100")).await;
    book(&world, &invoice(&world, "in_3", THIRD)).await;
    visited(&world, &world.partner, "2026-11-23").await;
    assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(0, 0), (1_000, 0), (0, 0)]);
    world.verified().await;
}

#[tokio::test]
async fn com_3_counted_months_of_another_partner_count_for_open_ones_and_none_counts_twice() {
    let (mut world, other) = (world_of(limited(2)).await, second_partner());
    furnish_second(&world, &other).await;
    book(&world, &invoice(&world, "in_1", FIRST)).await;
    visited(&world, &world.partner, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted.map(|month| month.to_string()), Some("2026-11".to_owned()));
    world.pass_days(30);
    for (name, when) in [("in_2", "2026-12-20T13:00:00Z"), ("in_3", "2026-12-21T13:00:00Z")] {
        book(&world, &invoice(&world, name, when)).await;
        give(&world, name, &to(&other)).await;
    }
    visited(&world, &other, "2026-12-22").await;
    assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(1_000, 0), (0, 1_000), (0, 0)]);
    // What the first partner has counted goes over as well: it is one sale, and still the first.
    give(&world, "in_1", &to(&other)).await;
    visited(&world, &other, "2026-12-22").await;
    assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(0, 1_000), (0, 1_000), (0, 0)]);
    world.verified().await;
}

/// A programme of several partners who share in each sale, with a cap over all of them that is never reached.
async fn shared_programme(world: &World, effective_from: &str) -> (ProgramId, String) {
    let id = ProgramId::from_ulid(77_u128.into());
    let attribution = AttributionSettings { model: Model::Linear, ..AttributionSettings::default() };
    let known = world.store.get_program(&world.tenant, &program()).await.expect("store").expect("there");
    let made = Program { id: id.clone(), attribution, ..known };
    let caps = Caps { per_program_period: Some(usd("9000")), ..Caps::default() };
    let terms = Terms { caps, ..limited(2) };
    let effective_from = at(effective_from);
    let rule = RuleVersion { id: RuleId::from_ulid(78_u128.into()), program: id.clone(), effective_from, terms };
    world.store.create_program(&world.tenant, &made, &rule).await.expect("made");
    let mut touches = Vec::new();
    for (n, partner) in [(21_u128, world.partner.clone()), (22, second_partner())] {
        let link = Link {
            id: LinkId::from_ulid(n.into()),
            code: format!("link{n}"),
            partner,
            program: id.clone(),
            destination: "https://shop.example/".to_owned(),
            window_days: 30,
            commission_rate: None,
            active: true,
            created_at: world.now,
            details: Default::default(),
        };
        world.store.create_link(&world.tenant, &link).await.expect("a link");
        touches.push(Touch { at: at("2026-11-20T12:00:00Z"), link: link.id, visitor: world::visitor() });
    }
    let [older, newer] = touches.try_into().expect("two");
    (id, world.sign(&Touches::from(older).push(newer)))
}

#[tokio::test]
async fn com_3_a_sale_that_two_partners_share_under_a_cap_over_all_is_one_occurrence() {
    let (mut world, other) = (World::new().await, second_partner());
    furnish_second(&world, &other).await;
    let (id, token) = shared_programme(&world, "2026-01-01T00:00:00Z").await;
    let told = |world: &World, name: &str, when: &str| {
        let Fact::SalePaid(paid) = invoice(world, name, when) else { unreachable!("a sale") };
        Fact::SalePaid(SalePaid { click_token: Some(token.clone()), ..paid })
    };
    let of_all = VisitDue { program: Some(id), ..due(&world, "2026-12-03") };
    book(&world, &told(&world, "in_1", FIRST)).await;
    visit::visit(&world.store, &world.tenant, &of_all, at(LATER)).await.expect("visited");
    for partner in [world.partner.clone(), other.clone()] {
        visited(&world, &partner, "2026-12-03").await;
        let account = Account { partner, currency: Currency::USD };
        let head = world.store.get_head(&world.tenant, &account).await.expect("store");
        assert!(head.counted.is_some(), "November is counted");
    }
    world.pass_days(30);
    book(&world, &told(&world, "in_2", "2026-12-20T13:00:00Z")).await;
    book(&world, &told(&world, "in_3", "2026-12-21T13:00:00Z")).await;
    let of_all = VisitDue { business_date: super::day("2026-12-22"), ..of_all };
    visit::visit(&world.store, &world.tenant, &of_all, at(LATER)).await.expect("visited");
    assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(500, 500), (500, 500), (0, 0)]);
    world.verified().await;
}

#[tokio::test]
async fn com_3_a_sale_from_before_the_first_rule_counts_whichever_is_told_first() {
    for check_out_first in [true, false] {
        let (world, other) = (World::new().await, second_partner());
        furnish_second(&world, &other).await;
        let (id, token) = shared_programme(&world, "2026-11-22T00:00:00Z").await;
        let told = |name: &str, when: &str| {
            let Fact::SalePaid(paid) = invoice(&world, name, when) else { unreachable!("a sale") };
            Fact::SalePaid(SalePaid { click_token: None, ..paid })
        };
        let mut facts = vec![world.seen("cus_1", Some(&token)), told("in_1", FIRST)];
        if !check_out_first {
            facts.reverse();
        }
        facts.extend([told("in_2", SECOND), told("in_3", THIRD)]);
        for fact in &facts {
            book(&world, fact).await;
        }
        let of_all = VisitDue { program: Some(id), ..due(&world, "2026-11-23") };
        visit::visit(&world.store, &world.tenant, &of_all, at(LATER)).await.expect("visited");
        // No rule pays for the first one, and it has been paid all the same: the second is the last of two.
        let expected = [(0, 0), (500, 500), (0, 0)];
        assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, expected, "check-out first: {check_out_first}");
        world.verified().await;
    }
}

/// How many payments of the customer a partner's visit knows of that are another's, reading as few lines of others.
async fn known_elsewhere(world: &World, partner: &PartnerId, sales_max: usize) -> usize {
    let (frames, zone) = (read_frames(&world.store, &world.tenant).await.expect("frames"), domain::time::Zone::utc());
    let accounts = [Account { partner: partner.clone(), currency: Currency::USD }];
    let wanted = Wanted {
        accounts: &accounts,
        frames: &frames,
        only: None,
        everything: false,
        run_note: "",
        ledger_zone: &zone,
        sales_max,
    };
    let loaded = load(&world.store, &world.tenant, &wanted).await.expect("loaded");
    let history = loaded.histories.get(&world::key("cus_1")).expect("a history");
    let elsewhere = history.paid.values().flatten();
    elsewhere.filter(|occurrence| !loaded.sales.values().any(|sale| sale.payment == occurrence.payment)).count()
}

#[tokio::test]
async fn com_3_sales_of_a_customer_whom_two_partners_have_are_found_by_key_however_many_others_one_of_them_has() {
    let (world, other) = (world_of(limited(2)).await, second_partner());
    furnish_second(&world, &other).await;
    for (name, when) in [("in_1", FIRST), ("in_2", SECOND)] {
        book(&world, &invoice(&world, name, when)).await;
    }
    for n in 0..12 {
        book(&world, &sale(&world, &format!("in_9{n}"), &format!("cus_9{n}"), "100", SECOND)).await;
    }
    give(&world, "in_2", &to(&other)).await;
    assert_eq!(known_elsewhere(&world, &other, 2).await, 1, "by the lines, as nothing is listed yet");
    assert_eq!(known_elsewhere(&world, &other, 1).await, 0, "more lines than are read");
    visited(&world, &world.partner, "2026-11-23").await;
    assert_eq!(known_elsewhere(&world, &other, 1).await, 1, "by the list");
    // Whoever books another one lists it at once.
    book(&world, &invoice(&world, "in_3", THIRD)).await;
    assert_eq!(known_elsewhere(&world, &other, 1).await, 2);
    for partner in [&other, &world.partner] {
        visited(&world, partner, "2026-11-24").await;
    }
    assert_eq!(left(&world, &["in_1", "in_2", "in_3"]).await, [(1_000, 0), (0, 1_000), (0, 0)]);
    world.verified().await;
}

#[tokio::test]
async fn com_3_whose_own_programme_counts_nothing_lists_what_is_shared_for_the_programme_that_does() {
    let (world, other) = (world_of(terms(Reward::Percentage(rate("0.1")))).await, second_partner());
    furnish_second(&world, &other).await;
    shared_programme(&world, "2026-01-01T00:00:00Z").await;
    for (name, when) in [("in_1", FIRST), ("in_2", SECOND)] {
        book(&world, &invoice(&world, name, when)).await;
    }
    give(&world, "in_2", &to(&other)).await;
    visited(&world, &world.partner, "2026-11-23").await;
    let listed = world.store.get_listed(&world.tenant, &world::key("cus_1")).await.expect("store");
    assert!(listed.whole.contains(&world.account()), "{listed:?}");
    assert!(listed.sales.contains(&domain::id::SaleId::of(&world::key("in_1"))), "{listed:?}");
    world.verified().await;
}
