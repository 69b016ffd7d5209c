//! What counts, in which sign, on which day; and the arithmetic of spans.

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::entry::Entry;
use crate::fact::PaymentKey;
use crate::id::{LineId, PartnerId, SaleId};
use crate::line::{Account, LineTrace, Origin, Place};

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn line(n: u32, kind: LineKind, minor: i64, reverses: Option<u32>) -> Line {
    let sale = SaleId::of(&PaymentKey::parse("stripe:in_1").expect("key"));
    let now = at("2026-09-10T12:00:00Z");
    Line {
        id: LineId::of_sale(&sale, n),
        partner: PartnerId::from_ulid(1_u128.into()),
        place: Place::Slot(Slot::of_day(day("2026-10-10"))),
        amount: Money::from_minor(minor, Currency::USD),
        kind,
        origin: Origin::Sale(sale),
        n,
        occurred_at: now,
        booked_at: now,
        trace: LineTrace { reverses, ..LineTrace::because(EarningReason::Percentage) },
    }
}

fn rejection(n: u32, minor: i64) -> Line {
    let mut line = line(n, LineKind::Adjustment, minor, None);
    line.trace.reason = EarningReason::Rejected;
    line
}

fn entry(kind: EntryKind, minor: i64) -> Line {
    let account = Account { partner: PartnerId::from_ulid(1_u128.into()), currency: Currency::USD };
    let place = Place::Slot(Slot::of_day(day("2026-10-10")));
    let amount = Money::from_minor(minor, Currency::USD);
    Entry::new(kind.word().to_owned(), kind, account, amount, place, at("2026-09-10T12:00:00Z")).line()
}

fn all(lines: &[Line]) -> Figures {
    let mut figures = Figures::default();
    figures.take((lines, None), &Zone::utc(), None, |_, _| true).expect("in range");
    figures
}

#[test]
fn what_a_group_of_lines_comes_to() {
    use LineKind::{Adjustment, Earned, HoldMove, Reversal};
    let rows = [
        ("earned", vec![line(1, Earned, 100, None)], (100, 100, 1)),
        ("taken back in part", vec![line(1, Earned, 100, None), line(2, Reversal, -30, Some(1))], (70, 100, 2)),
        ("taken back whole", vec![line(1, Earned, 100, None), line(2, Reversal, -100, Some(1))], (0, 0, 0)),
        ("nothing earned", vec![line(1, Earned, 0, None)], (0, 0, 1)),
        ("corrected", vec![line(1, Earned, 100, None), line(2, Adjustment, 20, None)], (120, 120, 2)),
        ("rejected", vec![line(1, Earned, 100, None), rejection(2, -100)], (0, 0, 0)),
        ("moved on", vec![line(1, Earned, 100, None), line(2, HoldMove, -100, Some(1))], (0, 0, 0)),
        ("moved on in part", vec![line(1, Earned, 100, None), line(2, HoldMove, -30, Some(1))], (70, 70, 1)),
    ];
    for (what, lines, (net, earned, count)) in rows {
        assert_eq!(all(&lines).total().expect("in range"), Tally { net, earned, count }, "{what}");
    }
}

#[test]
fn of_entries_only_commission_counts() {
    for kind in EntryKind::ALL {
        let is_commission = matches!(
            kind,
            EntryKind::PeriodBands | EntryKind::Milestone | EntryKind::ManualAdjustment | EntryKind::Recompute
        );
        let expected = if is_commission { 50 } else { 0 };
        assert_eq!(all(&[entry(kind, 50)]).total().expect("in range").net, expected, "{}", kind.word());
    }
}

#[test]
fn what_a_paid_slot_holds_is_paid_and_what_is_held_is_not() {
    let mut held = line(3, LineKind::HoldMove, 40, Some(1));
    held.place = Place::Held;
    let (zone, slot) = (Zone::utc(), Slot::of_day(day("2026-10-10")));
    for (paid, unpaid) in [(None, 140), (Some(slot), 40), (Some(Slot::of_day(day("2026-10-09"))), 140)] {
        let mut figures = Figures::default();
        for group in groups(&[line(1, LineKind::Earned, 100, None), held.clone()]) {
            figures.take((group, None), &zone, paid, |_, _| true).expect("in range");
        }
        assert_eq!(figures.unpaid, unpaid, "{paid:?}");
    }
}

