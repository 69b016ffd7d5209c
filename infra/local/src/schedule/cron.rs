//! The six fields of AWS's cron: minutes hours day-of-month month day-of-week year.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// A parsed cron expression.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

#[derive(Debug, Clone)]
enum Days {
    OfMonth(BTreeSet<i16>),
    LastOfMonth,
    WeekdayNearest(i8),
    OfWeek(BTreeSet<i16>),
    LastOfWeek(i16),
    NthOfWeek(i16, i8),
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// A leap day that misses a century year comes after eight years at the latest.
const SEARCH_DAYS_MAX: u32 = 366 * 9;

struct Field {
    name: &'static str,
    low: i16,
    high: i16,
    names: &'static [&'static str],
}

impl Cron {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day_of_month, months, day_of_week, years] = fields.as_slice() else {
            return Err(format!("cron({text}) has {} fields, not six", fields.len()));
        };
        let field = |name, low, high, names| Field { name, low, high, names };
        Ok(Self {
            minutes: field("minutes", 0, 59, &[]).set(minutes)?,
            hours: field("hours", 0, 23, &[]).set(hours)?,
            days: days(day_of_month, day_of_week)?,
            months: field("month", 1, 12, MONTHS).set(months)?,
            years: field("year", 1970, 2199, &[]).set(years)?,
        })
    }

    pub(super) fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut date = after.to_zoned(zone.clone()).date();
        for _ in 0..SEARCH_DAYS_MAX {
            if self.on(date) {
                for hour in &self.hours {
                    for minute in &self.minutes {
                        let at = date.at(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0);
                        let at = zone.to_timestamp(at).ok()?;
                        if at > after {
                            return Some(at);
                        }
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn on(&self, date: civil::Date) -> bool {
        let day = i16::from(date.day());
        let weekday = i16::from(date.weekday().to_sunday_one_offset());
        let last = date.days_in_month();
        self.years.contains(&date.year())
            && self.months.contains(&i16::from(date.month()))
            && match &self.days {
                Days::OfMonth(days) => days.contains(&day),
                Days::LastOfMonth => date.day() == last,
                Days::WeekdayNearest(wanted) => nearest_weekday(date, *wanted) == date.day(),
                Days::OfWeek(days) => days.contains(&weekday),
                Days::LastOfWeek(wanted) => weekday == *wanted && date.day() + 7 > last,
                Days::NthOfWeek(wanted, nth) => weekday == *wanted && (date.day() - 1) / 7 + 1 == *nth,
            }
    }
}

/// The weekday nearest to a day, never leaving the month.
fn nearest_weekday(month_of: civil::Date, wanted: i8) -> i8 {
    let last = month_of.days_in_month();
    let day = wanted.min(last);
    let Ok(date) = civil::Date::new(month_of.year(), month_of.month(), day) else {
        return day;
    };
    match date.weekday() {
        civil::Weekday::Saturday if day == 1 => 3,
        civil::Weekday::Saturday => day - 1,
        civil::Weekday::Sunday if day == last => day - 2,
        civil::Weekday::Sunday => day + 1,
        _ => day,
    }
}

fn days(of_month: &str, of_week: &str) -> Result<Days, String> {
    let month = Field { name: "day-of-month", low: 1, high: 31, names: &[] };
    let week = Field { name: "day-of-week", low: 1, high: 7, names: WEEKDAYS };
    match (of_month, of_week) {
        ("?", "?") => Err("day-of-month and day-of-week are both ?".to_owned()),
        ("L", "?") => Ok(Days::LastOfMonth),
        (day, "?") => match day.strip_suffix('W') {
            Some(day) => Ok(Days::WeekdayNearest(i8::try_from(month.one(day)?).unwrap_or(1))),
            None => Ok(Days::OfMonth(month.set(day)?)),
        },
        ("?", "L") => Ok(Days::LastOfWeek(7)),
        ("?", day) => {
            if let Some((day, nth)) = day.split_once('#') {
                let nth: i8 = nth
                    .parse()
                    .ok()
                    .filter(|nth| (1..=5).contains(nth))
                    .ok_or_else(|| format!("day-of-week: {nth:?} is no week of 1 to 5"))?;
                return Ok(Days::NthOfWeek(week.one(day)?, nth));
            }
            match day.strip_suffix('L') {
                Some(day) => Ok(Days::LastOfWeek(week.one(day)?)),
                None => Ok(Days::OfWeek(week.set(day)?)),
            }
        }
        _ => Err("one of day-of-month and day-of-week has to be ?".to_owned()),
    }
}

impl Field {
    fn set(&self, text: &str) -> Result<BTreeSet<i16>, String> {
        let mut out = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                None => (part, None),
                Some((range, step)) => {
                    let step: i16 = step
                        .parse()
                        .ok()
                        .filter(|step| *step > 0)
                        .ok_or_else(|| self.wrong(part, "a step is a positive whole number"))?;
                    (range, Some(step))
                }
            };
            let (from, to) = match range.split_once('-') {
                Some((from, to)) => (self.one(from)?, self.one(to)?),
                None if range == "*" => (self.low, self.high),
                None => {
                    let from = self.one(range)?;
                    (from, if step.is_some() { self.high } else { from })
                }
            };
            if from > to {
                return Err(self.wrong(part, "a range goes upwards"));
            }
            let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
            out.extend((from..=to).step_by(step));
        }
        Ok(out)
    }

    fn one(&self, text: &str) -> Result<i16, String> {
        if let Some(index) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.low + i16::try_from(index).unwrap_or(0));
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|value| digits && (self.low..=self.high).contains(value))
            .ok_or_else(|| self.wrong(text, &format!("allowed are {} to {}", self.low, self.high)))
    }

    fn wrong(&self, part: &str, why: &str) -> String {
        format!("{}: {part:?}: {why}", self.name)
    }
}
