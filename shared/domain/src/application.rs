//! An application to a programme: somebody asks to become a partner, and a person of the tenant decides.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ApplicationId, PartnerId, ProgramId};
use crate::time::Timestamp;

/// How long after a refusal the same address may ask again; before, asking changes nothing.
const QUIET_S: i64 = 30 * 86_400;

/// Who decided, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// The person.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Where an application stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "word")]
pub enum ApplicationState {
    /// It waits for a person.
    Pending,
    /// The applicant became a partner, or was enrolled as the one that they were.
    Approved {
        /// Which.
        partner: PartnerId,
        /// By whom.
        decided: DecidedBy,
    },
    /// It was refused.
    Declined {
        /// What the applicant is told, if anything.
        reason: Option<String>,
        /// By whom.
        decided: DecidedBy,
    },
}

impl ApplicationState {
    /// The word outside, and in the index.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved { .. } => "approved",
            Self::Declined { .. } => "declined",
        }
    }

    /// Every word.
    pub const WORDS: [&'static str; 3] = ["pending", "approved", "declined"];
}

/// An application, without what is personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Which.
    pub id: ApplicationId,
    /// To which programme.
    pub program: ProgramId,
    /// The digest of the applicant's address.
    pub email: Digest,
    /// FRD-3: was the address made to be thrown away?
    pub is_disposable: bool,
    /// Which version of the terms the applicant accepted.
    pub terms_version: Option<String>,
    /// When it was last sent.
    pub applied_at: Timestamp,
    /// Where it stands.
    pub state: ApplicationState,
}

/// An application that was decided already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the application is {0} already")]
pub struct AlreadyDecided(pub &'static str);

impl Application {
    /// A person takes the applicant on.
    ///
    /// # Errors
    /// It was decided already.
    pub fn approve(self, partner: PartnerId, decided: DecidedBy) -> Result<Self, AlreadyDecided> {
        self.decide(ApplicationState::Approved { partner, decided })
    }

    /// A person refuses.
    ///
    /// # Errors
    /// It was decided already.
    pub fn decline(self, reason: Option<String>, decided: DecidedBy) -> Result<Self, AlreadyDecided> {
        self.decide(ApplicationState::Declined { reason, decided })
    }

    fn decide(self, state: ApplicationState) -> Result<Self, AlreadyDecided> {
        match self.state {
            ApplicationState::Pending => Ok(Self { state, ..self }),
            // An applicant whom one person refused may still be taken on by another; a partner is not refused afterwards.
            ApplicationState::Declined { .. } if matches!(state, ApplicationState::Approved { .. }) => {
                Ok(Self { state, ..self })
            }
            decided => Err(AlreadyDecided(decided.word())),
        }
    }

    /// May the same address ask anew? Whoever waits or is a partner gains nothing by it; whoever was refused waits a while.
    #[must_use]
    pub fn may_be_sent_again(&self, now: Timestamp) -> bool {
        match &self.state {
            ApplicationState::Pending | ApplicationState::Approved { .. } => false,
            ApplicationState::Declined { decided, .. } => {
                now.as_second().saturating_sub(decided.at.as_second()) >= QUIET_S
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(state: ApplicationState) -> Application {
        let program = ProgramId::from_ulid(1_u128.into());
        let email = Digest::of_bytes(b"ada");
        let id = ApplicationId::of(&program, &email);
        let applied_at = Timestamp::UNIX_EPOCH;
        Application { id, program, email, is_disposable: false, terms_version: None, applied_at, state }
    }

    fn decided(second: i64) -> DecidedBy {
        DecidedBy { by: "usr_1".to_owned(), at: Timestamp::from_second(second).expect("instant") }
    }

    fn partner() -> PartnerId {
        PartnerId::from_ulid(7_u128.into())
    }

    #[test]
    fn each_state_takes_the_steps_that_it_allows_and_no_other() {
        let approved = || ApplicationState::Approved { partner: partner(), decided: decided(1) };
        let declined = || ApplicationState::Declined { reason: None, decided: decided(1) };
        for (state, may_approve, may_decline) in
            [(ApplicationState::Pending, true, true), (declined(), true, false), (approved(), false, false)]
        {
            let word = state.word();
            let approving = application(state.clone()).approve(partner(), decided(2));
            assert_eq!(approving.is_ok(), may_approve, "{word} approved");
            let declining = application(state).decline(None, decided(2));
            assert_eq!(declining.is_ok(), may_decline, "{word} declined");
            assert!(ApplicationState::WORDS.contains(&word));
        }
    }

    #[test]
    fn who_was_refused_may_ask_again_after_thirty_days_and_nobody_else_may() {
        let at = |second| Timestamp::from_second(second).expect("instant");
        let declined = application(ApplicationState::Declined { reason: None, decided: decided(0) });
        assert!(!declined.may_be_sent_again(at(QUIET_S - 1)));
        assert!(declined.may_be_sent_again(at(QUIET_S)));
        assert!(!application(ApplicationState::Pending).may_be_sent_again(at(QUIET_S)));
        let approved = ApplicationState::Approved { partner: partner(), decided: decided(0) };
        assert!(!application(approved).may_be_sent_again(at(QUIET_S)));
    }
}
