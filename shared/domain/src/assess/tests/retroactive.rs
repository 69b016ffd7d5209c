//! What caps leave of a month with retroactive bands: its sales and its difference together.

use std::collections::BTreeMap;

use super::given::{World, amounts, at, clause, invoice, key, net, of_customer, partner, percent, rate, usd};
use crate::currency::Currency;
use crate::line::PartKind;
use crate::rule::{Band, BandMode, Bands, Caps, Event, Matching, Metric, Milestone, Reward, Terms};
use crate::sale::Sale;

fn bands(steps: &[(&str, &str)], caps: Caps) -> Terms {
    let steps = steps.iter().map(|(from, share)| Band { from: usd(from), rate: rate(share) }).collect();
    Terms { bands: Some(Bands { mode: BandMode::Retroactive, steps }), caps, ..Terms::simple(Reward::Banded, 30) }
}

const RISING: [(&str, &str); 3] = [("0", "0.2"), ("10000", "0.25"), ("25000", "0.3")];
const FALLING: [(&str, &str); 2] = [("0", "0.2"), ("10000", "0.1")];
const TENTH: [(&str, &str); 1] = [("0", "0.1")];

fn per_line(cap: &str) -> Caps {
    Caps { per_line: Some(usd(cap)), ..Caps::default() }
}

fn per_customer(cap: &str) -> Caps {
    Caps { per_customer: Some(usd(cap)), ..Caps::default() }
}

fn per_partner(cap: &str) -> Caps {
    Caps { per_partner_period: Some(usd(cap)), ..Caps::default() }
}

fn per_program(cap: &str) -> Caps {
    Caps { per_program_period: Some(usd(cap)), ..Caps::default() }
}

/// Sales of November, each by whom and for how much.
fn november(of: &[(&str, &str)]) -> Vec<Sale> {
    let numbered = of.iter().enumerate();
    numbered.map(|(n, (who, paid))| of_customer(who, invoice(&format!("in_{n:03}"), "2026-11-21", usd(paid)))).collect()
}

/// What the months add, one after the other, and what all comes to.
fn added(terms: &Terms, sales: &[Sale]) -> (Vec<String>, i64) {
    let assessed = World::of(terms.clone()).assess(sales);
    let added = assessed.periods.iter().map(|period| period.amount.to_text()).collect();
    (added, net(&assessed, sales, 1))
}

#[test]
fn com_7_com_10_a_months_difference_goes_no_further_than_each_cap_leaves() {
    let one = || november(&[("a", "26000")]);
    let two = || november(&[("a", "20000"), ("b", "6000")]);
    let rows = [
        ("no cap", bands(&RISING, Caps::default()), one(), "2600.00", 780_000),
        ("its customer's", bands(&RISING, per_customer("1000")), one(), "0.00", 100_000),
        ("its line's", bands(&RISING, per_line("1000")), one(), "0.00", 100_000),
        ("its partner's", bands(&RISING, per_partner("1000")), one(), "0.00", 100_000),
        ("a part of it", bands(&RISING, per_customer("7000")), one(), "1800.00", 700_000),
        // By the bands the two are worth 6,000.00 and 1,800.00, and were booked with 4,000.00 and 1,200.00.
        ("one customer's", bands(&RISING, per_customer("5000")), two(), "1600.00", 680_000),
        ("one line's", bands(&RISING, per_line("5000")), two(), "1600.00", 680_000),
        (
            "both",
            bands(&RISING, Caps { per_partner_period: Some(usd("6000")), ..per_customer("5000") }),
            two(),
            "800.00",
            600_000,
        ),
    ];
    for (cap, terms, sales, difference, expected) in rows {
        assert_eq!(added(&terms, &sales), (vec![difference.to_owned()], expected), "{cap}");
    }
}

#[test]
fn com_7_com_10_a_capped_month_is_never_worth_less_than_its_sales_or_its_cap() {
    let one = || november(&[("a", "20000")]);
    let tiny = || november(&[("a", "0.05"); 100]);
    let rows = [
        ("bands that fall", bands(&FALLING, Caps::default()), one(), "-2000.00", 200_000),
        ("and a partner's cap", bands(&FALLING, per_partner("500")), one(), "0.00", 50_000),
        ("and a programme's cap", bands(&FALLING, per_program("500")), one(), "0.00", 50_000),
        ("and a customer's cap", bands(&FALLING, per_customer("500")), one(), "0.00", 50_000),
        ("and a line's cap", bands(&FALLING, per_line("500")), one(), "0.00", 50_000),
        ("and a cap between both", bands(&FALLING, per_partner("3000")), one(), "-1000.00", 200_000),
        // Each is booked with a cent, which is half a cent too much: sixty of them fill the cap.
        ("tiny sales", bands(&TENTH, Caps::default()), tiny(), "-0.50", 50),
        ("and a partner's cap", bands(&TENTH, per_partner("0.60")), tiny(), "-0.10", 50),
        ("and a customer's cap", bands(&TENTH, per_customer("0.60")), tiny(), "-0.10", 50),
        ("and a lower cap", bands(&TENTH, per_partner("0.40")), tiny(), "0.00", 40),
    ];
    for (what, terms, sales, difference, expected) in rows {
        assert_eq!(added(&terms, &sales), (vec![difference.to_owned()], expected), "{what}");
    }
}

