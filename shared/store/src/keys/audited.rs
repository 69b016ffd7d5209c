//! Keys of the audit by days, and of what is known of subjects of personal data.

use domain::digest::Digest;
use domain::fact::PaymentKey;

use super::{Key, TenantKey};

impl TenantKey {
    /// What was told on a day (UTC).
    pub(crate) fn audit_day(&self, day: &str) -> String {
        self.pk(&format!("audit-day#{day}"))
    }

    /// What a subject of personal data asked for.
    pub(crate) fn subject(&self, subject: &str, asked: &str) -> Key {
        Key::new(self.pk(&format!("subject#{subject}")), asked)
    }

    /// That a customer waits to hear of a lead of an address.
    pub(crate) fn waits_for_lead(&self, email: &Digest, customer: &PaymentKey) -> Key {
        Key::new(self.leads(email).pk, format!("waits#{customer}"))
    }

    /// The heads of the days that are over.
    pub(crate) fn audit_heads(&self) -> String {
        self.pk("audit-heads")
    }
}
