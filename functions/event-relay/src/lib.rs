//! event-relay: reads what was committed and says who must hear of it. No other function sends notices.
//!
//! - Trigger: the stream of the table of record, payouts, reports that were made and those that are to name nobody, instructions
//!   that are wanted, payout methods, reminders, objects of providers, sign-in links, authenticators that begin to count and
//!   news of partners only.
//! - Reads: the record, and nothing else.
//! - Writes: nothing.
//! - Sends: `NoticeDue`, `ReportWanted` and `PayoutDue`, after the write that made them true.
//! - Idempotent by: ids derived from what happened; the stream may show a change many times.
//! - On failure: the stream is held at the record and shows it again, until its tries are used up; then where it was
//!   goes to the `RelayDead` queue, and its neighbours go on.

pub mod config;
pub mod outbox;

#[cfg(test)]
mod tests;

use aws_lambda_events::dynamodb::EventRecord;
use edge::aws::Service;
use edge::lambda::Failure;
use queues::{NoticeDue, PayoutDue, ReportWanted, SendError, Sender};

use crate::config::Config;
use crate::outbox::{Due, due};

/// The relay.
pub struct App {
    notices: Sender<NoticeDue>,
    reports: Sender<ReportWanted>,
    payouts: Sender<PayoutDue>,
}

impl App {
    /// A relay with these ways out.
    #[must_use]
    pub fn new(notices: Sender<NoticeDue>, reports: Sender<ReportWanted>, payouts: Sender<PayoutDue>) -> Self {
        Self { notices, reports, payouts }
    }

    /// A relay as configured.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        let sqs = config.aws.service(Service::Sqs);
        Self::new(
            Sender::connect(&sqs, &config.notices_queue_url),
            Sender::connect(&sqs, &config.reports_queue_url),
            Sender::connect(&sqs, &config.payouts_queue_url),
        )
    }

    /// One change of one item.
    ///
    /// # Errors
    /// The record cannot be read, or a queue did not take the message.
    pub async fn handle(&self, record: EventRecord) -> Result<(), Failure> {
        let Some(due) = due(&record).map_err(Failure::reject)? else {
            return Ok(());
        };
        // API-5: from here on the change is followed by the stream's id of it.
        self.send(&due, &record.event_id).await.map_err(Failure::retry)?;
        match &due {
            Due::Notice(due) => {
                tracing::info!(notice.id = %due.notice, notice.kind = due.kind, payout.id = due.payout.as_ref().map(tracing::field::display), "notice is due");
            }
            Due::Payout(due) => {
                tracing::info!(payout.id = %due.payout, "payout is due at its rail");
            }
            Due::Report(wanted) => {
                tracing::info!(report.id = %wanted.report, report.kind = wanted.kind, payout.id = %wanted.payout, "report is wanted");
            }
        }
        Ok(())
    }

    async fn send(&self, due: &Due, correlation_id: &str) -> Result<(), SendError> {
        match due {
            Due::Notice(due) => self.notices.following(correlation_id).send(due).await,
            Due::Report(wanted) => self.reports.following(correlation_id).send(wanted).await,
            Due::Payout(due) => self.payouts.following(correlation_id).send(due).await,
        }
    }
}
