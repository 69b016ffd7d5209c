//! COM-16: other rules over past sales: counted, proposed with the difference they make, approved by a second person as
//! that difference and no other, applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ulid::Ulid;

use crate::audit::{Actor, Deed};
use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::{PartnerId, ProgramId, RecomputeId, RuleId};
use crate::money::{Money, MoneyError};
use crate::payout::CURRENCIES_WITH_A_BAND;
use crate::rate::Rate;
use crate::role::Role;
use crate::rule::{Reward, RuleVersion, Terms, in_force};
use crate::time::Timestamp;

/// How many accounts that are left out are told one by one.
pub const LEFT_OUT_SHOWN_MAX: usize = 20;
/// The most versions that one recompute makes: they are made in one transaction.
pub const VERSIONS_MAX: usize = 80;

/// What a recompute makes of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDifference {
    /// Whose.
    pub partner: PartnerId,
    /// Whose sales: the partner's own, or of one whom the partner referred.
    pub through: PartnerId,
    /// The difference.
    pub difference: Money,
    /// In how many lines.
    pub lines: u64,
    /// A hash of what each sale and each period gets more or less, wherever the money is by now.
    pub hash: Digest,
}

/// An account that could not be counted or booked: it stays as it is until a person has looked, and the others go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Whose.
    pub partner: PartnerId,
    /// In which currency.
    pub currency: Currency,
    /// Why.
    pub reason: String,
}

/// What the counting of an account came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It gets something else.
    Differs(AccountDifference),
    /// It could not be counted.
    LeftOut(LeftOut),
}

/// What a recompute makes in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// By currency.
    pub totals: Vec<Money>,
    /// What it gives and takes, by currency: the sum of what each account's difference is, whichever way.
    pub moved: Vec<Money>,
    /// How many accounts get something else, once more for each partner whom they referred.
    pub accounts: u64,
    /// How many lines would be booked.
    pub lines: u64,
    /// A hash of all of it, and at its end of the rules that it was counted by: who approves it approves just that.
    pub seal: Digest,
    /// How many accounts are left out.
    #[serde(default)]
    pub left_out_count: u64,
    /// The first of them.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

impl Default for Difference {
    fn default() -> Self {
        let (totals, moved, left_out) = (Vec::new(), Vec::new(), Vec::new());
        Self { totals, moved, accounts: 0, lines: 0, seal: Digest::ZERO, left_out_count: 0, left_out }
    }
}

impl Difference {
    /// With one more account.
    ///
    /// # Errors
    /// Out of range.
    pub fn with(mut self, account: &AccountDifference) -> Result<Self, MoneyError> {
        let difference = account.difference;
        let size = if difference.is_negative() { difference.negate()? } else { difference };
        add(&mut self.totals, difference)?;
        add(&mut self.moved, size)?;
        self.accounts = self.accounts.saturating_add(1);
        self.lines = self.lines.saturating_add(account.lines);
        let row = format!("{}#{}#{}#{}\n", account.partner, difference.currency(), difference, account.hash);
        self.seal = self.seal.then(row.as_bytes());
        Ok(self)
    }

    /// With one more account that is left out. That it is, is sealed too: who approves has seen it.
    #[must_use]
    pub fn without(mut self, one: &LeftOut) -> Self {
        self.seal = self.seal.then(format!("{}#{}#left out\n", one.partner, one.currency).as_bytes());
        self.note_left_out(one);
        self
    }

    fn note_left_out(&mut self, one: &LeftOut) {
        self.left_out_count = self.left_out_count.saturating_add(1);
        if self.left_out.len() < LEFT_OUT_SHOWN_MAX {
            self.left_out.push(one.clone());
        }
    }

    fn sealed(self, rules: Digest) -> Self {
        Self { seal: self.seal.then(rules.as_bytes()), ..self }
    }
}

