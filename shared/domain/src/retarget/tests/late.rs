//! COM-22: what changes a sale whose month is counted already.

use super::*;
use crate::month::Month;

fn november() -> Month {
    Month::parse("2026-11").expect("a month")
}

/// By volume bands, of a sale that counts in November and is due at once.
fn by_bands(minor: i64) -> Target {
    let mut target = Target {
        slot: Slot::of_day(day("2026-11-21")),
        volume: Some(10_000),
        ..target(1, PartKind::Commission, minor)
    };
    target.trace.period = Some(november());
    target.trace.notes.push("volume_before: 0.00".to_owned());
    target
}

/// The same as the night says it: where the sale counts is told already.
fn again_by_bands(minor: i64) -> Target {
    let mut target = by_bands(minor);
    target.trace.period = None;
    target
}

/// Books in December, November frozen and counted.
fn counted(sale: &mut Sale, targets: &[Target]) -> Vec<Line> {
    in_december(sale, targets, Marks { frozen: Some(november()), counted: Some(november()) })
}

fn in_december(sale: &mut Sale, targets: &[Target], marks: Marks) -> Vec<Line> {
    let booking = Booking {
        now: at(),
        today: day("2026-12-05"),
        occurred_at: at(),
        cause: EarningReason::Adjusted,
        fence_of: &|_| None,
        marks_of: &|_| marks,
    };
    retarget(sale, targets, &booking).expect("booked")
}

fn told(lines: &[Line]) -> Vec<String> {
    let month = |line: &Line| line.trace.period.map_or_else(|| "no month".to_owned(), |month| month.to_string());
    let line = |line: &Line| {
        let (amount, place, kind) = (line.amount.to_text(), line.place.to_text(), line.kind.word());
        format!("{amount} {place} {kind} {} {}", month(line), line.trace.notes.join(", "))
    };
    lines.iter().map(line).collect()
}

#[test]
fn com_22_what_goes_back_counts_in_the_first_open_month_and_stands_in_no_slot_before_it() {
    let mut sale = sale(10_000);
    book(&mut sale, &[by_bands(3_000)], "2026-11-21", None);
    sale.refunded = usd(5_000);
    // The sale's own slot is open still; whoever counts December looks for it in December's.
    let targets = booked_targets(&sale);
    let lines = counted(&mut sale, &targets);
    assert_eq!(told(&lines), ["-15.00 261205.00 reversal 2026-12 counted: 2026-11 in 2026-12, by: bands"]);
    assert_eq!(late_months(&lines[0]), Some((november(), Month::parse("2026-12").expect("a month"))));
}

#[test]
fn com_22_what_goes_back_of_a_month_that_is_open_counts_in_it_however_late() {
    let mut sale = sale(10_000);
    book(&mut sale, &[by_bands(3_000)], "2026-11-21", None);
    sale.refunded = usd(5_000);
    let targets = booked_targets(&sale);
    let lines = in_december(&mut sale, &targets, Marks::default());
    assert_eq!(told(&lines), ["-15.00 261121.00 reversal 2026-11 "]);
    assert_eq!(late_months(&lines[0]), None);
}

#[test]
fn com_22_a_correction_counts_where_what_goes_back_does_and_a_hold_says_no_month() {
    let mut sale = sale(10_000);
    book(&mut sale, &[by_bands(3_000)], "2026-11-21", None);
    let corrected = counted(&mut sale, &[again_by_bands(2_000)]);
    assert_eq!(
        told(&corrected),
        ["-10.00 261205.00 adjustment no month volume_before: 0.00, counted: 2026-11 in 2026-12, by: bands"]
    );
    assert!(corrected.iter().all(|line| line.trace.late));
    sale.hold = Some(HoldReason::Risk);
    let held = counted(&mut sale, &[again_by_bands(2_000)]);
    assert!(!held.is_empty() && held.iter().all(|line| line.kind == LineKind::HoldMove), "{held:?}");
    assert!(held.iter().all(|line| late_months(line).is_none()), "{held:?}");
}

#[test]
fn a_line_of_a_sale_says_a_month_where_something_is_earned_for_the_sale_itself() {
    let mut sale = sale(10_000);
    let second = Target { part: Part { item: 0, kind: PartKind::SecondTier }, partner: partner(2), ..by_bands(300) };
    book(&mut sale, &[by_bands(3_000), second], "2026-11-21", None);
    // What went back before a sale begins to count with somebody is told with it, and begins nothing.
    sale.refunded = usd(5_000);
    let newcomer = Target { partner: partner(3), ..by_bands(3_000) };
    book(&mut sale, &[newcomer], "2026-11-22", None);
    let said = |of: u128, kind| {
        let own = sale.lines.iter().filter(|line| line.partner == partner(of) && line.kind == kind);
        own.map(|line| line.month).collect::<Vec<_>>()
    };
    assert_eq!(said(1, LineKind::Earned), [Some(november())]);
    assert_eq!(said(2, LineKind::Earned), [None]);
    assert_eq!((said(3, LineKind::Earned), said(3, LineKind::Reversal)), (vec![Some(november())], vec![None]));
}

#[test]
fn how_far_the_months_of_an_account_are_over_is_what_its_head_says() {
    let december = Month::parse("2026-12").expect("a month");
    let head = Head { frozen: Some(december), counted: Some(november()), ..Head::new(Currency::USD) };
    assert_eq!(Marks::from(&head), Marks { frozen: Some(december), counted: Some(november()) });
}

/// A programme's zone may be ahead of the ledger's: then a sale counts in a month that has not begun in the ledger.
#[test]
fn com_22_what_goes_back_of_an_open_month_is_taken_where_it_is_before_its_first_day_as_well() {
    let mut sale = sale(10_000);
    let target = Target { slot: Slot::of_day(day("2026-10-31")), ..by_bands(3_000) };
    book(&mut sale, slice::from_ref(&target), "2026-10-31", None);
    sale.refunded = usd(5_000);
    assert_eq!(book(&mut sale, &[target], "2026-10-31", None), ["-15.00 261031.00 reversal"]);
}
