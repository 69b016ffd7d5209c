use super::*;
use crate::currency::Currency;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

pub(crate) fn payout(amount: &str, state: PayoutState) -> Payout {
    let partner = PartnerId::from_ulid(7_u128.into());
    let mut payout = Payout {
        id: PayoutId::of(&partner, Currency::USD, 1),
        partner,
        amount: Money::parse(amount, Currency::USD).expect("amount"),
        from: None,
        to: Slot::parse("261120.00").expect("slot"),
        lines: 3,
        close_hash: Digest::ZERO,
        seal: Digest::ZERO,
        asked_under: "a request".to_owned(),
        requested_by: actor(Role::Partner, "par_7"),
        requested_at: at("2026-11-21T00:00:00Z"),
        moved_at: at("2026-11-21T00:00:00Z"),
        state,
        approvals: vec![],
        terms: Terms::default(),
        net: None,
    };
    payout.seal = payout.computed_seal();
    payout
}

fn approved_by(mut payout: Payout, by: &[&str], when: &str) -> Payout {
    payout.approvals = by
        .iter()
        .map(|by| Approval { by: (*by).to_owned(), at_ms: at(when).as_millisecond(), seal: payout.seal })
        .collect();
    payout
}

pub(crate) fn every_state() -> Vec<PayoutState> {
    let now = at("2026-11-21T01:00:00Z");
    let text = || "why".to_owned();
    vec![
        PayoutState::PendingApproval,
        PayoutState::Approved,
        PayoutState::Rejected { reason: text() },
        PayoutState::Cancelled { reason: text() },
        PayoutState::Submitted { sent_at: now, expected_arrival: None, reference: text() },
        PayoutState::Paid { sent_at: now, completed_at: now, reference: text() },
        PayoutState::Failed { reason: text() },
        PayoutState::Submitting { attempt: 1, since: now },
        PayoutState::OutcomeUnknown { attempt: 1, since: now, why: text(), said: None },
        PayoutState::Returned { sent_at: now, completed_at: now, reference: text(), returned_at: now, reason: text() },
    ]
}

type Command = fn(Payout, Role) -> Result<Step, Refused>;

const NOW: &str = "2026-11-21T02:00:00Z";

fn commands() -> Vec<(&'static str, Command)> {
    vec![
        ("approve", |payout, role| {
            let seen = payout.seal;
            payout.approve(actor(role, "usr_9"), seen, at(NOW))
        }),
        ("reject", |payout, role| payout.reject(actor(role, "usr_9"), "no".to_owned(), at(NOW))),
        ("cancel", |payout, role| payout.cancel(actor(role, "usr_9"), "no".to_owned(), at(NOW))),
        ("mark_sent", |payout, role| {
            payout.mark_sent(
                actor(role, "usr_9"),
                Sent { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() },
                at(NOW),
            )
        }),
        ("confirm", |payout, role| payout.confirm(actor(role, "usr_9"), at(NOW), "r".to_owned(), at(NOW))),
        ("fail", |payout, role| payout.fail(actor(role, "usr_9"), "no".to_owned(), at(NOW))),
    ]
}

#[test]
fn every_command_moves_from_its_states_only() {
    let allowed = [
        ("pending_approval", "approve", "approved"),
        ("pending_approval", "reject", "rejected"),
        ("pending_approval", "cancel", "cancelled"),
        ("approved", "mark_sent", "submitted"),
        ("approved", "fail", "failed"),
        ("submitted", "confirm", "paid"),
        ("submitted", "fail", "failed"),
    ];
    for state in every_state() {
        for (name, command) in commands() {
            let role = if ["approve", "reject", "cancel"].contains(&name) { Role::Admin } else { Role::FinanceManager };
            let before = approved_by(payout("250.50", state.clone()), &["usr_1"], "2026-11-21T01:00:00Z");
            let before = if name == "approve" && state == PayoutState::PendingApproval {
                Payout { approvals: vec![], ..before }
            } else {
                before
            };
            let got = command(before, role).map(|step| step.payout.state.word());
            let expected =
                allowed.iter().find(|(from, by, _)| *from == state.word() && *by == name).map(|(_, _, to)| *to);
            match expected {
                Some(to) => assert_eq!(got, Ok(to), "{} {name}", state.word()),
                None => assert_eq!(got, Err(Refused::WrongState { state: state.word() }), "{} {name}", state.word()),
            }
        }
    }
}

#[test]
fn every_command_is_for_its_roles_only() {
    let allowed: &[(&str, &[Role])] = &[
        ("approve", &[Role::Admin]),
        ("reject", &[Role::Admin]),
        ("cancel", &[Role::Admin, Role::FinanceManager, Role::Partner]),
        ("mark_sent", &[Role::FinanceManager]),
        ("confirm", &[Role::FinanceManager]),
        ("fail", &[Role::FinanceManager]),
    ];
    for ((name, command), (_, roles)) in commands().into_iter().zip(allowed) {
        for role in Role::ALL {
            for state in every_state() {
                let refused_by_role = matches!(command(payout("1.00", state), role), Err(Refused::RoleMayNot { .. }));
                assert_eq!(refused_by_role, !roles.contains(&role), "{name} {role}");
            }
        }
    }
}

