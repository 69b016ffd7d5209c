mod hidden;
mod limits;
mod sums;

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::rate::Rate;
use crate::rule::condition::Given;
use crate::rule::{
    Band, BandMode, Bands, Caps, Condition, Field, Limits, Metric, Milestone, Operator, Overrides, SignUpBonus,
    Subject, Test, VolumeBonus,
};
use crate::tier::Tier;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn percent(text: &str) -> Reward {
    Reward::Percentage(Rate::parse(text).expect("rate"))
}

fn test(field: &str, operator: &str, value: &str) -> Condition {
    let operator = Operator::parse(operator).expect("operator");
    let given = match operator {
        Operator::Exists => Given::Flag(value == "true"),
        Operator::In | Operator::NotIn => Given::Many(value.split(',').map(str::to_owned).collect()),
        _ => Given::One(value.to_owned()),
    };
    Condition::Test(Test::try_new(Field::parse(field).expect("field"), operator, given, Currency::USD).expect("test"))
}

fn all(parts: &[Condition]) -> Condition {
    Condition::All(parts.to_vec())
}

fn any(parts: &[Condition]) -> Condition {
    Condition::Any(parts.to_vec())
}

fn clause(name: &str, when: Option<Condition>) -> Clause {
    Clause { name: name.to_owned(), when, ..Clause::simple(percent("0.3")) }
}

fn terms(clauses: Vec<Clause>) -> Terms {
    Terms { clauses, ..Terms::simple(percent("0.3"), 30) }
}

/// The findings in short: refusals with `!`.
fn found(terms: &Terms) -> Vec<String> {
    let findings = terms.check();
    let short = |mark: &'static str| move |found: &Finding| format!("{mark}{} {}", found.name, found.pointer);
    findings.faults.iter().map(short("!")).chain(findings.warnings.iter().map(short(""))).collect()
}

fn of_condition(when: Condition) -> Vec<String> {
    found(&terms(vec![clause("a", Some(when))]))
}

#[test]
fn a_condition_that_contradicts_itself_is_refused() {
    let never = [
        all(&[test("product", "equals", "a"), test("product", "equals", "b")]),
        all(&[test("product", "equals", "a"), test("product", "not_equals", "a")]),
        all(&[test("product", "in", "a,b"), test("product", "in", "c,d")]),
        all(&[test("product", "in", "a,b"), test("product", "not_in", "a,b,c")]),
        all(&[test("product", "equals", "pro"), test("product", "starts_with", "x")]),
        all(&[test("product", "starts_with", "ab"), test("product", "starts_with", "ac")]),
        all(&[test("product", "ends_with", "ab"), test("product", "ends_with", "cb")]),
        all(&[test("coupon", "exists", "false"), test("coupon", "equals", "a")]),
        all(&[test("coupon", "exists", "false"), test("coupon", "exists", "true")]),
        test("amount", "exists", "false"),
        test("amount", "less_than", "0"),
        all(&[test("amount", "greater_than", "10"), test("amount", "less_than", "5")]),
        all(&[test("amount", "greater_than", "10"), test("amount", "less_than", "10.01")]),
        all(&[test("amount", "equals", "10"), test("currency", "equals", "EUR")]),
        all(&[test("amount", "at_least", "1"), test("currency", "not_in", "USD")]),
        all(&[test("tier", "greater_than", "tier2"), test("tier", "at_most", "tier2")]),
        test("tier", "greater_than", "tier4"),
        all(&[test("custom.seats", "greater_than", "10"), test("custom.seats", "less_than", "5")]),
        all(&[test("custom.seats", "greater_than", "10"), test("custom.seats", "at_most", "10")]),
        all(&[test("group", "equals", "a"), test("group", "not_equals", "a")]),
        all(&[test("group", "exists", "false"), test("group", "in", "a,b")]),
        test("event", "equals", "sign_up"),
        all(&[
            any(&[test("plan", "equals", "a"), test("plan", "equals", "b")]),
            any(&[test("plan", "equals", "c"), test("plan", "equals", "d")]),
        ]),
    ];
    for when in never {
        assert_eq!(of_condition(when.clone()), ["!never_matches /clauses/0/when"], "{when:?}");
    }
}

