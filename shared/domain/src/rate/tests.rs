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
        ("+0.3", RateError::NotARate),
        ("0.3_0", RateError::NotARate),
        ("0.", RateError::NotARate),
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

#[test]
fn a_quotient_is_rounded_by_the_rounding_that_is_named() {
    // Numerator, denominator, half away from zero, half to even.
    let rows = [
        (5, 2, 3, 2),
        (7, 2, 4, 4),
        (-5, 2, -3, -2),
        (5, -2, -3, -2),
        (-5, -2, 3, 2),
        (1, 2, 1, 0),
        (-1, 2, -1, 0),
        (3, 2, 2, 2),
        (49, 100, 0, 0),
        (51, 100, 1, 1),
        (149, 100, 1, 1),
        (0, 7, 0, 0),
        (7, 1, 7, 7),
    ];
    for (numerator, denominator, away, even) in rows {
        assert_eq!(
            round_quotient(numerator, denominator, Rounding::HalfAwayFromZero),
            away,
            "{numerator}/{denominator}"
        );
        assert_eq!(round_quotient(numerator, denominator, Rounding::HalfEven), even, "{numerator}/{denominator}");
    }
}

#[test]
fn a_base_is_a_fraction_in_lowest_terms_with_a_sign() {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    for (numerator, denominator, shown, is_negative) in [
        (10, 4, 3, false),
        (-10, 4, -3, true),
        (10, -4, -3, true),
        (-10, -4, 3, false),
        (0, -4, 0, false),
        (7, 0, 0, false),
    ] {
        let base = Base::fraction(numerator, denominator, Currency::USD);
        assert_eq!((base.shown(), base.is_negative()), (Ok(usd(shown)), is_negative), "{numerator}/{denominator}");
        assert_eq!(base.currency(), Currency::USD);
    }
    assert_eq!(Base::fraction(50, 100, Currency::USD), Base::fraction(1, 2, Currency::USD));
    // Half of 0.03 is kept exact: a rate of a half then makes 0.0075 of it, which is 0.01.
    let half = Base::share(usd(3), usd(1), usd(2)).expect("in range");
    assert_eq!(Rate::parse("0.5").expect("rate").of(&half, Rounding::HalfAwayFromZero), Ok(usd(1)));
    assert_eq!((half.rounded(Rounding::HalfEven), half.rounded(Rounding::HalfAwayFromZero)), (Ok(usd(2)), Ok(usd(2))));
}

#[test]
fn a_base_out_of_range_or_of_two_currencies_is_refused() {
    let (usd, eur) = (Money::from_minor(5, Currency::USD), Money::from_minor(5, Currency::EUR));
    let mixed = Err(MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR });
    assert_eq!(Base::share(usd, eur, usd), mixed);
    assert_eq!(Base::share(usd, usd, eur), mixed);
    let most = Base::fraction(i128::from(i64::MAX) + 1, 1, Currency::USD);
    assert_eq!(most.shown(), Err(MoneyError::OutOfRange));
    assert_eq!(Rate::ONE.of(&most, Rounding::HalfEven), Err(MoneyError::OutOfRange));
    let huge = Base::fraction(i128::MAX, 1, Currency::USD);
    assert_eq!(Rate::ONE.of(&huge, Rounding::HalfEven), Err(MoneyError::OutOfRange));
}

#[test]
fn a_rate_is_read_in_millionths_and_shown_as_short_as_it_is() {
    for (text, millionths, shown) in [
        ("0", 0, "0"),
        ("1", 1_000_000, "1"),
        ("0.3", 300_000, "0.3"),
        ("0.30", 300_000, "0.3"),
        ("0.000001", 1, "0.000001"),
        ("0.125", 125_000, "0.125"),
    ] {
        let rate = Rate::parse(text).expect("rate");
        assert_eq!(
            (rate.millionths(), rate.to_string(), format!("{rate:?}")),
            (millionths, shown.to_owned(), shown.to_owned())
        );
        assert_eq!(Rate::of_millionths(u32::try_from(millionths).expect("small")), rate);
        assert_eq!(serde_json::to_string(&rate).ok(), Some(format!("\"{shown}\"")));
    }
    assert_eq!(Rate::of_millionths(1_000_001), Rate::ONE);
    assert!(serde_json::from_str::<Rate>("\"1.5\"").is_err() && serde_json::from_str::<Rate>("0.5").is_err());
}

