//! COM-22: in which month a change of a sale counts whose own month may be counted.

use super::{Booking, Marks, RetargetError, Target};
use crate::line::{Account, Line, LineKind, LineTrace, PartKind};
use crate::month::Month;
use crate::sale::Sale;
use crate::slot::Slot;

/// What stands in the notes of a line that changes what a counted month came to, before that month and the one in which
/// the change counts.
const COUNTED_NOTE: &str = "counted: ";
/// What its notes say where volume bands gave the sale its rate.
pub const BANDED_NOTE: &str = "by: bands";
/// What a note of a banded earning begins with.
const VOLUME_NOTE: &str = "volume_before: ";

/// COM-22: where what is taken back of a position counts.
#[derive(Clone, Copy)]
pub(super) struct Back {
    /// The month of the sale.
    own: Month,
    /// That month, or the first open one where it is counted.
    month: Month,
    /// Does the sale begin to count there, late?
    begins_late: bool,
}

impl Back {
    /// Of a position whose lines say a month.
    pub(super) fn of(sale: &Sale, target: &Target, booking: &Booking<'_>) -> Result<Option<Self>, RetargetError> {
        let own = sale.month_of(&target.partner).filter(|_| target.part.kind != PartKind::SecondTier);
        let Some(own) = own else { return Ok(None) };
        // A sale that comes back begins to count anew: what went back of it before does so in that month as well.
        let own = target.trace.period.unwrap_or(own);
        let account = Account { partner: target.partner.clone(), currency: sale.paid.currency() };
        let Marks { frozen, counted } = (booking.marks_of)(&account);
        if Some(own) > counted {
            let begins_late = target.trace.period.is_some() && target.trace.late;
            return Ok(Some(Self { own, month: own, begins_late }));
        }
        let open = frozen.max(counted).map(Month::successor).transpose()?;
        let now = Month::of(booking.today);
        Ok(Some(Self { own, month: open.map_or(now, |open| open.max(now)), begins_late: false }))
    }

    fn is_late(&self) -> bool {
        self.month != self.own
    }

    /// The first slot in which what is late is looked for.
    pub(super) fn from(&self) -> Result<Option<Slot>, RetargetError> {
        let is_later = self.is_late() || self.begins_late;
        if is_later { Ok(Some(Slot::of_day(self.month.first_day()?))) } else { Ok(None) }
    }

    /// A line says where it counts.
    pub(super) fn note(&self, trace: &mut LineTrace, kind: LineKind, is_banded: bool) {
        // Of what is adjusted only that by which a sale begins to count says a month.
        if kind == LineKind::Reversal {
            trace.period = Some(self.month);
        }
        if self.is_late() {
            trace.late = true;
            trace.notes.push(format!("{COUNTED_NOTE}{} in {}", self.own, self.month));
            trace.notes.extend(is_banded.then(|| BANDED_NOTE.to_owned()));
        }
    }
}

/// COM-22: of a line that changes what a counted month came to: that month, and the one in which it counts.
#[must_use]
pub fn late_months(line: &Line) -> Option<(Month, Month)> {
    if !line.trace.late {
        return None;
    }
    let said = line.trace.notes.iter().find_map(|note| note.strip_prefix(COUNTED_NOTE));
    let (counted, month) = said?.split_once(" in ")?;
    Some((Month::parse(counted).ok()?, Month::parse(month).ok()?))
}

/// Is an earning by volume bands?
pub(super) fn is_by_bands(trace: &LineTrace) -> bool {
    trace.notes.iter().any(|note| note.starts_with(VOLUME_NOTE))
}
