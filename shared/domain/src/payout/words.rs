//! The three words for where a payout stands: exact, the portal's, the payout desk's.

use super::PayoutState;

impl PayoutState {
    /// The exact state.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Cancelled { .. } => "cancelled",
            Self::Submitting { .. } => "submitting",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Submitted { .. } => "submitted",
            Self::Paid { .. } => "paid",
            Self::Failed { .. } => "failed",
            Self::Returned { .. } => "returned",
        }
    }

    /// The partner's word.
    #[must_use]
    pub fn portal_word(&self) -> &'static str {
        match self {
            Self::PendingApproval => "pending",
            Self::Approved => "ready",
            Self::Rejected { .. } | Self::Cancelled { .. } => "cancelled",
            Self::Submitting { .. } | Self::OutcomeUnknown { .. } | Self::Submitted { .. } => "processing",
            Self::Paid { .. } => "completed",
            Self::Failed { .. } | Self::Returned { .. } => "failed",
        }
    }

    /// The payout desk's word.
    #[must_use]
    pub fn desk_word(&self) -> &'static str {
        match self {
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Cancelled { .. } => "cancelled",
            Self::Submitting { .. } | Self::OutcomeUnknown { .. } | Self::Submitted { .. } => "payment_sent",
            Self::Paid { .. } => "completed",
            Self::Failed { .. } | Self::Returned { .. } => "payment_failed",
        }
    }

    /// Still covering its slots: neither paid nor given back.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::PendingApproval | Self::Approved | Self::Submitted { .. } => true,
            Self::Submitting { .. } | Self::OutcomeUnknown { .. } => true,
            Self::Rejected { .. } | Self::Cancelled { .. } | Self::Failed { .. } => false,
            Self::Paid { .. } | Self::Returned { .. } => false,
        }
    }

    /// Did the money leave for good, as far as its slots go? What came back came by an entry of its own.
    #[must_use]
    pub fn was_paid(&self) -> bool {
        matches!(self, Self::Paid { .. } | Self::Returned { .. })
    }

    /// Does it cover its slots, under way or paid? One that gave its money back covers nothing.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.is_open() || self.was_paid()
    }
}
