//! Bands and bonuses by the month's volume, milestones by the whole time.

use super::given::{
    World, amounts, invoice, key, net, of_customer, partner, percent, program, rate, traced, usd, version,
};
use crate::assess::{PeriodKind, Standing};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::line::{Part, PartKind};
use crate::money::Money;
use crate::rule::{Band, BandMode, Bands, Caps, Metric, Milestone, Reward, RuleVersion, Terms, VolumeBonus};
use crate::sale::Sale;

fn bands(mode: BandMode) -> Terms {
    let steps = [("0", "0.1"), ("100", "0.2"), ("200", "0.4")];
    let steps = steps.map(|(from, share)| Band { from: usd(from), rate: rate(share) }).to_vec();
    Terms { bands: Some(Bands { mode, steps }), ..Terms::simple(Reward::Banded, 30) }
}

fn paid(of: &[(&str, &str)]) -> Vec<Sale> {
    of.iter().enumerate().map(|(n, (when, paid))| invoice(&format!("in_{n}"), when, usd(paid))).collect()
}

#[test]
fn marginal_bands_pay_each_slice_its_rate_and_begin_anew_each_month() {
    let sales = paid(&[("2026-11-01", "150"), ("2026-11-02", "100"), ("2026-12-01", "50")]);
    let assessed = World::of(bands(BandMode::Marginal)).assess(&sales);
    // 10 + 10; then 50 at 20 % and 50 at 40 %; then the first band again.
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["20.00", "30.00", "5.00"]);
    let (_, notes) = traced(&assessed, 1, Part::default());
    assert_eq!(notes, ["event: renewal", "volume_before: 150.00"]);
    assert_eq!(assessed.sales[1].earnings[0].trace.reward, "0.4");
    assert!(assessed.periods.is_empty());
}

#[test]
fn the_month_is_the_programmes_in_its_zone() {
    let mut world = World::of(bands(BandMode::Marginal));
    let sales = paid(&[("2026-11-30T23:30:00Z", "200"), ("2026-12-01", "10")]);
    assert_eq!(world.commissions(&sales), ["30.00", "1.00"]);
    for rules in world.programs.values_mut() {
        rules.zone = crate::time::Zone::parse("Europe/Berlin").expect("zone");
    }
    assert_eq!(world.commissions(&sales), ["30.00", "4.00"]);
}

#[test]
fn bands_count_what_is_left_after_refunds() {
    let mut sales = paid(&[("2026-11-01", "150"), ("2026-11-02", "100")]);
    sales[0].refunded = usd("150");
    let world = World::of(bands(BandMode::Marginal));
    assert_eq!(world.commissions(&sales), ["20.00", "10.00"]);
    assert_eq!(net(&world.assess(&sales), &sales, 1), 1_000);
    // A part of the sale that crosses a border goes back: exactly the slices that are left are paid.
    sales[0].refunded = usd("75");
    assert_eq!(net(&world.assess(&sales), &sales, 1), 1_000 + 1_500);
    let retroactive = World::of(bands(BandMode::Retroactive));
    assert_eq!(net(&retroactive.assess(&sales), &sales, 1), 17_500 / 5);
}

