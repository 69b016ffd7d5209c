//! Files of payouts for banks, what is in them, and what banks send back.

use domain::audit::AuditEntry;
use domain::digest::Digest;
use domain::id::{MethodId, PartnerId, PayoutFileId, PayoutId};
use domain::payee::Rail;
use domain::payout::file::{FileRow, PayoutFile};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::partner_news::{PartnerNews, PartnerNewsKind};
use crate::request::{self, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// A file as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The file.
    pub file: PayoutFile,
    /// How often it was written.
    pub version: u64,
}

/// The next numbers of a tenant's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextNumbers {
    /// How often it was written; 0 before the first file.
    #[serde(default)]
    pub version: u64,
    /// The number of the next ACH entry; 0 before the first.
    #[serde(default)]
    pub ach_entry: u64,
    /// The day, in the originator's zone, whose files are counted.
    #[serde(default)]
    pub day: String,
    /// How many files that day has.
    #[serde(default)]
    pub of_day: u8,
    /// The number of the next check; 0 before the first.
    #[serde(default)]
    pub check: u64,
}

/// What a rail knows a payout by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentByFile {
    /// In which file.
    pub file: PayoutFileId,
    /// Its row there.
    pub row: FileRow,
}

/// What a bank asks to be changed of a payout method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodNotice {
    /// Which method.
    pub method: MethodId,
    /// The bank's code.
    pub code: String,
    /// What it means.
    pub meaning: String,
    /// About which payout it came; none where the account was only tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<PayoutId>,
    /// When it was taken in.
    pub at: Timestamp,
}

/// JSON in an item: what it says, and no more, comes back.
#[derive(Serialize, Deserialize)]
pub(crate) struct TextItem {
    pub(crate) entity: String,
    pub(crate) v: u32,
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) text: String,
}

impl TextItem {
    pub(crate) fn new<T: Serialize>(key: &Key, entity: &str, version: u64, value: &T) -> Result<Self, StoreError> {
        let text = serde_json::to_string(value).map_err(|error| item::inconsistent(key, error))?;
        Ok(Self { entity: entity.to_owned(), v: 1, version, text })
    }

    pub(crate) fn read<T: for<'de> Deserialize<'de>>(&self, key: &Key) -> Result<T, StoreError> {
        serde_json::from_str(&self.text).map_err(|error| item::inconsistent(key, error))
    }
}

