//! Records of comparing a provider with the ledger: what was counted, and what did not match.

use domain::provider::Provider;
use domain::reconciliation::Compared;
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::Written;
use crate::{Page, Store, StoreError, TenantKey, item};

/// What does not match of a comparing, at most: the counts are whole.
pub const EXCEPTIONS_MAX: usize = 200;

/// One comparing of a provider with the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The provider.
    pub provider: Provider,
    /// When it was done.
    pub at: Timestamp,
    /// What happened at the provider from then on was looked at.
    pub since: Timestamp,
    /// How many events or objects the provider has shown.
    pub looked_at: u64,
    /// How many of them were not stored here, and were sent in.
    pub sent_in: u64,
    /// How many of those were refused at the door.
    pub not_taken: u64,
    /// How many payments match.
    pub matched: u64,
    /// How many do not.
    pub unmatched: u64,
    /// The first of those.
    pub exceptions: Vec<Compared>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    /// As JSON: what it says, and no more, comes back.
    record: String,
}

impl Store {
    /// Keeps the record of a comparing. `ConditionFailed` when one of that instant is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_reconciliation(
        &self,
        tenant: &TenantKey,
        record: &Reconciliation,
    ) -> Result<Written, StoreError> {
        let sk = format!("{}#{}", sortable(record.at), record.provider.word());
        let key = Key::new(tenant.reconciliations(), sk);
        let text = serde_json::to_string(record).map_err(|why| item::inconsistent(&key, why))?;
        let item = Item { entity: "reconciliation".to_owned(), v: 1, record: text };
        self.put_new(&self.tables.core, &key, &item, "recording a reconciliation").await
    }

    /// A page of comparings, the newest first; `before` is where the page before ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_reconciliations(
        &self,
        tenant: &TenantKey,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Page<Reconciliation>, StoreError> {
        let pk = tenant.reconciliations();
        let before = before.unwrap_or("~");
        let found = self.list_backwards(&pk, ("!", before), limit, "listing reconciliations").await?;
        let last = found.items.last().map(|row| item::place_of(row).1);
        let next = found.next.and(last);
        let mut items = Vec::with_capacity(found.items.len());
        for attributes in found.items {
            let (pk, sk) = item::place_of(&attributes);
            let item: Item = item::read(attributes)?;
            let key = Key::new(pk, sk);
            items.push(serde_json::from_str(&item.record).map_err(|why| item::inconsistent(&key, why))?);
        }
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TenantId;

    use super::*;
    use crate::Tables;

    #[tokio::test]
    async fn comparings_are_listed_newest_first_page_by_page() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let at = |second| Timestamp::from_second(second).expect("instant");
        for second in 1..=5 {
            let record = Reconciliation {
                provider: Provider::Stripe,
                at: at(second),
                since: at(0),
                looked_at: 3,
                sent_in: 1,
                not_taken: 0,
                matched: 2,
                unmatched: 0,
                exceptions: Vec::new(),
            };
            assert_eq!(store.record_reconciliation(&tenant, &record).await.expect("store"), Written::Yes);
            assert_eq!(store.record_reconciliation(&tenant, &record).await.expect("store"), Written::ConditionFailed);
        }
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = store.list_reconciliations(&tenant, before.as_deref(), 2).await.expect("store");
            seen.extend(page.items.iter().map(|record| record.at.as_second()));
            match page.next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
        let other = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
        assert_eq!(store.list_reconciliations(&other, None, 10).await.expect("store").items, []);
    }
}
