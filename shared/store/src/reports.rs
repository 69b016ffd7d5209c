//! Documents that were made: where the file is, and what it hashes to.

use domain::digest::Digest;
use domain::id::{ReportId, TenantId};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent, number, text};
use crate::keys::Key;
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

#[cfg(test)]
mod tests;

/// The kind of document that says what was paid to whom.
pub const RECEIPT: &str = "payout_receipt";

/// A document that was made. It is written once, and changed only where it may name its person no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Derived from what it is about.
    pub id: ReportId,
    /// Which kind of document.
    pub kind: String,
    /// What it is about: a payout's id.
    pub subject: String,
    /// Where the file is in the bucket.
    pub file_key: String,
    /// What the file hashes to.
    pub sha256: Digest,
    /// How large it is.
    pub bytes: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when it is to name nobody: its person was erased.
    pub nameless_since: Option<Timestamp>,
}

/// What became of recording a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportRecorded {
    /// It is written.
    Yes,
    /// One was recorded before; this one it is.
    AlreadyThere(Report),
}

#[derive(Serialize, Deserialize)]
struct ReportItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    id: ReportId,
    kind: String,
    subject: String,
    file_key: String,
    sha256: Digest,
    bytes: u64,
    made_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nameless_since: Option<String>,
}

impl ReportItem {
    fn of(tenant: &TenantKey, report: &Report) -> Self {
        Self {
            entity: "report".to_owned(),
            v: 1,
            tenant: tenant.tenant().clone(),
            id: report.id.clone(),
            kind: report.kind.clone(),
            subject: report.subject.clone(),
            file_key: report.file_key.clone(),
            sha256: report.sha256,
            bytes: report.bytes,
            made_at: sortable(report.made_at),
            nameless_since: report.nameless_since.map(sortable),
        }
    }

    fn into_report(self, key: &Key) -> Result<Report, StoreError> {
        let instant = |told: &str| -> Result<Timestamp, StoreError> {
            told.parse().map_err(|error: jiff::Error| inconsistent(key, error))
        };
        let made_at = instant(&self.made_at)?;
        let nameless_since = self.nameless_since.as_deref().map(instant).transpose()?;
        let Self { id, kind, subject, file_key, sha256, bytes, .. } = self;
        Ok(Report { id, kind, subject, file_key, sha256, bytes, made_at, nameless_since })
    }
}

impl Store {
    /// A document, if it was made.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_report(&self, tenant: &TenantKey, report: &ReportId) -> Result<Option<Report>, StoreError> {
        let key = tenant.report(report);
        let item: Option<ReportItem> = self.get(&self.tables.core, &key, "reading a report").await?;
        item.map(|item| item.into_report(&key)).transpose()
    }

    /// Records that a document was made; the first record stands.
    ///
    /// # Errors
    /// The store does not answer, or the item that is there cannot be read.
    pub async fn record_report(&self, tenant: &TenantKey, report: &Report) -> Result<ReportRecorded, StoreError> {
        let key = tenant.report(&report.id);
        let item = ReportItem::of(tenant, report);
        if self.put_new(&self.tables.core, &key, &item, "recording a report").await? == Written::Yes {
            return Ok(ReportRecorded::Yes);
        }
        let there = self.get_report(tenant, &report.id).await?;
        there.map(ReportRecorded::AlreadyThere).ok_or(StoreError::LostRace { doing: "recording a report" })
    }
}

impl Store {
    /// OPS-4: a document that was made is to name nobody from now on; event-relay sees it and says so. `ConditionFailed` where
    /// there is none, or where that was said before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_report_nameless(
        &self,
        tenant: &TenantKey,
        report: &ReportId,
        since: Timestamp,
    ) -> Result<Written, StoreError> {
        let key = tenant.report(report);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("nameless_since", text(sortable(since)))
            .require("kind", Some(text(RECEIPT)))
            .require("nameless_since", None);
        self.update(update.build()?, "wanting a document without a name").await
    }

    /// A document was made anew, without a name: its file is another by now. `ConditionFailed` where another run said so.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_report(
        &self,
        tenant: &TenantKey,
        before: &Report,
        after: &Report,
    ) -> Result<Written, StoreError> {
        let key = tenant.report(&after.id);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("sha256", text(after.sha256.to_hex()))
            .set("bytes", number(after.bytes))
            .set("made_at", text(sortable(after.made_at)))
            .require("sha256", Some(text(before.sha256.to_hex())));
        self.update(update.build()?, "recording a document that was made anew").await
    }
}

/// What the stream says of a document that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSeen {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: ReportId,
    /// Which kind of document.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Is it to name nobody?
    pub is_nameless: bool,
}

/// Reads a document's image from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not a report that this code can have written.
pub fn read_report_image(attributes: Attributes) -> Result<ReportSeen, StoreError> {
    let found: ReportItem = item::read(attributes)?;
    let is_nameless = found.nameless_since.is_some();
    Ok(ReportSeen { tenant: found.tenant, id: found.id, kind: found.kind, subject: found.subject, is_nameless })
}