#[test]
fn a_condition_that_can_hold_is_not() {
    let fine = [
        all(&[test("group", "equals", "a"), test("group", "equals", "b"), test("group", "not_equals", "c")]),
        all(&[
            test("product", "starts_with", "ab"),
            test("product", "starts_with", "abc"),
            test("product", "ends_with", "z"),
        ]),
        all(&[test("product", "contains", "a"), test("product", "contains", "b"), test("product", "not_equals", "ab")]),
        all(&[test("amount", "greater_than", "10"), test("amount", "less_than", "10.02")]),
        all(&[test("amount", "at_least", "10"), test("amount", "at_most", "10")]),
        all(&[test("amount", "not_equals", "10"), test("currency", "equals", "EUR")]),
        all(&[test("plan", "not_equals", "a"), test("plan", "exists", "false")]),
        all(&[test("custom.seats", "greater_than", "10"), test("custom.seats", "less_than", "10.1")]),
        all(&[test("custom.seats", "greater_than", "10"), test("custom.seats", "starts_with", "1")]),
        any(&[test("plan", "equals", "a"), test("plan", "equals", "b")]),
        test("event", "in", "renewal,sign_up"),
        // 10.5 is neither; nor is 11 written another way.
        all(&[
            test("custom.seats", "greater_than", "10"),
            test("custom.seats", "less_than", "12"),
            test("custom.seats", "not_in", "11,11.0"),
        ]),
        all(&[
            test("custom.seats", "at_least", "-5"),
            test("custom.seats", "less_than", "-4"),
            test("custom.seats", "not_equals", "-5"),
        ]),
    ];
    for when in fine {
        assert_eq!(of_condition(when.clone()), Vec::<String>::new(), "{when:?}");
    }
    let own = Clause { events: vec![Event::Custom], ..clause("own", Some(test("event", "equals", "demo_booked"))) };
    assert_eq!(found(&terms(vec![own])), Vec::<String>::new());
}

#[test]
fn four_levels_empty_lists_and_too_many_comparisons_are_refused() {
    let one = || test("plan", "equals", "a");
    let four = all(&[any(&[one(), all(&[one(), any(&[one()])])])]);
    assert_eq!(of_condition(four), ["!too_deep /clauses/0/when/all/0/any/1/all/1"]);
    assert_eq!(of_condition(all(&[any(&[one(), all(&[one()])])])), Vec::<String>::new());
    assert_eq!(of_condition(all(&[one(), any(&[])])), ["!empty /clauses/0/when/all/1/any"]);
    assert_eq!(of_condition(any(&vec![one(); TESTS_MAX])), Vec::<String>::new());
    assert_eq!(of_condition(any(&vec![one(); TESTS_MAX + 1])), ["!too_large /clauses/0/when"]);
    // So many alternatives that nobody looks at them all.
    let wide = |n: usize| any(&[test("plan", "equals", &format!("a{n}")), test("plan", "equals", &format!("b{n}"))]);
    assert_eq!(of_condition(all(&(0..12).map(wide).collect::<Vec<_>>())), Vec::<String>::new());
}

#[test]
fn what_may_be_meant_is_accepted_with_a_named_warning() {
    let nonsense = all(&[test("plan", "equals", "a"), test("plan", "equals", "b")]);
    let when = any(&[test("plan", "equals", "c"), nonsense]);
    assert_eq!(of_condition(when), ["branch_never_matches /clauses/0/when/any/1"]);
    assert_eq!(of_condition(test("amount", "exists", "true")), ["always_true /clauses/0/when"]);
}

