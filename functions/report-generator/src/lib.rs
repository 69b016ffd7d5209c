//! report-generator: makes documents. Receipts are kept in the bucket; instructions for paying by hand, on which bank
//! details stand, sealed in the table of record.
//!
//! - Trigger: the `Reports` queue.
//! - Reads: the payout, its partner's person (sealed) and programme; of instructions, what was asked for (sealed).
//! - Writes: of a receipt the file at `{tenant}/receipts/{payout}.pdf`, then the report in the table of record; of
//!   instructions the file, sealed, in one item of that table, and nothing in the bucket. Of a payee who was erased the
//!   receipts once more, without a name.
//! - Sends: nothing; the report in the table is seen by event-relay.
//! - Idempotent by: the report's id, derived from the payout; a document that is recorded is not made again, unless it is to
//!   name nobody and does. A receipt that was only half made gives the same bytes at the same key; instructions are kept
//!   whole or not at all.
//! - On failure: the message stays and comes again, three times; then it is in `ReportsDead`.

mod asked;
pub mod config;
pub mod files;
pub mod instructions;
mod nameless;
pub mod page;
pub mod receipt;
mod wanted;
mod words;

#[cfg(test)]
mod tests;

use domain::digest::Digest;
use domain::payout::Payout;
use edge::aws::Service;
use edge::clock::Clock;
use edge::lambda::Failure;
use edge::sealing::Sealer;
use queues::ReportWanted;
use store::reports::{Report, ReportRecorded};
use store::{Store, TenantKey};

use crate::config::Config;
use crate::files::Files;

/// The document that follows a payment; the other kind is `cases::instructions::KIND`.
const PAYOUT_RECEIPT: &str = "payout_receipt";

/// The maker of documents.
pub struct App {
    store: Store,
    sealer: Sealer,
    files: Files,
    clock: Clock,
}

impl App {
    /// As configured.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        Self {
            store: Store::connect(&config.aws.service(Service::DynamoDb), config.tables.clone()),
            sealer: Sealer::connect(&config.aws.service(Service::Kms), &config.sealing_key_arn),
            files: Files::connect(&config.aws.service(Service::S3), &config.files_bucket),
            clock: config.clock,
        }
    }

    /// One document that is wanted.
    ///
    /// # Errors
    /// Something was away; or the document can never be made.
    pub async fn handle(&self, wanted: ReportWanted) -> Result<(), Failure> {
        let tenant = TenantKey::from(&wanted.tenant);
        match wanted.kind.as_str() {
            PAYOUT_RECEIPT => self.make_receipt(&tenant, &wanted).await,
            cases::instructions::KIND => self.make_instructions(&tenant, &wanted).await,
            kind => Err(Failure::reject(format!("no document of the kind {kind} is made here"))),
        }
    }

    async fn make_receipt(&self, tenant: &TenantKey, wanted: &ReportWanted) -> Result<(), Failure> {
        if let Some(report) = self.store.get_report(tenant, &wanted.report).await.map_err(Failure::retry)? {
            if report.nameless_since.is_some() {
                return self.make_nameless(tenant, wanted, &report).await;
            }
            tracing::info!(report.id = %report.id, payout.id = report.subject, "report is there already");
            return Ok(());
        }
        let payout = self.payout(tenant, wanted).await?;
        let receipt = self.receipt_of(tenant, &payout).await?;
        let pdf = receipt.to_pdf().map_err(Failure::reject)?;
        self.keep(tenant, wanted, pdf).await?;
        match receipt.payee.name {
            Some(_) => self.forget_if_erased(tenant, wanted, &payout.partner).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn payout(&self, tenant: &TenantKey, wanted: &ReportWanted) -> Result<Payout, Failure> {
        let payout = self.store.get_payout(tenant, &wanted.payout).await.map_err(Failure::retry)?;
        let stored = payout.ok_or_else(|| Failure::reject(format!("there is no payout {}", wanted.payout)))?;
        Ok(stored.payout)
    }

    /// The file first, then the record that says that it is there.
    async fn keep(&self, tenant: &TenantKey, wanted: &ReportWanted, pdf: Vec<u8>) -> Result<(), Failure> {
        let report = Report {
            id: wanted.report.clone(),
            kind: wanted.kind.clone(),
            subject: wanted.payout.to_string(),
            file_key: format!("{}/receipts/{}.pdf", wanted.tenant, wanted.payout),
            sha256: Digest::of_bytes(&pdf),
            bytes: u64::try_from(pdf.len()).unwrap_or(u64::MAX),
            made_at: self.clock.now(),
            nameless_since: None,
        };
        self.files.put_pdf(&report.file_key, pdf).await.map_err(Failure::retry)?;
        match self.store.record_report(tenant, &report).await.map_err(Failure::retry)? {
            ReportRecorded::Yes => {
                tracing::info!(report.id = %report.id, payout.id = %wanted.payout, size_bytes = report.bytes, "receipt is made");
            }
            ReportRecorded::AlreadyThere(first) if first.sha256 == report.sha256 => {
                tracing::info!(report.id = %report.id, payout.id = %wanted.payout, "receipt was made twice at once, the same");
            }
            ReportRecorded::AlreadyThere(_) => {
                tracing::error!(report.id = %report.id, payout.id = %wanted.payout, "receipt in the bucket differs from the one recorded");
            }
        }
        Ok(())
    }
}
