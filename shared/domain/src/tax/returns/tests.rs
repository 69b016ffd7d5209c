use proptest::prelude::*;

use super::*;
use crate::audit::Actor;
use crate::id::{AwardId, MethodId, PayoutId};
use crate::payee::Payee;
use crate::payout::Terms;
use crate::role::Role;
use crate::slot::Slot;
use crate::tax::{Net, Tin};
use crate::time::Timestamp;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

/// What a payout was: cents, rail, what was withheld, when it was paid, and whether it came back.
#[derive(Debug)]
struct Was {
    minor: i64,
    rail: Option<Rail>,
    withheld: i64,
    paid_at: Option<&'static str>,
    came_back: bool,
    is_award: bool,
}

impl Default for Was {
    fn default() -> Self {
        let paid_at = Some("2026-06-15T12:00:00Z");
        Self { minor: 200_000, rail: Some(Rail::Ach), withheld: 0, paid_at, came_back: false, is_award: false }
    }
}

fn payout(of: u128, n: u32, was: &Was) -> Payout {
    let (partner, sent_at) = (partner(of), Timestamp::UNIX_EPOCH);
    let reference = || "r".to_owned();
    let state = match was.paid_at.map(|text| text.parse().expect("an instant")) {
        None => PayoutState::Submitted { sent_at, expected_arrival: None, reference: reference() },
        Some(completed_at) if was.came_back => PayoutState::Returned {
            sent_at,
            completed_at,
            reference: reference(),
            returned_at: completed_at,
            reason: reference(),
        },
        Some(completed_at) => PayoutState::Paid { sent_at, completed_at, reference: reference() },
    };
    let payee = was.rail.map(|rail| Payee { method: MethodId::from_ulid(1_u128.into()), rail });
    let net = Net { fee: usd(0), withheld: usd(was.withheld), net: usd(was.minor - was.withheld) };
    let award = AwardId::from_ulid(u128::from(n).into()).to_string();
    Payout {
        id: PayoutId::of(&partner, Currency::USD, n),
        amount: usd(was.minor),
        requested_by: Actor::new(Role::Partner, partner.to_string()),
        partner,
        from: None,
        to: Slot::parse("260601.00").expect("a slot"),
        lines: 1,
        close_hash: Digest::ZERO,
        seal: Digest::ZERO,
        asked_under: if was.is_award { award } else { "a request".to_owned() },
        requested_at: sent_at,
        moved_at: sent_at,
        state,
        approvals: Vec::new(),
        terms: Terms { payee, ..Terms::default() },
        net: Some(net),
    }
}

fn w9(n: u8, is_exempt: bool) -> OnFile {
    let kind = TinKind::Ssn;
    assert!(Tin::parse(kind, "400-11-1222").is_ok());
    OnFile {
        version: 1,
        kind: FormKind::W9,
        is_valid: true,
        is_exempt,
        is_individual: !is_exempt,
        tin_kind: Some(kind),
        tin: Some(Digest::of_bytes(&[n])),
        content: None,
    }
}

fn w8(is_valid: bool) -> OnFile {
    OnFile { kind: FormKind::W8ben, is_valid, is_individual: false, tin_kind: None, tin: None, ..w9(0, false) }
}

fn rows(was: &[Was], on_file: Option<&OnFile>, tellers: &Tellers) -> Vec<YearRow> {
    let payouts: Vec<Payout> = (1..).zip(was).map(|(n, was)| payout(7, n, was)).collect();
    rows_of(&partner(7), &payouts, (2026, &Zone::utc()), tellers, on_file).expect("in range")
}

fn verdict(was: &[Was], on_file: Option<&OnFile>) -> Verdict {
    let judged = judged(2026, rows(was, on_file, &Tellers::default())).expect("counted");
    judged.first().expect("a row").1
}

