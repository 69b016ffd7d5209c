//! Rates, exact bases, and the one multiplication that turns them into money.

use std::fmt;

use rust_decimal::Decimal;
use thiserror::Error;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// How many decimal places a rate may have.
const PLACES_MAX: u32 = 6;
/// A rate of one, in millionths.
const ONE_IN_MILLIONTHS: i128 = 1_000_000;

/// What a mantissa of so many places is multiplied by to be millionths. A rate never has more than six.
const SCALE_UP: [i128; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// How a product is brought to the currency's places. Always named at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 0.5 goes away from zero: 2.5 → 3, −2.5 → −3. The default of commission.
    HalfAwayFromZero,
    /// 0.5 goes to the even neighbour.
    HalfEven,
}

/// A fraction from 0 to 1 with at most six places: 30 % is "0.3".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(Decimal);

/// Why a rate is refused.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum RateError {
    /// Not a plain decimal.
    #[error("not a rate; write a fraction as a decimal string, 30 % is \"0.3\"")]
    NotARate,
    /// Below 0 or above 1.
    #[error("a rate is a fraction from 0 to 1; 30 % is \"0.3\"")]
    OutOfRange,
    /// More than six places.
    #[error("a rate has at most 6 decimal places")]
    TooPrecise,
}

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// The whole.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Reads a fraction such as "0.3".
    ///
    /// # Errors
    /// Not a decimal, outside 0 to 1, or more than six places.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
        if !plain || text.is_empty() || text.starts_with('.') || text.ends_with('.') {
            return Err(RateError::NotARate);
        }
        let value = Decimal::from_str_exact(text).map_err(|_| RateError::NotARate)?;
        if value.is_sign_negative() && !value.is_zero() || value > Decimal::ONE {
            return Err(RateError::OutOfRange);
        }
        let value = value.normalize();
        if value.scale() > PLACES_MAX {
            return Err(RateError::TooPrecise);
        }
        Ok(Self(value))
    }

    /// This share of a base, rounded once.
    ///
    /// # Errors
    /// The product is out of range.
    pub fn of(self, base: &Base, rounding: Rounding) -> Result<Money, MoneyError> {
        base.times(self.millionths(), ONE_IN_MILLIONTHS, rounding)
    }

    /// As a percentage with at most two places, as others write it: "0.125" is "12.5". None where it has more places.
    #[must_use]
    pub fn to_percent(self) -> Option<String> {
        let millionths = self.millionths();
        (millionths % 100 == 0).then(|| Decimal::from_i128_with_scale(millionths / 100, 2).normalize().to_string())
    }

    /// A rate of so many millionths, at most one.
    pub(crate) fn of_millionths(millionths: u32) -> Self {
        Self(Decimal::new(i64::from(millionths.min(1_000_000)), PLACES_MAX).normalize())
    }

    pub(crate) fn millionths(self) -> i128 {
        self.0.mantissa() * SCALE_UP.get(self.0.scale() as usize).copied().unwrap_or(0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl serde::Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An exact amount that a rate applies to: a fraction of minor units, never rounded on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    numerator: i128,
    denominator: i128,
    currency: Currency,
}

impl Base {
    /// A whole amount.
    #[must_use]
    pub fn of(money: Money) -> Self {
        Self { numerator: i128::from(money.minor()), denominator: 1, currency: money.currency() }
    }

    /// `part × share / whole`, exact. A whole of zero makes a base of zero: nothing was sold.
    ///
    /// # Errors
    /// Currencies differ, or the product is out of range.
    pub fn share(part: Money, share: Money, whole: Money) -> Result<Self, MoneyError> {
        let currency = part.currency();
        for other in [share, whole] {
            if other.currency() != currency {
                return Err(MoneyError::CurrencyMismatch { left: currency, right: other.currency() });
            }
        }
        if whole.is_zero() {
            return Ok(Self { numerator: 0, denominator: 1, currency });
        }
        // Paid whole, as nearly always: nothing to divide.
        if part == whole {
            return Ok(Self::of(share));
        }
        // Each factor is brought to lowest terms by itself, so that all but the last product is of 64 bits.
        let (part, whole) = lowest(part.minor(), whole.minor());
        let (share, whole) = lowest(share.minor(), whole);
        Ok(Self { numerator: i128::from(part) * i128::from(share), denominator: i128::from(whole), currency })
    }

    /// `numerator / denominator` minor units, exact. A denominator of zero makes a base of zero.
    #[must_use]
    pub fn fraction(numerator: i128, denominator: i128, currency: Currency) -> Self {
        if denominator == 0 {
            return Self { numerator: 0, denominator: 1, currency };
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).unwrap_or(1).max(1);
        Self { numerator: numerator / divisor, denominator: denominator / divisor, currency }
    }

    /// The base as money, for showing: rounded half away from zero. Never computed with.
    ///
    /// # Errors
    /// The base is out of range.
    pub fn shown(&self) -> Result<Money, MoneyError> {
        self.rounded(Rounding::HalfAwayFromZero)
    }

    /// The whole of the base as money, rounded once.
    ///
    /// # Errors
    /// The base is out of range.
    pub fn rounded(&self, rounding: Rounding) -> Result<Money, MoneyError> {
        let minor = round_quotient(self.numerator, self.denominator, rounding);
        Ok(Money::from_minor(i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?, self.currency))
    }

    /// The base times a fraction, rounded once. The denominator is above zero.
    ///
    /// # Errors
    /// The product is out of range.
    pub(crate) fn times(&self, numerator: i128, denominator: i128, rounding: Rounding) -> Result<Money, MoneyError> {
        let numerator = self.numerator.checked_mul(numerator).ok_or(MoneyError::OutOfRange)?;
        let denominator = self.denominator.checked_mul(denominator).ok_or(MoneyError::OutOfRange)?;
        let minor = round_quotient(numerator, denominator, rounding);
        Ok(Money::from_minor(i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?, self.currency))
    }

    /// Below zero?
    #[must_use]
    pub fn is_negative(&self) -> bool {
        (self.numerator < 0) != (self.denominator < 0) && self.numerator != 0
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

/// `numerator / denominator`, rounded to a whole number. The denominator is never zero here: [`Base`] holds that.
pub(crate) fn round_quotient(numerator: i128, denominator: i128, rounding: Rounding) -> i128 {
    let (numerator, denominator) = if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
    let (quotient, remainder) = match (i64::try_from(numerator), i64::try_from(denominator)) {
        // Division of 64 bits takes a fraction of the time, and nearly everything fits.
        (Ok(left), Ok(right)) => (i128::from(left / right), i128::from(left % right)),
        _ => (numerator / denominator, numerator % denominator),
    };
    let remainder = remainder.unsigned_abs();
    let twice = remainder.saturating_mul(2);
    let half = denominator.unsigned_abs();
    let away = match rounding {
        Rounding::HalfAwayFromZero => twice >= half,
        Rounding::HalfEven => twice > half || (twice == half && quotient % 2 != 0),
    };
    if away { quotient + numerator.signum() } else { quotient }
}

/// Both by their greatest common divisor.
fn lowest(left: i64, right: i64) -> (i64, i64) {
    let (mut one, mut other) = (left.unsigned_abs(), right.unsigned_abs());
    while other != 0 {
        (one, other) = (other, one % other);
    }
    // A divisor of 2^63 divides only what it leaves as a unit; such amounts are divided by one.
    let divisor = i64::try_from(one).unwrap_or(1).max(1);
    (left / divisor, right / divisor)
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests;
