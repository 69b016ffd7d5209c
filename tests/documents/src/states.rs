//! `docs/state-machines.md`: the edges of a payout and the words of payouts and lines, as the domain has them.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutFileId, PayoutId};
use domain::line::LineState;
use domain::money::Money;
use domain::payout::{Approval, HeadMove, Payout, PayoutState, Refused, Said, Sent, Step, Word};
use domain::role::Role;
use domain::slot::Slot;
use jiff::Timestamp;

use crate::tree;

type Edge = (String, String, String);
type Command = fn(Payout, Actor, Timestamp) -> Result<Step, Refused>;

const COMMANDS: [(&str, Command); 15] = [
    ("approve", |payout, actor, at| {
        let seen = payout.seal;
        payout.approve(actor, seen, at)
    }),
    ("reject", |payout, actor, at| payout.reject(actor, "no".to_owned(), at)),
    ("cancel", |payout, actor, at| payout.cancel(actor, "no".to_owned(), at)),
    ("mark_sent", |payout, actor, at| {
        payout.mark_sent(actor, Sent { sent_at: at, expected_arrival: None, reference: "r".to_owned() }, at)
    }),
    ("take_out", |payout, actor, at| payout.take_out(actor, &file(), at)),
    ("confirm", |payout, actor, at| payout.confirm(actor, at, "r".to_owned(), at)),
    ("fail", |payout, actor, at| payout.fail(actor, "no".to_owned(), at)),
    ("submit", |payout, actor, at| payout.submit(actor, 1, at)),
    ("retry", |payout, actor, at| payout.retry(actor, at)),
    ("settle", |payout, actor, at| payout.settle(actor, "tr_1".to_owned(), at)),
    ("lose_track", |payout, actor, at| payout.lose_track(actor, "no answer".to_owned(), at)),
    ("refuse", |payout, actor, at| payout.refuse(actor, "no".to_owned(), at)),
    ("postpone", |payout, actor, at| payout.postpone(actor, "balance", at)),
    ("come_back", |payout, actor, at| payout.come_back(actor, "reversed".to_owned(), at)),
    ("resolve", |payout, actor, at| {
        let said = match &payout.state {
            PayoutState::OutcomeUnknown { said, .. } => said.as_ref().map(|said| said.word.clone()),
            _ => None,
        };
        payout.resolve(actor, said.unwrap_or_else(not_paid), at)
    }),
];

/// The file that whatever is submitted here was sent by.
fn file() -> PayoutFileId {
    PayoutFileId::from_ulid(1_u128.into())
}

fn not_paid() -> Word {
    Word::NotPaid { reason: "nothing there".to_owned() }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn every_state() -> [PayoutState; 12] {
    let (at, text) = (now(), || "why".to_owned());
    let all = [
        PayoutState::PendingApproval,
        PayoutState::Approved,
        PayoutState::Rejected { reason: text() },
        PayoutState::Cancelled { reason: text() },
        PayoutState::Submitted { sent_at: at, expected_arrival: None, reference: file().to_string() },
        PayoutState::Paid { sent_at: at, completed_at: at, reference: text() },
        PayoutState::Failed { reason: text() },
        PayoutState::Submitting { attempt: 1, since: at },
        unknown(None),
        unknown(Some(not_paid())),
        unknown(Some(Word::Paid { completed_at: at, reference: text() })),
        PayoutState::Returned { sent_at: at, completed_at: at, reference: text(), returned_at: at, reason: text() },
    ];
    // A state that is new in the domain does not compile here until it is in the list above.
    for state in &all {
        match state {
            PayoutState::PendingApproval
            | PayoutState::Approved
            | PayoutState::Rejected { .. }
            | PayoutState::Cancelled { .. } => {}
            PayoutState::Submitted { .. } | PayoutState::Paid { .. } | PayoutState::Failed { .. } => {}
            PayoutState::Submitting { .. } | PayoutState::OutcomeUnknown { .. } | PayoutState::Returned { .. } => {}
        }
    }
    all
}

/// One whose outcome is not known, with what another person has said of it.
fn unknown(word: Option<Word>) -> PayoutState {
    let said = word.map(|word| Said { by: "usr_8".to_owned(), at_ms: 0, word });
    PayoutState::OutcomeUnknown { attempt: 1, since: now(), why: "no answer".to_owned(), said }
}

pub(crate) fn every_line_state() -> [LineState; 6] {
    let all = [
        LineState::Pending,
        LineState::Held,
        LineState::Approved,
        LineState::InPayout,
        LineState::Paid,
        LineState::Reversed,
    ];
    for state in all {
        match state {
            LineState::Pending | LineState::Held | LineState::Approved => {}
            LineState::InPayout | LineState::Paid | LineState::Reversed => {}
        }
    }
    all
}

fn payout(amount: &str, state: &PayoutState, approved_by: &[&str]) -> Payout {
    let partner = PartnerId::from_ulid(7_u128.into());
    let actor = Actor::new(Role::Partner, partner.to_string());
    let mut payout = Payout {
        id: PayoutId::of(&partner, Currency::USD, 1),
        partner,
        amount: Money::parse(amount, Currency::USD).expect("an amount"),
        from: None,
        to: Slot::parse("261120.00").expect("a slot"),
        lines: 1,
        close_hash: Digest::ZERO,
        seal: Digest::ZERO,
        requested_by: actor,
        requested_at: now(),
        moved_at: now(),
        asked_under: "a request".to_owned(),
        state: state.clone(),
        approvals: Vec::new(),
        terms: domain::payout::Terms::default(),
        net: None,
    };
    payout.seal = payout.computed_seal();
    payout.approvals = approved_by
        .iter()
        .map(|by| Approval { by: (*by).to_owned(), at_ms: now().as_millisecond(), seal: payout.seal })
        .collect();
    payout
}

/// Every command, on every state, small and large, with and without approvals, by every role.
fn steps_in_code() -> Vec<(&'static str, &'static str, Step)> {
    let mut steps = Vec::new();
    let approvals: [&[&str]; 3] = [&[], &["usr_1"], &["usr_1", "usr_2"]];
    for state in every_state() {
        for amount in ["250.50", "250000.00"] {
            for approved_by in approvals {
                for role in Role::ALL {
                    for (name, command) in COMMANDS {
                        let actor = Actor::new(role, "usr_9");
                        if let Ok(step) = command(payout(amount, &state, approved_by), actor, now()) {
                            steps.push((state.word(), name, step));
                        }
                    }
                }
            }
        }
    }
    steps
}

fn edges_in_code() -> BTreeSet<Edge> {
    let steps = steps_in_code().into_iter();
    steps.map(|(from, name, step)| (from.to_owned(), name.to_owned(), step.payout.state.word().to_owned())).collect()
}

/// The commands that do this to the account's head.
pub(crate) fn commands_that_move_the_head(moved: HeadMove) -> BTreeSet<&'static str> {
    steps_in_code().into_iter().filter(|(_, _, step)| step.head == moved).map(|(_, name, _)| name).collect()
}

