//! COM-22: the volume that goes with a banded position, also where its commission is nothing.

use super::*;
use crate::attribution::Credit;
use crate::id::{LinkId, ProgramId};
use crate::sale::Decision;

fn decided_for(partners: &[u128]) -> Decision {
    let (program, link) = (ProgramId::from_ulid(1_u128.into()), LinkId::from_ulid(1_u128.into()));
    let credit = |n: &u128| Credit::by_click(partner(*n), program.clone(), link.clone(), at());
    Decision::Partners { credits: partners.iter().map(credit).collect(), losers: Vec::new() }
}

fn credited(paid: i64, partners: &[u128]) -> Sale {
    Sale { decision: decided_for(partners), ..sale(paid) }
}

fn banded(of: u128, minor: i64, volume: i64) -> Target {
    Target { volume: Some(volume), ..target(of, PartKind::Commission, minor) }
}

/// What is booked, and of whom by how much the volume changes.
fn told(sale: &mut Sale, targets: &[Target]) -> Vec<(LineKind, i64, Option<i64>)> {
    let start = sale.lines.len();
    book(sale, targets, "2026-11-22", None);
    sale.lines.iter().skip(start).map(|line| (line.kind, line.amount.minor(), line.volume)).collect()
}

/// As after a refund: the commission stays what is booked.
fn told_again(sale: &mut Sale) -> Vec<(LineKind, i64, Option<i64>)> {
    let targets = booked_targets(sale);
    told(sale, &targets)
}

#[test]
fn com_22_what_goes_back_of_a_volume_is_told_also_where_the_commission_is_nothing() {
    let mut sale = credited(10_000, &[1]);
    assert_eq!(told(&mut sale, &[banded(1, 0, 8_000)]), [(LineKind::Earned, 0, Some(8_000))]);
    sale.refunded = usd(2_500);
    assert_eq!(told_again(&mut sale), [(LineKind::Reversal, 0, Some(-2_000))]);
    assert_eq!(told_again(&mut sale), [], "told once");
    assert_eq!(told(&mut sale, &[banded(1, 0, 8_000)]), [], "whoever tells it");
    sale.refunded = usd(10_000);
    assert_eq!(told_again(&mut sale), [(LineKind::Reversal, 0, Some(-6_000))]);
    // A refund that failed.
    sale.refunded = usd(7_500);
    assert_eq!(told_again(&mut sale), [(LineKind::Reversal, 0, Some(2_000))]);
    sale.rejected = true;
    // By one line, however much had gone back: a sale of many items is rejected by one write.
    assert_eq!(told_again(&mut sale), [(LineKind::Adjustment, 0, Some(-2_000))]);
    assert_eq!(told_again(&mut sale), []);
    sale.refunded = usd(0);
    assert_eq!(told_again(&mut sale), [], "rejected is rejected");
}

/// By bands of some kind, of a sale that counts in a month: as the rules say it.
fn by_bands(minor: i64, volume: Option<i64>) -> Target {
    let mut target = Target { volume, ..target(1, PartKind::Commission, minor) };
    target.trace.period = Some(Month::parse("2026-11").expect("a month"));
    target.trace.notes.push("volume_before: 0.00".to_owned());
    target
}

/// As the night says it: where the sale begins to count is told already.
fn by_night(target: Target) -> Target {
    let trace = LineTrace { period: None, ..target.trace };
    Target { trace, ..target }
}

/// By no bands, or by none any more.
fn by_none(minor: i64) -> Target {
    let mut target = by_bands(minor, Some(0));
    target.trace.notes.clear();
    target
}

#[test]
fn com_22_what_is_found_to_be_by_bands_tells_its_volume_and_what_is_found_to_be_by_none_takes_it_away() {
    let mut sale = credited(10_000, &[1]);
    assert_eq!(told(&mut sale, &[by_none(5_000)]), [(LineKind::Earned, 5_000, None)], "of no bands nothing is said");
    let found = [(LineKind::Adjustment, -5_000, Some(8_000))];
    assert_eq!(told(&mut sale, &[by_night(by_bands(0, Some(8_000)))]), found);
    sale.refunded = usd(2_500);
    assert_eq!(told_again(&mut sale), [(LineKind::Reversal, 0, Some(-2_000))]);
    // Beyond a limit after all.
    let beyond = [(LineKind::Adjustment, 0, Some(-8_000)), (LineKind::Reversal, 0, Some(2_000))];
    assert_eq!(told(&mut sale, &[by_night(by_none(0))]), beyond);
    sale.refunded = usd(10_000);
    assert_eq!(told_again(&mut sale), []);
    sale.refunded = usd(0);
    assert_eq!(told(&mut sale, &[by_night(by_bands(0, Some(8_000)))]), [(LineKind::Adjustment, 0, Some(8_000))]);
    // A position that nobody names any more.
    assert_eq!(told(&mut sale, &[]), [(LineKind::Adjustment, 0, Some(-8_000))]);
}

