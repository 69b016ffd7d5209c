//! Stripe's events of the last thirty days, as its API lists them: the very bodies of its webhooks.

use domain::provider::Provider;
use domain::time::{Timestamp, Zone};
use indicatif::ProgressBar;
use serde_json::Value;
use store::raw_events::RawEventPlace;

use super::{Found, Kept, Office, PAGES_MAX};
use crate::Error;

const PAGE: usize = 100;

/// All events since then that are acted on, the oldest first.
pub(super) async fn pull(office: &Office, since: Timestamp, line: &ProgressBar) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let mut after = String::new();
    for _ in 0..PAGES_MAX {
        let since = since.as_second();
        let url = format!("{}/v1/events?limit={PAGE}&created[gte]={since}{after}", office.api);
        let page = office.get(&url).await?;
        let events = page["data"].as_array().cloned().unwrap_or_default();
        for event in &events {
            if cases::raw_event::is_acted_on(Provider::Stripe.word(), event["type"].as_str().unwrap_or_default()) {
                found.push(read(office, event).await?);
            }
        }
        line.set_message(format!("{} events", found.len()));
        match events.last().and_then(|event| event["id"].as_str()) {
            Some(last) if page["has_more"] == true => after = format!("&starting_after={last}"),
            _ => {
                found.reverse();
                return Ok(found);
            }
        }
    }
    Err("the provider's list does not end".into())
}

async fn read(office: &Office, event: &Value) -> Result<Found, Error> {
    let (id, created) = (event["id"].as_str().unwrap_or_default(), event["created"].as_i64().unwrap_or_default());
    let day = Zone::utc().day_of(Timestamp::from_second(created)?);
    let place = RawEventPlace { provider: Provider::Stripe.word().to_owned(), day, event_id: id.to_owned() };
    let delivered = office.store.get_delivered(&office.tenant, &place).await?;
    // One that cannot be translated is sent in all the same: the log then says why it is not booked.
    let facts = revenue_recorder::stripe::translate(event).unwrap_or_default();
    Ok(Found { body: event.to_string(), headers: Vec::new(), facts, kept: Kept::of(delivered.as_ref()) })
}
