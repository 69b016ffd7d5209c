//! Months of the calendar: the periods of bands, caps and volumes.

use std::fmt;

use crate::time::{BusinessDay, DateOutOfRange};

/// A month of a year. In which zone is whoever asked's to say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: BusinessDay) -> Self {
        let (year, month, _) = day.parts();
        Self { year, month }
    }

    /// Reads `2026-11`.
    ///
    /// # Errors
    /// Not a month in that form.
    pub fn parse(text: &str) -> Result<Self, DateOutOfRange> {
        if text.len() != 7 {
            return Err(DateOutOfRange);
        }
        BusinessDay::parse(&format!("{text}-01")).map(Self::of)
    }

    /// Its first day.
    ///
    /// # Errors
    /// Outside 2000 to 2099.
    pub fn first_day(self) -> Result<BusinessDay, DateOutOfRange> {
        BusinessDay::new(self.year, self.month, 1)
    }

    /// The month after.
    ///
    /// # Errors
    /// The calendar ends.
    pub fn successor(self) -> Result<Self, DateOutOfRange> {
        self.first_day()?.plus_months(1).map(Self::of)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_written_and_nothing_else_is() {
        assert_eq!(Month::parse("2026-11").map(|month| month.to_string()), Ok("2026-11".to_owned()));
        for bad in ["", "2026", "2026-13", "2026-1", "26-11", "2026-11-01", "1999-11", "2026/11"] {
            assert_eq!(Month::parse(bad), Err(DateOutOfRange), "{bad}");
        }
    }

    #[test]
    fn months_follow_each_other_over_the_year_and_end_with_the_calendar() {
        let next = |text: &str| Month::parse(text).and_then(Month::successor).map(|month| month.to_string());
        assert_eq!(next("2026-11"), Ok("2026-12".to_owned()));
        assert_eq!(next("2026-12"), Ok("2027-01".to_owned()));
        assert_eq!(next("2099-12"), Err(DateOutOfRange));
    }

    #[test]
    fn a_day_is_in_its_month() {
        let month = BusinessDay::parse("2026-02-28").map(Month::of).expect("day");
        assert_eq!(month.first_day().map(|day| day.to_string()), Ok("2026-02-01".to_owned()));
    }
}