#[test]
fn a_span_takes_days_whole_in_part_or_not() {
    let zone = Zone::parse("Europe/Berlin").expect("zone");
    let span = Span { from: at("2026-09-01T22:00:00Z"), to: at("2026-09-04T10:00:00Z") };
    let rows = [
        ("2026-09-01", Taken::Nothing),
        ("2026-09-02", Taken::Whole),
        ("2026-09-03", Taken::Whole),
        ("2026-09-04", Taken::Part),
        ("2026-09-05", Taken::Nothing),
    ];
    for (text, expected) in rows {
        assert_eq!(span.takes(day(text), &zone).expect("in range"), expected, "{text}");
    }
}

#[test]
fn a_span_falls_into_days_weeks_from_monday_and_months() {
    let pieces = |interval: Interval, from, to| {
        let pieces = interval.pieces(day(from), day(to)).expect("in range");
        pieces.iter().map(|(from, to)| format!("{from}..{to}")).collect::<Vec<_>>()
    };
    assert_eq!(pieces(Interval::Day, "2026-02-28", "2026-03-02"), ["2026-02-28..2026-03-01", "2026-03-01..2026-03-02"]);
    // 7 September 2026 is a Monday.
    assert_eq!(
        pieces(Interval::Week, "2026-09-05", "2026-09-15"),
        ["2026-09-05..2026-09-07", "2026-09-07..2026-09-14", "2026-09-14..2026-09-15"]
    );
    assert_eq!(
        pieces(Interval::Month, "2026-12-30", "2027-02-01"),
        ["2026-12-30..2027-01-01", "2027-01-01..2027-02-01"]
    );
    assert!(pieces(Interval::Day, "2026-09-05", "2026-09-05").is_empty());
}

#[test]
fn a_projection_is_the_mean_of_the_days_rounded_once() {
    for (net, observed, horizon, expected) in [
        (90, 90, 30, 30),
        (100, 3, 1, 33),
        (200, 3, 1, 67),
        (3, 2, 1, 2),
        (-3, 2, 1, -2),
        (7, 0, 30, 0),
        (0, 90, 30, 0),
    ] {
        assert_eq!(projected(net, observed, horizon), Ok(expected), "{net} over {observed} for {horizon}");
    }
    assert_eq!(projected(i64::MAX, 1, 365), Err(MoneyError::OutOfRange));
}

#[test]
fn growth_is_a_fraction_or_nothing() {
    for (more, before, expected) in [
        (25, 100, Some("0.25")),
        (-100, 100, Some("-1")),
        (1, 3, Some("0.3333")),
        (2, 3, Some("0.6667")),
        (0, 5, Some("0")),
        (5, 0, None),
        (5, -1, None),
    ] {
        assert_eq!(growth(more, before).as_deref(), expected, "{more} beside {before}");
    }
}

proptest! {
    #[test]
    fn pieces_meet_and_cover_the_span(from in 0_i32..4_000, length in 1_i32..800, which in 0_usize..3) {
        let interval = [Interval::Day, Interval::Week, Interval::Month][which];
        let first = day("2020-01-01").plus_days(from).expect("in range");
        let last = first.plus_days(length).expect("in range");
        let pieces = interval.pieces(first, last).expect("in range");
        prop_assert_eq!(pieces.first().map(|piece| piece.0), Some(first));
        prop_assert_eq!(pieces.last().map(|piece| piece.1), Some(last));
        prop_assert!(pieces.windows(2).all(|two| two[0].1 == two[1].0));
        prop_assert!(pieces.iter().all(|(from, to)| from < to));
    }

    #[test]
    fn whatever_is_left_out_comes_to_nothing_so_a_place_counts_what_is_in_it(
        parts in proptest::collection::vec((0_u8..6, 1_i64..3), 0..8),
        has_earned in any::<bool>(),
    ) {
        let mut lines = if has_earned { vec![line(1, LineKind::Earned, 100, None)] } else { Vec::new() };
        for (n, (what, times)) in (2_u32..).zip(parts) {
            let minor = 50 * times;
            lines.push(match what {
                0 => line(n, LineKind::Reversal, -minor, Some(1)),
                1 => line(n, LineKind::Reversal, minor, Some(1)),
                2 => line(n, LineKind::Adjustment, -minor, None),
                3 => rejection(n, -minor),
                4 => line(n, LineKind::HoldMove, -minor, Some(1)),
                _ => line(n, LineKind::HoldMove, minor, Some(1)),
            });
        }
        let sum: i64 = lines.iter().fold(0, |sum, line| sum + line.amount.minor());
        prop_assert_eq!(all(&lines).total().expect("in range").net, sum);
        let rejected = lines.iter().any(|line| line.trace.reason == EarningReason::Rejected);
        if rejected && sum == 0 {
            prop_assert_eq!(all(&lines), Figures::default());
        }
    }
}
