//! click-counter: counts clicks by link and day, live from the stream of clicks, exactly at night; and what links sold.
//!
//! - Trigger: the streams of `clicks` and, for sales only, of `core`; a schedule, 02:30 UTC.
//! - Reads: records of the streams; at night the registry of links in `core`, and the clicks of the days that are over.
//! - Writes: `ops`: one item a link and day; one a link and sale, with the link's total; how far a tenant is counted
//!   exactly; that the night ran. Deletes the salts of days past.
//! - Sends: nothing.
//! - Idempotent by: the stream's numbers, kept with the counts of clicks, and the sale's version, kept with what a link
//!   sold; a day counted exactly is final.
//! - On failure: the stream is held at the first record that was not counted and shows it again; what it gives up in the
//!   end, the night counts of clicks, and of sales the sale's next change. A night that fails is made again, and a missed
//!   one is made up for by the next.

pub mod config;
mod night;
mod sales;
mod stream;
#[cfg(test)]
mod tests;

use domain::job::Job;
use edge::aws::Service;
use edge::clock::Clock;
use edge::jobs::recorded;
use edge::lambda::{Error, Trigger};
use serde_json::Value;
use store::Store;

use crate::config::Config;

/// The counter.
pub struct App {
    store: Store,
    clock: Clock,
}

impl App {
    /// A counter over what it needs.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// A counter as configured.
    #[must_use]
    pub fn connect(config: Config) -> Self {
        Self::new(Store::connect(&config.aws.service(Service::DynamoDb), config.tables), config.clock)
    }

    /// A batch of the stream, or the night.
    ///
    /// # Errors
    /// The night could not be finished, or the event is neither.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        match Trigger::of(event)? {
            Trigger::Stream(event) => Ok(serde_json::to_value(self.count(event).await)?),
            Trigger::Schedule(scheduled) => {
                let run = (Job::ClickCounts, scheduled.scheduled_for);
                recorded(&self.store, &self.clock, run, self.night(scheduled)).await
            }
            Trigger::Queue(_) | Trigger::Other(_) => Err("neither records of the stream nor a schedule".into()),
        }
    }
}
