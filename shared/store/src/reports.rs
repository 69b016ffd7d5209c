//! Documents that were made: where the file is, and what it hashes to.

use domain::digest::Digest;
use domain::id::{ReportId, TenantId};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::request::Written;
use crate::{Store, StoreError, TenantKey};

#[cfg(test)]
mod tests;

/// A document that was made. It is written once and never changed.
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
        }
    }

    fn into_report(self, key: &Key) -> Result<Report, StoreError> {
        let made_at = self.made_at.parse().map_err(|error| inconsistent(key, error))?;
        let Self { id, kind, subject, file_key, sha256, bytes, .. } = self;
        Ok(Report { id, kind, subject, file_key, sha256, bytes, made_at })
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
}

/// Reads a document's image from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not a report that this code can have written.
pub fn read_report_image(attributes: Attributes) -> Result<ReportSeen, StoreError> {
    let found: ReportItem = item::read(attributes)?;
    Ok(ReportSeen { tenant: found.tenant, id: found.id, kind: found.kind, subject: found.subject })
}
