//! `docs/state-machines.md`: the edges of a change by hand, as the domain has them.

use std::collections::BTreeSet;

use domain::adjustment::{Adjustment, Change};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::{AdjustmentId, PartnerId};
use domain::money::Money;
use domain::role::Role;
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

/// Small and large, asked for, approved and rejected by every role, each command on everything that came of another.
fn edges_in_code() -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    let mut edge = |from: &str, by: &str, to: &str| edges.insert((from.to_owned(), by.to_owned(), to.to_owned()));
    let partner = PartnerId::from_ulid(7_u128.into());
    for (role, minor) in Role::ALL.into_iter().flat_map(|role| [(role, 100), (role, 1_000_000)]) {
        let change = Change::Correction { amount: Money::from_minor(minor, Currency::USD) };
        let id = AdjustmentId::from_ulid(1_u128.into());
        let by = (actor(role, "usr_1"), now());
        let asked = Adjustment::ask(id, partner.clone(), change, "why".to_owned(), by, 100);
        let Ok(asked) = asked.map(|step| step.adjustment) else { continue };
        edge("[*]", "ask", asked.state.word());
        let mut known = vec![asked];
        for _ in 0..2 {
            for one in known.clone() {
                let approved = one.clone().approve(actor(Role::Admin, "usr_2"), one.seal(), now());
                let rejected = one.clone().reject(actor(Role::Admin, "usr_2"), "no".to_owned(), now());
                for (name, step) in [("approve", approved), ("reject", rejected)] {
                    if let Ok(step) = step {
                        edge(one.state.word(), name, step.adjustment.state.word());
                        known.push(step.adjustment);
                    }
                }
            }
        }
    }
    edges
}

#[test]
fn the_diagram_of_changes_by_hand_has_exactly_the_edges_that_the_domain_allows() {
    let text = tree::read("docs/state-machines.md");
    let (_, own) = text.split_once("## Change by hand").expect("a section on changes by hand");
    let diagram = own.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let drawn: BTreeSet<Edge> = diagram
        .lines()
        .filter_map(|line| line.trim().split_once(" --> "))
        .map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))))
        .map(|(from, (to, by))| (from.to_owned(), by.to_owned(), to.to_owned()))
        .collect();
    let code = edges_in_code();
    let mut expected = code.clone();
    for state in code.iter().map(|(_, _, to)| to).filter(|to| !code.iter().any(|(from, _, _)| from == *to)) {
        expected.insert((state.clone(), String::new(), "[*]".to_owned()));
    }
    assert_eq!(drawn, expected);
}
