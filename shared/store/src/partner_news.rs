//! The outbox of partners: what somebody is to be told of where they stand, written with what makes it true. The stream
//! shows it, and a mail follows.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::{ApplicationId, PartnerId, ProgramId, TenantId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::request;
use crate::{Store, StoreError, TenantKey};

/// What happened, as the mail about it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerNewsKind {
    /// An applicant became a partner of a programme.
    PartnerApproved,
    /// An applicant did not.
    ApplicationDeclined,
    /// A partner is suspended.
    PartnerSuspended,
    /// A partner is back.
    PartnerReinstated,
    /// A customer whom a partner claimed is theirs.
    ClaimAccepted,
    /// A customer whom a partner claimed is not.
    ClaimDeclined,
    /// A bank does not pay to a method as it is told: nothing leaves by it before the partner sets it anew.
    MethodNoticed,
}

impl PartnerNewsKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::PartnerApproved,
        Self::ApplicationDeclined,
        Self::PartnerSuspended,
        Self::PartnerReinstated,
        Self::ClaimAccepted,
        Self::ClaimDeclined,
        Self::MethodNoticed,
    ];

    /// The word of the notice.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PartnerApproved => "partner_approved",
            Self::ApplicationDeclined => "application_declined",
            Self::PartnerSuspended => "partner_suspended",
            Self::PartnerReinstated => "partner_reinstated",
            Self::ClaimAccepted => "claim_accepted",
            Self::ClaimDeclined => "claim_declined",
            Self::MethodNoticed => "payout_method_noticed",
        }
    }

    /// Reads the word of a notice.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What somebody is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerNews {
    /// What happened.
    pub kind: PartnerNewsKind,
    /// In which programme, where it is of one.
    pub program: Option<ProgramId>,
    /// Why, in the words of whoever decided.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct NewsItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<ApplicationId>,
    version: u64,
    kind: PartnerNewsKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    program: Option<ProgramId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: Timestamp,
}

/// Who is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A partner.
    Partner(PartnerId),
    /// Somebody who is none.
    Applicant(ApplicationId),
}

/// News as the stream shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerNewsSeen {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who is to be told.
    pub told: Told,
    /// The version of what they are about, which tells two of a kind apart.
    pub version: u64,
    /// What.
    pub news: PartnerNews,
}

/// Reads the image of news from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not one that this code can have written.
pub fn read_partner_news_image(attributes: Attributes) -> Result<PartnerNewsSeen, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let NewsItem { tenant, partner, application, version, kind, program, reason, at, .. } = item::read(attributes)?;
    let told = match (partner, application) {
        (Some(partner), _) => Told::Partner(partner),
        (None, Some(application)) => Told::Applicant(application),
        (None, None) => return Err(item::inconsistent(&crate::keys::Key { pk, sk }, "news for nobody")),
    };
    Ok(PartnerNewsSeen { tenant, told, version, news: PartnerNews { kind, program, reason, at } })
}

impl Store {
    /// News for a partner, for the transaction that makes them true.
    pub(crate) fn new_partner_news(
        &self,
        tenant: &TenantKey,
        (partner, version): (&PartnerId, u64),
        news: &PartnerNews,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = item_of(tenant, (Some(partner.clone()), None), version, news);
        request::put_new(&self.tables.core, &tenant.partner_news(partner, version), &item)
    }

    /// News for an applicant, for the transaction that makes them true.
    pub(crate) fn new_application_news(
        &self,
        tenant: &TenantKey,
        (application, version): (&ApplicationId, u64),
        news: &PartnerNews,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = item_of(tenant, (None, Some(application.clone())), version, news);
        request::put_new(&self.tables.core, &tenant.application_news(application, version), &item)
    }

    /// What a partner or an applicant is to be told, as it was written; `None` when there is no such news.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_partner_news(
        &self,
        tenant: &TenantKey,
        told: &Told,
        version: u64,
    ) -> Result<Option<PartnerNews>, StoreError> {
        let key = match told {
            Told::Partner(partner) => tenant.partner_news(partner, version),
            Told::Applicant(application) => tenant.application_news(application, version),
        };
        let found: Option<NewsItem> = self.get(&self.tables.core, &key, "reading what a partner is to be told").await?;
        Ok(found.map(|item| {
            let NewsItem { kind, program, reason, at, .. } = item;
            PartnerNews { kind, program, reason, at }
        }))
    }
}

fn item_of(
    tenant: &TenantKey,
    (partner, application): (Option<PartnerId>, Option<ApplicationId>),
    version: u64,
    news: &PartnerNews,
) -> NewsItem {
    let PartnerNews { kind, program, reason, at } = news.clone();
    let (entity, tenant) = ("partner_news".to_owned(), tenant.tenant().clone());
    NewsItem { entity, v: 1, tenant, partner, application, version, kind, program, reason, at }
}
