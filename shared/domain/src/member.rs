//! Members: who waits for an award, since when, and what is known of them. Nothing personal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::audit::{Actor, Deed};
use crate::id::{AwardId, MemberId, SubscriptionId};
use crate::time::{Timestamp, sortable};

/// Is it known who a member is?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycStatus {
    /// Nobody has looked.
    #[default]
    Unverified,
    /// It is being looked at.
    Pending,
    /// It is.
    Verified,
    /// Somebody looked, and it is not.
    Rejected,
}

impl KycStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Unverified, Self::Pending, Self::Verified, Self::Rejected];

    /// The word in records and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Rejected => "rejected",
        }
    }

    /// What a provider's word for a verification session means.
    #[must_use]
    pub fn of_session(told: &SessionTold) -> Self {
        match told.state.as_str() {
            "verified" => Self::Verified,
            "processing" => Self::Pending,
            // Something was handed in and did not suffice; it may be handed in again. Before anything is, the word is the
            // same.
            "requires_input" if told.has_failed => Self::Rejected,
            _ => Self::Unverified,
        }
    }
}

/// What is known of who a member is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kyc {
    /// What a person or a machine of the tenant's said last.
    pub status: KycStatus,
    /// When; none where nobody said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// Stripe's verification session of the member, whose events tell the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// What a provider told last of a member's verification session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTold {
    /// The provider's word.
    pub state: String,
    /// Was something handed in that did not suffice?
    pub has_failed: bool,
    /// When it was told.
    pub at: Timestamp,
}

impl Kyc {
    /// AWD-6: how it stands: of what people and the provider said the later holds.
    #[must_use]
    pub fn standing(&self, told: Option<&SessionTold>) -> KycStatus {
        match told {
            Some(told) if self.told_at.is_none_or(|said| told.at > said) => KycStatus::of_session(told),
            _ => self.status,
        }
    }
}

/// Where a member stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MemberState {
    /// Waits for an award.
    Waiting,
    /// Was given one, which is under way or paid.
    Awarded {
        /// Which.
        award: AwardId,
    },
    /// The membership has ended.
    Removed {
        /// When.
        removed_at: Timestamp,
        /// By which award.
        award: AwardId,
    },
}

impl MemberState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Awarded { .. } => "awarded",
            Self::Removed { .. } => "removed",
        }
    }

    /// Is it by this award that they stand where they stand?
    #[must_use]
    pub fn is_of(&self, award: &AwardId) -> bool {
        match self {
            Self::Waiting => false,
            Self::Awarded { award: own } | Self::Removed { award: own, .. } => own == award,
        }
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which.
    pub id: MemberId,
    /// Since when they wait: the order of the queue.
    pub tenure_since: Timestamp,
    /// What is known of who they are.
    pub kyc: Kyc,
    /// Their subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Their postal address, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_sealed: Option<String>,
    /// How many awards were begun for them.
    #[serde(default)]
    pub awards_begun: u32,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they last changed.
    pub moved_at: Timestamp,
    /// Where they stand.
    pub state: MemberState,
}

/// A step that a member takes: what they become, and what the audit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The member after.
    pub member: Member,
    /// The audit's part.
    pub deed: Deed,
}

/// Why a step is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It is not possible from where the member stands.
    #[error("the member is {state}")]
    WrongState {
        /// Where they stand.
        state: &'static str,
    },
}

/// What is changed of a member. What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Their subscription.
    pub subscription: Option<SubscriptionId>,
    /// Their address, sealed.
    pub address_sealed: Option<String>,
    /// Was their person changed? It is kept beside.
    pub is_person_changed: bool,
}

/// Who changes a member, and when.
type By = (Actor, Timestamp);

impl Member {
    /// A member is made, and waits since an instant.
    #[must_use]
    pub fn create(id: MemberId, tenure_since: Timestamp, change: Change, (actor, at): By) -> Step {
        let member = Self {
            id,
            tenure_since,
            kyc: Kyc::default(),
            subscription: change.subscription,
            address_sealed: change.address_sealed,
            awards_begun: 0,
            created_at: at,
            moved_at: at,
            state: MemberState::Waiting,
        };
        let deed = Deed { at, actor, action: "member.created", old: BTreeMap::new(), new: member.told() };
        Step { member, deed }
    }

