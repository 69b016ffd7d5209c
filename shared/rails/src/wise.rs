//! Batch files of Wise: the header of the template that was downloaded from Wise, unchanged, and 1,000 rows at most.
//!
//! Templates differ by account and route, so the columns are read from the template's own header. A column that is not
//! known refuses the template: a file with a column left empty would be refused by Wise, or pay otherwise than meant.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::email::Email;
use domain::payee::{Destination, HolderKind};

use crate::bank::Iban;
use crate::disbursement::{Disbursement, sum_of};
use crate::refused::{Refused, Why};
use crate::table::{
    Formulas, MadeSheet, Style, bytes_of, cell, cell_within, checked_stem, count_within, made, sent_rows,
};

const ROWS_MAX: usize = 1_000;
const REFERENCE_LENGTH: usize = 26;

/// The columns that are known, by the names that Wise gives them.
const COLUMNS: [(&str, Column); 11] = [
    ("recipientId", Column::RecipientId),
    ("name", Column::Name),
    ("recipientEmail", Column::Email),
    ("paymentReference", Column::PaymentReference),
    ("referenceNumber", Column::ReferenceNumber),
    ("receiverType", Column::ReceiverType),
    ("amountCurrency", Column::AmountCurrency),
    ("amount", Column::Amount),
    ("sourceCurrency", Column::SourceCurrency),
    ("targetCurrency", Column::TargetCurrency),
    ("IBAN", Column::Iban),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    RecipientId,
    Name,
    Email,
    PaymentReference,
    ReferenceNumber,
    ReceiverType,
    AmountCurrency,
    Amount,
    SourceCurrency,
    TargetCurrency,
    Iban,
}

/// What Wise calls people and businesses: older templates say it in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiverWords {
    /// `PERSON` and `INSTITUTION`.
    PersonInstitution,
    /// `PRIVATE` and `BUSINESS`.
    PrivateBusiness,
}

/// A template, and what is the same in all rows.
#[derive(Clone, Debug)]
pub struct Settings {
    columns: Vec<Column>,
    header: Vec<String>,
    words: ReceiverWords,
    source: Currency,
    memo_max: usize,
}

impl Settings {
    /// Reads the header line of a template. `source` is the currency that the money is taken from; `memo_max` how many
    /// characters the route carries as its payment reference (1 to 140).
    ///
    /// # Errors
    /// A column that is not known or there twice, or a template by which nobody could be paid.
    pub fn try_new(header: &str, words: ReceiverWords, source: Currency, memo_max: usize) -> Result<Self, Why> {
        let header: Vec<String> =
            header.trim_start_matches('\u{feff}').trim_end().split(',').map(|name| name.trim().to_owned()).collect();
        let mut columns = Vec::with_capacity(header.len());
        for name in &header {
            let known = COLUMNS.iter().find(|(known, _)| known == name).map(|(_, column)| *column);
            columns.push(known.ok_or_else(|| Why::Column(name.clone()))?);
        }
        let distinct: BTreeSet<Column> = columns.iter().copied().collect();
        if distinct.len() != columns.len() {
            return Err(Why::Twice("a column"));
        }
        let has = |column| distinct.contains(&column);
        let needed = [Column::AmountCurrency, Column::Amount, Column::SourceCurrency, Column::TargetCurrency];
        let names_somebody =
            has(Column::RecipientId) || (has(Column::Name) && (has(Column::Iban) || has(Column::Email)));
        if !needed.into_iter().all(has) || !names_somebody {
            return Err(Why::Setting { what: "the template", expected: "lacks a column without which nobody is paid" });
        }
        if !(1..=140).contains(&memo_max) {
            return Err(Why::Setting { what: "the length of the payment reference", expected: "must be 1 to 140" });
        }
        Ok(Self { columns, header, words, source, memo_max })
    }
}

