//! A subscription that begins with a trial is a sign-up; one that is paid at once tells itself by its first invoice.

use domain::fact::{Fact, SignUp};
use domain::time::Timestamp;

use super::field::Fields;
use super::{Untranslatable, key, required_key, time_or, token_in_metadata, traits};

/// The fact of a new subscription.
pub(super) fn created(subscription: &Fields<'_>, event_at: Timestamp) -> Result<Option<Fact>, Untranslatable> {
    if subscription.optional_text("status") != Some("trialing") {
        return Ok(None);
    }
    Ok(Some(Fact::SignUp(SignUp {
        event: key(subscription, "id", subscription.text("id")?)?,
        customer: required_key(subscription, "customer")?,
        occurred_at: time_or(subscription, "created", event_at)?,
        click_token: token_in_metadata(subscription),
        coupon: traits::of(subscription, None).coupon,
        email: None,
    })))
}
