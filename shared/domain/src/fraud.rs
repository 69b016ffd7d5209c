//! Fraud: signals with points and reason codes, what their sum means, and the review that only a person ends.
//!
//! A signal never moves money by itself. From thirty points on a sale's commission is held, and a review is opened; the
//! way back out of `held` is [`review::Review::decide`], which takes a person. Nothing here knows how late it is: a hold
//! does not end.

pub mod habits;
pub mod marks;
pub mod policy;
pub mod purchase;
pub mod review;

use crate::id::PartnerId;

/// What was noticed: the reason code of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// FRD-1: the buyer's normalised e-mail is the partner's.
    SelfReferralEmail,
    /// FRD-1: the buyer used a device of the partner's, as far as one day can tell.
    SelfReferralDevice,
    /// FRD-1: the buyer came from the address and browser that the partner signed in with that day.
    SelfReferralAddress,
    /// FRD-1: it was paid from the account that the partner is paid to.
    SelfReferralPayout,
    /// FRD-1: it was paid by a card of the partner's.
    SelfReferralCard,
    /// FRD-2: several customers of the partner came from one address and browser on one day.
    SharedAddress,
    /// FRD-2: more new customers within an hour than people bring.
    Velocity,
    /// FRD-2: paid sooner after the click than a person can.
    QuickSale,
    /// FRD-2: too much of what the partner brings goes back.
    RefundRate,
    /// FRD-3: an address to throw away.
    DisposableEmail,
    /// FRD-3: the visit came from an advertisement.
    PaidTraffic,
    /// FRD-3: the visit came from a host that the programme has banned.
    BannedReferrer,
    /// FRD-3: another partner has the same e-mail or the same payout account.
    DuplicatePartner,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::SelfReferralEmail,
        Self::SelfReferralDevice,
        Self::SelfReferralAddress,
        Self::SelfReferralPayout,
        Self::SelfReferralCard,
        Self::SharedAddress,
        Self::Velocity,
        Self::QuickSale,
        Self::RefundRate,
        Self::DisposableEmail,
        Self::PaidTraffic,
        Self::BannedReferrer,
        Self::DuplicatePartner,
    ];

    /// The reason code, in items and answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SelfReferralEmail => "self_referral_email",
            Self::SelfReferralDevice => "self_referral_device",
            Self::SelfReferralAddress => "self_referral_address",
            Self::SelfReferralPayout => "self_referral_payout",
            Self::SelfReferralCard => "self_referral_card",
            Self::SharedAddress => "shared_address",
            Self::Velocity => "velocity",
            Self::QuickSale => "quick_sale",
            Self::RefundRate => "refund_rate",
            Self::DisposableEmail => "disposable_email",
            Self::PaidTraffic => "paid_traffic",
            Self::BannedReferrer => "banned_referrer",
            Self::DuplicatePartner => "duplicate_partner",
        }
    }

    /// Reads a reason code; `None` when there is no such reason.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// A reason, its points, and what of it may be shown: never personal data.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Signal {
    /// What was noticed.
    pub code: Reason,
    /// How much it weighs.
    pub points: u16,
    /// What makes it so, in a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The signals about one partner.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Whom they are about.
    pub partner: PartnerId,
    /// What was noticed, by reason code.
    pub signals: Vec<Signal>,
}

impl Finding {
    /// With signals that were noticed besides. Of two with one reason code the heavier stays, else the one known before.
    pub fn add(&mut self, more: &[Signal]) {
        for signal in more {
            match self.signals.iter_mut().find(|known| known.code == signal.code) {
                Some(known) if known.points < signal.points => *known = signal.clone(),
                Some(_) => {}
                None => self.signals.push(signal.clone()),
            }
        }
        self.signals.sort_by_key(|signal| signal.code);
    }
}

/// The highest score.
pub const SCORE_MAX: u16 = 100;
/// From here on a sale is held and a person looks.
pub const HOLD_FROM: u16 = 30;
/// From here on the review proposes to suspend the partner, and nothing is paid to them until it is decided.
pub const SUSPEND_FROM: u16 = 70;

/// FRD-4: what a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Noted, and nothing else.
    Watch,
    /// The commission is held until a person decides.
    Hold,
    /// Besides, nothing at all is paid to the partner until then, and the review proposes to suspend them. It is a
    /// proposal: a stranger who types a partner's e-mail at a check-out must not be able to end a partner by it.
    Suspend,
}

impl Band {
    /// Every band, the mildest first.
    pub const ALL: [Self; 3] = [Self::Watch, Self::Hold, Self::Suspend];

    /// FRD-4: below thirty watch, below seventy hold and review, from there on suspend.
    #[must_use]
    pub fn of(score: u16) -> Self {
        match score {
            ..HOLD_FROM => Self::Watch,
            HOLD_FROM..SUSPEND_FROM => Self::Hold,
            SUSPEND_FROM.. => Self::Suspend,
        }
    }

    /// The word in items and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Hold => "hold",
            Self::Suspend => "suspend",
        }
    }

    /// Must the commission be held?
    #[must_use]
    pub fn holds(self) -> bool {
        self >= Self::Hold
    }

    /// Must nothing be paid to the partner until a person decided?
    #[must_use]
    pub fn stops_payouts(self) -> bool {
        self >= Self::Suspend
    }
}

/// The sum of the points, each reason counted once, by its greatest; never above [`SCORE_MAX`]. More signals never make
/// fewer points.
#[must_use]
pub fn score(signals: &[Signal]) -> u16 {
    let mut sum = 0_u16;
    for reason in Reason::ALL {
        let points = signals.iter().filter(|signal| signal.code == reason).map(|signal| signal.points).max();
        sum = sum.saturating_add(points.unwrap_or(0));
    }
    sum.min(SCORE_MAX)
}

/// The greatest score of the findings: partners are not added up.
#[must_use]
pub fn score_of(findings: &[Finding]) -> u16 {
    findings.iter().map(|finding| score(&finding.signals)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
