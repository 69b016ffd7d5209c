//! Applications to programmes: one item an address and programme, what is personal sealed in it; listed by state.

use domain::application::{Application, ApplicationState};
use domain::digest::Digest;
use domain::id::{ApplicationId, PartnerId, ProgramId};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::desk::{BETWEEN, start_at};
use crate::item::{Attributes, number, text};
use crate::partner_news::PartnerNews;
use crate::partners::record::{NewPartner, PartnerChange, PartnerRecord};
use crate::people::{Particulars, Person, PersonItem};
use crate::request::{self, Transacted, UpdateBuilder, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// The name under which what an applicant wrote is sealed; it belongs to the application's id.
pub const FORM: &str = "application";

/// An application as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApplication {
    /// The application.
    pub application: Application,
    /// What the applicant wrote, sealed under [`FORM`].
    pub form_sealed: String,
    /// Raised by every change.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct ApplicationItem {
    entity: String,
    v: u32,
    version: u64,
    application: ApplicationId,
    program: ProgramId,
    email: String,
    #[serde(default)]
    is_disposable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms_version: Option<String>,
    applied_at: Timestamp,
    state: ApplicationState,
    form_sealed: String,
    desk_pk: String,
    desk_sk: String,
}

/// Whom an application of an address made a partner.
#[derive(Deserialize)]
struct TakenOnItem {
    partner: PartnerId,
}

impl ApplicationItem {
    fn new(tenant: &TenantKey, stored: &StoredApplication) -> Self {
        let Application { id, program, email, is_disposable, terms_version, applied_at, state } =
            stored.application.clone();
        Self {
            entity: "application".to_owned(),
            v: 1,
            version: stored.version,
            desk_pk: tenant.applications(&program, state.word()),
            desk_sk: format!("{}#{id}", sortable(applied_at)),
            application: id,
            program,
            email: email.to_hex(),
            is_disposable,
            terms_version,
            applied_at,
            state,
            form_sealed: stored.form_sealed.clone(),
        }
    }

    fn read(self, tenant: &TenantKey) -> Result<StoredApplication, StoreError> {
        let key = tenant.application(&self.application);
        let email = Digest::parse_hex(&self.email)
            .ok_or_else(|| crate::item::inconsistent(&key, "not the digest of an address"))?;
        let Self { version, application: id, program, is_disposable, terms_version, applied_at, state, .. } = self;
        let application = Application { id, program, email, is_disposable, terms_version, applied_at, state };
        Ok(StoredApplication { application, form_sealed: self.form_sealed, version })
    }
}

/// What makes an applicant a partner.
#[derive(Clone, Debug)]
pub enum TakenOn<'a> {
    /// They are new.
    New {
        /// The partner.
        record: &'a PartnerRecord,
        /// The person, sealed for it.
        person: (&'a Person, &'a Particulars),
        /// The beginnings of words by which it is found.
        words: &'a str,
        /// The mail.
        news: &'a PartnerNews,
        /// Whom an application of this address made a partner before, as it was read.
        before: Option<&'a PartnerId>,
    },
    /// They are a partner, of another programme so far.
    Known(&'a PartnerChange<'a>),
}

