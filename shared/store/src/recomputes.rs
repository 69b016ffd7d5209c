//! Recomputes of past sales by other rules: proposed, approved, applied account by account.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::audit::{Actor, AuditEntry, ChainEnd};
use domain::digest::Digest;
use domain::id::{ProgramId, RecomputeId, RuleId};
use domain::line::Account;
use domain::recompute::{AccountDifference, Difference, Recompute, RecomputeState};
use domain::rule::{RuleVersion, Terms};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, number, text};
use crate::keys::Key;
use crate::request::{self, Page, Range, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey, Written};

/// A recompute as it is stored, with the end of its audit chain, which is also its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecompute {
    /// The recompute.
    pub recompute: Recompute,
    /// The end of its audit chain.
    pub chain: ChainEnd,
    /// Raised by every write.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct VersionInItem {
    rule: RuleId,
    effective_from: Timestamp,
    terms: Terms,
}

#[derive(Serialize, Deserialize)]
struct RecomputeItem {
    entity: String,
    v: u32,
    version: u64,
    id: RecomputeId,
    program: ProgramId,
    versions: Vec<VersionInItem>,
    from: Timestamp,
    to: Option<Timestamp>,
    reason: String,
    requested_by: Actor,
    requested_at: Timestamp,
    round: u32,
    shown: Difference,
    standing: RecomputeState,
    audit_no: u32,
    audit_hash: Digest,
}

#[derive(Serialize, Deserialize)]
struct DifferenceItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    difference: AccountDifference,
}

#[derive(Serialize, Deserialize)]
struct UnderWay {
    recompute: RecomputeId,
}

impl RecomputeItem {
    fn new(stored: &StoredRecompute) -> Self {
        let recompute = stored.recompute.clone();
        let versions = recompute.versions.into_iter();
        Self {
            entity: "recompute".to_owned(),
            v: 1,
            version: stored.version,
            id: recompute.id,
            program: recompute.program,
            versions: versions
                .map(|version| VersionInItem {
                    rule: version.id,
                    effective_from: version.effective_from,
                    terms: version.terms,
                })
                .collect(),
            from: recompute.from,
            to: recompute.to,
            reason: recompute.reason,
            requested_by: recompute.requested_by,
            requested_at: recompute.requested_at,
            round: recompute.round,
            shown: recompute.shown,
            standing: recompute.state,
            audit_no: stored.chain.no,
            audit_hash: stored.chain.hash,
        }
    }
}

impl From<RecomputeItem> for StoredRecompute {
    fn from(item: RecomputeItem) -> Self {
        let program = item.program;
        let versions = item.versions.into_iter().map(|version| RuleVersion {
            id: version.rule,
            program: program.clone(),
            effective_from: version.effective_from,
            terms: version.terms,
        });
        let recompute = Recompute {
            id: item.id,
            versions: versions.collect(),
            program,
            from: item.from,
            to: item.to,
            reason: item.reason,
            requested_by: item.requested_by,
            requested_at: item.requested_at,
            round: item.round,
            shown: item.shown,
            state: item.standing,
        };
        let chain = ChainEnd { no: item.audit_no, hash: item.audit_hash };
        Self { recompute, chain, version: item.version }
    }
}

