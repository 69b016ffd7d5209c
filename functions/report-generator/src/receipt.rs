//! The payment receipt as one PDF page: the same receipt gives the same bytes, each time.
//! Nothing here knows of queues, tables or files.

use jiff::Timestamp;
use jiff::civil::Date;
use typst_layout::PagedDocument;

use crate::page::{self, PageError, Template};

mod face;
#[cfg(test)]
mod tests;

use face::Face;

/// What a receipt says. Every text in it is data: none of it can become markup.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The payout's own id; the identity of the document too.
    pub payout: String,
    /// The number that people quote, as PAY-2026-09-001.
    pub number: String,
    /// Who paid: the programme's or the tenant's name.
    pub issuer: String,
    /// Who was paid.
    pub payee: Payee,
    /// How much was paid: the decimal text, as "1250.50".
    pub amount: String,
    /// What was earned: the same, where nothing was kept of it.
    pub gross: String,
    /// What was kept of that, and why.
    pub kept: Vec<Kept>,
    /// The ISO code of the currency.
    pub currency: String,
    /// How, in words for people: "Bank transfer".
    pub method: String,
    /// The reference of the payment at the bank or rail, if one was given.
    pub payment_reference: Option<String>,
    /// When the partner asked.
    pub requested_at: Timestamp,
    /// When the payment was completed.
    pub completed_at: Timestamp,
    /// What it covers.
    pub covered: Covered,
    /// The seal of the payout, in hex.
    pub seal: String,
}

/// The partner, as named on the receipt.
#[derive(Clone, Debug)]
pub struct Payee {
    /// The partner's id.
    pub id: String,
    /// The partner's name, if it is known.
    pub name: Option<String>,
}

/// A part of what was earned that was not paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Why, in words for people.
    pub why: &'static str,
    /// How much: the decimal text.
    pub amount: String,
}

/// The commission lines that a payout covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// How many lines.
    pub lines: u64,
    /// The first day on which one of them became available.
    pub first_day: Option<Date>,
    /// The last one.
    pub last_day: Option<Date>,
}

impl Receipt {
    /// The receipt as a PDF file: byte for byte the same each time.
    ///
    /// # Errors
    /// When the page cannot be set.
    pub fn to_pdf(&self) -> Result<Vec<u8>, PageError> {
        page::to_pdf(&self.typeset()?, format!("payout-receipt:{}", self.payout))
    }

    /// The page, set but not yet written as PDF.
    fn typeset(&self) -> Result<PagedDocument, PageError> {
        page::typeset(Template::Receipt, &Face::of(self))
    }
}
