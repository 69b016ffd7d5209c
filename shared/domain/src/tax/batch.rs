//! TAX-4: a year as it was counted: its rows, its files, and what was handed on of what was withheld.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{InformationReturn, Totals, YearRow};
use crate::digest::Digest;
use crate::id::{MemberId, PartnerId};
use crate::money::{Money, MoneyError};
use crate::time::Timestamp;

mod handed_on;

pub use handed_on::{Mistaken, NotRemitted, Remittance, RemittanceState};

/// A year that was counted at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxYear {
    /// Which.
    pub year: i16,
    /// The number of the newest count; 0 before the first.
    pub newest: u32,
    /// The number of the count that was filed last.
    pub filed: Option<u32>,
    /// What was withheld in it, as the last finished count found. Nothing that was withheld is given back, so it only grows.
    pub withheld: Money,
    /// What of it was handed on to the tax office.
    pub remitted: Money,
}

impl TaxYear {
    /// Before anything was counted.
    #[must_use]
    pub fn new(year: i16) -> Self {
        let zero = Money::zero(crate::currency::Currency::USD);
        Self { year, newest: 0, filed: None, withheld: zero, remitted: zero }
    }

    /// V11: what is owed to the tax office.
    ///
    /// # Errors
    /// Out of range.
    pub fn owed(&self) -> Result<Money, MoneyError> {
        self.withheld.try_sub(self.remitted)
    }
}

/// How far a count has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BatchState {
    /// Partners are being read.
    CountingPartners {
        /// Behind this one.
        after: Option<PartnerId>,
    },
    /// Members are being read: those who were paid an award.
    CountingMembers {
        /// Behind this one.
        after: Option<MemberId>,
    },
    /// All rows are there; what they come to is not.
    AddingUp,
    /// Its files are being made.
    Making,
    /// Something went through a rail of which nobody has decided who tells: no file is made.
    Undecided,
    /// It is there.
    Ready,
    /// Its files were handed to the tax office.
    Filed {
        /// What the tax office answered.
        receipt: String,
        /// Who says so.
        #[serde(rename = "filed_by")]
        by: String,
        /// When.
        #[serde(rename = "filed_at")]
        at: Timestamp,
    },
}

impl BatchState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::CountingPartners { .. } | Self::CountingMembers { .. } | Self::AddingUp => "counting",
            Self::Making => "making",
            Self::Undecided => "undecided",
            Self::Ready => "ready",
            Self::Filed { .. } => "filed",
        }
    }

    /// Is nothing left to do by itself?
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Undecided | Self::Ready | Self::Filed { .. })
    }
}

/// A file for the tax office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxFile {
    /// Its name: form and number.
    pub name: String,
    /// The form.
    pub form: InformationReturn,
    /// How many rows.
    pub rows: u32,
    /// What they tell as paid.
    pub paid: Money,
    /// What they tell as withheld.
    pub withheld: Money,
    /// Of its bytes.
    pub sha256: Digest,
}

/// A count of a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxBatch {
    /// Which year.
    pub year: i16,
    /// Which count of it.
    pub no: u32,
    /// Which filed count it corrects.
    pub corrects: Option<u32>,
    /// Was the year not over when it was begun? Then it has no files.
    pub is_preview: bool,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// By which version of the tenant's settings its rows are counted.
    #[serde(default)]
    pub settings: u64,
    /// What it comes to, once all is counted.
    pub totals: Option<Totals>,
    /// Its files.
    pub files: Vec<TaxFile>,
    /// How far it has come.
    pub state: BatchState,
}

impl TaxBatch {
    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("no".to_owned(), self.no.to_string()),
            ("state".to_owned(), self.state.word().to_owned()),
        ]);
        if let Some(no) = self.corrects {
            told.insert("corrects".to_owned(), no.to_string());
        }
        if let Some(totals) = &self.totals {
            told.insert("paid".to_owned(), totals.paid.to_text());
            told.insert("reported".to_owned(), totals.reported().to_text());
            told.insert("withheld".to_owned(), totals.withheld.to_text());
            if let Some(untold) = totals.untold().ok().filter(|untold| !untold.is_zero()) {
                told.insert("withheld_untold".to_owned(), untold.to_text());
            }
        }
        if !self.files.is_empty() {
            told.insert("files".to_owned(), self.files.len().to_string());
        }
        if let BatchState::Filed { receipt, .. } = &self.state {
            told.insert("receipt".to_owned(), receipt.clone());
        }
        told
    }

    /// The name under which the audit trail of a year stands.
    #[must_use]
    pub fn aggregate(year: i16) -> String {
        format!("tax_year#{year}")
    }
}

/// What is wrong in what was filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// Only amounts: the same form again, with the right ones.
    Amount,
    /// Whom it told of: the filed one to nothing, and a new one.
    Recipient,
    /// It was filed and should not have been: to nothing.
    Withdrawn,
    /// It was not filed and should have been.
    Added,
}

/// A correction of what was filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Of whom.
    pub partner: PartnerId,
    /// On which form.
    pub form: InformationReturn,
    /// What is wrong.
    pub kind: CorrectionKind,
    /// What was filed as paid and as withheld.
    pub filed: (Money, Money),
    /// What is right.
    pub right: (Money, Money),
}

/// TAX-4: what a later count says otherwise than the filed one; of both the reported rows.
#[must_use]
pub fn corrections(filed: &[YearRow], right: &[YearRow]) -> Vec<Correction> {
    let by = |rows: &[YearRow]| -> BTreeMap<(InformationReturn, PartnerId), YearRow> {
        rows.iter().map(|row| ((row.form, row.partner.clone()), row.clone())).collect()
    };
    let (filed, right) = (by(filed), by(right));
    let keys: std::collections::BTreeSet<_> = filed.keys().chain(right.keys()).cloned().collect();
    let zero = Money::zero(crate::currency::Currency::USD);
    let boxes = |row: Option<&YearRow>| row.map_or((zero, zero), |row| (row.told, row.withheld));
    let is_same = |before: &YearRow, after: &YearRow| match (&before.on_file, &after.on_file) {
        (Some(before), Some(after)) => before.tells_the_same(after),
        (before, after) => before.is_none() && after.is_none(),
    };
    keys.into_iter()
        .filter_map(|key| {
            let (before, after) = (filed.get(&key), right.get(&key));
            let kind = match (before, after) {
                (Some(_), None) => CorrectionKind::Withdrawn,
                (None, _) => CorrectionKind::Added,
                // Another number, name or address: all are told.
                (Some(before), Some(after)) if !is_same(before, after) => CorrectionKind::Recipient,
                (Some(_), Some(_)) if boxes(before) != boxes(after) => CorrectionKind::Amount,
                (Some(_), Some(_)) => return None,
            };
            let (form, partner) = key.clone();
            Some(Correction { partner, form, kind, filed: boxes(before), right: boxes(after) })
        })
        .collect()
}

#[cfg(test)]
mod tests;
