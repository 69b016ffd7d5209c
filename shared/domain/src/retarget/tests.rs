mod back;
mod late;
mod volume;

use std::collections::BTreeMap;
use std::slice;

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::fact::{DisputePhase, PaymentKey};
use crate::line::PartKind;
use crate::rate::Rate;
use crate::sale::{HoldReason, SaleDispute};

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("day")
}

fn at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(text).expect("key")
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

fn sale(paid: i64) -> Sale {
    Sale::plain(key("stripe:in_1"), usd(paid), at(), day("2026-11-21"))
}

fn target(of: u128, kind: PartKind, minor: i64) -> Target {
    Target {
        partner: partner(of),
        part: Part { item: 0, kind },
        amount: usd(minor),
        clawback: Clawback::Proportional,
        slot: Slot::of_day(day("2026-12-21")),
        volume: None,
        trace: LineTrace::because(EarningReason::Percentage),
    }
}

/// Books on a day, behind a fence.
fn book(sale: &mut Sale, targets: &[Target], today: &str, fence: Option<&str>) -> Vec<String> {
    let fence = fence.map(|fence| Slot::parse(fence).expect("slot"));
    let booking = Booking {
        now: at(),
        today: day(today),
        occurred_at: at(),
        cause: EarningReason::Adjusted,
        fence_of: &|_| fence,
        marks_of: &|_| Marks::default(),
    };
    let lines = retarget(sale, targets, &booking).expect("booked");
    lines
        .iter()
        .map(|line| format!("{} {} {}", line.amount.to_text(), line.place.to_text(), line.kind.word()))
        .collect()
}

fn again(sale: &mut Sale, today: &str, fence: Option<&str>) -> Vec<String> {
    let targets = booked_targets(sale);
    book(sale, &targets, today, fence)
}

#[test]
fn a_first_booking_is_one_line_also_of_nothing() {
    let mut one = sale(9_900);
    assert_eq!(
        book(&mut one, &[target(1, PartKind::Commission, 2_970)], "2026-11-21", None),
        ["29.70 261221.00 earned"]
    );
    let mut none = sale(0);
    assert_eq!(book(&mut none, &[target(1, PartKind::Commission, 0)], "2026-11-21", None), ["0.00 261221.00 earned"]);
    assert_eq!(again(&mut none, "2026-11-22", None), Vec::<String>::new());
}

#[test]
fn ten_small_refunds_end_where_one_large_one_does() {
    // Worked value 3: 1.00 at 25 %, ten refunds of 0.10.
    let mut sale = sale(100);
    book(&mut sale, &[target(1, PartKind::Commission, 25)], "2026-11-21", None);
    let mut taken = Vec::new();
    for n in 1..=10 {
        sale.refunded = usd(n * 10);
        taken.extend(again(&mut sale, "2026-11-22", None));
    }
    let amounts: Vec<&str> = taken.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(amounts, ["-0.03", "-0.02", "-0.03", "-0.02", "-0.03", "-0.02", "-0.03", "-0.02", "-0.03", "-0.02"]);
}

#[test]
fn what_a_refund_takes_comes_from_where_the_money_is() {
    let mut sale = sale(20_000);
    book(&mut sale, &[target(1, PartKind::Commission, 5_000)], "2026-11-21", None);
    sale.refunded = usd(8_000);
    // Worked value 4: the slot is final, so the line is due at once.
    assert_eq!(again(&mut sale, "2027-01-05", Some("261231.00")), ["-20.00 270105.00 reversal"]);
    // A failed refund gives back, where the first line was or at once.
    sale.refunded = usd(0);
    assert_eq!(again(&mut sale, "2027-01-06", Some("270106.00")), ["20.00 270106.01 reversal"]);
}

