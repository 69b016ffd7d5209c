use super::*;
use crate::award::Newest;
use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::{PartnerId, PayoutId};
use crate::money::Money;
use crate::payout::{Approval, Terms};
use crate::slot::Slot;
use crate::time::Zone;

const NOW: &str = "2026-11-21T02:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

fn payout(state: PayoutState) -> Payout {
    let partner = PartnerId::from_ulid(7_u128.into());
    let mut payout = Payout {
        id: PayoutId::of(&partner, Currency::USD, 1),
        partner,
        amount: Money::from_minor(25_050, Currency::USD),
        from: None,
        to: Slot::parse("261120.00").expect("a slot"),
        lines: 3,
        close_hash: Digest::ZERO,
        seal: Digest::ZERO,
        asked_under: "a request".to_owned(),
        requested_by: actor(Role::Partner, "par_7"),
        requested_at: at("2026-11-21T00:00:00Z"),
        moved_at: at("2026-11-21T00:00:00Z"),
        state,
        approvals: Vec::new(),
        terms: Terms::default(),
        net: None,
    };
    payout.seal = payout.computed_seal();
    let approval = Approval { by: "usr_1".to_owned(), at_ms: at(NOW).as_millisecond(), seal: payout.seal };
    payout.approvals = vec![approval];
    payout
}

fn not_paid() -> Word {
    Word::NotPaid { reason: "the dashboard has nothing".to_owned() }
}

fn arrived(reference: &str) -> Word {
    Word::Paid { completed_at: at(NOW), reference: reference.to_owned() }
}

fn unknown(said: Option<(&str, Word)>) -> PayoutState {
    let said = said.map(|(by, word)| Said { by: by.to_owned(), at_ms: 0, word });
    PayoutState::OutcomeUnknown { attempt: 1, since: at(NOW), why: "no answer".to_owned(), said }
}

fn every_state() -> Vec<PayoutState> {
    let (now, text) = (at(NOW), || "why".to_owned());
    vec![
        PayoutState::PendingApproval,
        PayoutState::Approved,
        PayoutState::Submitting { attempt: 1, since: now },
        unknown(None),
        unknown(Some(("usr_2", not_paid()))),
        PayoutState::Rejected { reason: text() },
        PayoutState::Cancelled { reason: text() },
        PayoutState::Submitted { sent_at: now, expected_arrival: None, reference: text() },
        PayoutState::Paid { sent_at: now, completed_at: now, reference: text() },
        PayoutState::Failed { reason: text() },
        PayoutState::Returned { sent_at: now, completed_at: now, reference: text(), returned_at: now, reason: text() },
    ]
}

type Command = fn(Payout, Actor) -> Result<Step, Refused>;

