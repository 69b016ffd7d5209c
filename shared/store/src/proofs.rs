//! What the last proofs of a tenant's ledger found: one over the newest days of the journal, one over all of it. Apart from
//! them, what the last look at the seals of its audit found: a proof of the laws looks at no seal.

use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

/// Over how much of the journal a proof went. The accounts are always proved whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Over the newest days, as each night does.
    Recent,
    /// From the first day on, as the first night of a month does.
    Whole,
}

impl Reach {
    /// Both, the narrower first.
    pub const ALL: [Self; 2] = [Self::Recent, Self::Whole];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::Whole => "whole",
        }
    }
}

/// What a proof found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// When it ended.
    pub at: Timestamp,
    /// How many accounts were walked.
    pub accounts: u64,
    /// How many lines of commission.
    pub lines: u64,
    /// Accounts that were written to all the time: nothing is said of them.
    pub moving: u64,
    /// How many laws are broken, at how many entries.
    pub broken: u64,
    /// The law of the first breach, where one is broken: its number in docs/rules.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

/// What a look at the seals of the audit's days found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealsRecord {
    /// When it ended.
    pub at: Timestamp,
    /// How many days do not fit their seals.
    pub unsealed: u64,
}

#[derive(Deserialize)]
struct ProofItem {
    /// As JSON: what it says, and no more, comes back.
    record: String,
}

impl Store {
    /// What a proof found takes the place of what the one before it did. `ConditionFailed` when a later one is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_proof(
        &self,
        tenant: &TenantKey,
        reach: Reach,
        record: &ProofRecord,
    ) -> Result<Written, StoreError> {
        let key = tenant.proof(reach);
        let text = serde_json::to_string(record).map_err(|why| item::inconsistent(&key, why))?;
        self.note_proof(&key, text, record.at).await
    }

    /// What a look at the seals found takes the place of what the one before it did. `ConditionFailed` when a later one is
    /// there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_seals(&self, tenant: &TenantKey, record: &SealsRecord) -> Result<Written, StoreError> {
        let key = tenant.seals_proof();
        let text = serde_json::to_string(record).map_err(|why| item::inconsistent(&key, why))?;
        self.note_proof(&key, text, record.at).await
    }

    async fn note_proof(&self, key: &Key, record: String, at: Timestamp) -> Result<Written, StoreError> {
        let at = item::text(sortable(at));
        let update = UpdateBuilder::new(&self.tables.ops, key)
            .set("entity", item::text("proof"))
            .set("v", item::number(1))
            .set("record", item::text(record))
            .set("proved_at", at.clone())
            .require_below("proved_at", at);
        self.update(update.build()?, "noting what a proof found").await
    }

    /// What the last proof of a reach found; `None` before the first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_proof(&self, tenant: &TenantKey, reach: Reach) -> Result<Option<ProofRecord>, StoreError> {
        let key = tenant.proof(reach);
        let found: Option<ProofItem> = self.get(&self.tables.ops, &key, "reading what a proof found").await?;
        let read = |item: ProofItem| serde_json::from_str(&item.record).map_err(|why| item::inconsistent(&key, why));
        found.map(read).transpose()
    }

    /// What the last look at the seals of the audit's days found; `None` before the first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_seals(&self, tenant: &TenantKey) -> Result<Option<SealsRecord>, StoreError> {
        let key = tenant.seals_proof();
        let found: Option<ProofItem> =
            self.get(&self.tables.ops, &key, "reading what a look at the seals found").await?;
        let read = |item: ProofItem| serde_json::from_str(&item.record).map_err(|why| item::inconsistent(&key, why));
        found.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TenantId;

    use super::*;
    use crate::Tables;

    #[tokio::test]
    async fn the_last_proof_of_each_reach_stands_and_an_earlier_one_does_not_replace_it() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let proof = |second: i64, law: Option<&str>| ProofRecord {
            at: Timestamp::from_second(second).expect("instant"),
            accounts: 3,
            lines: 9,
            moving: 0,
            broken: law.iter().len() as u64,
            law: law.map(str::to_owned),
        };
        assert_eq!(store.get_proof(&tenant, Reach::Recent).await.expect("store"), None);
        for (record, written) in [
            (proof(5, Some("V3")), Written::Yes),
            (proof(5, None), Written::ConditionFailed),
            (proof(4, None), Written::ConditionFailed),
            (proof(100, Some("V9")), Written::Yes),
        ] {
            assert_eq!(store.record_proof(&tenant, Reach::Recent, &record).await.expect("store"), written);
        }
        assert_eq!(store.get_proof(&tenant, Reach::Recent).await.expect("store"), Some(proof(100, Some("V9"))));
        assert_eq!(store.get_proof(&tenant, Reach::Whole).await.expect("store"), None);
        // The seals are told apart from the laws.
        let seals =
            |second: i64, unsealed| SealsRecord { at: Timestamp::from_second(second).expect("instant"), unsealed };
        assert_eq!(store.get_seals(&tenant).await.expect("store"), None);
        for (record, written) in [(seals(5, 1), Written::Yes), (seals(4, 0), Written::ConditionFailed)] {
            assert_eq!(store.record_seals(&tenant, &record).await.expect("store"), written);
        }
        assert_eq!(store.get_seals(&tenant).await.expect("store"), Some(seals(5, 1)));
        assert_eq!(store.get_proof(&tenant, Reach::Recent).await.expect("store"), Some(proof(100, Some("V9"))));
        let other = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
        assert_eq!(store.get_proof(&other, Reach::Recent).await.expect("store"), None);
    }
}
