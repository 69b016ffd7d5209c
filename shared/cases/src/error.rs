//! What goes wrong in a case.

use domain::id::{AwardId, PartnerId};
use domain::money::{Money, MoneyError};
use domain::slot::{Slot, SlotError};
use store::StoreError;
use thiserror::Error;

use crate::alone::AloneError;

impl From<AloneError> for CaseError {
    fn from(error: AloneError) -> Self {
        match error {
            AloneError::Store(error) => Self::Store(error),
            AloneError::Assess(error) => Self::Assess(error),
            AloneError::Month(error) => Self::Date(error),
        }
    }
}

/// What goes wrong in a case. Refusals are no errors: they are answers.
#[derive(Debug, Error)]
pub enum CaseError {
    /// The store.
    #[error("working with the store")]
    Store(#[from] StoreError),
    /// Money out of range.
    #[error("adding up money")]
    Money(#[from] MoneyError),
    /// The calendar ends.
    #[error("finding a slot")]
    Slot(#[from] SlotError),
    /// The lines of a change cannot be computed.
    #[error("computing the lines of a sale")]
    Retarget(#[from] domain::retarget::RetargetError),
    /// What sales earn cannot be computed.
    #[error("computing what sales earn")]
    Assess(#[from] domain::assess::AssessError),
    /// A day is out of range.
    #[error("finding a day")]
    Date(#[from] domain::time::DateOutOfRange),
    /// The schedule of a service cannot be computed.
    #[error("computing what is recognised of a sale")]
    Recognition(#[from] domain::recognition::RecognitionError),
    /// A law of the ledger does not hold: the account pays nothing until a person has looked.
    #[error("V14: slots of {partner} up to {to} hold {kept:?} by the head and {counted:?} by the lines")]
    Breach {
        /// Whose account.
        partner: PartnerId,
        /// The close that found it.
        to: Slot,
        /// The figure of the head.
        kept: Money,
        /// The figure of the lines.
        counted: Money,
    },
    /// One change would make more lines than one transaction takes.
    #[error("{lines} lines at once are more than one transaction takes")]
    TooManyLines {
        /// How many.
        lines: usize,
    },
    /// What is computed over all sales at once does not fit into memory.
    #[error("{partner} has more than {sales_max} sales to be put in order at once")]
    TooManySales {
        /// Whose account was read when it was too many.
        partner: PartnerId,
        /// How many are not.
        sales_max: usize,
    },
    /// A payout says that it is of an award which is not there: what is kept of it cannot be known, so nothing leaves.
    #[error("the payout is of {award}, which is not there")]
    AwardMissing {
        /// Which award it names.
        award: AwardId,
    },
    /// Others were faster each time; nothing was written.
    #[error("too many others change the account at once; nothing was written, try again")]
    Busy,
}

impl CaseError {
    /// Is it of this one unit, and will it be again? Then the others go on. The store being away, or others being faster,
    /// says nothing of the unit.
    #[must_use]
    pub fn is_of_its_unit(&self) -> bool {
        !matches!(self, Self::Store(StoreError::Unavailable { .. } | StoreError::LostRace { .. }) | Self::Busy)
    }

    /// The error with what is behind it, for whoever looks at a unit that failed.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = self.to_string();
        let mut behind = std::error::Error::source(self);
        while let Some(error) = behind {
            text = format!("{text}: {error}");
            behind = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_loses_a_race_is_tried_again_and_not_left_out() {
        let partner = PartnerId::from_ulid(1_u128.into());
        let rows = [
            (CaseError::Store(StoreError::LostRace { doing: "adjusting" }), false),
            (CaseError::Store(StoreError::Unavailable { doing: "adjusting", source: "away".into() }), false),
            (CaseError::Busy, false),
            (CaseError::Store(StoreError::TooLarge { doing: "deciding a sale anew", items: 103 }), true),
            (CaseError::TooManyLines { lines: 120 }, true),
            (CaseError::TooManySales { partner, sales_max: 1 }, true),
        ];
        for (error, expected) in rows {
            assert_eq!(error.is_of_its_unit(), expected, "{error:?}");
        }
    }
}
