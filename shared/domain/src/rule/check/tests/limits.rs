//! The borders: what is just allowed, and what is just too much.

use super::*;
use crate::id::PartnerId;

fn banded() -> Clause {
    Clause { name: "bands".to_owned(), ..Clause::simple(Reward::Banded) }
}

fn bands(steps: &[(i64, &str)]) -> Terms {
    let step = |(from, rate): &(i64, &str)| Band { from: usd(*from), rate: Rate::parse(rate).expect("rate") };
    let bands = Bands { mode: BandMode::Marginal, steps: steps.iter().map(step).collect() };
    Terms { bands: Some(bands), ..terms(vec![banded()]) }
}

fn has(terms: &Terms, name: &str) -> bool {
    found(terms).iter().any(|found| found.split(' ').next() == Some(name))
}

#[test]
fn as_many_as_there_is_room_for_and_not_one_more() {
    let clauses = |count: usize| terms((0..count).map(|n| clause(&n.to_string(), None)).collect());
    assert!(!has(&clauses(CLAUSES_MAX), "!too_large") && has(&clauses(CLAUSES_MAX + 1), "!too_large"));
    let steps = |count: i64| bands(&(0..count).map(|n| (n, "0.1")).collect::<Vec<_>>());
    assert!(!has(&steps(20), "!too_large") && has(&steps(21), "!too_large"));
    let overrides = |partners: u128, groups: u32| {
        let rate = Rate::parse("0.1").expect("rate");
        let overrides = Overrides {
            partners: (0..partners).map(|n| (PartnerId::from_ulid(n.into()), rate)).collect(),
            groups: (0..groups).map(|n| (n.to_string(), rate)).collect(),
            ..Overrides::default()
        };
        Terms { overrides, ..terms(vec![clause("a", None)]) }
    };
    for (partners, groups, expected) in
        [(200, 0, false), (0, 200, false), (100, 100, false), (100, 101, true), (201, 0, true)]
    {
        assert_eq!(has(&overrides(partners, groups), "!too_large"), expected, "{partners} {groups}");
    }
    let milestones = |count: usize| {
        let milestone = |n: usize| Milestone {
            name: n.to_string(),
            metric: Metric::Sales(1),
            currency: Currency::USD,
            bonus: Some(usd(1)),
            badge: None,
        };
        Terms { milestones: (0..count).map(milestone).collect(), ..terms(vec![clause("a", None)]) }
    };
    assert!(!has(&milestones(200), "!too_large") && has(&milestones(201), "!too_large"));
}

#[test]
fn just_as_many_alternatives_as_there_is_room_for_are_looked_at() {
    let one_of = |letter: &str, count: u32| {
        any(&(0..count).map(|n| test("product", "equals", &format!("{letter}{n}"))).collect::<Vec<_>>())
    };
    // No product has three names: refused while every combination is looked at, and else accepted in doubt.
    let of = |first| of_condition(all(&[one_of("a", first), one_of("b", 10), one_of("c", 10)]));
    assert!(!of(10).is_empty(), "1,000 alternatives");
    assert_eq!(of(11), Vec::<String>::new(), "1,100 alternatives");
}

#[test]
fn a_milestone_has_a_plain_name_and_something_above_nothing_to_reach() {
    let of = |name: &str, metric| {
        let milestone =
            Milestone { name: name.to_owned(), metric, currency: Currency::USD, bonus: Some(usd(1)), badge: None };
        found(&Terms { milestones: vec![milestone], ..terms(vec![clause("a", None)]) })
    };
    let none: Vec<String> = Vec::new();
    for metric in [Metric::Sales(1), Metric::Customers(1), Metric::Revenue(usd(1))] {
        assert_eq!(of("ten", metric), none, "{metric:?}");
    }
    for metric in [Metric::Sales(0), Metric::Customers(0), Metric::Revenue(usd(0)), Metric::Revenue(usd(-1))] {
        assert_eq!(of("ten", metric), ["!out_of_range /milestones/0/threshold"], "{metric:?}");
    }
    for name in ["", " ", "a/b", "a#b"] {
        assert_eq!(of(name, Metric::Sales(1)), ["!empty /milestones/0/name"], "{name:?}");
    }
}

