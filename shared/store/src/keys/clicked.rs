//! The keys of clicks and of what was counted of them.

use domain::id::LinkId;
use domain::time::Timestamp;
use domain::touch::{VisitorHash, hour_of};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn click(&self, link: &LinkId, at: Timestamp, visitor: VisitorHash) -> Key {
        let hour = hour_of(at);
        let (day, hour) = hour.split_at(8);
        Key::new(self.clicks(link, day), format!("{hour}#{visitor}"))
    }

    pub(crate) fn clicks(&self, link: &LinkId, day: &str) -> String {
        self.pk(&format!("{link}#{day}"))
    }

    pub(crate) fn click_counts(&self, link: &LinkId) -> String {
        self.pk(&format!("clicks#{link}"))
    }

    pub(crate) fn click_count(&self, link: &LinkId, day: &str) -> Key {
        Key::new(self.click_counts(link), day)
    }

    pub(crate) fn clicks_counted(&self) -> Key {
        Key::new(self.pk("clicks"), "counted")
    }
}
