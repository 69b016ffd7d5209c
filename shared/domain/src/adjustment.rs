//! What people change in an account by hand: corrections, debts given up, one currency changed into another.
//!
//! Each is asked for by one person. A small correction is booked at once; everything else waits for another person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::audit::{Actor, Deed};
use crate::digest::Digest;
use crate::entry::{Entry, EntryKind};
use crate::fx::StoredRate;
use crate::id::{AdjustmentId, PartnerId, PayoutId};
use crate::line::{Account, Place};
use crate::money::{Money, MoneyError};
use crate::payout::CURRENCIES_WITH_A_BAND;
use crate::role::Role;
use crate::time::Timestamp;

/// Above how many whole units of a currency a correction needs a second person, unless the tenant says otherwise.
pub const FOUR_EYES_ABOVE: u32 = 100;

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A correction, signed.
    Correction {
        /// What is added to the balance.
        amount: Money,
    },
    /// A debt is given up: the available balance comes to nothing.
    WriteOff {
        /// The debt, above zero.
        amount: Money,
    },
    /// One currency becomes another.
    Exchange {
        /// What leaves, above zero.
        out: Money,
        /// What comes.
        into: Money,
        /// At which rate: stored, with its source and time.
        rate: StoredRate,
    },
    /// What came back of a paid payout is released from `held`, whole.
    Release {
        /// Which payout came back.
        payout: PayoutId,
        /// What came back of it, above zero.
        amount: Money,
    },
}

impl Change {
    /// The word of its kind.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Correction { .. } => "correction",
            Self::WriteOff { .. } => "write_off",
            Self::Exchange { .. } => "exchange",
            Self::Release { .. } => "release",
        }
    }

    /// The amount that a second person is asked about.
    #[must_use]
    pub fn amount(&self) -> Money {
        match self {
            Self::Correction { amount } | Self::WriteOff { amount } | Self::Release { amount, .. } => *amount,
            Self::Exchange { out, .. } => *out,
        }
    }

    /// LED-7: corrections and releases above the threshold, and every debt given up or exchange, take a second person. So
    /// does any of them in a currency whose unit says little (100 yen, 100 dinar).
    #[must_use]
    pub fn needs_a_second_person(&self, four_eyes_above: u32) -> bool {
        let (Self::Correction { amount } | Self::Release { amount, .. }) = self else { return true };
        let currency = amount.currency();
        let unit = 10_u64.saturating_pow(currency.exponent());
        !CURRENCIES_WITH_A_BAND.contains(&currency.code())
            || amount.minor().unsigned_abs() > u64::from(four_eyes_above).saturating_mul(unit)
    }
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AdjustmentState {
    /// Waits for a second person.
    Pending,
    /// It is in the ledger.
    Booked {
        /// The second person, where one was needed.
        approved_by: Option<String>,
    },
    /// The second person said no, or the first took it back.
    Rejected {
        /// Who.
        #[serde(rename = "rejected_by")]
        by: String,
        /// Why. Not `reason`: it stands beside the reason of the adjustment.
        #[serde(rename = "why_rejected")]
        reason: String,
    },
}

impl AdjustmentState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Booked { .. } => "booked",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// A change by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// Whose account.
    pub partner: PartnerId,
    /// What is to be changed.
    pub change: Change,
    /// Why, for people.
    pub reason: String,
    /// Who asked.
    pub requested_by: Actor,
    /// When.
    pub requested_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// Where it stands.
    pub state: AdjustmentState,
}

/// A step that an adjustment takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The adjustment after.
    pub adjustment: Adjustment,
    /// The audit's part.
    pub deed: Deed,
}

/// Why a step is not taken.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Refused {
    /// Another role may.
    #[error("the role {role} may not do this; admin and finance_manager may")]
    RoleMayNot {
        /// The role.
        role: Role,
    },
    /// One person has two eyes.
    #[error("whoever asked for it does not approve it; another person does")]
    SamePerson,
    /// The approver saw another one than is stored.
    #[error("it is not the one that you saw: its seal differs; read it again")]
    SealDiffers,
    /// It is settled.
    #[error("it is {state} already")]
    WrongState {
        /// Where it stands.
        state: &'static str,
    },
}

/// What the note of a released entry begins with: behind it stands the request that released it.
pub const RELEASED_BY: &str = "released by: ";

/// One half of what releases money that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseHalf {
    /// Out of `held`.
    Out,
    /// Into the balance.
    In,
}

