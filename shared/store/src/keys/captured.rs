//! The keys of leads: the lead itself, its list and how far it was looked through for those whose days are over, whose
//! address it is, the counts of a day, the sources that are counted by, and how often the key of a page was used.

use domain::digest::Digest;
use domain::id::{KeyId, LeadId, ProgramId};
use domain::lead::LeadSource;
use domain::time::Timestamp;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn lead(&self, lead: &LeadId) -> Key {
        Key::new(self.pk(&format!("lead#{lead}")), "lead")
    }

    pub(crate) fn leads_desk(&self) -> String {
        self.pk("leads")
    }

    pub(crate) fn leads_ended(&self) -> Key {
        Key::new(self.pk("leads"), "ended")
    }

    /// Beside what attribution keeps of the address.
    pub(crate) fn lead_of_address(&self, email: &Digest, program: &ProgramId) -> Key {
        Key::new(self.leads(email).pk, format!("program#{program}"))
    }

    pub(crate) fn lead_days(&self) -> String {
        self.pk("lead-days")
    }

    pub(crate) fn lead_sources(&self, program: &ProgramId) -> Key {
        Key::new(self.pk("lead-sources"), program.as_str())
    }

    /// Of one key and one minute, by the second in which it begins.
    pub(crate) fn pace(&self, key: &KeyId, minute: i64) -> Key {
        Key::new(self.pk(&format!("pace#{key}")), minute.to_string())
    }

    /// The UTC day of an instant.
    pub(crate) fn lead_day(&self, at: Timestamp, program: &ProgramId, source: &LeadSource) -> Key {
        let day = at.to_string();
        let day = day.get(..10).unwrap_or_default();
        Key::new(self.lead_days(), format!("{day}#{program}#{}", source.as_str()))
    }
}
