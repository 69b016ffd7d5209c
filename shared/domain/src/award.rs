//! Awards: high-value payouts, one for each so much of revenue, to members in the order of their tenure.
//!
//! An award is an entry of the member's payee and the payout that pays it. It exists from the one transaction in which
//! the entry is booked, the tally raised and the member leaves the queue; the payout follows, and may be asked for again.
//! Where it was paid and the money came back, another payout follows once what came back is released.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::{Actor, Deed};
use crate::entry::{Entry, EntryKind};
use crate::id::{AwardId, MemberId};
use crate::line::{Account, Place};
use crate::member::KycStatus;
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};
use crate::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};

mod eligibility;
mod naming;
mod policy;
mod tally;
mod validation;

pub use eligibility::{Eligibility, NotEligible, eligibility, whole_months};
pub use naming::PaymentName;
pub use policy::Policy;
pub use tally::{Checked, NoneLeft, Tally};
pub use validation::{Candidate, Ineligible, validate};

/// What made the award right, as it was when it was begun. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When the revenue was counted.
    pub checked_at: Timestamp,
    /// Paid sales less refunds and lost disputes.
    pub revenue: Money,
    /// Whole months since the launch.
    pub months: u16,
    /// How many awards the revenue allowed in all.
    pub allowed: u32,
    /// How many had been given before this one.
    pub given_before: u32,
    /// Since when the member waited.
    pub tenure_since: Timestamp,
    /// How many waited before the member and could not be given one.
    pub passed_over: u32,
    /// What was known of who the member is.
    pub kyc: KycStatus,
    /// How the member's subscription stood.
    pub subscription: String,
    /// What the member's tax form was worth.
    pub tax_form: String,
}

/// Where an award stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AwardState {
    /// Its payout is under way, or about to be asked for.
    Open,
    /// Its payout was rejected, taken back, or failed: the money is back, and the member waits again.
    Withdrawn {
        /// Why.
        why: String,
        /// How much went back to the tenant, where it was paid before and came back: without fee and tax, which stay kept.
        /// None is all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Money>,
    },
    /// It was paid.
    Paid {
        /// When.
        paid_at: Timestamp,
        /// The day on which the membership ends.
        remove_on: BusinessDay,
    },
    /// It was paid, and the membership has ended.
    Ended {
        /// When it was paid.
        paid_at: Timestamp,
    },
}

impl AwardState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Paid { .. } => "paid",
            Self::Ended { .. } => "ended",
        }
    }

    /// Is there nothing more to come of it? What was paid may come back, also behind the membership.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Withdrawn { .. })
    }
}

/// An award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// Of the member and the number; also the name under which its payout is asked for.
    pub id: AwardId,
    /// Whose.
    pub member: MemberId,
    /// How much, before fee and tax.
    pub gross: Money,
    /// What is kept of it.
    pub retention: Money,
    /// What made it right.
    pub snapshot: Snapshot,
    /// The name of the request that began it: asked twice under one name, it is one award.
    pub asked_under: String,
    /// Who began it; they do not approve its payout.
    pub initiated_by: Actor,
    /// When.
    pub initiated_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// Where it stands.
    pub state: AwardState,
}

/// The newest payment of an award, as far as it matters to the award.
#[derive(Clone, Copy, Debug)]
pub struct Newest<'a> {
    /// Which payment it is, from 1.
    pub no: u32,
    /// Its payout.
    pub payout: &'a Payout,
    /// Did it come back, and have people released what came back?
    pub is_released: bool,
}

/// What is to be done about an award, by its payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Its payout was never asked for, or the asking was lost.
    AskForPayout(PaymentName),
    /// Its payout ended early: the award is withdrawn.
    Withdraw {
        /// Why.
        why: String,
    },
    /// Its payout was paid.
    NotePaid {
        /// When.
        paid_at: Timestamp,
    },
    /// The membership ends.
    EndMembership,
    /// Nothing for now.
    Nothing,
}

impl Award {
    /// The account that it is paid from.
    #[must_use]
    pub fn account(&self) -> Account {
        Account { partner: self.member.payee(), currency: self.gross.currency() }
    }

    /// What is booked when it begins. The key is the award's: it is booked once.
    #[must_use]
    pub fn booked(&self, place: Place) -> Entry {
        let key = format!("award/{}", self.id);
        let mut entry = Entry::new(key, EntryKind::Award, self.account(), self.gross, place, self.initiated_at);
        entry.by = Some(self.initiated_by.clone());
        entry
    }