/// Each command, who may, and where it leads from where.
type Row = (&'static str, Command, &'static [Role], &'static [(&'static str, &'static str)]);

fn rows() -> Vec<Row> {
    vec![
        ("submit", |p, by| p.submit(by, 1, at(NOW)), FINANCE, &[("approved", "submitting")]),
        (
            "retry",
            |p, by| p.retry(by, at(NOW)),
            FINANCE,
            &[("submitting", "submitting"), ("outcome_unknown", "submitting")],
        ),
        (
            "settle",
            |p, by| p.settle(by, "tr_1".to_owned(), at(NOW)),
            EXECUTOR,
            &[("submitting", "paid"), ("outcome_unknown", "paid")],
        ),
        (
            "lose_track",
            |p, by| p.lose_track(by, "no answer".to_owned(), at(NOW)),
            EXECUTOR,
            &[("submitting", "outcome_unknown")],
        ),
        (
            "refuse",
            |p, by| p.refuse(by, "no such account".to_owned(), at(NOW)),
            EXECUTOR,
            &[("submitting", "failed"), ("outcome_unknown", "failed")],
        ),
        (
            "postpone",
            |p, by| p.postpone(by, "balance", at(NOW)),
            EXECUTOR,
            &[("submitting", "approved"), ("outcome_unknown", "approved")],
        ),
        ("come_back", |p, by| p.come_back(by, "reversed".to_owned(), at(NOW)), RETURNS, &[("paid", "returned")]),
        ("resolve", |p, by| p.resolve(by, not_paid(), at(NOW)), DESK, &[("outcome_unknown", "")]),
    ]
}

#[test]
fn every_command_of_an_executed_payout_moves_from_its_states_only_and_for_its_roles_only() {
    for (name, command, roles, edges) in rows() {
        for state in every_state() {
            for role in Role::ALL {
                let case = format!("{} {name} {role}", state.word());
                let got = command(payout(state.clone()), actor(role, "usr_9"));
                let to = edges.iter().find(|(from, _)| *from == state.word()).map(|(_, to)| *to);
                match (roles.contains(&role), to) {
                    (false, _) => assert_eq!(got, Err(Refused::RoleMayNot { role }), "{case}"),
                    (true, None) => assert_eq!(got, Err(Refused::WrongState { state: state.word() }), "{case}"),
                    (true, Some("")) => assert!(got.is_ok(), "{case}"),
                    (true, Some(to)) => assert_eq!(got.map(|step| step.payout.state.word()), Ok(to), "{case}"),
                }
            }
        }
    }
}

/// PAY-9: given back or settled exactly where a payout ends, and nowhere before.
#[test]
fn the_head_moves_exactly_where_an_executed_payout_ends() {
    for (name, command, roles, _) in rows() {
        for state in every_state() {
            let Ok(step) = command(payout(state.clone()), actor(roles[0], "usr_9")) else { continue };
            let expected = match step.payout.state.word() {
                "paid" => HeadMove::Settle,
                "failed" => HeadMove::GiveBack,
                _ => HeadMove::None,
            };
            assert_eq!(step.head, expected, "{} {name}", state.word());
            let stands_after = step.payout.state.is_open() || step.payout.state.was_paid();
            assert_eq!(stands_after, step.head != HeadMove::GiveBack, "{} {name}", state.word());
        }
    }
}

#[test]
fn nothing_is_submitted_on_stale_approvals_or_under_another_seal() {
    let fin = || actor(Role::FinanceManager, "usr_3");
    let stale = payout(PayoutState::Approved).submit(fin(), 1, at("2026-11-24T02:00:00.001Z"));
    assert_eq!(stale, Err(Refused::ApprovalsExpired));
    let mut altered = payout(PayoutState::Approved);
    altered.amount = Money::from_minor(99_999, Currency::USD);
    assert_eq!(altered.submit(fin(), 1, at(NOW)), Err(Refused::SealDiffers));
}

/// PAY-7: a retry is the same attempt, since the same instant: its key is not made younger.
#[test]
fn a_retry_goes_on_with_the_same_attempt() {
    let state = PayoutState::OutcomeUnknown { attempt: 3, since: at(NOW), why: "no answer".to_owned(), said: None };
    let later = at("2026-11-22T05:00:00Z");
    let step = payout(state).retry(actor(Role::FinanceManager, "usr_3"), later).expect("retried");
    assert_eq!(step.payout.state, PayoutState::Submitting { attempt: 3, since: at(NOW) });
    assert_eq!(step.payout.moved_at, later);
    assert!(!step.payout.goes_out_now());
    let fin = actor(Role::FinanceManager, "usr_3");
    let submitted = payout(PayoutState::Approved).submit(fin, 1, at(NOW)).expect("submitted");
    assert!(submitted.payout.goes_out_now());
}

#[test]
fn what_nobody_knows_is_resolved_by_two_people_who_say_the_same() {
    let say = |state: PayoutState, by: &str, word: Word| {
        payout(state).resolve(actor(Role::FinanceManager, by), word, at(NOW)).map(|step| step.payout.state)
    };
    let first = say(unknown(None), "usr_1", arrived("tr_9")).expect("kept");
    assert_eq!(first.word(), "outcome_unknown");
    assert_eq!(say(first.clone(), "usr_1", arrived("tr_9")), Err(Refused::SaidByYou));
    let paid = say(first.clone(), "usr_2", arrived(" TR_9 ")).expect("resolved");
    let PayoutState::Paid { sent_at, reference, .. } = paid else { panic!("{paid:?}") };
    assert_eq!((sent_at, reference.as_str()), (at(NOW), "tr_9"), "as the rail writes it");
    // Another word, of whomever, begins anew.
    for (by, word) in [("usr_1", not_paid()), ("usr_2", not_paid()), ("usr_2", arrived("tr_8"))] {
        let anew = say(first.clone(), by, word.clone()).expect("kept");
        let PayoutState::OutcomeUnknown { said: Some(said), .. } = &anew else { panic!("{anew:?}") };
        assert_eq!((said.by.as_str(), &said.word), (by, &word));
        assert_eq!(say(anew.clone(), by, word), Err(Refused::SaidByYou));
    }
    let failed = say(unknown(Some(("usr_1", not_paid()))), "usr_2", not_paid()).expect("resolved");
    assert_eq!(failed.word(), "failed");
    let early = Word::Paid { completed_at: at("2026-11-20T23:00:00Z"), reference: "tr_9".to_owned() };
    assert!(matches!(say(unknown(None), "usr_1", early), Err(Refused::TooEarly { what: "completed_at", .. })));
}

#[test]
fn the_audit_says_what_was_said_of_an_outcome() {
    let told = payout(unknown(Some(("usr_2", arrived("tr_9"))))).told();
    assert_eq!((told["said_by"].as_str(), told["said"].as_str()), ("usr_2", "paid under tr_9"));
    let told = payout(unknown(Some(("usr_2", not_paid())))).told();
    assert_eq!(told["said"], "not paid: the dashboard has nothing");
    let step = payout(PayoutState::Submitting { attempt: 1, since: at(NOW) })
        .postpone(actor(Role::Service, "payout-executor"), "the balance does not suffice", at(NOW))
        .expect("postponed");
    assert_eq!(step.deed.new["reason"], "the balance does not suffice");
}

/// PAY-13: no seal covers the parts, so what leaves is bound by what was approved.
#[test]
fn what_leaves_is_a_part_of_what_was_approved_or_nothing_is_said_to_leave() {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let rows = [
        (Some((0, 0, 25_050)), Some(25_050)),
        (Some((50, 6_000, 19_000)), Some(19_000)),
        (None, Some(25_050)),
        (Some((-1_000_000, 0, 1_025_050)), None),
        (Some((0, -1, 25_051)), None),
        (Some((25_050, 0, 0)), None),
        (Some((25_050, 1, -1)), None),
        (Some((0, 0, 25_049)), None),
    ];
    for (parts, leaving) in rows {
        let mut payout = payout(PayoutState::Approved);
        payout.net =
            parts.map(|(fee, withheld, net)| crate::tax::Net { fee: usd(fee), withheld: usd(withheld), net: usd(net) });
        assert_eq!(payout.leaving(), leaving.map(usd), "{parts:?}");
    }
}

/// AWD-4: what came back later was paid all the same.
#[test]
fn an_award_whose_payout_came_back_is_noted_as_paid() {
    let returned = |state: &PayoutState| matches!(state, PayoutState::Returned { .. });
    let state = every_state().into_iter().find(returned).expect("a state");
    let due = crate::award::tests::award()
        .due(Some(Newest { no: 1, payout: &payout(state), is_released: false }), Zone::utc().day_of(at(NOW)));
    assert_eq!(due, crate::award::Due::NotePaid { paid_at: at(NOW) });
}

#[test]
fn what_two_people_say_is_kept_as_the_rail_writes_it_or_as_the_second_does() {
    for (second, first, expected) in [
        ("TR_9", "tr_9", "tr_9"),
        ("tr_9", "TR_9", "tr_9"),
        (" tr_9 ", "tr_9", "tr_9"),
        ("abc/9", "ABC/9", "abc/9"),
        (" ABC/9 ", "abc/9", "ABC/9"),
    ] {
        assert!(arrived(second).agrees_with(&arrived(first)), "{second} {first}");
        assert_eq!(arrived(second).spelled_as(&arrived(first)), arrived(expected), "{second} {first}");
    }
    assert_eq!(not_paid().spelled_as(&arrived("tr_9")), not_paid());
}

#[test]
fn what_was_said_is_told_in_a_sentence() {
    let said = |word| Said { by: "usr_2".to_owned(), at_ms: 0, word }.to_text();
    assert_eq!(said(arrived("tr_9")), "usr_2 says that it was paid under tr_9");
    assert_eq!(said(not_paid()), "usr_2 says that it was not paid: the dashboard has nothing");
}

#[test]
fn money_leaves_with_the_step_that_hands_it_over_and_with_no_other() {
    let expected = ["submitted", "submitting"];
    for state in every_state() {
        let begun = Payout { moved_at: at(NOW), ..payout(state.clone()) };
        assert_eq!(begun.goes_out_now(), expected.contains(&begun.state.word()), "{state:?}");
        let later = Payout { moved_at: at("2026-11-21T02:00:01Z"), ..payout(state.clone()) };
        assert_eq!(later.goes_out_now(), later.state.word() == "submitted", "a retry: {state:?}");
    }
}
