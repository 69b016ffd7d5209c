//! COM-2: what is added up, in whatever order the clauses stand.

use std::collections::BTreeSet;

use super::*;

fn big(name: &str, when: Option<Condition>) -> Clause {
    Clause { reward: percent("0.6"), ..clause(name, when) }
}

fn sum(clauses: Vec<Clause>) -> Terms {
    Terms { matching: Matching::Sum, ..terms(clauses) }
}

#[test]
fn shares_that_always_add_up_to_more_than_the_sale_are_refused_and_those_that_can_are_warned_of() {
    let (one, other) = (test("plan", "equals", "a"), test("plan", "equals", "b"));
    let german = test("country", "equals", "DE");
    let renewal = |clause: Clause| Clause { events: vec![Event::Renewal], ..clause };
    let limited = |clause: Clause| Clause { limits: Limits { max_months: Some(1), ..clause.limits }, ..clause };
    let of_a = || Some(one.clone());
    for (clauses, expected) in [
        (vec![big("a", None), big("b", None)], "!over_the_sale /clauses/1/reward"),
        (vec![big("a", None), big("b", of_a())], "!over_the_sale /clauses/1/reward"),
        // Whoever stands first: whenever the narrower one applies, so does the wider.
        (vec![big("a", of_a()), big("b", None)], "!over_the_sale /clauses/1/reward"),
        (vec![limited(big("a", None)), big("b", None)], "!over_the_sale /clauses/1/reward"),
        (vec![big("a", of_a()), big("b", of_a())], "!over_the_sale /clauses/1/reward"),
        (vec![big("a", None), renewal(big("b", None))], "!over_the_sale /clauses/1/reward"),
        (vec![big("a", None), limited(big("b", None))], "!over_the_sale /clauses/1/reward"),
        (
            vec![big("a", Some(test("plan", "starts_with", "pro"))), big("b", Some(test("plan", "equals", "pro-2")))],
            "!over_the_sale /clauses/1/reward",
        ),
        (vec![big("a", of_a()), big("b", Some(german.clone()))], "over_the_sale /clauses/1/reward"),
        (vec![limited(big("a", None)), limited(big("b", None))], "over_the_sale /clauses/1/reward"),
    ] {
        assert_eq!(found(&sum(clauses.clone())), [expected], "{clauses:?}");
        let turned: Vec<Clause> = clauses.into_iter().rev().collect();
        assert_eq!(found(&sum(turned.clone())), [expected], "{turned:?}");
    }
    assert_eq!(found(&sum(vec![big("a", of_a()), big("b", Some(other.clone()))])), Vec::<String>::new());
    assert_eq!(found(&sum(vec![clause("a", None), clause("b", None), clause("c", None)])), Vec::<String>::new());
    // A third meets each of two that never meet: no sale has all three.
    let part = |name: &str, when| Clause { reward: percent("0.4"), ..clause(name, when) };
    let three = [part("a", of_a()), part("b", Some(other)), part("c", Some(german))];
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let clauses = order.map(|place| three[place].clone()).to_vec();
        assert_eq!(found(&sum(clauses)), Vec::<String>::new(), "{order:?}");
    }
}

#[test]
fn a_bonus_from_nothing_on_raises_every_sale_and_one_from_a_volume_on_some() {
    let with = |from: i64, bonus: &str, clauses: Vec<Clause>| {
        let bonus = Rate::parse(bonus).expect("a rate");
        found(&Terms { volume_bonus: Some(VolumeBonus { from: usd(from), bonus }), ..sum(clauses) })
    };
    let none = Vec::<String>::new();
    let one = || vec![big("a", None)];
    let two = || vec![clause("a", None), Clause { reward: percent("0.5"), ..clause("b", None) }];
    for from in [0, 1] {
        assert_eq!(with(from, "0.666666", one()), none);
        assert_eq!(with(from, "0.25", two()), none, "exactly all of it");
    }
    let half = || vec![Clause { reward: percent("0.5"), ..clause("a", None) }];
    for from in [0, 1] {
        assert_eq!(with(from, "1", half()), none, "exactly all of it");
    }
    assert_eq!(with(0, "0.666667", one()), ["!over_the_sale /volume_bonus/bonus"]);
    assert_eq!(with(1, "0.666667", one()), ["over_the_sale /volume_bonus/bonus"]);
    assert_eq!(with(0, "0.250001", two()), ["!over_the_sale /clauses/1/reward"]);
    assert_eq!(with(1, "0.250001", two()), ["over_the_sale /clauses/1/reward"]);
}

#[test]
fn a_share_is_over_the_sale_where_a_bonus_from_nothing_on_brings_it_there() {
    let rate = |text: &str| Rate::parse(text).expect("a rate");
    for (bonus, share, expected) in [
        (None, "1", false),
        (Some((0, "0.25")), "0", false),
        (Some((0, "0.25")), "0.8", false),
        (Some((0, "0.25")), "0.800001", true),
        (Some((0, "0.000001")), "0.999999", false),
        (Some((0, "0.000001")), "1", true),
        (Some((0, "0")), "1", false),
        // From something on some sales are paid without it.
        (Some((1, "0.25")), "0.800001", false),
        (Some((1, "1")), "1", false),
    ] {
        let volume_bonus = bonus.map(|(from, bonus)| VolumeBonus { from: usd(from), bonus: rate(bonus) });
        let terms = Terms { volume_bonus, ..terms(vec![clause("a", None)]) };
        assert_eq!(terms.is_over_the_sale(rate(share)), expected, "{share} with {bonus:?}");
    }
}

