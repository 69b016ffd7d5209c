//! OPS-4: receipts of a payee who was erased, made anew without their name. They are books, and stay; the file of before is
//! an earlier version in the bucket, which ends by the bucket's own rule.

use cases::privacy;
use domain::digest::Digest;
use domain::id::PartnerId;
use edge::lambda::Failure;
use queues::ReportWanted;
use store::reports::Report;
use store::{TenantKey, Written};

use crate::App;

impl App {
    /// Puts a receipt without a name over the one that names somebody, and records it. Done twice it is one file.
    pub(crate) async fn make_nameless(
        &self,
        tenant: &TenantKey,
        wanted: &ReportWanted,
        before: &Report,
    ) -> Result<(), Failure> {
        let payout = self.payout(tenant, wanted).await?;
        let pdf = self.nameless_of(tenant, &payout).await?.to_pdf().map_err(Failure::reject)?;
        let after = Report {
            sha256: Digest::of_bytes(&pdf),
            bytes: u64::try_from(pdf.len()).unwrap_or(u64::MAX),
            made_at: self.clock.now(),
            ..before.clone()
        };
        // Also where that is on record already: a run that had read the name before may have put its file since.
        self.files.put_pdf(&after.file_key, pdf).await.map_err(Failure::retry)?;
        if after.sha256 == before.sha256 {
            tracing::info!(report.id = %before.id, payout.id = %wanted.payout, "receipt names nobody already");
            return Ok(());
        }
        match self.store.replace_report(tenant, before, &after).await.map_err(Failure::retry)? {
            Written::Yes => {
                tracing::info!(report.id = %after.id, payout.id = %wanted.payout, size_bytes = after.bytes, "receipt is made without a name");
            }
            Written::ConditionFailed => {
                tracing::info!(report.id = %after.id, payout.id = %wanted.payout, "receipt was made without a name twice at once");
            }
        }
        Ok(())
    }

    /// Whoever is erased between the reading of their name and the record of their receipt is on no list of receipts yet: the
    /// receipt is made without them at once.
    pub(crate) async fn forget_if_erased(
        &self,
        tenant: &TenantKey,
        wanted: &ReportWanted,
        payee: &PartnerId,
    ) -> Result<(), Failure> {
        if !privacy::is_erased(&self.store, tenant, payee).await.map_err(Failure::retry)? {
            return Ok(());
        }
        // Said first: should the rest fail, the message that comes again finds it.
        let now = self.clock.now();
        let _: Written =
            self.store.record_report_nameless(tenant, &wanted.report, now).await.map_err(Failure::retry)?;
        let report = self.store.get_report(tenant, &wanted.report).await.map_err(Failure::retry)?;
        match report {
            Some(report) => self.make_nameless(tenant, wanted, &report).await,
            None => Ok(()),
        }
    }
}