/// `a --> b: c` of the first diagram: the second speaks of lines, and `lines.rs` reads it.
fn edges_in_document(text: &str) -> BTreeSet<Edge> {
    let diagram = text.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let lines = diagram.lines().filter_map(|line| line.trim().split_once(" --> "));
    let edges = lines.map(|(from, rest)| (from, rest.split_once(": ").unwrap_or((rest, ""))));
    edges.map(|(from, (to, by))| (from.to_owned(), by.to_owned(), to.to_owned())).collect()
}

#[test]
fn the_diagram_of_payouts_has_exactly_the_edges_that_the_domain_allows() {
    let drawn = edges_in_document(&tree::read("docs/state-machines.md"));
    let code = edges_in_code();
    let mut expected = code.clone();
    expected.insert(("[*]".to_owned(), "request".to_owned(), "pending_approval".to_owned()));
    for state in
        every_state().iter().map(PayoutState::word).filter(|state| !code.iter().any(|(from, _, _)| from == state))
    {
        expected.insert((state.to_owned(), String::new(), "[*]".to_owned()));
    }
    let missing: Vec<_> = expected.difference(&drawn).collect();
    let wrong: Vec<_> = drawn.difference(&expected).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "not drawn: {missing:?}\ndrawn and not so: {wrong:?}");
}

#[test]
fn every_command_of_a_payout_is_tried() {
    let files = ["payout.rs", "payout/confirmed.rs", "payout/executed.rs", "payout/file.rs"];
    let source = files.map(|file| tree::read(&format!("shared/domain/src/{file}"))).concat();
    // Of a file, and not of a payout, are its own making, download and voiding.
    let source = source.replace("pub fn made(", "").replace("pub fn downloaded(", "").replace("pub fn void(", "");
    let named: BTreeSet<&str> = source
        .split("pub fn ")
        .filter_map(|function| function.split_once('('))
        .filter(|(_, rest)| rest.trim_start().starts_with("self,"))
        // The same command, told of what else is so.
        .map(|(name, _)| name.strip_suffix("_beside").or_else(|| name.strip_suffix("_filed")).unwrap_or(name))
        .collect();
    assert_eq!(named, COMMANDS.iter().map(|(name, _)| *name).collect());
}

#[test]
fn the_words_of_payouts_and_lines_are_those_of_the_domain() {
    let text = tree::read("docs/state-machines.md");
    let payouts = every_state()
        .map(|state| format!("| `{}` | `{}` | `{}` |", state.word(), state.portal_word(), state.desk_word()));
    let lines = every_line_state().map(|state| format!("| `{}` | `{}` |", state.word(), state.status()));
    for row in payouts.iter().chain(&lines) {
        assert!(text.lines().any(|line| line.starts_with(row.as_str())), "docs/state-machines.md lacks the row {row}");
    }
}
