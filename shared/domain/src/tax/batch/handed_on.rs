//! V11: what was withheld and is handed on to the tax office: entered by one person, booked by another, and owed again where
//! two people say that it was booked by mistake.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TaxYear;
use crate::audit::Actor;
use crate::id::RemittanceId;
use crate::money::Money;
use crate::role::Role;
use crate::time::{BusinessDay, Timestamp};

/// What one person says of something that is booked.
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
        /// That it was a mistake, as one person says; another must say so, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mistaken: Option<Mistaken>,
        /// That it was none, as was said last: by whoever had called it one, or by another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upheld: Option<Mistaken>,
    },
    /// It was booked by mistake: what is owed is more by it again.
    TakenBack {
        /// Who had booked it; not known of what was taken back before this was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
        /// When; as far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_at: Option<Timestamp>,
        /// Who said so first, and why.
        mistaken: Mistaken,
        /// Who said so, too.
        taken_back_by: String,
        /// When.
        taken_back_at: Timestamp,
        /// Why, in their words; as far back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_back_because: Option<String>,
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
    fn wrong_state(&self) -> NotRemitted {
        NotRemitted::WrongState { state: self.state.word() }
    }

    /// V11: another person says yes, and no more is handed on than was withheld.
    ///
    /// # Errors
    /// See [`NotRemitted`].
    pub fn approve(&self, year: &TaxYear, by: &Actor, at: Timestamp) -> Result<(Self, TaxYear), NotRemitted> {
        require(by)?;
        if self.state != RemittanceState::Pending {
            return Err(self.wrong_state());
        }
        let is_own = by.id == self.by;
        #[cfg(feature = "planted")]
        let is_own = is_own && !crate::planted::is(crate::planted::Bug::OwnRemittanceBooked);
        if is_own {
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
        let approved_by = by.id.clone();
        let state = RemittanceState::Booked { approved_by, approved_at: at, mistaken: None, upheld: None };
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
        require(by)?;
        let RemittanceState::Booked { approved_by, approved_at, mistaken, .. } = self.state.clone() else {
            return Err(self.wrong_state());
        };
        let Some(first) = mistaken else {
            let mistaken = Some(Mistaken { by: by.id.clone(), why, at });
            let state = RemittanceState::Booked { approved_by, approved_at, mistaken, upheld: None };
            return Ok((Self { state, ..self.clone() }, None));
        };
        let is_said = first.by == by.id;
        #[cfg(feature = "planted")]
        let is_said = is_said && !crate::planted::is(crate::planted::Bug::MistakenByOneAlone);
        if is_said {
            return Err(NotRemitted::SaidByYou);
        }
        // A year knows of all that was booked of it, so that this is never below zero.
        let less = year.remitted.try_sub(self.amount).ok().filter(|remitted| !remitted.is_negative());
        let remitted = less.ok_or_else(|| self.wrong_state())?;
        let state = RemittanceState::TakenBack {
            approved_by: Some(approved_by),
            approved_at: Some(approved_at),
            mistaken: first,
            taken_back_by: by.id.clone(),
            taken_back_at: at,
            taken_back_because: Some(why),
        };
        Ok((Self { state, ..self.clone() }, Some(TaxYear { remitted, ..year.clone() })))
    }

    /// Somebody says no to what waits for a second person: to what was entered, or to the word that it was booked by mistake.
    /// Who entered it, or said that word, takes it back in the same way.
    ///
    /// # Errors
    /// See [`NotRemitted`].
    pub fn reject(&self, by: &Actor, (why, at): (String, Timestamp)) -> Result<Self, NotRemitted> {
        require(by)?;
        let state = match self.state.clone() {
            RemittanceState::Pending => RemittanceState::Rejected { rejected_by: by.id.clone(), why_rejected: why },
            RemittanceState::Booked { approved_by, approved_at, mistaken: Some(_), .. } => {
                let upheld = Some(Mistaken { by: by.id.clone(), why, at });
                RemittanceState::Booked { approved_by, approved_at, mistaken: None, upheld }
            }
            _ => return Err(self.wrong_state()),
        };
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
        if let Some(Mistaken { by, why, .. }) = self.upheld() {
            told.insert("upheld_by".to_owned(), by.clone());
            told.insert("upheld_because".to_owned(), why.clone());
        }
        // What was taken back before the second person's words were kept was told without them.
        if let RemittanceState::TakenBack { taken_back_by, taken_back_because: Some(why), .. } = &self.state {
            told.insert("taken_back_by".to_owned(), taken_back_by.clone());
            told.insert("taken_back_because".to_owned(), why.clone());
        }
        told
    }

    /// That it was no mistake, as was said last.
    #[must_use]
    pub fn upheld(&self) -> Option<&Mistaken> {
        match &self.state {
            RemittanceState::Booked { upheld, .. } => upheld.as_ref(),
            _ => None,
        }
    }

    /// Who booked it, as far as it is known.
    #[must_use]
    pub fn approved_by(&self) -> Option<&str> {
        match &self.state {
            RemittanceState::Booked { approved_by, .. } => Some(approved_by),
            RemittanceState::TakenBack { approved_by, .. } => approved_by.as_deref(),
            RemittanceState::Pending | RemittanceState::Rejected { .. } => None,
        }
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

fn require(by: &Actor) -> Result<(), NotRemitted> {
    let may = matches!(by.role, Role::Admin | Role::FinanceManager);
    if may { Ok(()) } else { Err(NotRemitted::RoleMayNot { role: by.role }) }
}

#[cfg(test)]
mod tests;
