//! How many calls somebody made within a window of time: what a limit is held against.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::time::Timestamp;

use crate::item::{number, text};
use crate::request::{UpdateBuilder, unavailable};
use crate::{Store, StoreError, TenantKey};

/// Housekeeping: a window that is over is not asked about again.
const KEPT_S: i64 = 3_600;

/// So many calls within so many seconds; the windows follow one another by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What is counted, in one word: counts of different words are apart.
    pub kind: &'static str,
    /// How many calls.
    pub calls_max: u32,
    /// How long a window is, in seconds.
    pub window_s: u32,
}

impl Allowance {
    /// When the window of an instant began, in seconds, and how many seconds of it are left: 1 at least.
    #[must_use]
    pub fn window(&self, at: Timestamp) -> (i64, u32) {
        let length = i64::from(self.window_s.max(1));
        let into = at.as_second().rem_euclid(length);
        let left = u32::try_from(length.saturating_sub(into)).unwrap_or(1);
        (at.as_second().saturating_sub(into), left)
    }
}

/// What became of a call that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It is one of the allowed; so many are left in this window.
    Allowed {
        /// How many more may follow.
        left: u32,
    },
    /// The window had no more.
    TooMany,
}

impl Store {
    /// Counts one call of somebody, unless the window of this instant is used up.
    ///
    /// One conditional write, over all processes: of any number of calls at once exactly the allowed ones pass. A refused
    /// call costs a unit as well, and nothing behind it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_call(
        &self,
        tenant: &TenantKey,
        caller: &str,
        allowance: &Allowance,
        at: Timestamp,
    ) -> Result<Counted, StoreError> {
        let (window, _) = allowance.window(at);
        let update = UpdateBuilder::new(&self.tables.ops, &tenant.calls(allowance.kind, caller, window))
            .set("entity", text("calls"))
            .set("v", number(1))
            .set("expires_at", number(window.saturating_add(KEPT_S)))
            .add("calls", 1)
            .require_below("calls", number(i64::from(allowance.calls_max)))
            .build()?;
        let request = self
            .db
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .return_values(ReturnValue::UpdatedNew);
        match request.send().await {
            Ok(answer) => {
                let calls = answer.attributes.and_then(|new| new.get("calls")?.as_n().ok()?.parse::<u32>().ok());
                let left = allowance.calls_max.saturating_sub(calls.unwrap_or(allowance.calls_max));
                Ok(Counted::Allowed { left })
            }
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(Counted::TooMany)
            }
            Err(error) => Err(unavailable("counting a call", error)),
        }
    }
}

#[cfg(test)]
mod tests;
