//! The part of a payout's life that a rail has which moves by itself: handed over, carried, refused, or not known.
//!
//! An outcome that nobody knows is a state of its own (PAY-7): from there it is read at the rail, or two people say what
//! they know; it is never asked for under another key.

use std::collections::BTreeMap;

use super::{HeadMove, Payout, PayoutState, Refused, Step, reference_name, require, require_not_before};
use crate::audit::Actor;
use crate::role::Role;
use crate::time::{Timestamp, sortable};

/// What the audit calls a step by which a payout waits for something of ours: it says why, which the payout does not.
pub const POSTPONED: &str = "payout.postponed";

/// What one person says of an outcome that is not known.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// Who.
    pub by: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// What.
    pub word: Word,
}

/// What people may find out about an outcome.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Word {
    /// The money arrived.
    Paid {
        /// When.
        completed_at: Timestamp,
        /// The rail's reference of it.
        reference: String,
    },
    /// It did not, and will not.
    NotPaid {
        /// How that is known.
        reason: String,
    },
}

impl Said {
    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let by = &self.by;
        match &self.word {
            Word::Paid { reference, .. } => format!("{by} says that it was paid under {reference}"),
            Word::NotPaid { reason } => format!("{by} says that it was not paid: {reason}"),
        }
    }
}

impl Word {
    /// Do two people say the same? However they write the reference, and whatever day they read.
    fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Paid { reference: one, .. }, Self::Paid { reference: other, .. }) => {
                reference_name(one) == reference_name(other)
            }
            (Self::NotPaid { .. }, Self::NotPaid { .. }) => true,
            (Self::Paid { .. }, Self::NotPaid { .. }) | (Self::NotPaid { .. }, Self::Paid { .. }) => false,
        }
    }

    /// The same word, with its reference as the rail writes it, where either of the two who agree wrote it so.
    fn spelled_as(self, first: &Self) -> Self {
        match (self, first) {
            (Self::Paid { completed_at, reference }, Self::Paid { reference: first, .. }) => {
                let is_rails = !reference.trim().starts_with(TRANSFER) && first.trim().starts_with(TRANSFER);
                let kept = if is_rails { first.trim() } else { reference.trim() };
                Self::Paid { completed_at, reference: kept.to_owned() }
            }
            (word, _) => word,
        }
    }
}

/// How a rail's own references begin.
const TRANSFER: &str = "tr_";

/// The machine that talks to rails.
const EXECUTOR: &[Role] = &[Role::Service];
/// The machine that looks at a rail, and finance, who brings the file of a bank.
const RETURNS: &[Role] = &[Role::Service, Role::FinanceManager];
/// Who hands payouts to a rail.
const FINANCE: &[Role] = &[Role::FinanceManager];
/// Who says what became of a payout, when the rail does not.
const DESK: &[Role] = &[Role::FinanceManager, Role::Admin];

