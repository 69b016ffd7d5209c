//! Which clause pays: conditions, matching, overrides, items, custom events.

use std::collections::BTreeMap;

use super::given::{World, amounts, clause, credit, invoice, partner, percent, rate, traced, usd};
use crate::attribution::{Credit, PartnerTerms};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::{SaleTraits, SaleType, SoldItem};
use crate::line::{Part, PartKind};
use crate::rule::condition::Given;
use crate::rule::{Clause, Condition, Event, Field, Matching, Operator, Overrides, Reward, Terms, Test};
use crate::sale::{Clawback, Decision, Sale};
use crate::tier::Tier;

fn product_is(name: &str) -> Option<Condition> {
    let test = Test::try_new(Field::Product, Operator::Equals, Given::One(name.to_owned()), Currency::USD);
    Some(Condition::Test(test.expect("a test")))
}

fn when(clause: Clause, when: Option<Condition>) -> Clause {
    Clause { when, ..clause }
}

fn terms(matching: Matching, clauses: Vec<Clause>) -> Terms {
    Terms { matching, clauses, ..Terms::simple(percent("0.1"), 30) }
}

fn sold(paid: &str) -> Sale {
    invoice("in_1", "2026-11-21", usd(paid))
}

#[test]
fn of_several_clauses_the_first_the_best_or_all_pay() {
    // COM-6: best compares money of this very sale: 10 % of 300.00 beats 25.00, of 200.00 it does not.
    let clauses = || {
        vec![clause("share", &Event::SALES, percent("0.1")), clause("flat", &Event::SALES, Reward::Flat(usd("25.00")))]
    };
    let rows = [
        (Matching::First, "200.00", "20.00", EarningReason::Percentage),
        (Matching::BestMoney, "200.00", "25.00", EarningReason::Flat),
        (Matching::BestMoney, "300.00", "30.00", EarningReason::Percentage),
        (Matching::BestMoney, "250.00", "25.00", EarningReason::Percentage),
        (Matching::Sum, "200.00", "45.00", EarningReason::Several),
    ];
    for (matching, paid, expected, reason) in rows {
        let assessed = World::of(terms(matching, clauses())).assess(&[sold(paid)]);
        let earning = &assessed.sales[0].earnings[0];
        assert_eq!(
            (earning.amount.to_text().as_str(), earning.trace.reason),
            (expected, reason),
            "{matching:?} {paid}"
        );
    }
}

#[test]
fn shares_are_added_up_before_the_one_rounding() {
    let clauses = vec![clause("a", &Event::SALES, percent("0.05")), clause("b", &Event::SALES, percent("0.05"))];
    // 0.05 at 5 % twice is 0.0025 twice: rounded singly 0.00, together 0.005, which is 0.01.
    assert_eq!(World::of(terms(Matching::Sum, clauses)).commissions(&[sold("0.05")]), ["0.01"]);
}

#[test]
fn a_sale_that_no_clause_is_about_earns_nothing_and_says_why() {
    let clauses = vec![
        clause("sign-ups", &[Event::SignUp], Reward::Flat(usd("5"))),
        when(clause("pro", &Event::SALES, percent("0.5")), product_is("pro")),
    ];
    let assessed = World::of(terms(Matching::First, clauses)).assess(&[sold("10")]);
    let (reason, notes) = traced(&assessed, 0, Part::default());
    assert_eq!(reason, EarningReason::NoClause);
    assert_eq!(notes, ["event: first_sale", "passed: sign-ups by event", "passed: pro by condition"]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["0.00"]);
}

fn items(of: &[(&str, &str)]) -> Vec<SoldItem> {
    of.iter().map(|(product, amount)| SoldItem { product: (*product).to_owned(), amount: usd(amount) }).collect()
}

#[test]
fn each_item_earns_by_its_own_clause_on_a_line_of_its_own() {
    let clauses = vec![
        when(clause("pro", &Event::SALES, percent("0.5")), product_is("pro")),
        when(clause("gift", &Event::SALES, Reward::Flat(usd("3"))), product_is("gift")),
        clause("rest", &Event::SALES, percent("0.1")),
    ];
    let tax = usd("20.00");
    let sale = Sale { items: items(&[("pro", "60"), ("gift", "30"), ("book", "30")]), tax, ..sold("120.00") };
    let assessed = World::of(terms(Matching::First, clauses)).assess(&[sale]);
    // The base of an item is its share of the net: 60 × 100/120.
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["25.00", "3.00", "2.50"]);
    let parts: Vec<u16> = assessed.sales[0].earnings.iter().map(|earning| earning.part.item).collect();
    assert_eq!(parts, [0, 1, 2]);
    let (_, notes) = traced(&assessed, 0, Part { item: 1, kind: PartKind::Commission });
    assert_eq!(notes, ["event: first_sale", "product: gift", "clause: gift"]);
}

#[test]
fn a_flat_clause_pays_once_a_sale_however_many_items_it_has() {
    let sale = Sale { items: items(&[("a", "10"), ("b", "10")]), ..sold("20") };
    let assessed = World::of(Terms::simple(Reward::Flat(usd("5")), 30)).assess(&[sale]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["5.00", "0.00"]);
    let (reason, _) = traced(&assessed, 0, Part { item: 1, kind: PartKind::Commission });
    assert_eq!(reason, EarningReason::PaidOnce);
}

