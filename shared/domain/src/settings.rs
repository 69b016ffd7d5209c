//! What a tenant sets about itself: its name, how fast it may be asked, how long what is kept, what approvals need.
//!
//! What weighs in money (zone of the ledger, points of fraud, awards, payouts) has its own place and its own doors.

pub mod retention;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
pub use crate::settings::retention::{Retention, RetentionKind};

const NAME_CHARS_MAX: usize = 100;
const TERMS_CHARS_MAX: usize = 40;
/// Above this a limit is none: the store's own would be met first.
const REQUESTS_MAX: u32 = 1_000_000;
/// How long the settings may be as JSON: they lie with those that every fact reads.
const BYTES_MAX: usize = 1_500;

/// How often callers of a tenant may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// Requests of one partner or member within fifteen minutes.
    pub user_per_15_minutes: u32,
    /// Requests of one person of the tenant's own within fifteen minutes.
    pub admin_per_15_minutes: u32,
    /// Requests of one key of the tenant's own server within a minute.
    pub service_per_minute: u32,
    /// Approvals of one person within a minute.
    pub approvals_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            user_per_15_minutes: 100,
            admin_per_15_minutes: 1_000,
            service_per_minute: 600,
            approvals_per_minute: 10,
        }
    }
}

/// What a tenant has set about itself; what it has not, as shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// What people call the tenant; empty until somebody says.
    pub name: String,
    /// In whose name mail is sent; the tenant's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_sender_name: Option<String>,
    /// The version of the terms that partners accept, such as `2026-09`; none are asked for where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_version: Option<String>,
    /// Whether an approval of a payout needs a second factor.
    pub totp_for_approvals: bool,
    /// How often callers may ask.
    pub rate_limits: RateLimits,
    /// How long what is kept.
    pub retention_days: Retention,
}

impl TenantSettings {
    /// In whose name mail is sent, if anybody has said.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        let name = (!self.name.is_empty()).then_some(self.name.as_str());
        self.mail_sender_name.as_deref().or(name)
    }

    /// As they are kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        // cannot fail: a struct of texts and numbers
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that is wrong with them.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = self.retention_days.faults();
        let mut note = |pointer: &str, why: String| faults.push(Fault::form(pointer, why));
        for (pointer, text, chars_max) in [
            ("/name", Some(&self.name), NAME_CHARS_MAX),
            ("/mail_sender_name", self.mail_sender_name.as_ref(), NAME_CHARS_MAX),
            ("/terms_version", self.terms_version.as_ref(), TERMS_CHARS_MAX),
        ] {
            if text.is_some_and(|text| !is_one_line(text, chars_max)) {
                note(pointer, format!("1 to {chars_max} characters on one line, without spaces at its ends"));
            }
        }
        let limits = self.rate_limits;
        for (pointer, limit) in [
            ("/rate_limits/user_per_15_minutes", limits.user_per_15_minutes),
            ("/rate_limits/admin_per_15_minutes", limits.admin_per_15_minutes),
            ("/rate_limits/service_per_minute", limits.service_per_minute),
            ("/rate_limits/approvals_per_minute", limits.approvals_per_minute),
        ] {
            // Nobody could mend a limit of 0: the request that would is refused by it.
            if !(1..=REQUESTS_MAX).contains(&limit) {
                note(pointer, format!("from 1 to {REQUESTS_MAX}"));
            }
        }
        if self.to_json().len() > BYTES_MAX {
            faults.push(Fault::clash("", format!("the settings may have {BYTES_MAX} bytes as JSON")));
        }
        faults
    }
}

/// A header of a mail is made of it: a line end in it would begin another one.
fn is_one_line(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max
        && !text.trim().is_empty()
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
