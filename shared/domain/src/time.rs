//! Instants, business days in a zone, and half-open periods.

use std::fmt;

pub use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A text that is no zone of the IANA table.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("unknown time zone; use an IANA name such as Europe/Berlin")]
pub struct UnknownZone;

/// A date outside what the product can hold.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("date out of range")]
pub struct DateOutOfRange;

/// A zone of the IANA table, in which calendar questions are asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// Reads an IANA name.
    ///
    /// # Errors
    /// Not in the table.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone)?;
        let name = zone.iana_name().ok_or(UnknownZone)?.to_owned();
        Ok(Self { name, zone })
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar day of an instant here.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> BusinessDay {
        BusinessDay(self.zone.to_datetime(at).date())
    }

    /// The first instant of a day here; where the clock skips midnight, the first instant after the gap.
    ///
    /// # Errors
    /// The day is out of range.
    pub fn start_of(&self, day: BusinessDay) -> Result<Timestamp, DateOutOfRange> {
        day.0.to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp()).map_err(|_| DateOutOfRange)
    }

    /// A day here as a period.
    ///
    /// # Errors
    /// The day or the next is out of range.
    pub fn period_of(&self, day: BusinessDay) -> Result<Period, DateOutOfRange> {
        Period::new(self.start_of(day)?, self.start_of(day.plus_days(1)?)?).ok_or(DateOutOfRange)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// A day of the calendar, without an hour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDay(Date);

impl BusinessDay {
    /// A day from year, month, day of month.
    ///
    /// # Errors
    /// No such day, or outside 2000 to 2099 (slots carry two digits of the year).
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DateOutOfRange> {
        let date = Date::new(year, month, day).map_err(|_| DateOutOfRange)?;
        if (2000..=2099).contains(&year) { Ok(Self(date)) } else { Err(DateOutOfRange) }
    }

    /// Reads `2026-11-21`.
    ///
    /// # Errors
    /// Not a date in that form.
    pub fn parse(text: &str) -> Result<Self, DateOutOfRange> {
        let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok());
        if text.len() != 10 || text.as_bytes().get(4) != Some(&b'-') || text.as_bytes().get(7) != Some(&b'-') {
            return Err(DateOutOfRange);
        }
        let year = part(0, 4).ok_or(DateOutOfRange)?;
        let month = part(5, 7).and_then(|month| i8::try_from(month).ok()).ok_or(DateOutOfRange)?;
        let day = part(8, 10).and_then(|day| i8::try_from(day).ok()).ok_or(DateOutOfRange)?;
        Self::new(year, month, day)
    }

    /// The day `days` later (earlier when negative).
    ///
    /// # Errors
    /// Out of range.
    pub fn plus_days(self, days: i32) -> Result<Self, DateOutOfRange> {
        let date = self.0.checked_add(jiff::Span::new().days(days)).map_err(|_| DateOutOfRange)?;
        Self::new(date.year(), date.month(), date.day())
    }

    /// The day `months` calendar months later; where that month is shorter, its last day.
    ///
    /// # Errors
    /// Out of range.
    pub fn plus_months(self, months: u16) -> Result<Self, DateOutOfRange> {
        let date = self.0.checked_add(jiff::Span::new().months(i32::from(months))).map_err(|_| DateOutOfRange)?;
        Self::new(date.year(), date.month(), date.day())
    }

    /// Year, month, day of month.
    #[must_use]
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Display for BusinessDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl fmt::Debug for BusinessDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl serde::Serialize for BusinessDay {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for BusinessDay {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// From an instant up to, and not with, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: Timestamp,
    to: Timestamp,
}

impl Period {
    /// A period; `None` when it would end before it begins.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// The first instant.
    #[must_use]
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// The first instant after.
    #[must_use]
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// Is the instant inside? The end is not.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// An instant as fixed-width text that sorts: `2026-11-21T03:24:00.000Z`.
#[must_use]
pub fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests;
