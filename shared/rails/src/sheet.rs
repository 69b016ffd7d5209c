//! Any other bank's CSV: the operator says which columns it has and how they are written.

use domain::currency::Currency;
use domain::email::Email;
use domain::money::Money;
use domain::payee::{AccountKind, Destination};
use domain::time::BusinessDay;

use crate::bank::{AccountNumber, Bic, Iban, RoutingNumber};
use crate::disbursement::{Disbursement, sum_of};
use crate::refused::{Refused, Why};
use crate::table::{
    MadeSheet, SentRow, Style, bytes_of, cell, cell_within, checked_stem, count_within, made, sent_rows,
};

pub use crate::table::Formulas;

/// The most columns of a file.
pub const COLUMNS_MAX: usize = 50;
const ROWS_MAX: usize = 10_000;
const TEXT_MAX: usize = 140;
const REFERENCE_LENGTH: usize = 26;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The payout's id.
    Payout,
    /// Its short name, 26 characters.
    Reference,
    /// The name of the account.
    Name,
    /// The amount as a decimal number.
    Amount,
    /// The amount in the smallest unit of its currency.
    MinorUnits,
    /// The currency.
    Currency,
    /// The memo.
    Memo,
    /// The routing number.
    Routing,
    /// The account's number.
    Account,
    /// `checking` or `savings`.
    AccountKind,
    /// The IBAN.
    Iban,
    /// The IBAN's country.
    Country,
    /// The BIC.
    Bic,
    /// The e-mail address.
    Email,
    /// The day on which the money should move.
    Day,
    /// The same in every row.
    Constant(String),
}

impl Content {
    /// Reads the word of a setting: `amount`, `iban`, or `constant:` and what stands in every row.
    ///
    /// # Errors
    /// A word that is not known.
    pub fn parse(word: &str) -> Result<Self, Why> {
        if let Some(text) = word.strip_prefix("constant:") {
            return Ok(Self::Constant(text.to_owned()));
        }
        Ok(match word {
            "payout" => Self::Payout,
            "reference" => Self::Reference,
            "name" => Self::Name,
            "amount" => Self::Amount,
            "minor_units" => Self::MinorUnits,
            "currency" => Self::Currency,
            "memo" => Self::Memo,
            "routing_number" => Self::Routing,
            "account_number" => Self::Account,
            "account_kind" => Self::AccountKind,
            "iban" => Self::Iban,
            "country" => Self::Country,
            "bic" => Self::Bic,
            "email" => Self::Email,
            "day" => Self::Day,
            _ => return Err(Why::Column(word.to_owned())),
        })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What stands over it.
    pub header: String,
    /// What stands in it.
    pub content: Content,
    /// May it be empty where the payee has no such thing? Otherwise such a payee refuses the file.
    pub may_be_empty: bool,
}

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayForm {
    /// `2026-11-24`
    Iso,
    /// `11/24/2026`
    MonthFirst,
    /// `24.11.2026`
    DayFirst,
}

/// How the sheet is written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The columns, left to right.
    pub columns: Vec<Column>,
    /// Do the headers stand in the first row?
    pub has_header: bool,
    /// Between cells: `,`, `;`, a tab or `|`.
    pub delimiter: char,
    /// Before the fraction: `.` or `,`.
    pub decimal_mark: char,
    /// Every cell in quotes, or only those that need them.
    pub quotes_all: bool,
    /// Lines end in CRLF, or in LF.
    pub crlf: bool,
    /// How days are written.
    pub day_form: DayForm,
    /// What becomes of a text that a spreadsheet would run.
    pub formulas: Formulas,
    /// The only currency that the bank takes, where there is one.
    pub currency: Option<Currency>,
    /// How many payments a file holds at most: 1 to 10,000.
    pub rows_max: usize,
}

/// Settings that hold together.
#[derive(Debug, Clone)]
pub struct Layout(Settings);

