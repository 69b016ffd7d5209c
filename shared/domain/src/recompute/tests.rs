use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + hour * 3_600_000).expect("instant")
}

fn terms(millionths: u32) -> Terms {
    let rate = Rate::parse(&format!("0.{millionths:06}")).expect("rate");
    Terms::simple(Reward::Percentage(rate), 30)
}

fn version(id: u128, hour: i64) -> RuleVersion {
    let id_part = u32::try_from(id).expect("small");
    RuleVersion {
        id: RuleId::from_ulid(Ulid::from(id)),
        program: ProgramId::from_ulid(Ulid::from(1_u128)),
        effective_from: at(hour),
        terms: terms(id_part),
    }
}

fn recompute(minor: i64, by: &str) -> Recompute {
    let counting = Recompute {
        id: RecomputeId::from_ulid(Ulid::from(1_u128)),
        program: ProgramId::from_ulid(Ulid::from(1_u128)),
        versions: Vec::new(),
        from: at(0),
        to: None,
        reason: "a wrong rate".to_owned(),
        requested_by: actor(by, Role::Admin),
        requested_at: at(10),
        round: 1,
        shown: Difference::default(),
        state: RecomputeState::Counting { so_far: Difference::default(), after: None },
    };
    counting.count(&[account(2, minor)], None, rules()).expect("in range")
}

fn rules() -> Digest {
    Digest::of_bytes(b"rules")
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(Ulid::from(n))
}

fn account(n: u128, minor: i64) -> AccountDifference {
    AccountDifference {
        partner: partner(n),
        through: partner(n),
        difference: Money::from_minor(minor, Currency::USD),
        lines: 1,
        hash: Digest::of_bytes(&minor.to_be_bytes()),
    }
}

fn actor(id: &str, role: Role) -> Actor {
    Actor { role, id: id.to_owned(), ip: None, user_agent: None }
}

#[test]
fn com_16_above_the_threshold_another_admin_approves() {
    let rows = [
        (10_000, "usr_1", Role::Admin, Ok("checking")),
        (10_001, "usr_1", Role::Admin, Err(Refused::SamePerson)),
        (-10_001, "usr_1", Role::Admin, Err(Refused::SamePerson)),
        (10_001, "usr_2", Role::Admin, Ok("checking")),
        (1, "usr_2", Role::FinanceManager, Err(Refused::RoleMayNot { role: Role::FinanceManager })),
    ];
    for (minor, who, role, expected) in rows {
        let proposed = recompute(minor, "usr_1");
        let seal = proposed.shown.seal;
        let approved = proposed.approve(actor(who, role), seal, at(11), 100);
        assert_eq!(approved.map(|(after, _)| after.state.word()), expected, "{minor} by {who}");
    }
}

#[test]
fn com_16_an_approval_is_of_the_seal_that_is_shown() {
    let proposed = recompute(1, "usr_1");
    let other = proposed.clone().approve(actor("usr_2", Role::Admin), rules(), at(11), 100);
    assert_eq!(other.map(|_| ()), Err(Refused::OtherSeal));
    let counting = Recompute {
        state: RecomputeState::Counting { so_far: Difference::default(), after: None },
        ..proposed.clone()
    };
    let early = counting.approve(actor("usr_2", Role::Admin), proposed.shown.seal, at(11), 100);
    assert_eq!(early.map(|_| ()), Err(Refused::StillCounting));
}

/// Approved, and counted once more: the accounts, and by which rules.
fn checked(accounts: &[AccountDifference], by: Digest) -> Recompute {
    let proposed = recompute(500, "usr_1");
    let seal = proposed.shown.seal;
    let (checking, _) = proposed.approve(actor("usr_2", Role::Admin), seal, at(11), 100).expect("approved");
    checking.count(accounts, None, by).expect("in range")
}

#[test]
fn com_16_what_was_shown_is_booked_and_anything_else_is_shown_anew() {
    let same = checked(&[account(2, 500)], rules());
    assert_eq!((same.state.word(), same.round), ("applying", 1));
    let rows: [(&[AccountDifference], Digest); 5] = [
        (&[account(2, 501)], rules()),
        (&[account(3, 500)], rules()),
        (&[], rules()),
        (&[account(2, 500), account(3, 0)], rules()),
        (&[account(2, 500)], Digest::of_bytes(b"other rules")),
    ];
    for (accounts, by) in rows {
        let changed = checked(accounts, by);
        assert_eq!((changed.state.word(), changed.round), ("proposed", 2), "{accounts:?}");
        assert_eq!(changed.shown.accounts, accounts.len() as u64);
        assert_ne!(changed.shown.seal, same.shown.seal);
    }
}

