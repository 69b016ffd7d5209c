//! Laws: order never matters, parts are the whole, caps are never exceeded, what is taken back is never more.

use proptest::prelude::*;

use super::given::{World, clause, credit, invoice, net, of_customer, partner, percent, rate, usd};
use crate::line::PartKind;
use crate::rate::Rounding;
use crate::rule::{Band, BandMode, Bands, Caps, Event, Limits, Matching, Reward, Terms, VolumeBonus};
use crate::sale::{Decision, Sale};

fn any_terms() -> impl Strategy<Value = Terms> {
    let banded = prop_oneof![Just(None), Just(Some(BandMode::Marginal)), Just(Some(BandMode::Retroactive))];
    let cap = || prop_oneof![Just(None), (0_i64..20_000).prop_map(Some)];
    let caps = (cap(), cap(), cap(), cap());
    let rest =
        (1_u32..100, any::<bool>(), any::<bool>(), proptest::option::of(1_u16..4), proptest::option::of(1_u32..4));
    (banded, caps, rest).prop_map(|(banded, caps, (percents, even, bonus, max_months, max_occurrences))| {
        let share = crate::rate::Rate::of_millionths(percents * 10_000);
        let reward = if banded.is_some() { Reward::Banded } else { Reward::Percentage(share) };
        let mut terms = Terms::simple(reward, 30);
        let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
        terms.caps = Caps {
            per_line: caps.0.map(dollars),
            per_customer: caps.1.map(dollars),
            per_partner_period: caps.2.map(dollars),
            per_program_period: caps.3.map(dollars),
        };
        terms.bands = banded.map(|mode| Bands {
            mode,
            steps: [("0", "0.1"), ("50", "0.35"), ("200", "0.2"), ("300", "0.6")]
                .map(|(from, share)| Band { from: usd(from), rate: rate(share) })
                .to_vec(),
        });
        terms.rounding = if even { Rounding::HalfEven } else { Rounding::HalfAwayFromZero };
        terms.volume_bonus = bonus.then(|| VolumeBonus { from: usd("40"), bonus: rate("0.333333") });
        terms.clauses[0].limits = Limits { max_months, max_occurrences };
        terms
    })
}

fn any_sales() -> impl Strategy<Value = Vec<Sale>> {
    let one = (
        0_i64..20_000,
        0_i64..3_000,
        0_u8..70,
        0_u8..3,
        0_u8..3,
        prop_oneof![3 => Just(0_i64), 1 => 0_i64..25_000],
        any::<bool>(),
    );
    proptest::collection::vec(one, 1..14).prop_map(|sales| {
        let made = sales.into_iter().enumerate().map(|(n, (paid, tax, day, customer, credits, refunded, rejected))| {
            let day =
                crate::time::BusinessDay::parse("2026-10-01").and_then(|from| from.plus_days(day.into())).expect("day");
            let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
            let sale = invoice(&format!("in_{n}"), &day.to_string(), dollars(paid));
            let credits = match credits {
                0 => vec![credit(1, 1)],
                1 => vec![credit(2, 1)],
                _ => vec![credit(1, 40), credit(2, 20), credit(3, 40)],
            };
            let decision = Decision::Partners { credits, losers: vec![] };
            let (tax, refunded) = (dollars(tax.min(paid)), dollars(refunded.min(paid)));
            of_customer(
                &format!("cus_{customer}"),
                Sale { tax, refunded, decision, rejected: rejected && n % 5 == 0, ..sale },
            )
        });
        made.collect()
    })
}

/// A partner's position of a sale, and what is left of it.
type Left = (crate::id::PartnerId, Sale, PartKind, i64);

