//! What rules look at of a partner: the tier and groups of its enrolment, who referred it, a link's own rate.

use domain::attribution::{Credit, PartnerTerms};
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::rate::Rate;
use domain::sale::Decision;
use domain::tier::Tier;
use serde::{Deserialize, Serialize};

use crate::partners::record::PartnerChange;
use crate::request::Written;
use crate::{Store, StoreError, TenantKey};

/// What an enrolment says of a partner's terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentTerms {
    /// The step in the programme.
    #[serde(default)]
    pub tier: Tier,
    /// The groups, each a word of the tenant's.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Who referred the partner.
    #[serde(default)]
    pub referrer: Option<PartnerId>,
}

impl Store {
    /// The terms of a partner in a programme, through a link, perhaps a moment old.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_terms(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        program: &ProgramId,
        link: Option<&LinkId>,
    ) -> Result<PartnerTerms, StoreError> {
        let key = tenant.enrolment(partner, program);
        let found: Option<EnrolmentTerms> =
            self.get_eventually(&self.tables.core, &key, "reading a partner's terms").await?;
        let EnrolmentTerms { tier, groups, referrer } = found.unwrap_or_default();
        let link_rate = self.rate_of_link(tenant, link).await?;
        // Nobody is paid for having referred themselves.
        let referrer = referrer.filter(|referrer| referrer != partner);
        let referrer = match referrer {
            // COM-13: whoever was deleted while they were named is nobody, and nothing is booked for nobody.
            Some(named) => self.get_partner(tenant, &named).await?.map(|there| there.id),
            None => None,
        };
        Ok(PartnerTerms { tier, groups, link_rate, referrer })
    }

    async fn rate_of_link(&self, tenant: &TenantKey, link: Option<&LinkId>) -> Result<Option<Rate>, StoreError> {
        let Some(link) = link else { return Ok(None) };
        Ok(self.get_link(tenant, link).await?.and_then(|link| link.commission_rate))
    }

    /// Fills in the terms of the credits that are new since a decision before; partners who stay keep theirs. A link's own
    /// rate is of the link: it stays where the link does, and is the other's where another brought the customer.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn fill_terms(
        &self,
        tenant: &TenantKey,
        decision: &mut Decision,
        before: &[Credit],
    ) -> Result<(), StoreError> {
        let Decision::Partners { credits, .. } = decision else { return Ok(()) };
        for credit in credits {
            let same = |old: &&Credit| old.partner == credit.partner && old.program == credit.program;
            credit.terms = match before.iter().find(same) {
                Some(old) if old.link == credit.link => old.terms.clone(),
                Some(old) => {
                    let link_rate = self.rate_of_link(tenant, credit.link.as_ref()).await?;
                    PartnerTerms { link_rate, ..old.terms.clone() }
                }
                None => self.get_terms(tenant, &credit.partner, &credit.program, credit.link.as_ref()).await?,
            };
        }
        Ok(())
    }

    /// Sets the terms of a partner in a programme; `ConditionFailed` when it is not enrolled there. Sales that are
    /// decided keep theirs.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_terms(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        program: &ProgramId,
        terms: &EnrolmentTerms,
    ) -> Result<Written, StoreError> {
        let Some(before) = self.get_partner_record(tenant, partner).await? else {
            return Ok(Written::ConditionFailed);
        };
        let mut after = before.clone().raised();
        let Some(enrolment) = after.enrolments.iter_mut().find(|enrolment| enrolment.program == *program) else {
            return Ok(Written::ConditionFailed);
        };
        enrolment.tier = terms.tier;
        enrolment.groups.clone_from(&terms.groups);
        enrolment.referrer.clone_from(&terms.referrer);
        let change = PartnerChange::of(&before, &after);
        self.change_partner(tenant, &change).await
    }
}

#[cfg(test)]
mod tests;
