//! The keys of members, their queue, and awards.

use domain::id::{AwardId, MemberId};
use domain::time::{Timestamp, sortable};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn member(&self, member: &MemberId) -> Key {
        Key::new(self.pk(&format!("member#{member}")), "profile")
    }

    pub(crate) fn members(&self) -> String {
        self.pk("members")
    }

    pub(crate) fn member_registered(&self, member: &MemberId) -> Key {
        Key::new(self.members(), member.as_str())
    }

    pub(crate) fn award_queue(&self) -> String {
        self.pk("award-queue")
    }

    /// AWD-2: sorted by tenure, and of one instant by id.
    pub(crate) fn in_award_queue(&self, since: Timestamp, member: &MemberId) -> Key {
        Key::new(self.award_queue(), format!("{}#{member}", sortable(since)))
    }

    pub(crate) fn awards(&self) -> String {
        self.pk("awards")
    }

    pub(crate) fn award(&self, award: &AwardId) -> Key {
        Key::new(self.awards(), award.as_str())
    }

    pub(crate) fn award_tally(&self) -> Key {
        Key::new(self.awards(), "tally")
    }
}