impl Payout {
    /// Finance hands it to a rail that moves by itself.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn submit(self, actor: Actor, attempt: u32, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, FINANCE)?;
        self.require_state(&["approved"])?;
        self.require_fresh_approvals(at)?;
        let after = self.moved_to(PayoutState::Submitting { attempt, since: at });
        Ok(self.step(after, HeadMove::None, "payout.submitting", actor, at))
    }

    /// Finance has the rail looked at again: the same attempt, under the same key.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn retry(self, actor: Actor, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, FINANCE)?;
        let (PayoutState::Submitting { attempt, since } | PayoutState::OutcomeUnknown { attempt, since, .. }) =
            self.state
        else {
            return Err(self.wrong_state());
        };
        // Since when stays: by it the rail's memory of the key is judged.
        let after = self.moved_to(PayoutState::Submitting { attempt, since });
        Ok(self.step(after, HeadMove::None, "payout.retried", actor, at))
    }

    /// The rail has carried it, under a reference of its own.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn settle(self, actor: Actor, reference: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, EXECUTOR)?;
        let sent_at = self.handed_over()?;
        let after = self.moved_to(PayoutState::Paid { sent_at, completed_at: at, reference });
        Ok(self.step(after, HeadMove::Settle, "payout.paid", actor, at))
    }

    /// The rail's answer did not come, or says nothing.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn lose_track(self, actor: Actor, why: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, EXECUTOR)?;
        let PayoutState::Submitting { attempt, since } = self.state else { return Err(self.wrong_state()) };
        let after = self.moved_to(PayoutState::OutcomeUnknown { attempt, since, why, said: None });
        Ok(self.step(after, HeadMove::None, "payout.outcome_unknown", actor, at))
    }

    /// The rail says no for certain, and no to this payee: the money goes back to the balance.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn refuse(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, EXECUTOR)?;
        self.handed_over()?;
        let after = self.moved_to(PayoutState::Failed { reason });
        Ok(self.step(after, HeadMove::GiveBack, "payout.failed", actor, at))
    }

    /// The rail says no for certain, for a reason that is ours: it stays approved, and another attempt may be made.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn postpone(self, actor: Actor, reason: &str, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, EXECUTOR)?;
        self.handed_over()?;
        let after = self.moved_to(PayoutState::Approved);
        let mut step = self.step(after, HeadMove::None, POSTPONED, actor, at);
        // Of the step, and nothing that the payout is: whoever proves the trail knows (V10).
        step.deed.new.insert("reason".to_owned(), reason.to_owned());
        Ok(step)
    }

    /// What was paid came back whole.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn come_back(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, RETURNS)?;
        let PayoutState::Paid { sent_at, completed_at, reference } = self.state.clone() else {
            return Err(self.wrong_state());
        };
        let state = PayoutState::Returned { sent_at, completed_at, reference, returned_at: at, reason };
        let after = self.moved_to(state);
        Ok(self.step(after, HeadMove::None, "payout.returned", actor, at))
    }

    /// A person says what became of it. The first word is kept; another person's same word takes effect.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn resolve(self, actor: Actor, word: Word, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, DESK)?;
        let PayoutState::OutcomeUnknown { attempt, since, why, said } = self.state.clone() else {
            return Err(self.wrong_state());
        };
        if let Word::Paid { completed_at, .. } = &word {
            require_not_before(*completed_at, since, "completed_at", "the payout was submitted")?;
        }
        // PAY-7: four eyes; whoever says something else begins anew.
        let agreed = said.filter(|said| said.word.agrees_with(&word));
        match agreed {
            Some(said) if said.by == actor.id => Err(Refused::SaidByYou),
            Some(said) => Ok(self.resolved(actor, word.spelled_as(&said.word), since, at)),
            None => {
                let said = Said { by: actor.id.clone(), at_ms: at.as_millisecond(), word };
                let after = self.moved_to(PayoutState::OutcomeUnknown { attempt, since, why, said: Some(said) });
                Ok(self.step(after, HeadMove::None, "payout.resolution_said", actor, at))
            }
        }
    }

    fn resolved(self, actor: Actor, word: Word, since: Timestamp, at: Timestamp) -> Step {
        match word {
            Word::Paid { completed_at, reference } => {
                let after = self.moved_to(PayoutState::Paid { sent_at: since, completed_at, reference });
                self.step(after, HeadMove::Settle, "payout.paid", actor, at)
            }
            Word::NotPaid { reason } => {
                let after = self.moved_to(PayoutState::Failed { reason });
                self.step(after, HeadMove::GiveBack, "payout.failed", actor, at)
            }
        }
    }

    /// Does the money leave with the step that made it so? A retry is no such step: it left before, or is on its way.
    #[must_use]
    pub fn goes_out_now(&self) -> bool {
        match self.state {
            PayoutState::Submitted { .. } => true,
            PayoutState::Submitting { since, .. } => since == self.moved_at,
            _ => false,
        }
    }

    /// When it was handed to the rail, if the rail has it.
    fn handed_over(&self) -> Result<Timestamp, Refused> {
        match self.state {
            PayoutState::Submitting { since, .. } | PayoutState::OutcomeUnknown { since, .. } => Ok(since),
            _ => Err(self.wrong_state()),
        }
    }
}

/// What the audit says of these states.
pub(super) fn tell(state: &PayoutState, told: &mut BTreeMap<String, String>) {
    let mut put = |name: &str, text: String| told.insert(name.to_owned(), text);
    match state {
        PayoutState::Submitting { attempt, .. } => {
            put("attempt", attempt.to_string());
        }
        PayoutState::OutcomeUnknown { attempt, why, said, .. } => {
            put("attempt", attempt.to_string());
            put("why", why.clone());
            if let Some(Said { by, word, .. }) = said {
                put("said_by", by.clone());
                match word {
                    Word::Paid { reference, .. } => put("said", format!("paid under {reference}")),
                    Word::NotPaid { reason } => put("said", format!("not paid: {reason}")),
                };
            }
        }
        PayoutState::Returned { reference, returned_at, reason, .. } => {
            put("reference", reference.clone());
            put("returned_at", sortable(*returned_at));
            put("reason", reason.clone());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