impl Store {
    /// A file of payouts, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_file(
        &self,
        tenant: &TenantKey,
        id: &PayoutFileId,
    ) -> Result<Option<StoredFile>, StoreError> {
        let key = tenant.payout_file(id);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a file of payouts").await?;
        found.map(|item| Ok(StoredFile { version: item.version, file: item.read(&key)? })).transpose()
    }

    /// A page of the files of payouts, newest first; `before` is where the page before ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_payout_files(
        &self,
        tenant: &TenantKey,
        before: Option<&PayoutFileId>,
        limit: usize,
    ) -> Result<Page<PayoutFile>, StoreError> {
        let pk = tenant.payout_files();
        let before = before.map_or_else(|| format!("{}~", PayoutFileId::PREFIX), ToString::to_string);
        let found =
            self.list_backwards(&pk, (PayoutFileId::PREFIX, &before), limit, "listing files of payouts").await?;
        let next = found.next.and(found.items.last().map(|row| item::place_of(row).1));
        let mut items = Vec::with_capacity(found.items.len());
        for attributes in found.items {
            let (pk, sk) = item::place_of(&attributes);
            items.push(item::read::<TextItem>(attributes)?.read(&Key::new(pk, sk))?);
        }
        Ok(Page { items, next })
    }

    /// The numbers that the next file gets, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_file_numbers(&self, tenant: &TenantKey) -> Result<NextNumbers, StoreError> {
        let key = tenant.payout_file_numbers();
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading the numbers of files").await?;
        let Some(found) = found else { return Ok(NextNumbers::default()) };
        Ok(NextNumbers { version: found.version, ..found.read(&key)? })
    }

    /// A file is planned, with numbers that no other file gets, and told. `ConditionFailed`: it is there, or another file
    /// was planned since the numbers were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_payout_file(
        &self,
        tenant: &TenantKey,
        file: &PayoutFile,
        next: &NextNumbers,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let (key, numbers) = (tenant.payout_file(&file.id), tenant.payout_file_numbers());
        let counted = TextItem::new(&numbers, "payout_file_numbers", next.version + 1, next)?;
        let items = vec![
            request::put_new(core, &key, &TextItem::new(&key, "payout_file", 1, file)?)?,
            match next.version {
                0 => request::put_new(core, &numbers, &counted)?,
                version => request::replace(core, &numbers, &counted, version)?,
            },
            self.new_audit_entry(tenant, told)?,
        ];
        Ok(written(&self.transact(items, "planning a file of payouts").await?))
    }

    /// A file becomes another: made, with what it holds, or voided. `ConditionFailed`: it changed since it was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_payout_file(
        &self,
        tenant: &TenantKey,
        before: u64,
        file: &PayoutFile,
        sealed: Option<&str>,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let key = tenant.payout_file(&file.id);
        let item = TextItem::new(&key, "payout_file", before + 1, file)?;
        let mut items = vec![request::replace(core, &key, &item, before)?, self.new_audit_entry(tenant, told)?];
        if let Some(sealed) = sealed {
            let content = tenant.payout_file_content(&file.id);
            let item = TextItem { entity: "payout_file_content".to_owned(), v: 1, version: 1, text: sealed.to_owned() };
            items.push(request::put_new(core, &content, &item)?);
        }
        Ok(written(&self.transact(items, "making or voiding a file of payouts").await?))
    }

    /// What a file holds, sealed.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_file_content(
        &self,
        tenant: &TenantKey,
        id: &PayoutFileId,
    ) -> Result<Option<String>, StoreError> {
        let key = tenant.payout_file_content(id);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading what a file holds").await?;
        Ok(found.map(|item| item.text))
    }

    /// What a rail will know a payout by: kept before anybody can have the file. `ConditionFailed`: the rail knows another
    /// by it, or the same, kept before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_sent_row(
        &self,
        tenant: &TenantKey,
        rail: Rail,
        sent: &SentByFile,
    ) -> Result<Written, StoreError> {
        let key = tenant.sent_row(rail, &sent.row.reference);
        let item = TextItem::new(&key, "sent_row", 1, &(&sent.file, &sent.row))?;
        self.put_new(&self.tables.core, &key, &item, "keeping what a rail knows a payout by").await
    }

    /// Which payout a rail knows by a reference.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_sent_row(
        &self,
        tenant: &TenantKey,
        rail: Rail,
        reference: &str,
    ) -> Result<Option<SentByFile>, StoreError> {
        let key = tenant.sent_row(rail, reference);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "finding what a rail names").await?;
        let Some(found) = found else { return Ok(None) };
        let (file, row) = found.read(&key)?;
        Ok(Some(SentByFile { file, row }))
    }

    /// What was made of a file of returns, by the hash of its bytes; as it was kept.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_returns(&self, tenant: &TenantKey, sha256: Digest) -> Result<Option<String>, StoreError> {
        let key = tenant.payout_returns(sha256);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a file of returns").await?;
        Ok(found.map(|item| item.text))
    }

    /// Keeps what was made of a file of returns. `ConditionFailed` when it is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_payout_returns(
        &self,
        tenant: &TenantKey,
        sha256: Digest,
        text: &str,
    ) -> Result<Written, StoreError> {
        let key = tenant.payout_returns(sha256);
        let item = TextItem { entity: "payout_returns".to_owned(), v: 1, version: 1, text: text.to_owned() };
        self.put_new(&self.tables.core, &key, &item, "keeping a file of returns").await
    }

    /// What a bank asks to be changed of a method; nothing where no bank has asked.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_method_notice(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        method: &MethodId,
    ) -> Result<Option<MethodNotice>, StoreError> {
        let key = tenant.method_notice(partner, method);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading what a bank asks of a method").await?;
        found.map(|item| item.read(&key)).transpose()
    }

    /// Keeps what a bank asks to be changed of a method, with the news of it for the partner: the first asking stands.
    /// `ConditionFailed` when it is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_method_notice(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        notice: &MethodNotice,
    ) -> Result<Written, StoreError> {
        let key = tenant.method_notice(partner, &notice.method);
        let item = TextItem::new(&key, "method_notice", 1, notice)?;
        let reason = format!("{}: {}", notice.code, notice.meaning);
        let (kind, at) = (PartnerNewsKind::MethodNoticed, notice.at);
        let news = PartnerNews { kind, program: None, reason: Some(reason), at };
        let items = vec![
            request::put_new(&self.tables.core, &key, &item)?,
            self.new_partner_news(tenant, (partner, news_no(&notice.method)), &news)?,
        ];
        Ok(written(&self.transact(items, "keeping what a bank asks of a method").await?))
    }

    /// What the tenant's banks need in their files, sealed, and how often it was set; nothing before it was set.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_rail_settings(&self, tenant: &TenantKey) -> Result<Option<(String, u64)>, StoreError> {
        let key = tenant.rail_settings();
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading what banks need").await?;
        Ok(found.map(|item| (item.text, item.version)))
    }

    /// Sets what the tenant's banks need, and the audit trail says who; `before` is how often it was set, 0 for never.
    /// `ConditionFailed` when another did meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_rail_settings(
        &self,
        tenant: &TenantKey,
        before: u64,
        sealed: &str,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.rail_settings();
        let item = TextItem { entity: "rail_settings".to_owned(), v: 1, version: before + 1, text: sealed.to_owned() };
        let core = &self.tables.core;
        let set = match before {
            0 => request::put_new(core, &key, &item)?,
            before => request::replace(core, &key, &item, before)?,
        };
        let items = vec![set, self.new_audit_entry(tenant, told)?];
        Ok(written(&self.transact(items, "setting what banks need").await?))
    }
}

pub(crate) fn written(transacted: &Transacted) -> Written {
    match transacted {
        Transacted::Yes => Written::Yes,
        Transacted::ConditionFailed(_) => Written::ConditionFailed,
    }
}

/// Under which number the news of a method are kept: one for each method, far from the numbers of other news.
fn news_no(method: &MethodId) -> u64 {
    u64::try_from(method.ulid().random() & u128::from(u64::MAX)).unwrap_or(u64::MAX)
}
