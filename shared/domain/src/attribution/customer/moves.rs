//! When what is known of a customer may make sales that are booked another partner's.

use super::{Assigned, Customer};
use crate::attribution::candidate::Candidate;
use crate::id::PartnerId;

impl Customer {
    /// V13: the partners some of whose sales what is known now may make another's. Empty where it decides as before.
    #[must_use]
    pub fn moves_from(&self, before: &Self) -> Vec<PartnerId> {
        if self.decides_by() == before.decides_by() { Vec::new() } else { before.credited.iter().cloned().collect() }
    }

    /// Everything that decisions of sales are made of: a person's word, what binds for good, or else the touches of windows.
    fn decides_by(&self) -> (&[Assigned], bool, Vec<(&Candidate, u64)>) {
        let is_existing = self.is_existing();
        let bound = self.bind(is_existing).0;
        let bound = bound.map(|shares| shares.iter().map(|share| (share.candidate, share.weight)).collect());
        let by_window = || {
            let pool = self.sightings.iter().map(|seen| &seen.candidate).filter(|touch| touch.is_per_window());
            pool.map(|touch| (touch, 0)).collect()
        };
        (&self.assigned, is_existing, bound.unwrap_or_else(by_window))
    }
}
