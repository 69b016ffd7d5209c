//! FRD-4, LED-5: a sale that a person or a bank has still to decide. Its own commission is held with it. What it would add to
//! its partner's month beside that is nobody's yet: a month earns no more than it would if every such sale were lost.

use std::collections::BTreeMap;

use super::period::{PeriodEarning, PeriodKind};
use crate::fact::DisputePhase;
use crate::money::Money;
use crate::sale::Sale;

/// A sale as it is at worst, where that is open: rejected if it waits for a person, its disputes lost if one is open.
#[must_use]
pub fn at_worst(sale: &Sale) -> Option<Sale> {
    if !sale.is_in_doubt() {
        return None;
    }
    let mut worst = sale.clone();
    worst.rejected |= worst.hold.is_some();
    for dispute in worst.disputes.values_mut().filter(|dispute| dispute.phase == DisputePhase::Opened) {
        dispute.phase = DisputePhase::Lost;
    }
    Some(worst)
}

/// What periods earn whatever becomes of the sales in doubt: the less of what they earn if all of those stand, and if all
/// are lost. A milestone that only they reach is not reached yet.
#[must_use]
pub fn for_certain(all_stand: Vec<PeriodEarning>, all_lost: &[PeriodEarning]) -> Vec<PeriodEarning> {
    let at_worst: BTreeMap<String, &PeriodEarning> = all_lost.iter().map(|earning| (earning.key(), earning)).collect();
    let mut certain = Vec::new();
    for mut earning in all_stand {
        let worst = at_worst.get(&earning.key());
        if worst.is_none() && matches!(earning.kind, PeriodKind::Milestone(_)) {
            continue;
        }
        let least = worst.map_or(0, |worst| worst.amount.minor());
        if least < earning.amount.minor() {
            let doubt = Money::from_minor(earning.amount.minor().saturating_sub(least), earning.currency);
            earning.amount = Money::from_minor(least, earning.currency);
            earning.customers = worst.map(|worst| worst.customers.clone()).unwrap_or_default();
            earning.trace.notes.push(format!("in_doubt: {doubt}"));
        }
        certain.push(earning);
    }
    certain
}
