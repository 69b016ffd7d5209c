//! What goes wrong in a case.

use domain::id::PartnerId;
use domain::money::{Money, MoneyError};
use domain::slot::{Slot, SlotError};
use store::StoreError;
use thiserror::Error;

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
    /// Others were faster each time; nothing was written.
    #[error("too many others change the account at once; nothing was written, try again")]
    Busy,
}
