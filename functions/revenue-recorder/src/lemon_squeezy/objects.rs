//! Licence keys and affiliates: kept as they stand, and nothing is booked by them. Lemon Squeezy pays its affiliates
//! itself (PAY-14).

use std::collections::BTreeMap;

use domain::fact::Fact;
use domain::subscription::{ProviderObject, ProviderObjectKind};

use super::Told;
use crate::fields::Untranslatable;

/// A licence key: never the key itself.
pub(super) fn license_key(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let license = &told.attributes;
    let mut details = BTreeMap::new();
    for name in ["order_id", "product_id"] {
        if let Some(id) = license.number_or_text(name)? {
            details.insert(name.to_owned(), id);
        }
    }
    kept(told, ProviderObjectKind::LicenseKey, ("license-key", license.text("status")?), details)
}

/// An affiliate of Lemon Squeezy's own programme.
pub(super) fn affiliate(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let digest = told.email().map(|email| email.to_hex());
    let details = digest.into_iter().map(|digest| ("email_digest".to_owned(), digest)).collect();
    kept(told, ProviderObjectKind::Affiliate, ("affiliate", told.attributes.text("status")?), details)
}

fn kept(
    told: &Told<'_>,
    kind: ProviderObjectKind,
    (word, state): (&str, &str),
    details: BTreeMap<String, String>,
) -> Result<Vec<Fact>, Untranslatable> {
    Ok(vec![Fact::ProviderObject(ProviderObject {
        kind,
        object: told.key(word)?,
        state: state.to_owned(),
        amount: None,
        returned: None,
        of: told.customer()?,
        details,
        told_at: told.told_at()?,
    })])
}