/// What is left of each position, with its sale.
fn left(assessed: &crate::assess::Assessment, sales: &[Sale]) -> Vec<Left> {
    let mut all = Vec::new();
    for earned in &assessed.sales {
        let sale = sales.iter().find(|sale| sale.id == earned.sale).expect("a sale");
        for earning in &earned.earnings {
            let gross = earning.amount.minor();
            let back = crate::retarget::taken_back(sale, earning.part.item, earning.clawback, gross).expect("in range");
            assert!((0..=gross).contains(&back), "taken back {back} of {gross}");
            all.push((earning.partner.clone(), sale.clone(), earning.part.kind, gross - back));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_sales_are_given_does_not_matter(terms in any_terms(), sales in any_sales(), turn in 0_usize..14) {
        let world = World::of(terms);
        let mut turned = sales.clone();
        turned.rotate_left(turn % sales.len());
        prop_assert_eq!(world.assess(&sales), world.assess(&turned));
        turned.reverse();
        prop_assert_eq!(world.assess(&sales), world.assess(&turned));
    }

    #[test]
    fn no_cap_is_ever_exceeded(terms in any_terms(), sales in any_sales()) {
        let assessed = World::of(terms.clone()).assess(&sales);
        let rows = left(&assessed, &sales);
        let sum = |of: &dyn Fn(&Left) -> bool| {
            rows.iter().filter(|row| of(row)).fold(0_i64, |sum, row| sum + row.3)
        };
        let month = |sale: &Sale| crate::month::Month::of(crate::time::Zone::utc().day_of(sale.occurred_at));
        for earned in &assessed.sales {
            for earning in &earned.earnings {
                prop_assert!(terms.caps.per_line.is_none_or(|cap| earning.amount.minor() <= cap.minor()));
            }
        }
        for (partner, sale, _, _) in &rows {
            let own = |row: &Left| row.0 == *partner;
            let of_months = assessed.periods.iter().filter(|period| period.partner == *partner);
            let of_months = of_months.filter_map(|period| period.customers.get(sale.customer.as_ref()?));
            let by_customer = of_months.fold(sum(&|row| own(row) && row.1.customer == sale.customer), |sum, more| sum + more);
            prop_assert!(terms.caps.per_customer.is_none_or(|cap| by_customer <= cap.minor()));
            let periods = |all: bool| {
                let same = assessed.periods.iter().filter(|period| period.month == month(sale) && (all || period.partner == *partner));
                same.fold(0_i64, |sum, period| sum + period.amount.minor())
            };
            let of_month = sum(&|row| own(row) && month(&row.1) == month(sale)) + periods(false);
            let by_bands = sum(&|row| own(row) && month(&row.1) == month(sale) && row.2 == PartKind::Commission) + periods(false);
            prop_assert!(by_bands >= 0, "{} in a month", by_bands);
            prop_assert!(terms.caps.per_partner_period.is_none_or(|cap| of_month <= cap.minor()), "{} in a month", of_month);
            let of_all = sum(&|row| month(&row.1) == month(sale)) + periods(true);
            prop_assert!(terms.caps.per_program_period.is_none_or(|cap| of_all <= cap.minor()), "{} of all", of_all);
        }
    }

    #[test]
    fn bands_come_to_what_the_months_volume_is_worth_however_it_is_cut(
        parts in proptest::collection::vec((0_i64..30_000, prop_oneof![2 => Just(0_i64), 1 => 0_i64..40_000]), 1..10),
        retroactive in any::<bool>(),
    ) {
        let mode = if retroactive { BandMode::Retroactive } else { BandMode::Marginal };
        let steps = [("0", "0.2"), ("100", "0.25"), ("250", "0.123457")]
            .map(|(from, share)| Band { from: usd(from), rate: rate(share) }).to_vec();
        let bands = Bands { mode, steps };
        let world = World::of(Terms { bands: Some(bands.clone()), ..Terms::simple(Reward::Banded, 30) });
        let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
        let sales: Vec<Sale> = parts.iter().enumerate().map(|(n, (paid, refunded))| Sale {
            refunded: dollars((*refunded).min(*paid)),
            ..invoice(&format!("in_{n}"), "2026-11-21", dollars(*paid))
        }).collect();
        let volume = sales.iter().fold(0, |sum, sale| sum + sale.paid.minor() - sale.refunded.minor());
        let worth = bands.commission(dollars(volume), Rounding::HalfAwayFromZero).expect("in range");
        prop_assert_eq!(net(&world.assess(&sales), &sales, 1), worth.minor());
    }

    #[test]
    fn com_10_a_month_of_retroactive_bands_comes_to_what_it_is_worth_or_to_its_cap(
        parts in proptest::collection::vec((0_i64..30_000, prop_oneof![2 => Just(0_i64), 1 => 0_i64..40_000]), 1..10),
        falls in any::<bool>(),
        which in 0_u8..3,
        cap in 0_i64..20_000,
    ) {
        let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
        let shares = if falls { ["0.5", "0.2", "0.05"] } else { ["0.1", "0.25", "0.5"] };
        let steps = ["0", "100", "250"].into_iter().zip(shares);
        let steps = steps.map(|(from, share)| Band { from: usd(from), rate: rate(share) }).collect();
        let bands = Bands { mode: BandMode::Retroactive, steps };
        let of = |at: u8| (which == at).then(|| dollars(cap));
        let caps = Caps { per_line: None, per_customer: of(0), per_partner_period: of(1), per_program_period: of(2) };
        let world = World::of(Terms { bands: Some(bands.clone()), caps, ..Terms::simple(Reward::Banded, 30) });
        let sales: Vec<Sale> = parts.iter().enumerate().map(|(n, (paid, refunded))| Sale {
            refunded: dollars((*refunded).min(*paid)),
            ..invoice(&format!("in_{n}"), "2026-11-21", dollars(*paid))
        }).collect();
        let volume = sales.iter().fold(0, |sum, sale| sum + sale.paid.minor() - sale.refunded.minor());
        let worth = bands.commission(dollars(volume), Rounding::HalfAwayFromZero).expect("in range");
        prop_assert_eq!(net(&world.assess(&sales), &sales, 1), worth.minor().min(cap));
    }

    #[test]
    fn com_10_whoever_knows_more_than_a_month_finds_the_same_of_it(terms in any_terms(), sales in any_sales()) {
        let world = World::of(terms);
        let month = |sale: &Sale| crate::month::Month::of(crate::time::Zone::utc().day_of(sale.occurred_at));
        let first = sales.iter().map(month).min();
        let of_first: Vec<Sale> = sales.iter().filter(|sale| Some(month(sale)) == first).cloned().collect();
        let of_month = |assessed: crate::assess::Assessment| {
            assessed.periods.into_iter().filter(|period| Some(period.month) == first).collect::<Vec<_>>()
        };
        prop_assert_eq!(of_month(world.assess(&of_first)), of_month(world.assess(&sales)));
    }

    #[test]
    fn one_sale_in_items_earns_what_the_whole_does_within_a_unit_an_item(
        parts in proptest::collection::vec(1_i64..10_000, 1..8), percents in 1_u32..100
    ) {
        let share = crate::rate::Rate::of_millionths(percents * 10_000);
        let world = World::of(Terms::simple(Reward::Percentage(share), 30));
        let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
        let whole = invoice("in_1", "2026-11-21", dollars(parts.iter().fold(0_i64, |sum, part| sum.saturating_add(*part))));
        let item = |amount: &i64| crate::fact::SoldItem { product: "a".to_owned(), amount: dollars(*amount) };
        let cut = Sale { items: parts.iter().map(item).collect(), ..whole.clone() };
        let of = |sale: Sale| net(&world.assess(std::slice::from_ref(&sale)), &[sale], 1);
        prop_assert!((of(whole) - of(cut)).abs() <= i64::try_from(parts.len()).expect("few"));
    }

    #[test]
    fn shares_add_up_to_what_one_partner_would_earn(paid in 0_i64..1_000_000, weights in proptest::collection::vec(0_u64..1_000, 1..6)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let world = World::of(Terms::simple(percent("0.3"), 30));
        let sale = invoice("in_1", "2026-11-21", crate::money::Money::from_minor(paid, crate::currency::Currency::USD));
        let alone = net(&world.assess(std::slice::from_ref(&sale)), std::slice::from_ref(&sale), 1);
        let credits = (1_u128..).zip(&weights).map(|(n, weight)| credit(n, *weight)).collect();
        let shared = Sale { decision: Decision::Partners { credits, losers: vec![] }, ..sale };
        let assessed = world.assess(std::slice::from_ref(&shared));
        let sum = (1..=weights.len() as u128).fold(0, |sum, n| sum + net(&assessed, std::slice::from_ref(&shared), n));
        prop_assert_eq!(sum, alone);
    }

    #[test]
    fn the_best_is_never_less_than_the_first_nor_more_than_the_sum(paid in 1_i64..100_000, flat in 0_i64..5_000, percents in 0_u32..100) {
        let dollars = |minor| crate::money::Money::from_minor(minor, crate::currency::Currency::USD);
        let share = crate::rate::Rate::of_millionths(percents * 10_000);
        let of = |matching| {
            let clauses = vec![
                clause("a", &Event::SALES, Reward::Percentage(share)),
                clause("b", &Event::SALES, Reward::Flat(dollars(flat))),
            ];
            let world = World::of(Terms { matching, clauses, ..Terms::simple(percent("0.1"), 30) });
            let sale = invoice("in_1", "2026-11-21", dollars(paid));
            net(&world.assess(std::slice::from_ref(&sale)), &[sale], 1)
        };
        let (first, best, sum) = (of(Matching::First), of(Matching::BestMoney), of(Matching::Sum));
        prop_assert!(first <= best && best <= sum, "{} {} {}", first, best, sum);
    }
}

proptest! {
    #[test]
    fn com_3_an_occurrence_is_the_same_whosever_sales_are_assessed(max in 1_u32..6, sales in any_sales(), counted in any::<u16>()) {
        let mut terms = Terms::simple(percent("0.3"), 30);
        terms.clauses[0].limits = Limits { max_months: None, max_occurrences: Some(max) };
        let mut world = World::of(terms);
        let whole = world.assess(&sales);
        // What is known one by one may be in scope as well, and some of it is not told at all to whoever has it.
        for (n, sale) in sales.iter().enumerate() {
            let Some(customer) = &sale.customer else { continue };
            let history = world.histories.entry(customer.clone()).or_default();
            let paid = crate::assess::Occurrence::of(sale);
            let moment = (sale.occurred_at, sale.id.clone());
            if sale.paid.minor() > 0 && history.first_paid.as_ref().is_none_or(|first| moment < *first) {
                history.first_paid = Some(moment);
            }
            let is_own_alone = sale.decision.credits().len() == 1 && sale.decision.credits()[0].partner == partner(1);
            if !is_own_alone || counted & (1 << (n % 16)) > 0 {
                history.paid.entry("sub".to_owned()).or_default().extend(paid);
            }
        }
        let own = |sale: &&Sale| sale.decision.credits().iter().any(|credit| credit.partner == partner(1));
        let own: Vec<Sale> = sales.iter().filter(own).cloned().collect();
        for alone in world.assess(&own).sales {
            let among = whole.sales.iter().find(|one| one.sale == alone.sale);
            prop_assert_eq!(among, Some(&alone));
        }
    }
}
