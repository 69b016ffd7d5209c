//! Sheets as CSV: cells that no spreadsheet runs, one way to write them, and what to keep beside each payout.

use std::collections::BTreeSet;

use csv::{QuoteStyle, Terminator, WriterBuilder};
use domain::id::PayoutId;
use domain::money::Money;

use crate::control::BankFile;
use crate::disbursement::{Disbursement, is_invisible};
use crate::reference;
use crate::refused::{Refused, Why};

/// A sheet, and what to keep beside the payouts in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeSheet {
    /// The file.
    pub file: BankFile,
    /// Its payments, in order.
    pub rows: Vec<SentRow>,
}

/// A payment of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRow {
    /// Which payout.
    pub payout: PayoutId,
    /// What the rail knows it by: its short name.
    pub reference: String,
    /// How much.
    pub amount: Money,
}

/// What becomes of a text that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formulas {
    /// The file is not made. The only choice where a rail reads the text itself: it would not know the quote.
    Refuse,
    /// A single quote before it, as spreadsheets know it.
    Quote,
}

/// How a sheet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) delimiter: u8,
    pub(crate) quotes_all: bool,
    pub(crate) crlf: bool,
}

impl Style {
    /// As RFC 4180 has it.
    pub(crate) const PLAIN: Self = Self { delimiter: b',', quotes_all: false, crlf: true };
}

/// What a sheet is called before its ending: letters, digits, `-` and `_`, 64 at most.
pub(crate) fn checked_stem(stem: &str) -> Result<&str, Why> {
    let what = "the name of the file";
    if stem.is_empty() {
        return Err(Why::Missing(what));
    }
    if stem.len() > 64 {
        return Err(Why::TooLong { what, count: stem.len(), limit: 64 });
    }
    match stem.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
        Some(found) => Err(Why::Character { what, found }),
        None => Ok(stem),
    }
}

/// A text for a cell: nothing invisible in it, and nothing that a spreadsheet would run.
pub(crate) fn cell(what: &'static str, text: &str, formulas: Formulas) -> Result<String, Why> {
    if let Some(found) = text.chars().find(|c| is_invisible(*c)) {
        return Err(Why::Character { what, found });
    }
    // Blanks before it do not keep every program from running it; the wide forms are the same signs to some.
    let runs = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    match (runs, formulas) {
        (false, _) => Ok(text.to_owned()),
        (true, Formulas::Quote) => Ok(format!("'{text}")),
        (true, Formulas::Refuse) => Err(Why::Formula(what)),
    }
}

/// The same, of at most so many characters.
pub(crate) fn cell_within(what: &'static str, text: &str, formulas: Formulas, limit: usize) -> Result<String, Why> {
    let count = text.chars().count();
    if count > limit { Err(Why::TooLong { what, count, limit }) } else { cell(what, text, formulas) }
}

/// No more payments than a file of the rail takes.
pub(crate) fn count_within<P>(payments: &[Disbursement<P>], limit: usize) -> Result<(), Why> {
    let count = payments.len();
    if count > limit { Err(Why::TooMany { what: "payments", count, limit }) } else { Ok(()) }
}

/// The short names of the payouts, each there once.
pub(crate) fn sent_rows<P>(payments: &[Disbursement<P>], length: usize) -> Result<Vec<SentRow>, Refused> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(payments.len());
    for payment in payments {
        let reference = reference::short(&payment.payout, length);
        // Two hashes of 125 bits that are one: it does not happen, and if it did, money would be taken for paid.
        if !seen.insert(reference.clone()) {
            return Err(Why::Twice("this short name").of(&payment.payout));
        }
        rows.push(SentRow { payout: payment.payout.clone(), reference, amount: payment.amount });
    }
    Ok(rows)
}

/// Cells as the bytes of a file.
pub(crate) fn bytes_of(rows: &[Vec<String>], style: Style) -> Result<Vec<u8>, Why> {
    let mut writer = WriterBuilder::new()
        .delimiter(style.delimiter)
        .quote_style(if style.quotes_all { QuoteStyle::Always } else { QuoteStyle::Necessary })
        .terminator(if style.crlf { Terminator::CRLF } else { Terminator::Any(b'\n') })
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|_| Why::NotWritten)?;
    }
    writer.into_inner().map_err(|_| Why::NotWritten)
}

/// A sheet of so many payments.
pub(crate) fn made(stem: &str, bytes: Vec<u8>, rows: Vec<SentRow>, sum: Money) -> Result<MadeSheet, Why> {
    let count = u64::try_from(rows.len()).map_err(|_| Why::SumOutOfRange)?;
    let file = BankFile::new(format!("{stem}.csv"), "text/csv; charset=utf-8", bytes, count, sum);
    Ok(MadeSheet { file, rows })
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::currency::Currency;
    use domain::id::PartnerId;
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;

    pub(crate) fn payout(n: u32, currency: Currency) -> PayoutId {
        PayoutId::of(&PartnerId::from_ulid(Ulid::from(7_u128)), currency, n)
    }

    /// Rows of a sheet without header, read back.
    pub(crate) fn read_back(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(bytes);
        reader.records().map(|row| row.expect("a row").iter().map(ToOwned::to_owned).collect()).collect()
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_refused_or_quoted_as_the_format_allows() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1"] {
            assert_eq!(cell("the memo", text, Formulas::Refuse), Err(Why::Formula("the memo")), "{text}");
            assert_eq!(cell("the memo", text, Formulas::Quote), Ok(format!("'{text}")), "{text}");
        }
        for text in ["", "a=b", "1-1", "Anna-Lena", "'=1"] {
            assert_eq!(cell("the memo", text, Formulas::Refuse), Ok(text.to_owned()), "{text}");
        }
        for text in ["a\tb", "\r=1", "a\nb"] {
            assert!(cell("the memo", text, Formulas::Quote).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_name_of_a_file_leads_nowhere_else() {
        assert_eq!(checked_stem("run-7_a"), Ok("run-7_a"));
        for stem in ["", "../x", "a b", "a.csv", "ä"] {
            assert!(checked_stem(stem).is_err(), "{stem}");
        }
        assert!(checked_stem(&"x".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn every_cell_comes_back_as_it_was_written(rows in proptest::collection::vec(proptest::collection::vec("[ -~À-ÿ]{1,12}", 3), 1..6), quotes_all: bool, semicolon: bool) {
            let delimiter = if semicolon { b';' } else { b',' };
            let bytes = bytes_of(&rows, Style { delimiter, quotes_all, crlf: true }).expect("bytes");
            prop_assert_eq!(read_back(&bytes, delimiter), rows);
        }
    }
}