#[test]
fn com_22_lines_of_bands_say_a_volume_also_where_it_is_nothing() {
    let mut sale = credited(10_000, &[1]);
    assert_eq!(told(&mut sale, &[by_bands(1_000, Some(0))]), [(LineKind::Earned, 1_000, Some(0))]);
    let found = by_night(by_bands(1_000, Some(8_000)));
    assert_eq!(told(&mut sale, &[found]), [(LineKind::Adjustment, 0, Some(8_000))]);
}

#[test]
fn com_22_what_went_back_of_a_sale_that_comes_back_counts_where_the_sale_does() {
    let [november, december] = ["2026-11", "2026-12"].map(|month| Month::parse(month).expect("a month"));
    let retargeted = |sale: &mut Sale, targets: &[Target], counted: Option<Month>| {
        let marks = Marks { frozen: counted, counted };
        let booking = Booking {
            now: at(),
            today: day("2026-12-10"),
            occurred_at: at(),
            cause: EarningReason::Adjusted,
            fence_of: &|_| None,
            marks_of: &|_| marks,
        };
        retarget(sale, targets, &booking).expect("booked")
    };
    let mut sale = credited(10_000, &[1]);
    retargeted(&mut sale, &[by_bands(2_000, Some(10_000))], None);
    sale.refunded = usd(5_000);
    sale.decision = decided_for(&[]);
    retargeted(&mut sale, &[], None);
    // November is counted without it.
    sale.decision = decided_for(&[1]);
    let mut again = by_bands(2_000, Some(10_000));
    (again.trace.period, again.trace.late) = (Some(december), true);
    let lines = retargeted(&mut sale, &[again], Some(november));
    assert_eq!(lines.iter().map(|line| line.amount.minor()).fold(0, i64::saturating_add), 1_000);
    for line in lines {
        assert_eq!((line.trace.period, late_months(&line)), (Some(december), None), "{line:?}");
    }
}

#[test]
fn com_22_where_money_goes_back_its_line_says_the_volume_and_there_is_no_other() {
    let mut sale = credited(10_000, &[1, 2]);
    let earned = [(LineKind::Earned, 1_000, Some(4_000)), (LineKind::Earned, 0, Some(4_000))];
    assert_eq!(told(&mut sale, &[banded(1, 1_000, 4_000), banded(2, 0, 4_000)]), earned);
    sale.refunded = usd(5_000);
    let back = [(LineKind::Reversal, -500, Some(-2_000)), (LineKind::Reversal, 0, Some(-2_000))];
    assert_eq!(told_again(&mut sale), back);
}

#[test]
fn com_22_of_what_was_booked_before_volumes_were_kept_none_is_told() {
    let mut sale = credited(10_000, &[1]);
    assert_eq!(told(&mut sale, &[by_bands(0, None)]), [(LineKind::Earned, 0, None)]);
    assert!(sale.is_banded(&partner(1), Part { item: 0, kind: PartKind::Commission }));
    assert_eq!(told(&mut sale, &[by_night(by_bands(0, Some(8_000)))]), []);
    let more = by_night(by_bands(100, Some(8_000)));
    assert_eq!(told(&mut sale, &[more]), [(LineKind::Adjustment, 100, None)]);
    sale.refunded = usd(10_000);
    assert_eq!(told_again(&mut sale), [(LineKind::Reversal, -100, None)]);
    // Of before sales said their month nothing is heard.
    let mut older = credited(10_000, &[1]);
    told(&mut older, &[target(1, PartKind::Commission, 0)]);
    assert_eq!(told(&mut older, &[by_night(by_bands(0, Some(8_000)))]), []);
}

#[test]
fn com_22_a_volume_leaves_with_its_sale_and_comes_back_with_it() {
    let mut sale = credited(10_000, &[1]);
    told(&mut sale, &[banded(1, 0, 8_000)]);
    sale.decision = decided_for(&[2]);
    let moved = [(LineKind::Adjustment, 0, Some(-8_000)), (LineKind::Earned, 0, Some(8_000))];
    assert_eq!(told(&mut sale, &[banded(2, 0, 8_000)]), moved);
    sale.decision = decided_for(&[1]);
    let mut again = banded(1, 0, 8_000);
    again.trace.period = Some(Month::parse("2027-01").expect("a month"));
    let back = [(LineKind::Adjustment, 0, Some(8_000)), (LineKind::Adjustment, 0, Some(-8_000))];
    assert_eq!(told(&mut sale, &[again]), back);
    assert_eq!(sale.month_of(&partner(1)), Some(Month::parse("2027-01").expect("a month")));
}