#[test]
fn bands_that_do_not_fall_and_caps_that_do_not_cut_first_say_nothing() {
    let none: Vec<String> = Vec::new();
    assert_eq!(found(&bands(&[(0, "0.1"), (100, "0.1")])), none, "the same rate");
    assert_eq!(found(&bands(&[(0, "0.1"), (100, "0.09")])), ["bands_fall /bands/steps/1/rate"]);
    let capped = |line: i64, month: i64| {
        let caps = Caps { per_line: Some(usd(line)), per_partner_period: Some(usd(month)), ..Caps::default() };
        found(&Terms { caps, ..terms(vec![clause("a", None)]) })
    };
    assert_eq!(capped(100, 100), none);
    assert_eq!(capped(101, 100), ["cap_without_effect /caps/per_line"]);
}

#[test]
fn bands_are_added_up_with_flat_amounts_alone() {
    let flat = Clause { name: "flat".to_owned(), ..Clause::simple(Reward::Flat(usd(5))) };
    let of = |matching, others: &[Clause]| {
        let clauses = [&[banded()][..], others].concat();
        let rule = Terms { matching, clauses, ..bands(&[(0, "0.1")]) };
        has(&rule, "!not_addable")
    };
    let share = clause("share", None);
    assert!(of(Matching::Sum, std::slice::from_ref(&share)));
    assert!(!of(Matching::Sum, std::slice::from_ref(&flat)), "flat amounts can be added");
    assert!(!of(Matching::Sum, &[]), "there is nothing to add");
    assert!(!of(Matching::BestMoney, &[share]), "nothing is added");
}

/// Which of the two pays more depends on the band that a month reaches, and a sale is compared by the first.
#[test]
fn com_6_what_pays_most_beside_retroactive_bands_is_warned_of_where_another_band_would_say_otherwise() {
    let share = |text: &str| Clause { name: "other".to_owned(), ..Clause::simple(percent(text)) };
    let of = |steps: &[(i64, &str)], other: Clause, change: &dyn Fn(&mut Terms)| {
        let mut rule = Terms { matching: Matching::BestMoney, clauses: vec![other, banded()], ..bands(steps) };
        rule.bands.as_mut().expect("bands").mode = BandMode::Retroactive;
        change(&mut rule);
        has(&rule, "first_band_counts")
    };
    let (rising, falling) = ([(0, "0.2"), (100, "0.3")], [(0, "0.3"), (100, "0.2")]);
    let as_is = |_: &mut Terms| {};
    for (text, in_rising, in_falling) in [
        ("0.199999", false, false),
        ("0.2", true, false),
        ("0.25", true, true),
        ("0.3", false, true),
        ("0.300001", false, false),
    ] {
        assert_eq!(of(&rising, share(text), &as_is), in_rising, "{text}");
        assert_eq!(of(&falling, share(text), &as_is), in_falling, "{text}");
    }
    assert!(of(&[(0, "0.2"), (100, "0.3"), (200, "0.1")], share("0.15"), &as_is), "a later one pays less");
    let flat = || Clause { reward: Reward::Flat(usd(5)), ..share("0.1") };
    assert!(of(&rising, flat(), &as_is));
    assert!(!of(&[(0, "0.2"), (100, "0.2")], flat(), &as_is), "all bands say the same");
    assert!(!of(&rising, banded(), &|rule| rule.clauses[0].name = "more bands".to_owned()));
    let between = |change: &dyn Fn(&mut Terms)| of(&rising, share("0.25"), change);
    for matching in [Matching::First, Matching::Sum] {
        assert!(!between(&|rule| rule.matching = matching), "{matching:?}");
    }
    assert!(!between(&|rule| rule.bands.as_mut().expect("bands").mode = BandMode::Marginal), "compared as they pay");
    // Two that never meet are never compared; what has no amount has no bands to compare.
    assert!(!between(&|rule| {
        rule.clauses[0].events = vec![Event::Renewal];
        rule.clauses[1].events = vec![Event::FirstSale];
    }));
    for (own, expected) in [("not_equals", false), ("equals", true)] {
        let is_found = between(&|rule| {
            rule.clauses[0].when = Some(test("plan", "equals", "pro"));
            rule.clauses[1].when = Some(test("plan", own, "pro"));
        });
        assert_eq!(is_found, expected, "{own}");
    }
    assert!(!of(&rising, flat(), &|rule| {
        rule.clauses[0].events = vec![Event::SignUp];
        rule.clauses[1].events = vec![Event::SignUp, Event::Renewal];
    }));
    let mut rule = Terms { matching: Matching::BestMoney, clauses: vec![share("0.25"), banded()], ..bands(&rising) };
    rule.bands.as_mut().expect("bands").mode = BandMode::Retroactive;
    assert_eq!(found(&rule), ["first_band_counts /clauses/1/reward"]);
}

