//! Accounts that were tried at their banks, by entries without money.

use domain::id::{MethodId, PayoutFileId};
use domain::payout::file::FileTrial;
use serde::{Deserialize, Serialize};

use crate::payout_files::{TextItem, written};
use crate::request::{self, Written};
use crate::{Store, StoreError, TenantKey};

/// A trial, and the file that it went out with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTrial {
    /// In which file.
    pub file: PayoutFileId,
    /// Whose account, and what the bank knows the trial by.
    pub trial: FileTrial,
}

impl Store {
    /// The last trial of a method's account, and how often it was tried; nothing where it never was.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_method_trial(
        &self,
        tenant: &TenantKey,
        method: &MethodId,
    ) -> Result<Option<(SentTrial, u64)>, StoreError> {
        let key = tenant.method_trial(method);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading the trial of a method").await?;
        found.map(|item| Ok((item.read(&key)?, item.version))).transpose()
    }

    /// Which trial a bank knows by a trace number.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_sent_trial(&self, tenant: &TenantKey, trace: &str) -> Result<Option<SentTrial>, StoreError> {
        let key = tenant.sent_trial(trace);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "finding a trial by its trace").await?;
        found.map(|item| item.read(&key)).transpose()
    }

    /// Keeps a trial before anybody can have its file; `before` is how often the method was tried. `ConditionFailed`: it
    /// was tried again meanwhile, or the bank knows another by this trace.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_method_trial(
        &self,
        tenant: &TenantKey,
        before: u64,
        sent: &SentTrial,
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let (method, trace) = (
            tenant.method_trial(&sent.trial.method),
            tenant.sent_trial(sent.trial.reference.as_deref().unwrap_or_default()),
        );
        let item = TextItem::new(&method, "method_trial", before + 1, sent)?;
        let items = vec![
            match before {
                0 => request::put_new(core, &method, &item)?,
                before => request::replace(core, &method, &item, before)?,
            },
            request::put_new(core, &trace, &TextItem::new(&trace, "sent_trial", 1, sent)?)?,
        ];
        Ok(written(&self.transact(items, "keeping the trial of a method").await?))
    }
}
