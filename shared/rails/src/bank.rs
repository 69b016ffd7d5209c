//! The numbers and names by which banks know an account.
//!
//! Each is parsed at the door and true from then on. None has a `Display`: what prints one has to say `expose`.
//! `Debug` shows the last four characters at most.

use std::fmt;

use thiserror::Error;

mod account;
mod bic;
mod iban;
mod paypal;
mod routing;

pub use account::AccountNumber;
pub use bic::Bic;
pub use iban::{Iban, country_name};
pub use paypal::PayPalAddress;
pub use routing::RoutingNumber;

/// What is wrong with a number that somebody typed, in words for that person.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Nothing was given.
    #[error("{0} is missing")]
    Missing(Field),
    /// A character that has no place there.
    #[error("{field} may hold {allowed} only; it has {}", shown(*found))]
    Character {
        /// Which number.
        field: Field,
        /// What may stand there.
        allowed: &'static str,
        /// What stands there.
        found: char,
    },
    /// Too short or too long.
    #[error("{field} has {} characters; {expected}", count)]
    Length {
        /// Which number.
        field: Field,
        /// What was expected, as a clause.
        expected: String,
        /// How many there are.
        count: usize,
    },
    /// The check digits do not fit the rest.
    #[error("{0} has a typing mistake: its check digit does not fit the other digits")]
    CheckDigit(Field),
    /// No bank has a number that begins so.
    #[error("no bank in the United States has a routing number that begins with {0}")]
    RoutingRange(String),
    /// A number that is often typed in place of a real one.
    #[error("{0} is an example number, not one of a real account")]
    Example(Field),
    /// An IBAN of a country that has none.
    #[error("{0} is not a country with an IBAN; an IBAN begins with two letters such as GB or DE")]
    Country(String),
    /// Another shape than the one that is needed.
    #[error("{field} {expected}")]
    Shape {
        /// Which number.
        field: Field,
        /// What is needed, as a clause.
        expected: &'static str,
    },
}

impl Refused {
    /// Is it wrong by its length and characters alone? Otherwise it is written as one is, and is none.
    #[must_use]
    pub fn is_form(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Character { .. } => true,
            // How long an IBAN is its country says.
            Self::Length { field, .. } => *field != Field::Iban,
            Self::CheckDigit(_) | Self::RoutingRange(_) | Self::Example(_) | Self::Country(_) | Self::Shape { .. } => {
                false
            }
        }
    }
}

/// What a refusal is about, as a payee calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A routing number of the United States.
    RoutingNumber,
    /// An account's number there.
    AccountNumber,
    /// An IBAN.
    Iban,
    /// A BIC.
    Bic,
    /// The address of a PayPal account.
    PayPalAddress,
    /// What a bank asks to be changed.
    CorrectedData,
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::RoutingNumber => "the routing number",
            Self::AccountNumber => "the account number",
            Self::Iban => "the IBAN",
            Self::Bic => "the BIC (SWIFT code)",
            Self::PayPalAddress => "the PayPal address",
            Self::CorrectedData => "the corrected data",
        })
    }
}

/// A character as a person can see it.
fn shown(found: char) -> String {
    if found == ' ' { "a blank".to_owned() } else { format!("{:?}", found.to_string()) }
}

/// The last four characters; nothing of a text that short, which would be all of it.
pub(crate) fn last_four(text: &str) -> &str {
    let from = text.len().saturating_sub(4);
    if from == 0 { "" } else { text.get(from..).unwrap_or_default() }
}

/// For `Debug`: a mark, and the last four.
pub(crate) fn masked(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(out, "****{}", last_four(text))
}

macro_rules! secret_text {
    ($name:ident) => {
        impl $name {
            /// The whole text, for the file that goes to the bank and for sealing. Never for a log.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// The last four characters, which may be shown.
            #[must_use]
            pub fn last_four(&self) -> &str {
                crate::bank::last_four(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::bank::masked(&self.0, out)
            }
        }
    };
}
pub(crate) use secret_text;

#[cfg(test)]
mod tests;