fn partner_with(terms: PartnerTerms, sale: Sale) -> Sale {
    Sale { decision: Decision::one(Credit { terms, ..credit(1, 1) }), ..sale }
}

#[test]
fn an_own_rate_goes_above_the_programmes_by_link_partner_tier_and_group() {
    let all = Overrides {
        partners: BTreeMap::from([(partner(1), rate("0.4"))]),
        tiers: BTreeMap::from([(Tier::Tier2, rate("0.3"))]),
        groups: BTreeMap::from([("gold".to_owned(), rate("0.25")), ("silver".to_owned(), rate("0.2"))]),
    };
    let groups = || vec!["silver".to_owned(), "gold".to_owned(), "unknown".to_owned()];
    let full = || PartnerTerms { tier: Tier::Tier2, groups: groups(), link_rate: Some(rate("0.5")), referrer: None };
    let no_partner = Overrides { partners: BTreeMap::new(), ..all.clone() };
    let rows = [
        (all.clone(), full(), "50.00", Some("override: link")),
        (all.clone(), PartnerTerms { link_rate: None, ..full() }, "40.00", Some("override: partner")),
        (no_partner.clone(), PartnerTerms { link_rate: None, ..full() }, "30.00", Some("override: tier")),
        (
            no_partner.clone(),
            PartnerTerms { groups: groups(), ..PartnerTerms::default() },
            "25.00",
            Some("override: group"),
        ),
        (no_partner, PartnerTerms::default(), "10.00", None),
    ];
    for (overrides, own, expected, note) in rows {
        let world = World::of(Terms { overrides, ..Terms::simple(percent("0.1"), 30) });
        let assessed = world.assess(&[partner_with(own, sold("100"))]);
        assert_eq!(amounts(&assessed, 1, PartKind::Commission), [expected]);
        let (_, notes) = traced(&assessed, 0, Part::default());
        assert_eq!(notes.iter().find(|note| note.starts_with("override")).map(String::as_str), note);
    }
}

#[test]
fn an_own_rate_needs_a_clause_that_applies_and_stands_beside_flat_rewards_that_are_added() {
    let own = || PartnerTerms { link_rate: Some(rate("0.5")), ..PartnerTerms::default() };
    let shares = |matching| {
        terms(
            matching,
            vec![
                clause("a", &Event::SALES, percent("0.1")),
                clause("b", &Event::SALES, percent("0.2")),
                clause("c", &[Event::FirstSale], Reward::Flat(usd("7"))),
            ],
        )
    };
    for (matching, expected) in [(Matching::First, "50.00"), (Matching::BestMoney, "50.00"), (Matching::Sum, "57.00")] {
        let assessed = World::of(shares(matching)).assess(&[partner_with(own(), sold("100"))]);
        assert_eq!(amounts(&assessed, 1, PartKind::Commission), [expected], "{matching:?}");
    }
    let renewals = terms(Matching::First, vec![clause("a", &[Event::Renewal], percent("0.1"))]);
    let assessed = World::of(renewals).assess(&[partner_with(own(), sold("100"))]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["0.00"]);
}

#[test]
fn an_event_of_the_tenants_own_is_told_by_its_name_and_may_have_no_amount() {
    let named = |name: &str| {
        let test = Test::try_new(Field::Event, Operator::Equals, Given::One(name.to_owned()), Currency::USD);
        Some(Condition::Test(test.expect("a test")))
    };
    let clauses = vec![
        when(clause("demo", &[Event::Custom], Reward::Flat(usd("15"))), named("demo_booked")),
        clause("leads", &[Event::QualifiedLead], Reward::Flat(usd("4"))),
    ];
    let custom = |name: &str, event_type| Sale {
        event_type,
        traits: SaleTraits { event: Some(name.to_owned()), ..SaleTraits::default() },
        ..sold("0")
    };
    let world = World::of(terms(Matching::First, clauses));
    let rows = [
        (custom("demo_booked", SaleType::Custom), "15.00"),
        (custom("call_booked", SaleType::Custom), "0.00"),
        (custom("", SaleType::QualifiedLead), "4.00"),
        (custom("demo_booked", SaleType::InvoicePayment), "0.00"),
    ];
    for (sale, expected) in rows {
        let about = format!("{:?} {:?}", sale.event_type, sale.traits.event);
        assert_eq!(world.commissions(&[sale]), [expected], "{about}");
    }
}

#[test]
fn refunds_do_to_flat_rewards_what_the_version_says_and_to_shares_what_is_fair() {
    let flat = |flat_refund| Terms { flat_refund, ..Terms::simple(Reward::Flat(usd("5")), 30) };
    let clawback = |terms| World::of(terms).assess(&[sold("10")]).sales[0].earnings[0].clawback;
    let half = Clawback::From(rate("0.5"));
    for kind in [Clawback::Keep, Clawback::Proportional, half] {
        assert_eq!(clawback(flat(kind)), kind);
    }
    assert_eq!(clawback(Terms::simple(Reward::Flat(usd("5")), 30)), Clawback::From(rate("1")));
    assert_eq!(
        clawback(Terms { flat_refund: Clawback::Keep, ..Terms::simple(percent("0.1"), 30) }),
        Clawback::Proportional
    );
}