/// Amounts are kept in the order of currencies.
fn add(amounts: &mut Vec<Money>, more: Money) -> Result<(), MoneyError> {
    let code = |money: &Money| -> Currency { money.currency() };
    match amounts.binary_search_by(|money| code(money).cmp(&code(&more))) {
        Ok(place) => amounts[place] = amounts[place].try_add(more)?,
        Err(place) => amounts.insert(place, more),
    }
    Ok(())
}

/// Where a recompute stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecomputeState {
    /// Page by page of partners it is counted what it makes.
    Counting {
        /// What the partners so far come to.
        so_far: Difference,
        /// The last partner who is counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PartnerId>,
    },
    /// The difference is shown; nothing is booked.
    Proposed,
    /// Approved: before anything is booked it is counted once more, and must be what was shown.
    Checking {
        /// Who approved.
        approved_by: String,
        /// What the partners so far come to.
        so_far: Difference,
        /// The last partner who is counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PartnerId>,
    },
    /// It was: the versions are made, and account by account the difference is booked.
    Applying {
        /// Who approved.
        approved_by: String,
        /// The last partner whose accounts are done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PartnerId>,
    },
    /// All of it is booked.
    Applied {
        /// Who approved.
        approved_by: String,
    },
    /// Somebody said no.
    Rejected {
        /// Who.
        by: String,
    },
}

impl RecomputeState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Counting { .. } => "counting",
            Self::Proposed => "proposed",
            Self::Checking { .. } => "checking",
            Self::Applying { .. } => "applying",
            Self::Applied { .. } => "applied",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// Is there something to do that needs no person?
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        matches!(self, Self::Counting { .. } | Self::Checking { .. } | Self::Applying { .. })
    }

    /// Who approved, where somebody did.
    #[must_use]
    pub fn approved_by(&self) -> Option<&str> {
        match self {
            Self::Checking { approved_by, .. } | Self::Applying { approved_by, .. } | Self::Applied { approved_by } => {
                Some(approved_by)
            }
            Self::Counting { .. } | Self::Proposed | Self::Rejected { .. } => None,
        }
    }
}

/// A recompute of a programme's past sales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recompute {
    /// Its id.
    pub id: RecomputeId,
    /// Which programme.
    pub program: ProgramId,
    /// The versions that it adds to the programme's.
    pub versions: Vec<RuleVersion>,
    /// Sales from this instant on.
    pub from: Timestamp,
    /// Sales before this instant; up to when it was proposed, where it is left out.
    pub to: Option<Timestamp>,
    /// Why, for people.
    pub reason: String,
    /// Who proposed it.
    pub requested_by: Actor,
    /// When.
    pub requested_at: Timestamp,
    /// How often its difference was shown: once more each time that it had changed when it was approved.
    pub round: u32,
    /// What it makes, as it is shown; nothing while it is counted for the first time.
    pub shown: Difference,
    /// Where it stands.
    pub state: RecomputeState,
}

/// Why a step is not taken.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Refused {
    /// Another role may.
    #[error("the role {role} may not do this; admin may")]
    RoleMayNot {
        /// The role.
        role: Role,
    },
    /// One person has two eyes.
    #[error("whoever proposed it does not approve it; another admin does")]
    SamePerson,
    /// What it makes is not known yet.
    #[error("what it makes is still being counted; read it, and approve what it shows")]
    StillCounting,
    /// Something else was approved than what is shown.
    #[error("what is shown has another seal; read it again, and approve what it shows")]
    OtherSeal,
    /// More is left out than anybody has seen.
    #[error("{count} accounts are left out, more than are shown one by one; mend what they are left out for first")]
    TooManyLeftOut {
        /// How many.
        count: u64,
    },
    /// It is settled.
    #[error("it is {state} already")]
    WrongState {
        /// Where it stands.
        state: &'static str,
    },
}

impl Recompute {
    /// Does what it makes need a second person? By what it gives and takes in a currency. In a currency whose unit says
    /// little, always.
    #[must_use]
    pub fn needs_a_second_person(&self, four_eyes_above: u32) -> bool {
        self.shown.moved.iter().any(|moved| {
            let currency = moved.currency();
            let unit = 10_u64.saturating_pow(currency.exponent());
            !CURRENCIES_WITH_A_BAND.contains(&currency.code())
                || moved.minor().unsigned_abs() > u64::from(four_eyes_above).saturating_mul(unit)
        })
    }