impl Layout {
    /// Checks the settings.
    ///
    /// # Errors
    /// No amount, no column that tells payments apart, a mark that is not known, a header that a spreadsheet would run.
    pub fn try_new(settings: Settings) -> Result<Self, Why> {
        let count = settings.columns.len();
        if count > COLUMNS_MAX {
            return Err(Why::TooMany { what: "columns", count, limit: COLUMNS_MAX });
        }
        let has = |wanted: &[Content]| settings.columns.iter().any(|column| wanted.contains(&column.content));
        if !has(&[Content::Amount, Content::MinorUnits]) {
            return Err(Why::Missing("a column for the amount"));
        }
        if !has(&[Content::Payout, Content::Reference]) {
            return Err(Why::Missing("a column for the payout or its short name"));
        }
        // Without it, 100 could be 100 of anything.
        if !has(&[Content::Currency]) && settings.currency.is_none() {
            return Err(Why::Missing("a column for the currency, or the one currency of the bank"));
        }
        if !matches!(settings.delimiter, ',' | ';' | '\t' | '|') {
            return Err(Why::Setting {
                what: "the delimiter",
                expected: "must be a comma, a semicolon, a tab or a bar",
            });
        }
        if !matches!(settings.decimal_mark, '.' | ',') {
            return Err(Why::Setting { what: "the decimal mark", expected: "must be a point or a comma" });
        }
        if !(1..=ROWS_MAX).contains(&settings.rows_max) {
            return Err(Why::Setting { what: "the payments of a file", expected: "must be 1 to 10,000" });
        }
        for column in &settings.columns {
            cell_within("a header", &column.header, Formulas::Refuse, TEXT_MAX)?;
            if let Content::Constant(text) = &column.content {
                cell_within("a constant", text, Formulas::Refuse, TEXT_MAX)?;
            }
        }
        Ok(Self(settings))
    }
}

/// What is known of a payee; which of it is needed, the columns say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The name of the account.
    pub name: String,
    /// The routing number.
    pub routing: Option<RoutingNumber>,
    /// The account's number.
    pub account: Option<AccountNumber>,
    /// Its kind.
    pub kind: Option<AccountKind>,
    /// The IBAN.
    pub iban: Option<Iban>,
    /// The BIC.
    pub bic: Option<Bic>,
    /// The e-mail address.
    pub email: Option<Email>,
}

impl Details {
    fn named(name: &str) -> Self {
        let name = name.to_owned();
        Self { name, routing: None, account: None, kind: None, iban: None, bic: None, email: None }
    }
}

impl TryFrom<&Destination> for Details {
    type Error = Why;

    /// A bank's file can pay whoever has an account at a bank.
    fn try_from(destination: &Destination) -> Result<Self, Why> {
        let iban = |text: &str| Iban::parse(text).map(Some).map_err(Why::Details);
        match destination {
            Destination::Ach { holder, routing_number, account_number, account_kind, .. } => Ok(Self {
                routing: Some(RoutingNumber::parse(routing_number).map_err(Why::Details)?),
                account: Some(AccountNumber::parse(account_number).map_err(Why::Details)?),
                kind: Some(*account_kind),
                ..Self::named(holder)
            }),
            Destination::Csv { holder, iban: text } => Ok(Self { iban: iban(text)?, ..Self::named(holder) }),
            Destination::Wise { holder, email, iban: Some(text) } => {
                Ok(Self { iban: iban(text)?, email: Email::parse(email).ok(), ..Self::named(holder) })
            }
            other => Err(Why::OtherRail(other.rail())),
        }
    }
}

