//! Why a step of a payout is refused.

use thiserror::Error;

use crate::id::PayoutId;
use crate::role::Role;

/// Why a payout does not take a step. Expected; nothing was changed.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Refused {
    /// The step does not start from here.
    #[error("the payout is {state}; this step is not possible from there")]
    WrongState {
        /// Where the payout stands.
        state: &'static str,
    },
    /// The caller's role may not take the step.
    #[error("the role {role} may not do this")]
    RoleMayNot {
        /// The caller's role.
        role: Role,
    },
    /// What is told happened before what it follows.
    #[error("{what} lies before the day {after}")]
    TooEarly {
        /// What is told.
        what: &'static str,
        /// What it follows.
        after: &'static str,
    },
    /// Nobody approves what they asked for.
    #[error("whoever asked for a payout may not approve it")]
    RequesterMayNotApprove,
    /// One person's yes counts once.
    #[error("you have already approved this payout; another person must")]
    AlreadyApprovedByYou,
    /// The approver saw another payout than the one stored.
    #[error("the payout is not the one that you saw: its seal differs; read it again")]
    SealDiffers,
    /// Approvals are older than 72 hours.
    #[error("the approvals have expired after 72 hours; the payout must be approved again")]
    ApprovalsExpired,
    /// In the two-approver band nobody confirms what they approved.
    #[error("whoever approved a payout of this size may not confirm it")]
    ApproverMayNotConfirm,
    /// One payment of a bank pays one payout.
    #[error("this reference has confirmed {payout} already; one payment confirms one payout")]
    ReferenceUsed {
        /// The payout that it confirmed.
        payout: PayoutId,
    },
}
