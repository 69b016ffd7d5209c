//! Where a sale counts: in which month, for each partner, as its lines say.

use std::collections::BTreeMap;

use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::{Line, LineKind, PartKind};
use domain::month::Month;
use domain::time::Zone;

/// Positions of sales, and where each counts.
pub type Counting = BTreeMap<(SaleId, PartnerId), CountsIn>;

/// In which month a sale counts for a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountsIn {
    /// The month.
    pub month: Month,
    /// Another than its own, which was frozen.
    pub late: bool,
    /// Of which programme.
    pub program: Option<ProgramId>,
    /// Which line says so, and is it one that says a month?
    said_by: (bool, u32),
}

impl CountsIn {
    /// Where a line says that its sale counts, if it says so.
    pub(super) fn said(line: &Line, zone: &Zone) -> Option<(SaleId, Self)> {
        // COM-10: of what is adjusted only that by which a sale came back says where it counts.
        let says = match line.kind {
            LineKind::Earned => true,
            LineKind::Adjustment => line.trace.period.is_some(),
            LineKind::Reversal | LineKind::HoldMove | LineKind::Entry => false,
        };
        let sale = line.origin.sale().filter(|_| says && line.trace.part.kind != PartKind::SecondTier)?;
        let month = line.trace.period.unwrap_or_else(|| Month::of(zone.day_of(line.occurred_at)));
        let said_by = (line.trace.period.is_some(), line.n);
        Some((sale.clone(), Self { month, late: line.trace.late, program: line.trace.program.clone(), said_by }))
    }

    /// The newest line that says a month says where the sale counts; where none does, the first one. Others follow the sale.
    fn is_replaced_by(&self, found: &Self) -> bool {
        let ((known_says, known_n), (found_says, found_n)) = (self.said_by, found.said_by);
        match (known_says, found_says) {
            (true, true) => found_n > known_n,
            (false, false) => found_n < known_n,
            (_, found_says) => found_says,
        }
    }

    /// In a month, by its first line.
    #[cfg(test)]
    pub(super) fn plain(month: Month) -> Self {
        Self { month, late: false, program: None, said_by: (false, 1) }
    }
}

/// What a line says is kept, unless another one has the word.
pub(super) fn put(known: &mut Counting, position: (SaleId, PartnerId), counts: CountsIn) {
    if known.get(&position).is_none_or(|known| known.is_replaced_by(&counts)) {
        known.insert(position, counts);
    }
}
