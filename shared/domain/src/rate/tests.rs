use proptest::prelude::*;

use super::*;

fn product(amount: &str, currency: Currency, rate: &str, rounding: Rounding) -> String {
    let base = Base::of(Money::parse(amount, currency).expect("amount"));
    Rate::parse(rate).expect("rate").of(&base, rounding).expect("in range").to_text()
}

#[test]
fn worked_products_hold() {
    use Rounding::{HalfAwayFromZero, HalfEven};
    let rows = [
        ("99.00", Currency::USD, "0.3", HalfAwayFromZero, "29.70"),
        ("0.05", Currency::USD, "0.5", HalfAwayFromZero, "0.03"),
        ("0.05", Currency::USD, "0.5", HalfEven, "0.02"),
        ("12345", Currency::JPY, "0.075", HalfAwayFromZero, "926"),
        ("10.005", Currency::KWD, "0.1", HalfAwayFromZero, "1.001"),
        ("10.005", Currency::KWD, "0.1", HalfEven, "1.000"),
        ("35.00", Currency::USD, "0.3", HalfAwayFromZero, "10.50"),
        ("227.07", Currency::USD, "0.2", HalfAwayFromZero, "45.41"),
        ("-0.05", Currency::USD, "0.5", HalfAwayFromZero, "-0.03"),
    ];
    for (amount, currency, rate, rounding, expected) in rows {
        assert_eq!(product(amount, currency, rate, rounding), expected, "{amount} {currency} × {rate} {rounding:?}");
    }
}

#[test]
fn a_rate_is_a_fraction_with_at_most_six_places() {
    for good in ["0", "1", "0.3", "0.000001", "1.000000", "0.3000000000"] {
        assert!(Rate::parse(good).is_ok(), "{good}");
    }
    let rows = [
        ("1.1", RateError::OutOfRange),
        ("30", RateError::OutOfRange),
        ("-0.1", RateError::OutOfRange),
        ("0.0000001", RateError::TooPrecise),
        ("30%", RateError::NotARate),
        (".3", RateError::NotARate),
        ("", RateError::NotARate),
        ("1e-1", RateError::NotARate),
    ];
    for (text, expected) in rows {
        assert_eq!(Rate::parse(text), Err(expected), "{text}");
    }
}

#[test]
fn a_base_of_a_zero_total_is_zero() {
    let zero = Money::zero(Currency::USD);
    let base = Base::share(zero, zero, zero).expect("in range");
    assert_eq!(Rate::parse("0.3").expect("rate").of(&base, Rounding::HalfAwayFromZero), Ok(zero));
}

proptest! {
    #[test]
    fn rounding_is_never_off_by_more_than_half(minor in 0_i64..1_000_000_000, millionths in 0_u32..=1_000_000) {
        let rate = Rate::parse(&format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)).expect("rate");
        let base = Base::of(Money::from_minor(minor, Currency::USD));
        let exact = i128::from(minor) * i128::from(millionths);
        for rounding in [Rounding::HalfAwayFromZero, Rounding::HalfEven] {
            let got = i128::from(rate.of(&base, rounding).expect("in range").minor()) * 1_000_000;
            prop_assert!((got - exact).abs() * 2 <= 1_000_000);
        }
    }

    #[test]
    fn a_negative_base_mirrors_a_positive_one(minor in 0_i64..1_000_000_000, millionths in 0_u32..=1_000_000) {
        let rate = Rate::parse(&format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)).expect("rate");
        for rounding in [Rounding::HalfAwayFromZero, Rounding::HalfEven] {
            let of = |minor| rate.of(&Base::of(Money::from_minor(minor, Currency::USD)), rounding).expect("in range");
            prop_assert_eq!(of(minor).negate(), Ok(of(-minor)));
        }
    }

    #[test]
    fn a_share_of_the_whole_is_the_part(part in 0_i64..1_000_000_000, whole in 1_i64..1_000_000_000) {
        let money = |minor| Money::from_minor(minor, Currency::USD);
        let base = Base::share(money(part), money(whole), money(whole)).expect("in range");
        prop_assert_eq!(base.shown(), Ok(money(part)));
    }
}