#[test]
fn shares_may_add_up_to_the_whole_sale_and_nothing_is_added_to_a_clause_that_pays_nothing() {
    let of = |shares: &[&str]| {
        let clause = |(n, share): (usize, &&str)| Clause { name: n.to_string(), ..Clause::simple(percent(share)) };
        let rule = Terms { matching: Matching::Sum, ..terms(shares.iter().enumerate().map(clause).collect()) };
        has(&rule, "!over_the_sale")
    };
    assert!(!of(&["0.6", "0.4"]));
    assert!(of(&["0.6", "0.400001"]));
    assert!(of(&["0.6", "0.6"]));
    // The second is too much; the third adds nothing to it.
    let last = |shares: &[&str]| {
        let clause = |(n, share): (usize, &&str)| Clause { name: n.to_string(), ..Clause::simple(percent(share)) };
        let rule = Terms { matching: Matching::Sum, ..terms(shares.iter().enumerate().map(clause).collect()) };
        found(&rule).contains(&"!over_the_sale /clauses/2/reward".to_owned())
    };
    assert!(!last(&["0.6", "0.6", "0"]) && last(&["0.6", "0.6", "0.000001"]));
    // Of different events nothing is added up.
    let event = |name: &str, events: &[Event]| Clause {
        name: name.to_owned(),
        events: events.to_vec(),
        ..Clause::simple(percent("0.6"))
    };
    let apart = vec![event("a", &[Event::FirstSale]), event("b", &[Event::Renewal])];
    let apart = Terms { matching: Matching::Sum, ..terms(apart) };
    assert!(!has(&apart, "over_the_sale") && !has(&apart, "!over_the_sale"));
}

#[test]
fn an_amount_in_none_of_a_list_is_found_between_and_beside_them() {
    assert_eq!(of_condition(test("amount", "not_in", "0.00,0.01,0.02")), Vec::<String>::new());
    let only = all(&[test("amount", "in", "5.00,7.00"), test("amount", "greater_than", "6")]);
    assert_eq!(of_condition(only), Vec::<String>::new());
    let none = all(&[test("amount", "in", "5.00,7.00"), test("amount", "greater_than", "7")]);
    assert!(of_condition(none).iter().any(|found| found.starts_with('!')));
}

#[test]
fn of_several_beginnings_and_ends_the_longest_must_fit_the_others() {
    for operator in ["starts_with", "ends_with"] {
        let (short, long) = if operator == "starts_with" { ("pr", "pro") } else { ("ro", "pro") };
        for order in [[short, long], [long, short]] {
            let both = all(&[test("plan", operator, order[0]), test("plan", operator, order[1])]);
            assert_eq!(of_condition(both), Vec::<String>::new(), "{operator} {order:?}");
        }
    }
}

#[test]
fn what_no_form_can_hold_is_told_apart_from_what_a_rule_cannot_mean() {
    for (name, pointer, expected) in [
        ("out_of_range", "/hold_days", true),
        ("out_of_range", "/milestones/0/threshold", false),
        ("too_large", "/clauses", true),
        ("too_large", "/bands/steps", true),
        ("too_large", "/milestones", true),
        ("too_large", "/overrides", false),
        ("too_large", "/clauses/0/when", false),
        ("empty", "/clauses/0/events", true),
        ("empty", "/bands/steps", false),
        ("out_of_order", "/bands/steps/0/from", false),
    ] {
        let finding = Finding { pointer: pointer.to_owned(), name, why: String::new() };
        assert_eq!(finding.is_form(), expected, "{name} {pointer}");
    }
}