#[test]
fn a_volume_bonus_begins_with_the_sale_that_reaches_it_and_is_a_line_of_its_own() {
    let bonus = VolumeBonus { from: usd("100"), bonus: rate("0.5") };
    let world = World::of(Terms { volume_bonus: Some(bonus), ..Terms::simple(percent("0.1"), 30) });
    let mut sales =
        paid(&[("2026-11-01", "99.99"), ("2026-11-02", "0.01"), ("2026-11-03", "50"), ("2026-12-01", "50")]);
    let bonuses = |sales: &[Sale]| {
        let assessed = world.assess(sales);
        let of = |sale: &crate::assess::SaleEarnings| {
            let bonus = sale.earnings.iter().find(|earning| earning.part.kind == PartKind::VolumeBonus);
            bonus.map_or("none".to_owned(), |earning| earning.amount.to_text())
        };
        assessed.sales.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(bonuses(&sales), ["none", "none", "2.50", "none"]);
    let (reason, notes) = traced(&world.assess(&sales), 2, Part { item: 0, kind: PartKind::VolumeBonus });
    assert_eq!(
        (reason, notes),
        (EarningReason::VolumeBonus, vec!["event: renewal".to_owned(), "bonus: 0.5 from 100.00".to_owned()])
    );
    sales[1].paid = usd("10.01");
    sales[1].total = usd("10.01");
    assert_eq!(bonuses(&sales), ["none", "0.50", "2.50", "none"]);
    sales[0].refunded = usd("99.99");
    assert_eq!(bonuses(&sales), ["none", "none", "none", "none"]);
}

#[test]
fn the_difference_of_a_month_stays_under_the_caps() {
    let caps = Caps { per_partner_period: Some(usd("50")), ..Caps::default() };
    let world = World::of(Terms { caps, ..bands(BandMode::Retroactive) });
    let sales = paid(&[("2026-11-01", "300")]);
    // 30.00 at the first rate, 120.00 in all: 20.00 of the 90.00 fit.
    let assessed = world.assess(&sales);
    assert_eq!(assessed.periods[0].amount, usd("20.00"));
    assert_eq!(net(&assessed, &sales, 1), 5_000);
}

#[test]
fn com_15_what_a_month_adds_says_its_volume_its_band_and_the_cap_that_cut_it() {
    let cap = |text: &str| Some(usd(text));
    let both = |partner: &str, program: &str| Caps {
        per_partner_period: cap(partner),
        per_program_period: cap(program),
        ..Caps::default()
    };
    let rows = [
        (Caps::default(), "90.00", vec![]),
        // 30.00 of each cap is used by the sale.
        (both("50", "120"), "20.00", vec!["cap: per_partner_period 50.00", "before_cap: 90.00"]),
        (both("50", "40"), "10.00", vec!["cap: per_program_period 40.00", "before_cap: 90.00"]),
        (both("120", "120"), "90.00", vec![]),
        (both("119.99", "500"), "89.99", vec!["cap: per_partner_period 119.99", "before_cap: 90.00"]),
        (Caps { per_partner_period: Some(Money::from_minor(1, Currency::EUR)), ..Caps::default() }, "90.00", vec![]),
    ];
    for (caps, amount, cut) in rows {
        let world = World::of(Terms { caps, ..bands(BandMode::Retroactive) });
        let assessed = world.assess(&paid(&[("2026-11-01", "300")]));
        let period = &assessed.periods[0];
        assert_eq!((period.amount.to_text().as_str(), period.month.to_string().as_str()), (amount, "2026-11"));
        let in_all = format!("in_all: {amount}");
        let expected: Vec<&str> =
            ["volume: 300.00", "band: 0.4"].into_iter().chain(cut).chain([in_all.as_str()]).collect();
        assert_eq!(period.trace.notes, expected, "{caps:?}");
        assert_eq!((period.trace.base.as_str(), period.trace.reward.as_str()), ("300.00", "0.4"));
    }
}

#[test]
fn com_7_two_partners_months_are_capped_by_what_the_first_left_of_the_programmes() {
    let caps = Caps { per_program_period: Some(usd("150")), ..Caps::default() };
    let world = World::of(Terms { caps, ..bands(BandMode::Retroactive) });
    let mut two = paid(&[("2026-11-01", "300"), ("2026-11-02", "300")]);
    two[1].decision = crate::sale::Decision::one(super::given::credit(2, 1));
    let assessed = world.assess(&two);
    // 30.00 each by their sales; 90.00 for the first month fit the 90.00 that are left, and nothing for the other.
    let added: Vec<String> = assessed.periods.iter().map(|period| period.amount.to_text()).collect();
    assert_eq!(added, ["90.00", "0.00"]);
}

#[test]
fn a_rule_that_changes_within_the_month_applies_to_its_own_sales_by_the_months_volume() {
    let later = Terms {
        bands: Some(Bands {
            mode: BandMode::Retroactive,
            steps: vec![Band { from: usd("0"), rate: rate("0.1") }, Band { from: usd("100"), rate: rate("0.3") }],
        }),
        ..bands(BandMode::Retroactive)
    };
    let versions: Vec<RuleVersion> =
        vec![version(1, "2026-01-01", bands(BandMode::Retroactive)), version(2, "2026-11-15", later)];
    let sales = paid(&[("2026-11-01", "100"), ("2026-11-20", "100")]);
    // 200 in all: 40 % on the first hundred by the first version, 30 % on the other by the second.
    assert_eq!(net(&World::versions(versions).assess(&sales), &sales, 1), 7_000);
}

fn milestone(name: &str, metric: Metric, bonus: Option<&str>) -> Milestone {
    let badge = Some(format!("{name} badge"));
    Milestone { name: name.to_owned(), metric, currency: Currency::USD, bonus: bonus.map(usd), badge }
}

#[test]
fn milestones_are_reached_once_by_sales_customers_and_revenue_net_of_refunds() {
    let milestones = vec![
        milestone("three sales", Metric::Sales(3), Some("10")),
        milestone("two customers", Metric::Customers(2), Some("20")),
        milestone("a thousand", Metric::Revenue(usd("1000")), None),
    ];
    let mut world = World::of(Terms { milestones, ..Terms::simple(percent("0.1"), 30) });
    let mut sales = paid(&[("2026-11-01", "400"), ("2026-11-02", "400"), ("2026-12-01", "400"), ("2026-12-02", "400")]);
    sales[2] = of_customer("cus_2", sales[2].clone());
    let reached = |world: &World, sales: &[Sale]| {
        let assessed = world.assess(sales);
        let of = |period: &crate::assess::PeriodEarning| match &period.kind {
            PeriodKind::Milestone(name) => format!("{name} {} {}", period.month, period.amount),
            PeriodKind::Bands => "bands".to_owned(),
        };
        assessed.periods.iter().map(of).collect::<Vec<_>>()
    };
    let all = ["three sales 2026-12 10.00", "two customers 2026-12 20.00", "a thousand 2026-12 0.00"];
    assert_eq!(reached(&world, &sales), all);
    let told: Vec<String> = world.assess(&sales).periods.iter().map(|period| period.trace.notes.join(", ")).collect();
    assert_eq!(
        told,
        [
            "milestone: three sales, reached: sales 3",
            "milestone: two customers, reached: customers 2",
            "milestone: a thousand, reached: revenue 1000.00",
        ]
    );
    // The same sales in another order, and with one that wholly went back.
    sales.reverse();
    assert_eq!(reached(&world, &sales), all);
    let back = sales.iter_mut().find(|sale| sale.customer == Some(key("cus_2"))).expect("a sale");
    back.refunded = usd("400");
    assert_eq!(reached(&world, &sales), ["three sales 2026-12 10.00", "a thousand 2026-12 0.00"]);
    // What was reached before stays reached, and what was counted before counts.
    let standing = Standing { sales: 2, customers: 1, revenue: 0, achieved: ["a thousand".to_owned()].into() };
    world.standings.insert((program(), partner(1), Currency::USD), standing);
    let one = paid(&[("2026-11-05", "2000")]);
    assert_eq!(reached(&world, &one), ["three sales 2026-11 10.00", "two customers 2026-11 20.00"]);
    let after = world.assess(&one).standings.remove(&(program(), partner(1), Currency::USD)).expect("a standing");
    assert_eq!((after.sales, after.customers, after.revenue, after.achieved.len()), (3, 2, 200_000, 3));
}
