//! What the story came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::currency::Currency;
use domain::id::TenantId;
use domain::money::Money;
use store::TenantKey;

use super::story::{Story, text};
use crate::{Error, Said};

/// Where money can be, as the dashboard names it.
const PLACES: [&str; 5] = ["pending", "available", "held", "reserved", "paid"];

/// The totals of all dashboards, and the proof over everything stored.
pub(super) async fn told(story: &Story<'_>) -> Result<Said, Error> {
    let mut totals: BTreeMap<Currency, Vec<Money>> = BTreeMap::new();
    let key = story.progress.key("finance")?;
    for partner in story.progress.partners.values() {
        let dashboard = story.client.get(key, &format!("/v1/partners/dashboard?partner_id={}", partner.id)).await?;
        for balance in dashboard["balances"].as_array().into_iter().flatten() {
            let currency = Currency::parse(&text(balance, "currency")?)?;
            let sums = totals.entry(currency).or_insert_with(|| vec![Money::zero(currency); PLACES.len()]);
            for (sum, place) in sums.iter_mut().zip(PLACES) {
                *sum = sum.try_add(Money::parse(&text(balance, place)?, currency)?)?;
            }
        }
    }
    let mut said = String::new();
    for (currency, sums) in totals {
        let all = Money::try_sum(sums.iter().copied(), currency)?;
        write!(said, "  {all} {currency} of commissions:")?;
        for (sum, place) in sums.iter().zip(PLACES) {
            write!(said, " {sum} {place}")?;
        }
        writeln!(said)?;
    }
    let connection = story.place.connect(story.client.clock_offset_ms().await?)?;
    let verified = cases::verify::verify(&connection.store, &TenantKey::from(&TenantId::default_tenant())).await?;
    write!(said, "  {verified}")?;
    Ok(Said { text: said, good: verified.breaches.is_empty() })
}
