//! Awards: high-value payouts, one for each so much of revenue, to members in the order of their tenure.
//!
//! An award is an entry of the member's payee and the payout that pays it. It exists from the one transaction in which
//! the entry is booked, the tally raised and the member leaves the queue; the payout follows, and may be asked for again.

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
mod policy;
mod tally;
mod validation;

pub use eligibility::{Eligibility, NotEligible, eligibility, whole_months};
pub use policy::{Policy, PolicyFault};
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

    /// Is there nothing more to come of it?
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Withdrawn { .. } | Self::Ended { .. })
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

/// What is to be done about an award, by its payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Its payout was never asked for, or the asking was lost.
    AskForPayout,
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

    /// What is booked when it is withdrawn: all of it comes back, once.
    ///
    /// # Errors
    /// Out of range.
    pub fn taken_back(&self, why: &str, place: Place, at: Timestamp) -> Result<Entry, MoneyError> {
        let key = format!("award-withdrawn/{}", self.id);
        let amount = self.gross.negate()?;
        let mut entry = Entry::new(key, EntryKind::AwardWithdrawn, self.account(), amount, place, at);
        why.clone_into(&mut entry.reason);
        Ok(entry)
    }

    /// What is to be done now, given the payout that was asked for under the award's name.
    #[must_use]
    pub fn due(&self, payout: Option<&Payout>, today: BusinessDay) -> Due {
        match (&self.state, payout.map(|payout| &payout.state)) {
            (AwardState::Open, None) => Due::AskForPayout,
            // AWD-1: rejected, cancelled and failed ones are not counted as awarded.
            (
                AwardState::Open,
                Some(
                    PayoutState::Rejected { reason }
                    | PayoutState::Cancelled { reason }
                    | PayoutState::Failed { reason },
                ),
            ) => Due::Withdraw { why: reason.clone() },
            // AWD-4: what came back later was paid all the same; whether it is paid again is a person's.
            (
                AwardState::Open,
                Some(PayoutState::Paid { completed_at, .. } | PayoutState::Returned { completed_at, .. }),
            ) => Due::NotePaid { paid_at: *completed_at },
            (AwardState::Paid { remove_on, .. }, _) if today >= *remove_on => Due::EndMembership,
            _ => Due::Nothing,
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

    /// It is withdrawn.
    #[must_use]
    pub fn withdrawn(&self, why: String, at: Timestamp) -> Self {
        self.moved(AwardState::Withdrawn { why }, at)
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
        if let AwardState::Withdrawn { why } = &self.state {
            told.insert("why".to_owned(), why.clone());
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