#[test]
fn what_becomes_of_a_payee_follows_from_form_threshold_and_what_was_withheld() {
    let cents = |minor| [Was { minor, ..Was::default() }];
    let withheld = |minor| [Was { minor, withheld: minor * 24 / 100, ..Was::default() }];
    let (plain, exempt) = (w9(1, false), w9(1, true));
    let doubtful = OnFile { is_valid: false, ..w9(1, true) };
    for (was, form, expected) in [
        (cents(199_999), Some(&plain), Verdict::BelowThreshold),
        (cents(200_000), Some(&plain), Verdict::Reported),
        // TAX-2: whoever had tax withheld is told of, whatever the amount and whoever they are.
        (withheld(100), Some(&plain), Verdict::Reported),
        (withheld(100), Some(&exempt), Verdict::Reported),
        (withheld(100), None, Verdict::MissingForm),
        (withheld(100), Some(&w8(true)), Verdict::ForeignWithheld),
        (cents(200_000), Some(&exempt), Verdict::Exempt),
        // What nobody believes exempts nobody.
        (cents(200_000), Some(&doubtful), Verdict::Reported),
        (cents(200_000), Some(&w8(true)), Verdict::Foreign),
        (cents(100), Some(&w8(true)), Verdict::Foreign),
        (cents(200_000), Some(&w8(false)), Verdict::MissingForm),
        (cents(200_000), None, Verdict::MissingForm),
        (cents(100), None, Verdict::BelowThreshold),
    ] {
        assert_eq!(verdict(&was, form), expected, "{} {form:?}", was[0].minor);
    }
}

#[test]
fn what_was_withheld_from_whom_no_file_tells_of_is_counted_apart() {
    let withheld = |minor| [Was { minor, withheld: minor * 24 / 100, ..Was::default() }];
    for (form, untold) in [(Some(w9(1, false)), 0), (None, 24), (Some(w8(true)), 24)] {
        let judged = judged(2026, rows(&withheld(100), form.as_ref(), &Tellers::default())).expect("counted");
        let totals = Totals::of(&judged).expect("in range");
        assert_eq!((totals.withheld, totals.untold()), (usd(24), Ok(usd(untold))), "{form:?}");
    }
}

#[test]
fn awards_are_told_on_a_form_of_their_own() {
    let award = Was { minor: 10_000_000, withheld: 2_400_000, is_award: true, ..Was::default() };
    let rows = rows(&[award, Was::default()], Some(&w9(1, false)), &Tellers::default());
    let told: Vec<_> = rows.iter().map(|row| (row.form.word(), row.told, row.withheld)).collect();
    // The form's box has the gross: neither fee nor tax makes it smaller.
    let expected = [("1099-nec", usd(200_000), usd(0)), ("1099-misc", usd(10_000_000), usd(2_400_000))];
    assert_eq!(told, expected);
}

#[test]
fn the_day_of_payment_in_the_zone_decides_and_what_is_not_paid_is_nothing() {
    let zone = Zone::parse("America/New_York").expect("a zone");
    let was = [
        Was { paid_at: Some("2027-01-01T04:59:59Z"), minor: 1, ..Was::default() },
        Was { paid_at: Some("2027-01-01T05:00:00Z"), minor: 10, ..Was::default() },
        Was { paid_at: Some("2026-01-01T04:59:59Z"), minor: 100, ..Was::default() },
        Was { paid_at: None, minor: 1_000, ..Was::default() },
    ];
    let payouts: Vec<Payout> = (1..).zip(&was).map(|(n, was)| payout(7, n, was)).collect();
    for (year, expected) in [(2025, 100), (2026, 1), (2027, 10)] {
        let rows = rows_of(&partner(7), &payouts, (year, &zone), &Tellers::default(), None).expect("in range");
        assert_eq!(rows.iter().map(|row| row.told).collect::<Vec<_>>(), [usd(expected)], "{year}");
    }
}

#[test]
fn what_a_rail_tells_is_left_out_what_nobody_decided_stands_apart_and_what_was_withheld_is_always_told() {
    let by = |rail| Was { rail: Some(rail), ..Was::default() };
    let withheld = Was { withheld: 48_000, ..by(Rail::StripeConnect) };
    let was =
        [by(Rail::StripeConnect), by(Rail::Paypal), by(Rail::Ach), withheld, Was { rail: None, ..Was::default() }];
    let tellers = Tellers(BTreeMap::from([(Rail::StripeConnect, Teller::Rail)]));
    let found = rows(&was, None, &tellers);
    let row = found.first().expect("a row");
    let parts = (row.by_rail, row.undecided, row.told, row.paid);
    assert_eq!(parts, (usd(200_000), usd(200_000), usd(600_000), usd(1_000_000)));
    let decided = Tellers(BTreeMap::from([(Rail::Paypal, Teller::Payer)]));
    assert_eq!(rows(&was, None, &decided)[0].undecided, usd(0));
}