#[test]
fn behind_a_clause_that_takes_everything_a_clause_is_refused_and_behind_one_that_takes_some_warned_of() {
    let pro = || Some(test("plan", "equals", "pro"));
    let rows: [(Vec<Clause>, Vec<&str>); 8] = [
        (vec![clause("rest", None), clause("pro", pro())], vec!["!hidden /clauses/1"]),
        (vec![clause("pro", pro()), clause("rest", None)], vec![]),
        (vec![clause("pro", pro()), clause("again", pro())], vec!["!hidden /clauses/1"]),
        (
            vec![Clause { events: vec![Event::Renewal], ..clause("renewals", None) }, clause("pro", pro())],
            vec!["partly_hidden /clauses/1/events"],
        ),
        (
            vec![
                Clause { limits: Limits { max_months: Some(3), max_occurrences: None }, ..clause("start", None) },
                clause("after", None),
            ],
            vec![],
        ),
        (
            vec![clause("pro", pro()), clause("german", Some(test("country", "equals", "DE")))],
            vec!["overlap /clauses/1/when"],
        ),
        (vec![clause("pro", pro()), clause("basic", Some(test("plan", "equals", "basic")))], vec![]),
        (
            vec![
                Clause { events: vec![Event::FirstSale], ..clause("pro", pro()) },
                Clause { events: vec![Event::Renewal], ..clause("german", Some(test("country", "equals", "DE"))) },
            ],
            vec![],
        ),
    ];
    for (clauses, expected) in rows {
        assert_eq!(found(&terms(clauses.clone())), expected, "{clauses:?}");
        for matching in [Matching::BestMoney, Matching::Sum] {
            assert_eq!(found(&Terms { matching, ..terms(clauses.clone()) }), Vec::<String>::new(), "{matching:?}");
        }
    }
    let why = &terms(vec![clause("rest", None), clause("pro", pro())]).check().faults[0].why;
    assert_eq!(why, "can never match: \"rest\" comes first and takes every such sale");
}

#[test]
fn a_share_that_a_bonus_or_a_referrer_raises_above_the_sale_is_warned_of() {
    let of = |share: &str, bonus: Option<&str>, second: Option<&str>| {
        let rate = |text: &str| Rate::parse(text).expect("a rate");
        let volume_bonus = bonus.map(|bonus| VolumeBonus { from: usd(1), bonus: rate(bonus) });
        let clause = Clause { reward: percent(share), ..clause("a", None) };
        found(&Terms { volume_bonus, second_tier: second.map(rate), ..terms(vec![clause]) })
    };
    let none = Vec::<String>::new();
    assert_eq!(of("1", None, None), none, "all of it");
    assert_eq!(of("0.8", Some("0.25"), None), none, "exactly all of it");
    assert_eq!(of("0.8", Some("0.250001"), None), ["over_the_sale /volume_bonus/bonus"]);
    assert_eq!(of("0.8", None, Some("0.25")), none);
    assert_eq!(of("0.8", None, Some("0.250001")), ["over_the_sale /second_tier"]);
    assert_eq!(of("0.5", Some("0.5"), Some("0.333333")), none);
    assert_eq!(of("0.5", Some("0.5"), Some("0.333334")), ["over_the_sale /second_tier"]);
    assert_eq!(of("0.9", Some("0.5"), Some("0.5")), ["over_the_sale /volume_bonus/bonus"], "told once");
}

