//! How often a key was used within a minute: what anybody can read in a page must not be used without end.

use domain::id::KeyId;
use domain::time::Timestamp;

use crate::item::{number, text};
use crate::keys::Key;
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

const MINUTE_S: i64 = 60;
/// Housekeeping: a minute that is over is not asked about again.
const KEPT_S: i64 = 3_600;

/// May a key be used once more?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It may, and is counted.
    Go,
    /// Not before so many seconds have passed.
    Wait(u32),
}

impl Store {
    /// Counts one use of a key, unless it was used so often within the minute of the clock already.
    ///
    /// One write, over all processes: a refused one costs a unit as well, and nothing behind it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_use(
        &self,
        tenant: &TenantKey,
        id: &KeyId,
        at: Timestamp,
        uses_max: u32,
    ) -> Result<Pace, StoreError> {
        let into = at.as_second().rem_euclid(MINUTE_S);
        let minute = at.as_second().saturating_sub(into);
        self.record_use_at(&tenant.pace(id, minute), (minute, into), uses_max).await
    }

    /// As [`Store::record_use`], of a door that strangers use without a key: the door's name tells one from another.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_use_of_door(
        &self,
        tenant: &TenantKey,
        door: &str,
        at: Timestamp,
        uses_max: u32,
    ) -> Result<Pace, StoreError> {
        let into = at.as_second().rem_euclid(MINUTE_S);
        let minute = at.as_second().saturating_sub(into);
        self.record_use_at(&tenant.door_pace(door, minute), (minute, into), uses_max).await
    }

    async fn record_use_at(&self, key: &Key, (minute, into): (i64, i64), uses_max: u32) -> Result<Pace, StoreError> {
        let update = UpdateBuilder::new(&self.tables.ops, key)
            .set("entity", text("pace"))
            .set("v", number(1))
            .set("expires_at", number(minute.saturating_add(KEPT_S)))
            .add("uses", 1)
            .require_below("uses", number(i64::from(uses_max)))
            .build()?;
        Ok(match self.update(update, "counting the use of a key").await? {
            Written::Yes => Pace::Go,
            Written::ConditionFailed => Pace::Wait(u32::try_from(MINUTE_S.saturating_sub(into)).unwrap_or(1)),
        })
    }
}

#[cfg(test)]
mod tests;
