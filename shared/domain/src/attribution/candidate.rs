//! A touch whose link, coupon or lead was looked up, and why it may not count.

use crate::attribution::settings::{AttributionSettings, Binding};
use crate::attribution::{Credit, Loser, LossReason, PartnerTerms, Source};
use crate::id::{LinkId, PartnerId, ProgramId};
use crate::time::Timestamp;
use crate::touch::VisitorHash;

/// The milliseconds of a day of a window.
const DAY_MS: i64 = 86_400_000;
/// A coupon or a lead is told when a form is sent, and the payment of the same purchase may be dated before that: they
/// count from this much earlier on. A click has its own time, to the millisecond.
const SAME_PURCHASE_MS: i64 = DAY_MS;

/// A touch that was looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What kind: a click, a coupon or a lead.
    pub source: Source,
    /// When: the click, the use of the coupon, the lead.
    pub at: Timestamp,
    /// The link of a click, or of the lead's click.
    pub link: Option<LinkId>,
    /// The code of a coupon.
    pub coupon: Option<String>,
    /// Who clicked, as far as the day of the click can tell; for signals of fraud, and no part of what a touch is.
    pub visitor: Option<VisitorHash>,
    /// What it stands for; `None` when the tenant has no such link or coupon.
    pub target: Option<CandidateTarget>,
    /// Why it cannot count whatever the time of the sale, if so.
    pub refused: Option<LossReason>,
}

/// What a candidate stands for, as it was when it was looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CandidateTarget {
    /// Whose it is.
    pub partner: PartnerId,
    /// The programme.
    pub program: ProgramId,
    /// How long it counts, in days.
    pub window_days: u16,
    /// What the programme sets.
    pub settings: AttributionSettings,
}

/// When something was sold, or a customer met, and what else says whether touches count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment<'a> {
    /// When it happened at the provider.
    pub at: Timestamp,
    /// Was the customer known before anybody's first touch?
    pub is_existing: bool,
    /// The coupon of this very sale.
    pub coupon: Option<&'a str>,
}

impl Candidate {
    /// Since when it counts.
    #[must_use]
    pub fn counts_from_ms(&self) -> i64 {
        let at_ms = self.at.as_millisecond();
        if self.source == Source::Click { at_ms } else { at_ms.saturating_sub(SAME_PURCHASE_MS) }
    }

    /// The same touch, told twice? A coupon is the same whenever it is used.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same_at = self.source == Source::Coupon || self.at == other.at;
        self.source == other.source && same_at && self.link == other.link && self.coupon == other.coupon
    }

    /// How long it counts; 0 where it stands for nothing.
    pub(super) fn window_ms(&self) -> i64 {
        self.target.as_ref().map_or(0, |target| i64::from(target.window_days) * DAY_MS)
    }

    /// Is each sale decided anew by the touches in its window?
    #[must_use]
    pub fn is_per_window(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.settings.binding == Binding::PerWindow)
    }

    /// What it stands for, if it counts.
    ///
    /// # Errors
    /// Why it does not.
    pub fn eligible(&self, moment: &Moment<'_>) -> Result<&CandidateTarget, LossReason> {
        let Some(target) = &self.target else {
            return Err(self.refused.unwrap_or(LossReason::UnknownLink));
        };
        let at_ms = moment.at.as_millisecond();
        // ATT-6: a coupon that this very sale was paid with is of its time.
        let is_used_here = self.coupon.is_some() && self.coupon.as_deref() == moment.coupon;
        // ATT-1: 0 ≤ occurred_at − click_at ≤ window, both ends inside.
        if self.counts_from_ms() > at_ms && !is_used_here {
            return Err(LossReason::AfterConversion);
        }
        let elapsed_ms = at_ms.saturating_sub(self.at.as_millisecond());
        if elapsed_ms > i64::from(target.window_days) * DAY_MS && !is_used_here {
            return Err(LossReason::OutsideWindow);
        }
        if let Some(reason) = self.refused {
            return Err(reason);
        }
        if moment.is_existing && !target.settings.existing_customers_allowed {
            return Err(LossReason::ExistingCustomer);
        }
        Ok(target)
    }

    /// As one that lost.
    #[must_use]
    pub fn lost(&self, reason: LossReason) -> Loser {
        Loser {
            source: self.source,
            partner: self.target.as_ref().map(|target| target.partner.clone()),
            link: self.link.clone(),
            coupon: self.coupon.clone(),
            touched_at: self.at,
            reason,
        }
    }

    /// As a credit for its partner.
    #[must_use]
    pub fn credit(&self, target: &CandidateTarget, weight: u64) -> Credit {
        Credit {
            partner: target.partner.clone(),
            program: target.program.clone(),
            link: self.link.clone(),
            source: self.source,
            clicked_at: (self.source == Source::Click).then_some(self.at),
            weight,
            terms: PartnerTerms::default(),
        }
    }
}
