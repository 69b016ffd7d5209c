//! Payouts: born sealed, moved by commands that say who may and when not.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Actor, Deed};
use crate::digest::Digest;
use crate::id::{PartnerId, PayoutId};
use crate::line::Account;
use crate::money::Money;
use crate::role::Role;
use crate::slot::Slot;
use crate::tax::Net;
use crate::time::{BusinessDay, Timestamp, Zone, sortable};

pub mod attempt;
pub mod carry;
mod confirmed;
mod executed;
pub mod file;
pub mod hold;
pub mod policy;
mod refused;
pub mod run;
pub mod schedule;
mod terms;
mod words;

pub use confirmed::{Arrived, ReturnWindow};
pub use executed::{POSTPONED, Said, Word};
pub use refused::Refused;
pub use terms::Terms;

/// How long an approval counts.
const APPROVAL_HOURS: i64 = 72;
/// The gross from which two distinct people approve, in whole units of these currencies. Any other currency: always two.
const TWO_APPROVERS_FROM: i64 = 100_000;
pub(crate) const CURRENCIES_WITH_A_BAND: [&str; 6] = ["USD", "EUR", "GBP", "CAD", "AUD", "CHF"];

/// A payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Account and number.
    pub id: PayoutId,
    /// Whose.
    pub partner: PartnerId,
    /// What leaves the balance.
    pub amount: Money,
    /// It covers the slots after this one …
    pub from: Option<Slot>,
    /// … up to and with this one.
    pub to: Slot,
    /// How many lines are in the closes that it covers.
    pub lines: u64,
    /// The chain of closes at its birth.
    pub close_hash: Digest,
    /// What approvals bind to.
    pub seal: Digest,
    /// The name of the request that it came from: asked twice under one name, it is one payout.
    pub asked_under: String,
    /// Who asked.
    pub requested_by: Actor,
    /// When.
    pub requested_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// Where it stands.
    pub state: PayoutState,
    /// Who has approved, oldest first.
    pub approvals: Vec<Approval>,
    /// Where it goes and how many must approve it, as it was when it was asked for.
    pub terms: Terms,
    /// What of the amount leaves and what is kept: decided when it is sent.
    pub net: Option<Net>,
}

/// One person's yes, to one seal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// To what.
    pub seal: Digest,
}

/// Where a payout stands, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PayoutState {
    /// Waits for approval.
    PendingApproval,
    /// May be sent.
    Approved,
    /// A rail that moves by itself carries it, or is about to: what was asked of the rail is in the attempt.
    Submitting {
        /// The number of the attempt.
        attempt: u32,
        /// Since when.
        since: Timestamp,
    },
    /// Nobody knows whether the rail has carried it: it is looked for, and asked for again under the same key alone.
    OutcomeUnknown {
        /// The number of the attempt.
        attempt: u32,
        /// When it was submitted.
        since: Timestamp,
        /// What is known.
        why: String,
        /// What one person has said of it; another must say the same.
        said: Option<Said>,
    },
    /// Somebody said no; the money is back.
    Rejected {
        /// Why.
        reason: String,
    },
    /// Taken back before approval; the money is back.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Handed to the rail.
    Submitted {
        /// When it was sent.
        sent_at: Timestamp,
        /// When it should arrive.
        expected_arrival: Option<BusinessDay>,
        /// The sender's own reference.
        reference: String,
    },
    /// Arrived, by a confirmed reference.
    Paid {
        /// When it was sent.
        sent_at: Timestamp,
        /// When it arrived.
        completed_at: Timestamp,
        /// The confirmed reference.
        reference: String,
    },
    /// The rail said no for certain; the money is back.
    Failed {
        /// Why.
        reason: String,
    },
    /// It was paid and came back; its amount is the partner's again.
    Returned {
        /// When it was sent.
        sent_at: Timestamp,
        /// When it arrived.
        completed_at: Timestamp,
        /// The reference that it arrived under.
        reference: String,
        /// When it came back.
        returned_at: Timestamp,
        /// Why, as far as it is told.
        reason: String,
    },
}

/// What a step does to the account's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadMove {
    /// Nothing.
    None,
    /// `available += a, reserved −= a, covered = paid`.
    GiveBack,
    /// `reserved −= a, settled += a, paid = covered`.
    Settle,
}

/// A step that a payout takes: what it becomes, what the head does, what the audit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The payout after.
    pub payout: Payout,
    /// The head's part.
    pub head: HeadMove,
    /// The audit's part.
    pub deed: Deed,
}

/// What a seal binds.
#[derive(Clone, Debug)]
pub struct SealedContent<'a> {
    /// The payout.
    pub id: &'a PayoutId,
    /// Its account.
    pub account: &'a Account,
    /// Slots after this one …
    pub from: Option<Slot>,
    /// … up to this one.
    pub to: Slot,
    /// The amount.
    pub amount: Money,
    /// The chain of closes, which binds every line.
    pub close_hash: Digest,
    /// Where it goes and how many must approve it.
    pub terms: &'a Terms,
}

