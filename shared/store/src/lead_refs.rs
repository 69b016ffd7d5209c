//! Leads by the digest of their address: which partner's touch they carried, and which customers wait to hear of one.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::attribution::Source;
use domain::attribution::candidate::{Candidate, CandidateTarget};
use domain::attribution::settings::AttributionSettings;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::customers::LeadsRead;
use crate::item;
use crate::keys::Key;
use crate::request::{self, Range, Written};
use crate::{Store, StoreError, TenantKey};

/// The most leads that are kept of an address: the earliest.
pub const LEADS_MAX: usize = 4;

/// The leads of an address that carried a partner's touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leads {
    /// In the order in which they happened.
    pub candidates: Vec<Candidate>,
    /// Raised by every change; zero where there are none.
    pub version: u64,
}

impl Leads {
    /// With one more; whether that was news. The order in which they are told does not matter.
    pub fn add(&mut self, candidate: &Candidate) -> bool {
        let before = self.candidates.clone();
        if !self.candidates.iter().any(|known| known.is_same(candidate)) {
            self.candidates.push(candidate.clone());
        }
        self.candidates.sort_by(|a, b| (a.at, a).cmp(&(b.at, b)));
        self.candidates.truncate(LEADS_MAX);
        self.candidates != before
    }
}

#[derive(Serialize, Deserialize)]
struct LeadsItem {
    entity: String,
    v: u32,
    version: u64,
    leads: Vec<LeadInItem>,
}

#[derive(Serialize, Deserialize)]
struct LeadInItem {
    at_ms: i64,
    link: Option<LinkId>,
    partner: PartnerId,
    program: ProgramId,
    window_days: u16,
    #[serde(default, skip_serializing_if = "AttributionSettings::is_default")]
    settings: AttributionSettings,
}

#[derive(Serialize, Deserialize)]
struct WaitingItem {
    entity: String,
    v: u32,
    customer: PaymentKey,
}

impl Store {
    /// The leads of an address that carried a partner's touch, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_leads(&self, tenant: &TenantKey, email: Digest) -> Result<Leads, StoreError> {
        let key = tenant.leads(&email);
        let found: Option<LeadsItem> = self.get(&self.tables.core, &key, "reading the leads of an address").await?;
        found.map_or(Ok(Leads::default()), |item| item.read(&key))
    }

    /// An address has these leads from now on, if nothing changed since they were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_leads(&self, tenant: &TenantKey, email: Digest, leads: &Leads) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.leads(&email));
        let item = LeadsItem::new(leads);
        let put = match leads.version {
            0 => request::put_new(core, &key, &item)?,
            version => request::replace(core, &key, &item, version)?,
        };
        self.put_alone(put, "recording a lead's touch").await
    }

    /// The customers who gave an address while nobody was known to have brought them, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_waiting_for_lead(
        &self,
        tenant: &TenantKey,
        email: Digest,
    ) -> Result<Vec<PaymentKey>, StoreError> {
        let pk = tenant.leads(&email).pk;
        let doing = "listing who waits to hear of a lead";
        let found: Vec<WaitingItem> = self.list_range(&self.tables.core, &Range::prefix(&pk, "waits#"), doing).await?;
        Ok(found.into_iter().map(|item| item.customer).collect())
    }

    /// The customer is found by later leads; and no lead may have come since they were read, or both would miss the
    /// other.
    pub(crate) fn waiting_parts(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        read: LeadsRead,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        let core = &self.tables.core;
        let leads = tenant.leads(&read.email);
        let unchanged = match read.version {
            0 => request::check(core, &leads, "attribute_not_exists(pk)")?,
            version => request::check_version(core, &leads, version)?,
        };
        let place = tenant.waits_for_lead(&read.email, customer);
        let waits = request::UpdateBuilder::new(core, &place)
            .set("entity", item::text("waits_for_lead"))
            .set("v", item::number(1))
            .set("customer", item::text(customer.as_str()))
            .build_transact()?;
        Ok([waits, unchanged])
    }
}

impl LeadsItem {
    fn new(leads: &Leads) -> Self {
        let leads_in_item = leads.candidates.iter().filter_map(|lead| {
            let target = lead.target.as_ref()?;
            Some(LeadInItem {
                at_ms: lead.at.as_millisecond(),
                link: lead.link.clone(),
                partner: target.partner.clone(),
                program: target.program.clone(),
                window_days: target.window_days,
                settings: target.settings,
            })
        });
        Self { entity: "leads".to_owned(), v: 1, version: leads.version + 1, leads: leads_in_item.collect() }
    }

    fn read(self, key: &Key) -> Result<Leads, StoreError> {
        let mut candidates = Vec::new();
        for lead in self.leads {
            let at = Timestamp::from_millisecond(lead.at_ms).map_err(|error| item::inconsistent(key, error))?;
            let (partner, program, window_days) = (lead.partner, lead.program, lead.window_days);
            candidates.push(Candidate {
                source: Source::LeadEmail,
                at,
                link: lead.link,
                coupon: None,
                visitor: None,
                target: Some(CandidateTarget { partner, program, window_days, settings: lead.settings }),
                refused: None,
            });
        }
        Ok(Leads { candidates, version: self.version })
    }
}

#[cfg(test)]
mod tests;
