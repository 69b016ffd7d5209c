//! Claims of partners to customers.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::attribution::claim::{Claim, ClaimState};
use domain::audit::AuditEntry;
use domain::id::ClaimId;
use serde::{Deserialize, Serialize};

use crate::customers::CustomerChange;
use crate::request::{self, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey, item};

#[derive(Serialize, Deserialize)]
struct ClaimItem {
    entity: String,
    v: u32,
    version: u64,
    #[serde(flatten)]
    claim: Claim,
}

/// A claim that is decided, and what comes with that.
#[derive(Clone, Copy, Debug)]
pub struct ClaimDecision<'a> {
    /// The claim afterwards.
    pub claim: &'a Claim,
    /// The customer, where the claim was accepted.
    pub customer: Option<CustomerChange<'a>>,
    /// Who did it.
    pub audit: &'a [AuditEntry],
}

impl Store {
    /// A new claim; the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another claim's.
    pub async fn create_claim(
        &self,
        tenant: &TenantKey,
        claim: &Claim,
        audit: &[AuditEntry],
    ) -> Result<(), StoreError> {
        let doing = "making a claim";
        let mut items = vec![request::put_new(&self.tables.core, &tenant.claim(&claim.id), &ClaimItem::new(claim, 1))?];
        for entry in audit {
            items.push(self.new_audit_entry(tenant, entry)?);
        }
        if self.transact(items, doing).await? == Transacted::Yes {
            return Ok(());
        }
        match self.get_claim(tenant, &claim.id).await? {
            Some(there) if there == *claim => Ok(()),
            _ => Err(StoreError::LostRace { doing }),
        }
    }

    /// A claim, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_claim(&self, tenant: &TenantKey, claim: &ClaimId) -> Result<Option<Claim>, StoreError> {
        let found: Option<ClaimItem> = self.get(&self.tables.core, &tenant.claim(claim), "reading a claim").await?;
        Ok(found.map(|item| item.claim))
    }

    /// A page of claims, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_claims(
        &self,
        tenant: &TenantKey,
        after: Option<&ClaimId>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError> {
        let pk = tenant.claims();
        let before = after.map_or_else(|| format!("{}~", ClaimId::PREFIX), ToString::to_string);
        let found = self.list_backwards(&pk, (ClaimId::PREFIX, &before), limit, "listing claims").await?;
        let read = |attributes| item::read::<ClaimItem>(attributes).map(|item| item.claim);
        let items: Result<Vec<Claim>, StoreError> = found.items.into_iter().map(read).collect();
        let items = items?;
        let next = found.next.and_then(|_| items.last().map(|claim| claim.id.to_string()));
        Ok(Page { items, next })
    }

    /// A pending claim is decided: it, the customer in their version, and the audit, in one transaction.
    /// `ConditionFailed` when somebody decided meanwhile, or the customer changed: read both again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide_claim(&self, tenant: &TenantKey, decision: &ClaimDecision<'_>) -> Result<Written, StoreError> {
        let key = tenant.claim(&decision.claim.id);
        let mut items = vec![request::replace(&self.tables.core, &key, &ClaimItem::new(decision.claim, 2), 1)?];
        if let Some(change) = &decision.customer {
            items.extend(self.customer_parts(tenant, change)?);
        }
        for entry in decision.audit {
            items.push(self.new_audit_entry(tenant, entry)?);
        }
        Ok(match self.transact(items, "deciding a claim").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}

impl ClaimItem {
    /// A claim is written twice: when it is made, and when it is decided.
    fn new(claim: &Claim, version: u64) -> Self {
        debug_assert_eq!(version == 1, claim.state == ClaimState::Pending);
        Self { entity: "claim".to_owned(), v: 1, version, claim: claim.clone() }
    }
}

#[cfg(test)]
mod tests;
