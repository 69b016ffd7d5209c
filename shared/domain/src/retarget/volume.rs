//! COM-22: what a position adds to the volume of its month, where retroactive bands give it its rate.
//!
//! It goes with the sale as the commission does, and is told also where that is nothing: by it is measured how much of
//! what the bands added to a counted month comes back.

use super::{Booked, RetargetError, Target, goal};
use crate::line::LineKind;
use crate::sale::{Clawback, Sale, SaleLine};

/// What a position adds, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Volume {
    /// Were nothing refunded.
    whole: i64,
    /// What refunds and lost disputes took of that.
    back: i64,
}

impl Volume {
    /// What is known, with one more line of the position.
    pub(super) fn with(known: Option<Self>, line: &SaleLine) -> Option<Self> {
        let Some(minor) = line.volume else { return known };
        let mut volume = known.unwrap_or_default();
        if line.kind == LineKind::Reversal {
            volume.back = volume.back.saturating_sub(minor);
        } else {
            volume.whole = volume.whole.saturating_add(minor);
        }
        Some(volume)
    }

    /// What a position should add: nothing where the sale is rejected, or is not its partner's any more. Of a position
    /// that was booked before it was kept nothing is known, and nothing is told.
    pub(super) fn of(sale: &Sale, target: &Target, now: &Booked) -> Result<Option<Self>, RetargetError> {
        if (now.volume.is_none() && target.volume.is_none()) || is_older(sale, target, now) {
            return Ok(None);
        }
        let known = now.volume.unwrap_or_default();
        let is_credited = sale.decision.credits().iter().any(|credit| credit.partner == target.partner);
        if sale.rejected || !is_credited {
            // What is left of it goes by one line, however much went back before: it stays nothing.
            return Ok(Some(Self { whole: known.back, ..known }));
        }
        let whole = target.volume.unwrap_or(known.whole);
        // As bands take refunds off the volume, whatever they do to the commission.
        let back = goal::taken_back(sale, target.part.item, Clawback::Proportional, whole)?;
        Ok(Some(Self { whole, back }))
    }

    /// Which lines are to say a change of it, and what.
    pub(super) fn changes(self, now: &Booked) -> impl Iterator<Item = (LineKind, i64)> {
        let known = now.volume.unwrap_or_default();
        let kind = if now.first.is_none() { LineKind::Earned } else { LineKind::Adjustment };
        let whole = (kind, self.whole.saturating_sub(known.whole));
        let back = (LineKind::Reversal, known.back.saturating_sub(self.back));
        [whole, back].into_iter().filter(|(_, minor)| *minor != 0)
    }
}

/// Was a position banded before volumes were kept, or booked before sales said their month? Lines of bands say a volume,
/// also of nothing; of what was by no bands until now they need not.
fn is_older(sale: &Sale, target: &Target, now: &Booked) -> bool {
    let says_nothing = now.first.is_some() && now.volume.is_none();
    says_nothing && (sale.is_banded(&target.partner, target.part) || sale.month_of(&target.partner).is_none())
}