    /// Where they stand in the queue; none where they do not wait. AWD-2: by tenure; of one instant the lesser id first.
    #[must_use]
    pub fn queue_place(&self) -> Option<(Timestamp, &MemberId)> {
        (self.state == MemberState::Waiting).then_some((self.tenure_since, &self.id))
    }

    /// Subscription, address or person change.
    #[must_use]
    pub fn change(&self, change: Change, by: By) -> Step {
        let mut after = self.clone();
        after.subscription = change.subscription.or(after.subscription);
        let is_address_changed = change.address_sealed.is_some();
        after.address_sealed = change.address_sealed.or(after.address_sealed);
        let mut step = self.step(after, "member.changed", by);
        for (name, is_changed) in [("address", is_address_changed), ("person", change.is_person_changed)] {
            if is_changed {
                step.deed.new.insert(name.to_owned(), "changed".to_owned());
            }
        }
        step
    }

    /// AWD-6: somebody says who the member is, or which session of the provider's tells it.
    #[must_use]
    pub fn verify(&self, status: Option<KycStatus>, session: Option<String>, by: By) -> Step {
        let mut after = self.clone();
        if let Some(status) = status {
            after.kyc.status = status;
            after.kyc.told_at = Some(by.1);
        }
        after.kyc.session = session.or(after.kyc.session);
        self.step(after, "member.kyc", by)
    }

    /// The next award that would be begun for them.
    #[must_use]
    pub fn next_award(&self) -> AwardId {
        AwardId::of(&self.id, self.awards_begun.saturating_add(1))
    }

    /// AWD-3: an award is begun: they leave the queue.
    ///
    /// # Errors
    /// They do not wait.
    pub fn begin_award(&self, by: By) -> Result<Step, Refused> {
        self.require(self.state == MemberState::Waiting)?;
        let mut after = self.clone();
        after.state = MemberState::Awarded { award: self.next_award() };
        after.awards_begun = self.awards_begun.saturating_add(1);
        Ok(self.step(after, "member.awarded", by))
    }

    /// The award is withdrawn: they wait again, since when they waited before.
    ///
    /// # Errors
    /// They have no such award.
    pub fn withdraw_award(&self, award: &AwardId, by: By) -> Result<Step, Refused> {
        self.require(self.has(award))?;
        Ok(self.step(Self { state: MemberState::Waiting, ..self.clone() }, "member.award_withdrawn", by))
    }

    /// AWD-4: the membership ends, a year after the award was paid.
    ///
    /// # Errors
    /// They have no such award.
    pub fn remove(&self, award: &AwardId, by: By) -> Result<Step, Refused> {
        self.require(self.has(award))?;
        let state = MemberState::Removed { removed_at: by.1, award: award.clone() };
        Ok(self.step(Self { state, ..self.clone() }, "member.removed", by))
    }

    /// AWD-4: they come back and wait anew, behind everybody who waits by now.
    ///
    /// # Errors
    /// Their membership has not ended.
    pub fn reactivate(&self, subscription: Option<SubscriptionId>, by: By) -> Result<Step, Refused> {
        self.require(matches!(self.state, MemberState::Removed { .. }))?;
        let mut after = Self { state: MemberState::Waiting, tenure_since: by.1, ..self.clone() };
        after.subscription = subscription.or(after.subscription);
        Ok(self.step(after, "member.reactivated", by))
    }

    fn has(&self, award: &AwardId) -> bool {
        matches!(&self.state, MemberState::Awarded { award: own } if own == award)
    }

    fn require(&self, holds: bool) -> Result<(), Refused> {
        if holds { Ok(()) } else { Err(Refused::WrongState { state: self.state.word() }) }
    }

    fn step(&self, mut after: Self, action: &'static str, (actor, at): By) -> Step {
        after.moved_at = at;
        let deed = Deed { at, actor, action, old: self.told(), new: after.told() };
        Step { member: after, deed }
    }

    /// What the audit says of them.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("state".to_owned(), self.state.word().to_owned()),
            ("tenure_since".to_owned(), sortable(self.tenure_since)),
            ("kyc".to_owned(), self.kyc.status.word().to_owned()),
        ]);
        if let Some(subscription) = &self.subscription {
            told.insert("subscription".to_owned(), subscription.to_string());
        }
        if let Some(session) = &self.kyc.session {
            told.insert("session".to_owned(), session.clone());
        }
        if let MemberState::Awarded { award } | MemberState::Removed { award, .. } = &self.state {
            told.insert("award".to_owned(), award.to_string());
        }
        told
    }
}

#[cfg(test)]
mod tests;
