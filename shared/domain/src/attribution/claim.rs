//! A claim: a partner says that a customer is theirs, and a person decides. ATT-7.

use serde::{Deserialize, Serialize};

use crate::attribution::Source;
use crate::attribution::customer::{Assigned, Customer};
use crate::audit::Actor;
use crate::fact::PaymentKey;
use crate::id::{ClaimId, PartnerId, ProgramId};
use crate::time::Timestamp;

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which.
    pub id: ClaimId,
    /// Who claims.
    pub partner: PartnerId,
    /// Under which programme's rules it would be paid.
    pub program: ProgramId,
    /// The customer.
    pub customer: PaymentKey,
    /// What the partner says.
    pub note: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What became of it.
    pub state: ClaimState,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ClaimState {
    /// A person has to decide.
    Pending,
    /// The customer is the partner's.
    Accepted(ClaimDecided),
    /// They are not.
    Declined(ClaimDecided),
}

/// Who decided on a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimDecided {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: String,
}

/// Why a claim cannot be decided so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefused {
    /// Somebody decided before.
    #[error("the claim was decided before")]
    Decided,
    /// The customer is another partner's by a claim.
    #[error("the customer is {partner}'s by a claim that was accepted")]
    AnothersByClaim {
        /// Whose.
        partner: PartnerId,
    },
}

impl ClaimState {
    /// The word in lists.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted(_) => "accepted",
            Self::Declined(_) => "declined",
        }
    }
}

impl Claim {
    /// The claim is accepted, and the customer is the partner's from their first sale on.
    ///
    /// # Errors
    /// It was decided before, or another partner's claim to the customer was accepted: two people cannot both win.
    pub fn accept(self, customer: &Customer, decided: ClaimDecided) -> Result<(Self, Customer), ClaimRefused> {
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        let rival = customer.assigned.iter().find(|one| one.source == Source::Claim && one.until.is_none());
        if let Some(rival) = rival.filter(|rival| rival.partner != self.partner || rival.program != self.program) {
            return Err(ClaimRefused::AnothersByClaim { partner: rival.partner.clone() });
        }
        let mut customer = customer.clone();
        customer.assign(Assigned {
            source: Source::Claim,
            partner: self.partner.clone(),
            program: self.program.clone(),
            from: Timestamp::UNIX_EPOCH,
            until: None,
        });
        Ok((Self { state: ClaimState::Accepted(decided), ..self }, customer))
    }

    /// The claim is declined, and nothing changes.
    ///
    /// # Errors
    /// It was decided before.
    pub fn decline(self, decided: ClaimDecided) -> Result<Self, ClaimRefused> {
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        Ok(Self { state: ClaimState::Declined(decided), ..self })
    }
}

#[cfg(test)]
mod tests;
