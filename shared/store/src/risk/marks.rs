//! The marks of a partner, and where it worked from. Hashes only.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::digest::Digest;
use domain::fraud::marks::{Mark, MarkKind, Session};
use domain::id::PartnerId;
use domain::time::{Timestamp, sortable};
use domain::touch::{DeviceHash, VisitorHash};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::request::{Range, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct SessionItem {
    entity: String,
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// When it may be forgotten.
    expires_at: i64,
}

const MARK: &str = "mark#";
const MARK_ENTITY: &str = "mark";
const MARKED: &str = "marked";

impl Store {
    /// Marks of a partner are recorded, and found by themselves from now on. Recording them once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_marks(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        marks: &[Mark],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut items = Vec::new();
        for mark in marks {
            items.push(self.mark_recorded(tenant, partner, mark, at)?);
            let entry = Key::new(tenant.marked(mark), partner.as_str());
            let update = UpdateBuilder::new(&self.tables.core, &entry)
                .set("entity", item::text(MARKED))
                .set("v", item::number(1))
                .require_absent_or("entity", item::text(MARKED));
            items.push(update.build_transact()?);
        }
        if items.is_empty() {
            return Ok(());
        }
        match self.transact(items, "recording marks of a partner").await? {
            Transacted::Yes => Ok(()),
            Transacted::ConditionFailed(_) => Err(StoreError::LostRace { doing: "recording marks of a partner" }),
        }
    }

    /// The lasting marks of a partner, perhaps a moment old.
    ///
    /// # Errors
    /// The store does not answer, or a mark cannot be read.
    pub async fn list_marks(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Mark>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let range = Range { consistent: false, ..Range::prefix(&pk, MARK) };
        let found = self.list_attributes(&self.tables.core, &range, "reading the marks of a partner").await?;
        found.iter().map(read_mark).collect()
    }

    /// The partners with a mark, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_marked(&self, tenant: &TenantKey, mark: &Mark) -> Result<Vec<PartnerId>, StoreError> {
        let pk = tenant.marked(mark);
        let range = Range::prefix(&pk, PartnerId::PREFIX);
        let found = self.list_attributes(&self.tables.core, &range, "finding the partners with a mark").await?;
        let read = |attributes: &Attributes| {
            let (pk, sk) = item::place_of(attributes);
            PartnerId::parse(&sk).map_err(|error| item::inconsistent(&Key { pk, sk }, error))
        };
        found.iter().map(read).collect()
    }

    /// Where a partner works from on a day. Recording the same once more changes nothing that matters.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_session(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        session: &Session,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = Key::new(tenant.sessions(partner), format!("{}#{}", session.day, session.visitor));
        let device = session.device.map(|device| device.to_string());
        let item = SessionItem { entity: "session".to_owned(), v: 1, device, expires_at: expires_at.as_second() };
        self.put_new(&self.tables.ops, &key, &item, "recording where a partner works from").await.map(|_| ())
    }

    /// Where a partner worked from of late, perhaps a moment old. What should have been forgotten is not among it.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_sessions(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let pk = tenant.sessions(partner);
        let range = Range { consistent: false, ..Range::prefix(&pk, "2") };
        let found = self.list_attributes(&self.tables.ops, &range, "reading where a partner worked from").await?;
        let sessions: Result<Vec<Option<Session>>, StoreError> =
            found.into_iter().map(|attributes| read_session(attributes, now)).collect();
        Ok(sessions?.into_iter().flatten().collect())
    }

    /// One mark, for a transaction.
    pub(super) fn mark_recorded(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        mark: &Mark,
        at: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        UpdateBuilder::new(&self.tables.core, &tenant.mark(partner, mark))
            .set("entity", item::text(MARK_ENTITY))
            .set("v", item::number(1))
            .set_if_absent("recorded_at", item::text(sortable(at)))
            .require_absent_or("entity", item::text(MARK_ENTITY))
            .build_transact()
    }
}

fn read_mark(attributes: &Attributes) -> Result<Mark, StoreError> {
    let (pk, sk) = item::place_of(attributes);
    let read = |text: &str| {
        let (kind, digest) = text.strip_prefix(MARK)?.split_once('#')?;
        Some(Mark { kind: MarkKind::parse(kind)?, digest: Digest::parse_hex(digest)? })
    };
    read(&sk).ok_or_else(|| item::inconsistent(&Key { pk, sk }, "not a mark"))
}

fn read_session(attributes: Attributes, now: Timestamp) -> Result<Option<Session>, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let place = sk.split_once('#').and_then(|(day, visitor)| Some((day.to_owned(), VisitorHash::parse(visitor)?)));
    let (day, visitor) = place.ok_or_else(|| item::inconsistent(&Key { pk, sk }, "not a session"))?;
    let item: SessionItem = item::read(attributes)?;
    // The table forgets when it comes to it.
    if item.expires_at <= now.as_second() {
        return Ok(None);
    }
    Ok(Some(Session { day, visitor, device: item.device.as_deref().and_then(DeviceHash::parse) }))
}
