//! NACHA files: credits to accounts in the United States, made (`write`), read whole or not at all (`read`), and what
//! banks send back: returns and notifications of change (`import`).
//!
//! Whoever makes a file keeps each [`SentEntry`] beside its payout, in the transaction that hands the file out. When a
//! bank's file comes back: [`Imported::read`], look up its `traces`, `settle` it against what was sent; then each
//! [`Outcome`] names its payout or prenote, the money, and what becomes of the payment method.
//!
//! Of the classes of entries two are made: PPD for people and CCD for businesses. Same-day entries are not asked for:
//! the effective date is at least the next banking day.

mod control;
mod entry;
mod import;
mod layout;
mod originator;
mod plan;
mod read;
mod trial;
mod window;
mod write;

pub use control::AchTotals;
pub use entry::{AchPayee, EntryClass, Identification, Prenote, SentEntry, Trace};
pub use import::{
    ChangeCode, Corrected, Correction, ImportFault, ImportRefused, Imported, MethodAction, Outcome, ReturnCode,
    Returned,
};
pub use originator::{AddendaFor, DescriptiveDate, Offset, Originator, Settings};
pub use originator::{BANK_NAME_CHARS_MAX, COMPANY_CHARS_MAX, DESCRIPTION_CHARS_MAX, DISCRETIONARY_CHARS_MAX};
pub use read::{AchFile, Addenda, Batch, Damaged, Entry, Fault, Masked, read};
pub use trial::payable_from;
pub use window::confirmable_from;
pub use write::{FileModifier, MadeFile, Run, write};

#[cfg(test)]
mod tests;
