//! Members: profile, registry, and the queue in which those stand who wait. The person behind a member is the person of
//! the payee through whom the member is paid.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::{AuditEntry, ChainEnd};
use domain::digest::Digest;
use domain::id::MemberId;
use domain::member::Member;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::people::{Person, PersonItem};
use crate::registry::Entry;
use crate::request::{self, Range, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// A member as it is stored, with the end of its audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMember {
    /// The member.
    pub member: Member,
    /// The end of its audit chain; also its version.
    pub chain: ChainEnd,
}

/// A change of a member: it as it was read, as it becomes, and what the audit says.
#[derive(Clone, Copy, Debug)]
pub struct MemberChange<'a> {
    /// Before.
    pub before: &'a StoredMember,
    /// After.
    pub after: &'a Member,
    /// The audit entry of the step.
    pub told: &'a AuditEntry,
}

/// Who stands in the queue, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Who.
    pub member: MemberId,
    /// The place, behind which a list goes on.
    pub place: String,
}

#[derive(Serialize, Deserialize)]
struct MemberItem {
    entity: String,
    v: u32,
    version: u64,
    member: Member,
    audit_hash: Digest,
}

impl MemberItem {
    fn new(member: &Member, chain: ChainEnd) -> Self {
        let version = u64::from(chain.no);
        Self { entity: "member".to_owned(), v: 1, version, member: member.clone(), audit_hash: chain.hash }
    }
}

impl From<MemberItem> for StoredMember {
    fn from(item: MemberItem) -> Self {
        let no = u32::try_from(item.version).unwrap_or(u32::MAX);
        Self { member: item.member, chain: ChainEnd { no, hash: item.audit_hash } }
    }
}

impl Store {
    /// A new member with the payee through whom it is paid: profile, registry, queue, payee, sealed person and audit
    /// entry, or none of them. Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another member's.
    pub async fn create_member(
        &self,
        tenant: &TenantKey,
        member: &Member,
        person: &Person,
        told: &AuditEntry,
    ) -> Result<StoredMember, StoreError> {
        let doing = "creating a member";
        let (core, payee) = (&self.tables.core, member.id.payee());
        let mut items = vec![
            request::put_new(core, &tenant.member(&member.id), &MemberItem::new(member, told.end()))?,
            request::put_new(core, &tenant.member_registered(&member.id), &Entry::of("member_entry"))?,
            self.new_payee(tenant, &payee, member.created_at)?,
            request::put_new(core, &tenant.person(&payee), &PersonItem::from(person))?,
            self.new_audit_entry(tenant, told)?,
        ];
        items.extend(self.queue_moved(tenant, None, Some(member))?);
        let stored = StoredMember { member: member.clone(), chain: told.end() };
        if self.transact(items, doing).await? == Transacted::Yes {
            return Ok(stored);
        }
        // An SDK retry may have met what its own first try had written.
        match self.get_member(tenant, &member.id).await? {
            Some(there) if there == stored => Ok(there),
            _ => Err(StoreError::LostRace { doing }),
        }
    }

