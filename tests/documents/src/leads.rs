//! `docs/state-machines.md`: the edges of a lead, as the domain has them.

use std::collections::BTreeSet;

use domain::email::Email;
use domain::id::ProgramId;
use domain::lead::address::Address;
use domain::lead::score::{Behaviour, Profile, Score};
use domain::lead::{Capture, Consent, Lead, LeadSource, LeadState};
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_262_400 + second).expect("an instant")
}

fn captures() -> Vec<Capture> {
    let address = |text| Address::of(&Email::parse(text).expect("an address")).expect("a domain");
    let eager = Behaviour { asked_for_demo: true, viewed_pricing: true, ..Behaviour::default() };
    [("casey@gmail.com", Behaviour::default()), ("ada@engines.example", eager), ("casey@mailinator.com", eager)]
        .map(|(email, behaviour)| Capture {
            program: ProgramId::from_ulid(1_u128.into()),
            address: address(email),
            takes_mail: None,
            source: LeadSource::parse("test").expect("a source"),
            campaign: None,
            consent: Consent { source: "test".to_owned(), at: at(0) },
            score: Score::of(&address(email), &Profile::default(), &behaviour),
            at: at(7_200),
        })
        .into()
}

/// Every command on everything that came of another.
fn edges_in_code() -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    let mut known: Vec<Lead> = Vec::new();
    for capture in captures() {
        let lead = Lead::capture(Capture { at: at(0), ..capture });
        edges.insert(("[*]".to_owned(), "capture".to_owned(), lead.state.word().to_owned()));
        known.push(lead);
    }
    for _ in 0..3 {
        for lead in known.clone() {
            let again =
                captures().into_iter().map(|capture| ("capture_again", Ok(lead.clone().capture_again(capture))));
            let moved = [
                ("convert", lead.clone().convert("usr_1".to_owned(), at(9_000))),
                ("pay", lead.clone().pay(at(9_000), at(9_000))),
                ("pay", lead.clone().pay(at(-9_000), at(9_000))),
                ("erase", lead.clone().erase(at(9_000))),
            ];
            for (by, after) in moved.into_iter().chain(again) {
                let Ok(after) = after else { continue };
                if after.state.word() != lead.state.word() {
                    edges.insert((lead.state.word().to_owned(), by.to_owned(), after.state.word().to_owned()));
                }
                if !known.iter().any(|one| one.state.word() == after.state.word()) {
                    known.push(after);
                }
            }
        }
    }
    edges
}

#[test]
fn the_diagram_of_leads_has_exactly_the_edges_that_the_domain_allows() {
    let text = tree::read("docs/state-machines.md");
    let part = text.split("## Lead\n").nth(1).expect("a section about leads");
    let diagram = part.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).expect("a diagram");
    let drawn: BTreeSet<Edge> = diagram
        .lines()
        .filter_map(|line| line.trim().split_once(" --> "))
        .map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))))
        .map(|(from, (to, by))| (from.to_owned(), by.to_owned(), to.to_owned()))
        .collect();
    let code = edges_in_code();
    assert_eq!(drawn, code);
    for word in LeadState::WORDS {
        assert!(code.iter().any(|(_, _, to)| to == word), "{word} is never reached");
    }
}
