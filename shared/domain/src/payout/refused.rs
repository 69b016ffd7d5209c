//! Why a step of a payout is refused.

use std::collections::BTreeSet;

use thiserror::Error;

use super::Payout;
use crate::audit::Actor;
use crate::id::{PayoutFileId, PayoutId};
use crate::role::Role;
use crate::time::BusinessDay;

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
    /// PAY-4: nobody approves a payment whose way they have changed.
    #[error("whoever changed where this partner's money goes may not approve it")]
    PayeeEditorMayNotApprove,
    /// PAY-12: the partner's payout methods are not those that the payout was asked for with.
    #[error("the partner's payout methods have changed since; the payout must be asked for again")]
    PayeeChanged,
    /// TAX-2: the tenant pays nobody without a valid tax form.
    #[error("a valid tax form is needed before this is paid; the present one is: {status}")]
    TaxFormMissing {
        /// What the form is worth.
        status: &'static str,
    },
    /// TAX-2: an award to a payee who is foreign by a W-8BEN that holds: what is due of it is not reckoned here.
    #[error(
        "the payee is foreign by a W-8BEN that holds: what tax is due on an award to them, and on which form it is told, is \
         not done here; the payout waits until they give a W-9 as a person of the United States, or until it is rejected, or \
         failed once it is approved, and the award is the tenant's again"
    )]
    ForeignPayee,
    /// PAY-13: fee and tax would leave nothing to pay.
    #[error("fee and withholding leave nothing to pay")]
    NothingLeft,
    /// One person's yes counts once.
    #[error("you have already approved this payout; another person must")]
    AlreadyApprovedByYou,
    /// The approver saw another payout than the one stored.
    #[error("the payout is not the one that you saw: its seal differs; read it again")]
    SealDiffers,
    /// PAY-11: the report of the run that built it says no, and nobody has overridden that.
    #[error("the report of {run} says no: an admin who did not build the run must override it with a reason first")]
    RunForbids {
        /// Which run.
        run: crate::id::PayoutRunId,
    },
    /// Approvals are older than 72 hours.
    #[error("the approvals have expired after 72 hours; the payout must be approved again")]
    ApprovalsExpired,
    /// In the two-approver band nobody confirms what they approved.
    #[error("whoever approved a payout of this size may not confirm it")]
    ApproverMayNotConfirm,
    /// PAY-27: the bank that a file paid may still send it back.
    #[error("its bank may still send it back: it can be confirmed from {from} on")]
    ReturnWindow {
        /// The first day on which it cannot.
        from: BusinessDay,
    },
    /// PAY-27: whoever confirms says of which file it is, and until when its bank may send it back.
    #[error("{file} carries it by now; confirm it again")]
    CarriedByFile {
        /// The file.
        file: PayoutFileId,
    },
    /// One payment of a bank pays one payout.
    #[error("this reference has confirmed {payout} already; one payment confirms one payout")]
    ReferenceUsed {
        /// The payout that it confirmed.
        payout: PayoutId,
    },
    /// Only a rail that moves by itself is asked by a machine.
    #[error("this payout goes by no rail that moves by itself; send it as its method says, and say that it was sent")]
    NoSuchRail,
    /// Four eyes: what one person says of an unknown outcome, another must say too.
    #[error("you have said so already; another person must say the same")]
    SaidByYou,
    /// The rail is asked at this very time: what became of it may be known in a moment.
    #[error("the rail is being asked at this time; look again in a quarter of an hour")]
    BeingAsked,
    /// The attempt before has not ended by a definite no.
    #[error("attempt {attempt} has not been refused for certain; no other begins")]
    AttemptStands {
        /// Its number.
        attempt: u32,
    },
}

impl Payout {
    /// PAY-4: who may approve nothing of it, however it stands: whoever asked for it, and those who changed where it goes.
    pub(super) fn bars(&self, actor: &Actor, editors: &BTreeSet<String>) -> Option<Refused> {
        let is_own = actor.id == self.requested_by.id;
        #[cfg(feature = "planted")]
        let is_own = is_own && !crate::planted::is(crate::planted::Bug::OwnApprovalCounts);
        if is_own {
            return Some(Refused::RequesterMayNotApprove);
        }
        editors.contains(&actor.id).then_some(Refused::PayeeEditorMayNotApprove)
    }
}