#[test]
fn com_10_what_a_month_adds_for_a_customer_is_not_there_for_the_months_behind_it() {
    let terms = bands(&RISING, per_customer("7000"));
    let mut sales = november(&[("a", "26000"), ("a", "1000"), ("b", "1000")]);
    for sale in &mut sales[1..] {
        sale.occurred_at = at("2026-12-01");
    }
    let assessed = World::of(terms.clone()).assess(&sales);
    // 5,200.00 and 1,800.00 are the cap; whoever else buys has a cap of their own.
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["5200.00", "0.00", "200.00"]);
    let customers: Vec<_> = assessed.periods.iter().map(|period| period.customers.clone()).collect();
    let expected = [BTreeMap::from([(key("a"), 180_000)]), BTreeMap::from([(key("a"), 0), (key("b"), 0)])];
    assert_eq!(customers, expected);
    assert_eq!(added(&terms, &sales), (vec!["1800.00".to_owned(), "0.00".to_owned()], 720_000));
    // November is the same whether December is known or not.
    assert_eq!(World::of(terms).assess(&sales[..1]).periods[0], assessed.periods[0]);
    assert_eq!(assessed.periods[0].partner, partner(1));
}

#[test]
fn com_10_of_a_months_difference_the_cap_that_cut_it_is_told() {
    let rows = [
        (per_line("1000"), vec!["cap: per_line 1000.00", "before_cap: 6800.00", "in_all: 0.00"]),
        (per_customer("7000"), vec!["cap: per_customer 7000.00", "before_cap: 2600.00", "in_all: 1800.00"]),
        (per_customer("7800"), vec!["in_all: 2600.00"]),
        (per_line("7800"), vec!["in_all: 2600.00"]),
        (
            Caps { per_program_period: Some(usd("6000")), ..per_customer("7000") },
            vec!["cap: per_program_period 6000.00", "before_cap: 2600.00", "in_all: 800.00"],
        ),
    ];
    for (caps, expected) in rows {
        let told = format!("{caps:?}");
        let assessed = World::of(bands(&RISING, caps)).assess(&november(&[("a", "26000")]));
        assert_eq!(assessed.periods[0].trace.notes[2..], expected, "{told}");
    }
}

#[test]
fn com_10_a_lines_cap_holds_for_what_refunds_leave_of_it() {
    let mut sales = november(&[("a", "100")]);
    sales[0].refunded = usd("50");
    // What is left is worth 25.00 at a half; a line of 20.00 of which half went back is 10.00.
    let terms = bands(&[("0", "0.1"), ("40", "0.5")], per_line("20"));
    assert_eq!(added(&terms, &sales), (vec!["5.00".to_owned()], 1_000));
}

#[test]
fn com_7_a_flat_reward_beside_bands_is_not_taken_back_by_the_month() {
    let clauses =
        vec![clause("bands", &Event::SALES, Reward::Banded), clause("flat", &Event::SALES, Reward::Flat(usd("5")))];
    let steps = [("0", "0.1"), ("100", "0.2")];
    let terms = Terms { clauses, matching: Matching::Sum, ..bands(&steps, Caps::default()) };
    let mut sales = november(&[("a", "200")]);
    // 20.00 and 5.00 by the sale, 20.00 more by the month.
    assert_eq!(added(&terms, &sales), (vec!["20.00".to_owned()], 4_500));
    sales[0].refunded = usd("150");
    assert_eq!(added(&terms, &sales), (vec!["0.00".to_owned()], 625));
}

#[test]
fn com_7_the_base_of_a_banded_sale_is_rounded_before_its_bands() {
    let mut sale = invoice("in_1", "2026-11-21", usd("0.21"));
    (sale.total, sale.tax) = (usd("0.42"), usd("0.21"));
    // The base is 10.5 cents: a third of them as they are, or of eleven as a volume.
    let third = bands(&[("0", "0.33")], Caps::default());
    for (terms, expected) in [(Terms::simple(percent("0.33"), 30), "0.03"), (third, "0.04")] {
        assert_eq!(World::of(terms).commissions(std::slice::from_ref(&sale)), [expected]);
    }
}

#[test]
fn com_10_the_bonus_of_a_milestone_is_under_no_cap() {
    let milestone = Milestone {
        name: "first".to_owned(),
        metric: Metric::Sales(1),
        currency: Currency::USD,
        bonus: Some(usd("500")),
        badge: None,
    };
    for caps in [per_line("60"), per_customer("60"), per_partner("60"), per_program("60")] {
        let told = format!("{caps:?}");
        let is_of_one = caps.per_line.is_some();
        let terms = Terms { caps, milestones: vec![milestone.clone()], ..Terms::simple(percent("0.5"), 30) };
        let world = World::of(terms);
        let sales = november(&[("a", "80"), ("a", "80")]);
        assert_eq!(world.assess(&sales).periods[0].amount, usd("500"), "{told}");
        // It uses nothing up, either.
        assert_eq!(world.commissions(&sales), ["40.00", if is_of_one { "40.00" } else { "20.00" }], "{told}");
    }
}

#[test]
fn com_10_a_month_that_late_sales_count_in_goes_on_until_it_ends() {
    let mut world = World::of(bands(&RISING, per_customer("90000")));
    let mut sales = november(&[("a", "20000"), ("a", "1000"), ("a", "6000")]);
    sales[2].occurred_at = at("2026-12-02");
    // The first comes after November froze: it counts in December, of which nothing else is known yet when it is looked at.
    let december = crate::month::Month::parse("2026-12").expect("a month");
    world.late.insert((sales[0].id.clone(), partner(1)), december);
    let assessed = world.assess(&sales);
    let added: Vec<_> =
        assessed.periods.iter().map(|period| (period.month.to_string(), period.amount.to_text())).collect();
    let row = |month: &str, amount: &str| (month.to_owned(), amount.to_owned());
    assert_eq!(added, [row("2026-11", "0.00"), row("2026-12", "2600.00")]);
}
