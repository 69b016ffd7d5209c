//! What refunds, disputes and clawbacks leave: from the engine's earnings to the lines that are booked.

use super::given::{World, at, invoice, key, percent, rate, usd};
use crate::commission::EarningReason;
use crate::fact::DisputePhase;
use crate::line::{Account, Line, LineKind};
use crate::retarget::{Booking, Marks, retarget};
use crate::rule::{Reward, Terms};
use crate::sale::{Clawback, Sale, SaleDispute};
use crate::slot::Slot;
use crate::time::{BusinessDay, Zone};

/// Assesses a sale and books what is missing, on a day behind a fence.
fn book(world: &World, sale: &mut Sale, today: &str, fence: Option<&str>) -> Vec<Line> {
    let assessed = world.assess(std::slice::from_ref(sale));
    let targets = assessed.sales[0].targets(sale, &Zone::utc()).expect("targets");
    let fence = fence.map(|fence| Slot::parse(fence).expect("slot"));
    let fence_of = |_: &Account| fence;
    let booking = Booking {
        now: at("2026-11-21"),
        today: BusinessDay::parse(today).expect("day"),
        occurred_at: at("2026-11-21"),
        cause: EarningReason::Refund,
        fence_of: &fence_of,
        marks_of: &|_| Marks::default(),
    };
    retarget(sale, &targets, &booking).expect("booked")
}

fn amounts(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| line.amount.to_text()).collect()
}

fn flat(amount: &str, flat_refund: Clawback) -> Terms {
    Terms { flat_refund, ..Terms::simple(Reward::Flat(usd(amount)), 30) }
}

#[test]
fn led_3_the_worked_values_of_refunds_hold() {
    let share = |text: &str| Terms::simple(percent(text), 30);
    // Terms, what was paid, the commission, the refunds, and what each takes back: T = round(c × R / P) − taken so far.
    let rows = [
        (share("0.25"), "1.00", "0.25", vec!["0.10"; 10], ["-0.03", "-0.02"].repeat(5)),
        (share("0.2"), "100.00", "20.00", vec!["33.33", "33.33", "33.34"], vec!["-6.67", "-6.66", "-6.67"]),
        (
            flat("10.01", Clawback::Proportional),
            "100.01",
            "10.01",
            vec!["0.01", "50.00", "50.00"],
            vec!["", "-5.01", "-5.00"],
        ),
        (share("0.2"), "100.00", "20.00", vec!["25.00"], vec!["-5.00"]),
        (share("0.25"), "200.00", "50.00", vec!["80.00"], vec!["-20.00"]),
        (share("0.3"), "49.00", "14.70", vec!["49.00"], vec!["-14.70"]),
        // More than was paid takes no more than was earned.
        (share("0.3"), "49.00", "14.70", vec!["40.00", "40.00"], vec!["-12.00", "-2.70"]),
        (flat("25.00", Clawback::Keep), "100.00", "25.00", vec!["100.00"], vec![""]),
        (flat("25.00", Clawback::From(rate("1"))), "100.00", "25.00", vec!["99.99", "0.01"], vec!["", "-25.00"]),
        (flat("25.00", Clawback::From(rate("0.5"))), "100.00", "25.00", vec!["49.99", "0.01"], vec!["", "-25.00"]),
    ];
    for (terms, paid, commission, refunds, expected) in rows {
        let world = World::of(terms);
        let mut sale = invoice("in_1", "2026-11-21", usd(paid));
        assert_eq!(amounts(&book(&world, &mut sale, "2026-11-21", None)), [commission], "{paid}");
        let mut taken = Vec::new();
        for refund in &refunds {
            sale.refunded = sale.refunded.try_add(usd(refund)).expect("in range");
            let lines = book(&world, &mut sale, "2026-11-22", None);
            assert!(lines.iter().all(|line| line.kind == LineKind::Reversal), "{lines:?}");
            taken.push(amounts(&lines).join(" "));
            // The same word once more changes nothing.
            assert_eq!(book(&world, &mut sale, "2026-11-23", None), Vec::new());
        }
        assert_eq!(taken, expected, "{paid} less {refunds:?}");
    }
}

#[test]
fn led_4_what_goes_back_after_its_payout_is_a_line_that_is_due_at_once() {
    let world = World::of(Terms::simple(percent("0.3"), 30));
    let mut sale = invoice("in_1", "2026-11-21", usd("49.00"));
    book(&world, &mut sale, "2026-11-21", None);
    sale.refunded = usd("49.00");
    let lines = book(&world, &mut sale, "2027-02-01", Some("270131.00"));
    let told: Vec<String> = lines.iter().map(|line| format!("{} {}", line.amount, line.place.to_text())).collect();
    assert_eq!(told, ["-14.70 270201.00"]);
    // A refund that failed gives it back, as a line above zero.
    sale.refunded = usd("0");
    let lines = book(&world, &mut sale, "2027-02-02", Some("270201.00"));
    assert_eq!((amounts(&lines), lines[0].kind), (vec!["14.70".to_owned()], LineKind::Reversal));
}

