//! The keys of who works with whom: rows by which partners are found, applications, groups, and what a programme is used by.

use domain::digest::Digest;
use domain::id::{ApplicationId, GroupId, PartnerId, ProgramId, TenantId};

use super::{Key, TenantKey};

/// The sort key of what says that a partner is being deleted, or was.
pub(crate) const LEAVING: &str = "leaving";

impl TenantKey {
    pub(crate) fn partner_rows(&self) -> String {
        self.pk("partners")
    }

    pub(crate) fn partner_row(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_rows(), partner.as_str())
    }

    pub(crate) fn enrolment(&self, partner: &PartnerId, program: &ProgramId) -> Key {
        Key::new(self.partner_partition(partner), format!("enrolment#{program}"))
    }

    pub(crate) fn agreed(&self, partner: &PartnerId, terms: &str) -> Key {
        Key::new(self.partner_partition(partner), format!("agreed#{terms}"))
    }

    /// That a partner is being deleted, or was: nothing new is made for it.
    pub(crate) fn leaving(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), LEAVING)
    }

    /// How often somebody was invited to sign in for a partner: of two at once one counts anew.
    pub(crate) fn invited(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "invited")
    }

    pub(crate) fn partner_news(&self, partner: &PartnerId, version: u64) -> Key {
        Key::new(self.partner_partition(partner), format!("news#{version:08}"))
    }

    /// That a partner referred another in a programme, or had.
    pub(crate) fn referred(&self, referrer: &PartnerId, partner: &PartnerId, program: &ProgramId) -> Key {
        Key::new(self.partner_partition(referrer), format!("referred#{partner}#{program}"))
    }

    pub(crate) fn application(&self, application: &ApplicationId) -> Key {
        Key::new(self.pk(&format!("application#{application}")), "application")
    }

    pub(crate) fn application_news(&self, application: &ApplicationId, version: u64) -> Key {
        Key::new(self.application(application).pk, format!("news#{version:08}"))
    }

    pub(crate) fn applications(&self, program: &ProgramId, state: &str) -> String {
        self.pk(&format!("applications#{program}#{state}"))
    }

    /// Whom an application of this address made a partner.
    pub(crate) fn taken_on(&self, address: &Digest) -> Key {
        Key::new(self.pk(&format!("taken-on#{}", address.to_hex())), "taken-on")
    }

    pub(crate) fn groups(&self) -> String {
        self.pk("groups")
    }

    pub(crate) fn group(&self, group: &GroupId) -> Key {
        Key::new(self.groups(), group.as_str())
    }

    /// How many versions of its rule were made.
    pub(crate) fn rule_count(&self, program: &ProgramId) -> Key {
        Key::new(self.pk(&format!("rules-made#{program}")), "count")
    }

    /// What says that a programme has, or had, a partner.
    pub(crate) fn program_used(&self, program: &ProgramId) -> Key {
        Key::new(self.pk(&format!("used#{program}")), "used")
    }

    /// Whose a programme is stands with the default tenant, as the registry of tenants does: who applies has no key that
    /// would say it.
    pub(crate) fn program_owner(program: &ProgramId) -> Key {
        Key::new(Self(TenantId::default_tenant()).pk("program-owners"), program.as_str())
    }

    /// How often strangers used a door within the minute that begins at this second.
    pub(crate) fn door_pace(&self, door: &str, minute: i64) -> Key {
        Key::new(self.pk(&format!("pace#{door}")), minute.to_string())
    }
}
