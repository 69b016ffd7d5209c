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
            Self::Submitted { .. } => "submitted",
            Self::Paid { .. } => "paid",
            Self::Failed { .. } => "failed",
        }
    }

    /// The partner's word.
    #[must_use]
    pub fn portal_word(&self) -> &'static str {
        match self {
            Self::PendingApproval => "pending",
            Self::Approved => "ready",
            Self::Rejected { .. } | Self::Cancelled { .. } => "cancelled",
            Self::Submitted { .. } => "processing",
            Self::Paid { .. } => "completed",
            Self::Failed { .. } => "failed",
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
            Self::Submitted { .. } => "payment_sent",
            Self::Paid { .. } => "completed",
            Self::Failed { .. } => "payment_failed",
        }
    }

    /// Still covering its slots: neither paid nor given back.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::PendingApproval | Self::Approved | Self::Submitted { .. })
    }

    /// Does it cover its slots, under way or paid? One that gave its money back covers nothing.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.is_open() || matches!(self, Self::Paid { .. })
    }
}
