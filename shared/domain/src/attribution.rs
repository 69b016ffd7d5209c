//! Who brought a customer, with a reason for every loser.
//!
//! Touches are looked up and become [`candidate::Candidate`]s; [`choice::choose`] decides between them; what is known of
//! a customer is merged in [`customer::Customer`], which decides each of their sales; [`record`] shows it to people.

pub mod candidate;
pub mod choice;
pub mod claim;
pub mod customer;
#[cfg(test)]
mod fixtures;
pub mod models;
pub mod record;
pub mod settings;

use crate::id::{LinkId, PartnerId, ProgramId};
use crate::rate::Rate;
use crate::tier::Tier;
use crate::time::Timestamp;

/// Who a sale was attributed to, as items of the first version have it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Winner {
    /// The partner.
    pub partner: PartnerId,
    /// The programme whose rules apply.
    pub program: ProgramId,
    /// The link that brought the customer.
    pub link: LinkId,
    /// The click that won.
    pub clicked_at: Timestamp,
}

/// What made somebody win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A person decided.
    Manual,
    /// The customer is on the partner's account list.
    Managed,
    /// A claim of the partner was accepted.
    Claim,
    /// A coupon of the partner.
    Coupon,
    /// A click on a link of the partner.
    Click,
    /// A lead of the partner's, by its address.
    LeadEmail,
}

/// What of a partner the rules look at, as it was when the decision was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartnerTerms {
    /// The partner's tier in the programme.
    #[serde(default, skip_serializing_if = "is_first_tier")]
    pub tier: Tier,
    /// The partner's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The link's own rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_rate: Option<Rate>,
    /// Who referred the partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<PartnerId>,
}

fn is_first_tier(tier: &Tier) -> bool {
    *tier == Tier::default()
}

/// A partner's credit for a sale.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Credit {
    /// Who.
    pub partner: PartnerId,
    /// Under which programme's rules.
    pub program: ProgramId,
    /// The link that brought the customer, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// What made it win.
    pub source: Source,
    /// When the click was, if one won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// Its part of the sum of the weights of all credits; 1 alone.
    pub weight: u64,
    /// The partner's terms at the time of the decision.
    #[serde(default)]
    pub terms: PartnerTerms,
}

impl Credit {
    /// The whole credit, by a click on a link.
    #[must_use]
    pub fn by_click(partner: PartnerId, program: ProgramId, link: LinkId, clicked_at: Timestamp) -> Self {
        let (link, clicked_at) = (Some(link), Some(clicked_at));
        Self { partner, program, link, source: Source::Click, clicked_at, weight: 1, terms: PartnerTerms::default() }
    }
}

/// Why a touch did not win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// A later eligible click won.
    EarlierThanWinner,
    /// The click is older than the window.
    OutsideWindow,
    /// The click came after the conversion.
    AfterConversion,
    /// The tenant has no such link.
    UnknownLink,
    /// The tenant has no such coupon.
    UnknownCoupon,
    /// The partner was not active when it happened.
    InactivePartner,
    /// The programme was closed when it happened.
    ClosedProgram,
    /// The coupon was not valid any more, or not yet.
    ExpiredCoupon,
    /// The partner is the customer.
    SelfReferral,
    /// The customer was known before anybody's first touch.
    ExistingCustomer,
    /// Something that goes above it won.
    LowerPrecedence,
    /// An earlier click won, as the programme's model says.
    LaterThanWinner,
    /// The clicks of another programme share.
    OtherProgram,
    /// The customer had been bound at an earlier meeting.
    BoundBefore,
}

impl LossReason {
    /// The word in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EarlierThanWinner => "earlier_than_winner",
            Self::OutsideWindow => "outside_window",
            Self::AfterConversion => "after_conversion",
            Self::UnknownLink => "unknown_link",
            Self::UnknownCoupon => "unknown_coupon",
            Self::InactivePartner => "inactive_partner",
            Self::ClosedProgram => "closed_program",
            Self::ExpiredCoupon => "expired_coupon",
            Self::SelfReferral => "self_referral",
            Self::ExistingCustomer => "existing_customer",
            Self::LowerPrecedence => "lower_precedence",
            Self::LaterThanWinner => "later_than_winner",
            Self::OtherProgram => "other_program",
            Self::BoundBefore => "bound_before",
        }
    }

    /// Reads the word; `None` for another.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        serde::Deserialize::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word)).ok()
    }
}

/// Why nobody is paid for a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NobodyReason {
    /// The customer was not met yet; a later check-out may decide.
    CustomerUnknown,
    /// No click token came with the customer.
    NoTouch,
    /// The token is not one of ours.
    TokenRefused,
    /// There were touches, and each lost.
    NoEligibleTouch,
    /// The sale happened before the click that brought the customer.
    BeforeTheClick,
    /// The customer was known before anybody's first touch.
    ExistingCustomer,
    /// A person decided that nobody is paid.
    ByDecision,
    /// The programme has no rule in force at the time of the sale.
    NoRule,
}

/// A touch that lost, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Loser {
    /// What kind of touch.
    #[serde(default = "click", skip_serializing_if = "is_click")]
    pub source: Source,
    /// Whose it was, if it was anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The link of a click, or of the lead's click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    /// When: the click, the use of the coupon, the lead.
    #[serde(alias = "clicked_at")]
    pub touched_at: Timestamp,
    /// Why it lost.
    pub reason: LossReason,
}

fn click() -> Source {
    Source::Click
}

fn is_click(source: &Source) -> bool {
    *source == Source::Click
}
