//! What banks send back: returns (the money comes back, or the prenote failed) and notifications of change (the money
//! went through; something is to be put right before the next time).
//!
//! In two steps, because what was sent is looked up in between: [`Imported::read`] gives the traces, `settle` holds
//! each against what was sent. One line that is wrong refuses the whole file: half a file booked is worse than none.

use std::collections::{BTreeMap, BTreeSet};

use domain::money::Money;
use thiserror::Error;

use crate::nacha::entry::{SentEntry, Trace};
use crate::nacha::read::{Addenda, Batch, Damaged, Entry, Fault, Masked, read};
use crate::refused::Subject;

mod change;
mod code;

#[cfg(test)]
pub(crate) use change::corrected;
pub use change::{ChangeCode, Corrected};
pub use code::{MethodAction, ReturnCode};

/// A file of returns and notices, read whole and not yet held against what was sent.
#[derive(Clone, Debug)]
pub struct Imported {
    notices: Vec<Notice>,
}

/// One entry of such a file.
#[derive(Clone, Debug)]
struct Notice {
    line: usize,
    original: Trace,
    receiving: String,
    cents: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Return { code: ReturnCode, note: String },
    Change { code: ChangeCode, corrected: Corrected },
}

/// What came back about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was returned.
    Returned(Returned),
    /// It went through, and something about the payee is to be changed.
    Corrected(Correction),
}

/// An entry that was returned. PAY-9: a payout's money goes back to its balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The line that says so.
    pub line: usize,
    /// What it is about.
    pub subject: Subject,
    /// Its trace when it was sent.
    pub trace: Trace,
    /// How much came back: nothing for a prenote.
    pub amount: Money,
    /// Why.
    pub code: ReturnCode,
    /// What the bank wrote beside it.
    pub note: String,
}

/// A notification of change: it is applied within six banking days, or before the next entry to the payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The line that says so.
    pub line: usize,
    /// What it is about.
    pub subject: Subject,
    /// Its trace when it was sent.
    pub trace: Trace,
    /// Which change.
    pub code: ChangeCode,
    /// What it should be.
    pub corrected: Corrected,
}

/// A file that is refused whole, by its first line that is wrong.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("line {line}: {fault}")]
pub struct ImportRefused {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: ImportFault,
}

/// What is wrong with a line.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ImportFault {
    /// The file is damaged.
    #[error("{0}")]
    Damaged(Fault),
    /// A file without returns or notices.
    #[error("there is no return and no notice in the file")]
    Empty,
    /// An entry that says neither.
    #[error("the entry is neither a return nor a notification of change")]
    Neither,
    /// More than one return or notice on an entry.
    #[error("the entry has {0} addenda records; a return or notice has one")]
    Addenda(usize),
    /// A code that is not known.
    #[error("{0:?} is not a code of returns or changes")]
    UnknownCode(String),
    /// Not a trace number.
    #[error("the original trace number must be 15 digits")]
    NotATrace,
    /// Nothing was sent under this number.
    #[error("trace number {0} was not sent by us")]
    UnknownTrace(Trace),
    /// Another amount than was sent.
    #[error("trace number {trace}: {found} cents came back, {sent} were sent")]
    OtherAmount {
        /// The entry.
        trace: Trace,
        /// What the file says.
        found: u64,
        /// What was sent.
        sent: i64,
    },
    /// A notice with an amount.
    #[error("a notification of change carries no money; this one has {0} cents")]
    MoneyInNotice(u64),
    /// Another bank than it was sent to.
    #[error("trace number {0} was sent to another bank")]
    OtherBank(Trace),
    /// Returned twice in one file.
    #[error("trace number {0} is returned twice in this file")]
    Twice(Trace),
    /// Corrected data that cannot be.
    #[error("the corrected data of {code}: {fault}")]
    CorrectedData {
        /// The code.
        code: ChangeCode,
        /// What is wrong with it.
        fault: crate::bank::Refused,
    },
}

impl From<Damaged> for ImportRefused {
    fn from(damaged: Damaged) -> Self {
        Self { line: damaged.line, fault: ImportFault::Damaged(damaged.fault) }
    }
}

