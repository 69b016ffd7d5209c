//! TAX-4: a year as it was counted: its rows, its files, and what was handed on of what was withheld.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{InformationReturn, Totals, YearRow};
use crate::audit::Actor;
use crate::digest::Digest;
use crate::id::{MemberId, PartnerId, RemittanceId};
use crate::money::{Money, MoneyError};
use crate::role::Role;
use crate::time::{BusinessDay, Timestamp};

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

/// That something was booked by mistake, as one person says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistaken {
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// Where a handing-on stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RemittanceState {
    /// Waits for a second person.
    Pending,
    /// It is in the books: what is owed is less by it.
    Booked {
        /// Who said yes.
        approved_by: String,
        /// When.
        approved_at: Timestamp,
        /// What one person says of it since; another must say so, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mistaken: Option<Mistaken>,
    },
    /// It was booked by mistake: what is owed is more by it again.
    TakenBack {
        /// Who said so first, and why.
        mistaken: Mistaken,
        /// Who said so, too.
        taken_back_by: String,
        /// When.
        taken_back_at: Timestamp,
    },
    /// Somebody said no.
    Rejected {
        /// Who.
        rejected_by: String,
        /// Why.
        why_rejected: String,
    },
}

impl RemittanceState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Booked { .. } => "booked",
            Self::TakenBack { .. } => "taken_back",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// What was withheld and is handed on to the tax office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remittance {
    /// Its id.
    pub id: RemittanceId,
    /// Of which year.
    pub year: i16,
    /// How much, above zero.
    pub amount: Money,
    /// The day of the deposit.
    pub deposited_on: BusinessDay,
    /// What the tax office knows it by.
    pub reference: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub state: RemittanceState,
}

/// Why a handing-on is not booked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRemitted {
    /// Another role may.
    #[error("the role {role} may not do this; admin and finance_manager may")]
    RoleMayNot {
        /// The role.
        role: Role,
    },
    /// One person has two eyes.
    #[error("whoever entered it does not approve it; another person does")]
    SamePerson,
    /// Nor does one person take back what two have booked.
    #[error("you have said that it was booked by mistake; another person says so, too")]
    SaidByYou,
    /// It is settled, or not yet.
    #[error("it is {state}")]
    WrongState {
        /// Where it stands.
        state: &'static str,
    },
    /// Nobody withheld so much.
    #[error(
        "{owed} is owed by the last count of the year, and {amount} would be handed on: count the year again first"
    )]
    MoreThanOwed {
        /// What is owed.
        owed: String,
        /// What would be handed on.
        amount: String,
    },
}

impl Remittance {
    fn may(&self, by: &Actor) -> Result<(), NotRemitted> {
        if !matches!(by.role, Role::Admin | Role::FinanceManager) {
            return Err(NotRemitted::RoleMayNot { role: by.role });
        }
        match self.state {
            RemittanceState::Pending => Ok(()),
            _ => Err(NotRemitted::WrongState { state: self.state.word() }),
        }
    }

    /// V11: another person says yes, and no more is handed on than was withheld.
    ///
    /// # Errors
    /// See [`NotRemitted`].
    pub fn approve(&self, year: &TaxYear, by: &Actor, at: Timestamp) -> Result<(Self, TaxYear), NotRemitted> {
        self.may(by)?;
        if by.id == self.by {
            return Err(NotRemitted::SamePerson);
        }
        let more = || NotRemitted::MoreThanOwed {
            owed: year.owed().map(Money::to_text).unwrap_or_default(),
            amount: self.amount.to_text(),
        };
        let remitted = year.remitted.try_add(self.amount).map_err(|_| more())?;
        if remitted.minor() > year.withheld.minor() {
            return Err(more());
        }
        let state = RemittanceState::Booked { approved_by: by.id.clone(), approved_at: at, mistaken: None };
        Ok((Self { state, ..self.clone() }, TaxYear { remitted, ..year.clone() }))
    }

    /// V11: it was booked by mistake, one person says; where another has said so before, it is taken back, and the year
    /// owes it again.
    ///
    /// # Errors
    /// See [`NotRemitted`].
    pub fn take_back(
        &self,
        year: &TaxYear,
        by: &Actor,
        (why, at): (String, Timestamp),
    ) -> Result<(Self, Option<TaxYear>), NotRemitted> {
        if !matches!(by.role, Role::Admin | Role::FinanceManager) {
            return Err(NotRemitted::RoleMayNot { role: by.role });
        }
        let RemittanceState::Booked { approved_by, approved_at, mistaken } = self.state.clone() else {
            return Err(NotRemitted::WrongState { state: self.state.word() });
        };
        let Some(first) = mistaken else {
            let mistaken = Some(Mistaken { by: by.id.clone(), why, at });
            let state = RemittanceState::Booked { approved_by, approved_at, mistaken };
            return Ok((Self { state, ..self.clone() }, None));
        };
        if first.by == by.id {
            return Err(NotRemitted::SaidByYou);
        }
        // A year knows of all that was booked of it, so that this is never below zero.
        let less = year.remitted.try_sub(self.amount).ok().filter(|remitted| !remitted.is_negative());
        let remitted = less.ok_or(NotRemitted::WrongState { state: self.state.word() })?;
        let state = RemittanceState::TakenBack { mistaken: first, taken_back_by: by.id.clone(), taken_back_at: at };
        Ok((Self { state, ..self.clone() }, Some(TaxYear { remitted, ..year.clone() })))
    }

    /// Somebody says no; who entered it takes it back in the same way.
    ///
    /// # Errors
    /// See [`NotRemitted`].
    pub fn reject(&self, by: &Actor, why: String) -> Result<Self, NotRemitted> {
        self.may(by)?;
        let state = RemittanceState::Rejected { rejected_by: by.id.clone(), why_rejected: why };
        Ok(Self { state, ..self.clone() })
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("year".to_owned(), self.year.to_string()),
            ("amount".to_owned(), self.amount.to_text()),
            ("deposited_on".to_owned(), self.deposited_on.to_string()),
            ("reference".to_owned(), self.reference.clone()),
            ("state".to_owned(), self.state.word().to_owned()),
        ]);
        if let Some(Mistaken { by, why, .. }) = self.mistaken() {
            told.insert("mistaken_by".to_owned(), by.clone());
            told.insert("mistaken_because".to_owned(), why.clone());
        }
        told
    }

    /// What was said of it since it was booked.
    #[must_use]
    pub fn mistaken(&self) -> Option<&Mistaken> {
        match &self.state {
            RemittanceState::Booked { mistaken, .. } => mistaken.as_ref(),
            RemittanceState::TakenBack { mistaken, .. } => Some(mistaken),
            RemittanceState::Pending | RemittanceState::Rejected { .. } => None,
        }
    }

    /// The name under which its audit trail stands.
    #[must_use]
    pub fn aggregate(&self) -> String {
        format!("tax_remittance#{}", self.id)
    }
}

#[cfg(test)]
mod tests;
