//! What a provider keeps of a payment, where it does not say so itself.

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rounding};

/// Lemon Squeezy's share, in hundredths.
const LEMON_SQUEEZY_HUNDREDTHS: i128 = 5;
/// What it keeps of each payment besides, in hundredths of a dollar.
const LEMON_SQUEEZY_CENTS: i128 = 50;

/// PAY-14: Lemon Squeezy keeps 5 % and 0.50 of each payment, rounded once. The fifty cents are dollars: of a payment in
/// another currency they are as many as the payment's own rate to the dollar says, and left out where it says none.
///
/// # Errors
/// Out of range.
pub fn lemon_squeezy(total: Money, dollars_each: Option<Decimal>) -> Result<Money, MoneyError> {
    let currency = total.currency();
    if total.is_zero() {
        return Ok(total);
    }
    let share = i128::from(total.minor()) * LEMON_SQUEEZY_HUNDREDTHS;
    let Some((fixed, parts)) = fixed(currency, dollars_each) else {
        return Base::fraction(share, 100, currency).rounded(Rounding::HalfAwayFromZero);
    };
    let whole =
        share.checked_mul(parts).zip(fixed.checked_mul(100)).and_then(|(share, fixed)| share.checked_add(fixed));
    let (Some(whole), Some(of)) = (whole, parts.checked_mul(100)) else { return Err(MoneyError::OutOfRange) };
    Base::fraction(whole, of, currency).rounded(Rounding::HalfAwayFromZero)
}

/// The fifty cents in minor units of a currency, as a fraction.
fn fixed(currency: Currency, dollars_each: Option<Decimal>) -> Option<(i128, i128)> {
    if currency == Currency::USD {
        return Some((LEMON_SQUEEZY_CENTS, 1));
    }
    let rate = dollars_each.filter(|rate| *rate > Decimal::ZERO)?.normalize();
    let minor = 10_i128.checked_pow(currency.exponent())?;
    let scale = 10_i128.checked_pow(rate.scale())?;
    let fixed = LEMON_SQUEEZY_CENTS.checked_mul(minor)?.checked_mul(scale)?;
    Some((fixed, rate.mantissa().checked_mul(100)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_values_of_the_fee_of_5_percent_and_50_cents() {
        // PAY-14: (total, dollars each, fee)
        let rows = [
            ("100.00", "USD", None, "5.50"),
            ("19.99", "USD", None, "1.50"),
            ("0.00", "USD", None, "0.00"),
            ("0.01", "USD", None, "0.50"),
            // Half of it away from zero: 0.005 and 0.50.
            ("0.10", "USD", None, "0.51"),
            ("100.00", "USD", Some("9"), "5.50"),
            ("100.00", "EUR", Some("1.25"), "5.40"),
            ("100.00", "EUR", Some("1.00000000"), "5.50"),
            ("100.00", "EUR", None, "5.00"),
            ("100.00", "EUR", Some("0"), "5.00"),
            ("10000", "JPY", Some("0.0064"), "578"),
            ("10.000", "KWD", Some("3.25"), "0.654"),
        ];
        for (total, code, rate, expected) in rows {
            let currency = Currency::parse(code).expect("currency");
            let total = Money::parse(total, currency).expect("amount");
            let rate = rate.map(|rate| rate.parse().expect("a number"));
            let fee = lemon_squeezy(total, rate).expect("in range");
            assert_eq!(fee.to_text(), expected, "{total} {code} at {rate:?}");
        }
    }

    #[test]
    fn no_total_makes_it_panic() {
        for minor in [i64::MAX, 1, i64::MAX / 5] {
            let total = Money::from_minor(minor, Currency::EUR);
            for rate in ["0.0000000000000000000000000001", "79228162514264337593543950335", "1.1"] {
                let fee = lemon_squeezy(total, Some(rate.parse().expect("a number")));
                assert!(fee.is_err() || fee.is_ok_and(|fee| !fee.is_negative()), "{minor} {rate}");
            }
        }
    }
}