    /// Approves what is shown, by its seal. What needs no second person may be approved by whoever proposed it. Nothing
    /// is booked before it was counted once more.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn approve(
        self,
        actor: Actor,
        seal: Digest,
        at: Timestamp,
        four_eyes_above: u32,
    ) -> Result<(Self, Deed), Refused> {
        require_admin(&actor)?;
        match &self.state {
            RecomputeState::Proposed => {}
            RecomputeState::Counting { .. } => return Err(Refused::StillCounting),
            state => return Err(Refused::WrongState { state: state.word() }),
        }
        // COM-16: who approves has seen just this; what was shown before or comes behind it is not approved.
        if seal != self.shown.seal {
            return Err(Refused::OtherSeal);
        }
        if self.shown.left_out_count > self.shown.left_out.len() as u64 {
            return Err(Refused::TooManyLeftOut { count: self.shown.left_out_count });
        }
        if self.needs_a_second_person(four_eyes_above) && actor.id == self.requested_by.id {
            return Err(Refused::SamePerson);
        }
        let so_far = Difference::default();
        let state = RecomputeState::Checking { approved_by: actor.id.clone(), so_far, after: None };
        Ok(self.step(state, "recompute.approved", actor, at))
    }

    /// Says no to it, or takes it back, as long as nothing is booked.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn reject(self, actor: Actor, at: Timestamp) -> Result<(Self, Deed), Refused> {
        require_admin(&actor)?;
        match &self.state {
            RecomputeState::Counting { .. } | RecomputeState::Proposed | RecomputeState::Checking { .. } => {}
            state => return Err(Refused::WrongState { state: state.word() }),
        }
        let state = RecomputeState::Rejected { by: actor.id.clone() };
        Ok(self.step(state, "recompute.rejected", actor, at))
    }

    /// One more page of partners is counted, the last where there is no next: then it is shown; or, approved and the same
    /// as it was shown, it is booked; or, approved and not the same, it is shown anew, for somebody to approve.
    ///
    /// # Errors
    /// Amounts are out of range.
    pub fn count(mut self, page: &[Counted], next: Option<PartnerId>, rules: Digest) -> Result<Self, MoneyError> {
        let one_more = |so_far: Difference, one: &Counted| match one {
            Counted::Differs(account) => so_far.with(account),
            Counted::LeftOut(one) => Ok(so_far.without(one)),
        };
        let more = |so_far: Difference| page.iter().try_fold(so_far, one_more);
        match (self.state, next) {
            (RecomputeState::Counting { so_far, .. }, Some(next)) => {
                self.state = RecomputeState::Counting { so_far: more(so_far)?, after: Some(next) };
            }
            (RecomputeState::Counting { so_far, .. }, None) => {
                self.shown = more(so_far)?.sealed(rules);
                self.state = RecomputeState::Proposed;
            }
            (RecomputeState::Checking { approved_by, so_far, .. }, Some(next)) => {
                self.state = RecomputeState::Checking { approved_by, so_far: more(so_far)?, after: Some(next) };
            }
            (RecomputeState::Checking { approved_by, so_far, .. }, None) => {
                let now = more(so_far)?.sealed(rules);
                // COM-16: facts or rules came since it was shown: it is asked again, and nothing is booked.
                self.state = if now.seal == self.shown.seal {
                    RecomputeState::Applying { approved_by, after: None }
                } else {
                    self.round = self.round.saturating_add(1);
                    self.shown = now;
                    RecomputeState::Proposed
                };
            }
            (state, _) => self.state = state,
        }
        Ok(self)
    }

    /// Under which round the differences that are counted now are kept.
    #[must_use]
    pub fn round_counted(&self) -> u32 {
        match self.state {
            RecomputeState::Checking { .. } => self.round.saturating_add(1),
            _ => self.round,
        }
    }

    /// The accounts of one more page of partners are booked; all, where there is no next. What could not be is told beside
    /// what was left out when it was counted.
    #[must_use]
    pub fn book(mut self, left_out: &[LeftOut], next: Option<PartnerId>) -> Self {
        if matches!(self.state, RecomputeState::Applying { .. }) {
            for one in left_out {
                let is_same = |known: &LeftOut| known.partner == one.partner && known.currency == one.currency;
                if !self.shown.left_out.iter().any(is_same) {
                    self.shown.note_left_out(one);
                }
            }
        }
        self.state = match (self.state, next) {
            (RecomputeState::Applying { approved_by, .. }, Some(next)) => {
                RecomputeState::Applying { approved_by, after: Some(next) }
            }
            (RecomputeState::Applying { approved_by, .. }, None) => RecomputeState::Applied { approved_by },
            (state, _) => state,
        };
        self
    }

    fn step(self, state: RecomputeState, action: &'static str, actor: Actor, at: Timestamp) -> (Self, Deed) {
        let old = self.told();
        let after = Self { state, ..self };
        let deed = Deed { at, actor, action, old, new: after.told() };
        (after, deed)
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let totals: Vec<String> =
            self.shown.totals.iter().map(|total| format!("{total} {}", total.currency())).collect();
        BTreeMap::from([
            ("program".to_owned(), self.program.to_string()),
            ("state".to_owned(), self.state.word().to_owned()),
            ("totals".to_owned(), totals.join(", ")),
            ("seal".to_owned(), self.shown.seal.to_hex()),
            ("reason".to_owned(), self.reason.clone()),
        ])
    }
}

