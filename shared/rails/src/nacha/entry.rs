//! Payees, prenotes and entries, as ACH knows them.

use std::fmt;

use domain::id::MethodId;
use domain::money::Money;
use domain::payee::{AccountKind, Destination, HolderKind};

use crate::bank::{AccountNumber, RoutingNumber};
use crate::refused::{Subject, Why};
use crate::text;

/// The width of the field that names the payee in the originator's books.
pub(crate) const IDENTIFICATION_WIDTH: usize = 15;

/// Standard entry class codes that are made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryClass {
    /// PPD: to a person.
    Ppd,
    /// CCD: to a business.
    Ccd,
}

impl EntryClass {
    /// In the order in which their batches stand in a file.
    pub const ALL: [Self; 2] = [Self::Ppd, Self::Ccd];

    /// The three letters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ppd => "PPD",
            Self::Ccd => "CCD",
        }
    }

    /// The class for a holder's account.
    #[must_use]
    pub fn of(holder: HolderKind) -> Self {
        match holder {
            HolderKind::Personal => Self::Ppd,
            HolderKind::Business => Self::Ccd,
        }
    }
}

/// What the originator calls a payee: up to 15 plain characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification(String);

impl Identification {
    /// Reads one.
    ///
    /// # Errors
    /// Not plain, or too long.
    pub fn parse(given: &str) -> Result<Self, Why> {
        let what = "the payee's number";
        let plain = text::plain(given).map_err(|fault| Why::NotPlain { what, fault })?;
        if plain.len() > IDENTIFICATION_WIDTH {
            return Err(Why::TooLong { what, count: plain.len(), limit: IDENTIFICATION_WIDTH });
        }
        Ok(Self(plain))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whom to pay, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AchPayee {
    /// The name of the account, as its bank has it.
    pub name: String,
    /// Who holds it.
    pub holder: HolderKind,
    /// The bank.
    pub routing: RoutingNumber,
    /// The account.
    pub account: AccountNumber,
    /// Which kind it is.
    pub kind: AccountKind,
    /// What the originator calls the payee; without one, the payout's short name stands there.
    pub identification: Option<Identification>,
}

impl TryFrom<&Destination> for AchPayee {
    type Error = Why;

    fn try_from(destination: &Destination) -> Result<Self, Why> {
        let Destination::Ach { holder, holder_kind, routing_number, account_number, account_kind } = destination else {
            return Err(Why::OtherRail(destination.rail()));
        };
        Ok(Self {
            name: holder.clone(),
            holder: *holder_kind,
            routing: RoutingNumber::parse(routing_number).map_err(Why::Details)?,
            account: AccountNumber::parse(account_number).map_err(Why::Details)?,
            kind: *account_kind,
            identification: None,
        })
    }
}

/// An entry without money, by which a bank says whether an account is there before money goes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prenote {
    /// The payment method that is tried.
    pub method: MethodId,
    /// The account.
    pub payee: AchPayee,
}

/// The 15 digits by which the rail knows an entry: the originator's bank and a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace(String);

impl Trace {
    pub(crate) fn of(originating: &RoutingNumber, sequence: u32) -> Self {
        Self(format!("{}{sequence:07}", originating.identification()))
    }

    /// Reads 15 digits; `None` otherwise.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_whole = text.len() == 15 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last seven, by which addenda name their entry.
    #[must_use]
    pub fn sequence(&self) -> &str {
        &self.0[8..]
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// An entry of a file that was made: what to keep beside the payout, so that a return finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEntry {
    /// The rail's number of it.
    pub trace: Trace,
    /// What it is about.
    pub subject: Subject,
    /// How much.
    pub amount: Money,
    /// The eight digits of the bank that it went to: a return repeats them.
    pub receiving: String,
}

/// Transaction codes: the first digit is the kind of account, the second what happens there.
pub(crate) fn transaction_code(kind: AccountKind, deed: Deed) -> &'static str {
    match (kind, deed) {
        (AccountKind::Checking, Deed::Credit) => "22",
        (AccountKind::Checking, Deed::PrenoteOfCredit) => "23",
        (AccountKind::Checking, Deed::Debit) => "27",
        (AccountKind::Savings, Deed::Credit) => "32",
        (AccountKind::Savings, Deed::PrenoteOfCredit) => "33",
        (AccountKind::Savings, Deed::Debit) => "37",
    }
}

/// What an entry does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Credit,
    PrenoteOfCredit,
    Debit,
}
