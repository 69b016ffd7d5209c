//! Reads a file whole: every column, count, hash and total is right, or nothing of it is believed.

use std::fmt;

use thiserror::Error;

use crate::bank::RoutingNumber;
use crate::nacha::control::AchTotals;
use crate::nacha::entry::Trace;
use crate::nacha::layout::{BLOCK, WIDTH};

mod cursor;
mod lines;

use cursor::Fields;

/// A file whose records, counts, hashes and totals agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AchFile {
    /// The ten columns of who takes it.
    pub destination: String,
    /// The ten columns of who sends it.
    pub origin: String,
    /// Its batches.
    pub batches: Vec<Batch>,
    /// Its totals.
    pub totals: AchTotals,
}

/// One batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The line of its header, from 1.
    pub line: usize,
    /// 200 mixed, 220 credits, 225 debits.
    pub service: String,
    /// The standard entry class: `PPD`, `COR`.
    pub class: String,
    /// The company's name.
    pub company_name: String,
    /// The company's number.
    pub company_id: String,
    /// The description.
    pub description: String,
    /// Six columns: the effective date.
    pub effective: String,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Its totals.
    pub totals: AchTotals,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its line, from 1.
    pub line: usize,
    /// The transaction code.
    pub code: u8,
    /// The receiving bank's nine digits.
    pub routing: RoutingNumber,
    /// The account.
    pub account: Masked,
    /// The amount.
    pub cents: u64,
    /// What the originator calls the payee.
    pub identification: String,
    /// The payee's name.
    pub name: String,
    /// The entry's number.
    pub trace: Trace,
    /// Its addenda: line, two digits of the kind, and the 91 columns after it.
    pub addenda: Vec<Addenda>,
}

/// One addenda record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addenda {
    /// Its line, from 1.
    pub line: usize,
    /// `05`, `98` or `99`.
    pub kind: String,
    /// The columns after the kind.
    pub text: Masked,
}

/// A text out of a bank's file that may hold an account's number: `Debug` shows its last four characters at most.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked(String);

impl Masked {
    /// A text to be kept from logs.
    #[must_use]
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::bank::masked(&self.0, out)
    }
}

/// A file that is refused whole, by its first line that is wrong.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("line {line}: {fault}")]
pub struct Damaged {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not 94 columns.
    #[error("{0} columns; a record has 94")]
    Columns(usize),
    /// A byte that is not printable ASCII.
    #[error("column {0} is not printable ASCII")]
    NotAscii(usize),
    /// A record where another belongs.
    #[error("a record of type {found:?} where {expected} belongs")]
    OutOfPlace {
        /// The record's first column.
        found: char,
        /// What belongs there.
        expected: &'static str,
    },
    /// A field that is not what it must be.
    #[error("{field} {expected}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it must be, as a clause.
        expected: &'static str,
    },
    /// A control record that says another number than there is.
    #[error("{what}: the control record says {said}, the records {found}")]
    Differs {
        /// Which number.
        what: &'static str,
        /// What the control record says.
        said: u64,
        /// What there is.
        found: u64,
    },
    /// The file ends before its control record.
    #[error("the file ends here, before its control record")]
    Ends,
    /// More than can be added up.
    #[error("the sums are more than a control record can hold")]
    Overflow,
}

/// Reads a file. Lines end in LF or CRLF, or the file is one long line; blocks of nines at its end may be missing, as
/// some banks leave them out.
///
/// # Errors
/// The first line that is wrong, and how.
pub fn read(bytes: &[u8]) -> Result<AchFile, Damaged> {
    let lines = lines::split(bytes)?;
    let mut reader = Reader { at: 0, lines: &lines };
    let (destination, origin) = reader.header()?;
    let mut batches: Vec<Batch> = Vec::new();
    let mut totals = AchTotals::default();
    while reader.peek()? == '5' {
        let batch = reader.batch()?;
        totals = totals.and(batch.totals).ok_or_else(|| reader.damaged_before(Fault::Overflow))?;
        batches.push(batch);
    }
    reader.control(batches.len() as u64, totals)?;
    Ok(AchFile { destination, origin, batches, totals })
}

/// Where the reading has come.
struct Reader<'a> {
    at: usize,
    lines: &'a [&'a str],
}

impl<'a> Reader<'a> {
    /// The first column of the record that comes next.
    fn peek(&self) -> Result<char, Damaged> {
        let line = self.lines.get(self.at).and_then(|line| line.chars().next());
        line.ok_or(Damaged { line: self.at + 1, fault: Fault::Ends })
    }

