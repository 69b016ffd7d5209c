//! The signals of a partner's sales taken together: what no single sale shows.

use std::collections::{BTreeMap, BTreeSet};

use super::marks::day_of;
use super::policy::Policy;
use super::{Reason, Signal};
use crate::fact::PaymentKey;
use crate::time::Timestamp;
use crate::touch::VisitorHash;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A sale of the partner's, as far as habits go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitSale {
    /// When it was paid.
    pub occurred_at: Timestamp,
    /// Who paid; none for a guest.
    pub customer: Option<PaymentKey>,
    /// The click that is credited, if one is.
    pub clicked_at: Option<Timestamp>,
    /// Who clicked.
    pub visitor: Option<VisitorHash>,
    /// Was money paid for it at all?
    pub is_paid: bool,
    /// Did all of it go back?
    pub is_returned: bool,
}

/// FRD-2: velocity, shared addresses, refund rate. The order of the sales does not matter.
#[must_use]
pub fn signals(sales: &[HabitSale], policy: &Policy) -> Vec<Signal> {
    let mut found = Vec::new();
    let new = most_within_an_hour(sales);
    if new >= policy.velocity_customers {
        found.extend(policy.signal(Reason::Velocity, format!("{new} new customers within an hour")));
    }
    let sharing = most_from_one_visitor(sales);
    if sharing >= policy.shared_address_customers {
        let detail = format!("{sharing} customers from one address and browser on one day");
        found.extend(policy.signal(Reason::SharedAddress, detail));
    }
    let count = |is: fn(&&HabitSale) -> bool| sales.iter().filter(is).count();
    let (paid, returned) = (count(|sale| sale.is_paid), count(|sale| sale.is_paid && sale.is_returned));
    let is_many = u32::try_from(paid).unwrap_or(u32::MAX) >= policy.refund_rate_sales;
    if is_many && reaches(returned, paid, policy.refund_rate.millionths()) {
        found.extend(policy.signal(Reason::RefundRate, format!("{returned} of {paid} sales went back")));
    }
    found.sort_by_key(|signal| signal.code);
    found
}

/// Is `part / whole` at least so many millionths?
fn reaches(part: usize, whole: usize, millionths: i128) -> bool {
    let wide = |count: usize| i128::try_from(count).unwrap_or(i128::MAX);
    wide(part).saturating_mul(1_000_000) >= wide(whole).saturating_mul(millionths)
}

/// The most customers who bought within a day of their click, and within an hour of each other. Renewals come by
/// themselves and in crowds: they are no habit of the partner's.
fn most_within_an_hour(sales: &[HabitSale]) -> u32 {
    let mut firsts: BTreeMap<&PaymentKey, Timestamp> = BTreeMap::new();
    let mut times = Vec::new();
    for sale in sales.iter().filter(|sale| is_fresh(sale)) {
        match &sale.customer {
            Some(customer) => {
                let first = firsts.entry(customer).or_insert(sale.occurred_at);
                *first = (*first).min(sale.occurred_at);
            }
            // Every guest may be another person.
            None => times.push(sale.occurred_at),
        }
    }
    times.extend(firsts.into_values());
    times.sort_unstable();
    let mut most = 0;
    let mut from = 0;
    for (to, at) in times.iter().enumerate() {
        while times.get(from).is_some_and(|first| at.as_millisecond() - first.as_millisecond() >= HOUR_MS) {
            from += 1;
        }
        most = most.max(to + 1 - from);
    }
    u32::try_from(most).unwrap_or(u32::MAX)
}

fn is_fresh(sale: &HabitSale) -> bool {
    let elapsed = |clicked_at: Timestamp| sale.occurred_at.as_millisecond() - clicked_at.as_millisecond();
    sale.clicked_at.is_some_and(|clicked_at| elapsed(clicked_at) < DAY_MS)
}

/// The most customers who clicked from one address and browser on one day.
fn most_from_one_visitor(sales: &[HabitSale]) -> u32 {
    let mut visitors: BTreeMap<(String, VisitorHash), BTreeSet<&PaymentKey>> = BTreeMap::new();
    for sale in sales {
        let (Some(customer), Some(clicked_at), Some(visitor)) = (&sale.customer, sale.clicked_at, sale.visitor) else {
            continue;
        };
        if visitor != VisitorHash::NOBODY {
            visitors.entry((day_of(clicked_at), visitor)).or_default().insert(customer);
        }
    }
    let most = visitors.values().map(BTreeSet::len).max().unwrap_or(0);
    u32::try_from(most).unwrap_or(u32::MAX)
}