impl Imported {
    /// Reads a file of returns and notices.
    ///
    /// # Errors
    /// The first line that is wrong: a damaged file, an entry that is neither, a code that is not known.
    pub fn read(bytes: &[u8]) -> Result<Self, ImportRefused> {
        let file = read(bytes)?;
        let mut notices = Vec::new();
        for batch in &file.batches {
            for entry in &batch.entries {
                notices.push(notice(batch, entry)?);
            }
        }
        if notices.is_empty() {
            return Err(ImportRefused { line: 1, fault: ImportFault::Empty });
        }
        Ok(Self { notices })
    }

    /// The traces to look up.
    #[must_use]
    pub fn traces(&self) -> BTreeSet<&Trace> {
        self.notices.iter().map(|notice| &notice.original).collect()
    }

    /// Holds each notice against what was sent.
    ///
    /// # Errors
    /// PAY-19: the first line about an entry that was not sent, or was sent otherwise, or is returned twice.
    pub fn settle(self, sent: &BTreeMap<Trace, SentEntry>) -> Result<Vec<Outcome>, ImportRefused> {
        let mut returned = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(self.notices.len());
        for notice in self.notices {
            let line = notice.line;
            let is_return = matches!(notice.what, What::Return { .. });
            if is_return && !returned.insert(notice.original.clone()) {
                return Err(ImportRefused { line, fault: ImportFault::Twice(notice.original) });
            }
            outcomes.push(settle_one(notice, sent).map_err(|fault| ImportRefused { line, fault })?);
        }
        Ok(outcomes)
    }
}

fn settle_one(notice: Notice, sent: &BTreeMap<Trace, SentEntry>) -> Result<Outcome, ImportFault> {
    let Notice { line, original: trace, receiving, cents, what } = notice;
    let Some(entry) = sent.get(&trace) else { return Err(ImportFault::UnknownTrace(trace)) };
    // A number comes again after ten million entries: the bank tells two of them apart.
    if entry.receiving != receiving {
        return Err(ImportFault::OtherBank(trace));
    }
    let subject = entry.subject.clone();
    match what {
        What::Return { code, note } => {
            let sent = entry.amount.minor();
            if u64::try_from(sent).ok() != Some(cents) {
                return Err(ImportFault::OtherAmount { trace, found: cents, sent });
            }
            Ok(Outcome::Returned(Returned { line, subject, trace, amount: entry.amount, code, note }))
        }
        What::Change { code, corrected } => {
            Ok(Outcome::Corrected(Correction { line, subject, trace, code, corrected }))
        }
    }
}

/// Columns of an addenda record, as the rules count them: its text begins at the fourth.
fn columns(addenda: &Addenda, from: usize, to: usize) -> &str {
    addenda.text.expose().get(from - 4..to - 3).unwrap_or_default()
}

fn notice(batch: &Batch, entry: &Entry) -> Result<Notice, ImportRefused> {
    let refused = |line: usize, fault: ImportFault| ImportRefused { line, fault };
    let [addenda] = entry.addenda.as_slice() else {
        let fault =
            if entry.addenda.is_empty() { ImportFault::Neither } else { ImportFault::Addenda(entry.addenda.len()) };
        return Err(refused(entry.line, fault));
    };
    let line = addenda.line;
    let code = columns(addenda, 4, 6);
    let unknown = || refused(line, ImportFault::UnknownCode(code.to_owned()));
    let what = match addenda.kind.as_str() {
        "99" => {
            let code = ReturnCode::parse(code).ok_or_else(unknown)?;
            What::Return { code, note: columns(addenda, 36, 79).trim().to_owned() }
        }
        // A notice stands in a batch of the class COR, and moves nothing.
        "98" if batch.class == "COR" => {
            let code = ChangeCode::parse(code).ok_or_else(unknown)?;
            if entry.cents != 0 {
                return Err(refused(entry.line, ImportFault::MoneyInNotice(entry.cents)));
            }
            let corrected = change::corrected(code, &Masked::new(columns(addenda, 36, 64)))
                .map_err(|fault| refused(line, ImportFault::CorrectedData { code, fault }))?;
            What::Change { code, corrected }
        }
        _ => return Err(refused(line, ImportFault::Neither)),
    };
    let original = Trace::parse(columns(addenda, 7, 21)).ok_or_else(|| refused(line, ImportFault::NotATrace))?;
    Ok(Notice { line, original, receiving: columns(addenda, 28, 35).to_owned(), cents: entry.cents, what })
}