#[test]
fn a_settled_recompute_takes_no_step() {
    let (rejected, _) = recompute(1, "usr_1").reject(actor("usr_1", Role::Admin), at(11)).expect("rejected");
    let booked = checked(&[account(2, 500)], rules()).book(None);
    for (settled, state) in [(rejected, "rejected"), (booked, "applied")] {
        assert_eq!(settled.state.word(), state);
        let seal = settled.shown.seal;
        let again = settled.clone().approve(actor("usr_2", Role::Admin), seal, at(12), 100);
        assert_eq!(again.map(|_| ()), Err(Refused::WrongState { state }));
        let again = settled.clone().reject(actor("usr_2", Role::Admin), at(12));
        assert_eq!(again.map(|_| ()), Err(Refused::WrongState { state }));
        assert_eq!(settled.clone().book(Some(partner(2))), settled);
        assert_eq!(settled.clone().count(&[account(2, 1)], None, rules()), Ok(settled));
    }
}

#[test]
fn what_is_being_booked_is_not_rejected_and_what_is_only_counted_is() {
    let applying = checked(&[account(2, 500)], rules());
    let late = applying.reject(actor("usr_2", Role::Admin), at(12));
    assert_eq!(late.map(|_| ()), Err(Refused::WrongState { state: "applying" }));
    let proposed = recompute(500, "usr_1");
    let seal = proposed.shown.seal;
    let (checking, _) = proposed.approve(actor("usr_2", Role::Admin), seal, at(11), 100).expect("approved");
    let rejected = checking.reject(actor("usr_1", Role::Admin), at(12));
    assert_eq!(rejected.map(|(after, _)| after.state.word()), Ok("rejected"));
}

proptest! {
    #[test]
    fn other_terms_hold_in_their_span_and_the_programmes_own_elsewhere(
        hours in prop::collection::btree_set(0_i64..50, 1..6),
        from in 0_i64..50,
        length in 1_i64..20,
    ) {
        let existing: Vec<RuleVersion> =
            hours.iter().enumerate().map(|(n, hour)| version(n as u128 + 1, *hour)).collect();
        let span = Span { from: at(from), to: at(from + length) };
        let (other, id) = (terms(999), RecomputeId::from_ulid(Ulid::from(7_u128)));
        let program = ProgramId::from_ulid(Ulid::from(1_u128));
        let mut all = existing.clone();
        all.extend(versions_for(&program, &existing, (&other, span), (&id, at(100))));
        for hour in 0..80 {
            let within = span.from <= at(hour) && at(hour) < span.to;
            let expected = if within { Some(&other) } else { in_force(&existing, at(hour)).map(|own| &own.terms) };
            // Terms without a clause are no rule: they stand where the span ends before the first version begins.
            let held = in_force(&all, at(hour)).map(|own| &own.terms).filter(|terms| !terms.clauses.is_empty());
            prop_assert_eq!(held, expected, "hour {}", hour);
        }
    }

    #[test]
    fn a_difference_is_the_same_however_its_pages_are_cut(
        minors in prop::collection::vec(-1_000_i64..1_000, 1..12),
        page_size in 1_usize..5,
    ) {
        let accounts: Vec<AccountDifference> =
            minors.iter().enumerate().map(|(n, minor)| account(n as u128 + 1, *minor)).collect();
        let begun = Recompute {
            state: RecomputeState::Counting { so_far: Difference::default(), after: None },
            ..recompute(1, "usr_1")
        };
        let whole = begun.clone().count(&accounts, None, rules()).expect("in range");
        let mut paged = begun;
        for (n, page) in accounts.chunks(page_size).enumerate() {
            let is_last = (n + 1) * page_size >= accounts.len();
            let next = (!is_last).then(|| page[page.len() - 1].partner.clone());
            prop_assert_eq!(paged.state.word(), "counting");
            paged = paged.count(page, next, rules()).expect("in range");
        }
        prop_assert_eq!(&paged, &whole);
        let total: i64 = minors.iter().fold(0_i64, |sum, minor| sum.saturating_add(*minor));
        let moved: i64 = minors.iter().fold(0, |sum, minor| sum + minor.abs());
        prop_assert_eq!(whole.shown.totals, vec![Money::from_minor(total, Currency::USD)]);
        prop_assert_eq!(whole.shown.moved, vec![Money::from_minor(moved, Currency::USD)]);
    }
}
