use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::rate::Rounding;
use crate::time::BusinessDay;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn sale(paid: i64, total: i64, tax: i64) -> Sale {
    let at: Timestamp = "2026-11-21T23:30:00Z".parse().expect("instant");
    let day = BusinessDay::parse("2026-11-21").expect("day");
    let plain = Sale::plain(PaymentKey::parse("stripe:in_1").expect("key"), usd(paid), at, day);
    Sale { total: usd(total), tax: usd(tax), ..plain }
}

fn base(sale: &Sale, policy: BasePolicy) -> i64 {
    base_of(sale, policy).and_then(|base| base.shown()).expect("in range").minor()
}

#[test]
fn the_base_is_net_of_tax_always_and_of_shipping_and_fees_as_the_version_says() {
    let sold = Sale { shipping: usd(1_000), fees: usd(500), ..sale(12_000, 12_000, 2_000) };
    let rows = [(true, true, 8_500), (true, false, 9_000), (false, true, 9_500), (false, false, 10_000)];
    for (net_of_shipping, net_of_fees, expected) in rows {
        assert_eq!(base(&sold, BasePolicy { net_of_shipping, net_of_fees }), expected);
    }
    assert_eq!(base(&sold, BasePolicy::default()), 9_000);
}

#[test]
fn the_base_follows_what_was_paid_and_never_exceeds_what_was_sold() {
    let rows = [
        // COM-12: the total without its tax, whole, half paid, overpaid.
        (24_512, 24_512, 1_805, 22_707),
        (12_256, 24_512, 1_805, 11_354),
        (30_000, 24_512, 1_805, 22_707),
        (0, 24_512, 1_805, 0),
        // Nothing was asked: nothing was sold.
        (500, 0, 0, 0),
        (0, 0, 0, 0),
    ];
    for (paid, total, tax, expected) in rows {
        assert_eq!(base(&sale(paid, total, tax), BasePolicy::default()), expected, "{paid} of {total}");
    }
}

#[test]
fn a_base_of_two_currencies_is_refused() {
    let mixed = Sale { tax: Money::zero(Currency::EUR), ..sale(100, 100, 0) };
    assert!(matches!(base_of(&mixed, BasePolicy::default()), Err(MoneyError::CurrencyMismatch { .. })));
}

#[test]
fn the_hold_ends_on_a_day_of_the_ledgers_zone() {
    let at = sale(1, 1, 0).occurred_at;
    for (zone, hold_days, slot) in
        [("UTC", 30, "261221.00"), ("Europe/Berlin", 30, "261222.00"), ("UTC", 0, "261121.00")]
    {
        let zone = Zone::parse(zone).expect("zone");
        assert_eq!(slot_after(at, hold_days, &zone).map(|slot| slot.to_string()), Ok(slot.to_owned()));
    }
    let end: Timestamp = "2099-12-31T12:00:00Z".parse().expect("instant");
    assert_eq!(slot_after(end, 1, &Zone::utc()), Err(CommissionError::Date(DateOutOfRange)));
}

proptest! {
    #[test]
    fn the_bases_of_the_parts_add_up_to_the_base_of_the_sale(
        parts in proptest::collection::vec(0_i64..1_000_000, 1..8), tax in 0_i64..1_000, more in 0_i64..1_000
    ) {
        let paid = parts.iter().fold(0_i64, |sum, part| sum.saturating_add(*part));
        let sold = sale(paid, paid + more, tax.min(paid));
        // Compared in thousandths of thousandths, rounded once each: exact parts differ by their own rounding at most.
        let millions = |base: Base| base.times(1_000_000, 1, Rounding::HalfEven).expect("in range").minor();
        let whole = millions(base_of(&sold, BasePolicy::default()).expect("base"));
        let sum = parts.iter().fold(0, |sum, part| {
            sum + millions(base_of_part(usd(*part), &sold, BasePolicy::default()).expect("base"))
        });
        prop_assert!((whole - sum).abs() <= i64::try_from(parts.len()).expect("few"), "{} and {}", whole, sum);
    }
}
