//! Caps per line, customer, partner's month and programme's month, in canonical order and net of refunds.

use super::given::{
    World, amounts, credit, invoice, key, money, net, of_customer, partner, percent, program, rate, usd,
};
use crate::assess::History;
use crate::attribution::{Credit, PartnerTerms};
use crate::currency::Currency;
use crate::line::PartKind;
use crate::rule::{Caps, Terms};
use crate::sale::{Decision, Sale};

fn capped(caps: Caps) -> World {
    World::of(Terms { caps, ..Terms::simple(percent("0.5"), 30) })
}

fn sales(of: &[(&str, &str, &str)]) -> Vec<Sale> {
    let sale = |(n, (customer, when, paid)): (usize, &(&str, &str, &str))| {
        of_customer(customer, invoice(&format!("in_{n}"), when, usd(paid)))
    };
    of.iter().enumerate().map(sale).collect()
}

#[test]
fn a_line_is_cut_at_its_cap() {
    let world = capped(Caps { per_line: Some(usd("40")), ..Caps::default() });
    let assessed = world.assess(&sales(&[("a", "2026-11-01", "80"), ("a", "2026-11-02", "80.01")]));
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["40.00", "40.00"]);
    let notes = |n: usize| assessed.sales[n].earnings[0].trace.notes.clone();
    assert_eq!(notes(0), ["event: first_sale"]);
    assert_eq!(notes(1), ["event: renewal", "cap: per_line 40.00", "before_cap: 40.01"]);
}

#[test]
fn cumulative_caps_are_used_up_in_canonical_order_by_customer_month_and_programme() {
    let four = sales(&[
        ("b", "2026-11-03", "80"),
        ("a", "2026-11-01", "80"),
        ("a", "2026-11-02", "80"),
        ("a", "2026-12-01", "80"),
    ]);
    let cap = Some(usd("60"));
    let rows = [
        (Caps { per_customer: cap, ..Caps::default() }, ["40.00", "20.00", "40.00", "0.00"]),
        (Caps { per_partner_period: cap, ..Caps::default() }, ["40.00", "20.00", "0.00", "40.00"]),
        (Caps { per_program_period: cap, ..Caps::default() }, ["40.00", "20.00", "0.00", "40.00"]),
        (
            Caps { per_line: Some(usd("15")), per_partner_period: Some(usd("40")), ..Caps::default() },
            ["15.00", "15.00", "10.00", "15.00"],
        ),
        (Caps { per_customer: Some(money("60", Currency::EUR)), ..Caps::default() }, ["40.00"; 4]),
    ];
    for (caps, expected) in rows {
        assert_eq!(capped(caps).commissions(&four), expected, "{caps:?}");
    }
}

#[test]
fn what_was_refunded_leaves_room_for_later_sales() {
    let world = capped(Caps { per_partner_period: Some(usd("60")), ..Caps::default() });
    let mut three = sales(&[("a", "2026-11-01", "80"), ("a", "2026-11-02", "80"), ("a", "2026-11-03", "80")]);
    three[0].refunded = usd("40");
    // 40.00 with 20.00 taken back leave 40.00 for the second and nothing for the third.
    assert_eq!(world.commissions(&three), ["40.00", "40.00", "0.00"]);
    three[0].refunded = usd("80");
    assert_eq!(world.commissions(&three), ["40.00", "40.00", "20.00"]);
    three[1].rejected = true;
    assert_eq!(world.commissions(&three)[2], "40.00");
}

#[test]
fn a_sale_cut_by_a_cap_and_refunded_in_part_keeps_what_fits() {
    let world = capped(Caps { per_partner_period: Some(usd("60")), ..Caps::default() });
    let mut two = sales(&[("a", "2026-11-01", "80"), ("a", "2026-11-02", "80")]);
    two[1].refunded = usd("40");
    // 40.00 alone would keep 20.00 after the refund, and 20.00 is what fits: it is booked whole again.
    assert_eq!(world.commissions(&two), ["40.00", "40.00"]);
    assert_eq!(net(&world.assess(&two), &two, 1), 6_000);
}

#[test]
fn the_programmes_cap_counts_all_partners_and_their_referrers() {
    let caps = Caps { per_program_period: Some(usd("50")), ..Caps::default() };
    let world = World::of(Terms { caps, second_tier: Some(rate("0.1")), ..Terms::simple(percent("0.5"), 30) });
    let mut two = sales(&[("a", "2026-11-01", "80"), ("b", "2026-11-02", "80")]);
    let terms = PartnerTerms { referrer: Some(partner(7)), ..PartnerTerms::default() };
    two[0].decision = Decision::one(Credit { terms, ..credit(1, 1) });
    two[1].decision = Decision::one(credit(2, 1));
    let assessed = world.assess(&two);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["40.00"]);
    assert_eq!(amounts(&assessed, 7, PartKind::SecondTier), ["4.00"]);
    assert_eq!(amounts(&assessed, 2, PartKind::Commission), ["6.00"]);
}

#[test]
fn what_a_customer_earned_before_the_scope_counts_for_their_cap() {
    let mut world = capped(Caps { per_customer: Some(usd("60")), ..Caps::default() });
    let earned = [((program(), partner(1), Currency::USD), usd("55"))].into();
    world.histories.insert(key("a"), History { earned, ..History::default() });
    let two = sales(&[("a", "2026-11-01", "80"), ("b", "2026-11-02", "80")]);
    assert_eq!(world.commissions(&two), ["5.00", "40.00"]);
}
