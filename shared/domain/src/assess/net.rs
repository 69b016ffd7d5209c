//! Between what a position earns and what is left of it after refunds: both ways.

use super::AssessError;
use crate::retarget::taken_back;
use crate::sale::{Clawback, Sale};

/// What refunds, lost disputes and a rejection leave of an amount of one item of a sale.
#[derive(Clone, Copy)]
pub(super) struct Net<'a> {
    sale: &'a Sale,
    item: u16,
    clawback: Clawback,
    is_whole: bool,
}

impl<'a> Net<'a> {
    pub(super) fn new(sale: &'a Sale, item: u16, clawback: Clawback) -> Self {
        let is_whole =
            sale.refunded.is_zero() && sale.item_refunds.is_empty() && sale.disputes.is_empty() && !sale.rejected;
        Self { sale, item, clawback, is_whole }
    }

    /// What is left of an amount.
    pub(super) fn of(&self, gross: i64) -> Result<i64, AssessError> {
        if self.is_whole {
            return Ok(gross);
        }
        let back = taken_back(self.sale, self.item, self.clawback, gross)
            .map_err(|source| AssessError::TakenBack { sale: self.sale.id.clone(), source })?;
        Ok(gross.saturating_sub(back))
    }

    /// The amount nearest to `near` of which exactly `net` is left. What is left grows by nothing or by one with the
    /// amount, so there is one whenever anything is left at all.
    pub(super) fn gross_for(&self, net: i64, near: i64) -> Result<i64, AssessError> {
        let left = self.of(near)?;
        if left == net {
            return Ok(near);
        }
        if left > net {
            // The largest amount below of which no more than that is left.
            return self.last_below(net, 0, near);
        }
        // The smallest amount above of which as much is left: first as far as it must be, then back.
        let mut far = near.max(1);
        for _ in 0..i64::BITS {
            far = far.saturating_mul(2);
            if self.of(far)? >= net {
                return Ok(self.last_below(net - 1, near, far)?.saturating_add(1));
            }
        }
        // All of it went back: no amount leaves anything.
        Ok(near)
    }

    /// The largest amount in `from..to` of which no more than `net` is left, when more is left of `to`.
    fn last_below(&self, net: i64, from: i64, to: i64) -> Result<i64, AssessError> {
        let (mut low, mut high) = (from, to);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.of(middle)? <= net {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