impl ReleaseHalf {
    /// The other half.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
        }
    }

    /// The natural key of its entry: of the payout that came back, and of nothing else.
    #[must_use]
    pub fn key(self, payout: &PayoutId) -> String {
        match self {
            Self::Out => format!("released-out/{payout}"),
            Self::In => format!("released-in/{payout}"),
        }
    }

    /// Reads such a key.
    #[must_use]
    pub fn parse(key: &str) -> Option<(Self, PayoutId)> {
        let (word, payout) = key.split_once('/')?;
        let half = match word {
            "released-out" => Self::Out,
            "released-in" => Self::In,
            _ => return None,
        };
        Some((half, PayoutId::parse(payout).ok()?))
    }
}

/// The natural key of the entry by which a payout's money came back.
#[must_use]
pub fn returned_key(payout: &PayoutId) -> String {
    format!("returned/{payout}")
}

const DESK: [Role; 2] = [Role::Admin, Role::FinanceManager];

/// An amount as a seal takes it in: by its units and its currency, however an amount is shown.
fn sealed(amount: Money) -> String {
    format!("{} {}", amount.minor(), amount.currency().code())
}

impl Adjustment {
    /// Somebody asks. What needs no second person is booked with the asking.
    ///
    /// # Errors
    /// The role may not.
    pub fn ask(
        id: AdjustmentId,
        partner: PartnerId,
        change: Change,
        reason: String,
        (actor, at): (Actor, Timestamp),
        four_eyes_above: u32,
    ) -> Result<Step, Refused> {
        require_desk(&actor)?;
        let state = if change.needs_a_second_person(four_eyes_above) {
            AdjustmentState::Pending
        } else {
            AdjustmentState::Booked { approved_by: None }
        };
        let requested_by = actor.clone();
        let adjustment = Self { id, partner, change, reason, requested_by, requested_at: at, moved_at: at, state };
        let deed = Deed { at, actor, action: "adjustment.requested", old: BTreeMap::new(), new: adjustment.told() };
        Ok(Step { adjustment, deed })
    }

    /// What an approval binds to: the request, every part of it, and who made it. It is the same in every state.
    #[must_use]
    pub fn seal(&self) -> Digest {
        let mut parts = vec![
            "adjustment".to_owned(),
            self.id.to_string(),
            self.partner.to_string(),
            self.change.word().to_owned(),
            sealed(self.change.amount()),
            self.reason.clone(),
            self.requested_by.id.clone(),
            crate::time::sortable(self.requested_at),
        ];
        if let Change::Exchange { into, rate, .. } = &self.change {
            parts.extend([sealed(*into), rate.rate.to_string(), rate.source.clone(), crate::time::sortable(rate.at)]);
        }
        if let Change::Release { payout, .. } = &self.change {
            parts.push(payout.to_string());
        }
        Digest::of(&parts.iter().map(String::as_bytes).collect::<Vec<_>>())
    }

