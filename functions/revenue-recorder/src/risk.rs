//! What came with a fact of whoever pays, for the look for fraud that its booking takes.

use cases::risk::look::{Look, Seen};
use domain::fact::{CustomerSeen, SalePaid};
use domain::touch::Touch;

use crate::booking::Recorder;

impl Recorder<'_> {
    /// The look for fraud of this booking.
    pub(crate) fn look(&self) -> Look<'_> {
        Look { store: self.store, tenant: self.tenant, policy: self.policy, now: self.now }
    }

    /// What a payment says of its buyer.
    pub(crate) fn seen_at_sale(&self, paid: &SalePaid) -> Seen {
        Seen { email: paid.email, buyer: paid.buyer.clone(), touches: self.touches_of(paid.click_token.as_deref()) }
    }

    /// What a check-out says of whoever pays.
    pub(crate) fn seen_at_check_out(&self, seen: &CustomerSeen) -> Seen {
        Seen { email: seen.email, buyer: seen.buyer.clone(), touches: self.touches_of(seen.click_token.as_deref()) }
    }

    fn touches_of(&self, click_token: Option<&str>) -> Vec<Touch> {
        let touches =
            click_token.and_then(|token| self.keys.verify(self.tenant.tenant(), token).ok()).unwrap_or_default();
        touches.as_slice().to_vec()
    }
}
