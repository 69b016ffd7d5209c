//! The worked values of the money, each under the rule that it is a value of.

use super::given::{World, amounts, invoice, money, net, partner, percent, program, rate, usd, version};
use crate::currency::Currency;
use crate::line::PartKind;
use crate::money::Money;
use crate::rate::Rounding;
use crate::rule::{Band, BandMode, Bands, Reward, Terms, VolumeBonus};
use crate::sale::Sale;

fn rounding(reward: Reward, rounding: Rounding) -> Terms {
    Terms { rounding, ..Terms::simple(reward, 30) }
}

#[test]
fn the_worked_values_of_a_line_hold() {
    // COM-2, MON-5: a share of the base, rounded once, in three kinds of currency; the last is an upgrade's proration.
    let (away, even) = (Rounding::HalfAwayFromZero, Rounding::HalfEven);
    let rows = [
        (usd("99.00"), "0.3", away, "29.70"),
        (usd("0.05"), "0.5", away, "0.03"),
        (usd("0.05"), "0.5", even, "0.02"),
        (money("12345", Currency::JPY), "0.075", away, "926"),
        (money("10.005", Currency::KWD), "0.1", away, "1.001"),
        (money("10.005", Currency::KWD), "0.1", even, "1.000"),
        (usd("35.00"), "0.3", away, "10.50"),
    ];
    for (paid, share, rounds, expected) in rows {
        let world = World::of(rounding(percent(share), rounds));
        assert_eq!(world.commissions(&[invoice("in_1", "2026-11-21", paid)]), [expected], "{paid:?} at {share}");
    }
}

#[test]
fn the_worked_values_of_rounding_hold() {
    // MON-5: base, rate, half away from zero, half even.
    let rows = [
        (1999, "0.2", 400, 400),
        (4999, "0.125", 625, 625),
        (25, "0.1", 3, 2),
        (15, "0.1", 2, 2),
        (5, "0.5", 3, 2),
        (1, "0.5", 1, 0),
        (12_345, "0.175", 2160, 2160),
    ];
    for (base, share, away, even) in rows {
        for (rounds, expected) in [(Rounding::HalfAwayFromZero, away), (Rounding::HalfEven, even)] {
            let world = World::of(rounding(percent(share), rounds));
            let expected = Money::from_minor(expected, Currency::USD).to_text();
            let sold = invoice("in_1", "2026-11-21", Money::from_minor(base, Currency::USD));
            assert_eq!(world.commissions(&[sold]), [expected], "{base} at {share}, {rounds:?}");
        }
    }
}

#[test]
fn the_worked_values_of_a_volume_bonus_hold() {
    // COM-8: one rounding at the end of base × rate × (1 + bonus); the bonus is what is beyond the commission.
    let rows = [
        ("1.05", "0.1", "0.25", "0.11", "0.02"),
        ("49.00", "0.3", "0.05", "14.70", "0.74"),
        ("49.99", "0.125", "0.1", "6.25", "0.62"),
    ];
    for (paid, share, bonus, commission, more) in rows {
        let bonus = VolumeBonus { from: usd("0"), bonus: rate(bonus) };
        let world = World::of(Terms { volume_bonus: Some(bonus), ..Terms::simple(percent(share), 30) });
        let assessed = world.assess(&[invoice("in_1", "2026-11-21", usd(paid))]);
        assert_eq!(amounts(&assessed, 1, PartKind::Commission), [commission], "{paid}");
        assert_eq!(amounts(&assessed, 1, PartKind::VolumeBonus), [more], "{paid}");
    }
}

fn bands(mode: BandMode) -> Terms {
    let steps = [("0", "0.2"), ("10000", "0.25"), ("25000", "0.3")];
    let steps = steps.map(|(from, share)| Band { from: usd(from), rate: rate(share) }).to_vec();
    Terms { bands: Some(Bands { mode, steps }), ..Terms::simple(Reward::Banded, 30) }
}

fn in_parts(parts: &[&str]) -> Vec<Sale> {
    parts.iter().enumerate().map(|(n, paid)| invoice(&format!("in_{n}"), "2026-11-21", usd(paid))).collect()
}