    /// A member, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_member(&self, tenant: &TenantKey, member: &MemberId) -> Result<Option<StoredMember>, StoreError> {
        let found: Option<MemberItem> = self.get(&self.tables.core, &tenant.member(member), "reading a member").await?;
        Ok(found.map(StoredMember::from))
    }

    /// A member changes, and their place in the queue with them. `ConditionFailed` when they changed since they were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_member(
        &self,
        tenant: &TenantKey,
        change: MemberChange<'_>,
        person: Option<&Person>,
    ) -> Result<Written, StoreError> {
        let mut items = self.member_changed(tenant, change)?;
        if let Some(person) = person {
            let key = tenant.person(&change.after.id.payee());
            items.push(request::put_over(&self.tables.core, &key, &PersonItem::from(person))?);
        }
        Ok(match self.transact(items, "changing a member").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A page of the tenant's members, newest first, older than one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_members(
        &self,
        tenant: &TenantKey,
        before: Option<&MemberId>,
        limit: usize,
    ) -> Result<Page<StoredMember>, StoreError> {
        let doing = "listing members";
        let before = before.map_or_else(|| format!("{}~", MemberId::PREFIX), ToString::to_string);
        let page = self.list_backwards(&tenant.members(), (MemberId::PREFIX, &before), limit, doing).await?;
        let ids: Result<Vec<MemberId>, StoreError> = page.items.iter().map(member_of_row).collect();
        let ids = ids?;
        let next = page.next.and_then(|_| ids.last().map(ToString::to_string));
        Ok(Page { items: self.get_members(tenant, &ids).await?, next })
    }

    /// The members of these ids, in their order; who is not there is left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_members(&self, tenant: &TenantKey, ids: &[MemberId]) -> Result<Vec<StoredMember>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| tenant.member(id)).collect();
        let found = self.get_many_attributes(&keys, true, "reading members").await?;
        found.into_iter().map(|row| item::read::<MemberItem>(row).map(StoredMember::from)).collect()
    }

    /// AWD-2: a page of those who wait, the longest first, behind a place; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or a row cannot be read.
    pub async fn list_award_queue(
        &self,
        tenant: &TenantKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Queued>, StoreError> {
        let pk = tenant.award_queue();
        let from = after.map_or_else(|| "0".to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let (rows, more) =
            self.query_page(&self.tables.core, &range, None, Some(most), "reading the queue of awards").await?;
        let read = |row: &item::Attributes| {
            let (pk, sk) = item::place_of(row);
            let member = sk.split_once('#').and_then(|(_, id)| MemberId::parse(id).ok());
            let member = member.ok_or_else(|| item::inconsistent(&Key { pk, sk: sk.clone() }, "names no member"))?;
            Ok(Queued { member, place: sk })
        };
        let items: Result<Vec<Queued>, StoreError> = rows.iter().map(read).collect();
        let items = items?;
        let next = items.last().filter(|_| more.is_some()).map(|last| last.place.clone());
        Ok(Page { items, next })
    }

    /// The parts of a transaction in which a member changes.
    pub(crate) fn member_changed(
        &self,
        tenant: &TenantKey,
        change: MemberChange<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let MemberChange { before, after, told } = change;
        let item = MemberItem::new(after, told.end());
        let key = tenant.member(&after.id);
        let mut items = vec![
            request::replace(&self.tables.core, &key, &item, u64::from(before.chain.no))?,
            self.new_audit_entry(tenant, told)?,
        ];
        items.extend(self.queue_moved(tenant, Some(&before.member), Some(after))?);
        Ok(items)
    }

    /// Who waits has a row in the queue, and nobody else has.
    fn queue_moved(
        &self,
        tenant: &TenantKey,
        before: Option<&Member>,
        after: Option<&Member>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let place = |member: Option<&Member>| {
            member.and_then(Member::queue_place).map(|(since, id)| tenant.in_award_queue(since, id))
        };
        let (left, taken) = (place(before), place(after));
        if left == taken {
            return Ok(Vec::new());
        }
        let core = &self.tables.core;
        let left = left.map(|key| request::delete_existing(core, &key));
        let taken = taken.map(|key| request::put_new(core, &key, &Entry::of("queued")));
        left.into_iter().chain(taken).collect()
    }
}

fn member_of_row(row: &item::Attributes) -> Result<MemberId, StoreError> {
    let (pk, sk) = item::place_of(row);
    MemberId::parse(&sk).map_err(|error| item::inconsistent(&Key { pk, sk }, error))
}

/// The place in the queue, as text that a URL carries as it is.
#[must_use]
pub fn queue_cursor(place: &str) -> String {
    place.replace('#', "~")
}

/// Reads a place in the queue; none where it is none.
#[must_use]
pub fn parse_queue_cursor(text: &str) -> Option<String> {
    let (since, id) = text.split_once('~')?;
    since.parse::<Timestamp>().ok()?;
    MemberId::parse(id).ok().map(|id| format!("{since}#{id}"))
}
