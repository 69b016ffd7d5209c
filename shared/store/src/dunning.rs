//! How far the reminders of a payment that failed have come. Each step is a change of its item, and the stream tells of it.

use domain::fact::PaymentKey;
use domain::id::TenantId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::request::{self, Written};
use crate::{Store, StoreError, TenantKey};

/// The reminders of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dunning {
    /// Of which.
    pub payment: PaymentKey,
    /// From when the days are counted.
    pub since: Timestamp,
    /// The last step that was taken.
    pub step: Option<u8>,
    /// Raised by every step.
    pub version: u64,
}

/// A step as the stream shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DunningSeen {
    /// Whose.
    pub tenant: TenantId,
    /// Of which payment.
    pub payment: PaymentKey,
    /// The last step that was taken.
    pub step: Option<u8>,
}

#[derive(Serialize, Deserialize)]
struct DunningItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    payment: PaymentKey,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<u8>,
    version: u64,
}

impl DunningItem {
    fn of(tenant: &TenantKey, dunning: &Dunning) -> Self {
        let Dunning { payment, since, step, version } = dunning.clone();
        let entity = "dunning".to_owned();
        Self { entity, v: 1, tenant: tenant.tenant().clone(), payment, since, step, version }
    }
}

impl Store {
    /// How far the reminders of a payment have come.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_dunning(&self, tenant: &TenantKey, payment: &PaymentKey) -> Result<Option<Dunning>, StoreError> {
        let doing = "reading the reminders of a payment";
        let found: Option<DunningItem> = self.get(&self.tables.core, &tenant.dunning(payment), doing).await?;
        Ok(found.map(|item| Dunning {
            payment: item.payment,
            since: item.since,
            step: item.step,
            version: item.version,
        }))
    }

    /// The days of a payment begin to be counted; `ConditionFailed` when they are already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_dunning(&self, tenant: &TenantKey, dunning: &Dunning) -> Result<Written, StoreError> {
        let (key, item) = (tenant.dunning(&dunning.payment), DunningItem::of(tenant, dunning));
        self.put_new(&self.tables.core, &key, &item, "beginning the reminders of a payment").await
    }

    /// A step is taken; `ConditionFailed` when another run has taken one since this version was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_dunning(&self, tenant: &TenantKey, dunning: &Dunning) -> Result<Written, StoreError> {
        let (key, item) = (tenant.dunning(&dunning.payment), DunningItem::of(tenant, dunning));
        let put = request::replace(&self.tables.core, &key, &item, dunning.version.saturating_sub(1))?;
        self.put_alone(put, "taking a step of the reminders of a payment").await
    }
}

/// Reads a step from the stream.
///
/// # Errors
/// Not an item that this code can have written.
pub fn read_dunning_image(attributes: Attributes) -> Result<DunningSeen, StoreError> {
    let found: DunningItem = item::read(attributes)?;
    Ok(DunningSeen { tenant: found.tenant, payment: found.payment, step: found.step })
}