/// Whom to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WisePayee {
    /// The name of the account, as its bank has it.
    pub name: String,
    /// Whose it is.
    pub holder: HolderKind,
    /// Where Wise asks for what it lacks.
    pub email: Option<Email>,
    /// The account.
    pub iban: Option<Iban>,
    /// Wise's own number of a recipient who is saved there.
    pub recipient: Option<u64>,
}

impl WisePayee {
    /// A payee of the details of a method; whose the account is stands beside them.
    ///
    /// # Errors
    /// Details of another rail, or wrong ones.
    pub fn of(destination: &Destination, kind: HolderKind) -> Result<Self, Why> {
        let Destination::Wise { holder, email, iban } = destination else {
            return Err(Why::OtherRail(destination.rail()));
        };
        let email = Email::parse(email).map_err(|_| Why::Missing("the e-mail address"))?;
        let iban = iban.as_deref().map(Iban::parse).transpose().map_err(Why::Details)?;
        Ok(Self { name: holder.clone(), holder: kind, email: Some(email), iban, recipient: None })
    }
}

/// Makes a file; `stem` is what it is called before `.csv`. Amounts are what arrives, in the currency of the payout.
///
/// # Errors
/// See [`Why`]: the first payment that cannot be in it, or what is wrong with all of them together.
pub fn write(settings: &Settings, stem: &str, payments: &[Disbursement<WisePayee>]) -> Result<MadeSheet, Refused> {
    let stem = checked_stem(stem)?;
    count_within(payments, ROWS_MAX)?;
    let sum = sum_of(payments)?;
    let sent = sent_rows(payments, REFERENCE_LENGTH)?;
    let mut rows = vec![settings.header.clone()];
    for (payment, sent) in payments.iter().zip(&sent) {
        let cells = settings.columns.iter().map(|column| cell_of(*column, settings, payment, &sent.reference));
        let row: Result<Vec<String>, Why> = cells.collect();
        rows.push(row.map_err(|why| why.of(&payment.payout))?);
    }
    Ok(made(stem, bytes_of(&rows, Style::PLAIN)?, sent, sum)?)
}

fn cell_of(
    column: Column,
    settings: &Settings,
    payment: &Disbursement<WisePayee>,
    reference: &str,
) -> Result<String, Why> {
    let payee = &payment.payee;
    let memo = payment.memo.as_ref().map_or("", |memo| memo.as_str());
    let person = payee.holder == HolderKind::Personal;
    match column {
        Column::RecipientId => payee.recipient.map(|id| id.to_string()).ok_or(Why::Missing("Wise's recipient")),
        Column::Name if payee.name.trim().is_empty() => Err(Why::Missing("the payee's name")),
        Column::Name => cell_within("the payee's name", payee.name.trim(), Formulas::Refuse, 140),
        // Only where it stands for the account is it needed.
        Column::Email => match &payee.email {
            Some(email) => cell("the e-mail address", email.as_str(), Formulas::Refuse),
            None if settings.columns.contains(&Column::Iban) => Ok(String::new()),
            None => Err(Why::Missing("the e-mail address")),
        },
        Column::PaymentReference => cell_within("the memo", memo, Formulas::Refuse, settings.memo_max),
        Column::ReferenceNumber => Ok(reference.to_owned()),
        Column::ReceiverType => Ok(match (settings.words, person) {
            (ReceiverWords::PersonInstitution, true) => "PERSON",
            (ReceiverWords::PersonInstitution, false) => "INSTITUTION",
            (ReceiverWords::PrivateBusiness, true) => "PRIVATE",
            (ReceiverWords::PrivateBusiness, false) => "BUSINESS",
        }
        .to_owned()),
        Column::AmountCurrency => Ok("target".to_owned()),
        Column::Amount => Ok(payment.amount.to_text()),
        Column::SourceCurrency => Ok(settings.source.code().to_owned()),
        Column::TargetCurrency => Ok(payment.amount.currency().code().to_owned()),
        Column::Iban => payee.iban.as_ref().map(|iban| iban.expose().to_owned()).ok_or(Why::Missing("the IBAN")),
    }
}

#[cfg(test)]
mod tests;