/// The seal: approvals bind to it, and through the chain of closes to every line.
#[must_use]
pub fn seal(content: &SealedContent<'_>) -> Digest {
    let from = content.from.map(|slot| slot.to_string()).unwrap_or_default();
    let (to, minor) = (content.to.to_string(), content.amount.minor().to_string());
    let terms = content.terms.sealed_text();
    let mut parts: Vec<&[u8]> = vec![
        b"payout",
        content.id.as_str().as_bytes(),
        content.account.partner.as_str().as_bytes(),
        content.account.currency.code().as_bytes(),
        from.as_bytes(),
        to.as_bytes(),
        minor.as_bytes(),
        content.close_hash.as_bytes(),
    ];
    // A payout without terms of its own has the seal that payouts always had.
    parts.extend(terms.as_ref().map(|terms| terms.as_bytes()));
    Digest::of(&parts)
}

/// How many distinct people must approve an amount.
#[must_use]
pub fn approvers_needed(amount: Money) -> usize {
    // PAY-4: two distinct approvers from 100,000; a currency without a band: always two.
    let currency = amount.currency();
    let has_band = CURRENCIES_WITH_A_BAND.contains(&currency.code());
    let threshold = TWO_APPROVERS_FROM.saturating_mul(10_i64.saturating_pow(currency.exponent()));
    if has_band && amount.minor() < threshold { 1 } else { 2 }
}

impl Payout {
    /// The account it is paid from.
    #[must_use]
    pub fn account(&self) -> Account {
        Account { partner: self.partner.clone(), currency: self.amount.currency() }
    }

    /// The seal as it must be; compared before money moves.
    #[must_use]
    pub fn computed_seal(&self) -> Digest {
        let account = self.account();
        seal(&SealedContent {
            id: &self.id,
            account: &account,
            from: self.from,
            to: self.to,
            amount: self.amount,
            close_hash: self.close_hash,
            terms: &self.terms,
        })
    }

    /// PAY-4: how many distinct people must approve it: what the bands said when it was asked for.
    #[must_use]
    pub fn approvers(&self) -> usize {
        self.terms.approvers.map_or_else(|| approvers_needed(self.amount), usize::from)
    }

    /// Approvals that count at an instant: of this seal and not expired.
    #[must_use]
    pub fn standing_approvals(&self, at: Timestamp) -> BTreeSet<&str> {
        let oldest_ms = at.as_millisecond() - APPROVAL_HOURS * 3_600_000;
        self.approvals
            .iter()
            .filter(|approval| approval.seal == self.seal && approval.at_ms >= oldest_ms)
            .map(|approval| approval.by.as_str())
            .collect()
    }