    /// Another person says yes to the seal that they saw: it is booked.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn approve(self, actor: Actor, seen_seal: Digest, at: Timestamp) -> Result<Step, Refused> {
        require_desk(&actor)?;
        self.require_pending()?;
        let is_seen = seen_seal == self.seal();
        let is_own = actor.id == self.requested_by.id;
        #[cfg(feature = "planted")]
        let (is_seen, is_own) = (
            is_seen || crate::planted::is(crate::planted::Bug::AdjustmentOfAnySeal),
            is_own && !crate::planted::is(crate::planted::Bug::OwnAdjustmentApproved),
        );
        // LED-7: a yes is to what was seen, and to nothing else.
        if !is_seen {
            return Err(Refused::SealDiffers);
        }
        // LED-7: four eyes, and not two of them twice.
        if is_own {
            return Err(Refused::SamePerson);
        }
        let state = AdjustmentState::Booked { approved_by: Some(actor.id.clone()) };
        Ok(self.step(state, "adjustment.approved", actor, at))
    }

    /// Somebody says no; who asked may take it back.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn reject(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require_desk(&actor)?;
        self.require_pending()?;
        let state = AdjustmentState::Rejected { by: actor.id.clone(), reason };
        Ok(self.step(state, "adjustment.rejected", actor, at))
    }

    /// The accounts that it touches.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let account = |money: Money| Account { partner: self.partner.clone(), currency: money.currency() };
        match &self.change {
            Change::Correction { amount } | Change::WriteOff { amount } | Change::Release { amount, .. } => {
                vec![account(*amount)]
            }
            Change::Exchange { out, into, .. } => vec![account(*out), account(*into)],
        }
    }

    /// What it books, at the place of each of its accounts. Its keys are its own: booked twice, it is booked once.
    ///
    /// # Errors
    /// Out of range.
    pub fn entries(&self, places: &[Place], at: Timestamp) -> Result<Vec<Entry>, MoneyError> {
        if let Change::Release { payout, amount } = &self.change {
            return self.released(payout, *amount, places, at);
        }
        let parts: Vec<(EntryKind, Money)> = match &self.change {
            Change::Correction { amount } => vec![(EntryKind::ManualAdjustment, *amount)],
            Change::WriteOff { amount } => vec![(EntryKind::WriteOff, *amount)],
            // LED-6: two entries, one a currency, at a rate that is told with them.
            Change::Exchange { out, into, .. } => {
                vec![(EntryKind::FxOut, out.negate()?), (EntryKind::FxIn, *into)]
            }
            Change::Release { .. } => Vec::new(),
        };
        let notes = match &self.change {
            Change::Exchange { rate, .. } => vec![
                format!("rate: {}", rate.rate),
                format!("source: {}", rate.source),
                format!("told: {}", crate::time::sortable(rate.at)),
            ],
            Change::Correction { .. } | Change::WriteOff { .. } | Change::Release { .. } => Vec::new(),
        };
        let entries = self.accounts().into_iter().zip(parts).zip(places).map(|((account, (kind, amount)), place)| {
            let key = format!("{}/{}", kind.word(), self.id);
            Entry {
                by: Some(self.requested_by.clone()),
                reason: self.reason.clone(),
                notes: notes.clone(),
                ..Entry::new(key, kind, account, amount, *place, at)
            }
        });
        Ok(entries.collect())
    }

    /// PAY-9: out of `held` and into the balance. The keys are the payout's and not this request's: what came back once is
    /// released once, however many ask.
    fn released(
        &self,
        payout: &PayoutId,
        amount: Money,
        places: &[Place],
        at: Timestamp,
    ) -> Result<Vec<Entry>, MoneyError> {
        let into = places.first().map(|place| (ReleaseHalf::In, amount, *place));
        let halves = [Some((ReleaseHalf::Out, amount.negate()?, Place::Held)), into];
        let account = Account { partner: self.partner.clone(), currency: amount.currency() };
        let entry = |(half, amount, place): (ReleaseHalf, Money, Place)| Entry {
            by: Some(self.requested_by.clone()),
            reason: self.reason.clone(),
            notes: vec![format!("{RELEASED_BY}{}", self.id)],
            ..Entry::new(half.key(payout), EntryKind::Released, account.clone(), amount, place, at)
        };
        Ok(halves.into_iter().flatten().map(entry).collect())
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let amount = self.change.amount();
        let mut told = BTreeMap::from([
            ("state".to_owned(), self.state.word().to_owned()),
            ("change".to_owned(), self.change.word().to_owned()),
            ("partner".to_owned(), self.partner.to_string()),
            ("amount".to_owned(), amount.to_text()),
            ("currency".to_owned(), amount.currency().to_string()),
            ("reason".to_owned(), self.reason.clone()),
        ]);
        if let Change::Exchange { into, rate, .. } = &self.change {
            told.insert("into".to_owned(), format!("{into:?}"));
            told.insert("rate".to_owned(), format!("{} by {}", rate.rate, rate.source));
        }
        if let Change::Release { payout, .. } = &self.change {
            told.insert("payout".to_owned(), payout.to_string());
        }
        if let AdjustmentState::Rejected { reason, .. } = &self.state {
            told.insert("why_rejected".to_owned(), reason.clone());
        }
        told
    }

    fn require_pending(&self) -> Result<(), Refused> {
        if self.state == AdjustmentState::Pending {
            Ok(())
        } else {
            Err(Refused::WrongState { state: self.state.word() })
        }
    }

    fn step(self, state: AdjustmentState, action: &'static str, actor: Actor, at: Timestamp) -> Step {
        let old = self.told();
        let adjustment = Self { state, moved_at: at, ..self };
        let deed = Deed { at, actor, action, old, new: adjustment.told() };
        Step { adjustment, deed }
    }
}

fn require_desk(actor: &Actor) -> Result<(), Refused> {
    if DESK.contains(&actor.role) { Ok(()) } else { Err(Refused::RoleMayNot { role: actor.role }) }
}

#[cfg(test)]
mod tests;
