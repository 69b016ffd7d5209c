//! `docs/state-machines.md`: the edges of a recompute, as the domain has them.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::digest::Digest;
use domain::id::{PartnerId, ProgramId, RecomputeId};
use domain::money::Money;
use domain::recompute::{AccountDifference, Counted, Difference, Recompute, RecomputeState};
use domain::role::Role;
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn actor(role: Role) -> Actor {
    Actor::new(role, "usr_1")
}

fn proposed() -> Recompute {
    Recompute {
        id: RecomputeId::from_ulid(1_u128.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        versions: Vec::new(),
        from: now(),
        to: None,
        reason: "why".to_owned(),
        requested_by: actor(Role::Admin),
        requested_at: now(),
        round: 1,
        shown: Difference::default(),
        state: RecomputeState::Counting { so_far: Difference::default(), after: None },
    }
}

/// Everything that may happen to a recompute, by the name of the function that does it.
fn steps(one: &Recompute) -> Vec<(&'static str, Recompute)> {
    let partner = PartnerId::from_ulid(7_u128.into());
    let mut steps = Vec::new();
    for minor in [0, 1] {
        let difference = Money::from_minor(minor, domain::currency::Currency::USD);
        let (through, hash) = (partner.clone(), Digest::ZERO);
        let account = AccountDifference { partner: partner.clone(), through, difference, lines: 1, hash };
        let account = Counted::Differs(account);
        for next in [None, Some(partner.clone())] {
            let counted = one.clone().count(std::slice::from_ref(&account), next, Digest::ZERO);
            steps.push(("count", counted.expect("in range")));
        }
    }
    for next in [None, Some(partner)] {
        steps.push(("book", one.clone().book(&[], next)));
    }
    for role in Role::ALL {
        let approved = one.clone().approve(actor(role), one.shown.seal, now(), 100);
        steps.extend(approved.ok().map(|(after, _)| ("approve", after)));
        let rejected = one.clone().reject(actor(role), now());
        steps.extend(rejected.ok().map(|(after, _)| ("reject", after)));
    }
    steps.retain(|(_, after)| after != one);
    steps
}

fn edges_in_code() -> BTreeSet<Edge> {
    let first = proposed();
    let mut edges = BTreeSet::from([("[*]".to_owned(), "propose".to_owned(), first.state.word().to_owned())]);
    let mut known = vec![first];
    // The longest way there is: counted in two pages, approved, checked in two, booked in two.
    for _ in 0..8 {
        let mut reached = Vec::new();
        for one in &known {
            for (by, after) in steps(one) {
                let edge = (one.state.word().to_owned(), by.to_owned(), after.state.word().to_owned());
                if edges.insert(edge)
                    || !known.iter().chain(&reached).any(|other| other.state.word() == after.state.word())
                {
                    reached.push(after);
                }
            }
        }
        known.extend(reached);
    }
    edges
}

#[test]
fn the_diagram_of_recomputes_has_exactly_the_edges_that_the_domain_allows() {
    let text = tree::read("docs/state-machines.md");
    let (_, own) = text.split_once("## Recompute").expect("a section on recomputes");
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
