//! Who brought whom: meetings, the touches that came along, and the one that counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::Paid;
use crate::share::Amount;
use crate::terms::Terms;

/// A day.
const DAY_MS: i64 = 86_400_000;

/// Something of a partner's that travelled with somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// When, ms: the click, or the use of the coupon.
    pub at_ms: i64,
    /// The link, or the coupon's code.
    pub by: String,
    /// Is it a coupon?
    pub is_coupon: bool,
}

/// A touch that counts, and its weight beside the others that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) touch: Touch,
    pub(crate) weight: Amount,
}

/// Part of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Whose.
    pub partner: String,
    /// How much beside the others; 1 alone.
    pub weight: Amount,
    /// The own rate of the link that brought the customer.
    pub(crate) own_rate: Option<Amount>,
}

/// A meeting with a customer: when and by what, and the touches that came along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meeting {
    pub(crate) at_ms: i64,
    pub(crate) key: String,
    pub(crate) touches: Vec<Touch>,
}

/// A touch, and the earliest meeting that told of it; one that is dated after its meeting comes last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting {
    is_after: bool,
    seen_ms: i64,
    by: String,
    touch: Touch,
}

impl Touch {
    /// Since when it counts: the payment of the purchase that a coupon was given for may be dated a day before.
    pub(crate) fn counts_from_ms(&self) -> i64 {
        if self.is_coupon { self.at_ms - DAY_MS } else { self.at_ms }
    }
}

impl Terms {
    pub(crate) fn partner_of(&self, touch: &Touch) -> Option<&str> {
        let partner = if touch.is_coupon {
            self.coupons.get(&touch.by)
        } else {
            self.links.get(&touch.by).map(|link| &link.partner)
        };
        partner.map(String::as_str)
    }

    /// The newest coupon if there is one, else the clicks that count, oldest first; of two at one instant the greater link
    /// is the newer. What has no weight is left out.
    pub(crate) fn choose(&self, touches: &[Touch], at_ms: i64) -> Vec<Part> {
        let counts = |touch: &&Touch| {
            let is_known = self.partner_of(touch).is_some();
            is_known && touch.counts_from_ms() <= at_ms && at_ms - touch.at_ms <= self.window_ms
        };
        let mut counted: Vec<&Touch> = touches.iter().filter(counts).collect();
        counted.sort_by_key(|touch| (touch.is_coupon, touch.at_ms, touch.by.clone()));
        // The same click told twice is one.
        counted.dedup();
        if let Some(coupon) = counted.last().filter(|touch| touch.is_coupon) {
            return vec![Part { touch: (*coupon).clone(), weight: 1 }];
        }
        let weights = self.shares.weights(counted.len());
        let parts = counted.into_iter().zip(weights).filter(|(_, weight)| *weight > 0);
        parts.map(|(touch, weight)| Part { touch: touch.clone(), weight }).collect()
    }

    /// The partners of touches: one a partner, in the order of the oldest, with the rate of the newest.
    pub(crate) fn credits(&self, parts: &[Part]) -> Vec<Credit> {
        let mut credits: Vec<Credit> = Vec::new();
        for Part { touch, weight } in parts {
            let Some(partner) = self.partner_of(touch) else { continue };
            let own_rate = self.links.get(&touch.by).filter(|_| !touch.is_coupon).and_then(|link| link.rate);
            match credits.iter_mut().find(|credit| credit.partner == partner) {
                Some(credit) => *credit = Credit { weight: credit.weight + weight, own_rate, ..credit.clone() },
                None => credits.push(Credit { partner: partner.to_owned(), weight: *weight, own_rate }),
            }
        }
        if let [alone] = credits.as_mut_slice() {
            alone.weight = 1;
        }
        credits
    }

    /// The touches that a customer is bound by: those of the earliest meeting at which one counted.
    pub(crate) fn bound(&self, meetings: &BTreeSet<Meeting>, first_paid_ms: Option<i64>) -> Vec<Part> {
        let mut earliest: BTreeMap<(bool, String, Option<i64>), Sighting> = BTreeMap::new();
        for meeting in meetings {
            for touch in &meeting.touches {
                let (is_after, seen_ms) = (touch.counts_from_ms() > meeting.at_ms, meeting.at_ms);
                let seen = Sighting { is_after, seen_ms, by: meeting.key.clone(), touch: touch.clone() };
                // A coupon is the same whenever it is used.
                let key = (touch.is_coupon, touch.by.clone(), (!touch.is_coupon).then_some(touch.at_ms));
                let known = earliest.entry(key).or_insert_with(|| seen.clone());
                if seen < *known {
                    *known = seen;
                }
            }
        }
        let mut sightings: Vec<Sighting> = earliest.into_values().collect();
        sightings.sort();
        let met_ms = meetings.iter().map(|meeting| meeting.at_ms);
        let touched = sightings.iter().map(|seen| &seen.touch).filter(|touch| self.partner_of(touch).is_some());
        let first_touch_ms = touched.map(Touch::counts_from_ms).min();
        // Whoever was there before anybody's first touch was brought by nobody.
        if met_ms.chain(first_paid_ms).min().zip(first_touch_ms).is_some_and(|(known, touch)| known < touch) {
            return Vec::new();
        }
        let mut groups = sightings.chunk_by(|a, b| (a.seen_ms, &a.by) == (b.seen_ms, &b.by));
        let found = groups.find_map(|group| {
            let touches: Vec<Touch> = group.iter().map(|seen| seen.touch.clone()).collect();
            Some(self.choose(&touches, group.first()?.seen_ms)).filter(|parts| !parts.is_empty())
        });
        found.unwrap_or_default()
    }

    /// The touches that brought a guest, by the sale alone.
    pub(crate) fn of_guest(&self, sale: &Paid) -> Vec<Part> {
        self.choose(&sale.touches, sale.at_ms)
    }
}
