//! The keys of years that are told to the tax office.

use domain::digest::Digest;
use domain::id::{PartnerId, RemittanceId};
use domain::tax::InformationReturn;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn tax_years(&self) -> String {
        self.pk("tax-years")
    }

    pub(crate) fn tax_year(&self, year: i16) -> Key {
        Key::new(self.tax_years(), year.to_string())
    }

    pub(crate) fn tax_batch(&self, year: i16, no: u32) -> Key {
        Key::new(self.pk(&format!("tax-year#{year}")), format!("count#{no:06}"))
    }

    pub(crate) fn tax_rows(&self, year: i16, no: u32) -> String {
        self.pk(&format!("tax-rows#{year}#{no:06}"))
    }

    pub(crate) fn tax_row(&self, year: i16, no: u32, of: (InformationReturn, &PartnerId)) -> Key {
        Key::new(self.tax_rows(year, no), format!("{}#{}", of.0.word(), of.1))
    }

    pub(crate) fn tax_file(&self, year: i16, no: u32, name: &str) -> Key {
        Key::new(self.pk(&format!("tax-files#{year}#{no:06}")), name)
    }

    pub(crate) fn tax_remittances(&self) -> String {
        self.pk("tax-remittances")
    }

    pub(crate) fn tax_remittance(&self, id: &RemittanceId) -> Key {
        Key::new(self.tax_remittances(), id.as_str())
    }

    pub(crate) fn tax_deposit(&self, year: i16, reference: &Digest) -> Key {
        Key::new(self.pk(&format!("tax-deposit#{year}#{reference}")), "remittance")
    }

    pub(crate) fn tax_settings(&self) -> Key {
        Key::new(self.pk("tenant"), "tax-settings")
    }
}
