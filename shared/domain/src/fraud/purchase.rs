//! The signals of one sale for one partner who is credited with it.

use super::marks::{MarkKind, OwnMarks, Session, day_of};
use super::policy::Policy;
use super::{Reason, Signal};
use crate::attribution::{Credit, Source};
use crate::digest::Digest;
use crate::fact::Buyer;
use crate::time::Timestamp;
use crate::touch::{DeviceHash, Touch, VisitorHash};

/// What the click that is credited left behind, when it is still kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landing {
    /// The host that the visitor came from; empty when they came from nowhere.
    pub referrer_host: String,
    /// The name of the advertiser's parameter that the visit carried: `gclid`.
    pub paid_traffic: Option<String>,
    /// The device, under the key of the click's day.
    pub device: Option<DeviceHash>,
}

/// What is known of a sale and of one partner who is credited with it.
#[derive(Clone, Copy, Debug)]
pub struct Purchase<'a> {
    /// When it was paid, at the provider.
    pub occurred_at: Timestamp,
    /// Digest of the buyer's normalised e-mail.
    pub email: Option<Digest>,
    /// What else is known of the buyer.
    pub buyer: &'a Buyer,
    /// The visits that the buyer's token tells of.
    pub touches: &'a [Touch],
    /// The credit of the partner.
    pub credit: &'a Credit,
    /// What the credited click left behind.
    pub landing: Option<&'a Landing>,
    /// By what the partner would be known again.
    pub own: &'a OwnMarks,
}

/// FRD-1 to FRD-3: everything that is noticed about a sale, by reason.
#[must_use]
pub fn signals(purchase: &Purchase<'_>, policy: &Policy) -> Vec<Signal> {
    let mut found = Vec::new();
    let mut note = |reason, detail: String| found.extend(policy.signal(reason, detail));
    let (own, buyer) = (purchase.own, purchase.buyer);
    if purchase.email.is_some_and(|email| own.has(MarkKind::Email, email)) {
        note(Reason::SelfReferralEmail, "the buyer's e-mail is the partner's".to_owned());
    }
    if purchase.device_is_own() {
        note(Reason::SelfReferralDevice, "the partner used this device that day".to_owned());
    }
    if purchase.touches.iter().any(|touch| visited_by(own, touch)) {
        note(Reason::SelfReferralAddress, "the partner worked from this address and browser that day".to_owned());
    }
    if buyer.paid_from.is_some_and(|account| own.has(MarkKind::Payout, account)) {
        note(Reason::SelfReferralPayout, "paid from the account that the partner is paid to".to_owned());
    }
    if buyer.paid_from.is_some_and(|card| own.has(MarkKind::Card, card)) {
        note(Reason::SelfReferralCard, "paid by a card of the partner's".to_owned());
    }
    if buyer.has_disposable_email {
        note(Reason::DisposableEmail, "an address to throw away".to_owned());
    }
    if let Some(seconds) = purchase.seconds_after_click()
        && seconds <= i64::from(policy.quick_sale_seconds)
    {
        note(Reason::QuickSale, format!("paid {seconds} s after the click"));
    }
    if let Some(landing) = purchase.landing {
        if let Some(name) = &landing.paid_traffic {
            note(Reason::PaidTraffic, format!("the visit carried {name}"));
        }
        if policy.bans(&purchase.credit.program, &landing.referrer_host) {
            note(Reason::BannedReferrer, format!("the visit came from {}", landing.referrer_host));
        }
    }
    found.sort_by_key(|signal| signal.code);
    found
}

impl Purchase<'_> {
    fn device_is_own(&self) -> bool {
        let device = self.landing.and_then(|landing| landing.device);
        let (Some(device), Some(clicked_at)) = (device, self.credit.clicked_at) else { return false };
        let day = day_of(clicked_at);
        self.own.sessions.iter().any(|session| session.day == day && session.device == Some(device))
    }

    /// How long the buyer took from the credited click to the payment. A renewal is long after; a click credited by
    /// other means is no click to count from.
    fn seconds_after_click(&self) -> Option<i64> {
        let clicked_at = self.credit.clicked_at.filter(|_| self.credit.source == Source::Click)?;
        let elapsed_ms = self.occurred_at.as_millisecond() - clicked_at.as_millisecond();
        // The provider tells whole seconds: a click of the same second may seem to come after.
        (elapsed_ms > -1000).then_some(elapsed_ms.max(0) / 1000)
    }
}

/// Each day hashes under a key of its own, so only visits of one day can be compared at all.
fn visited_by(own: &OwnMarks, touch: &Touch) -> bool {
    let day = day_of(touch.at);
    let same = |session: &Session| session.day == day && session.visitor == touch.visitor;
    // Whoever asks for privacy is nobody in particular, and no two of them are the same.
    touch.visitor != VisitorHash::NOBODY && own.sessions.iter().any(same)
}
