//! The ledger's desk: what people do to money that is booked, and what they ask of it.

pub mod adjustments;
pub mod balances;
pub mod claims;
pub mod holds;
pub mod reattribution;
pub mod recognition;

use domain::audit::{Actor, AuditEntry, ChainEnd, Deed, append};
use domain::fraud::policy::Policy;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::{Store, TenantKey};

use crate::error::CaseError;
use crate::risk::look::Look;
use crate::under::{is_of_request, of_request};

/// How often a change that others raced is begun again.
const TRIES_MAX: usize = 8;

/// The desk of a tenant at an instant, and who sits there.
#[derive(Clone, Debug)]
pub struct Desk<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// Whose.
    pub tenant: &'a TenantKey,
    /// Who acts.
    pub actor: Actor,
    /// Now.
    pub now: Timestamp,
    /// The ledger's zone.
    pub zone: Zone,
    /// Above how many whole units a correction needs a second person.
    pub four_eyes_above: u32,
    /// What each signal of fraud weighs.
    policy: Policy,
    /// Under the name of which request.
    request: Option<String>,
}

impl<'a> Desk<'a> {
    /// The desk as the tenant has set it up.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open(
        store: &'a Store,
        tenant: &'a TenantKey,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Self, CaseError> {
        let settings = store.get_settings(tenant).await?;
        let (zone, four_eyes_above, policy) = (settings.ledger_zone, settings.four_eyes_above, settings.risk);
        Ok(Self { store, tenant, actor, now, zone, four_eyes_above, policy, request: None })
    }

    /// The desk under the name of a request: whoever asks again under it, because the first answer was lost, is answered
    /// as the first was, and nothing is done twice.
    #[must_use]
    pub fn under(self, request: String) -> Self {
        Self { request: Some(request), ..self }
    }

    /// The day in the ledger's zone.
    #[must_use]
    pub fn today(&self) -> BusinessDay {
        self.zone.day_of(self.now)
    }

    /// What is told of a step at this desk.
    fn told(&self, end: ChainEnd, aggregate: &str, deed: Deed) -> AuditEntry {
        append(end, aggregate, of_request(deed, self.request.as_deref()))
    }

    /// Has this very request taken its step already?
    async fn has_done(&self, aggregate: &str) -> Result<bool, CaseError> {
        let Some(request) = &self.request else { return Ok(false) };
        let trail = self.store.list_audit(self.tenant, aggregate).await?;
        Ok(trail.iter().any(|entry| is_of_request(entry, request)))
    }

    /// The look for fraud at whoever is credited here.
    fn look(&self) -> Look<'_> {
        Look { store: self.store, tenant: self.tenant, policy: &self.policy, now: self.now }
    }
}