fn require_admin(actor: &Actor) -> Result<(), Refused> {
    if actor.role == Role::Admin { Ok(()) } else { Err(Refused::RoleMayNot { role: actor.role }) }
}

/// Which past sales other terms are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub to: Timestamp,
}

/// The versions that make a programme pay by other terms in a span, and by its own before and behind it.
///
/// Versions are immutable: the terms are put in force at the beginning, again wherever a version of the programme's own
/// begins within the span, and what was in force at its end is put in force there again. Of two versions of one instant
/// the later made holds, so each id is made greater than those that are there.
#[must_use]
pub fn versions_for(
    program: &ProgramId,
    existing: &[RuleVersion],
    (terms, span): (&Terms, Span),
    (id, at): (&RecomputeId, Timestamp),
) -> Vec<RuleVersion> {
    let newest = existing.iter().map(|version| version.id.ulid().timestamp_ms()).max().unwrap_or(0);
    let made_ms = u64::try_from(at.as_millisecond()).unwrap_or(0).max(newest.saturating_add(1));
    let version = |effective_from: Timestamp, terms: &Terms| {
        let parts = [b"recompute".as_slice(), id.as_str().as_bytes(), &effective_from.as_millisecond().to_be_bytes()];
        let random = Digest::of(&parts).to_ulid().random();
        let id = RuleId::from_ulid(Ulid::from_parts(made_ms, random));
        RuleVersion { id, program: program.clone(), effective_from, terms: terms.clone() }
    };
    let inner = existing.iter().map(|version| version.effective_from);
    let mut begins: Vec<Timestamp> = inner.filter(|begin| span.from < *begin && *begin < span.to).collect();
    begins.push(span.from);
    begins.sort();
    begins.dedup();
    let mut versions: Vec<RuleVersion> = begins.into_iter().map(|begin| version(begin, terms)).collect();
    // Where the programme had no rule yet, it has none again: terms without a clause pay for nothing.
    let nothing = Terms { clauses: Vec::new(), ..Terms::simple(Reward::Percentage(Rate::ZERO), 0) };
    let own = in_force(existing, span.to).map_or(&nothing, |own| &own.terms);
    versions.push(version(span.to, own));
    versions
}

#[cfg(test)]
mod tests;
