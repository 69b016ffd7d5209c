//! The page by which a person pays a payout by hand: what is handed to the maker of documents, and under which names it
//! is sealed. Where the money goes stands on it, so neither what is asked for nor what was made is ever kept in the clear.

use domain::id::{ReportId, TenantId};
use domain::money::Money;
use domain::payout::Payout;
use domain::tax::Net;
use serde::{Deserialize, Serialize};

/// Which kind of document it is.
pub const KIND: &str = "payout_instructions";
/// Under which field what is to stand on the page is sealed; it belongs to the payout.
pub const ASKED: &str = "payout_instructions_asked";
/// Under which field the file is sealed; it belongs to the payout.
pub const MADE: &str = "payout_instructions_made";

/// What is to stand on the page beside what the payout says itself. It holds bank details, so nothing prints it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// What to put beside the payment, so that it is found again.
    pub reference: String,
    /// What to do, in a sentence.
    pub deed: String,
    /// The details, each with its label, in the order in which they are read.
    pub lines: Vec<(String, String)>,
    /// What of the amount is to be moved: the decimal text.
    pub net: String,
    /// What is kept as a fee: the decimal text; none where nothing is.
    pub fee: Option<String>,
    /// What is withheld for the tax office: the decimal text; none where nothing is.
    pub withheld: Option<String>,
}

/// The page of a payout. The seal binds where it goes, and the parts what is to be moved: as long as neither changes, it is
/// one page, however often it is asked for; what has changed is another page, and the old one is shown no more.
#[must_use]
pub fn page_of(tenant: &TenantId, payout: &Payout, net: &Net) -> ReportId {
    let parts = [net.net, net.fee, net.withheld].map(Money::to_text).join("#");
    ReportId::of(tenant, KIND, &format!("{}#{}#{parts}", payout.id, payout.seal))
}