/// Makes a file; `stem` is what it is called before `.csv`.
///
/// # Errors
/// See [`Why`]: the first payment that cannot be in it, or what is wrong with all of them together.
pub fn write(
    layout: &Layout,
    stem: &str,
    day: BusinessDay,
    payments: &[Disbursement<Details>],
) -> Result<MadeSheet, Refused> {
    let settings = &layout.0;
    let stem = checked_stem(stem)?;
    count_within(payments, settings.rows_max)?;
    let sum = sum_of(payments)?;
    if let Some(wanted) = settings.currency.filter(|wanted| *wanted != sum.currency()) {
        return Err(Why::OtherCurrency { found: sum.currency(), wanted }.into());
    }
    let sent = sent_rows(payments, REFERENCE_LENGTH)?;
    let mut rows = Vec::with_capacity(payments.len().saturating_add(1));
    if settings.has_header {
        rows.push(settings.columns.iter().map(|column| column.header.clone()).collect());
    }
    for (payment, sent) in payments.iter().zip(&sent) {
        let cells = settings.columns.iter().map(|column| cell_of(column, settings, day, payment, sent));
        let row: Result<Vec<String>, Why> = cells.collect();
        rows.push(row.map_err(|why| why.of(&payment.payout))?);
    }
    let delimiter = u8::try_from(settings.delimiter).unwrap_or(b',');
    let style = Style { delimiter, quotes_all: settings.quotes_all, crlf: settings.crlf };
    Ok(made(stem, bytes_of(&rows, style)?, sent, sum)?)
}

fn cell_of(
    column: &Column,
    settings: &Settings,
    day: BusinessDay,
    payment: &Disbursement<Details>,
    sent: &SentRow,
) -> Result<String, Why> {
    let payee = &payment.payee;
    let text = |what, text: &str| cell(what, text, settings.formulas);
    let (what, found) = match &column.content {
        Content::Payout => ("the payout", Some(payment.payout.to_string())),
        Content::Reference => ("the short name", Some(sent.reference.clone())),
        Content::Name => ("the payee's name", filled(text("the payee's name", payee.name.trim())?)),
        Content::Amount => ("the amount", Some(decimal(payment.amount, settings.decimal_mark))),
        Content::MinorUnits => ("the amount", Some(payment.amount.minor().to_string())),
        Content::Currency => ("the currency", Some(payment.amount.currency().code().to_owned())),
        Content::Memo => {
            let memo = payment.memo.as_ref().map(|memo| text("the memo", memo.as_str()));
            ("the memo", memo.transpose()?)
        }
        Content::Routing => ("the routing number", payee.routing.as_ref().map(|it| it.expose().to_owned())),
        Content::Account => ("the account number", payee.account.as_ref().map(|it| it.expose().to_owned())),
        Content::AccountKind => ("the kind of account", payee.kind.map(|kind| word_of(kind).to_owned())),
        Content::Iban => ("the IBAN", payee.iban.as_ref().map(|it| it.expose().to_owned())),
        Content::Country => ("the IBAN", payee.iban.as_ref().map(|it| it.country().to_owned())),
        Content::Bic => ("the BIC", payee.bic.as_ref().map(|it| it.expose().to_owned())),
        Content::Email => {
            let email = payee.email.as_ref().map(|it| text("the e-mail address", it.as_str()));
            ("the e-mail address", email.transpose()?)
        }
        Content::Day => ("the day", Some(day_in(settings.day_form, day))),
        Content::Constant(text) => ("a constant", Some(text.clone())),
    };
    match found {
        Some(found) => Ok(found),
        None if column.may_be_empty => Ok(String::new()),
        None => Err(Why::Missing(what)),
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn decimal(amount: Money, mark: char) -> String {
    amount.to_text().replace('.', &mark.to_string())
}

fn word_of(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Checking => "checking",
        AccountKind::Savings => "savings",
    }
}

fn day_in(form: DayForm, day: BusinessDay) -> String {
    let (year, month, of_month) = day.parts();
    match form {
        DayForm::Iso => day.to_string(),
        DayForm::MonthFirst => format!("{month:02}/{of_month:02}/{year}"),
        DayForm::DayFirst => format!("{of_month:02}.{month:02}.{year}"),
    }
}

#[cfg(test)]
mod tests;
