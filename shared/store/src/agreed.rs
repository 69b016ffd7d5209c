//! OPS-4: which versions of the tenant's terms a partner has accepted, each once.

use domain::id::PartnerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::{self, Range, Transacted, Written};
use crate::{Store, StoreError, TenantKey};

/// A version of the terms that a partner accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Which version.
    pub terms: String,
    /// When.
    pub at: Timestamp,
    /// Who of the partner: a user, or a key.
    pub by: String,
}

#[derive(Serialize, Deserialize)]
struct AgreedItem {
    entity: String,
    v: u32,
    partner: PartnerId,
    terms: String,
    at: Timestamp,
    by: String,
}

impl From<AgreedItem> for Agreed {
    fn from(item: AgreedItem) -> Self {
        let AgreedItem { terms, at, by, .. } = item;
        Self { terms, at, by }
    }
}

impl Store {
    /// A partner accepts a version of the terms. `ConditionFailed`: it did before, and the first time stands; or it leaves,
    /// or was erased.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_agreed(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        agreed: &Agreed,
    ) -> Result<Written, StoreError> {
        let Agreed { terms, at, by } = agreed.clone();
        let key = tenant.agreed(partner, &terms);
        let item = AgreedItem { entity: "agreed".to_owned(), v: 1, partner: partner.clone(), terms, at, by };
        let items = vec![
            request::put_new(&self.tables.core, &key, &item)?,
            self.does_not_leave(tenant, partner)?,
            self.not_erased(tenant, partner)?,
        ];
        Ok(match self.transact(items, "accepting the terms").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The versions of the terms that a partner accepted, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_agreed(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Agreed>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let found: Vec<AgreedItem> =
            self.list_range(&self.tables.core, &Range::prefix(&pk, "agreed#"), "listing accepted terms").await?;
        Ok(found.into_iter().map(Agreed::from).collect())
    }
}
