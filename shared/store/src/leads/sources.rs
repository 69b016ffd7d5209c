//! By which sources the leads of a programme are counted.

use std::collections::BTreeSet;

use domain::id::ProgramId;
use domain::lead::LeadSource;
use serde::Deserialize;

use crate::item::{number, text};
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

#[derive(Deserialize)]
struct SourcesItem {
    #[serde(default)]
    sources: BTreeSet<String>,
}

impl Store {
    /// May leads be counted by this source? One that is new is remembered, unless there are so many already.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn record_lead_source(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        source: &LeadSource,
        sources_max: u16,
    ) -> Result<bool, StoreError> {
        let key = tenant.lead_sources(program);
        // A source is never forgotten: that it is there can be read a moment late.
        let known: Option<SourcesItem> =
            self.get_eventually(&self.tables.core, &key, "reading the sources of leads").await?;
        let known = known.map(|item| item.sources).unwrap_or_default();
        if known.contains(source.as_str()) {
            return Ok(true);
        }
        if known.len() >= usize::from(sources_max) {
            return Ok(false);
        }
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("lead_sources"))
            .set("v", number(1))
            .add_to_set("sources", source.as_str())
            .require_fewer("sources", i64::from(sources_max))
            .build()?;
        Ok(self.update(update, "remembering a source of leads").await? == Written::Yes)
    }
}