#[test]
fn the_worked_values_of_fees_withholding_and_a_month_of_revenue_hold() {
    // MON-5: worked values 13, 14 and 15, as plain arithmetic. Where tax is withheld and fees are charged 13 and 14 have
    // tests of their own; nothing tells the recurring revenue of 15 yet.
    let usd = |text: &str| Money::parse(text, Currency::USD).expect("money");
    let share = |of: &str, amount: Money| {
        Rate::parse(of).expect("rate").of(&Base::of(amount), Rounding::HalfAwayFromZero).expect("in range")
    };
    let less = |from: Money, taken: Money| from.try_sub(taken).expect("in range");
    // An award of 100,000 with a fee of 300, and a quarter less a hundredth withheld of the gross, or of what is left.
    let (award, fee) = (usd("100000"), usd("300"));
    let net = less(award, fee);
    assert_eq!(less(net, share("0.24", award)).to_text(), "75700.00");
    assert_eq!(less(net, share("0.24", net)).to_text(), "75772.00");
    // A fee of 5 % and 0.50.
    for (amount, expected) in [("100.00", "5.50"), ("19.99", "1.50")] {
        let fee = share("0.05", usd(amount)).try_add(usd("0.50"));
        assert_eq!(fee.map(|fee| fee.to_text()), Ok(expected.to_owned()), "{amount}");
    }
    // A month of what is paid so often a year: exact until it is rounded.
    for (paid, times, expected) in [("1200", 1, "100.00"), ("30", 52, "130.00"), ("10", 365, "304.17")] {
        let base = Base::fraction(i128::from(usd(paid).minor()) * times, 12, Currency::USD);
        let month = base.rounded(Rounding::HalfAwayFromZero).map(|month| month.to_text());
        assert_eq!(month, Ok(expected.to_owned()), "{paid} {times} times");
    }
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

    #[test]
    fn a_share_in_lowest_terms_is_the_exact_fraction(
        part in -(1_i64 << 40)..1 << 40, share in -(1_i64 << 40)..1 << 40, whole in -(1_i64 << 40)..1 << 40
    ) {
        let money = |minor| Money::from_minor(minor, Currency::USD);
        let base = Base::share(money(part), money(share), money(whole)).expect("in range");
        prop_assert_eq!(base.numerator * i128::from(whole), i128::from(part) * i128::from(share) * base.denominator * i128::from(whole != 0));
    }

    #[test]
    fn a_quotient_is_rounded_alike_whether_it_fits_64_bits_or_not(numerator in any::<i64>(), denominator in 1_i64..1_000_000) {
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
        for rounding in [Rounding::HalfAwayFromZero, Rounding::HalfEven] {
            let wide = round_quotient(numerator << 40, denominator << 40, rounding);
            prop_assert_eq!(round_quotient(numerator, denominator, rounding), wide);
            prop_assert_eq!(round_quotient(-numerator, -denominator, rounding), wide);
        }
    }
}

#[test]
fn a_percentage_has_at_most_two_places() {
    let rows = [
        ("0", Some("0")),
        ("1", Some("100")),
        ("0.3", Some("30")),
        ("0.125", Some("12.5")),
        ("0.0001", Some("0.01")),
        ("0.00001", None),
        ("0.123456", None),
    ];
    for (rate, expected) in rows {
        assert_eq!(Rate::parse(rate).expect("a rate").to_percent().as_deref(), expected, "{rate}");
    }
}
