//! Account lists: the customers whom a partner manages. Each of their paid invoices earns, without a click.

use domain::attribution::Source;
use domain::attribution::customer::{Assigned, Customer};
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::customers::CustomerChange;
use crate::keys::Key;
use crate::request::{self, Range, Transacted, Written};
use crate::{Store, StoreError, TenantKey};

/// A customer on a partner's account list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Whose list.
    pub partner: PartnerId,
    /// Under which programme's rules.
    pub program: ProgramId,
    /// The customer.
    pub customer: PaymentKey,
    /// From which sale on.
    pub from: Timestamp,
    /// Until which, itself left out.
    pub until: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct ManagedItem {
    entity: String,
    v: u32,
    partner: PartnerId,
    program: ProgramId,
    customer: PaymentKey,
    from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Managed {
    /// The customer as the list leaves them.
    #[must_use]
    pub fn applied_to(&self, customer: &Customer) -> Customer {
        let mut after = customer.clone();
        match self.until {
            None => after.assign(Assigned {
                source: Source::Managed,
                partner: self.partner.clone(),
                program: self.program.clone(),
                from: self.from,
                until: None,
            }),
            Some(until) => after.unassign(Source::Managed, until),
        }
        after.version += 1;
        after
    }

    /// On which other partner's list the customer is from then on: that one keeps them.
    fn rival(&self, customer: &Customer) -> Option<PartnerId> {
        let at = self.until.unwrap_or(self.from);
        let is_on = |one: &&Assigned| one.source == Source::Managed && one.until.is_none_or(|until| until > at);
        let mut on_lists = customer.assigned.iter().filter(is_on);
        on_lists.find(|one| one.partner != self.partner).map(|one| one.partner.clone())
    }
}

impl Store {
    /// A customer comes onto a partner's list, or leaves it (`until`): the list and the customer in their version.
    /// `ConditionFailed` when the customer changed meanwhile, or is on another partner's list: [`Self::get_rival`] says.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn record_managed(&self, tenant: &TenantKey, managed: &Managed) -> Result<Written, StoreError> {
        let known = self.get_customer(tenant, &managed.customer).await?;
        let before = known.as_ref().map(|customer| customer.version);
        let known = known.unwrap_or_default();
        // COM-17: looked at in the version that the transaction asks for, so that of two at once the second finds the first.
        if managed.rival(&known).is_some() {
            return Ok(Written::ConditionFailed);
        }
        let after = managed.applied_to(&known);
        let (key, moves) = (&managed.customer, after.moves_from(&known));
        let change = CustomerChange { key, before, after: Some(&after), relies_on: &[], moves: &moves };
        let mut items = self.customer_parts(tenant, &change)?;
        let item = ManagedItem {
            entity: "managed".to_owned(),
            v: 1,
            partner: managed.partner.clone(),
            program: managed.program.clone(),
            customer: managed.customer.clone(),
            from: managed.from,
            until: managed.until,
        };
        items.push(request::put_when(
            &self.tables.core,
            &self.managed_key(tenant, managed),
            &item,
            "attribute_not_exists(pk) OR entity = entity",
        )?);
        Ok(match self.transact(items, "changing an account list").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The other partner on whose list the customer is.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_rival(&self, tenant: &TenantKey, managed: &Managed) -> Result<Option<PartnerId>, StoreError> {
        let known = self.get_customer(tenant, &managed.customer).await?;
        Ok(known.and_then(|known| managed.rival(&known)))
    }

    /// The customers on a partner's list, those who left it included.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_managed(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Managed>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let found: Vec<ManagedItem> =
            self.list_range(&self.tables.core, &Range::prefix(&pk, "managed#"), "listing an account list").await?;
        let read = |item: ManagedItem| {
            let ManagedItem { partner, program, customer, from, until, .. } = item;
            Managed { partner, program, customer, from, until }
        };
        Ok(found.into_iter().map(read).collect())
    }

    fn managed_key(&self, tenant: &TenantKey, managed: &Managed) -> Key {
        Key::new(tenant.partner_partition(&managed.partner), format!("managed#{}", managed.customer))
    }
}

#[cfg(test)]
mod tests;
