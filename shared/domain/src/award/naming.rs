//! The names under which the payouts of an award are asked for: the award's own, and another each time its money came back
//! and two people said that it is to be paid again.

use std::fmt;

use crate::id::AwardId;

/// Behind it stands the number of a payment that is not the first.
const AGAIN: char = '#';

/// The name of one payment of an award. Each is asked for once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentName {
    award: AwardId,
    no: u32,
}

impl PaymentName {
    /// Of the first payment: the award's own id.
    #[must_use]
    pub fn first(award: AwardId) -> Self {
        Self { award, no: 1 }
    }

    /// Of the payment behind one of this number.
    #[must_use]
    pub fn behind(award: AwardId, no: u32) -> Self {
        Self { award, no: no.saturating_add(1) }
    }

    /// Reads a name; none where it is of no award. What is written in another way is another name.
    #[must_use]
    pub fn parse(under: &str) -> Option<Self> {
        let (award, no) = match under.split_once(AGAIN) {
            None => (under, 1),
            Some((award, no)) => (award, no.parse().ok().filter(|no| *no > 1)?),
        };
        let name = Self { award: AwardId::parse(award).ok()?, no };
        (name.to_string() == under).then_some(name)
    }

    /// Which award's.
    #[must_use]
    pub fn award(&self) -> &AwardId {
        &self.award
    }

    /// Which payment of it, from 1.
    #[must_use]
    pub fn no(&self) -> u32 {
        self.no
    }

    /// Is it the first? What is kept of an award is kept of that one.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.no == 1
    }
}

impl fmt::Display for PaymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_first() { self.award.fmt(f) } else { write!(f, "{}{AGAIN}{}", self.award, self.no) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberId;

    #[test]
    fn a_name_reads_as_it_is_written_and_in_no_other_way() {
        let award = AwardId::of(&MemberId::from_ulid(7_u128.into()), 1);
        let first = PaymentName::first(award.clone());
        assert_eq!((first.to_string(), first.is_first()), (award.to_string(), true));
        let mut name = first;
        for no in 1..15 {
            assert_eq!((name.no(), name.award()), (no, &award));
            assert_eq!(PaymentName::parse(&name.to_string()), Some(name.clone()));
            name = PaymentName::behind(award.clone(), no);
            assert!(!name.is_first());
        }
        for other in ["#0", "#1", "#02", "#+2", "#", "#2#3", "# 2", "#-1", "#99999999999"] {
            assert_eq!(PaymentName::parse(&format!("{award}{other}")), None, "{other}");
        }
        for other in ["", "next#pay_1", "prn_1#par_1", "a request"] {
            assert_eq!(PaymentName::parse(other), None, "{other}");
        }
    }
}
