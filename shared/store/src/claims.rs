//! Claims of partners to customers.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::attribution::claim::{Claim, ClaimState, Naming};
use domain::audit::AuditEntry;
use domain::digest::Digest;
use domain::id::{ClaimId, PartnerId};
use serde::{Deserialize, Serialize};

use crate::customers::CustomerChange;
use crate::keys::Key;
use crate::partner_news::{PartnerNews, PartnerNewsKind};
use crate::registry::{Entries, Entry, next_of};
use crate::request::{self, Range, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey, item};

/// The name under which the address in a claim is sealed; it belongs to (tenant, the claiming partner's id, this).
pub const EMAIL: &str = "claim.email";
/// The name under which what a partner says in a claim is sealed.
pub const EVIDENCE: &str = "claim.evidence";

/// What became of a claim that was to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimMade {
    /// It is there.
    Yes,
    /// The partner has claimed the same before, and that claim was not declined.
    Already(ClaimId),
}

/// What a partner has claimed, so that nobody claims the same twice.
#[derive(Serialize, Deserialize)]
struct ClaimedItem {
    entity: String,
    v: u32,
    claim: ClaimId,
}

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
    /// A new claim; the same once more changes nothing. What the partner has claimed already, by the same words for the
    /// same programme, is not claimed again.
    ///
    /// # Errors
    /// The store does not answer, the id is another claim's, or its partner was erased meanwhile.
    pub async fn create_claim(
        &self,
        tenant: &TenantKey,
        claim: &Claim,
        audit: &[AuditEntry],
    ) -> Result<ClaimMade, StoreError> {
        let doing = "making a claim";
        let (core, claimed) = (&self.tables.core, tenant.claimed(&claim.partner, &claimed_of(claim)));
        let there = ClaimedItem { entity: "claimed".to_owned(), v: 1, claim: claim.id.clone() };
        let mut items = vec![
            request::put_new(core, &tenant.claim(&claim.id), &ClaimItem::new(claim))?,
            request::put_new(core, &tenant.partner_claim(&claim.partner, &claim.id), &Entry::of("partner_claim"))?,
            request::put_new(core, &claimed, &there)?,
            // OPS-4: what is claimed behind the erasure of its partner would be sealed for somebody who was forgotten.
            self.not_erased(tenant, &claim.partner)?,
        ];
        for entry in audit {
            items.push(self.new_audit_entry(tenant, entry)?);
        }
        if self.transact(items, doing).await? == Transacted::Yes {
            return Ok(ClaimMade::Yes);
        }
        match self.get_claim(tenant, &claim.id).await? {
            Some(there) if there == *claim => return Ok(ClaimMade::Yes),
            Some(_) => return Err(StoreError::LostRace { doing }),
            None => {}
        }
        let other: Option<ClaimedItem> = self.get(core, &claimed, doing).await?;
        other.map(|other| ClaimMade::Already(other.claim)).ok_or(StoreError::LostRace { doing })
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

    /// One page of a partner's claims, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_partner_claims(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        after: Option<&ClaimId>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError> {
        let partitions = vec![tenant.partner_partition(partner)];
        let entries = Entries { partitions, prefix: "claim#", doing: "listing a partner's claims" };
        let ids = self.list_newest(&entries, after.map(ClaimId::as_str), limit + 1).await?;
        let ids_here = ids.iter().take(limit).filter_map(|id| ClaimId::parse(id).ok());
        let keys: Vec<Key> = ids_here.map(|id| tenant.claim(&id)).collect();
        let items: Vec<ClaimItem> = self.get_many(&keys, entries.doing).await?;
        Ok(Page { items: items.into_iter().map(|item| item.claim).collect(), next: next_of(&ids, limit) })
    }

    /// The ids of all claims of a partner, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_claim_ids(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<ClaimId>, StoreError> {
        let (pk, prefix) = (tenant.partner_partition(partner), "claim#");
        let range = Range::prefix(&pk, prefix);
        let found = self.list_attributes(&self.tables.core, &range, "listing all claims of a partner").await?;
        let id_of = |sk: String| sk.strip_prefix(prefix).and_then(|id| ClaimId::parse(id).ok());
        Ok(found.iter().filter_map(|attributes| id_of(item::place_of(attributes).1)).collect())
    }

    /// OPS-4: what a claim says is destroyed, with the address that it names and the digests of that; the claim and what
    /// was decided stay. `ConditionFailed` when somebody decided meanwhile: read it again. What is forgotten already is
    /// not written again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_claim(&self, tenant: &TenantKey, before: &Claim) -> Result<Written, StoreError> {
        if before.is_forgotten() {
            return Ok(Written::Yes);
        }
        let (core, item) = (&self.tables.core, ClaimItem::new(&before.clone().forget()));
        let mut items = vec![request::replace(core, &tenant.claim(&before.id), &item, item.version - 1)?];
        if before.naming.email.is_some() {
            // Its key is a digest of the address's digest: whoever guesses the address finds it.
            items.push(request::delete_any(core, &tenant.claimed(&before.partner, &claimed_of(before)))?);
        }
        Ok(match self.transact(items, "forgetting what a claim says").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A pending claim is decided, or a first person says yes to it: it, the customer in their version, what its partner
    /// is told, and the audit, in one transaction. `ConditionFailed` when somebody decided meanwhile, or the customer
    /// changed: read both again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide_claim(&self, tenant: &TenantKey, decision: &ClaimDecision<'_>) -> Result<Written, StoreError> {
        let (core, claim) = (&self.tables.core, decision.claim);
        let item = ClaimItem::new(claim);
        // A claim is never written but onwards: when it is made, for a first yes, when it is decided or forgotten.
        let seen = item.version - 1;
        let mut items = vec![request::replace(core, &tenant.claim(&claim.id), &item, seen)?];
        if matches!(claim.state, ClaimState::Declined(_)) {
            // With better evidence the same may be claimed again.
            items.push(request::delete_any(core, &tenant.claimed(&claim.partner, &claimed_of(claim)))?);
        }
        if let Some(news) = news_of(claim) {
            items.push(self.new_partner_news(tenant, (&claim.partner, news_no(&claim.id)), &news)?);
        }
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
    fn new(claim: &Claim) -> Self {
        // Forgetting counts, too: else a decision on what was read before it would bring back what was destroyed.
        let steps = [claim.first.is_some(), claim.state != ClaimState::Pending, claim.is_forgotten()];
        let version = steps.into_iter().filter(|is_taken| *is_taken).fold(1, |version, _| version + 1);
        Self { entity: "claim".to_owned(), v: 1, version, claim: claim.clone() }
    }
}