impl Store {
    /// A recompute, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_recompute(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        id: &RecomputeId,
    ) -> Result<Option<StoredRecompute>, StoreError> {
        let key = tenant.recompute(program, id);
        let found: Option<RecomputeItem> = self.get(&self.tables.core, &key, "reading a recompute").await?;
        Ok(found.map(StoredRecompute::from))
    }

    /// The recomputes of a programme, oldest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_recomputes(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<Vec<StoredRecompute>, StoreError> {
        let pk = tenant.recomputes(program);
        let range = Range::prefix(&pk, RecomputeId::PREFIX);
        let found: Vec<RecomputeItem> = self.list_range(&self.tables.core, &range, "listing recomputes").await?;
        Ok(found.into_iter().map(StoredRecompute::from).collect())
    }

    /// A recompute is proposed, with the audit entry of it; `false` when there is one of the id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_recompute(
        &self,
        tenant: &TenantKey,
        new: &StoredRecompute,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let key = tenant.recompute(&new.recompute.program, &new.recompute.id);
        let items = vec![
            request::put_new(&self.tables.core, &key, &RecomputeItem::new(new))?,
            self.new_audit_entry(tenant, told)?,
        ];
        Ok(self.transact(items, "proposing a recompute").await? == Transacted::Yes)
    }

    /// A recompute takes a step, with the audit entry of it where a person takes it. When its booking begins, its versions
    /// are made and its programme is marked in the same transaction; one programme has one under way. When it ends, the
    /// mark goes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_recompute(
        &self,
        tenant: &TenantKey,
        before: &StoredRecompute,
        after: &StoredRecompute,
        told: Option<&AuditEntry>,
    ) -> Result<Written, StoreError> {
        let (core, recompute) = (&self.tables.core, &after.recompute);
        let key = tenant.recompute(&recompute.program, &recompute.id);
        let mut items = vec![request::replace(core, &key, &RecomputeItem::new(after), before.version)?];
        if let Some(told) = told {
            items.push(self.new_audit_entry(tenant, told)?);
        }
        let mark = tenant.program_recomputing(&recompute.program);
        let id = text(recompute.id.as_str());
        match (&before.recompute.state, &recompute.state) {
            (RecomputeState::Checking { .. }, RecomputeState::Applying { .. }) => {
                for version in &recompute.versions {
                    items.push(self.new_rule(tenant, version)?);
                }
                if !recompute.versions.is_empty() {
                    items.push(self.more_rules(tenant, &recompute.program, (recompute.versions.len(), None))?);
                }
                let update = UpdateBuilder::new(core, &mark)
                    .set("entity", text("recomputing"))
                    .set("v", number(1))
                    .set("recompute", id)
                    .require("recompute", None);
                items.push(update.build_transact()?);
            }
            (RecomputeState::Applying { .. }, RecomputeState::Applied { .. }) => {
                let update = UpdateBuilder::new(core, &mark).remove("recompute").require("recompute", Some(id));
                items.push(update.build_transact()?);
            }
            _ => {}
        }
        Ok(match self.transact(items, "moving a recompute").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The recompute of a programme that is under way: as long as there is one, no month of it is counted.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_recomputing(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<Option<RecomputeId>, StoreError> {
        let key = tenant.program_recomputing(program);
        let found =
            self.get_attributes(&self.tables.core, &key, true, "reading whether a recompute is under way").await?;
        let Some(found) = found.filter(|found| found.contains_key("recompute")) else { return Ok(None) };
        item::read::<UnderWay>(found).map(|found| Some(found.recompute))
    }

    /// What a recompute makes of an account, as it was counted in a round; the same again overwrites it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_difference(
        &self,
        tenant: &TenantKey,
        (recompute, round): (&RecomputeId, u32),
        difference: &AccountDifference,
    ) -> Result<Written, StoreError> {
        let account = Account { partner: difference.partner.clone(), currency: difference.difference.currency() };
        let key = tenant.recompute_difference(recompute, round, &account, difference.through.as_str());
        let value = DifferenceItem { entity: "difference".to_owned(), v: 1, difference: difference.clone() };
        self.put_unless(&self.tables.core, &key, &value, ("entity", "final"), "keeping what a recompute makes").await
    }

    /// What a recompute makes of accounts, as they were counted in a round: a page, by partner, behind an account. What an
    /// account gets through several partners' sales is added up.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_differences(
        &self,
        tenant: &TenantKey,
        (recompute, round): (&RecomputeId, u32),
        after: Option<&Account>,
        limit: usize,
    ) -> Result<Page<AccountDifference>, StoreError> {
        let pk = tenant.recompute_differences(recompute);
        let all = Range::prefix(&pk, &format!("{round:08}#"));
        // A `~` sorts behind every partner's id: behind the account itself, and before the next.
        let from = after.map(|after| tenant.recompute_difference(recompute, round, after, "~").sk);
        let range = Range { from: from.unwrap_or_else(|| all.from.clone()), ..all };
        let doing = "listing what a recompute makes";
        let wanted = i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX);
        let (mut merged, mut start): (Vec<AccountDifference>, _) = (Vec::new(), None);
        loop {
            let (found, next) = self.query_page(&self.tables.core, &range, start, Some(wanted), doing).await?;
            for attributes in found {
                let own = item::read::<DifferenceItem>(attributes)?.difference;
                let place = |one: &AccountDifference| (one.partner.clone(), one.difference.currency());
                let is_same = merged.last().is_some_and(|last| place(last) == place(&own));
                if !is_same && merged.len() == limit {
                    return Ok(Page { items: merged, next: Some(String::new()) });
                }
                match merged.last_mut().filter(|_| is_same) {
                    Some(last) => {
                        let sum = last.difference.try_add(own.difference);
                        last.difference = sum.map_err(|error| item::inconsistent(&key_of(&pk, &own), error))?;
                        last.lines = last.lines.saturating_add(own.lines);
                    }
                    None => merged.push(own),
                }
            }
            if next.is_none() {
                return Ok(Page { items: merged, next: None });
            }
            start = next;
        }
    }
}

fn key_of(pk: &str, difference: &AccountDifference) -> Key {
    Key { pk: pk.to_owned(), sk: difference.partner.to_string() }
}
