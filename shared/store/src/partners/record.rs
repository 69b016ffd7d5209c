//! A partner with everything that staff may change, in one version: whoever changes any of it changes the whole.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::id::{PartnerId, ProgramId};
use domain::tier::Tier;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Enrolment, EnrolmentItem, Partner, PartnerItem, PartnerStatus, StatusChange};
use crate::item::{self, number, text};
use crate::partner_news::PartnerNews;
use crate::people::PersonItem;
use crate::registry::Entry;
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::risk::StopsChange;
use crate::{Store, StoreError, TenantKey};

/// A change of whether a partner works in one programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramChange {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub program: ProgramId,
    /// What it became there.
    pub status: PartnerStatus,
}

/// A partner's place in a programme, with everything that it was given there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRecord {
    /// The programme.
    pub program: ProgramId,
    /// The step.
    pub tier: Tier,
    /// The groups, each a word of the tenant's.
    pub groups: Vec<String>,
    /// Who referred the partner.
    pub referrer: Option<PartnerId>,
    /// Does the partner work there?
    pub status: PartnerStatus,
    /// Since when.
    pub enrolled_at: Timestamp,
}

/// A partner, without the person behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRecord {
    /// Who, and whether it works with the tenant.
    pub partner: Partner,
    /// Raised by every change, of a place in a programme too.
    pub version: u64,
    /// Words of the tenant's own.
    pub tags: Vec<String>,
    /// Why it is suspended.
    pub reason: Option<String>,
    /// Where it is enrolled, by programme.
    pub enrolments: Vec<EnrolmentRecord>,
}

impl From<&Enrolment> for EnrolmentRecord {
    fn from(enrolment: &Enrolment) -> Self {
        let Enrolment { program, tier, enrolled_at } = enrolment.clone();
        Self { program, tier, groups: Vec::new(), referrer: None, status: PartnerStatus::Active, enrolled_at }
    }
}

impl From<EnrolmentItem> for EnrolmentRecord {
    fn from(item: EnrolmentItem) -> Self {
        let EnrolmentItem { program, tier, enrolled_at, groups, referrer, status, .. } = item;
        Self { program, tier, groups, referrer, status: status.unwrap_or(PartnerStatus::Active), enrolled_at }
    }
}

impl PartnerRecord {
    /// A partner as it is at first.
    #[must_use]
    pub fn new(partner: Partner, enrolments: Vec<EnrolmentRecord>) -> Self {
        Self { partner, version: 1, tags: Vec::new(), reason: None, enrolments }
    }

    /// The same in its next version.
    #[must_use]
    pub fn raised(self) -> Self {
        Self { version: self.version + 1, ..self }
    }

    /// The place in a programme.
    #[must_use]
    pub fn enrolment(&self, program: &ProgramId) -> Option<&EnrolmentRecord> {
        self.enrolments.iter().find(|enrolment| enrolment.program == *program)
    }
}

/// A partner that is to be made.
pub(crate) struct NewPartner<'a> {
    pub(crate) record: &'a PartnerRecord,
    pub(crate) person: &'a PersonItem,
    /// The beginnings of words by which it is found.
    pub(crate) words: &'a str,
    /// The mail, where one is due.
    pub(crate) news: Option<&'a PartnerNews>,
}

/// What changes of the person behind a partner. `Some(None)` takes a thing away.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// The sealed name.
    pub name_sealed: Option<String>,
    /// The sealed company.
    pub company_sealed: Option<Option<String>>,
    /// The sealed page.
    pub website_sealed: Option<Option<String>>,
    /// The sealed notes.
    pub notes_sealed: Option<Option<String>>,
}

impl PersonChange {
    fn is_empty(&self) -> bool {
        let Self { name_sealed, company_sealed, website_sealed, notes_sealed } = self;
        name_sealed.is_none() && company_sealed.is_none() && website_sealed.is_none() && notes_sealed.is_none()
    }
}

/// A change of a partner, by what was read and what it becomes.
#[derive(Clone, Debug)]
pub struct PartnerChange<'a> {
    /// As it was read.
    pub before: &'a PartnerRecord,
    /// As it becomes, in the next version.
    pub after: &'a PartnerRecord,
    /// What changes of the person.
    pub person: PersonChange,
    /// The beginnings of words by which it is found, where they change.
    pub words: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The mail, where one is due.
    pub news: Option<&'a PartnerNews>,
}

impl<'a> PartnerChange<'a> {
    /// A change of nothing but what is stored of the partner itself, of which nobody is told.
    #[must_use]
    pub fn of(before: &'a PartnerRecord, after: &'a PartnerRecord) -> Self {
        let at = after.partner.created_at;
        Self { before, after, person: PersonChange::default(), words: None, at, news: None }
    }
}