/// Of three that together come to more than the sale only two are ever sure to meet.
#[test]
fn what_always_meets_is_refused_for_what_it_comes_to_and_not_for_what_may_come_on_top() {
    let part = |name: &str, when| Clause { reward: percent("0.4"), ..clause(name, when) };
    let german = test("country", "equals", "DE");
    let clauses = vec![part("a", None), part("b", Some(test("plan", "equals", "a"))), part("c", Some(german))];
    assert_eq!(found(&sum(clauses)), ["over_the_sale /clauses/2/reward"]);
}

/// So many that never meet that nobody looks at all their pairs: that is warned of as well, as nobody knows it.
#[test]
fn what_never_meets_is_warned_of_where_it_is_too_much_to_look_at() {
    let one = |n: usize| {
        let when = test("plan", "equals", &format!("v{n}"));
        Clause { reward: percent("0.4"), ..clause(&format!("c{n:02}"), Some(when)) }
    };
    let of = |count: usize| verdict(&sum((0..count).map(one).collect()));
    assert_eq!(of(CLAUSES_MAX), BTreeSet::from(["over_the_sale".to_owned()]));
    assert_eq!(of(20), BTreeSet::new());
}

/// So many clauses of which some meet, and never enough of them, that nobody looks at all their sets: then it is warned of.
#[test]
fn what_is_too_much_to_look_at_is_warned_of_in_any_order() {
    let field = |n: usize| format!("custom.f{}", n % 7);
    let one = |n: usize| {
        let when = test(&field(n), "equals", &format!("v{n}"));
        Clause { reward: percent("0.12"), ..clause(&format!("c{n:02}"), Some(when)) }
    };
    let mut clauses: Vec<Clause> = (0..CLAUSES_MAX).map(one).collect();
    let expected = BTreeSet::from(["over_the_sale".to_owned()]);
    assert_eq!(verdict(&sum(clauses.clone())), expected);
    clauses.reverse();
    assert_eq!(verdict(&sum(clauses)), expected);
}

/// What is found, wherever.
fn verdict(terms: &Terms) -> BTreeSet<String> {
    found(terms).into_iter().filter_map(|one| Some(one.split_once(' ')?.0.to_owned())).collect()
}

fn any_clause() -> impl Strategy<Value = Clause> {
    let rate = prop_oneof![Just("0.2"), Just("0.4"), Just("0.5"), Just("0.6")];
    let events = proptest::sample::subsequence(vec![Event::Renewal, Event::FirstSale, Event::OneOffSale], 1..=3);
    (proptest::option::of(any_condition()), rate, events, proptest::bool::weighted(0.2)).prop_map(
        |(when, rate, events, is_limited)| {
            let limits = Limits { max_months: is_limited.then_some(1), max_occurrences: None };
            Clause { reward: percent(rate), events, limits, ..clause("c", when) }
        },
    )
}

fn any_rule() -> impl Strategy<Value = Terms> {
    let bonus = proptest::option::of((0_i64..2, prop_oneof![Just("0.1"), Just("0.5")]));
    (proptest::collection::vec(any_clause(), 2..6), bonus).prop_map(|(mut clauses, bonus)| {
        for (n, clause) in clauses.iter_mut().enumerate() {
            clause.name = format!("c{n}");
        }
        let rate = |text: &str| Rate::parse(text).expect("a rate");
        let volume_bonus = bonus.map(|(from, bonus)| VolumeBonus { from: usd(from), bonus: rate(bonus) });
        Terms { volume_bonus, ..sum(clauses) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// COM-2: a sum has no order: turning the clauses around changes no verdict.
    #[test]
    fn the_order_of_clauses_that_are_added_up_says_nothing(
        (terms, turned) in any_rule().prop_flat_map(|terms| {
            let turned = Just(terms.clauses.clone()).prop_shuffle();
            (Just(terms), turned)
        })
    ) {
        let turned = Terms { clauses: turned, ..terms.clone() };
        prop_assert_eq!(verdict(&terms), verdict(&turned), "{:?} {:?}", terms, turned);
    }

    /// Of what is neither refused nor warned of no sale gets more than it brought.
    #[test]
    fn what_no_sale_exceeds_is_all_that_passes_in_silence(
        terms in any_rule(), plan in proptest::option::of(0_usize..4), country in proptest::option::of(0_usize..4),
        groups in proptest::collection::vec(0_usize..4, 0..3), minor in 0_i64..5, tier in 0_usize..4, event in 0_usize..3
    ) {
        let event = [Event::Renewal, Event::FirstSale, Event::OneOffSale][event];
        let words = ["a", "ab", "b", "c"];
        let groups: Vec<String> = groups.into_iter().map(|at| words[at].to_owned()).collect();
        let custom = std::collections::BTreeMap::new();
        let subject = Subject {
            product: None, plan: plan.map(|at| words[at]), country: country.map(|at| words[at]), coupon: None,
            amount: usd(minor), event: event.word(), tier: Tier::ALL[tier], groups: &groups, link: None, custom: &custom,
        };
        let applies = |clause: &&Clause| {
            clause.events.contains(&event) && clause.when.as_ref().is_none_or(|when| when.holds(&subject))
        };
        let paid: i128 = terms.clauses.iter().filter(applies).map(|clause| match &clause.reward {
            Reward::Percentage(rate) => rate.millionths(),
            _ => 0,
        }).fold(0, i128::saturating_add);
        let raised = crate::rule::bands::MILLION + terms.volume_bonus.map_or(0, |bonus| bonus.bonus.millionths());
        let is_told = verdict(&terms).iter().any(|name| name.trim_start_matches('!') == "over_the_sale")
            || terms.check().faults.iter().any(|fault| fault.name == "never_matches");
        let whole = crate::rule::bands::MILLION * crate::rule::bands::MILLION;
        prop_assert!(is_told || paid * raised <= whole, "{:?}", terms);
    }
}
