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
    counting.count(&page(&[account(2, minor)]), None, rules()).expect("in range")
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

fn page(accounts: &[AccountDifference]) -> Vec<Counted> {
    accounts.iter().cloned().map(Counted::Differs).collect()
}

fn left_out(n: u128, reason: &str) -> LeftOut {
    LeftOut { partner: partner(n), currency: Currency::USD, reason: reason.to_owned() }
}

fn actor(id: &str, role: Role) -> Actor {
    Actor::new(role, id)
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
    checking.count(&page(accounts), None, by).expect("in range")
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
fn com_16_an_account_that_is_left_out_is_told_and_approved_with_the_rest() {
    let by_another = |shown: &Recompute| {
        shown.clone().approve(actor("usr_2", Role::Admin), shown.shown.seal, at(11), 100).expect("approved").0
    };
    let proposed = recompute(500, "usr_1");
    // Nobody has seen that one would be left out: it is shown anew.
    let counted = [Counted::Differs(account(2, 500)), Counted::LeftOut(left_out(3, "too many sales"))];
    let shown = by_another(&proposed).count(&counted, None, rules()).expect("in range");
    assert_eq!((shown.state.word(), shown.round), ("proposed", 2));
    assert_eq!((shown.shown.left_out_count, &shown.shown.left_out[..]), (1, &[left_out(3, "too many sales")][..]));
    // The reason is for people: told in other words, it is what was approved.
    let counted = [Counted::Differs(account(2, 500)), Counted::LeftOut(left_out(3, "even more"))];
    let applying = by_another(&shown).count(&counted, None, rules()).expect("in range");
    assert_eq!(applying.state.word(), "applying");
    // What cannot be booked either is told once, and the rest is booked.
    let applied = applying.book(&[left_out(3, "too many sales"), left_out(4, "too many lines")], None);
    assert_eq!((applied.state.word(), applied.shown.left_out_count), ("applied", 2));
    assert_eq!(applied.shown.seal, shown.shown.seal);
}

#[test]
fn com_16_nobody_approves_more_that_is_left_out_than_they_have_seen() {
    for count in [LEFT_OUT_SHOWN_MAX, LEFT_OUT_SHOWN_MAX + 1] {
        let begun = Recompute {
            state: RecomputeState::Counting { so_far: Difference::default(), after: None },
            ..recompute(1, "usr_1")
        };
        let page: Vec<Counted> = (1..=count as u128).map(|n| Counted::LeftOut(left_out(n, "too many sales"))).collect();
        let shown = begun.count(&page, None, rules()).expect("in range");
        let seal = shown.shown.seal;
        let approved = shown.approve(actor("usr_2", Role::Admin), seal, at(11), 100).map(|_| ());
        let refused = Err(Refused::TooManyLeftOut { count: count as u64 });
        assert_eq!(approved, if count > LEFT_OUT_SHOWN_MAX { refused } else { Ok(()) });
    }
}

#[test]
fn a_settled_recompute_takes_no_step() {
    let (rejected, _) = recompute(1, "usr_1").reject(actor("usr_1", Role::Admin), at(11)).expect("rejected");
    let booked = checked(&[account(2, 500)], rules()).book(&[], None);
    for (settled, state) in [(rejected, "rejected"), (booked, "applied")] {
        assert_eq!(settled.state.word(), state);
        let seal = settled.shown.seal;
        let again = settled.clone().approve(actor("usr_2", Role::Admin), seal, at(12), 100);
        assert_eq!(again.map(|_| ()), Err(Refused::WrongState { state }));
        let again = settled.clone().reject(actor("usr_2", Role::Admin), at(12));
        assert_eq!(again.map(|_| ()), Err(Refused::WrongState { state }));
        assert_eq!(settled.clone().book(&[], Some(partner(2))), settled);
        assert_eq!(settled.clone().count(&page(&[account(2, 1)]), None, rules()), Ok(settled));
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
        // Every tenth is left out.
        let counted = |(n, minor): (usize, &i64)| match (n as u128 + 1, minor % 10) {
            (n, 0) => Counted::LeftOut(left_out(n, "too many sales")),
            (n, _) => Counted::Differs(account(n, *minor)),
        };
        let accounts: Vec<Counted> = minors.iter().enumerate().map(counted).collect();
        let begun = Recompute {
            state: RecomputeState::Counting { so_far: Difference::default(), after: None },
            ..recompute(1, "usr_1")
        };
        let whole = begun.clone().count(&accounts, None, rules()).expect("in range");
        let mut paged = begun;
        for (n, page) in accounts.chunks(page_size).enumerate() {
            let is_last = (n + 1) * page_size >= accounts.len();
            let next = (!is_last).then(|| partner(((n + 1) * page_size) as u128));
            prop_assert_eq!(paged.state.word(), "counting");
            paged = paged.count(page, next, rules()).expect("in range");
        }
        prop_assert_eq!(&paged, &whole);
        let own = || minors.iter().filter(|minor| *minor % 10 != 0);
        let total: i64 = own().fold(0_i64, |sum, minor| sum.saturating_add(*minor));
        let moved: i64 = own().fold(0, |sum, minor| sum + minor.abs());
        let of = |minor| if own().next().is_some() { vec![Money::from_minor(minor, Currency::USD)] } else { vec![] };
        prop_assert_eq!(whole.shown.totals, of(total));
        prop_assert_eq!(whole.shown.moved, of(moved));
        prop_assert_eq!(whole.shown.left_out_count, (minors.len() - own().count()) as u64);
    }
}

#[test]
fn what_needs_no_person_is_at_work_and_who_approved_is_known() {
    let by = || "b".to_owned();
    let nothing = Difference::default;
    let rows = [
        (RecomputeState::Counting { so_far: nothing(), after: None }, true, None, 1),
        (RecomputeState::Proposed, false, None, 1),
        (RecomputeState::Checking { approved_by: by(), so_far: nothing(), after: None }, true, Some("b"), 2),
        (RecomputeState::Applying { approved_by: by(), after: None }, true, Some("b"), 1),
        (RecomputeState::Applied { approved_by: by() }, false, Some("b"), 1),
        (RecomputeState::Rejected { by: by() }, false, None, 1),
    ];
    for (state, at_work, approved_by, round) in rows {
        assert_eq!((state.is_at_work(), state.approved_by()), (at_work, approved_by), "{state:?}");
        assert_eq!(Recompute { state, ..recompute(5, "a") }.round_counted(), round);
    }
}

#[test]
fn the_audit_says_what_is_recomputed_and_what_it_comes_to() {
    let proposed = recompute(470, "a");
    let told: Vec<(String, String)> = proposed.told().into_iter().collect();
    let expected = [
        ("program", proposed.program.to_string()),
        ("reason", "a wrong rate".to_owned()),
        ("seal", proposed.shown.seal.to_hex()),
        ("state", "proposed".to_owned()),
        ("totals", "4.70 USD".to_owned()),
    ];
    assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn where_a_version_begins_with_the_end_of_the_span_the_span_is_over() {
    let (span, id) = (Span { from: at(0), to: at(10) }, RecomputeId::from_ulid(Ulid::from(1_u128)));
    let existing = [version(1, -5), version(2, 10)];
    let made = versions_for(&existing[0].program, &existing, (&terms(3), span), (&id, at(100)));
    let begins: Vec<_> = made.iter().map(|version| (version.effective_from, &version.terms)).collect();
    assert_eq!(begins, [(at(0), &terms(3)), (at(10), &terms(2))]);
}

#[test]
fn what_is_left_out_is_counted_in_full_and_shown_up_to_its_limit() {
    let mut difference = Difference::default();
    for n in 0..25 {
        difference = difference.without(&left_out(n, "a reason"));
    }
    assert_eq!((difference.left_out_count, difference.left_out.len()), (25, LEFT_OUT_SHOWN_MAX));
}

#[test]
fn an_account_that_is_left_out_again_when_it_is_booked_is_told_once() {
    let applying = |of: &[LeftOut]| {
        let shown = of.iter().fold(Difference::default(), Difference::without);
        let state = RecomputeState::Applying { approved_by: "b".to_owned(), after: None };
        Recompute { shown, state, ..recompute(5, "a") }
    };
    let (one, two) = (left_out(2, "closed"), left_out(3, "gone"));
    let names = |booked: Recompute| booked.shown.left_out.iter().map(|one| one.partner.clone()).collect::<Vec<_>>();
    assert_eq!(names(applying(std::slice::from_ref(&one)).book(std::slice::from_ref(&one), None)), [partner(2)]);
    assert_eq!(
        names(applying(std::slice::from_ref(&one)).book(std::slice::from_ref(&two), None)),
        [partner(2), partner(3)]
    );
    // The same partner in another currency is another account.
    let yen = LeftOut { currency: Currency::JPY, ..one.clone() };
    assert_eq!(names(applying(std::slice::from_ref(&one)).book(&[yen], None)), [partner(2), partner(2)]);
    let proposed = Recompute { state: RecomputeState::Proposed, ..applying(&[]) };
    assert_eq!(names(proposed.book(&[two], None)), Vec::<PartnerId>::new(), "nothing is booked");
}
