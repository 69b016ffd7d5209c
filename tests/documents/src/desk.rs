//! `docs/state-machines.md`: the edges of what people do at the desk to a sale, to a claim; and of disputes.

use std::collections::BTreeSet;

use cases::desk::holds::{Command, decide};
use domain::attribution::claim::{Claim, ClaimDecided, ClaimState};
use domain::attribution::customer::Customer;
use domain::audit::Actor;
use domain::currency::Currency;
use domain::fact::{DisputePhase, PaymentKey};
use domain::id::{ClaimId, PartnerId, ProgramId};
use domain::line::{LineKind, Part, Place};
use domain::money::Money;
use domain::role::Role;
use domain::sale::{Clawback, HoldReason, Sale, SaleLine};
use domain::time::Zone;
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn edge(from: &str, by: &str, to: &str) -> Edge {
    (from.to_owned(), by.to_owned(), to.to_owned())
}

/// The edges that a section draws.
fn drawn(section: &str) -> BTreeSet<Edge> {
    let text = tree::read("docs/state-machines.md");
    let (_, own) = text.split_once(&format!("\n## {section}\n")).expect("a section");
    let diagram = own.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let lines = diagram.lines().filter_map(|line| line.trim().split_once(" --> "));
    lines
        .map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))))
        .map(|(from, (to, by))| edge(from, by, to))
        .collect()
}

/// The edges of the code, with an end where none leads on.
fn with_ends(mut edges: BTreeSet<Edge>) -> BTreeSet<Edge> {
    let leads_on = |state: &str| edges.iter().any(|(from, _, _)| from == state);
    let ends: Vec<Edge> =
        edges.iter().filter(|(_, _, to)| !leads_on(to)).map(|(_, _, to)| edge(to, "", "[*]")).collect();
    edges.extend(ends);
    edges
}

fn payment() -> PaymentKey {
    PaymentKey::parse("stripe:in_1").expect("a key")
}

/// A sale that somebody is paid for.
fn sale(hold: Option<HoldReason>, rejected: bool) -> Sale {
    let amount = Money::from_minor(2_970, Currency::USD);
    let line = SaleLine {
        n: 1,
        partner: PartnerId::from_ulid(7_u128.into()),
        part: Part::default(),
        kind: LineKind::Earned,
        place: Place::Held,
        amount,
        rule: None,
        clawback: Clawback::Proportional,
        month: None,
        is_banded: false,
        volume: None,
    };
    Sale { lines: vec![line], hold, rejected, ..Sale::plain(payment(), amount, now(), Zone::utc().day_of(now())) }
}

fn word(sale: &Sale) -> &'static str {
    if sale.rejected { "rejected" } else { sale.hold.map_or("not_held", HoldReason::word) }
}

#[test]
fn the_diagram_of_holds_has_exactly_the_edges_that_the_desk_allows() {
    let mut edges = BTreeSet::new();
    let holds = [None, Some(HoldReason::Risk), Some(HoldReason::Manual)];
    for hold in holds {
        for before in [sale(hold, false), sale(None, true)] {
            let reason = || "why".to_owned();
            for (by, command) in [
                ("hold", Command::Hold { reason: reason() }),
                ("release", Command::Release { reason: reason() }),
                ("reject", Command::Reject { reason: reason() }),
            ] {
                let mut after = before.clone();
                if decide(&mut after, &command) == Ok(true) {
                    edges.insert(edge(word(&before), by, word(&after)));
                }
            }
        }
    }
    let mut expected = with_ends(edges);
    // How a sale begins is the review's affair, and so is what its signals hold.
    expected.insert(edge("[*]", "nothing is noticed", "not_held"));
    expected.insert(edge("[*]", "30 points or more", "risk"));
    assert_eq!(drawn("Hold of a sale"), expected);
}

#[test]
fn the_diagram_of_disputes_has_exactly_the_phases_and_their_order() {
    let phases = [DisputePhase::Inquiry, DisputePhase::Opened, DisputePhase::Won, DisputePhase::Lost];
    let word = |phase: DisputePhase| match phase {
        DisputePhase::Inquiry => "inquiry",
        DisputePhase::Opened => "opened",
        DisputePhase::Won => "won",
        DisputePhase::Lost => "lost",
    };
    let mut edges: BTreeSet<Edge> = phases.iter().map(|to| edge("[*]", "apply_dispute", word(*to))).collect();
    for from in phases {
        let further = phases.into_iter().filter(|to| *to > from);
        edges.extend(further.map(|to| edge(word(from), "apply_dispute", word(to))));
    }
    assert_eq!(drawn("Dispute"), with_ends(edges));
}

#[test]
fn the_diagram_of_claims_has_exactly_the_edges_that_the_domain_allows() {
    let decided = || ClaimDecided { by: Actor::new(Role::Admin, "usr_1"), at: now(), reason: "why".to_owned() };
    let claim = |state| Claim {
        id: ClaimId::from_ulid(1_u128.into()),
        partner: PartnerId::from_ulid(7_u128.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        customer: Some(payment()),
        naming: Default::default(),
        note: "mine".to_owned(),
        made_at: now(),
        first: None,
        state,
    };
    let mut edges = BTreeSet::from([edge("[*]", "make", ClaimState::Pending.word())]);
    for state in [ClaimState::Pending, ClaimState::Accepted(decided()), ClaimState::Declined(decided())] {
        let from = state.word();
        let accepted = claim(state.clone()).accept(&Customer::default(), decided()).map(|(claim, _)| claim);
        let first = claim(state.clone()).approve_first(decided());
        let declined = claim(state).decline(decided());
        edges.extend(accepted.ok().map(|claim| edge(from, "accept", claim.state.word())));
        edges.extend(first.ok().map(|claim| edge(from, "approve_first", claim.state.word())));
        edges.extend(declined.ok().map(|claim| edge(from, "decline", claim.state.word())));
    }
    assert_eq!(drawn("Claim"), with_ends(edges));
}