#[test]
fn money_goes_back_or_is_settled_exactly_where_the_payout_ends() {
    let rows = [
        ("approve", HeadMove::None),
        ("reject", HeadMove::GiveBack),
        ("cancel", HeadMove::GiveBack),
        ("mark_sent", HeadMove::None),
        ("confirm", HeadMove::Settle),
        ("fail", HeadMove::GiveBack),
    ];
    for ((name, command), (_, expected)) in commands().into_iter().zip(rows) {
        for state in every_state() {
            for role in [Role::Admin, Role::FinanceManager] {
                let before = approved_by(payout("250.50", state.clone()), &["usr_1"], "2026-11-21T01:00:00Z");
                if let Ok(step) = command(before, role) {
                    assert_eq!(step.head, expected, "{name}");
                    assert_eq!(step.head == HeadMove::None, step.payout.state.is_open(), "{name}");
                }
            }
        }
    }
}

#[test]
fn from_100_000_two_distinct_people_approve() {
    for (amount, currency, needed) in
        [("99999.99", "USD", 1), ("100000.00", "USD", 2), ("1.00", "CZK", 2), ("1", "JPY", 2)]
    {
        let money = Money::parse(amount, Currency::parse(currency).expect("currency")).expect("amount");
        assert_eq!(approvers_needed(money), needed, "{amount} {currency}");
    }
    let asked = payout("100000.00", PayoutState::PendingApproval);
    let seen = asked.seal;
    let first = asked.approve(actor(Role::Admin, "usr_1"), seen, at(NOW)).expect("first");
    assert_eq!(first.payout.state, PayoutState::PendingApproval);
    let again = first.payout.clone().approve(actor(Role::Admin, "usr_1"), seen, at(NOW));
    assert_eq!(again, Err(Refused::AlreadyApprovedByYou));
    let second = first.payout.approve(actor(Role::Admin, "usr_2"), seen, at(NOW)).expect("second");
    assert_eq!(second.payout.state, PayoutState::Approved);
}

#[test]
fn whoever_asked_does_not_approve_and_whoever_approved_a_large_one_does_not_confirm() {
    let mut own = payout("250.50", PayoutState::PendingApproval);
    own.requested_by = actor(Role::Admin, "usr_1");
    let seen = own.seal;
    assert_eq!(own.approve(actor(Role::Admin, "usr_1"), seen, at(NOW)), Err(Refused::RequesterMayNotApprove));
    let submitted = PayoutState::Submitted { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() };
    let large = approved_by(payout("100000.00", submitted), &["usr_1", "usr_2"], NOW);
    assert_eq!(
        large.confirm(actor(Role::FinanceManager, "usr_1"), at(NOW), "r".to_owned(), at(NOW)),
        Err(Refused::ApproverMayNotConfirm)
    );
}

#[test]
fn approvals_expire_and_bind_to_the_seal() {
    let stale = approved_by(payout("250.50", PayoutState::Approved), &["usr_1"], "2026-11-17T01:00:00Z");
    let sent = Sent { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() };
    assert_eq!(
        stale.mark_sent(actor(Role::FinanceManager, "usr_3"), sent.clone(), at(NOW)),
        Err(Refused::ApprovalsExpired)
    );
    let mut altered = approved_by(payout("250.50", PayoutState::Approved), &["usr_1"], NOW);
    altered.amount = Money::parse("999.99", Currency::USD).expect("amount");
    assert_eq!(altered.mark_sent(actor(Role::FinanceManager, "usr_3"), sent, at(NOW)), Err(Refused::SealDiffers));
    let pending = payout("250.50", PayoutState::PendingApproval);
    assert_eq!(
        pending.approve(actor(Role::Admin, "usr_1"), Digest::of_bytes(b"another"), at(NOW)),
        Err(Refused::SealDiffers)
    );
}

/// A bank's reference is the same one however it is written, and another one is another.
#[test]
fn a_reference_is_known_again_in_other_cases_and_with_other_blanks() {
    for same in ["WIRE 7", " wire  7 ", "Wire\t7"] {
        assert_eq!(reference_name(same), reference_name("WIRE 7"), "{same:?}");
    }
    for other in ["WIRE 70", "WIRE7", "7 WIRE", ""] {
        assert_ne!(reference_name(other), reference_name("WIRE 7"), "{other:?}");
    }
}

#[test]
fn nothing_is_sent_before_it_was_asked_for_nor_arrives_before_it_was_sent() {
    let approved = approved_by(payout("250.50", PayoutState::Approved), &["usr_1"], NOW);
    let sent = Sent { sent_at: at("2026-11-20T23:59:59Z"), expected_arrival: None, reference: "r".to_owned() };
    let refused = approved.mark_sent(actor(Role::FinanceManager, "usr_3"), sent, at(NOW));
    assert!(matches!(refused, Err(Refused::TooEarly { what: "sent_at", .. })));
    let submitted = PayoutState::Submitted { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() };
    let early = payout("250.50", submitted).confirm(
        actor(Role::FinanceManager, "usr_3"),
        at("1998-01-01T00:00:00Z"),
        "r".to_owned(),
        at(NOW),
    );
    assert!(matches!(early, Err(Refused::TooEarly { what: "completed_at", .. })));
}