/// What its partner is told, once it is decided.
fn news_of(claim: &Claim) -> Option<PartnerNews> {
    let (kind, decided) = match &claim.state {
        ClaimState::Pending => return None,
        ClaimState::Accepted(decided) => (PartnerNewsKind::ClaimAccepted, decided),
        ClaimState::Declined(decided) => (PartnerNewsKind::ClaimDeclined, decided),
    };
    let (program, reason) = (Some(claim.program.clone()), Some(decided.reason.clone()));
    Some(PartnerNews { kind, program, reason, at: decided.at })
}

/// The number of the news of a claim among its partner's: by its random part, far above the versions of a partner.
fn news_no(claim: &ClaimId) -> u64 {
    u64::try_from(claim.ulid().random() & u128::from(u64::MAX)).unwrap_or(u64::MAX)
}

/// What is claimed: the words by which the customer is named, else the customer, for a programme.
fn claimed_of(claim: &Claim) -> Digest {
    let Naming { email, order, .. } = &claim.naming;
    let customer = match (email, order) {
        (None, None) => claim.customer.as_ref().map(|customer| customer.as_str().to_owned()).unwrap_or_default(),
        _ => String::new(),
    };
    let email = email.map(|email| email.to_string()).unwrap_or_default();
    let order = order.clone().unwrap_or_default();
    Digest::of(&[claim.program.as_str().as_bytes(), email.as_bytes(), order.as_bytes(), customer.as_bytes()])
}

#[cfg(test)]
mod tests;
