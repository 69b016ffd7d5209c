//! Slots: the day an amount becomes available, and a cut within that day. Sorted as text.

use std::fmt;

use thiserror::Error;

use crate::time::BusinessDay;

/// The last cut of a day.
const CUT_MAX: u8 = 99;
/// The last cut of its first half.
const CUT_MIDDLE: u8 = 49;

/// `yymmdd.cut`: a bucket of an account that is open until a fence passes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    day: BusinessDay,
    cut: u8,
}

/// A text that is no slot.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("not a slot (yymmdd.cut)")]
pub struct SlotError;

impl Slot {
    /// The first cut of a day.
    #[must_use]
    pub fn of_day(day: BusinessDay) -> Self {
        Self { day, cut: 0 }
    }

    /// The last cut of a day: every slot of the day is at or before it.
    #[must_use]
    pub fn last_of_day(day: BusinessDay) -> Self {
        Self { day, cut: CUT_MAX }
    }

    /// The last cut of the first half of a day.
    #[must_use]
    pub fn middle_of_day(day: BusinessDay) -> Self {
        Self { day, cut: CUT_MIDDLE }
    }

    /// Reads `261121.00`.
    ///
    /// # Errors
    /// Not a slot in that form.
    pub fn parse(text: &str) -> Result<Self, SlotError> {
        let digits = text.len() == 9
            && text.bytes().enumerate().all(|(at, byte)| if at == 6 { byte == b'.' } else { byte.is_ascii_digit() });
        if !digits {
            return Err(SlotError);
        }
        let part = |from: usize, to: usize| text[from..to].parse::<i8>().map_err(|_| SlotError);
        let day = BusinessDay::new(2000 + i16::from(part(0, 2)?), part(2, 4)?, part(4, 6)?).map_err(|_| SlotError)?;
        Ok(Self { day, cut: part(7, 9)?.unsigned_abs() })
    }

    /// The day the slot's amounts are available.
    #[must_use]
    pub fn day(self) -> BusinessDay {
        self.day
    }

    /// The next slot: the next cut of the day; after the last cut, the next day.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn successor(self) -> Result<Self, SlotError> {
        if self.cut < CUT_MAX {
            return Ok(Self { day: self.day, cut: self.cut + 1 });
        }
        Ok(Self::of_day(self.day.plus_days(1).map_err(|_| SlotError)?))
    }

    /// Where an amount that is due at once goes: today, or just behind the fence, whichever is later.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn immediate(today: BusinessDay, fence: Option<Self>) -> Result<Self, SlotError> {
        let today = Self::of_day(today);
        Ok(match fence {
            Some(fence) => today.max(fence.successor()?),
            None => today,
        })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day.parts();
        write!(out, "{:02}{month:02}{day:02}.{:02}", year - 2000, self.cut)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl serde::Serialize for Slot {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Slot {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slot_is_read_as_written_and_nothing_else_is() {
        assert_eq!(Slot::parse("261121.07").map(|slot| slot.to_string()), Ok("261121.07".to_owned()));
        for bad in ["", "261121", "261121.7", "261131.00", "2611210.0", "26112a.00", "261121-00", "é61121.00"] {
            assert_eq!(Slot::parse(bad), Err(SlotError), "{bad}");
        }
    }

    #[test]
    fn the_immediate_slot_is_never_at_or_before_the_fence() {
        let day = BusinessDay::parse("2026-11-21").expect("day");
        let rows = [
            (None, "261121.00"),
            (Some("261120.00"), "261121.00"),
            (Some("261121.00"), "261121.01"),
            (Some("261121.99"), "261122.00"),
            (Some("261125.03"), "261125.04"),
        ];
        for (fence, expected) in rows {
            let fence = fence.map(|fence| Slot::parse(fence).expect("slot"));
            assert_eq!(Slot::immediate(day, fence).map(|slot| slot.to_string()), Ok(expected.to_owned()), "{fence:?}");
        }
    }

    fn any_slot() -> impl Strategy<Value = Slot> {
        (0_i16..99, 1_i8..=12, 1_i8..=28, 0_u8..=99).prop_map(|(year, month, day, cut)| Slot {
            day: BusinessDay::new(2000 + year, month, day).expect("day"),
            cut,
        })
    }

    proptest! {
        #[test]
        fn text_sorts_as_slots_do(a in any_slot(), b in any_slot()) {
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(Slot::parse(&a.to_string()), Ok(a));
        }

        #[test]
        fn the_successor_comes_right_after(a in any_slot(), b in any_slot()) {
            let next = a.successor().expect("calendar");
            prop_assert!(a < next);
            prop_assert!(b <= a || next <= b);
        }
    }
}
