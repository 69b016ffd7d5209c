//! Plans that customers subscribe to: made once, never changed; another price is another plan.

use domain::id::PlanId;
use domain::plan::Plan;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::request::{Range, Written};
use crate::{Page, Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct PlanItem {
    entity: String,
    v: u32,
    plan: Plan,
}

impl Store {
    /// A new plan. `ConditionFailed` when another is there under its id; the same once more is there already.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn create_plan(&self, tenant: &TenantKey, plan: &Plan) -> Result<Written, StoreError> {
        let item = PlanItem { entity: "plan".to_owned(), v: 1, plan: plan.clone() };
        let key = tenant.plan(&plan.id);
        if self.put_new(&self.tables.core, &key, &item, "creating a plan").await? == Written::Yes {
            return Ok(Written::Yes);
        }
        let there = self.get_plan(tenant, &plan.id).await?;
        Ok(if there.as_ref() == Some(plan) { Written::Yes } else { Written::ConditionFailed })
    }

    /// A plan by its id.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_plan(&self, tenant: &TenantKey, plan: &PlanId) -> Result<Option<Plan>, StoreError> {
        let found: Option<PlanItem> = self.get(&self.tables.core, &tenant.plan(plan), "reading a plan").await?;
        Ok(found.map(|item| item.plan))
    }

    /// A page of the plans in the order in which they were made, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_plans(
        &self,
        tenant: &TenantKey,
        after: Option<&PlanId>,
        limit: usize,
    ) -> Result<Page<Plan>, StoreError> {
        let after = after.map(PlanId::as_str);
        let page: Page<PlanItem> = self.page_behind(&tenant.plans(), after, limit, "listing plans").await?;
        Ok(Page { items: page.items.into_iter().map(|item| item.plan).collect(), next: page.next })
    }

    /// A page of a partition in the order of its places, behind one.
    pub(crate) async fn page_behind<T: DeserializeOwned>(
        &self,
        pk: &str,
        after: Option<&str>,
        limit: usize,
        doing: &'static str,
    ) -> Result<Page<T>, StoreError> {
        // No place has a character below `!`, so what is behind one begins just after it.
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let (found, more) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let next = found.last().filter(|_| more.is_some()).map(|row| item::place_of(row).1);
        let items: Result<Vec<T>, StoreError> = found.into_iter().map(item::read).collect();
        Ok(Page { items: items?, next })
    }
}

#[cfg(test)]
mod tests;
