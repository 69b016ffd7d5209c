//! A store that tells: the write that changes something and the audit entry about it are one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::{Told, append};

use crate::request::Transacted;
use crate::{Store, StoreError, TenantKey};

/// How often an entry is chained anew because others told of the same thing meanwhile.
const TRIES_MAX: usize = 8;

/// What is to be told with the next write.
#[derive(Debug)]
pub(crate) struct Pending {
    tenant: TenantKey,
    told: Mutex<Option<Told>>,
}

impl Pending {
    fn waiting(&self) -> Option<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_told(&self) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Store {
    /// OPS-3: the same store, whose next write carries an audit entry in its own transaction:
    /// `store.telling(&tenant, told).create_rule(&tenant, &rule)`. Is the write refused by its condition, nothing is told;
    /// it is told once, with the first write that holds. Others that tell of the same thing meanwhile make nothing fail:
    /// the entry is chained behind theirs.
    ///
    /// Not for things that keep the end of their own chain: payouts, changes by hand, members, awards and recomputes.
    #[must_use]
    pub fn telling(&self, tenant: &TenantKey, told: Told) -> Self {
        let pending = Pending { tenant: tenant.clone(), told: Mutex::new(Some(told)) };
        Self { telling: Some(Arc::new(pending)), ..self.clone() }
    }

    /// Tells of something that changed elsewhere, such as at a provider: an entry with no write of ours beside it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell(&self, tenant: &TenantKey, told: Told) -> Result<(), StoreError> {
        self.telling(tenant, told).transact(Vec::new(), "telling what changed elsewhere").await.map(|_| ())
    }

    /// Has the next write something to tell?
    pub(crate) fn has_to_tell(&self) -> bool {
        self.telling.as_ref().is_some_and(|pending| pending.waiting().is_some())
    }

    /// A transaction, with what is to be told in it.
    pub(crate) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
        doing: &'static str,
    ) -> Result<Transacted, StoreError> {
        let waiting = self.telling.as_ref().and_then(|pending| Some((pending, pending.waiting()?)));
        // In boxes: whoever writes is a future of its own size, and carries neither of these.
        match waiting {
            None => Box::pin(self.transact_these(items, doing)).await,
            Some((pending, told)) => Box::pin(self.transact_telling((pending, told), items, doing)).await,
        }
    }

    async fn transact_telling(
        &self,
        (pending, told): (&Pending, Told),
        items: Vec<TransactWriteItem>,
        doing: &'static str,
    ) -> Result<Transacted, StoreError> {
        for _ in 0..TRIES_MAX {
            let end = self.get_chain_end(&pending.tenant, &told.aggregate).await?;
            let entry = append(end, &told.aggregate, told.deed.clone());
            let place = items.len();
            let with_entry = items.iter().cloned().chain([self.new_audit_entry(&pending.tenant, &entry)?]).collect();
            match self.transact_these(with_entry, doing).await? {
                Transacted::Yes => {
                    pending.is_told();
                    return Ok(Transacted::Yes);
                }
                Transacted::ConditionFailed(places) => {
                    let others: Vec<usize> = places.into_iter().filter(|failed| *failed != place).collect();
                    if !others.is_empty() {
                        return Ok(Transacted::ConditionFailed(others));
                    }
                    // Somebody else told of the thing since its chain was read.
                }
            }
        }
        Err(StoreError::LostRace { doing })
    }
}
