//! What a programme sets about who brought a customer.

use serde::{Deserialize, Serialize};

use crate::attribution::models::Model;

/// How long a customer stays with whoever brought them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// For good: the first decision holds.
    #[default]
    Once,
    /// As long as the touch counts: each sale is decided by the touches within the window before it.
    PerWindow,
}

/// A programme's settings of attribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributionSettings {
    /// How several clicks share.
    pub model: Model,
    /// Does a click go above a coupon?
    pub click_over_coupon: bool,
    /// How long a decision holds.
    pub binding: Binding,
    /// May partners bring customers who were known before?
    pub existing_customers_allowed: bool,
}

impl AttributionSettings {
    /// Is nothing set but the defaults?
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