#[test]
fn the_worked_values_of_bands_hold_for_sales_in_a_month() {
    // COM-7: however the volume is cut into sales; a band begins at its border, itself included.
    let rows = [
        (BandMode::Marginal, vec!["26000"], 605_000),
        (BandMode::Marginal, vec!["9999.99", "0.01", "15000", "1000"], 605_000),
        (BandMode::Retroactive, vec!["26000"], 780_000),
        (BandMode::Retroactive, vec!["9999.99", "0.01", "15000", "1000"], 780_000),
        (BandMode::Retroactive, vec!["24999.99"], 625_000),
        (BandMode::Retroactive, vec!["24999.99", "0.01"], 750_000),
        (BandMode::Marginal, vec!["9999.99"], 200_000),
    ];
    for (mode, parts, expected) in rows {
        let sales = in_parts(&parts);
        let assessed = World::of(bands(mode)).assess(&sales);
        assert_eq!(net(&assessed, &sales, 1), expected, "{mode:?} {parts:?}");
    }
}

#[test]
fn retroactive_bands_book_sales_at_the_first_rate_and_the_difference_once_for_the_month() {
    let sales = in_parts(&["20000", "6000"]);
    let assessed = World::of(bands(BandMode::Retroactive)).assess(&sales);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["4000.00", "1200.00"]);
    let periods: Vec<_> = assessed.periods.iter().map(|period| (period.key(), period.amount.to_text())).collect();
    let key = format!("bands/{}/{}/USD/2026-11", program(), partner(1));
    assert_eq!(periods, [(key, "2600.00".to_owned())]);
}

#[test]
fn the_rule_in_force_when_the_sale_happened_applies() {
    // COM-4: 30 % until the change, 20 % from its instant on; when it is booked does not matter.
    let world = World::versions(vec![
        version(2, "2026-11-21T00:00:00Z", Terms::simple(percent("0.2"), 30)),
        version(1, "2026-01-01", Terms::simple(percent("0.3"), 30)),
    ]);
    let rows =
        [("2026-11-20T23:59:59.999Z", vec!["30.00"]), ("2026-11-21T00:00:00Z", vec!["20.00"]), ("2025-12-31", vec![])];
    for (when, expected) in rows {
        let sold = invoice("in_1", when, usd("100.00"));
        assert_eq!(world.commissions(std::slice::from_ref(&sold)), expected, "{when}");
        let without_rule = &world.assess(&[sold]).sales[0].without_rule;
        assert_eq!(without_rule.is_empty(), !expected.is_empty(), "{when}");
    }
}

#[test]
fn a_flat_reward_pays_its_amount_in_its_own_currency_only() {
    let world = World::of(Terms::simple(Reward::Flat(usd("5.00")), 30));
    let rows = [
        (usd("99.00"), "5.00", crate::commission::EarningReason::Flat),
        (money("99.00", Currency::EUR), "0.00", crate::commission::EarningReason::OtherCurrency),
        (usd("0"), "0.00", crate::commission::EarningReason::NothingPaid),
    ];
    for (paid, expected, reason) in rows {
        let assessed = world.assess(&[invoice("in_1", "2026-11-21", paid)]);
        let earning = &assessed.sales[0].earnings[0];
        assert_eq!((earning.amount.to_text().as_str(), earning.trace.reason), (expected, reason), "{paid:?}");
    }
}

#[test]
fn com_12_where_more_is_taken_off_than_was_paid_a_share_is_one_of_nothing() {
    let net_of_fees = crate::rule::BasePolicy { net_of_shipping: true, net_of_fees: true };
    let rows = [
        // Paid, tax, shipping, fees: what is left, at a half.
        ("10.00", "1.00", "2.00", "3.00", "2.00"),
        ("10.00", "1.00", "2.00", "7.00", "0.00"),
        ("10.00", "1.00", "2.00", "8.00", "0.00"),
    ];
    for (paid, tax, shipping, fees, expected) in rows {
        let sold = Sale {
            tax: usd(tax),
            shipping: usd(shipping),
            fees: usd(fees),
            ..invoice("in_1", "2026-11-21", usd(paid))
        };
        for (reward, expected) in [(percent("0.5"), expected), (Reward::Flat(usd("5.00")), "5.00")] {
            let terms = Terms { base: net_of_fees, ..Terms::simple(reward, 30) };
            let assessed = World::of(terms).assess(std::slice::from_ref(&sold));
            let earning = &assessed.sales[0].earnings[0];
            assert_eq!(earning.amount.to_text(), expected, "{paid} less {tax}, {shipping}, {fees}");
            assert_ne!(earning.trace.reason, crate::commission::EarningReason::NothingPaid);
        }
    }
}