impl Store {
    /// A partner with its places in programmes, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_partner_record(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<Option<PartnerRecord>, StoreError> {
        let (core, pk) = (&self.tables.core, tenant.partner_partition(partner));
        let range = Range::prefix(&pk, "enrolment#");
        let key = tenant.partner(partner);
        // The places first: whoever changes one raises the version, so a version that was read last tells of all of them.
        let enrolments: Vec<EnrolmentItem> = self.list_range(core, &range, "reading a partner's places").await?;
        let item: Option<PartnerItem> = self.get(core, &key, "reading a partner whole").await?;
        Ok(item.map(|item| PartnerRecord {
            version: item.version,
            tags: item.tags.clone(),
            reason: item.reason.clone(),
            partner: Partner::from(item),
            enrolments: enrolments.into_iter().map(EnrolmentRecord::from).collect(),
        }))
    }

    /// A new partner: profile, sealed person, places, what it is found by, and what else belongs to making it; or none.
    /// Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another partner's.
    pub(crate) async fn create_partner_of(
        &self,
        tenant: &TenantKey,
        made: &NewPartner<'_>,
        beside: Vec<TransactWriteItem>,
    ) -> Result<(), StoreError> {
        let doing = "creating a partner";
        let mut parts = self.new_partner_items(tenant, made).await?;
        parts.extend(beside);
        if self.transact(parts, doing).await? == Transacted::Yes {
            return Ok(());
        }
        // An SDK retry may have met what its own first try had written.
        match self.get_partner(tenant, &made.record.partner.id).await? {
            Some(there) if there == made.record.partner => Ok(()),
            _ => Err(StoreError::LostRace { doing }),
        }
    }

    /// A new partner with everything that is known of it. Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another partner's.
    pub async fn create_partner_record(
        &self,
        tenant: &TenantKey,
        record: &PartnerRecord,
        (person, particulars): (&crate::people::Person, &crate::people::Particulars),
        words: &str,
    ) -> Result<(), StoreError> {
        let person = PersonItem::new(person, particulars);
        let made = NewPartner { record, person: &person, words, news: None };
        self.create_partner_of(tenant, &made, Vec::new()).await
    }

    /// Everything that makes a partner, for a transaction.
    pub(crate) async fn new_partner_items(
        &self,
        tenant: &TenantKey,
        made: &NewPartner<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (core, record) = (&self.tables.core, made.record);
        let id = &record.partner.id;
        let mut parts = vec![
            request::put_new(core, &tenant.partner(id), &PartnerItem::from(record))?,
            request::put_new(core, &tenant.person(id), made.person)?,
            request::put_new(core, &tenant.registered(id), &Entry::of("partner_entry"))?,
            self.row_changed(tenant, record, Some(made.words))?,
        ];
        for enrolment in &record.enrolments {
            parts.extend(self.enrolled(tenant, id, enrolment).await?);
        }
        if let Some(news) = made.news {
            parts.push(self.new_partner_news(tenant, (id, record.version), news)?);
        }
        Ok(parts)
    }

    /// A partner becomes what it is to be, if it is as it was read; with it what it is listed by, whether money may go out
    /// to it, and the mail that is due.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn change_partner(&self, tenant: &TenantKey, change: &PartnerChange<'_>) -> Result<Written, StoreError> {
        let items = self.partner_change_items(tenant, change).await?;
        if self.transact(items, "changing a partner").await? == Transacted::Yes {
            return Ok(Written::Yes);
        }
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = self.get_partner_record(tenant, &change.after.partner.id).await?;
        Ok(if there.as_ref() == Some(change.after) { Written::Yes } else { Written::ConditionFailed })
    }

    /// A change of a partner, for a transaction.
    pub(crate) async fn partner_change_items(
        &self,
        tenant: &TenantKey,
        change: &PartnerChange<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (before, after) = (change.before, change.after);
        let id = &after.partner.id;
        let mut items = vec![self.profile_changed(tenant, change)?];
        for enrolment in &after.enrolments {
            match before.enrolment(&enrolment.program) {
                None => items.extend(self.enrolled(tenant, id, enrolment).await?),
                Some(same) if same == enrolment => {}
                // Guarded by the version of the profile.
                Some(other) => {
                    let key = tenant.enrolment(id, &enrolment.program);
                    items.push(request::put_over(&self.tables.core, &key, &EnrolmentItem::from(enrolment))?);
                    if other.referrer != enrolment.referrer {
                        items.extend(self.referred(tenant, id, enrolment)?);
                    }
                }
            }
        }
        items.push(self.row_changed(tenant, after, change.words.as_deref())?);
        if !change.person.is_empty() {
            items.push(self.person_changed(tenant, id, change)?);
        }
        if before.partner.status != after.partner.status {
            let stops = StopsChange { status: Some(after.partner.status), ..StopsChange::default() };
            items.push(self.stops_changed(tenant, id, stops)?);
            if after.partner.status == PartnerStatus::Active {
                // OPS-4: whoever was erased would earn, and nobody could be paid.
                items.push(self.not_erased(tenant, id)?);
            }
        }
        if let Some(news) = change.news {
            items.push(self.new_partner_news(tenant, (id, after.version), news)?);
        }
        Ok(items)
    }

    fn profile_changed(&self, tenant: &TenantKey, change: &PartnerChange<'_>) -> Result<TransactWriteItem, StoreError> {
        let (before, after, at) = (change.before, change.after, change.at);
        let key = tenant.partner(&after.partner.id);
        let tags = after.tags.iter().map(|tag| text(tag.as_str())).collect();
        let mut update = UpdateBuilder::new(&self.tables.core, &key)
            .set("version", number(after.version))
            .set("tags", AttributeValue::L(tags))
            .require("entity", Some(text("partner")));
        // An item of before there were versions has none.
        update = match before.version {
            0 => update.require_absent_or("version", number(0)),
            version => update.require("version", Some(number(version))),
        };
        update = match &after.reason {
            Some(reason) => update.set("reason", text(reason.as_str())),
            None => update.remove("reason"),
        };
        if before.partner.status != after.partner.status {
            let told = told_status(&StatusChange { at, status: after.partner.status });
            update = update.set("status", text(after.partner.status.word())).append("changes", AttributeValue::M(told));
        }
        let moved: Vec<AttributeValue> = after
            .enrolments
            .iter()
            .filter(|now| before.enrolment(&now.program).is_some_and(|then| then.status != now.status))
            .map(|now| {
                let mut told = told_status(&StatusChange { at, status: now.status });
                told.insert("program".to_owned(), text(now.program.as_str()));
                AttributeValue::M(told)
            })
            .collect();
        if !moved.is_empty() {
            update = update.append_all("program_changes", moved);
        }
        update.build_transact()
    }

    fn person_changed(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        change: &PartnerChange<'_>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.person(partner);
        let mut update = UpdateBuilder::new(&self.tables.core, &key)
            .set("recorded_at", text(change.at.to_string()))
            // Who was erased gets no name again.
            .require("entity", Some(text("person")));
        let PersonChange { name_sealed, company_sealed, website_sealed, notes_sealed } = &change.person;
        if let Some(name) = name_sealed {
            update = update.set("name_sealed", text(name.as_str()));
        }
        for (attribute, value) in
            [("company_sealed", company_sealed), ("website_sealed", website_sealed), ("notes_sealed", notes_sealed)]
        {
            update = match value {
                None => update,
                Some(None) => update.remove(attribute),
                Some(Some(sealed)) => update.set(attribute, text(sealed.as_str())),
            };
        }
        update.build_transact()
    }

    /// A place in a programme, which from then on has somebody who works with it.
    async fn enrolled(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        enrolment: &EnrolmentRecord,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let key = tenant.enrolment(partner, &enrolment.program);
        let mut parts = vec![request::put_new(&self.tables.core, &key, &EnrolmentItem::from(enrolment))?];
        parts.extend(self.referred(tenant, partner, enrolment)?);
        // Written once: many who are taken on at once would meet on it otherwise. It never goes again.
        if !self.is_program_used(tenant, &enrolment.program).await? {
            parts.push(self.program_is_used(tenant, &enrolment.program)?);
        }
        Ok(parts)
    }

    /// COM-13: what keeps whoever referred a partner from being deleted. It stays when somebody else is named later: sales
    /// that were decided before name the first one still.
    fn referred(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        enrolment: &EnrolmentRecord,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let Some(referrer) = enrolment.referrer.as_ref().filter(|referrer| *referrer != partner) else {
            return Ok(None);
        };
        let key = tenant.referred(referrer, partner, &enrolment.program);
        request::put_over(&self.tables.core, &key, &Entry::of("referred_partner")).map(Some)
    }
}

pub(super) fn told_status(change: &StatusChange) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("at".to_owned(), item::text(change.at.to_string())),
        ("status".to_owned(), item::text(change.status.word())),
    ])
}
