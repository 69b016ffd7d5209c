//! What is counted of a link's clicks on one UTC day. Live it grows with the changes that the stream of clicks tells;
//! the night counts it anew from the clicks themselves. Both come to the same, as a change of a click counts what it
//! counts after, less what it counted before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::touch::{VisitorHash, agent};

/// How many names each list keeps; what else there is counts under [`OTHER`].
pub const NAMES_MAX: usize = 64;
/// Under what the rest is counted.
pub const OTHER: &str = "other";

/// What a click says, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub visitor: VisitorHash,
    /// The UTC hour, 0 to 23.
    pub hour: u8,
    /// Visits of a person.
    pub hits: u64,
    /// Visits that were no person's.
    pub bot_hits: u64,
    /// The user agent.
    pub user_agent: String,
    /// The country.
    pub country: String,
    /// The host that it came from.
    pub referrer_host: String,
}

/// Counts of clicks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// TRK-4: clicks that count: one a visitor, link and hour.
    #[serde(rename = "c", default)]
    pub counted: u64,
    /// Further visits of the same.
    #[serde(rename = "d", default)]
    pub duplicates: u64,
    /// Visits that were no person's.
    #[serde(rename = "b", default)]
    pub bots: u64,
}

/// A link's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayCount {
    /// By UTC hour, so that a day of any zone can be put together.
    pub hours: BTreeMap<u8, Counts>,
    /// Clicks that count, by country.
    pub countries: BTreeMap<String, u64>,
    /// By the host that they came from.
    pub referrers: BTreeMap<String, u64>,
    /// By kind of device.
    pub devices: BTreeMap<String, u64>,
    /// By family of browser.
    pub browsers: BTreeMap<String, u64>,
    /// By family of system.
    pub systems: BTreeMap<String, u64>,
}

impl Seen {
    fn counts(&self) -> Counts {
        // Whoever asked for privacy cannot be told from the one before: each visit counts.
        let counted = if self.visitor == VisitorHash::NOBODY { self.hits } else { self.hits.min(1) };
        Counts { counted, duplicates: self.hits - counted, bots: self.bot_hits }
    }
}

impl DayCount {
    /// Counts a click that has become what `now` says, and was what `before` said.
    pub fn count(&mut self, now: &Seen, before: Option<&Seen>) {
        let was = before.map(Seen::counts).unwrap_or_default();
        let is = now.counts();
        let hour = self.hours.entry(now.hour).or_default();
        // Counts of a click only grow, so nothing is taken away here.
        let grown = is.counted.saturating_sub(was.counted);
        hour.counted += grown;
        hour.duplicates += is.duplicates.saturating_sub(was.duplicates);
        hour.bots += is.bots.saturating_sub(was.bots);
        if grown == 0 {
            return;
        }
        let named = |name: &str| if name.is_empty() { "unknown".to_owned() } else { name.to_owned() };
        add(&mut self.countries, named(&now.country), grown);
        add(&mut self.referrers, named(&now.referrer_host), grown);
        for (list, family) in [
            (&mut self.devices, agent::device_of(&now.user_agent)),
            (&mut self.browsers, agent::browser_of(&now.user_agent)),
            (&mut self.systems, agent::system_of(&now.user_agent)),
        ] {
            add(list, family.to_owned(), grown);
        }
    }

    /// The whole day.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.hours.values().fold(Counts::default(), |all, hour| Counts {
            counted: all.counted + hour.counted,
            duplicates: all.duplicates + hour.duplicates,
            bots: all.bots + hour.bots,
        })
    }
}

/// A list cannot be grown by who invents names: what comes when it is full counts under one.
fn add(list: &mut BTreeMap<String, u64>, name: String, grown: u64) {
    let is_full = list.len() >= NAMES_MAX && !list.contains_key(&name);
    *list.entry(if is_full { OTHER.to_owned() } else { name }).or_default() += grown;
}

#[cfg(test)]
mod tests;
