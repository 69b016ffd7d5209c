//! Exact money: minor units of one currency, with checked arithmetic by name and no operators.

use std::fmt;

use thiserror::Error;

use crate::currency::Currency;

/// An amount of one currency. Never a float, never a bare integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount could not be read or computed.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum MoneyError {
    /// Not a plain decimal such as "250.50".
    #[error("not an amount; write a decimal string such as \"250.50\"")]
    NotAnAmount,
    /// More decimal places than the currency has.
    #[error("{currency} has {exponent} decimal places, the amount has {given}")]
    TooPrecise {
        /// The currency in question.
        currency: Currency,
        /// How many places it has.
        exponent: u32,
        /// How many were given.
        given: usize,
    },
    /// Outside what can be represented.
    #[error("amount out of range")]
    OutOfRange,
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be combined without an exchange rate")]
    CurrencyMismatch {
        /// The currency of the left side.
        left: Currency,
        /// The currency of the right side.
        right: Currency,
    },
    /// An amount below zero where only a positive one makes sense.
    #[error("amount must not be negative")]
    Negative,
}

/// How many places an amount may be told with, whatever its currency.
const PLACES_MAX: usize = 3;

impl MoneyError {
    /// Is it of the text alone? How many places an amount may have its currency says, and no form.
    #[must_use]
    pub fn is_form(&self) -> bool {
        match self {
            Self::NotAnAmount | Self::OutOfRange | Self::Negative => true,
            Self::TooPrecise { given, .. } => *given > PLACES_MAX,
            Self::CurrencyMismatch { .. } => false,
        }
    }
}

impl Money {
    /// An amount from minor units: 12345 USD is 123.45.
    #[must_use]
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a decimal string. "250.50", "-3", "0.5" are amounts; "+1", "1.", ".5", "1e3", " 1" are not.
    ///
    /// # Errors
    /// Not an amount, more places than the currency has, or out of range.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(MoneyError::NotAnAmount),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotAnAmount);
        }
        let exponent = currency.exponent();
        let given = fraction.len();
        let missing =
            (exponent as usize).checked_sub(given).ok_or(MoneyError::TooPrecise { currency, exponent, given })?;
        let joined: String = [whole, fraction, &"0".repeat(missing)].concat();
        let magnitude: i64 = joined.parse().map_err(|_| MoneyError::OutOfRange)?;
        let minor = if negative { magnitude.checked_neg().ok_or(MoneyError::OutOfRange)? } else { magnitude };
        Ok(Self { minor, currency })
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Below zero?
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Exactly nothing?
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// Currencies differ, or the sum is out of range.
    pub fn try_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The difference of two amounts of one currency.
    ///
    /// # Errors
    /// Currencies differ, or the difference is out of range.
    pub fn try_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The same amount the other way.
    ///
    /// # Errors
    /// The least representable amount has no opposite.
    pub fn negate(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The sum of many amounts of one currency.
    ///
    /// # Errors
    /// A currency differs, or the sum is out of range.
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>, currency: Currency) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::try_add)
    }

    /// The decimal text, with exactly the currency's places: "250.50", "926", "1.001".
    #[must_use]
    pub fn to_text(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_text())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.to_text(), self.currency)
    }
}

impl serde::Serialize for Money {
    /// As text: `250.50 USD`.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{} {}", self.to_text(), self.currency))
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let (amount, code) =
            text.split_once(' ').ok_or_else(|| serde::de::Error::custom("not an amount and its currency"))?;
        let currency = Currency::parse(code).map_err(serde::de::Error::custom)?;
        Self::parse(amount, currency).map_err(serde::de::Error::custom)
    }
}

/// An amount as it arrives in JSON: a decimal string whose currency stands beside it. A JSON number is refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct AmountText(String);

impl AmountText {
    /// The amount, once its currency is known.
    ///
    /// # Errors
    /// As [`Money::parse`].
    pub fn in_currency(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::parse(&self.0, currency)
    }

    /// The amount where a negative one makes no sense.
    ///
    /// # Errors
    /// As [`Money::parse`], or the amount is negative.
    pub fn not_negative_in(&self, currency: Currency) -> Result<Money, MoneyError> {
        let money = self.in_currency(currency)?;
        if money.is_negative() { Err(MoneyError::Negative) } else { Ok(money) }
    }
}

impl From<Money> for AmountText {
    fn from(money: Money) -> Self {
        Self(money.to_text())
    }
}

#[cfg(test)]
mod tests;
