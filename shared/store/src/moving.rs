//! Partners some of whose sales may be another's now. Who changes a customer puts such a row in the same transaction, and
//! whoever has looked at all open sales of the partner since takes it away: a month does not freeze for anybody before.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::fact::PaymentKey;
use domain::id::PartnerId;
use serde::{Deserialize, Serialize};

use crate::request::{self, Range, unavailable};
use crate::{Store, StoreError, TenantKey, Written, item};

/// A partner and a customer of theirs who changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Whose sales.
    pub partner: PartnerId,
    /// Of whom.
    pub customer: PaymentKey,
    /// The version of the customer that says so.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct MovingItem {
    entity: String,
    v: u32,
    partner: PartnerId,
    customer: PaymentKey,
    version: u64,
}

impl Store {
    /// The row, for the transaction that changes the customer: their version guards it.
    pub(crate) fn moving_part(&self, tenant: &TenantKey, moving: &Moving) -> Result<TransactWriteItem, StoreError> {
        let Moving { partner, customer, version } = moving.clone();
        let key = tenant.moving(&partner, &customer);
        let item = MovingItem { entity: "moving".to_owned(), v: 1, partner, customer, version };
        request::put_over(&self.tables.core, &key, &item)
    }

    /// Whose sales may be another's now: of one partner, or of all; strongly consistent, in the order of partners.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_moving(
        &self,
        tenant: &TenantKey,
        partner: Option<&PartnerId>,
    ) -> Result<Vec<Moving>, StoreError> {
        let pk = tenant.all_moving();
        let prefix = partner.map_or_else(|| PartnerId::PREFIX.to_owned(), |partner| format!("{partner}#"));
        let doing = "listing whose sales may be another's";
        let found: Vec<MovingItem> = self.list_range(&self.tables.core, &Range::prefix(&pk, &prefix), doing).await?;
        let read = |MovingItem { partner, customer, version, .. }| Moving { partner, customer, version };
        Ok(found.into_iter().map(read).collect())
    }

    /// All open sales of the partner are as the customer says. Refused when the customer changed once more: look again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn settle_moving(&self, tenant: &TenantKey, moving: &Moving) -> Result<Written, StoreError> {
        let key = tenant.moving(&moving.partner, &moving.customer);
        let request = self
            .db
            .delete_item()
            .table_name(&self.tables.core)
            .set_key(Some(item::key_map(&key)))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", item::number(moving.version));
        match request.send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(Written::ConditionFailed)
            }
            Err(error) => Err(unavailable("settling whose sales are another's", error)),
        }
    }
}

#[cfg(test)]
mod tests;
