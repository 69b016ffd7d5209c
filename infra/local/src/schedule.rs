//! When a schedule fires: AWS's `cron(…)`, `rate(…)` and `at(…)`, parsed strictly.

mod cron;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use cron::Cron;

/// A schedule expression in its time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    zone: TimeZone,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Cron(Box<Cron>),
    Rate(SignedDuration),
    At(civil::DateTime),
}

impl Schedule {
    /// Reads an expression; the zone is an IANA name, UTC when absent.
    ///
    /// # Errors
    /// Says which part is wrong and why.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| format!("no time zone is called {name:?}"))?,
        };
        let (name, inner) = text
            .strip_suffix(')')
            .and_then(|open| open.split_once('('))
            .ok_or_else(|| format!("{text:?} is none of cron(…), rate(…), at(…)"))?;
        let kind = match name {
            "cron" => Kind::Cron(Box::new(Cron::parse(inner)?)),
            "rate" => Kind::Rate(rate(inner)?),
            "at" => Kind::At(inner.parse().map_err(|_| format!("at({inner}) needs yyyy-mm-ddThh:mm:ss"))?),
            other => return Err(format!("{other}(…) is none of cron(…), rate(…), at(…)")),
        };
        Ok(Self { text: text.to_owned(), zone, kind })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time strictly after `after`; a rate counts from the epoch, so that restarts do not shift it.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            Kind::Cron(cron) => cron.next_after(after, &self.zone),
            Kind::Rate(every) => {
                let step = every.as_secs();
                let next = (after.as_second().div_euclid(step) + 1).checked_mul(step)?;
                Timestamp::from_second(next).ok()
            }
            Kind::At(when) => {
                let when = self.zone.to_timestamp(*when).ok()?;
                (when > after).then_some(when)
            }
        }
    }
}

fn rate(inner: &str) -> Result<SignedDuration, String> {
    let parts: Vec<&str> = inner.split(' ').collect();
    let [count, unit] = parts.as_slice() else {
        return Err(format!("rate({inner}) needs a number and a unit"));
    };
    let count: i64 = count
        .parse()
        .ok()
        .filter(|count| (1..=1_000_000).contains(count))
        .ok_or_else(|| format!("rate({inner}): {count:?} is no positive whole number"))?;
    let seconds = match (*unit, count) {
        ("minute", 1) | ("minutes", 2..) => 60,
        ("hour", 1) | ("hours", 2..) => 3_600,
        ("day", 1) | ("days", 2..) => 86_400,
        _ => return Err(format!("rate({inner}): the unit is minute(s), hour(s) or day(s), in the right number")),
    };
    Ok(SignedDuration::from_secs(count * seconds))
}
