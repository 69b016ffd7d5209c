//! Why a file is not made: always by name, and nothing is left out of a file instead.

use std::fmt;

use domain::currency::Currency;
use domain::id::{MethodId, PayoutId};
use domain::money::Money;
use domain::payee::Rail;
use thiserror::Error;

use crate::text::NotPlain;

/// What an entry of a file is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A payout.
    Payout(PayoutId),
    /// A trial without money, of a payment method.
    Prenote(MethodId),
    /// The originator's own side of a balanced batch.
    Offset,
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payout(payout) => write!(out, "payout {payout}"),
            Self::Prenote(method) => write!(out, "prenote of {method}"),
            Self::Offset => out.write_str("offset"),
        }
    }
}

/// A file that is not made: because of one payment, or because of all of them or the settings.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which payment, where it is one.
    pub about: Option<Subject>,
    /// Why.
    pub why: Why,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.about {
            Some(subject) => write!(out, "{subject}: {}", self.why),
            None => write!(out, "{}", self.why),
        }
    }
}

/// Why a file is not made.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is nothing to pay.
    #[error("there is no payment")]
    Empty,
    /// The same payment, or the same name of one, twice in a file.
    #[error("{0} is in the file twice")]
    Twice(&'static str),
    /// Nothing, or less than nothing.
    #[error("the amount {0:?} is not above zero")]
    NotPositive(Money),
    /// Another currency than the one that the file is in, or that the rail carries.
    #[error("the amount is in {found}, the file in {wanted}")]
    OtherCurrency {
        /// The payment's.
        found: Currency,
        /// The file's.
        wanted: Currency,
    },
    /// A currency that the rail does not carry.
    #[error("this rail does not carry {0}")]
    Currency(Currency),
    /// A payout's amount is not in the currency of its account.
    #[error("the amount is in {0}, which is not the currency of the payout")]
    NotOfItsAccount(Currency),
    /// More than fits, or than was allowed.
    #[error("the amount {amount:?} is above {limit}, the most that {what} takes")]
    AmountTooLarge {
        /// The amount.
        amount: Money,
        /// The limit, as text.
        limit: String,
        /// What takes no more.
        what: &'static str,
    },
    /// A rail without minor units for the currency.
    #[error("the amount {0:?} has a fraction, and this rail takes whole units of the currency only")]
    Fraction(Money),
    /// The sum cannot be held.
    #[error("the payments add up to more than can be held")]
    SumOutOfRange,
    /// Too many of something.
    #[error("{count} {what}; {limit} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Something that has to be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A text that is longer than its field.
    #[error("{what} has {count} characters; {limit} at most")]
    TooLong {
        /// Which.
        what: &'static str,
        /// How many characters.
        count: usize,
        /// How many fit.
        limit: usize,
    },
    /// A character that has no place in a field.
    #[error("{what} has {found:?}, which has no place there")]
    Character {
        /// Which.
        what: &'static str,
        /// The character.
        found: char,
    },
    /// A name or memo that cannot be written.
    #[error("{what} {fault}")]
    NotPlain {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        fault: NotPlain,
    },
    /// A text that a spreadsheet would run.
    #[error("{0} begins like a formula, which a spreadsheet would run")]
    Formula(&'static str),
    /// Details of a method of another rail.
    #[error("the details are those of the rail {}", .0.word())]
    OtherRail(Rail),
    /// Details that are not what they should be.
    #[error("{0}")]
    Details(crate::bank::Refused),
    /// A day that the calendar does not hold.
    #[error("the day is out of range")]
    DayOutOfRange,
    /// A setting that cannot be.
    #[error("{what} {expected}")]
    Setting {
        /// Which.
        what: &'static str,
        /// What is needed, as a clause.
        expected: &'static str,
    },
    /// A column that this program does not know how to fill.
    #[error("the column {0:?} is not known")]
    Column(String),
    /// The sheet could not be written.
    #[error("the sheet could not be written")]
    NotWritten,
}

impl Why {
    /// It is about a payout.
    #[must_use]
    pub fn of(self, payout: &PayoutId) -> Refused {
        Refused { about: Some(Subject::Payout(payout.clone())), why: self }
    }

    /// It is about all of it.
    #[must_use]
    pub fn of_all(self) -> Refused {
        Refused { about: None, why: self }
    }
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        why.of_all()
    }
}
