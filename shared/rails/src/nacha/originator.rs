//! Who sends: what the originator's bank has agreed with them, checked once.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::money::Money;
use domain::payee::AccountKind;
use domain::time::Zone;

use crate::bank::{AccountNumber, RoutingNumber};
use crate::nacha::entry::EntryClass;
use crate::refused::Why;
use crate::text;

/// The most characters of the name of a bank, or of whoever sends a file.
pub const BANK_NAME_CHARS_MAX: usize = 23;
/// The most characters of the company's name.
pub const COMPANY_CHARS_MAX: usize = 16;
/// The most characters of what a payment is.
pub const DESCRIPTION_CHARS_MAX: usize = 10;
/// The most characters of anything that the bank wants.
pub const DISCRETIONARY_CHARS_MAX: usize = 20;

/// What the bank has agreed with the originator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who takes the file: the bank's routing number …
    pub destination: RoutingNumber,
    /// … and its name, up to 23 characters.
    pub destination_name: String,
    /// Who the file is from, as the bank says: nine digits of a routing number, or ten characters of its own.
    pub origin: String,
    /// The sender's name, up to 23 characters.
    pub origin_name: String,
    /// The company's name, up to 16 characters: payees read it on their statement.
    pub company_name: String,
    /// The company's number at the bank, ten characters; often a 1 and the tax number.
    pub company_id: String,
    /// Anything the bank wants to find in each batch, up to 20 characters; mostly nothing.
    pub discretionary: String,
    /// What the payment is, up to ten characters: payees read it. Whether commissions of contractors must begin with
    /// `PAYROLL` (NACHA's rules since March 2026 ask it of pay "similar" to wages) is for the bank to say.
    pub description: String,
    /// What stands beside the description.
    pub descriptive_date: DescriptiveDate,
    /// The originating bank.
    pub originating: RoutingNumber,
    /// How many banking days ahead the money should move: 1 to 5.
    pub lead_days: u8,
    /// Where the originator's bank is: in whose time the file is dated.
    pub zone: Zone,
    /// The originator's own account, where the bank wants batches balanced.
    pub offset: Option<Offset>,
    /// Whose entries carry the memo.
    pub addenda: AddendaFor,
    /// How many entries go into one batch at most: 1 to 100,000.
    pub batch_entries_max: usize,
    /// The most that the bank lets one entry carry, where it set a limit.
    pub entry_max: Option<Money>,
    /// The most that the bank lets one file carry, where it set a limit.
    pub file_max: Option<Money>,
}

/// What stands in the descriptive date of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptiveDate {
    /// Nothing.
    Blank,
    /// The month of the effective date: `NOV 26`.
    Month,
}

/// Whose entries carry the memo in an addenda record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddendaFor {
    /// Nobody's.
    Nobody,
    /// Businesses'.
    Businesses,
    /// Everybody's.
    Everybody,
}

impl AddendaFor {
    pub(crate) fn includes(self, class: EntryClass) -> bool {
        match self {
            Self::Nobody => false,
            Self::Businesses => class == EntryClass::Ccd,
            Self::Everybody => true,
        }
    }
}

/// The account that a balanced batch debits. Some banks want it, some refuse a file that has it.
#[derive(Clone, Debug)]
pub struct Offset {
    /// Its bank.
    pub routing: RoutingNumber,
    /// Its number.
    pub account: AccountNumber,
    /// Its kind.
    pub kind: AccountKind,
    /// Whose batches are balanced.
    pub classes: BTreeSet<EntryClass>,
}

/// Settings that hold together.
#[derive(Clone, Debug)]
pub struct Originator {
    pub(crate) settings: Settings,
}

impl Originator {
    /// Checks the settings; names come out in the capitals of a bank's file. Nothing is shortened here: what payees
    /// read on their statement is for the originator to choose.
    ///
    /// # Errors
    /// A setting that does not fit its field, or that cannot be.
    pub fn try_new(settings: Settings) -> Result<Self, Why> {
        let settings = Settings {
            destination_name: fitting("the destination's name", &settings.destination_name, BANK_NAME_CHARS_MAX)?,
            origin: origin(&settings.origin)?,
            origin_name: fitting("the origin's name", &settings.origin_name, BANK_NAME_CHARS_MAX)?,
            company_name: fitting("the company's name", &settings.company_name, COMPANY_CHARS_MAX)?,
            company_id: company_id(&settings.company_id)?,
            discretionary: optional("the discretionary data", &settings.discretionary, DISCRETIONARY_CHARS_MAX)?,
            description: fitting("the description", &settings.description, DESCRIPTION_CHARS_MAX)?,
            ..settings
        };
        let within = |found: usize, from: usize, to: usize| (from..=to).contains(&found);
        if !within(usize::from(settings.lead_days), 1, 5) {
            return Err(Why::Setting { what: "the lead", expected: "must be 1 to 5 banking days" });
        }
        if !within(settings.batch_entries_max, 1, 100_000) {
            return Err(Why::Setting { what: "the entries of a batch", expected: "must be 1 to 100,000" });
        }
        for limit in [settings.entry_max, settings.file_max].into_iter().flatten() {
            if limit.currency() != Currency::USD || limit.minor() <= 0 {
                return Err(Why::Setting { what: "a limit", expected: "must be in USD and above zero" });
            }
        }
        if settings.offset.as_ref().is_some_and(|offset| offset.classes.is_empty()) {
            return Err(Why::Setting { what: "the offset", expected: "must name the classes that it balances" });
        }
        Ok(Self { settings })
    }

    /// The originating bank's eight digits and a number: the trace of an entry begins with the former.
    #[must_use]
    pub fn originating(&self) -> &RoutingNumber {
        &self.settings.originating
    }
}

fn fitting(what: &'static str, given: &str, limit: usize) -> Result<String, Why> {
    let plain = text::plain(given).map_err(|fault| Why::NotPlain { what, fault })?;
    if plain.len() > limit { Err(Why::TooLong { what, count: plain.len(), limit }) } else { Ok(plain) }
}

fn optional(what: &'static str, given: &str, limit: usize) -> Result<String, Why> {
    if given.trim().is_empty() { Ok(String::new()) } else { fitting(what, given, limit) }
}

/// A routing number stands behind a blank, so that both forms are ten wide.
fn origin(given: &str) -> Result<String, Why> {
    let plain = fitting("the origin", given, 10)?;
    let is_number = plain.len() == 9 && plain.bytes().all(|byte| byte.is_ascii_digit());
    let is_own = plain.len() == 10 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match (is_number, is_own) {
        (true, _) => Ok(format!(" {plain}")),
        (_, true) => Ok(plain),
        _ => Err(Why::Setting { what: "the origin", expected: "must be nine digits, or ten letters and digits" }),
    }
}

fn company_id(given: &str) -> Result<String, Why> {
    let plain = fitting("the company's number", given, 10)?;
    let is_whole = plain.len() == 10 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_whole {
        Ok(plain)
    } else {
        Err(Why::Setting { what: "the company's number", expected: "must be ten letters and digits" })
    }
}
