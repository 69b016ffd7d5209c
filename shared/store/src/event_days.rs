//! On which day an event was first told, by its id: raw events lie by their day, and whoever tells one id on two days has
//! told one event.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    day: BusinessDay,
    expires_at: i64,
}

impl Store {
    /// The day under which an event of this id lies: this one, when it is told for the first time.
    ///
    /// # Errors
    /// The table is away, or the item cannot be read.
    pub async fn record_event_day(
        &self,
        tenant: &TenantKey,
        (provider, event_id): (&str, &str),
        day: BusinessDay,
        expires_at: Timestamp,
    ) -> Result<BusinessDay, StoreError> {
        let key = tenant.event_day(provider, event_id);
        let item = Item { entity: "event_day".to_owned(), v: 1, day, expires_at: expires_at.as_second() };
        let request = self
            .db
            .put_item()
            .table_name(&self.tables.ops)
            .set_item(Some(item::write(&key, &item)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(day) };
        let there: Attributes = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned().unwrap_or_default(),
            _ => return Err(unavailable("recording the day of an event", error)),
        };
        item::read::<Item>(there).map(|item| item.day)
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TenantId;

    use super::*;
    use crate::Tables;

    #[tokio::test]
    async fn an_event_keeps_the_day_on_which_it_was_first_told() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenants = [TenantId::default_tenant(), TenantId::from_ulid(2_u128.into())].map(|id| TenantKey::from(&id));
        let until: Timestamp = "2026-10-01T00:00:00Z".parse().expect("an instant");
        for (tenant, id, told, kept) in [
            (0, "sale.1", "2026-09-01", "2026-09-01"),
            (0, "sale.1", "2026-09-02", "2026-09-01"),
            (0, "sale.2", "2026-09-02", "2026-09-02"),
            (1, "sale.1", "2026-09-03", "2026-09-03"),
            (0, "sale.1", "2026-08-01", "2026-09-01"),
        ] {
            let day = BusinessDay::parse(told).expect("a day");
            let found = store.record_event_day(&tenants[tenant], ("track", id), day, until).await.expect("store");
            assert_eq!(found.to_string(), kept, "{tenant} {id} {told}");
        }
    }
}
