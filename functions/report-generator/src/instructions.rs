//! How a payout is paid by hand, as PDF: the same instructions give the same bytes, each time. Nothing here knows of queues,
//! tables or seals. It holds bank details, so nothing here prints itself.

use jiff::Timestamp;
use typst_layout::PagedDocument;

use crate::page::{self, PageError, Template};
use crate::receipt::{Covered, Kept, Payee};

mod face;
#[cfg(test)]
mod tests;

use face::Face;

/// What the page says. Every text in it is data: none of it can become markup.
#[derive(Clone)]
pub struct Instructions {
    /// The id of the document.
    pub document: String,
    /// The payout's own id.
    pub payout: String,
    /// The number that people quote, as PAY-2026-09-001.
    pub number: String,
    /// What to put beside the payment, so that it is found again.
    pub reference: String,
    /// Who pays: the programme's or the tenant's name.
    pub issuer: String,
    /// Who is to be paid.
    pub payee: Payee,
    /// How, in words for people: "Check".
    pub method: String,
    /// What to do, in a sentence.
    pub deed: String,
    /// Where the money goes, each with its label, in the order in which they are read. None of it is cut.
    pub details: Vec<(String, String)>,
    /// What is to be moved: the decimal text.
    pub net: String,
    /// What was earned: the same, where nothing is kept of it.
    pub gross: String,
    /// What is kept of that, and why.
    pub kept: Vec<Kept>,
    /// The ISO code of the currency.
    pub currency: String,
    /// What it covers.
    pub covered: Covered,
    /// When the page was asked for.
    pub asked_at: Timestamp,
    /// The seal of the payout, in hex.
    pub seal: String,
}

impl Instructions {
    /// The page as a PDF file: byte for byte the same each time.
    ///
    /// # Errors
    /// When the page cannot be set.
    pub fn to_pdf(&self) -> Result<Vec<u8>, PageError> {
        page::to_pdf(&self.typeset()?, format!("payout-instructions:{}", self.document))
    }

    /// The page, set but not yet written as PDF.
    pub(crate) fn typeset(&self) -> Result<PagedDocument, PageError> {
        page::typeset(Template::Instructions, &Face::of(self))
    }
}