    /// An admin says yes to the seal that they saw, where nobody has changed of late where the money goes.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn approve(self, actor: Actor, seen_seal: Digest, at: Timestamp) -> Result<Step, Refused> {
        self.approve_beside(actor, seen_seal, &BTreeSet::new(), at)
    }

    /// An admin says yes to the seal that they saw; those who changed where the money goes may not.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn approve_beside(
        self,
        actor: Actor,
        seen_seal: Digest,
        editors: &BTreeSet<String>,
        at: Timestamp,
    ) -> Result<Step, Refused> {
        require(&actor, &[Role::Admin])?;
        // PAY-4: who may not approve is told so first, and never learns from the refusal how far others have come.
        if let Some(refused) = self.bars(&actor, editors) {
            return Err(refused);
        }
        // What was approved and then left lying until its approvals expired is approved anew.
        let lapsed =
            matches!(self.state, PayoutState::Approved) && self.standing_approvals(at).len() < self.approvers();
        if !lapsed {
            self.require_state(&["pending_approval"])?;
        }
        #[cfg(feature = "planted")]
        let seen_seal = if crate::planted::is(crate::planted::Bug::ApprovalOfAnySeal) { self.seal } else { seen_seal };
        // PAY-4: a yes is to what was seen, and to nothing else.
        if seen_seal != self.seal || self.computed_seal() != self.seal {
            return Err(Refused::SealDiffers);
        }
        if self.standing_approvals(at).contains(actor.id.as_str()) {
            return Err(Refused::AlreadyApprovedByYou);
        }
        let mut after = self.clone();
        after.approvals.push(Approval { by: actor.id.clone(), at_ms: at.as_millisecond(), seal: self.seal });
        if after.standing_approvals(at).len() >= self.approvers() {
            after.state = PayoutState::Approved;
        }
        Ok(self.step(after, HeadMove::None, "payout.approved", actor, at))
    }

    /// An admin says no; one no is enough.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn reject(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, &[Role::Admin])?;
        self.require_state(&["pending_approval"])?;
        let after = self.moved_to(PayoutState::Rejected { reason });
        Ok(self.step(after, HeadMove::GiveBack, "payout.rejected", actor, at))
    }

    /// Taken back, until approved, by its partner or an admin.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn cancel(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, &[Role::Admin, Role::FinanceManager, Role::Partner])?;
        self.require_state(&["pending_approval"])?;
        let after = self.moved_to(PayoutState::Cancelled { reason });
        Ok(self.step(after, HeadMove::GiveBack, "payout.cancelled", actor, at))
    }

    /// Finance says that it has sent the money.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn mark_sent(self, actor: Actor, sent: Sent, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, &[Role::FinanceManager])?;
        self.require_state(&["approved"])?;
        self.require_fresh_approvals(at)?;
        require_not_before(sent.sent_at, self.requested_at, "sent_at", "the payout was asked for")?;
        let after = self.moved_to(PayoutState::Submitted {
            sent_at: sent.sent_at,
            expected_arrival: sent.expected_arrival,
            reference: sent.reference,
        });
        Ok(self.step(after, HeadMove::None, "payout.sent", actor, at))
    }

    /// Finance says that the rail refused for certain.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn fail(self, actor: Actor, reason: String, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, &[Role::FinanceManager])?;
        self.require_state(&["approved", "submitted"])?;
        let after = self.moved_to(PayoutState::Failed { reason });
        Ok(self.step(after, HeadMove::GiveBack, "payout.failed", actor, at))
    }

    fn require_fresh_approvals(&self, at: Timestamp) -> Result<(), Refused> {
        if self.computed_seal() != self.seal {
            return Err(Refused::SealDiffers);
        }
        if self.standing_approvals(at).len() < self.approvers() { Err(Refused::ApprovalsExpired) } else { Ok(()) }
    }

    fn require_state(&self, allowed: &[&str]) -> Result<(), Refused> {
        if allowed.contains(&self.state.word()) { Ok(()) } else { Err(self.wrong_state()) }
    }

    fn wrong_state(&self) -> Refused {
        Refused::WrongState { state: self.state.word() }
    }

    fn moved_to(&self, state: PayoutState) -> Self {
        Self { state, ..self.clone() }
    }

    fn step(self, mut after: Self, head: HeadMove, action: &'static str, actor: Actor, at: Timestamp) -> Step {
        after.moved_at = at;
        let deed = Deed { at, actor, action, old: self.told(), new: after.told() };
        Step { payout: after, head, deed }
    }

    /// What the audit says of a payout.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("state".to_owned(), self.state.word().to_owned()),
            ("amount".to_owned(), self.amount.to_text()),
            ("currency".to_owned(), self.amount.currency().to_string()),
            ("seal".to_owned(), self.seal.to_hex()),
            ("approvals".to_owned(), self.approvals.len().to_string()),
        ]);
        if let Some(payee) = &self.terms.payee {
            told.insert("payee".to_owned(), payee.to_text());
        }
        if let Some(net) = &self.net {
            told.insert("fee".to_owned(), net.fee.to_text());
            told.insert("withheld".to_owned(), net.withheld.to_text());
            told.insert("net".to_owned(), net.net.to_text());
        }
        match &self.state {
            PayoutState::Rejected { reason } | PayoutState::Cancelled { reason } | PayoutState::Failed { reason } => {
                told.insert("reason".to_owned(), reason.clone());
            }
            PayoutState::Submitted { reference, sent_at, .. } => {
                told.insert("reference".to_owned(), reference.clone());
                told.insert("sent_at".to_owned(), sortable(*sent_at));
            }
            PayoutState::Paid { reference, completed_at, .. } => {
                told.insert("reference".to_owned(), reference.clone());
                told.insert("completed_at".to_owned(), sortable(*completed_at));
            }
            PayoutState::PendingApproval | PayoutState::Approved => {}
            PayoutState::Submitting { .. } | PayoutState::OutcomeUnknown { .. } | PayoutState::Returned { .. } => {
                executed::tell(&self.state, &mut told);
            }
        }
        told
    }
}

/// What finance says of a sent payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it should arrive.
    pub expected_arrival: Option<BusinessDay>,
    /// The reference it was sent under.
    pub reference: String,
}

/// Days, not instants: a bank's own times are often no finer.
fn require_not_before(
    told: Timestamp,
    earlier: Timestamp,
    what: &'static str,
    after: &'static str,
) -> Result<(), Refused> {
    let day = |at| Zone::utc().day_of(at);
    if day(told) < day(earlier) { Err(Refused::TooEarly { what, after }) } else { Ok(()) }
}

fn require(actor: &Actor, roles: &[Role]) -> Result<(), Refused> {
    if roles.contains(&actor.role) { Ok(()) } else { Err(Refused::RoleMayNot { role: actor.role }) }
}

/// The name of a confirmed reference: people and banks write the same one with other blanks and in other cases.
#[must_use]
pub fn reference_name(reference: &str) -> Digest {
    let plain = reference.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    Digest::of(&[b"payment reference", plain.as_bytes()])
}

/// The reference that a payout carries outward: month, the end of the partner's id, currency and number there.
#[must_use]
pub fn payment_reference(id: &PayoutId, requested_at: Timestamp) -> String {
    let (partner, currency, n) = id.account_and_number();
    let month = sortable(requested_at).get(..7).unwrap_or_default().to_owned();
    let short: String = partner.as_str().chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
    format!("PAY-{month}-{short}-{currency}{n:03}")
}

#[cfg(test)]
pub(crate) mod tests;