#[test]
fn of_what_came_back_only_what_stayed_away_is_told() {
    let back = Was { minor: 100_000, withheld: 24_000, came_back: true, ..Was::default() };
    let again = Was { minor: 76_000, ..Was::default() };
    let found = rows(&[back, again], Some(&w9(1, false)), &Tellers::default());
    // 1,000.00 were earned: 240.00 went to the tax office, and 760.00 arrived at the second try.
    assert_eq!((found[0].told, found[0].back, found[0].withheld), (usd(100_000), usd(76_000), usd(24_000)));
    assert_eq!(verdict(&[Was { came_back: true, ..Was::default() }], None), Verdict::Nothing);
}

#[test]
fn two_partners_of_one_number_are_one_payee_for_the_threshold() {
    let half = |of| {
        let payout = payout(of, 1, &Was { minor: 100_000, ..Was::default() });
        rows_of(&partner(of), [&payout], (2026, &Zone::utc()), &Tellers::default(), Some(&w9(1, false))).expect("rows")
    };
    let both: Vec<YearRow> = [half(1), half(2)].concat();
    let verdicts =
        |rows| judged(2026, rows).expect("counted").into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(both), [Verdict::Reported, Verdict::Reported]);
    assert_eq!(verdicts(half(1)), [Verdict::BelowThreshold]);
}

#[test]
fn a_year_that_is_not_in_the_table_is_not_counted() {
    let row = rows(&[Was::default()], None, &Tellers::default());
    assert_eq!(judged(2027, row), Err(NotCounted::Year(UnknownYear { year: 2027 })));
}

fn some_payout() -> impl Strategy<Value = Was> {
    let rail = prop_oneof![Just(None), (0..Rail::ALL.len()).prop_map(|at| Some(Rail::ALL[at]))];
    let paid_at = prop_oneof![
        Just(None),
        Just(Some("2026-01-01T00:00:00Z")),
        Just(Some("2026-07-31T10:00:00Z")),
        Just(Some("2027-03-01T10:00:00Z"))
    ];
    (1_i64..1_000_000, rail, any::<bool>(), paid_at, any::<bool>(), any::<bool>()).prop_map(
        |(minor, rail, is_withheld, paid_at, came_back, is_award)| Was {
            minor,
            rail,
            withheld: if is_withheld { minor * 24 / 100 } else { 0 },
            paid_at,
            came_back,
            is_award,
        },
    )
}

proptest! {
    /// V8: what is told, and what is left out with its reason, is what was paid: to the cent, and nobody is in it twice.
    #[test]
    fn the_parts_of_a_year_are_what_was_paid_and_no_payee_stands_twice(
        payees in proptest::collection::vec((proptest::collection::vec(some_payout(), 0..6), 0_u8..5), 0..8),
    ) {
        let (mut paid, mut withheld, mut all) = (0, 0, Vec::new());
        for (n, (was, form)) in (1_u128..).zip(&payees) {
            let payouts: Vec<Payout> = (1..).zip(was).map(|(no, was)| payout(n, no, was)).collect();
            let in_year = was.iter().filter(|was| was.paid_at.is_some_and(|at| at.starts_with("2026")));
            for was in in_year {
                paid += was.minor;
                withheld += was.withheld;
            }
            let form = [None, Some(w9(1, false)), Some(w9(*form, true)), Some(w8(true)), Some(w8(false))][usize::from(*form)].clone();
            all.extend(rows_of(&partner(n), &payouts, (2026, &Zone::utc()), &Tellers::default(), form.as_ref()).expect("rows"));
        }
        let judged = judged(2026, all).expect("counted");
        let keys: std::collections::BTreeSet<_> = judged.iter().map(|(row, _)| (row.form, row.partner.clone())).collect();
        prop_assert_eq!(keys.len(), judged.len());
        let totals = Totals::of(&judged).expect("in range");
        prop_assert_eq!((totals.paid, totals.withheld), (usd(paid), usd(withheld)));
        prop_assert_eq!(Money::try_sum(totals.withheld_by_month.clone(), Currency::USD), Ok(totals.withheld));
        prop_assert!(totals.is_whole().expect("in range"));
        let reported = judged.iter().filter(|(_, verdict)| *verdict == Verdict::Reported).map(|(row, _)| row.told);
        prop_assert_eq!(Money::try_sum(reported, Currency::USD), Ok(totals.reported()));
    }
}
