//! Exchange: a stored rate with its source and time, and the one multiplication that it makes.

use std::fmt;

use rust_decimal::Decimal;
use thiserror::Error;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::rate::{Rounding, round_quotient};
use crate::time::Timestamp;

/// How many decimal places a rate of exchange may have.
const PLACES_MAX: u32 = 10;
/// The greatest rate: more would be a slip of the finger.
const RATE_MAX: i64 = 10_000_000;

/// How many units of one currency are given for one unit of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FxRate(Decimal);

/// Why a rate of exchange is refused.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum FxRateError {
    /// Not a plain decimal.
    #[error("not a rate; write the units given for one unit as a decimal string such as \"1.0837\"")]
    NotARate,
    /// Zero, below it, or absurdly large.
    #[error("a rate of exchange is above 0 and at most 10000000")]
    OutOfRange,
    /// More than ten places.
    #[error("a rate of exchange has at most 10 decimal places")]
    TooPrecise,
}

impl FxRate {
    /// Reads a decimal such as "1.0837".
    ///
    /// # Errors
    /// Not a decimal, not above zero, too large, or more than ten places.
    pub fn parse(text: &str) -> Result<Self, FxRateError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
        if !plain || text.is_empty() || text.starts_with('.') || text.ends_with('.') {
            return Err(FxRateError::NotARate);
        }
        let value = Decimal::from_str_exact(text).map_err(|_| FxRateError::NotARate)?.normalize();
        if value.is_sign_negative() || value.is_zero() || value > Decimal::from(RATE_MAX) {
            return Err(FxRateError::OutOfRange);
        }
        if value.scale() > PLACES_MAX { Err(FxRateError::TooPrecise) } else { Ok(Self(value)) }
    }

    /// What an amount is in another currency, rounded once, half away from zero, to that currency's own places.
    ///
    /// # Errors
    /// Out of range.
    pub fn convert(self, amount: Money, into: Currency) -> Result<Money, MoneyError> {
        // LED-6: one multiplication of whole numbers, one rounding, to the ISO exponent of what is received.
        let up = 10_i128.pow(into.exponent());
        let down = 10_i128.pow(amount.currency().exponent() + self.0.scale());
        let product =
            i128::from(amount.minor()).checked_mul(self.0.mantissa()).and_then(|product| product.checked_mul(up));
        let minor = round_quotient(product.ok_or(MoneyError::OutOfRange)?, down, Rounding::HalfAwayFromZero);
        Ok(Money::from_minor(i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?, into))
    }
}

impl fmt::Display for FxRate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl fmt::Debug for FxRate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl serde::Serialize for FxRate {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for FxRate {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A rate as it is stored: never changed, another one follows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StoredRate {
    /// One unit of this …
    pub from: Currency,
    /// … is so many of that.
    pub to: Currency,
    /// How many.
    pub rate: FxRate,
    /// Who says so: a bank, a feed.
    pub source: String,
    /// For when it was told.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_of_exchange_is_a_plain_decimal_above_zero() {
        for (text, expected) in [
            ("1.0837", Ok("1.0837")),
            ("0.0000000001", Ok("0.0000000001")),
            ("1.500", Ok("1.5")),
            ("10000000", Ok("10000000")),
            ("10000000.1", Err(FxRateError::OutOfRange)),
            ("0", Err(FxRateError::OutOfRange)),
            ("-1", Err(FxRateError::OutOfRange)),
            ("0.00000000001", Err(FxRateError::TooPrecise)),
            ("1e3", Err(FxRateError::NotARate)),
            ("+1", Err(FxRateError::NotARate)),
            ("1_0", Err(FxRateError::NotARate)),
            ("", Err(FxRateError::NotARate)),
            (".5", Err(FxRateError::NotARate)),
            ("1,08", Err(FxRateError::NotARate)),
        ] {
            assert_eq!(FxRate::parse(text).map(|rate| rate.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    /// LED-6: rounded once, half away from zero, to the exponent of the currency received.
    #[test]
    fn an_amount_is_converted_to_the_places_of_its_new_currency() {
        for (amount, from, rate, into, expected) in [
            ("100.00", "EUR", "1.0837", "USD", "108.37"),
            ("0.05", "EUR", "0.1", "USD", "0.01"),
            ("-0.05", "EUR", "0.1", "USD", "-0.01"),
            ("10.00", "USD", "149.555", "JPY", "1496"),
            ("1496", "JPY", "0.0066865", "USD", "10.00"),
            ("10.00", "USD", "0.30785", "KWD", "3.079"),
            ("3.079", "KWD", "3.2483351", "USD", "10.00"),
            ("1", "JPY", "0.002", "KWD", "0.002"),
        ] {
            let currency = |code| Currency::parse(code).expect("a currency");
            let amount = Money::parse(amount, currency(from)).expect("money");
            let converted = FxRate::parse(rate).expect("a rate").convert(amount, currency(into));
            assert_eq!(converted.map(Money::to_text), Ok(expected.to_owned()), "{amount} {from} at {rate}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_an_error() {
        let most = Money::from_minor(i64::MAX, Currency::JPY);
        let rate = FxRate::parse("10000000").expect("a rate");
        assert_eq!(rate.convert(most, Currency::KWD), Err(MoneyError::OutOfRange));
    }

    proptest! {
        #[test]
        fn the_pair_is_the_rate_to_half_a_unit_and_the_sign_mirrors(
            minor in -1_000_000_000_000_i64..1_000_000_000_000, mantissa in 1_i64..100_000_000_000, scale in 0_u32..=10,
        ) {
            let value = Decimal::new(mantissa, scale);
            prop_assume!(value <= Decimal::from(RATE_MAX));
            let rate = FxRate(value.normalize());
            for into in [Currency::EUR, Currency::JPY, Currency::KWD] {
                let amount = Money::from_minor(minor, Currency::USD);
                let Ok(converted) = rate.convert(amount, into) else { continue };
                // |converted × 10^scale × 10^2 − minor × mantissa × 10^exponent| ≤ half of 10^(scale + 2).
                let unit = 10_i128.pow(scale + 2);
                let exact = i128::from(minor) * i128::from(mantissa) * 10_i128.pow(into.exponent());
                let off = (i128::from(converted.minor()) * unit - exact).abs();
                prop_assert!(off * 2 <= unit, "off by {} of {}", off, unit);
                let mirrored = rate.convert(amount.negate().expect("money"), into);
                prop_assert_eq!(mirrored, converted.negate());
            }
        }
    }
}
