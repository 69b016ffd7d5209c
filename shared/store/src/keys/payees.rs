//! The keys of where partners' money goes, and of their tax forms.

use domain::digest::Digest;
use domain::id::{MethodId, PartnerId, PayoutFileId, PayoutId, PayoutNoteId, PayoutRunId, ReportId};
use domain::payee::Rail;

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

    pub(crate) fn run_override(&self, run: &PayoutRunId) -> Key {
        Key::new(self.pk(&format!("payout-run#{run}")), "override")
    }

    pub(crate) fn payout_files(&self) -> String {
        self.pk("payout-files")
    }

    pub(crate) fn payout_file(&self, file: &PayoutFileId) -> Key {
        Key::new(self.payout_files(), file.as_str())
    }

    pub(crate) fn payout_file_numbers(&self) -> Key {
        Key::new(self.payout_files(), "numbers")
    }

    pub(crate) fn payout_file_content(&self, file: &PayoutFileId) -> Key {
        Key::new(self.pk(&format!("payout-file#{file}")), "content")
    }

    pub(crate) fn instructions_asked(&self, report: &ReportId) -> Key {
        Key::new(self.pk(&format!("report#{report}")), "instructions-asked")
    }

    pub(crate) fn instructions_made(&self, report: &ReportId) -> Key {
        Key::new(self.pk(&format!("report#{report}")), "instructions-made")
    }

    pub(crate) fn sent_row(&self, rail: Rail, reference: &str) -> Key {
        Key::new(self.pk(&format!("sent#{}#{reference}", rail.word())), "payout")
    }

    pub(crate) fn payout_notes(&self, payout: &PayoutId) -> String {
        self.pk(&format!("payout-notes#{payout}"))
    }

    pub(crate) fn payout_note(&self, payout: &PayoutId, note: &PayoutNoteId) -> Key {
        Key::new(self.payout_notes(payout), note.as_str())
    }

    pub(crate) fn payout_returns(&self, sha256: Digest) -> Key {
        Key::new(self.pk("payout-returns"), sha256.to_hex())
    }

    pub(crate) fn method_notice(&self, partner: &PartnerId, method: &MethodId) -> Key {
        Key::new(self.partner_partition(partner), format!("method-notice#{method}"))
    }

    pub(crate) fn rail_settings(&self) -> Key {
        Key::new(self.pk("tenant"), "rail-settings")
    }

    pub(crate) fn payout_policy(&self) -> Key {
        Key::new(self.pk("tenant"), "payout-policy")
    }

    pub(crate) fn payout_schedule(&self) -> Key {
        Key::new(self.pk("tenant"), "payout-schedule")
    }

    pub(crate) fn fingerprint_key(&self) -> Key {
        Key::new(self.pk("tenant"), "fingerprint-key")
    }
}
