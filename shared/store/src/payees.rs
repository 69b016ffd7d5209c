//! Where partners' money goes. The details are sealed text here; one item holds a partner's whole ranked list.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use domain::id::{PartnerId, TenantId};
use domain::payee::{Edit, PayoutMethod, PayoutMethods};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::request::{self, Transacted, Written};
use crate::risk::StopsChange;
use crate::{Store, StoreError, TenantKey};

const ENTITY: &str = "payout_methods";

#[derive(Serialize, Deserialize)]
struct MethodsItem {
    entity: String,
    v: u32,
    version: u32,
    tenant: TenantId,
    partner: PartnerId,
    ranked: Vec<PayoutMethod>,
    edits: Vec<Edit>,
}

#[derive(Serialize, Deserialize)]
struct FingerprintKeyItem {
    entity: String,
    v: u32,
    sealed: String,
}

impl Store {
    /// A partner's payout methods, strongly consistent; none is an empty list of version 0.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_methods(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<PayoutMethods, StoreError> {
        let key = tenant.payout_methods(partner);
        let found: Option<MethodsItem> =
            self.get(&self.tables.core, &key, "reading a partner's payout methods").await?;
        Ok(found.map_or_else(PayoutMethods::default, |item| {
            let MethodsItem { version, ranked, edits, .. } = item;
            PayoutMethods { version, ranked, edits }
        }))
    }

    /// PAY-12: a partner's payout methods give way to others, and a payout that was to go by the ones before does not go
    /// out. `ConditionFailed` when they changed since they were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_payout_methods(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        after: &PayoutMethods,
        entry: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.payout_methods(partner));
        let item = MethodsItem {
            entity: ENTITY.to_owned(),
            v: 1,
            version: after.version,
            tenant: tenant.tenant().clone(),
            partner: partner.clone(),
            ranked: after.ranked.clone(),
            edits: after.edits.clone(),
        };
        let put = match after.version {
            0 | 1 => request::put_new(core, &key, &item)?,
            later => request::replace(core, &key, &item, u64::from(later - 1))?,
        };
        let change = StopsChange { methods: Some(after.version), ..StopsChange::default() };
        let items = vec![
            put,
            self.new_audit_entry(tenant, entry)?,
            self.stops_changed(tenant, partner, change)?,
            // OPS-4: nobody is left to whom it would go.
            self.not_erased(tenant, partner)?,
        ];
        Ok(match self.transact(items, "changing a partner's payout methods").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// Where a partner's money goes is destroyed, on what was read; none is there afterwards. Who changed it of late stays
    /// known, by their ids.
    pub(crate) fn methods_erased(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        before: &PayoutMethods,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        if before.version == 0 {
            return Ok(Vec::new());
        }
        let (core, key, version) = (&self.tables.core, tenant.payout_methods(partner), before.version + 1);
        let item = MethodsItem {
            entity: ENTITY.to_owned(),
            v: 1,
            version,
            tenant: tenant.tenant().clone(),
            partner: partner.clone(),
            ranked: Vec::new(),
            edits: before.edits.clone(),
        };
        let change = StopsChange { methods: Some(version), ..StopsChange::default() };
        let put = request::replace(core, &key, &item, u64::from(before.version))?;
        Ok(vec![put, self.stops_changed(tenant, partner, change)?])
    }

    /// The tenant's key for hashes of accounts, sealed; perhaps a moment old, which for what never changes is enough.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_fingerprint_key(&self, tenant: &TenantKey) -> Result<Option<String>, StoreError> {
        let doing = "reading the key of hashes of accounts";
        let found: Option<FingerprintKeyItem> = self.get(&self.tables.core, &tenant.fingerprint_key(), doing).await?;
        Ok(found.map(|item| item.sealed))
    }

    /// The tenant gets its key; `ConditionFailed` when it has one. It is never changed: another key would know nobody.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_fingerprint_key(&self, tenant: &TenantKey, sealed: &str) -> Result<Written, StoreError> {
        let item = FingerprintKeyItem { entity: "fingerprint_key".to_owned(), v: 1, sealed: sealed.to_owned() };
        self.put_new(&self.tables.core, &tenant.fingerprint_key(), &item, "making the key of hashes of accounts").await
    }
}

/// What the stream says of payout methods that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutMethodsSeen {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose.
    pub partner: PartnerId,
    /// The version that holds now.
    pub version: u32,
}

/// Reads the image of a partner's payout methods from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not one that this code can have written.
pub fn read_payout_methods_image(attributes: Attributes) -> Result<PayoutMethodsSeen, StoreError> {
    let MethodsItem { tenant, partner, version, .. } = item::read(attributes)?;
    Ok(PayoutMethodsSeen { tenant, partner, version })
}

#[cfg(test)]
mod tests;
