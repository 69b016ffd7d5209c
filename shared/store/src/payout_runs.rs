//! Payout runs: written once, with what was to be looked at, and never changed.

use domain::audit::AuditEntry;
use domain::id::PayoutRunId;
use domain::payout::run::{Overridden, PayoutRun};
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::request::{self, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct RunItem {
    entity: String,
    v: u32,
    /// As JSON: what it says, and no more, comes back.
    run: String,
}

fn read(key: &Key, item: &RunItem) -> Result<PayoutRun, StoreError> {
    serde_json::from_str(&item.run).map_err(|error| item::inconsistent(key, error))
}

impl Store {
    /// A payout run.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout_run(&self, tenant: &TenantKey, id: &PayoutRunId) -> Result<Option<PayoutRun>, StoreError> {
        let key = tenant.payout_run(id);
        let found: Option<RunItem> = self.get(&self.tables.core, &key, "reading a payout run").await?;
        found.map(|item| read(&key, &item)).transpose()
    }

    /// Keeps a payout run. `ConditionFailed` when it is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_payout_run(&self, tenant: &TenantKey, run: &PayoutRun) -> Result<Written, StoreError> {
        let key = tenant.payout_run(&run.id);
        let text = serde_json::to_string(run).map_err(|error| item::inconsistent(&key, error))?;
        let item = RunItem { entity: "payout_run".to_owned(), v: 1, run: text };
        self.put_new(&self.tables.core, &key, &item, "keeping a payout run").await
    }

    /// Who overrode the report of a run; nobody, where it stands. Strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_run_override(
        &self,
        tenant: &TenantKey,
        id: &PayoutRunId,
    ) -> Result<Option<Overridden>, StoreError> {
        let key = tenant.run_override(id);
        let found: Option<RunItem> = self.get(&self.tables.core, &key, "reading who overrode a report").await?;
        found.map(|item| serde_json::from_str(&item.run).map_err(|error| item::inconsistent(&key, error))).transpose()
    }

    /// Somebody overrides the report of a run, and the audit says so. `ConditionFailed` when somebody has.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_run_override(
        &self,
        tenant: &TenantKey,
        id: &PayoutRunId,
        overridden: &Overridden,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.run_override(id);
        let text = serde_json::to_string(overridden).map_err(|error| item::inconsistent(&key, error))?;
        let item = RunItem { entity: "payout_run_override".to_owned(), v: 1, run: text };
        let items = vec![request::put_new(&self.tables.core, &key, &item)?, self.new_audit_entry(tenant, told)?];
        Ok(match self.transact(items, "overriding the report of a payout run").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A page of the payout runs, the newest first; `before` is where the page before ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_payout_runs(
        &self,
        tenant: &TenantKey,
        before: Option<&PayoutRunId>,
        limit: usize,
    ) -> Result<Page<PayoutRun>, StoreError> {
        let pk = tenant.payout_runs();
        let before = before.map_or("~", PayoutRunId::as_str);
        let found = self.list_backwards(&pk, ("!", before), limit, "listing payout runs").await?;
        let next = found.next.and(found.items.last().map(|row| item::place_of(row).1));
        let mut items = Vec::with_capacity(found.items.len());
        for attributes in found.items {
            let (pk, sk) = item::place_of(&attributes);
            items.push(read(&Key::new(pk, sk), &item::read(attributes)?)?);
        }
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;
    use domain::id::TenantId;
    use domain::money::Money;
    use domain::time::Timestamp;

    use super::*;
    use crate::Tables;

    #[tokio::test]
    async fn runs_are_kept_once_and_listed_newest_first_page_by_page() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let run = |n: u128| PayoutRun {
            id: PayoutRunId::from_ulid(n.into()),
            currency: Currency::USD,
            by: "usr_1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            payouts: Vec::new(),
            total: Money::zero(Currency::USD),
            findings: Vec::new(),
            more: false,
            stopped_at: None,
        };
        for n in 1..=5 {
            assert_eq!(store.create_payout_run(&tenant, &run(n)).await.expect("store"), Written::Yes);
            assert_eq!(store.create_payout_run(&tenant, &run(n)).await.expect("store"), Written::ConditionFailed);
        }
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = store.list_payout_runs(&tenant, before.as_ref(), 2).await.expect("store");
            seen.extend(page.items.into_iter().map(|run| run.id));
            match page.next {
                Some(next) => before = PayoutRunId::parse(&next).ok(),
                None => break,
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1].map(|n| run(n).id));
        assert_eq!(store.get_payout_run(&tenant, &run(3).id).await.expect("store"), Some(run(3)));
        let other = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
        assert_eq!(store.get_payout_run(&other, &run(3).id).await.expect("store"), None);
        assert_eq!(store.list_payout_runs(&other, None, 10).await.expect("store").items, []);
    }
}