#[test]
fn a_dispute_holds_then_takes_what_was_held_or_gives_it_back() {
    let dispute = |phase| SaleDispute { amount: usd(5_000), phase, evidence_due: None, occurred_at: at() };
    let rows = [
        (DisputePhase::Inquiry, vec![]),
        (DisputePhase::Opened, vec!["-15.00 261221.00 hold_move", "15.00 held hold_move"]),
        (DisputePhase::Lost, vec!["-15.00 held reversal"]),
    ];
    let mut lost = sale(10_000);
    book(&mut lost, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    for (phase, expected) in rows {
        lost.disputes.insert(key("stripe:dp_1"), dispute(phase));
        assert_eq!(again(&mut lost, "2026-11-22", None), expected, "{phase:?}");
    }
    // Worked value 18: a full refund and then a lost dispute take the commission once.
    lost.refunded = usd(10_000);
    assert_eq!(again(&mut lost, "2026-11-23", None), ["-15.00 261221.00 reversal"]);
    let mut won = sale(10_000);
    book(&mut won, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    won.disputes.insert(key("stripe:dp_1"), dispute(DisputePhase::Opened));
    again(&mut won, "2026-11-22", None);
    won.disputes.insert(key("stripe:dp_1"), dispute(DisputePhase::Won));
    assert_eq!(
        again(&mut won, "2027-01-22", Some("261231.00")),
        ["-15.00 held hold_move", "15.00 270122.00 hold_move"]
    );
}

#[test]
fn what_a_refund_takes_back_names_the_rule_programme_and_link_of_what_was_earned() {
    let credit = |of: u128| crate::attribution::Credit {
        partner: partner(of),
        program: crate::id::ProgramId::from_ulid((10 + of).into()),
        link: Some(crate::id::LinkId::from_ulid((20 + of).into())),
        source: crate::attribution::Source::Click,
        clicked_at: None,
        weight: 1,
        terms: crate::attribution::PartnerTerms::default(),
    };
    let rule = |of: u128| Some(crate::id::RuleId::from_ulid((30 + of).into()));
    let earned = |of| {
        let target = target(of, PartKind::Commission, 1_000);
        Target { trace: LineTrace { rule: rule(of), ..target.trace.clone() }, ..target }
    };
    let mut sale = sale(10_000);
    sale.decision = crate::sale::Decision::Partners { credits: vec![credit(1), credit(2)], losers: Vec::new() };
    book(&mut sale, &[earned(1), earned(2)], "2026-11-21", None);
    let targets = booked_targets(&sale);
    for (target, of) in targets.iter().zip([1, 2]) {
        let LineTrace { rule: told, program, link, .. } = &target.trace;
        assert_eq!((told, program, link), (&rule(of), &Some(credit(of).program), &credit(of).link));
    }
    assert_eq!(targets.len(), 2);
}

#[test]
fn what_is_corrected_goes_where_the_first_line_was_whatever_the_rules_say_by_now() {
    let mut sale = sale(10_000);
    let earned = target(1, PartKind::Commission, 1_000);
    book(&mut sale, slice::from_ref(&earned), "2026-11-21", None);
    let later = Target { amount: usd(1_500), slot: Slot::of_day(day("2027-01-15")), ..earned };
    assert_eq!(book(&mut sale, &[later], "2026-11-22", None), ["5.00 261221.00 adjustment"]);
}

#[test]
fn a_slot_at_the_fence_is_final_for_what_comes_and_for_what_goes() {
    let mut sale = sale(10_000);
    book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    let more = target(1, PartKind::Commission, 3_500);
    let fence = Some("261221.00");
    assert_eq!(book(&mut sale, slice::from_ref(&more), "2026-11-22", fence), ["5.00 261221.01 adjustment"]);
    let mut open = sale.clone();
    sale.refunded = usd(5_000);
    assert_eq!(
        book(&mut sale, slice::from_ref(&more), "2026-11-23", fence),
        ["-5.00 261221.01 reversal", "-12.50 261221.01 reversal"]
    );
    // While it is open, the slot of the first line gives before others.
    open.refunded = usd(2_000);
    assert_eq!(book(&mut open, &[more], "2026-11-23", None), ["-7.00 261221.00 reversal"]);
}

#[test]
fn a_correction_under_a_dispute_is_held_and_freed_in_its_share() {
    let mut sale = sale(10_000);
    book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    let dispute =
        SaleDispute { amount: usd(5_000), phase: DisputePhase::Opened, evidence_due: None, occurred_at: at() };
    sale.disputes.insert(key("stripe:dp_1"), dispute);
    again(&mut sale, "2026-11-22", None);
    let to = |sale: &mut Sale, minor| book(sale, &[target(1, PartKind::Commission, minor)], "2026-11-23", None);
    assert_eq!(to(&mut sale, 4_000), ["5.00 held adjustment", "5.00 261221.00 adjustment"]);
    assert_eq!(to(&mut sale, 2_000), ["-10.00 held adjustment", "-10.00 261221.00 adjustment"]);
}

#[test]
fn a_line_says_its_part_when_its_cause_happened_and_what_it_takes_back() {
    let mut sale = sale(10_000);
    let later: Timestamp = "2026-11-25T12:00:00Z".parse().expect("instant");
    let cause = EarningReason::Refund;
    let marks_of = |_: &Account| Marks::default();
    let today = day("2026-11-25");
    let booking = Booking { now: later, today, occurred_at: later, cause, fence_of: &|_| None, marks_of: &marks_of };
    let bonus = target(1, PartKind::VolumeBonus, 1_000);
    let part = bonus.part;
    let earned = retarget(&mut sale, &[bonus], &booking).expect("booked");
    assert_eq!((earned[0].trace.part, earned[0].trace.reverses, earned[0].occurred_at), (part, None, at()));
    assert_eq!((earned[0].trace.base.as_str(), earned[0].trace.reward.as_str()), ("", ""));
    sale.refunded = usd(2_500);
    let targets = booked_targets(&sale);
    let back = retarget(&mut sale, &targets, &booking).expect("booked");
    assert_eq!((back[0].trace.part, back[0].trace.reverses, back[0].occurred_at), (part, Some(1), later));
    assert_eq!((back[0].trace.base.as_str(), back[0].trace.reward.as_str()), ("25.00", "2.50"));
}

#[test]
fn what_is_taken_back_follows_the_refunds_and_all_of_it_when_the_sale_is_rejected() {
    let mut sale = sale(10_000);
    let back = |sale: &Sale| taken_back(sale, 0, Clawback::Proportional, 3_000).expect("in range");
    assert_eq!(back(&sale), 0);
    sale.refunded = usd(2_500);
    assert_eq!(back(&sale), 750);
    sale.rejected = true;
    assert_eq!(back(&sale), 3_000);
}

#[test]
fn a_hold_moves_all_that_is_left_and_a_release_brings_it_back() {
    let mut sale = sale(10_000);
    book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    sale.hold = Some(HoldReason::Manual);
    let held = |sale: &Sale| booked(sale).values().map(Booked::held).collect::<Vec<_>>();
    assert_eq!(held(&sale), [0]);
    assert_eq!(again(&mut sale, "2026-11-22", None), ["-30.00 261221.00 hold_move", "30.00 held hold_move"]);
    assert_eq!(held(&sale), [3_000]);
    sale.refunded = usd(5_000);
    assert_eq!(again(&mut sale, "2026-11-22", None), ["-15.00 held reversal"]);
    sale.hold = None;
    assert_eq!(again(&mut sale, "2026-11-23", None), ["-15.00 held hold_move", "15.00 261221.00 hold_move"]);
}

#[test]
fn com_15_a_move_says_why_it_is_held_and_a_release_says_nothing() {
    for (hold, word) in [(HoldReason::Risk, "risk"), (HoldReason::Manual, "manual")] {
        let mut sale = sale(10_000);
        let targets = [target(1, PartKind::Commission, 3_000)];
        book(&mut sale, &targets, "2026-11-21", None);
        let fence_of = |_: &Account| None;
        let booking = Booking {
            now: at(),
            today: day("2026-11-22"),
            occurred_at: at(),
            cause: EarningReason::Held,
            fence_of: &fence_of,
            marks_of: &|_| Marks::default(),
        };
        sale.hold = Some(hold);
        let held = retarget(&mut sale, &targets, &booking).expect("booked");
        sale.hold = None;
        let released = retarget(&mut sale, &targets, &booking).expect("booked");
        let notes = |lines: &[Line]| lines.iter().flat_map(|line| line.trace.notes.clone()).collect::<Vec<_>>();
        assert_eq!(notes(&held), vec![format!("hold: {word}"); 2]);
        assert_eq!((released.len(), notes(&released)), (2, Vec::new()));
        let reasons: Vec<EarningReason> = held.iter().chain(&released).map(|line| line.trace.reason).collect();
        let (held, released) = (EarningReason::Held, EarningReason::Released);
        assert_eq!(reasons, [held, held, released, released]);
    }
}

#[test]
fn a_hold_of_what_was_paid_is_taken_from_what_is_available() {
    let mut sale = sale(10_000);
    book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    sale.hold = Some(HoldReason::Manual);
    assert_eq!(
        again(&mut sale, "2027-02-01", Some("270131.00")),
        ["-30.00 270201.00 hold_move", "30.00 held hold_move"]
    );
}

#[test]
fn a_sale_that_is_held_from_the_start_is_booked_and_held_at_once() {
    let mut sale = sale(10_000);
    sale.hold = Some(HoldReason::Risk);
    assert_eq!(
        book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None),
        ["30.00 261221.00 earned", "-30.00 261221.00 hold_move", "30.00 held hold_move"]
    );
}

#[test]
fn another_partner_gets_what_the_first_one_loses() {
    let mut sale = sale(10_000);
    book(&mut sale, &[target(1, PartKind::Commission, 3_000)], "2026-11-21", None);
    sale.refunded = usd(5_000);
    again(&mut sale, "2026-11-22", None);
    let lines = book(&mut sale, &[target(2, PartKind::Commission, 3_000)], "2026-11-23", None);
    assert_eq!(
        lines,
        [
            "15.00 261221.00 reversal",
            "-30.00 261221.00 adjustment",
            "30.00 261221.00 earned",
            "-15.00 261221.00 reversal"
        ]
    );
}

#[test]
fn a_flat_reward_stands_until_its_share_of_the_payment_went_back() {
    let rows = [
        (Clawback::Keep, 10_000, 0),
        (Clawback::From(Rate::parse("1").expect("rate")), 9_999, 0),
        (Clawback::From(Rate::parse("1").expect("rate")), 10_000, 2_500),
        (Clawback::From(Rate::parse("0.5").expect("rate")), 4_999, 0),
        (Clawback::From(Rate::parse("0.5").expect("rate")), 5_000, 2_500),
        (Clawback::Proportional, 5_000, 1_250),
    ];
    for (clawback, refunded, expected) in rows {
        let mut sale = sale(10_000);
        let flat = Target { clawback, ..target(1, PartKind::Commission, 2_500) };
        book(&mut sale, &[flat], "2026-11-21", None);
        sale.refunded = usd(refunded);
        again(&mut sale, "2026-11-22", None);
        let reversed: Vec<i64> = booked(&sale).values().map(|position| position.reversed).collect();
        assert_eq!(reversed, [expected], "{clawback:?} {refunded}");
    }
}

#[test]
fn the_newest_reward_decides_what_refunds_do_also_where_the_amount_stays() {
    // V13: a share that a later order of sales makes a flat reward of the same amount, and the other way around.
    let all_or_nothing = Clawback::From(Rate::parse("1").expect("rate"));
    for (first, last, expected) in
        [(Clawback::Proportional, all_or_nothing, 0), (all_or_nothing, Clawback::Proportional, 1_250)]
    {
        let mut sale = sale(10_000);
        book(&mut sale, &[Target { clawback: first, ..target(1, PartKind::Commission, 2_500) }], "2026-11-21", None);
        let newer = Target { clawback: last, ..target(1, PartKind::Commission, 2_500) };
        assert_eq!(book(&mut sale, slice::from_ref(&newer), "2026-11-22", None), ["0.00 261221.00 adjustment"]);
        assert_eq!(book(&mut sale, slice::from_ref(&newer), "2026-11-22", None), Vec::<String>::new());
        sale.refunded = usd(5_000);
        again(&mut sale, "2026-11-23", None);
        let reversed: Vec<i64> = booked(&sale).values().map(|position| position.reversed).collect();
        assert_eq!(reversed, [expected], "{first:?} {last:?}");
    }
}

/// Something that happens to a sale.
#[derive(Clone, Debug)]
enum Happening {
    Refund(u8, i64),
    Dispute(u8, DisputePhase, i64),
    Hold(Option<HoldReason>),
    Reject,
    Target(i64, Clawback),
}

fn clawback() -> impl Strategy<Value = Clawback> {
    let rate = |text| Clawback::From(Rate::parse(text).expect("rate"));
    prop_oneof![Just(Clawback::Proportional), Just(Clawback::Keep), Just(rate("0.5")), Just(rate("1"))]
}

fn happening() -> impl Strategy<Value = Happening> {
    let phase = prop_oneof![
        Just(DisputePhase::Inquiry),
        Just(DisputePhase::Opened),
        Just(DisputePhase::Won),
        Just(DisputePhase::Lost)
    ];
    prop_oneof![
        4 => (0_u8..4, 0_i64..6_000).prop_map(|(id, amount)| Happening::Refund(id, amount)),
        3 => (0_u8..2, phase, 1_i64..10_000).prop_map(|(id, phase, amount)| Happening::Dispute(id, phase, amount)),
        2 => prop_oneof![Just(None), Just(Some(HoldReason::Manual))].prop_map(Happening::Hold),
        1 => Just(Happening::Reject),
        3 => (0_i64..4_000, clawback()).prop_map(|(earned, clawback)| Happening::Target(earned, clawback)),
    ]
}

/// One life of a sale: happenings, each on a later day and sometimes behind a higher fence.
fn live(happenings: &[(Happening, bool)], laws: bool) -> (Sale, i64) {
    let mut sale = sale(10_000);
    let (mut by_rule, mut fence) = (target(1, PartKind::Commission, 3_000), None::<Slot>);
    let mut refunds: BTreeMap<u8, i64> = BTreeMap::new();
    let mut slots: BTreeMap<Place, i64> = BTreeMap::new();
    for (n, (what, close)) in happenings.iter().enumerate() {
        match what {
            Happening::Refund(id, amount) => {
                refunds.insert(*id, *amount);
                sale.refunded = usd(refunds.values().fold(0_i64, |sum, minor| sum.saturating_add(*minor)));
            }
            Happening::Dispute(id, phase, amount) => {
                let told = SaleDispute { amount: usd(*amount), phase: *phase, evidence_due: None, occurred_at: at() };
                sale.disputes.insert(key(&format!("stripe:dp_{id}")), told);
            }
            Happening::Hold(hold) => sale.hold = *hold,
            Happening::Reject => sale.rejected = true,
            Happening::Target(earned, clawback) => {
                by_rule = Target { clawback: *clawback, ..target(1, PartKind::Commission, *earned) };
            }
        }
        let today = day("2026-12-15").plus_days(i32::try_from(n).expect("small")).expect("calendar");
        if *close {
            fence = fence.max(Some(Slot::last_of_day(today.plus_days(-1).expect("calendar"))));
        }
        let booking = Booking {
            now: at(),
            today,
            occurred_at: at(),
            cause: EarningReason::Adjusted,
            fence_of: &|_| fence,
            marks_of: &|_| Marks::default(),
        };
        let lines = retarget(&mut sale, slice::from_ref(&by_rule), &booking).expect("booked");
        for line in &lines {
            *slots.entry(line.place).or_default() += line.amount.minor();
            if let (true, Place::Slot(slot)) = (laws, line.place) {
                assert!(Some(slot) > fence, "a line in a final slot");
            }
        }
        for (place, net) in &slots {
            let may_be_negative = matches!(place, Place::Slot(slot) if slot.day() <= today);
            assert!(!laws || may_be_negative || *net >= 0, "V6: {} is {net}", place.to_text());
        }
        for position in booked(&sale).values() {
            assert!(!laws || (0 <= position.reversed && position.reversed <= position.earned), "V7: {position:?}");
        }
        for targets in [vec![by_rule.clone()], booked_targets(&sale)] {
            let again = retarget(&mut sale, &targets, &booking).expect("booked");
            assert_eq!(again, Vec::new(), "done again it changes nothing");
        }
    }
    (sale, slots.values().fold(0_i64, |sum, minor| sum.saturating_add(*minor)))
}

proptest! {
    #[test]
    fn whatever_happens_no_law_is_broken_and_the_end_depends_on_the_end_alone(
        happenings in proptest::collection::vec((happening(), any::<bool>()), 1..12)
    ) {
        let (end, net) = live(&happenings, true);
        // The same end, booked at once.
        let mut fresh = Sale { lines: Vec::new(), ..end.clone() };
        let earned = booked(&end).values().fold(0, |sum, position| sum + position.earned);
        let last = happenings.iter().rev().find_map(|(what, _)| match what {
            Happening::Target(_, clawback) => Some(*clawback),
            _ => None,
        });
        let clawback = last.unwrap_or_default();
        let target = Target { clawback, ..target(1, PartKind::Commission, if end.rejected { 0 } else { earned }) };
        book(&mut fresh, &[target], "2026-11-21", None);
        let at_once = booked(&fresh);
        let step_by_step = booked(&end);
        for (position, now) in &step_by_step {
            prop_assert_eq!(now.earned, at_once[position].earned);
            prop_assert_eq!(now.reversed, at_once[position].reversed);
            prop_assert_eq!(now.held(), at_once[position].held());
        }
        prop_assert_eq!(net, at_once.values().fold(0, |sum, now| sum + now.earned - now.reversed));
    }
}