    /// What is booked when it is withdrawn: all of it comes back, or what came back of its payment, once.
    ///
    /// # Errors
    /// Out of range.
    pub fn taken_back(&self, why: &str, place: Place, at: Timestamp) -> Result<Entry, MoneyError> {
        let key = format!("award-withdrawn/{}", self.id);
        let amount = match &self.state {
            AwardState::Withdrawn { of: Some(of), .. } => of.negate()?,
            _ => self.gross.negate()?,
        };
        let mut entry = Entry::new(key, EntryKind::AwardWithdrawn, self.account(), amount, place, at);
        why.clone_into(&mut entry.reason);
        Ok(entry)
    }

    /// What is to be done now, given the newest payout that was asked for under a name of the award's.
    #[must_use]
    pub fn due(&self, newest: Option<Newest<'_>>, today: BusinessDay) -> Due {
        let ends = matches!(self.state, AwardState::Paid { remove_on, .. } if today >= remove_on);
        let otherwise = if ends { Due::EndMembership } else { Due::Nothing };
        let Some(Newest { no, payout, is_released }) = newest else {
            let is_open = self.state == AwardState::Open;
            return if is_open { Due::AskForPayout(PaymentName::first(self.id.clone())) } else { otherwise };
        };
        let is_again = no > 1;
        match (&self.state, &payout.state) {
            (AwardState::Withdrawn { .. }, _) => Due::Nothing,
            // AWD-1: rejected, cancelled and failed ones are not counted as awarded; nor is one that was paid, came back,
            // and is not paid again after all.
            (
                state,
                PayoutState::Rejected { reason } | PayoutState::Cancelled { reason } | PayoutState::Failed { reason },
            ) if is_again || *state == AwardState::Open => Due::Withdraw { why: reason.clone() },
            // AWD-4: what came back later was paid all the same; whether it is paid again is a person's.
            (AwardState::Open, PayoutState::Paid { completed_at, .. } | PayoutState::Returned { completed_at, .. }) => {
                Due::NotePaid { paid_at: *completed_at }
            }
            // AWD-4: the membership ends so long after the payment that arrived.
            (
                AwardState::Paid { paid_at, .. },
                PayoutState::Paid { completed_at, .. } | PayoutState::Returned { completed_at, .. },
            ) if is_again && completed_at != paid_at => Due::NotePaid { paid_at: *completed_at },
            // AWD-3: people have released what came back: it is paid again, under the next name and under no other.
            (AwardState::Paid { .. } | AwardState::Ended { .. }, PayoutState::Returned { .. }) if is_released => {
                Due::AskForPayout(PaymentName::behind(self.id.clone(), no))
            }
            // On its way again: the membership ends by the day on which it arrives.
            (AwardState::Paid { .. }, state) if is_again && state.is_open() => Due::Nothing,
            _ => otherwise,
        }
    }

    /// It was paid: the day on which the membership ends follows.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn paid(&self, paid_at: Timestamp, months: u16, zone: &Zone, at: Timestamp) -> Result<Self, DateOutOfRange> {
        // AWD-4: whole calendar months later; of a month that is shorter its last day.
        let remove_on = zone.day_of(paid_at).plus_months(months)?;
        Ok(self.moved(AwardState::Paid { paid_at, remove_on }, at))
    }

    /// It is withdrawn: all of it, or what came back of its payment.
    #[must_use]
    pub fn withdrawn(&self, why: String, of: Option<Money>, at: Timestamp) -> Self {
        self.moved(AwardState::Withdrawn { why, of }, at)
    }

    /// The membership has ended; `None` where it was not paid.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> Option<Self> {
        let AwardState::Paid { paid_at, .. } = self.state else { return None };
        Some(self.moved(AwardState::Ended { paid_at }, at))
    }

    fn moved(&self, state: AwardState, at: Timestamp) -> Self {
        Self { state, moved_at: at, ..self.clone() }
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("award".to_owned(), self.id.to_string()),
            ("member".to_owned(), self.member.to_string()),
            ("award_state".to_owned(), self.state.word().to_owned()),
            ("gross".to_owned(), self.gross.to_text()),
            ("currency".to_owned(), self.gross.currency().to_string()),
        ]);
        if let AwardState::Withdrawn { why, of } = &self.state {
            told.insert("why".to_owned(), why.clone());
            if let Some(of) = of {
                told.insert("taken_back".to_owned(), of.to_text());
            }
        }
        if let AwardState::Paid { remove_on, .. } = &self.state {
            told.insert("remove_on".to_owned(), remove_on.to_string());
        }
        told
    }

    /// A deed of it, for a trail.
    #[must_use]
    pub fn deed(&self, action: &'static str, actor: Actor, at: Timestamp) -> Deed {
        Deed { at, actor, action, old: BTreeMap::new(), new: self.told() }
    }
}

#[cfg(test)]
pub(crate) mod tests;
