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
    writeln!(said, "  {}", waiting(story).await?)?;
    let connection = story.place.connect(story.client.clock_offset_ms().await?)?;
    let verified = cases::verify::verify(&connection.store, &TenantKey::from(&TenantId::default_tenant())).await?;
    write!(said, "  {verified}")?;
    Ok(Said { text: said, good: verified.breaches.is_empty() })
}

/// What is left for whoever looks at the demo: lists and the word that a row of each has while it waits.
const WAITING: [(&str, &str, &str, &str); 4] = [
    ("/v1/risk", "status", "open", "reviews of possible fraud"),
    ("/v1/revenue/adjustments", "state", "pending", "corrections"),
    ("/v1/revenue/write-offs", "state", "pending", "write-offs"),
    ("/v1/revenue/disputes", "phase", "opened", "disputes"),
];

/// How many of each wait, and how many balances are below zero.
async fn waiting(story: &Story<'_>) -> Result<String, Error> {
    let key = story.progress.key("finance")?;
    let mut parts = Vec::new();
    for (path, field, word, name) in WAITING {
        let listed = story.client.get(key, &format!("{path}?limit=500")).await?;
        let rows = listed["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        parts.push(format!("{} {name}", rows.iter().filter(|row| row[field] == word).count()));
    }
    let debts = story.client.get(key, "/v1/revenue/negative-balances?limit=500").await?;
    let debts = debts["data"].as_array().map_or(0, Vec::len);
    Ok(format!("waiting for a person: {}; {debts} balances below zero", parts.join(", ")))
}
