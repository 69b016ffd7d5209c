//! Customers, whether we bill them or know them from a provider's events alone; and what partners say of them in claims.

use std::collections::BTreeSet;

use domain::attribution::claim::Claim;
use domain::attribution::customer::Customer;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{ClaimId, CustomerId, PartnerId};
use store::buyers::BillingCustomer;
use store::privacy::CustomerErasure;
use store::{Store, TenantKey, Written};

use super::{Erased, Erasing, TRIES_MAX};
use crate::desk::claims::customers_of;
use crate::error::CaseError;

/// How many claims are looked through at once.
const CLAIMS_AT_ONCE: usize = 100;

/// A customer as they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerName {
    /// Our id, under which it is kept what they asked for: [`CustomerId::of`] the provider's.
    pub id: CustomerId,
    /// The provider's, where they were asked for by it: `stripe:cus_…`. Whom we do not bill is found by it alone.
    pub provider: Option<PaymentKey>,
}

impl CustomerName {
    /// Reads `cus_…`, or the provider's id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = CustomerId::parse(text) {
            return Some(Self { id, provider: None });
        }
        let provider = PaymentKey::parse(text).ok()?;
        Some(Self { id: CustomerId::of(&provider), provider: Some(provider) })
    }
}

/// What is held of a customer.
#[derive(Clone, Debug)]
pub struct HeldCustomer {
    /// As the provider names them.
    pub provider: PaymentKey,
    /// Where we bill them.
    pub buyer: Option<BillingCustomer>,
    /// What a provider's events told.
    pub known: Option<Customer>,
}

impl HeldCustomer {
    /// The digests of the addresses that they gave.
    fn addresses(&self) -> BTreeSet<Digest> {
        self.known.iter().flat_map(|known| known.mentions.iter().chain(&known.quiet)).map(|told| told.email).collect()
    }

    /// Is nothing left by which they would be known?
    fn is_bare(&self) -> bool {
        self.buyer.as_ref().is_none_or(|buyer| buyer.email_sealed.is_empty()) && self.addresses().is_empty()
    }
}

/// What is held of a customer; `None` where nothing is.
///
/// # Errors
/// The store does not answer.
pub async fn customer_of(
    store: &Store,
    tenant: &TenantKey,
    name: &CustomerName,
) -> Result<Option<HeldCustomer>, CaseError> {
    let buyer = store.get_buyer(tenant, &name.id).await?;
    let provider = buyer.as_ref().map(|buyer| buyer.provider.clone()).or_else(|| name.provider.clone());
    let Some(provider) = provider else { return Ok(None) };
    let known = store.get_customer(tenant, &provider).await?;
    let is_held = buyer.is_some() || known.is_some();
    Ok(is_held.then_some(HeldCustomer { provider, buyer, known }))
}

/// The claims that are about a customer, as far as it can be known: those that name them, those by an address that they
/// gave, those by an order of theirs. All of the tenant's are looked through: no list leads from a customer to claims.
///
/// # Errors
/// The store does not answer.
pub async fn claims_about(store: &Store, tenant: &TenantKey, customer: &HeldCustomer) -> Result<Vec<Claim>, CaseError> {
    let addresses = customer.addresses();
    let (mut about, mut after): (Vec<Claim>, Option<ClaimId>) = (Vec::new(), None);
    loop {
        let page = store.list_claims(tenant, after.as_ref(), CLAIMS_AT_ONCE).await?;
        for claim in page.items {
            let is_named = claim.customer.as_ref() == Some(&customer.provider);
            let has_address = claim.naming.email.is_some_and(|email| addresses.contains(&email));
            let is_about = is_named
                || has_address
                || claim.customer.is_none()
                    && customers_of(store, tenant, &claim.naming).await?.contains(&customer.provider);
            if is_about {
                about.push(claim);
            }
        }
        after = page.next.as_deref().and_then(|text| ClaimId::parse(text).ok());
        if after.is_none() {
            return Ok(about);
        }
    }
}

/// All claims of a partner.
///
/// # Errors
/// The store does not answer.
pub async fn claims_of(store: &Store, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Claim>, CaseError> {
    let mut claims = Vec::new();
    for id in store.list_claim_ids(tenant, partner).await? {
        claims.extend(store.get_claim(tenant, &id).await?);
    }
    Ok(claims)
}

impl Erasing<'_> {
    /// What these claims say is destroyed.
    pub(super) async fn forget(&self, claims: &[Claim]) -> Result<(), CaseError> {
        for claim in claims.iter().filter(|claim| !claim.is_forgotten()) {
            self.forget_one(&claim.id).await?;
        }
        Ok(())
    }

    async fn forget_one(&self, id: &ClaimId) -> Result<(), CaseError> {
        for _ in 0..TRIES_MAX {
            let Some(claim) = self.store.get_claim(self.tenant, id).await? else { return Ok(()) };
            if self.store.forget_claim(self.tenant, &claim).await? == Written::Yes {
                return Ok(());
            }
        }
        Err(CaseError::Busy)
    }

    /// A customer, with what was said of them.
    pub(super) async fn customer(&self, name: &CustomerName) -> Result<Option<Erased>, CaseError> {
        let Some(held) = customer_of(self.store, self.tenant, name).await? else { return Ok(Some(Erased::NotFound)) };
        let mut claims = claims_about(self.store, self.tenant, &held).await?;
        claims.retain(|claim| !claim.is_forgotten());
        if held.is_bare()
            && claims.is_empty()
            && let Some(before) = self.store.get_subject(self.tenant, name.id.as_str()).await?.erased
        {
            return Ok(Some(Erased::Done { at: before.at, kept: Vec::new() }));
        }
        // They are found by the addresses that the customer gave: before those go.
        self.forget(&claims).await?;
        let mentions = held.known.iter().flat_map(|known| &known.mentions);
        let addresses: Vec<Digest> = mentions.map(|told| told.email).collect();
        let without = held.known.as_ref().map(without_traces);
        let after = held.buyer.as_ref().map(without_person);
        let customer = held.known.as_ref().zip(without.as_ref());
        let customer = customer.map(|(before, after)| (&held.provider, before.version, after));
        let erasure = CustomerErasure { id: &name.id, buyer: after.as_ref(), customer, addresses: &addresses };
        let written = self.telling.erase_customer(self.tenant, &erasure, self.asked).await?;
        Ok((written == Written::Yes).then_some(Erased::Done { at: self.asked.at, kept: Vec::new() }))
    }
}

/// Who brought a customer, without by what they would be known again.
fn without_traces(known: &Customer) -> Customer {
    let mut without = known.clone();
    (without.mentions, without.quiet) = (Vec::new(), Vec::new());
    for seen in &mut without.sightings {
        seen.candidate.visitor = None;
    }
    without.version += 1;
    without
}

/// A customer whom we bill, without the person.
fn without_person(buyer: &BillingCustomer) -> BillingCustomer {
    BillingCustomer {
        email_sealed: String::new(),
        name_sealed: None,
        place: None,
        card: None,
        version: buyer.version + 1,
        written_by: "erased".to_owned(),
        ..buyer.clone()
    }
}
