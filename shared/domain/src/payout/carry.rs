//! What a payout of a part leaves behind: a pair of lines that carries the rest into the slot behind it.
//!
//! A payout is always the sum of what it covers. One of a part covers all that is closed, and a line beside it that takes the
//! rest away: in a slot of its own, which is closed at once as the last of the range. The same amount is due at once in the
//! slot behind that, so the balance is what it was, less what is to be paid.

use thiserror::Error;

use crate::entry::{Entry, EntryKind};
use crate::id::PayoutId;
use crate::ledger::{Close, Head, Recount};
use crate::line::{Account, Place};
use crate::money::{Money, MoneyError};
use crate::slot::Slot;
use crate::time::{BusinessDay, Timestamp};

/// The two entries of a rest, and the close that ends what the payout covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Takes the rest out of what the payout covers.
    pub out: Entry,
    /// Has it due again behind that.
    pub back: Entry,
    /// Folds the first: the last close of the range.
    pub close: Close,
}

/// Why nothing can be carried.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum NoCarry {
    /// The slots that parts may use of the account's day are used up.
    #[error("the day of the account has no slots left for parts")]
    DayIsFull,
    /// Out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Which half of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarryHalf {
    /// Out of what the payout covers.
    Out,
    /// Into the slot behind it.
    In,
}

impl CarryHalf {
    /// The other half.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
        }
    }

    /// The natural key of its entry: of the payout that left it behind, and of nothing else.
    #[must_use]
    pub fn key(self, payout: &PayoutId) -> String {
        match self {
            Self::Out => format!("carried-out/{payout}"),
            Self::In => format!("carried-in/{payout}"),
        }
    }

    /// Reads such a key.
    #[must_use]
    pub fn parse(key: &str) -> Option<(Self, PayoutId)> {
        let (word, payout) = key.split_once('/')?;
        let half = match word {
            "carried-out" => Self::Out,
            "carried-in" => Self::In,
            _ => return None,
        };
        Some((half, PayoutId::parse(payout).ok()?))
    }

    /// Where it stands, by the last slot that the payout covers.
    #[must_use]
    pub fn slot(self, to: Slot) -> Option<Slot> {
        match self {
            Self::Out => Some(to),
            Self::In => to.successor().ok(),
        }
    }
}

impl Carry {
    /// Carries a rest past a payout. Everything that has matured must be closed: the head's fence is where its closes end.
    ///
    /// # Errors
    /// See [`NoCarry`].
    pub fn of(
        payout: &PayoutId,
        head: &Head,
        rest: Money,
        (at, today): (Timestamp, BusinessDay),
    ) -> Result<Self, NoCarry> {
        let (partner, currency, _) = payout.account_and_number();
        let account = Account { partner, currency };
        let to = head.fence.and_then(|fence| fence.successor().ok());
        // Fences are never raised past today: what was booked to a day to come would be final before that day. And half of
        // the day stays for what parts are not: a refund behind the last slot of today would be due tomorrow, and nobody
        // who approves today would see it.
        let last = Slot::middle_of_day(today);
        let (Some(to), Some(behind)) = (to, to.and_then(|to| to.successor().ok()).filter(|slot| *slot <= last)) else {
            return Err(NoCarry::DayIsFull);
        };
        let entry = |half: CarryHalf, amount, slot| Entry {
            notes: vec![format!("payout: {payout}")],
            ..Entry::new(half.key(payout), EntryKind::Carry, account.clone(), amount, Place::Slot(slot), at)
        };
        let out = entry(CarryHalf::Out, rest.negate()?, to);
        let back = entry(CarryHalf::In, rest, behind);
        let counted = Recount::after(head).fold(&out.line())?;
        let close = Close {
            no: head.close_no + 1,
            from: head.closed,
            to,
            count: counted.count,
            net: counted.net,
            previous: head.close_hash,
            hash: counted.hash,
        };
        Ok(Self { out, back, close })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::id::PartnerId;

    fn slot(text: &str) -> Slot {
        Slot::parse(text).expect("a slot")
    }

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).expect("a day")
    }

    fn carried(fence: Option<&str>, today: &str) -> Result<Carry, NoCarry> {
        let payout = PayoutId::of(&PartnerId::from_ulid(7_u128.into()), Currency::USD, 3);
        let fence = fence.map(slot);
        let head = Head { fence, closed: fence, close_no: 4, ..Head::new(Currency::USD) };
        let at = "2026-11-22T12:00:00Z".parse().expect("an instant");
        Carry::of(&payout, &head, Money::from_minor(470, Currency::USD), (at, day(today)))
    }

    #[test]
    fn a_rest_leaves_the_range_in_its_last_slot_and_is_due_in_the_slot_behind() {
        let carry = carried(Some("261120.00"), "2026-11-22").expect("carried");
        let places = [&carry.out, &carry.back].map(|entry| (entry.amount.minor(), entry.place));
        assert_eq!(places, [(-470, Place::Slot(slot("261120.01"))), (470, Place::Slot(slot("261120.02")))]);
        let Close { no, from, to, count, net, .. } = carry.close;
        assert_eq!((no, from, to, count, net.minor()), (5, Some(slot("261120.00")), slot("261120.01"), 1, -470));
        let payout = PayoutId::of(&PartnerId::from_ulid(7_u128.into()), Currency::USD, 3);
        for (half, entry) in [(CarryHalf::Out, &carry.out), (CarryHalf::In, &carry.back)] {
            assert_eq!(entry.notes, [format!("payout: {payout}")]);
            let read = CarryHalf::parse(&entry.key).expect("a key");
            assert_eq!((read.0, half.other().other()), (half, half));
            assert_eq!(half.slot(to).map(Place::Slot), Some(entry.place));
        }
        assert_eq!(CarryHalf::parse("carried-out/x"), None);
        assert_eq!(CarryHalf::parse(&carry.out.key.replace("carried", "released")), None);
    }

    #[test]
    fn half_of_the_day_and_no_slot_to_come_is_used_for_a_rest() {
        let rows = [
            (Some("261122.47"), "2026-11-22", true),
            (Some("261122.48"), "2026-11-22", false),
            (Some("261121.98"), "2026-11-22", true),
            (Some("261122.99"), "2026-11-22", false),
            (Some("261121.99"), "2026-11-22", true),
            // By a clock that is behind.
            (Some("261122.00"), "2026-11-21", false),
            // Nothing was ever closed: there is nothing to pay.
            (None, "2026-11-22", false),
        ];
        for (fence, today, goes) in rows {
            let expected = if goes { Ok(()) } else { Err(NoCarry::DayIsFull) };
            assert_eq!(carried(fence, today).map(|_| ()), expected, "{fence:?} on {today}");
        }
    }
}
