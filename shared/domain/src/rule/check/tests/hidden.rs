//! Clauses that others hide, and parts of a rule that can never pay.

use proptest::prelude::{prop_assert, proptest};

use super::*;

#[test]
fn com_6_a_clause_that_earlier_ones_take_everything_from_is_refused_however_they_say_it() {
    let plan = |operator: &str, value: &str| test("plan", operator, value);
    let amount = |operator: &str, value: &str| test("amount", operator, value);
    let rows = [
        // The earlier one is wider.
        (vec![plan("in", "a,b")], plan("equals", "a"), true),
        (vec![plan("in", "a,b")], plan("in", "a,c"), false),
        (vec![plan("starts_with", "pro")], plan("equals", "pro-1"), true),
        (vec![plan("starts_with", "pro")], plan("starts_with", "pro-"), true),
        (vec![plan("starts_with", "pro-")], plan("starts_with", "pro"), false),
        (vec![plan("contains", "ro")], all(&[plan("starts_with", "pro"), plan("ends_with", "x")]), true),
        (vec![plan("exists", "true")], plan("equals", "a"), true),
        (vec![plan("exists", "true")], plan("not_equals", "a"), false),
        (vec![plan("not_equals", "b")], plan("equals", "a"), true),
        (vec![amount("at_least", "10")], amount("greater_than", "10"), true),
        (vec![amount("greater_than", "10")], amount("at_least", "10"), false),
        (vec![amount("at_most", "20")], all(&[amount("greater_than", "10"), amount("less_than", "15")]), true),
        // An amount of another currency is neither above nor below.
        (vec![amount("at_least", "0")], test("currency", "equals", "EUR"), false),
        (vec![amount("at_least", "0")], test("currency", "equals", "USD"), true),
        (vec![test("tier", "at_least", "tier2")], test("tier", "equals", "tier3"), true),
        (vec![test("tier", "at_least", "tier2")], test("tier", "at_least", "tier1"), false),
        (vec![test("custom.seats", "greater_than", "5")], test("custom.seats", "at_least", "6"), true),
        (vec![test("custom.seats", "greater_than", "5")], test("custom.seats", "exists", "true"), false),
        // Of several groups one may be the wanted one.
        (vec![test("group", "in", "a,b")], test("group", "equals", "a"), true),
        (vec![test("group", "not_equals", "a")], test("group", "equals", "b"), false),
        (vec![test("group", "exists", "true")], test("group", "equals", "b"), true),
        (vec![test("group", "not_equals", "a")], test("group", "exists", "false"), true),
        // Both ways of an alternative.
        (vec![any(&[plan("equals", "a"), test("country", "equals", "DE")])], plan("equals", "a"), true),
        (vec![all(&[plan("equals", "a"), test("country", "equals", "DE")])], plan("equals", "a"), false),
        // Together.
        (vec![plan("equals", "a"), plan("equals", "b")], plan("in", "a,b"), true),
        (vec![plan("equals", "a"), plan("equals", "b")], plan("in", "a,b,c"), false),
        (vec![test("country", "equals", "DE"), test("country", "not_equals", "DE")], plan("equals", "a"), true),
        (vec![amount("less_than", "10"), amount("at_least", "10")], test("currency", "equals", "USD"), true),
    ];
    for (earlier, later, is_hidden) in rows {
        let mut clauses: Vec<Clause> =
            earlier.iter().enumerate().map(|(n, when)| clause(&n.to_string(), Some(when.clone()))).collect();
        clauses.push(clause("later", Some(later.clone())));
        let place = clauses.len() - 1;
        let found = found(&terms(clauses));
        let refused = found.contains(&format!("!hidden /clauses/{place}"));
        assert_eq!(refused, is_hidden, "{later:?} behind {earlier:?}: {found:?}");
    }
}

#[test]
fn com_6_what_several_take_together_is_told_so_and_what_is_left_of_the_events_is_a_warning() {
    let german = |operator| Some(test("country", operator, "DE"));
    let rest = vec![clause("german", german("equals")), clause("other", german("not_equals")), clause("rest", None)];
    let findings = terms(rest.clone()).check();
    assert_eq!(findings.faults[0].why, "can never match: the clauses before it together take every such sale");
    // Where one of them is of other events, or has a limit, something is left.
    let mut partly = rest.clone();
    partly[1].events = vec![Event::Renewal];
    assert_eq!(found(&terms(partly)), ["partly_hidden /clauses/2/events"]);
    let mut limited = rest;
    limited[1].limits.max_occurrences = Some(1);
    assert_eq!(found(&terms(limited)), Vec::<String>::new());
}