#[test]
fn clauses_are_named_once_and_have_events_limits_and_rewards_that_make_sense() {
    let with = |change: &dyn Fn(&mut Clause)| {
        let mut one = clause("a", None);
        change(&mut one);
        found(&terms(vec![one]))
    };
    assert_eq!(
        found(&terms(vec![clause("a", Some(test("plan", "equals", "x"))), clause("a", None)])),
        ["!not_unique /clauses/1/name"]
    );
    assert_eq!(found(&terms(vec![])), ["!empty /clauses"]);
    let bonus = SignUpBonus::shipped(Currency::USD).expect("amounts");
    assert_eq!(found(&Terms { sign_up_bonus: Some(bonus), ..terms(vec![]) }), Vec::<String>::new());
    let many: Vec<Clause> = (0..=CLAUSES_MAX).map(|n| clause(&n.to_string(), None)).collect();
    assert_eq!(found(&terms(many)), ["!too_large /clauses"]);
    assert_eq!(with(&|one| one.name = " ".to_owned()), ["!empty /clauses/0/name"]);
    assert_eq!(with(&|one| one.events.clear()), ["!empty /clauses/0/events"]);
    assert_eq!(with(&|one| one.events.push(Event::Renewal)), ["!not_unique /clauses/0/events"]);
    assert_eq!(with(&|one| one.limits.max_months = Some(0)), ["!out_of_range /clauses/0/max_months"]);
    assert_eq!(with(&|one| one.limits.max_occurrences = Some(0)), ["!out_of_range /clauses/0/max_occurrences"]);
    assert_eq!(with(&|one| one.limits.max_occurrences = Some(241)), ["!out_of_range /clauses/0/max_occurrences"]);
    assert_eq!(with(&|one| one.limits.max_occurrences = Some(240)), Vec::<String>::new());
    assert_eq!(with(&|one| one.reward = Reward::Flat(usd(-1))), ["!out_of_range /clauses/0/reward"]);
    assert_eq!(with(&|one| one.events = vec![Event::SignUp]), ["!nothing_to_share /clauses/0/reward"]);
    assert_eq!(with(&|one| one.events = vec![Event::SignUp, Event::Renewal]), ["no_amount /clauses/0/reward"]);
}

#[test]
fn holds_bands_bonuses_caps_and_milestones_are_in_range_and_order() {
    let simple = || terms(vec![clause("a", None)]);
    let banded = |steps: &[(i64, &str)]| {
        let steps = steps.iter().map(|(from, rate)| Band { from: usd(*from), rate: Rate::parse(rate).expect("rate") });
        let bands = Some(Bands { mode: BandMode::Marginal, steps: steps.collect() });
        Terms { bands, ..terms(vec![Clause { reward: Reward::Banded, ..clause("a", None) }]) }
    };
    let caps = |caps| Terms { caps, ..simple() };
    let milestone = |metric, bonus, badge: Option<&str>| {
        let badge = badge.map(str::to_owned);
        let one = Milestone { name: "m".to_owned(), metric, currency: Currency::USD, bonus, badge };
        Terms { milestones: vec![one], ..simple() }
    };
    let bonus = VolumeBonus { from: usd(-1), bonus: Rate::ONE };
    let sign_up = SignUpBonus::with([(Tier::Tier3, usd(-1))].into(), Currency::USD).expect("amounts");
    let rows = [
        (Terms { hold_days: 366, ..simple() }, vec!["!out_of_range /hold_days"]),
        (Terms { managed_hold_days: 366, ..simple() }, vec!["!out_of_range /managed_hold_days"]),
        (Terms { hold_days: 365, ..simple() }, vec![]),
        (banded(&[(0, "0.1"), (100, "0.2")]), vec![]),
        (banded(&[]), vec!["!empty /bands/steps"]),
        (banded(&[(1, "0.1")]), vec!["!out_of_order /bands/steps/0/from"]),
        (banded(&[(0, "0.1"), (100, "0.2"), (100, "0.3")]), vec!["!out_of_order /bands/steps/2/from"]),
        (banded(&[(0, "0.2"), (100, "0.1")]), vec!["bands_fall /bands/steps/1/rate"]),
        (Terms { bands: None, ..banded(&[]) }, vec!["!bands_missing /clauses/0/reward"]),
        (Terms { bands: banded(&[(0, "0.1")]).bands, ..simple() }, vec!["bands_unused /bands"]),
        (
            Terms {
                matching: Matching::Sum,
                clauses: vec![clause("a", None), Clause { reward: Reward::Banded, ..clause("b", None) }],
                ..banded(&[(0, "0.1")])
            },
            vec!["!not_addable /clauses/1/reward"],
        ),
        (Terms { volume_bonus: Some(bonus), ..simple() }, vec!["!out_of_range /volume_bonus/from"]),
        (Terms { sign_up_bonus: Some(sign_up), ..simple() }, vec!["!out_of_range /sign_up_bonus/tier3"]),
        (caps(Caps { per_customer: Some(usd(-1)), ..Caps::default() }), vec!["!out_of_range /caps/per_customer"]),
        (caps(Caps { per_line: Some(usd(0)), ..Caps::default() }), vec!["cap_of_nothing /caps/per_line"]),
        (
            caps(Caps { per_line: Some(usd(10)), per_partner_period: Some(usd(9)), ..Caps::default() }),
            vec!["cap_without_effect /caps/per_line"],
        ),
        (milestone(Metric::Sales(0), Some(usd(1)), None), vec!["!out_of_range /milestones/0/threshold"]),
        (milestone(Metric::Revenue(usd(0)), Some(usd(1)), None), vec!["!out_of_range /milestones/0/threshold"]),
        (milestone(Metric::Customers(1), Some(usd(-1)), None), vec!["!out_of_range /milestones/0/bonus"]),
        (milestone(Metric::Customers(1), None, None), vec!["!empty /milestones/0/bonus"]),
        (milestone(Metric::Customers(1), None, Some("star")), vec![]),
    ];
    for (terms, expected) in rows {
        assert_eq!(found(&terms), expected);
    }
}

