//! What the tenant's banks need in their files: kept sealed, because one's own account may be in it.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::money::{AmountText, Money};
use domain::payee::{AccountKind, HolderKind, last_four};
use domain::time::Zone;
use rails::bank::{AccountNumber, RoutingNumber};
use rails::nacha::{AddendaFor, DescriptiveDate, EntryClass, Offset, Originator, Settings as AchTexts};
use rails::sheet::{self, Column, Content, DayForm, Formulas, Layout};
use rails::{Why, wise};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod forms;

/// Whose entries carry the reference of the payout.
const ADDENDA: [(&str, AddendaFor); 3] =
    [("nobody", AddendaFor::Nobody), ("businesses", AddendaFor::Businesses), ("everybody", AddendaFor::Everybody)];
/// Whose batches are balanced.
const CLASSES: [(&str, EntryClass); 2] = [("PPD", EntryClass::Ppd), ("CCD", EntryClass::Ccd)];
/// How days are written.
const DAYS: [(&str, DayForm); 3] =
    [("iso", DayForm::Iso), ("month_first", DayForm::MonthFirst), ("day_first", DayForm::DayFirst)];

/// What banks need, one block a rail. PayPal needs nothing.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RailSettings {
    /// The originator of NACHA files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ach: Option<AchSettings>,
    /// The template that was downloaded from Wise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wise: Option<WiseSettings>,
    /// The columns of any other bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) csv: Option<CsvSettings>,
    /// The register of checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) check: Option<CheckSettings>,
}

/// What the bank has agreed with the originator of NACHA files.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AchSettings {
    /// The routing number of the bank that takes the file.
    #[schema(example = "121042882")]
    destination_routing_number: String,
    /// Its name, up to 23 characters.
    #[schema(example = "TEST ODFI BANK")]
    destination_name: String,
    /// Who the file is from, as the bank says: nine digits, or ten characters of its own.
    #[schema(example = "121042882")]
    origin: String,
    /// The sender's name, up to 23 characters.
    origin_name: String,
    /// What payees read on their statement, up to 16 characters.
    company_name: String,
    /// The company's number at the bank, ten characters.
    #[schema(example = "1234567890")]
    company_id: String,
    /// The routing number of the originating bank.
    #[schema(example = "121042882")]
    originating_routing_number: String,
    /// What the payment is, up to ten characters. Whether it must begin with `PAYROLL`, the bank says.
    #[serde(default = "commission")]
    #[schema(example = "COMMISSION")]
    description: String,
    /// Anything the bank wants in each batch, up to 20 characters.
    #[serde(default)]
    discretionary: String,
    /// Does the month stand beside the description?
    #[serde(default)]
    shows_month: bool,
    /// How many banking days ahead the money should move: 1 to 5.
    #[serde(default = "one")]
    lead_days: u8,
    /// In whose time the file is dated.
    #[serde(default = "new_york")]
    #[schema(example = "America/New_York")]
    zone: String,
    /// Is each new account tried by an entry without money first? Then no money goes there before the third banking day
    /// behind it; an account that was paid before is not tried.
    #[serde(default)]
    pub(crate) prenotes: bool,
    /// Whose entries carry the reference of the payout: `nobody`, `businesses` (shipped) or `everybody`.
    #[serde(default = "businesses")]
    #[schema(example = "businesses")]
    addenda: String,
    /// The most that the bank lets one entry carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "25000.00")]
    entry_max: Option<AmountText>,
    /// The most that the bank lets one file carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "250000.00")]
    file_max: Option<AmountText>,
    /// The own account that balanced batches debit, where the bank wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<OffsetSettings>,
}

/// The own account that balanced batches debit.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffsetSettings {
    /// Its bank.
    routing_number: String,
    /// Its number: shown by its last characters only.
    account_number: String,
    /// `checking` or `savings`.
    #[schema(value_type = String, example = "checking")]
    account_kind: AccountKind,
    /// Whose batches are balanced: `PPD`, `CCD` or both.
    classes: Vec<String>,
}

/// The template that was downloaded from Wise.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WiseSettings {
    /// Its first line, unchanged.
    #[schema(
        example = "name,recipientEmail,paymentReference,receiverType,amountCurrency,amount,sourceCurrency,targetCurrency,IBAN"
    )]
    header: String,
    /// From which currency the money is taken.
    #[schema(value_type = String, example = "USD")]
    source_currency: Currency,
    /// Does the template say `PRIVATE` and `BUSINESS` instead of `PERSON` and `INSTITUTION`?
    #[serde(default)]
    says_private_and_business: bool,
    /// What payees are: `personal` (shipped) or `business`.
    #[serde(default = "personal")]
    #[schema(value_type = String, example = "personal")]
    pub(crate) receivers: HolderKind,
    /// How many characters the route carries as its payment reference.
    #[serde(default = "ten")]
    pub(crate) reference_chars: usize,
}

/// The columns of any other bank.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CsvSettings {
    /// Left to right.
    columns: Vec<CsvColumn>,
    /// Do the headers stand in the first row?
    #[serde(default = "yes")]
    has_header: bool,
    /// Between cells: a comma, a semicolon, a tab or a bar.
    #[serde(default = "comma")]
    #[schema(example = ",")]
    delimiter: String,
    /// Before the fraction: `.` or `,`.
    #[serde(default = "point")]
    #[schema(example = ".")]
    decimal_mark: String,
    /// Is every cell in quotes?
    #[serde(default)]
    quotes_all: bool,
    /// How days are written: `iso` (shipped), `month_first` or `day_first`.
    #[serde(default = "iso")]
    #[schema(example = "iso")]
    days: String,
    /// The only currency that the bank takes, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
}