#[test]
fn led_5_a_refund_and_a_lost_dispute_of_one_payment_take_its_commission_once() {
    let world = World::of(Terms::simple(percent("0.3"), 30));
    let lost =
        |amount| SaleDispute { amount, phase: DisputePhase::Lost, evidence_due: None, occurred_at: at("2026-12-01") };
    // Refund first or dispute first, whole or in part: never more than was earned.
    for (refunded, disputed, expected) in
        [("99.00", "99.00", -2_970), ("50.00", "99.00", -2_970), ("33.00", "33.00", -1_980)]
    {
        for is_refund_first in [true, false] {
            let mut sale = invoice("in_1", "2026-11-21", usd("99.00"));
            book(&world, &mut sale, "2026-11-21", None);
            let mut sum = 0;
            for is_refund in [is_refund_first, !is_refund_first] {
                if is_refund {
                    sale.refunded = usd(refunded);
                } else {
                    sale.disputes.insert(key("dp_1"), lost(usd(disputed)));
                }
                let lines = book(&world, &mut sale, "2026-12-02", None);
                sum = lines.iter().fold(sum, |sum, line| sum + line.amount.minor());
            }
            assert_eq!(sum, expected, "{refunded} and {disputed}");
        }
    }
}

#[test]
fn com_15_what_takes_back_keeps_how_much_went_back_in_all() {
    let world = World::of(Terms::simple(percent("0.3"), 30));
    let mut sale = invoice("in_1", "2026-11-21", usd("99.00"));
    book(&world, &mut sale, "2026-11-21", None);
    sale.refunded = usd("33.00");
    book(&world, &mut sale, "2026-11-22", None);
    let dispute =
        |phase| SaleDispute { amount: usd("33.00"), phase, evidence_due: None, occurred_at: at("2026-12-01") };
    sale.disputes.insert(key("dp_1"), dispute(DisputePhase::Opened));
    let held = book(&world, &mut sale, "2026-12-02", None);
    assert_eq!(amounts(&held), ["-9.90", "9.90"]);
    assert!(held.iter().all(|line| line.trace.notes.contains(&"hold: dispute".to_owned())), "{held:?}");
    sale.disputes.insert(key("dp_1"), dispute(DisputePhase::Lost));
    let lines = book(&world, &mut sale, "2026-12-03", None);
    let told: Vec<_> = lines.iter().map(|line| (line.trace.base.as_str(), line.trace.reward.as_str())).collect();
    assert_eq!(told, [("66.00", "19.80")]);
    assert_eq!(sale.went_back(), usd("66.00"));
    sale.refunded = usd("99.00");
    assert_eq!(sale.went_back(), usd("99.00"), "never more than was paid");
}

#[test]
fn led_2_the_hold_of_the_version_in_days_of_the_ledgers_zone_ends_on_the_slot() {
    let rows = [
        ("2026-11-21T10:00:00Z", 30, "UTC", "261221.00"),
        ("2026-11-21T23:30:00Z", 30, "Europe/Berlin", "261222.00"),
        ("2026-11-21T10:00:00Z", 37, "UTC", "261228.00"),
        ("2026-11-21T10:00:00Z", 0, "UTC", "261121.00"),
    ];
    for (when, hold, zone, expected) in rows {
        let sale = invoice("in_1", when, usd("10.00"));
        let assessed = World::of(Terms::simple(percent("0.3"), hold)).assess(std::slice::from_ref(&sale));
        let targets = assessed.sales[0].targets(&sale, &Zone::parse(zone).expect("zone")).expect("targets");
        assert_eq!(targets[0].slot.to_string(), expected, "{when} and {hold} days in {zone}");
    }
}

#[test]
fn led_4_a_balance_below_zero_is_carried_until_what_is_earned_pays_it_back() {
    let world = World::of(Terms::simple(percent("0.3"), 30));
    let fence = Some("261231.00");
    let worth = |lines: Vec<Line>| lines.iter().fold(0, |sum, line| sum + line.amount.minor());
    let mut first = invoice("in_1", "2026-11-21", usd("49.00"));
    let earned = worth(book(&world, &mut first, "2026-11-21", None));
    // A payout takes all of it; then the customer gets the money back.
    let mut balance = earned - 1_470;
    first.refunded = usd("49.00");
    let rows = [
        (worth(book(&world, &mut first, "2027-01-05", fence)), -1_470),
        (worth(book(&world, &mut invoice("in_2", "2027-01-06", usd("33.33")), "2027-01-06", fence)), -470),
        (worth(book(&world, &mut invoice("in_3", "2027-01-07", usd("200.00")), "2027-01-07", fence)), 5_530),
    ];
    for (booked, expected) in rows {
        balance += booked;
        assert_eq!(balance, expected);
    }
}
