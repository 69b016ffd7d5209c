//! What a tenant thinks of each signal: points as data, and the limits from which habits are signals.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Reason, SCORE_MAX, Signal};
use crate::fault::Fault;
use crate::id::ProgramId;
use crate::rate::Rate;

/// How long a policy may be as JSON: it lies in the tenant's settings, which every fact reads.
const BYTES_MAX: usize = 2_000;
/// From an hour on a sale is nothing quick.
const QUICK_SALE_SECONDS_MAX: u32 = 3_600;

/// Points and limits. What a tenant does not set is as shipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Points by reason; a reason that is not named has its shipped points, one of 0 points is off.
    pub points: BTreeMap<Reason, u16>,
    /// A sale this many seconds after its click, or sooner, is quick.
    pub quick_sale_seconds: u32,
    /// So many new customers of one partner within an hour are too many.
    pub velocity_customers: u32,
    /// So many customers from one address and browser on one day are too many.
    pub shared_address_customers: u32,
    /// From this share of its sales wholly returned a partner's refund rate is a signal.
    pub refund_rate: Rate,
    /// Below so many sales there is no rate to speak of.
    pub refund_rate_sales: u32,
    /// Hosts that visits must not come from, by programme.
    pub banned_referrers: BTreeMap<ProgramId, BTreeSet<String>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
            quick_sale_seconds: 10,
            velocity_customers: 20,
            shared_address_customers: 3,
            refund_rate: Rate::of_millionths(300_000),
            refund_rate_sales: 10,
            banned_referrers: BTreeMap::new(),
        }
    }
}

/// The policy of a tenant that has set none.
pub static SHIPPED: LazyLock<Policy> = LazyLock::new(Policy::default);

impl Policy {
    /// The points of a reason.
    #[must_use]
    pub fn points_of(&self, reason: Reason) -> u16 {
        self.points.get(&reason).copied().unwrap_or_else(|| shipped(reason))
    }

    /// The signal of a reason, unless the tenant has switched it off.
    #[must_use]
    pub fn signal(&self, code: Reason, detail: impl Into<String>) -> Option<Signal> {
        let points = self.points_of(code);
        (points > 0).then(|| Signal { code, points, detail: detail.into() })
    }

    /// Has the programme banned a host, or a domain that it belongs to?
    #[must_use]
    pub fn bans(&self, program: &ProgramId, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_of = |banned: &String| {
            host.strip_suffix(banned.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        !host.is_empty() && self.banned_referrers.get(program).is_some_and(|hosts| hosts.iter().any(is_of))
    }

    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        // cannot fail: a struct of texts and numbers
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut note = |pointer: String, why: &str| faults.push(Fault::form(pointer, why));
        for (reason, points) in &self.points {
            if *points > SCORE_MAX {
                note(format!("/points/{}", reason.code()), "from 0 to 100");
            }
        }
        for (name, value) in [
            ("velocity_customers", self.velocity_customers),
            ("shared_address_customers", self.shared_address_customers),
        ] {
            if value < 2 {
                note(format!("/{name}"), "at least 2: one customer is no crowd");
            }
        }
        if self.quick_sale_seconds > QUICK_SALE_SECONDS_MAX {
            // A limit of days would hold every sale that a click brings.
            note("/quick_sale_seconds".to_owned(), "at most 3600: later than that nobody is quick");
        }
        if self.refund_rate_sales == 0 {
            note("/refund_rate_sales".to_owned(), "at least 1");
        }
        for (program, hosts) in &self.banned_referrers {
            if !hosts.iter().all(|host| is_host(host)) {
                note(format!("/banned_referrers/{program}"), "lower-case host names, such as coupons.example");
            }
        }
        // Nothing is a rate, and each host is one: what is not possible is only what they come to.
        if self.refund_rate.millionths() == 0 {
            faults.push(Fault::clash("/refund_rate", "above 0; give refund_rate 0 points to switch it off"));
        }
        if self.to_json().len() > BYTES_MAX {
            let why = format!("too many hosts: the whole policy may have {BYTES_MAX} bytes as JSON");
            faults.push(Fault::clash("/banned_referrers", why));
        }
        faults
    }
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (3..=253).contains(&text.len()) && text.contains('.') && text.split('.').all(is_label)
}

/// The points as shipped. One sure sign holds; two suspend; weak ones only add up.
#[must_use]
pub fn shipped(reason: Reason) -> u16 {
    match reason {
        Reason::SelfReferralPayout => 70,
        Reason::SelfReferralEmail | Reason::SelfReferralCard => 60,
        Reason::DuplicatePartner => 40,
        Reason::SelfReferralAddress | Reason::BannedReferrer | Reason::SharedAddress | Reason::RefundRate => 30,
        Reason::Velocity => 25,
        Reason::SelfReferralDevice | Reason::QuickSale | Reason::PaidTraffic => 20,
        Reason::DisposableEmail => 15,
    }
}