/// A column.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CsvColumn {
    /// What stands over it.
    header: String,
    /// What stands in it: `amount`, `iban`, `name`, `reference`, … or `constant:` and a text.
    #[schema(example = "amount")]
    content: String,
    /// May it be empty where the payee has no such thing?
    #[serde(default)]
    may_be_empty: bool,
}

/// The register of checks.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckSettings {
    /// The number of the first check; later files count on from the last.
    #[schema(example = 1001)]
    pub(crate) first_number: u64,
}

fn commission() -> String {
    "COMMISSION".to_owned()
}

fn one() -> u8 {
    1
}

fn ten() -> usize {
    10
}

fn yes() -> bool {
    true
}

fn new_york() -> String {
    "America/New_York".to_owned()
}

fn businesses() -> String {
    "businesses".to_owned()
}

fn personal() -> HolderKind {
    HolderKind::Personal
}

fn comma() -> String {
    ",".to_owned()
}

fn point() -> String {
    ".".to_owned()
}

fn iso() -> String {
    "iso".to_owned()
}

/// One of several words.
fn one_of<T: Copy>(what: &'static str, expected: &'static str, word: &str, words: &[(&str, T)]) -> Result<T, Why> {
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    found.ok_or(Why::Setting { what, expected })
}

/// The one character of a setting.
fn mark(what: &'static str, text: &str) -> Result<char, Why> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(mark), None) => Ok(mark),
        _ => Err(Why::Setting { what, expected: "must be one character" }),
    }
}

impl AchSettings {
    /// The originator that they are.
    ///
    /// # Errors
    /// What does not fit its field, or cannot be.
    pub(crate) fn originator(&self) -> Result<Originator, Why> {
        let routing = |text: &str| RoutingNumber::parse(text).map_err(Why::Details);
        let money = |text: &AmountText| {
            let read: Result<Money, _> = text.in_currency(Currency::USD);
            read.map_err(|_| Why::Setting { what: "a limit", expected: "must be in USD and above zero" })
        };
        let addenda = one_of("the addenda", "must be nobody, businesses or everybody", &self.addenda, &ADDENDA)?;
        let zone = self.zone();
        let descriptive_date = if self.shows_month { DescriptiveDate::Month } else { DescriptiveDate::Blank };
        Originator::try_new(AchTexts {
            destination: routing(&self.destination_routing_number)?,
            destination_name: self.destination_name.clone(),
            origin: self.origin.clone(),
            origin_name: self.origin_name.clone(),
            company_name: self.company_name.clone(),
            company_id: self.company_id.clone(),
            discretionary: self.discretionary.clone(),
            description: self.description.clone(),
            descriptive_date,
            originating: routing(&self.originating_routing_number)?,
            lead_days: self.lead_days,
            zone: zone?,
            offset: self.offset.as_ref().map(OffsetSettings::read).transpose()?,
            addenda,
            batch_entries_max: 10_000,
            entry_max: self.entry_max.as_ref().map(money).transpose()?,
            file_max: self.file_max.as_ref().map(money).transpose()?,
        })
    }

    /// In whose time files are dated, and counted by the day.
    pub(crate) fn zone(&self) -> Result<Zone, Why> {
        Zone::parse(&self.zone).map_err(|_| Why::Setting { what: "the zone", expected: "is not known" })
    }
}

impl OffsetSettings {
    fn read(&self) -> Result<Offset, Why> {
        let class = |word: &String| one_of("a class", "must be PPD or CCD", word, &CLASSES);
        let classes: Result<BTreeSet<EntryClass>, Why> = self.classes.iter().map(class).collect();
        Ok(Offset {
            routing: RoutingNumber::parse(&self.routing_number).map_err(Why::Details)?,
            account: AccountNumber::parse(&self.account_number).map_err(Why::Details)?,
            kind: self.account_kind,
            classes: classes?,
        })
    }
}

impl WiseSettings {
    /// The template that they are.
    ///
    /// # Errors
    /// A column that is not known, or a template by which nobody could be paid.
    pub(crate) fn template(&self) -> Result<wise::Settings, Why> {
        let words = match self.says_private_and_business {
            true => wise::ReceiverWords::PrivateBusiness,
            false => wise::ReceiverWords::PersonInstitution,
        };
        wise::Settings::try_new(&self.header, words, self.source_currency, self.reference_chars)
    }
}

impl CsvSettings {
    /// The layout that they are.
    ///
    /// # Errors
    /// No amount, no column that tells payments apart, a mark that is not known.
    pub(crate) fn layout(&self) -> Result<Layout, Why> {
        let columns: Result<Vec<Column>, Why> = self.columns.iter().map(CsvColumn::read).collect();
        Layout::try_new(sheet::Settings {
            columns: columns?,
            has_header: self.has_header,
            delimiter: mark("the delimiter", &self.delimiter)?,
            decimal_mark: mark("the decimal mark", &self.decimal_mark)?,
            quotes_all: self.quotes_all,
            crlf: true,
            day_form: one_of("the days", "must be iso, month_first or day_first", &self.days, &DAYS)?,
            // A bank reads the text itself: a quote before it would be a part of the name.
            formulas: Formulas::Refuse,
            currency: self.currency,
            rows_max: domain::payout::file::PAYOUTS_MAX,
        })
    }
}

impl CsvColumn {
    fn read(&self) -> Result<Column, Why> {
        let content = Content::parse(&self.content)?;
        Ok(Column { header: self.header.clone(), content, may_be_empty: self.may_be_empty })
    }
}

impl RailSettings {
    /// As people may see them: of the own account the last characters.
    pub(crate) fn shown(mut self) -> Self {
        if let Some(offset) = self.ach.as_mut().and_then(|ach| ach.offset.as_mut()) {
            offset.account_number = format!("…{}", last_four(&offset.account_number));
        }
        self
    }
}
