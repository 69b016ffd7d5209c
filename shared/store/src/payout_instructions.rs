//! Pages by which a person pays a payout by hand: asked for, then made. Where the money goes stands on them, so what is
//! asked for and what was made are both sealed, and lie nowhere in the clear.
//!
//! OPS-4: they are the only items of `core` that the table itself forgets, by `forgotten_at`: nothing else may bear that name.

use domain::digest::Digest;
use domain::id::{PayoutId, ReportId, TenantId};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::request::Written;
use crate::{Store, StoreError, TenantKey};

#[cfg(test)]
mod tests;

/// A page that was asked for. It is written once and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionsAsked {
    /// Derived from the payout and from what of it is to be moved: asked for twice, it is one page.
    pub report: ReportId,
    /// Which payout is to be paid.
    pub payout: PayoutId,
    /// What is to stand on it, sealed.
    pub sealed: String,
    /// When it was asked for first.
    pub asked_at: Timestamp,
    /// When it is forgotten; `None` of what was asked for when such pages were kept for good.
    pub forgotten_at: Option<Timestamp>,
}

/// A page that was made. It is written once and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionsMade {
    /// Which.
    pub report: ReportId,
    /// Which payout is to be paid.
    pub payout: PayoutId,
    /// The file, sealed.
    pub sealed: String,
    /// What the file hashes to.
    pub sha256: Digest,
    /// How large the file is.
    pub bytes: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it is forgotten, as what was asked for is.
    pub forgotten_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct AskedItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    report: ReportId,
    payout: PayoutId,
    sealed: String,
    asked_at: String,
    /// Seconds, as the table wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct MadeItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    report: ReportId,
    payout: PayoutId,
    sealed: String,
    sha256: Digest,
    bytes: u64,
    made_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten_at: Option<i64>,
}

impl AskedItem {
    fn of(tenant: &TenantKey, asked: &InstructionsAsked) -> Self {
        Self {
            entity: "payout_instructions_asked".to_owned(),
            v: 1,
            tenant: tenant.tenant().clone(),
            report: asked.report.clone(),
            payout: asked.payout.clone(),
            sealed: asked.sealed.clone(),
            asked_at: sortable(asked.asked_at),
            forgotten_at: asked.forgotten_at.map(Timestamp::as_second),
        }
    }

    fn into_asked(self, key: &Key) -> Result<InstructionsAsked, StoreError> {
        let asked_at = self.asked_at.parse().map_err(|error| inconsistent(key, error))?;
        let forgotten_at = instant(key, self.forgotten_at)?;
        let Self { report, payout, sealed, .. } = self;
        Ok(InstructionsAsked { report, payout, sealed, asked_at, forgotten_at })
    }
}

impl MadeItem {
    fn of(tenant: &TenantKey, made: &InstructionsMade) -> Self {
        Self {
            entity: "payout_instructions_made".to_owned(),
            v: 1,
            tenant: tenant.tenant().clone(),
            report: made.report.clone(),
            payout: made.payout.clone(),
            sealed: made.sealed.clone(),
            sha256: made.sha256,
            bytes: made.bytes,
            made_at: sortable(made.made_at),
            forgotten_at: made.forgotten_at.map(Timestamp::as_second),
        }
    }

    fn into_made(self, key: &Key) -> Result<InstructionsMade, StoreError> {
        let made_at = self.made_at.parse().map_err(|error| inconsistent(key, error))?;
        let forgotten_at = instant(key, self.forgotten_at)?;
        let Self { report, payout, sealed, sha256, bytes, .. } = self;
        Ok(InstructionsMade { report, payout, sealed, sha256, bytes, made_at, forgotten_at })
    }
}

fn instant(key: &Key, seconds: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    seconds.map(Timestamp::from_second).transpose().map_err(|error| inconsistent(key, error))
}

impl Store {
    /// A page, if it was asked for.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_instructions_asked(
        &self,
        tenant: &TenantKey,
        report: &ReportId,
    ) -> Result<Option<InstructionsAsked>, StoreError> {
        let key = tenant.instructions_asked(report);
        let item: Option<AskedItem> =
            self.get(&self.tables.core, &key, "reading which instructions are wanted").await?;
        item.map(|item| item.into_asked(&key)).transpose()
    }

    /// Asks for a page; event-relay sees it and says so. `ConditionFailed`: it was asked for before, and that stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_instructions_asked(
        &self,
        tenant: &TenantKey,
        asked: &InstructionsAsked,
    ) -> Result<Written, StoreError> {
        let key = tenant.instructions_asked(&asked.report);
        self.put_new(&self.tables.core, &key, &AskedItem::of(tenant, asked), "asking for instructions").await
    }

    /// A page, if it was made.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_instructions_made(
        &self,
        tenant: &TenantKey,
        report: &ReportId,
    ) -> Result<Option<InstructionsMade>, StoreError> {
        let key = tenant.instructions_made(report);
        let item: Option<MadeItem> = self.get(&self.tables.core, &key, "reading instructions").await?;
        item.map(|item| item.into_made(&key)).transpose()
    }

    /// Keeps a page that was made, whole and at once. `ConditionFailed`: it was made before, and that one stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_instructions_made(
        &self,
        tenant: &TenantKey,
        made: &InstructionsMade,
    ) -> Result<Written, StoreError> {
        let key = tenant.instructions_made(&made.report);
        self.put_new(&self.tables.core, &key, &MadeItem::of(tenant, made), "keeping instructions").await
    }
}

/// What the stream says of a page that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionsAskedSeen {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub report: ReportId,
    /// Which payout is to be paid.
    pub payout: PayoutId,
}

/// Reads the image of a page that was asked for from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not an item that this code can have written.
pub fn read_instructions_image(attributes: Attributes) -> Result<InstructionsAskedSeen, StoreError> {
    let found: AskedItem = item::read(attributes)?;
    Ok(InstructionsAskedSeen { tenant: found.tenant, report: found.report, payout: found.payout })
}
