//! Leads from the oldest on, and how far the nights have come that end those whose days are over.

use serde::Deserialize;

use super::{LeadItem, LeadPlace, StoredLead};
use crate::desk::BETWEEN;
use crate::item::{number, text};
use crate::request::{UpdateBuilder, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// How far the nights have come. It may be forgotten: then they begin at the oldest lead, and end nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadsEnded {
    /// The last lead of those behind which all have ended: none of them is looked at again.
    pub through: Option<LeadPlace>,
    /// The lead at which the last night stopped, where it did not come to the end.
    pub stopped_at: Option<LeadPlace>,
}

#[derive(Deserialize)]
struct EndedItem {
    #[serde(default)]
    through: Option<String>,
    #[serde(default)]
    stopped_at: Option<String>,
}

impl Store {
    /// A page of the tenant's leads, in the order in which they were captured.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_oldest_leads(
        &self,
        tenant: &TenantKey,
        limit: i32,
        after: Option<&LeadPlace>,
    ) -> Result<Page<StoredLead>, StoreError> {
        let desk = tenant.leads_desk();
        let start = after.map(|after| after.start(tenant, &desk));
        let page = self.list_desk_in::<LeadItem>(&desk, limit, (start, true), "listing the oldest leads").await?;
        Ok(Page { items: page.items.into_iter().map(StoredLead::from).collect(), next: page.next })
    }

    /// How far the nights have come that end leads whose days are over.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_leads_ended(&self, tenant: &TenantKey) -> Result<LeadsEnded, StoreError> {
        let doing = "reading through which lead leads have ended";
        let found: Option<EndedItem> = self.get(&self.tables.ops, &tenant.leads_ended(), doing).await?;
        let place = |text: Option<String>| text.as_deref().and_then(LeadPlace::parse);
        let read = |found: EndedItem| LeadsEnded { through: place(found.through), stopped_at: place(found.stopped_at) };
        Ok(found.map(read).unwrap_or_default())
    }

    /// The nights have come so far. Of two at once the later word stands: what one of them has ended the other finds ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_leads_ended(&self, tenant: &TenantKey, ended: &LeadsEnded) -> Result<(), StoreError> {
        let key = tenant.leads_ended();
        let mut update =
            UpdateBuilder::new(&self.tables.ops, &key).set("entity", text("leads_ended")).set("v", number(1));
        for (name, place) in [("through", &ended.through), ("stopped_at", &ended.stopped_at)] {
            update = match place {
                Some(place) => update.set(name, text(place.to_text())),
                None => update.remove(name),
            };
        }
        let _: Written = self.update(update.build()?, "recording through which lead leads have ended").await?;
        Ok(())
    }
}

impl LeadPlace {
    fn to_text(&self) -> String {
        self.desk_sk.replace('#', &BETWEEN.to_string())
    }
}
