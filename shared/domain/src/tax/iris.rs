//! TAX-4: the file that the tax office's portal takes, by the operator's own template.
//!
//! The portal compares the header with its own, which changes every year and lies behind a sign-in. So whoever files pastes
//! the header of the template that they downloaded, and the columns are filled by their names.

use serde::{Deserialize, Serialize};

use super::{FormContent, InformationReturn, Tin, TinKind};
use crate::fault::Fault;
use crate::id::PartnerId;
use crate::money::Money;
use crate::payee::PostalAddress;

mod columns;

pub use columns::built_in;

/// How many rows the portal takes in one file.
pub const ROWS_MAX: usize = 100;
/// A header is at most so long.
pub const HEADER_CHARS_MAX: usize = 8_000;

/// Who files.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// `ein`, or a person's number.
    pub tin_kind: TinKind,
    /// The number.
    pub tin: String,
    /// Of a company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_name: Option<String>,
    /// Of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Where.
    pub address: PostalAddress,
    /// A number that the tax office may call, in the country.
    pub phone: String,
    /// Where it may write.
    pub email: String,
}

/// What the boxes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boxes {
    /// What was paid: box 1 (from 2026 on 1a) of a 1099-NEC, box 3 of a 1099-MISC.
    pub paid: Money,
    /// Box 4.
    pub withheld: Money,
}

/// Why a header is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It is empty, or far too long.
    #[error("must be the first line of the template, as it was downloaded")]
    NoHeader,
    /// What is to stand there is not known.
    #[error("the column {0:?} is not known: what is to stand in it must be decided first")]
    Unknown(String),
    /// It stands there twice.
    #[error("the column {0:?} stands there twice")]
    Twice(String),
    /// Without it the file would not say what was paid, to whom.
    #[error("there is no column for {0}")]
    Missing(&'static str),
}

/// The header of a template, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    form: InformationReturn,
    columns: Vec<String>,
}

impl Template {
    /// Reads a header.
    ///
    /// # Errors
    /// See [`TemplateFault`].
    pub fn parse(form: InformationReturn, header: &str) -> Result<Self, TemplateFault> {
        let header = header.trim_start_matches('\u{feff}').trim();
        if header.is_empty() || header.len() > HEADER_CHARS_MAX || header.contains(['\n', '\r']) {
            return Err(TemplateFault::NoHeader);
        }
        let columns: Vec<String> = header.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect();
        for (at, name) in columns.iter().enumerate() {
            if !columns::is_known(form, name) {
                return Err(TemplateFault::Unknown(name.clone()));
            }
            if columns.get(..at).is_some_and(|before| before.contains(name)) {
                return Err(TemplateFault::Twice(name.clone()));
            }
        }
        let template = Self { form, columns };
        template.needs("the amount", |name| columns::is_amount(form, name))?;
        template.needs("the tax withheld", |name| name.starts_with("Box 4 - "))?;
        template.needs("the payee's number", |name| name == "Recipient Taxpayer ID Number")?;
        Ok(template)
    }

    fn needs(&self, what: &'static str, is_it: impl Fn(&str) -> bool) -> Result<(), TemplateFault> {
        let found = self.columns.iter().filter(|name| is_it(name)).count();
        if found == 1 { Ok(()) } else { Err(TemplateFault::Missing(what)) }
    }

    /// The header as the file says it.
    #[must_use]
    pub fn header(&self) -> String {
        self.columns.join(",")
    }

    /// A row: a payee's cells in the order of the template; `None` where the form on file has no number to tell it by.
    #[must_use]
    pub fn row(&self, year: i16, payer: &Payer, payee: &Recipient<'_>, boxes: Boxes) -> Option<String> {
        payee.content.tin.as_ref()?;
        let row = columns::Row { form: self.form, year, payer, payee, boxes };
        let cells: Vec<String> = self.columns.iter().map(|name| cell(&row.cell(name).unwrap_or_default())).collect();
        Some(cells.join(","))
    }
}

/// Of whom a row tells.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// By what the payer knows them.
    pub partner: &'a PartnerId,
    /// What kind of number.
    pub tin_kind: TinKind,
    /// Is it a person? Then a company's name is the trade name of that person.
    pub is_individual: bool,
    /// What the form says.
    pub content: &'a FormContent,
}

/// The portal takes no commas within a cell and no blanks around it; and what a spreadsheet would run is no name.
fn cell(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c == ',' || c == '"' || c == ';' || c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").trim_start_matches(['=', '+', '-', '@', ' ']).to_owned()
}

/// A file of rows.
#[must_use]
pub fn file_of(template: &Template, rows: &[String]) -> String {
    let mut text = template.header();
    for row in rows {
        text.push_str("\r\n");
        text.push_str(row);
    }
    text.push_str("\r\n");
    text
}

/// The word of a kind of number in the file.
fn tin_word(kind: TinKind) -> &'static str {
    match kind {
        TinKind::Ssn => "SSN",
        TinKind::Itin => "ITIN",
        TinKind::Ein => "EIN",
    }
}

/// The faults of a payer, by field; where it lies is asked of whoever knows addresses.
#[must_use]
pub fn payer_faults(payer: &Payer) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Err(fault) = Tin::parse(payer.tin_kind, &payer.tin) {
        // What is no number of its kind may be one of another; one that is left out is missing beside the others.
        let is_form = !payer.tin.is_empty() && !is_written_as_tin(&payer.tin);
        faults.push(Fault { pointer: "/tin".to_owned(), why: fault.to_string(), is_form });
    }
    let is_person = payer.first_name.is_some() && payer.last_name.is_some();
    if payer.business_name.is_none() && !is_person {
        faults.push(Fault::clash("/business_name", "a company's name, or a person's first and last"));
    }
    let texts = [
        ("business_name", payer.business_name.as_deref()),
        ("first_name", payer.first_name.as_deref()),
        ("last_name", payer.last_name.as_deref()),
        ("phone", Some(payer.phone.as_str())),
        ("email", Some(payer.email.as_str())),
    ];
    for (field, text) in texts {
        let Some(text) = text else { continue };
        if cell(text).is_empty() || text.chars().count() > 140 {
            faults.push(Fault::form(format!("/{field}"), "readable text of 1 to 140 characters"));
        }
    }
    faults
}

/// Digits, as people group them, whichever number they are.
fn is_written_as_tin(text: &str) -> bool {
    (9..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || b"X -".contains(&byte))
}

#[cfg(test)]
mod tests;
