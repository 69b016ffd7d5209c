//! Live: a batch of the stream of clicks becomes one write for each link and day in it; one of sales goes on to `sales`.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::sqs::SqsBatchResponse;
use domain::id::{LinkId, TenantId};
use domain::time::BusinessDay;
use edge::telemetry::chain;
use serde_dynamo::AttributeValue;
use store::click_counts::{ClickChange, Counted, read_click_change};
use store::{StoreError, TenantKey};

use crate::App;

type Place = (TenantId, LinkId, BusinessDay);

impl App {
    /// Counts a batch. What is counted stays counted when another part of the batch fails: it is known by its numbers.
    pub(crate) async fn count(&self, event: Event) -> SqsBatchResponse {
        let (sales, clicks): (Vec<EventRecord>, Vec<EventRecord>) = event.records.into_iter().partition(is_of_sale);
        let failed = match self.count_clicks(clicks).await {
            Some(number) => Some(number),
            None => self.count_sales(sales).await,
        };
        let mut response = SqsBatchResponse::default();
        if let Some(number) = failed {
            response.add_failure(number);
        }
        response
    }

    /// Counts clicks; answers the number of the first that was not counted.
    async fn count_clicks(&self, records: Vec<EventRecord>) -> Option<String> {
        let mut places: BTreeMap<Place, Vec<ClickChange>> = BTreeMap::new();
        for record in records {
            match change_of(record) {
                Ok(change) => {
                    let place = (change.tenant.clone(), change.link.clone(), change.day);
                    places.entry(place).or_default().push(change);
                }
                // Holding the stream for what will never be read would hold every link's counts.
                Err(error) => {
                    tracing::error!(reason = chain(&error), "a change of a click cannot be read, and is not counted")
                }
            }
        }
        let mut failed: Option<String> = None;
        let (mut counted, mut clicks) = (0_u64, 0_u64);
        for ((tenant, link, day), changes) in &places {
            let all: Vec<&ClickChange> = changes.iter().collect();
            match self.store.count_clicks(&TenantKey::from(tenant), (link, *day), &all).await {
                Ok(Counted::Counted) => (counted, clicks) = (counted + 1, clicks + all.len() as u64),
                Ok(Counted::AlreadySeen | Counted::Late) => {}
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant, link.id = %link, reason = chain(&error), "clicks left in the stream");
                    failed = first_of(failed, changes);
                }
            }
        }
        tracing::debug!(links = counted, clicks, "clicks counted");
        failed
    }
}

/// A batch is of one table's stream: of sales, or of clicks.
fn is_of_sale(record: &EventRecord) -> bool {
    matches!(record.change.new_image.get("entity"), Some(AttributeValue::S(entity)) if entity == "sale")
}

fn change_of(record: EventRecord) -> Result<ClickChange, StoreError> {
    let change = record.change;
    let before = if change.old_image.is_empty() { None } else { Some(change.old_image.into()) };
    read_click_change(change.sequence_number.unwrap_or_default(), change.new_image.into(), before)
}

/// The stream goes on from the first record that was not counted: of a shard, the least number.
fn first_of(failed: Option<String>, changes: &[ClickChange]) -> Option<String> {
    let numbers = changes.iter().map(|change| change.number.clone()).chain(failed);
    numbers.min_by(|a, b| (a.len(), a).cmp(&(b.len(), b)))
}
