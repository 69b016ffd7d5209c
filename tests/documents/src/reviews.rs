//! `docs/state-machines.md`: the edges of a review, as the domain has them.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::fraud::policy::Policy;
use domain::fraud::review::{Deciding, Review, ReviewState, Verdict};
use domain::fraud::{Reason, Signal};
use domain::id::PartnerId;
use domain::role::Role;
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn noticed(reasons: &[Reason]) -> Review {
    let signals: Vec<Signal> = reasons.iter().filter_map(|reason| Policy::default().signal(*reason, "")).collect();
    Review::of_partner(&PartnerId::from_ulid(7_u128.into()), "test", signals, now()).expect("something noticed")
}

fn decided(review: &Review, verdict: Verdict) -> Option<Review> {
    let by = Actor::new(Role::Admin, "usr_1");
    let deciding = Deciding { verdict, suspends: false, reason: "why".to_owned(), told_partner: None, by, at: now() };
    review.clone().decide(deciding).ok().map(|step| step.review)
}

fn edge(from: &str, by: &str, to: &ReviewState) -> Edge {
    (from.to_owned(), by.to_owned(), to.word().to_owned())
}

fn edges_in_code() -> BTreeSet<Edge> {
    let (mild, grave) = (noticed(&[Reason::Velocity]), noticed(&[Reason::Velocity, Reason::RefundRate]));
    let mut edges = BTreeSet::from([edge("[*]", "30 points or more", &grave.state), edge("[*]", "fewer", &mild.state)]);
    let verdicts = [Verdict::Release, Verdict::Reject, Verdict::Watch];
    let later = |review: &Review| verdicts.map(|verdict| decided(review, verdict)).into_iter().flatten();
    let every: Vec<Review> =
        [&mild, &grave].into_iter().flat_map(|review| later(review).chain([review.clone()])).collect();
    for review in &every {
        let from = review.state.word();
        for verdict in verdicts {
            edges.extend(decided(review, verdict).map(|after| edge(from, verdict.word(), &after.state)));
        }
        let more = review.with_more(&noticed(&[Reason::Velocity, Reason::RefundRate, Reason::DuplicatePartner]));
        let more = more.map(|after| edge(from, "more is noticed", &after.state));
        // An open one that grows graver stays where it is.
        edges.extend(more.filter(|(from, _, to)| from != to));
        if review.ended().is_some() {
            edges.insert((from.to_owned(), String::new(), "[*]".to_owned()));
        }
    }
    edges
}

#[test]
fn the_diagram_of_reviews_has_exactly_the_edges_that_the_domain_allows() {
    let text = tree::read("docs/state-machines.md");
    let part = text.split("## Review").nth(1).expect("a section about reviews");
    let diagram = part.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).expect("a diagram");
    let lines = diagram.lines().filter_map(|line| line.trim().split_once(" --> "));
    let drawn: BTreeSet<Edge> = lines
        .map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))))
        .map(|(from, (to, by))| (from.to_owned(), by.to_owned(), to.to_owned()))
        .collect();
    let code = edges_in_code();
    let missing: Vec<_> = code.difference(&drawn).collect();
    let wrong: Vec<_> = drawn.difference(&code).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "not drawn: {missing:?}\ndrawn and not so: {wrong:?}");
    for word in ReviewState::WORDS {
        assert!(code.iter().any(|(_, _, to)| to == word), "{word} is never reached");
    }
}
