//! Tax forms of partners. What gave way to another is kept: the tax office may ask for years.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::audit::AuditEntry;
use domain::digest::Digest;
use domain::id::{PartnerId, TenantId};
use domain::tax::{Classification, FormKind, Standing, TaxForm, TinKind};
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::request::{self, Transacted, Written};
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct TaxFormItem {
    entity: String,
    v: u32,
    version: u32,
    tenant: TenantId,
    partner: PartnerId,
    kind: FormKind,
    classification: Option<Classification>,
    tin_kind: Option<TinKind>,
    tin_shown: Option<String>,
    tin_fingerprint: Option<Digest>,
    #[serde(default)]
    content_fingerprint: Option<Digest>,
    country: String,
    signed_on: BusinessDay,
    submitted_at: Timestamp,
    warnings: Vec<String>,
    #[serde(flatten)]
    standing: Standing,
    sealed: String,
    under: String,
}

impl TaxFormItem {
    fn new(tenant: &TenantKey, partner: &PartnerId, form: &TaxForm, entity: &str) -> Self {
        let form = form.clone();
        Self {
            entity: entity.to_owned(),
            v: 1,
            version: form.version,
            tenant: tenant.tenant().clone(),
            partner: partner.clone(),
            kind: form.kind,
            classification: form.classification,
            tin_kind: form.tin_kind,
            tin_shown: form.tin_shown,
            tin_fingerprint: form.tin_fingerprint,
            content_fingerprint: form.content_fingerprint,
            country: form.country,
            signed_on: form.signed_on,
            submitted_at: form.submitted_at,
            warnings: form.warnings,
            standing: form.standing,
            sealed: form.sealed,
            under: form.under,
        }
    }
}

impl From<TaxFormItem> for TaxForm {
    fn from(item: TaxFormItem) -> Self {
        Self {
            version: item.version,
            kind: item.kind,
            classification: item.classification,
            tin_kind: item.tin_kind,
            tin_shown: item.tin_shown,
            tin_fingerprint: item.tin_fingerprint,
            content_fingerprint: item.content_fingerprint,
            country: item.country,
            signed_on: item.signed_on,
            submitted_at: item.submitted_at,
            warnings: item.warnings,
            standing: item.standing,
            sealed: item.sealed,
            under: item.under,
        }
    }
}

impl Store {
    /// A partner's tax form, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_form(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<TaxForm>, StoreError> {
        let key = tenant.tax_form(partner);
        let found: Option<TaxFormItem> = self.get(&self.tables.core, &key, "reading a partner's tax form").await?;
        Ok(found.map(TaxForm::from))
    }

    /// TAX-1: a partner's tax form gives way to another, and is kept behind it. `ConditionFailed` when it changed since it
    /// was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_tax_form(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        before: Option<&TaxForm>,
        after: &TaxForm,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.tax_form(partner));
        let item = TaxFormItem::new(tenant, partner, after, "tax_form");
        // OPS-4: nobody is left whose form it would be.
        let mut items = vec![self.new_audit_entry(tenant, entry)?, self.not_erased(tenant, partner)?];
        match before {
            None => items.push(request::put_new(core, &key, &item)?),
            Some(before) => {
                let kept = TaxFormItem::new(tenant, partner, before, "tax_form_before");
                items.push(request::replace(core, &key, &item, u64::from(before.version))?);
                items.push(request::put_new(core, &tenant.tax_form_before(partner, before.version), &kept)?);
            }
        }
        Ok(match self.transact(items, "changing a partner's tax form").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}

#[cfg(test)]
mod tests;