impl Store {
    /// An application, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_application(
        &self,
        tenant: &TenantKey,
        application: &ApplicationId,
    ) -> Result<Option<StoredApplication>, StoreError> {
        let key = tenant.application(application);
        let found: Option<ApplicationItem> = self.get(&self.tables.core, &key, "reading an application").await?;
        found.map(|item| item.read(tenant)).transpose()
    }

    /// An application in its first version, or over the version before. `ConditionFailed` when that is not what is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_application(
        &self,
        tenant: &TenantKey,
        after: &StoredApplication,
        news: Option<&PartnerNews>,
    ) -> Result<Written, StoreError> {
        let mut items = vec![self.application_put(tenant, after)?];
        if let Some(news) = news {
            items.push(self.new_application_news(tenant, (&after.application.id, after.version), news)?);
        }
        self.transact_application(tenant, after, items, "changing an application").await
    }

    /// An application is approved, and the applicant is a partner: both, or neither.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn approve_application(
        &self,
        tenant: &TenantKey,
        after: &StoredApplication,
        taken_on: &TakenOn<'_>,
    ) -> Result<Written, StoreError> {
        let mut items = vec![self.application_put(tenant, after)?];
        items.extend(match taken_on {
            TakenOn::New { record, person, words, news, before } => {
                let person = PersonItem::new(person.0, person.1);
                let made = NewPartner { record, person: &person, words, news: Some(news) };
                let mut items = self.new_partner_items(tenant, &made).await?;
                // POR-8: two applications of one address are one partner, whoever approves them and when.
                let key = tenant.taken_on(&after.application.email);
                let taken_on = UpdateBuilder::new(&self.tables.core, &key)
                    .set("entity", text("taken_on"))
                    .set("v", number(1))
                    .set("partner", text(record.partner.id.as_str()))
                    .require("partner", before.map(|before| text(before.as_str())));
                items.push(taken_on.build_transact()?);
                items
            }
            TakenOn::Known(change) => self.partner_change_items(tenant, change).await?,
        });
        self.transact_application(tenant, after, items, "approving an application").await
    }

    /// Whom an approved application of this address made a partner, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_taken_on(&self, tenant: &TenantKey, address: &Digest) -> Result<Option<PartnerId>, StoreError> {
        let key = tenant.taken_on(address);
        let found: Option<TakenOnItem> = self.get(&self.tables.core, &key, "reading whom an address is").await?;
        Ok(found.map(|item| item.partner))
    }

    /// An application that is there, sent again: the write of a first one, which its being there refuses. Nothing changes;
    /// it takes as long, so that the time of an answer does not say who has applied.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn repeat_application(&self, tenant: &TenantKey, again: &StoredApplication) -> Result<(), StoreError> {
        let first = StoredApplication { version: 1, ..again.clone() };
        let items = vec![self.application_put(tenant, &first)?];
        self.transact(items, "receiving an application again").await.map(|_| ())
    }

    async fn transact_application(
        &self,
        tenant: &TenantKey,
        after: &StoredApplication,
        items: Vec<aws_sdk_dynamodb::types::TransactWriteItem>,
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        if self.transact(items, doing).await? == Transacted::Yes {
            return Ok(Written::Yes);
        }
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = self.get_application(tenant, &after.application.id).await?;
        Ok(if there.as_ref() == Some(after) { Written::Yes } else { Written::ConditionFailed })
    }

    pub(crate) fn application_put(
        &self,
        tenant: &TenantKey,
        after: &StoredApplication,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        let (core, key) = (&self.tables.core, tenant.application(&after.application.id));
        let item = ApplicationItem::new(tenant, after);
        match after.version {
            0 | 1 => request::put_new(core, &key, &item),
            later => request::replace(core, &key, &item, later - 1),
        }
    }

    /// A page of a programme's applications in a state, newest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_applications(
        &self,
        tenant: &TenantKey,
        (program, state): (&ProgramId, &str),
        limit: usize,
        after: Option<&ApplicationPlace>,
    ) -> Result<Page<StoredApplication>, StoreError> {
        let desk = tenant.applications(program, state);
        let start = after.map(|after| after.start(tenant, &desk));
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let page = self.list_desk::<ApplicationItem>(&desk, limit, start, "listing applications").await?;
        let read: Result<Vec<_>, _> = page.items.into_iter().map(|item| item.read(tenant)).collect();
        let mut items = read?;
        // The index may lag behind a decision; the application itself does not.
        items.retain(|stored| stored.application.state.word() == state);
        Ok(Page { items, next: page.next })
    }
}

/// Where a list of applications goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationPlace {
    desk_sk: String,
    id: ApplicationId,
}

impl ApplicationPlace {
    /// Reads the place that a page answered as `next`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.rsplit_once(BETWEEN)?;
        let is_instant = at.len() < 40 && !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_graphic());
        let id = ApplicationId::parse(id).ok().filter(|_| is_instant)?;
        Some(Self { desk_sk: format!("{at}#{id}"), id })
    }

    fn start(&self, tenant: &TenantKey, desk: &str) -> Attributes {
        start_at(&tenant.application(&self.id), desk, &self.desk_sk)
    }
}