fn any_test() -> impl Strategy<Value = Condition> {
    let words = || prop_oneof![Just("a"), Just("ab"), Just("b")];
    let text = (prop_oneof![Just("plan"), Just("group"), Just("country")], words(), 0_usize..8).prop_map(
        |(field, word, operator)| {
            let operator =
                ["equals", "not_equals", "in", "not_in", "starts_with", "ends_with", "contains", "exists"][operator];
            let value = if operator == "exists" { if word == "a" { "true" } else { "false" } } else { word };
            test(field, operator, value)
        },
    );
    let amount = (0_i64..4, 0_usize..6).prop_map(|(minor, operator)| {
        let operator = ["equals", "not_equals", "greater_than", "at_least", "less_than", "at_most"][operator];
        test("amount", operator, &usd(minor).to_text())
    });
    let tier = (0_usize..4, 0_usize..4).prop_map(|(tier, operator)| {
        test("tier", ["equals", "greater_than", "at_most", "not_equals"][operator], Tier::ALL[tier].word())
    });
    prop_oneof![text, amount, tier]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    any_test().prop_recursive(3, 12, 4, |inner| {
        let parts = proptest::collection::vec(inner, 1..4);
        (parts, proptest::bool::ANY)
            .prop_map(|(parts, is_all)| if is_all { Condition::All(parts) } else { Condition::Any(parts) })
    })
}

proptest! {
    /// Nothing that holds for some sale is ever called impossible.
    #[test]
    fn what_holds_for_a_sale_can_hold(
        when in any_condition(), plan in proptest::option::of(0_usize..4), country in proptest::option::of(0_usize..4),
        groups in proptest::collection::vec(0_usize..4, 0..3), minor in 0_i64..5, tier in 0_usize..4
    ) {
        let words = ["a", "ab", "b", "c"];
        let groups: Vec<String> = groups.into_iter().map(|at| words[at].to_owned()).collect();
        let custom = std::collections::BTreeMap::new();
        let subject = Subject {
            product: None, plan: plan.map(|at| words[at]), country: country.map(|at| words[at]), coupon: None, amount: usd(minor),
            event: "renewal", tier: Tier::ALL[tier], groups: &groups, link: None, custom: &custom,
        };
        if when.holds(&subject) {
            prop_assert!(logic::can_hold(&when, &Event::SALES), "{:?}", when);
        }
    }
}
