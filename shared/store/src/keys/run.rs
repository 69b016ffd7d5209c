//! The keys of what a deployment does by the clock.

use domain::id::TenantId;
use domain::job::Job;

use super::{Key, TenantKey};
use crate::proofs::Reach;

impl TenantKey {
    pub(crate) fn migration(&self) -> Key {
        Key::new(self.pk("migration"), "journal")
    }

    /// The jobs of the deployment stand with the default tenant.
    pub(crate) fn jobs() -> String {
        Self(TenantId::default_tenant()).pk("jobs")
    }

    pub(crate) fn job(job: Job) -> Key {
        Key::new(Self::jobs(), job.name())
    }

    pub(crate) fn proof(&self, reach: Reach) -> Key {
        Key::new(self.pk("proofs"), reach.word())
    }

    pub(crate) fn seals_proof(&self) -> Key {
        Key::new(self.pk("proofs"), "seals")
    }
}