#[test]
fn a_payout_whose_approvals_expired_is_approved_anew() {
    let stale = approved_by(payout("250.50", PayoutState::Approved), &["usr_1"], "2026-11-17T01:00:00Z");
    let seen = stale.seal;
    let again = stale.approve(actor(Role::Admin, "usr_1"), seen, at(NOW)).expect("approved anew");
    let sent = Sent { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() };
    assert!(again.payout.clone().mark_sent(actor(Role::FinanceManager, "usr_3"), sent, at(NOW)).is_ok());
    let fresh = again.payout.approve(actor(Role::Admin, "usr_2"), seen, at(NOW));
    assert_eq!(fresh, Err(Refused::WrongState { state: "approved" }));
}

#[test]
fn every_part_of_a_payout_changes_its_seal() {
    let original = payout("250.50", PayoutState::PendingApproval);
    let changes: [fn(&mut Payout); 5] = [
        |payout| payout.amount = Money::parse("250.51", Currency::USD).expect("amount"),
        |payout| payout.to = Slot::parse("261120.01").expect("slot"),
        |payout| payout.from = Some(Slot::parse("261101.00").expect("slot")),
        |payout| payout.close_hash = Digest::of_bytes(b"other lines"),
        |payout| payout.partner = PartnerId::from_ulid(8_u128.into()),
    ];
    for change in changes {
        let mut altered = original.clone();
        change(&mut altered);
        assert_ne!(altered.computed_seal(), original.seal);
    }
}

/// PAY-4.
#[test]
fn who_approved_confirms_only_where_one_approval_is_enough() {
    let submitted = || PayoutState::Submitted { sent_at: at(NOW), expected_arrival: None, reference: "r".to_owned() };
    let one = "250.50";
    let two = "1000000.00";
    assert!(
        approvers_needed(payout(one, submitted()).amount) <= 1 && approvers_needed(payout(two, submitted()).amount) > 1
    );
    for (amount, by, expected) in
        [(one, "usr_1", true), (one, "usr_3", true), (two, "usr_1", false), (two, "usr_3", true)]
    {
        let sent = approved_by(payout(amount, submitted()), &["usr_1", "usr_2"], NOW);
        let confirmed = sent.confirm(actor(Role::FinanceManager, by), at(NOW), "r".to_owned(), at(NOW));
        assert_eq!(confirmed.is_ok(), expected, "{amount} by {by}");
    }
}

#[test]
fn an_approval_stands_for_three_days() {
    let approved = approved_by(payout("250.50", PayoutState::Approved), &["usr_1"], "2026-11-21T02:00:00Z");
    for (when, expected) in [("2026-11-24T02:00:00Z", 1), ("2026-11-24T02:00:00.001Z", 0), ("2026-11-23T02:00:00Z", 1)]
    {
        assert_eq!(approved.standing_approvals(at(when)).len(), expected, "{when}");
    }
}

#[test]
fn the_audit_says_where_a_payout_stands_and_how_it_came_there() {
    let common = ["amount", "approvals", "currency", "seal", "state"];
    for (state, more) in every_state().into_iter().zip([
        &[][..],
        &[],
        &["reason"],
        &["reason"],
        &["reference", "sent_at"],
        &["completed_at", "reference"],
        &["reason"],
        &["attempt"],
        &["attempt", "why"],
        &["reason", "reference", "returned_at"],
    ]) {
        let payout = payout("250.50", state);
        let told = payout.told();
        let mut expected: Vec<&str> = common.iter().chain(more).copied().collect();
        expected.sort_unstable();
        assert_eq!(told.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        let head = [&told["state"], &told["amount"], &told["currency"], &told["approvals"]];
        assert_eq!(head.map(String::as_str), [payout.state.word(), "250.50", "USD", "0"]);
        assert_eq!(told["seal"], payout.seal.to_hex());
    }
}

#[test]
fn a_payout_carries_its_month_partner_currency_and_number_outward() {
    let payout = payout("250.50", PayoutState::PendingApproval);
    assert_eq!(payment_reference(&payout.id, payout.requested_at), "PAY-2026-11-000007-USD001");
}

#[test]
fn every_state_has_its_words_and_stands_or_does_not() {
    let told: Vec<_> = every_state()
        .iter()
        .map(|state| (state.portal_word(), state.desk_word(), state.is_open(), state.stands()))
        .collect();
    let expected = [
        ("pending", "pending_approval", true, true),
        ("ready", "approved", true, true),
        ("cancelled", "rejected", false, false),
        ("cancelled", "cancelled", false, false),
        ("processing", "payment_sent", true, true),
        ("completed", "completed", false, true),
        ("failed", "payment_failed", false, false),
        ("processing", "payment_sent", true, true),
        ("processing", "payment_sent", true, true),
        ("failed", "payment_failed", false, true),
    ];
    assert_eq!(told, expected);
}
