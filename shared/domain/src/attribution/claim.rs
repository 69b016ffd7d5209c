//! A claim: a partner says that a customer is theirs, and a person decides. ATT-7.

use serde::{Deserialize, Serialize};

use crate::attribution::Source;
use crate::attribution::customer::{Assigned, Customer};
use crate::audit::Actor;
use crate::digest::Digest;
use crate::fact::PaymentKey;
use crate::id::{ClaimId, PartnerId, ProgramId};
use crate::role::Role;
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
    /// The customer; `None` while nobody is known by what the claim says of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PaymentKey>,
    /// By what the partner names them.
    #[serde(default, skip_serializing_if = "Naming::is_nothing")]
    pub naming: Naming,
    /// What the partner says; sealed where it came over HTTP, and empty once it was forgotten.
    pub note: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who said yes first, where it takes two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<ClaimDecided>,
    /// What became of it.
    pub state: ClaimState,
}

/// By what a partner names a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// The digest of the normalised e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Digest>,
    /// The e-mail itself, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_sealed: Option<String>,
    /// An order, invoice or payment, as the shop or its provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

impl Naming {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
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
    /// Nobody is known by what the claim says.
    #[error("nobody is known by what the claim says; name the customer")]
    NobodyKnown,
    /// Who said yes first may not say it again.
    #[error("another person says the second yes")]
    SamePerson,
    /// API-4: a machine says no yes: it is nobody's second person, and nobody's first.
    #[error("a claim is judged by a person, and by no machine")]
    NeedsAPerson,
    /// Who said the first yes said it to another customer.
    #[error("the first yes was said to {first}; say yes to them, or decline the claim")]
    AnotherCustomer {
        /// To whom.
        first: PaymentKey,
    },
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
    /// The same of a customer who has been found since, or whom a person names.
    ///
    /// # Errors
    /// ATT-7: it takes two people, and the first said yes to another customer; or it was decided about another.
    pub fn of(self, customer: PaymentKey) -> Result<Self, ClaimRefused> {
        let is_bound = self.first.is_some();
        #[cfg(feature = "planted")]
        let is_bound = is_bound && !crate::planted::is(crate::planted::Bug::SecondYesToAnother);
        match &self.customer {
            Some(there) if *there == customer => return Ok(self),
            // Two yeses to two customers are one yes to each: nobody looked twice at either.
            Some(there) if is_bound => return Err(ClaimRefused::AnotherCustomer { first: there.clone() }),
            _ => {}
        }
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        Ok(Self { customer: Some(customer), ..self })
    }

    /// A first person says yes to a claim that takes two. It stays pending.
    ///
    /// # Errors
    /// It was decided before, or somebody said the first yes before, or a machine says it.
    pub fn approve_first(self, decided: ClaimDecided) -> Result<Self, ClaimRefused> {
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        require_person(&decided.by)?;
        match &self.first {
            None => Ok(Self { first: Some(decided), ..self }),
            Some(_) => Err(ClaimRefused::SamePerson),
        }
    }

    /// May this person's yes be the last? Where it takes two, not of the one who said the first.
    ///
    /// # Errors
    /// The same person said the first yes, or it is a machine.
    pub fn check_second(&self, by: &Actor) -> Result<(), ClaimRefused> {
        require_person(by)?;
        let is_same = self.first.as_ref().is_some_and(|first| first.by.id == by.id);
        #[cfg(feature = "planted")]
        let is_same = is_same && !crate::planted::is(crate::planted::Bug::BothYesesOfOne);
        if is_same { Err(ClaimRefused::SamePerson) } else { Ok(()) }
    }

    /// The claim is accepted, and the customer is the partner's from their first sale on.
    ///
    /// # Errors
    /// It was decided before, or another partner's claim to the customer was accepted: two people cannot both win; or who
    /// said the first yes says the second too; or nobody is known by what the claim says.
    pub fn accept(self, customer: &Customer, decided: ClaimDecided) -> Result<(Self, Customer), ClaimRefused> {
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        self.check_second(&decided.by)?;
        if self.customer.is_none() {
            return Err(ClaimRefused::NobodyKnown);
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
    /// It was decided before, or a machine says it.
    pub fn decline(self, decided: ClaimDecided) -> Result<Self, ClaimRefused> {
        if self.state != ClaimState::Pending {
            return Err(ClaimRefused::Decided);
        }
        require_person(&decided.by)?;
        Ok(Self { state: ClaimState::Declined(decided), ..self })
    }

    /// OPS-4: the same without what its partner said and without the address of whom it names, sealed and hashed. Whose
    /// the customer is, and who decided so, stays.
    #[must_use]
    pub fn forget(self) -> Self {
        let naming = Naming { order: self.naming.order, ..Naming::default() };
        Self { naming, note: String::new(), ..self }
    }

    /// Was it forgotten what the claim said?
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.note.is_empty()
    }
}

fn require_person(by: &Actor) -> Result<(), ClaimRefused> {
    // API-4: a key that an admin made would be their second pair of eyes.
    if by.role == Role::Service { Err(ClaimRefused::NeedsAPerson) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
