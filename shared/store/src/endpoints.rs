//! Webhook endpoints of tenants: who sends there, and where its secret is kept. The secret itself is not here.

use domain::id::EndpointId;
use domain::provider::Provider;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::{Range, UpdateBuilder};
use crate::{Store, StoreError, TenantKey, Written, item};

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id, which names its tenant.
    pub id: EndpointId,
    /// Who sends there.
    pub provider: Provider,
    /// What people call it.
    pub name: String,
    /// The stores or accounts whose events come through; any, where none is named.
    pub stores: Vec<String>,
    /// The name of its secret in Secrets Manager.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on nothing comes through any more.
    pub disabled_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    id: EndpointId,
    provider: Provider,
    name: String,
    stores: Vec<String>,
    secret: String,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
}

impl From<Item> for Endpoint {
    fn from(item: Item) -> Self {
        let Item { id, provider, name, stores, secret, created_at, disabled_at, .. } = item;
        Self { id, provider, name, stores, secret, created_at, disabled_at }
    }
}

impl Store {
    /// A new endpoint of a tenant; `ConditionFailed` when there is one of that id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_endpoint(&self, tenant: &TenantKey, endpoint: &Endpoint) -> Result<Written, StoreError> {
        let Endpoint { id, provider, name, stores, secret, created_at, disabled_at } = endpoint.clone();
        let key = tenant.endpoint(&id);
        let entity = "webhook_endpoint".to_owned();
        let item = Item { entity, v: 1, id, provider, name, stores, secret, created_at, disabled_at };
        self.put_new(&self.tables.core, &key, &item, "creating a webhook endpoint").await
    }

    /// An endpoint, perhaps a moment old: its reader remembers it for a minute anyway.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_endpoint(&self, tenant: &TenantKey, id: &EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let found: Option<Item> =
            self.get_eventually(&self.tables.core, &tenant.endpoint(id), "reading a webhook endpoint").await?;
        Ok(found.map(Endpoint::from))
    }

    /// All endpoints of a tenant, in the order in which they were made.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_endpoints(&self, tenant: &TenantKey) -> Result<Vec<Endpoint>, StoreError> {
        let pk = tenant.endpoints();
        let range = Range::prefix(&pk, "whk_");
        let found: Vec<Item> = self.list_range(&self.tables.core, &range, "listing webhook endpoints").await?;
        Ok(found.into_iter().map(Endpoint::from).collect())
    }

    /// Nothing comes through an endpoint any more; `ConditionFailed` when there is none. The first time stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_endpoint_disabled(
        &self,
        tenant: &TenantKey,
        id: &EndpointId,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let key = tenant.endpoint(id);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set_if_absent("disabled_at", item::text(at.to_string()))
            .require("entity", Some(item::text("webhook_endpoint")))
            .build()?;
        self.update(update, "disabling a webhook endpoint").await
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TenantId;

    use super::*;
    use crate::Tables;

    #[tokio::test]
    async fn an_endpoint_is_found_by_its_tenant_alone_and_disabled_once() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let (mine, other) = (TenantId::from_ulid(7_u128.into()), TenantId::from_ulid(8_u128.into()));
        let (tenant, others) = (TenantKey::from(&mine), TenantKey::from(&other));
        let at = |second| Timestamp::from_second(second).expect("instant");
        let endpoint = |n: u128| Endpoint {
            id: EndpointId::of(&mine, n.into()),
            provider: Provider::LemonSqueezy,
            name: "shop".to_owned(),
            stores: vec!["12".to_owned()],
            secret: "prod/webhooks/x".to_owned(),
            created_at: at(1),
            disabled_at: None,
        };
        assert_eq!(store.create_endpoint(&tenant, &endpoint(1)).await.expect("store"), Written::Yes);
        assert_eq!(store.create_endpoint(&tenant, &endpoint(1)).await.expect("store"), Written::ConditionFailed);
        assert_eq!(store.create_endpoint(&tenant, &endpoint(2)).await.expect("store"), Written::Yes);
        let id = EndpointId::of(&mine, 1_u128.into());
        assert_eq!(id.tenant(), mine);
        assert_eq!(store.get_endpoint(&tenant, &id).await.expect("store"), Some(endpoint(1)));
        assert_eq!(store.get_endpoint(&others, &id).await.expect("store"), None);
        assert_eq!(store.list_endpoints(&tenant).await.expect("store"), [endpoint(1), endpoint(2)]);
        assert_eq!(store.list_endpoints(&others).await.expect("store"), []);
        for second in [5, 9] {
            let done = store.record_endpoint_disabled(&tenant, &id, at(second)).await.expect("store");
            assert_eq!(done, Written::Yes);
        }
        let found = store.get_endpoint(&tenant, &id).await.expect("store").expect("there");
        assert_eq!(found.disabled_at, Some(at(5)));
        let nobody = EndpointId::of(&mine, 99_u128.into());
        let none = store.record_endpoint_disabled(&tenant, &nobody, at(1)).await.expect("store");
        assert_eq!(none, Written::ConditionFailed);
    }
}
