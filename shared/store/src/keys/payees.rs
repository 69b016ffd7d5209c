//! The keys of where partners' money goes, and of their tax forms.

use domain::id::{PartnerId, PayoutRunId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn payout_methods(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "payout-methods")
    }

    pub(crate) fn tax_form(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "tax-form")
    }

    pub(crate) fn tax_form_before(&self, partner: &PartnerId, version: u32) -> Key {
        Key::new(self.partner_partition(partner), format!("tax-form#{version:08}"))
    }

    pub(crate) fn payout_runs(&self) -> String {
        self.pk("payout-runs")
    }

    pub(crate) fn payout_run(&self, run: &PayoutRunId) -> Key {
        Key::new(self.payout_runs(), run.as_str())
    }

    pub(crate) fn payout_policy(&self) -> Key {
        Key::new(self.pk("tenant"), "payout-policy")
    }

    pub(crate) fn fingerprint_key(&self) -> Key {
        Key::new(self.pk("tenant"), "fingerprint-key")
    }
}