#[test]
fn what_can_never_pay_is_warned_of_by_name() {
    let simple = || terms(vec![clause("a", None)]);
    let flat = |events: &[Event], minor| Clause {
        events: events.to_vec(),
        reward: Reward::Flat(usd(minor)),
        ..clause("flat", None)
    };
    let bonus = |text: &str| Some(VolumeBonus { from: usd(100), bonus: Rate::parse(text).expect("rate") });
    let half = Rate::parse("0.5").expect("rate");
    let own = Overrides { tiers: [(Tier::Tier2, half)].into(), ..Overrides::default() };
    let sign_up = Some(SignUpBonus::shipped(Currency::USD).expect("amounts"));
    let second = |text: &str| Some(Rate::parse(text).expect("rate"));
    let star = |bonus, badge: Option<&str>| {
        let badge = badge.map(str::to_owned);
        vec![Milestone { name: "m".to_owned(), metric: Metric::Sales(1), currency: Currency::USD, bonus, badge }]
    };
    let leads = Limits { max_months: None, max_occurrences: Some(1) };
    let rows = [
        (terms(vec![Clause { reward: percent("0"), ..clause("a", None) }]), vec!["pays_nothing /clauses/0/reward"]),
        (terms(vec![flat(&Event::SALES, 0)]), vec!["pays_nothing /clauses/0/reward"]),
        (Terms { volume_bonus: bonus("0"), ..simple() }, vec!["pays_nothing /volume_bonus/bonus"]),
        (Terms { volume_bonus: bonus("0.1"), ..simple() }, vec![]),
        (
            Terms { volume_bonus: bonus("0.1"), ..terms(vec![flat(&Event::SALES, 500)]) },
            vec!["bonus_without_effect /volume_bonus"],
        ),
        // An own rate goes above the flat reward, and a bonus raises it.
        (Terms { volume_bonus: bonus("0.1"), overrides: own.clone(), ..terms(vec![flat(&Event::SALES, 500)]) }, vec![]),
        (
            Terms { overrides: own, ..terms(vec![flat(&[Event::QualifiedLead], 500)]) },
            vec!["overrides_unused /overrides"],
        ),
        (Terms { second_tier: second("0"), ..simple() }, vec!["pays_nothing /second_tier"]),
        (
            Terms { second_tier: second("0.1"), sign_up_bonus: sign_up, ..terms(vec![]) },
            vec!["second_tier_unused /second_tier"],
        ),
        (
            terms(vec![Clause { limits: leads, ..flat(&[Event::QualifiedLead], 500) }]),
            vec!["limit_without_effect /clauses/0/events"],
        ),
        (terms(vec![Clause { limits: leads, ..flat(&[Event::QualifiedLead, Event::Renewal], 500) }]), vec![]),
        (Terms { milestones: star(Some(usd(0)), None), ..simple() }, vec!["pays_nothing /milestones/0/bonus"]),
        (Terms { milestones: star(Some(usd(0)), Some("star")), ..simple() }, vec![]),
    ];
    for (terms, expected) in rows {
        assert_eq!(found(&terms), expected, "{terms:?}");
    }
}

proptest! {
    /// Nothing that would reach a clause is ever called taken by those before it.
    #[test]
    fn whatever_passes_the_earlier_clauses_is_not_taken(
        own in any_condition(), earlier in proptest::collection::vec(any_condition(), 1..3),
        plan in proptest::option::of(0_usize..4), country in proptest::option::of(0_usize..4),
        groups in proptest::collection::vec(0_usize..4, 0..3), minor in 0_i64..5, tier in 0_usize..4
    ) {
        let words = ["a", "ab", "b", "c"];
        let groups: Vec<String> = groups.into_iter().map(|at| words[at].to_owned()).collect();
        let custom = std::collections::BTreeMap::new();
        let subject = Subject {
            product: None, plan: plan.map(|at| words[at]), country: country.map(|at| words[at]), coupon: None,
            amount: usd(minor), event: "renewal", tier: Tier::ALL[tier], groups: &groups, link: None, custom: &custom,
        };
        if own.holds(&subject) && !earlier.iter().any(|earlier| earlier.holds(&subject)) {
            let before: Vec<Option<&Condition>> = earlier.iter().map(Some).collect();
            prop_assert!(!logic::is_taken(Some(&own), &before, Event::Renewal), "{:?} behind {:?}", own, earlier);
        }
    }
}
