//! The keys of recomputes and of their differences.

use domain::id::{ProgramId, RecomputeId};
use domain::line::Account;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn program_recomputing(&self, program: &ProgramId) -> Key {
        Key::new(self.pk(&format!("counted#{program}")), "recomputing")
    }

    pub(crate) fn recomputes(&self, program: &ProgramId) -> String {
        self.pk(&format!("recompute#{program}"))
    }

    pub(crate) fn recompute(&self, program: &ProgramId, recompute: &RecomputeId) -> Key {
        Key::new(self.recomputes(program), recompute.as_str())
    }

    pub(crate) fn recompute_differences(&self, recompute: &RecomputeId) -> String {
        self.pk(&format!("difference#{recompute}"))
    }

    pub(crate) fn recompute_difference(
        &self,
        recompute: &RecomputeId,
        round: u32,
        account: &Account,
        through: &str,
    ) -> Key {
        let Account { partner, currency } = account;
        Key::new(self.recompute_differences(recompute), format!("{round:08}#{partner}#{currency}#{through}"))
    }
}
