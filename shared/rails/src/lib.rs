//! What leaves by a bank's files and what comes back by them, pure.
//!
//! What lives here: the numbers that banks know accounts by (`bank`), names as banks write them (`text`), the days on
//! which they work (`calendar`), what a payee says of where the money goes (`payee`), and the files of each rail, made
//! and read: NACHA (`nacha`), PayPal (`paypal`), Wise (`wise`), any other bank's CSV (`sheet`), checks (`check`), and
//! what a person needs who pays by hand (`instructions`). Each file comes with its control totals (`control`). What does
//! not: a store, a clock, a network, the states of a payout. Making a file marks nothing paid.
//!
//! The same payments, originator and instant give the same bytes. Whoever makes a file keeps beside each payout what
//! the rail knows it by: a trace number, a short reference, a check number.
//!
//! To add a rail: a module that takes [`Disbursement`]s and its own settings and gives a [`control::BankFile`]; refuse
//! what the rail cannot carry by the payout and the reason, never shorten what names a person or an amount.

pub mod bank;
pub mod calendar;
pub mod check;
pub mod control;
mod disbursement;
pub mod instructions;
pub mod nacha;
pub mod payee;
pub mod paypal;
pub mod reference;
mod refused;
pub mod sheet;
mod table;
pub mod text;
pub mod wise;
mod words;

pub use crate::disbursement::{Disbursement, Memo};
pub use crate::refused::{Refused, Subject, Why};
pub use crate::table::{MadeSheet, SentRow};