    fn next(&mut self, kind: char, expected: &'static str) -> Result<Fields<'a>, Damaged> {
        let found = self.peek()?;
        if found != kind {
            return Err(Damaged { line: self.at + 1, fault: Fault::OutOfPlace { found, expected } });
        }
        let text = self.lines.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(Fields { line: self.at, text })
    }

    /// About the record that was read last.
    fn damaged_before(&self, fault: Fault) -> Damaged {
        Damaged { line: self.at, fault }
    }

    fn header(&mut self) -> Result<(String, String), Damaged> {
        let fields = self.next('1', "the file's header")?;
        fields.fixed("the priority", 2, 3, "01", "must be 01")?;
        fields.digits("the date", 24, 29)?;
        fields.fixed("the format", 35, 40, "094101", "must be 094, 10 and 1")?;
        Ok((fields.raw(4, 13).to_owned(), fields.raw(14, 23).to_owned()))
    }

    fn batch(&mut self) -> Result<Batch, Damaged> {
        let header = self.next('5', "a batch's header")?;
        let service = header.raw(2, 4).to_owned();
        if !matches!(service.as_str(), "200" | "220" | "225" | "280") {
            return Err(header.damaged("the service class", "must be 200, 220, 225 or 280"));
        }
        header.digits("the originating bank", 80, 87)?;
        header.digits("the batch number", 88, 94)?;
        let (mut entries, mut totals) = (Vec::new(), AchTotals::default());
        while self.peek()? == '6' {
            let entry = self.entry()?;
            totals = add(totals, &entry).ok_or_else(|| self.damaged_before(Fault::Overflow))?;
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(header.damaged("the batch", "has no entry"));
        }
        self.batch_control(&header, totals)?;
        Ok(Batch {
            line: header.line,
            class: header.raw(51, 53).to_owned(),
            company_name: header.text(5, 20).to_owned(),
            company_id: header.text(41, 50).to_owned(),
            description: header.text(54, 63).to_owned(),
            effective: header.raw(70, 75).to_owned(),
            service,
            entries,
            totals,
        })
    }

    fn entry(&mut self) -> Result<Entry, Damaged> {
        let fields = self.next('6', "an entry")?;
        let code = fields.number("the transaction code", 2, 3)?;
        let code = u8::try_from(code).unwrap_or_default();
        let routing = RoutingNumber::parse(fields.digits("the routing number", 4, 12)?)
            .map_err(|_| fields.damaged("the routing number", "is none"))?;
        let trace = Trace::parse(fields.digits("the trace number", 80, 94)?);
        let trace = trace.ok_or_else(|| fields.damaged("the trace number", "must be 15 digits"))?;
        let cents = fields.number("the amount", 30, 39)?;
        let has_addenda = match fields.raw(79, 79) {
            "0" => false,
            "1" => true,
            _ => return Err(fields.damaged("the mark for addenda", "must be 0 or 1")),
        };
        let mut addenda = Vec::new();
        while self.peek()? == '7' {
            addenda.push(self.addenda(&trace, addenda.len() as u64 + 1)?);
        }
        if addenda.is_empty() == has_addenda {
            return Err(fields.damaged("the mark for addenda", "does not say whether any follow"));
        }
        Ok(Entry {
            line: fields.line,
            code,
            routing,
            account: Masked::new(fields.text(13, 29)),
            cents,
            identification: fields.text(40, 54).to_owned(),
            name: fields.text(55, 76).to_owned(),
            trace,
            addenda,
        })
    }

    fn addenda(&mut self, trace: &Trace, nth: u64) -> Result<Addenda, Damaged> {
        let fields = self.next('7', "an addenda record")?;
        let kind = fields.raw(2, 3);
        // Returns and notices number their addenda by other columns.
        if kind == "05" {
            if fields.number("the addenda's number", 84, 87)? != nth {
                return Err(fields.damaged("the addenda's number", "does not count on"));
            }
            if fields.raw(88, 94) != trace.sequence() {
                return Err(fields.damaged("the trace number", "is not the entry's"));
            }
        }
        Ok(Addenda { line: fields.line, kind: kind.to_owned(), text: Masked::new(fields.raw(4, 94)) })
    }

    fn batch_control(&mut self, header: &Fields<'_>, totals: AchTotals) -> Result<(), Damaged> {
        let control = self.next('8', "an entry or the batch's control")?;
        let same = [
            ("the service class", control.raw(2, 4) == header.raw(2, 4)),
            ("the company's number", control.text(45, 54) == header.text(41, 50)),
            ("the originating bank", control.raw(80, 87) == header.raw(80, 87)),
            ("the batch number", control.raw(88, 94) == header.raw(88, 94)),
        ];
        if let Some((field, _)) = same.into_iter().find(|(_, is_same)| !is_same) {
            return Err(control.damaged(field, "is not the one of the batch's header"));
        }
        control.agree("entries and addenda of the batch", 5, 10, totals.records)?;
        control.agree("the entry hash of the batch", 11, 20, totals.entry_hash)?;
        control.agree("the debits of the batch", 21, 32, totals.debit)?;
        control.agree("the credits of the batch", 33, 44, totals.credit)
    }

    fn control(&mut self, batches: u64, totals: AchTotals) -> Result<(), Damaged> {
        let control = self.next('9', "a batch or the file's control")?;
        control.agree("batches", 2, 7, batches)?;
        let records = control.line;
        control.agree("blocks", 8, 13, records.div_ceil(BLOCK) as u64)?;
        control.agree("entries and addenda", 14, 21, totals.records)?;
        control.agree("the entry hash", 22, 31, totals.entry_hash)?;
        control.agree("debits", 32, 43, totals.debit)?;
        control.agree("credits", 44, 55, totals.credit)?;
        let filler = "9".repeat(WIDTH);
        for (nth, line) in self.lines.iter().enumerate().skip(self.at) {
            if *line != filler {
                let found = line.chars().next().unwrap_or(' ');
                return Err(Damaged {
                    line: nth + 1,
                    fault: Fault::OutOfPlace { found, expected: "the end or a line of nines" },
                });
            }
        }
        let whole = records.div_ceil(BLOCK) * BLOCK;
        if self.lines.len() != records && self.lines.len() != whole {
            let field = Fault::Field { field: "the file", expected: "is not filled up to a whole block" };
            return Err(Damaged { line: self.lines.len(), fault: field });
        }
        Ok(())
    }
}

/// Codes that end in 1 to 4 give, the others take.
fn add(totals: AchTotals, entry: &Entry) -> Option<AchTotals> {
    let receiving = entry.routing.identification().parse().ok()?;
    let gives = (1..=4).contains(&(entry.code % 10));
    let (debit, credit) = if gives { (0, entry.cents) } else { (entry.cents, 0) };
    totals.with(receiving, entry.addenda.len() as u64, debit, credit)
}
