//! A lead: somebody who left an address with a tenant's programme, how promising they are, and what became of them.
//!
//! REV-2: `captured → scored → qualified → converted | rejected | duplicate | erased`. Capturing and scoring are one step:
//! nothing is kept without its score. A lead is one person in one programme, by the normalised address: whoever leaves it
//! again is the same lead, seen once more.

pub mod address;
pub mod analytics;
pub mod person;
pub mod score;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{LeadId, ProgramId};
use crate::time::Timestamp;
use address::Address;
use score::Score;

/// From so many points on a lead is qualified.
pub const QUALIFIED_FROM: u8 = 50;
/// Who leaves an address again so long after has come back.
const COMES_BACK_SECONDS: i64 = 3_600;
/// The longest name of a source.
pub const SOURCE_CHARS_MAX: usize = 40;

/// Where a lead came from, as the tenant names it: `pricing-page`, `webinar`. In lower case, for it is counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeadSource(String);

impl LeadSource {
    /// Reads a source; `None` when it is empty, too long, or has other signs than letters, digits, `.`, `_` and `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().to_ascii_lowercase();
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        ((1..=SOURCE_CHARS_MAX).contains(&name.len()) && is_plain).then_some(Self(name))
    }

    /// What leads are counted under whose source is one too many.
    #[must_use]
    pub fn other() -> Self {
        Self("other".to_owned())
    }

    /// The source as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// That a person agreed to be kept: where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Where it was given: a form, a page, a contract.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

/// How a lead became a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Conversion {
    /// Somebody paid under the address.
    Payment,
    /// A person said so.
    Person {
        /// Who.
        id: String,
    },
}

/// Why a lead is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The address was made to be thrown away.
    DisposableAddress,
    /// The address's domain takes no mail.
    NoMailHost,
}

impl Rejection {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DisposableAddress => "disposable_address",
            Self::NoMailHost => "no_mail_host",
        }
    }
}

/// How far a lead is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LeadState {
    /// Captured and scored, below the mark.
    Scored,
    /// Captured and scored, worth somebody's time.
    Qualified,
    /// A customer by now.
    Converted {
        /// Since when.
        at: Timestamp,
        /// How.
        how: Conversion,
    },
    /// None to be followed.
    Rejected {
        /// Why.
        why: Rejection,
    },
    /// A customer already when the address was left.
    Duplicate {
        /// When that was found out.
        at: Timestamp,
    },
    /// Everything personal is gone, on a person's word.
    Erased {
        /// When.
        at: Timestamp,
    },
}

impl LeadState {
    /// Every word.
    pub const WORDS: [&'static str; 6] = ["scored", "qualified", "converted", "rejected", "duplicate", "erased"];

    /// The word in filters and answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Qualified => "qualified",
            Self::Converted { .. } => "converted",
            Self::Rejected { .. } => "rejected",
            Self::Duplicate { .. } => "duplicate",
            Self::Erased { .. } => "erased",
        }
    }

    /// Does it still wait to become a customer?
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Scored | Self::Qualified)
    }

    /// OPS-4: does it end by the days for which leads are kept? Whoever became a customer, or was one, does not; who was
    /// rejected never will be one.
    #[must_use]
    pub fn ends_by_its_days(&self) -> bool {
        matches!(self, Self::Scored | Self::Qualified | Self::Rejected { .. })
    }
}

/// A lead, without what is personal: that is sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Derived from programme and address.
    pub id: LeadId,
    /// The programme.
    pub program: ProgramId,
    /// The digest of the normalised address; `None` once it is erased.
    pub email: Option<Digest>,
    /// Where it came from first.
    pub source: LeadSource,
    /// What it is counted under, where its source is one too many to be counted by itself.
    pub counted_as: Option<LeadSource>,
    /// By which campaign.
    pub campaign: Option<String>,
    /// What the person agreed to, last.
    pub consent: Consent,
    /// When the address was first left.
    pub captured_at: Timestamp,
    /// When it was last, an hour or more after the time before.
    pub seen_at: Timestamp,
    /// How often it was left, an hour or more apart.
    pub captures: u32,
    /// How promising, and why.
    pub score: Score,
    /// How far it is.
    pub state: LeadState,
}

/// An address that is left now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The programme.
    pub program: ProgramId,
    /// What the address says.
    pub address: Address,
    /// May its domain take mail? `None` where nobody was asked.
    pub takes_mail: Option<bool>,
    /// Where it came from.
    pub source: LeadSource,
    /// By which campaign.
    pub campaign: Option<String>,
    /// What the person agreed to.
    pub consent: Consent,
    /// What is known of the person and of what they did.
    pub score: Score,
    /// When.
    pub at: Timestamp,
}

/// Why a lead does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lead is {state}; that is its end")]
pub struct Ended {
    /// The word of its state.
    pub state: &'static str,
}

impl Lead {
    /// An address is left for the first time, or after it was erased.
    #[must_use]
    pub fn capture(capture: Capture) -> Self {
        let rejected = if capture.address.is_disposable {
            Some(Rejection::DisposableAddress)
        } else if capture.takes_mail == Some(false) {
            Some(Rejection::NoMailHost)
        } else {
            None
        };
        let state = match rejected {
            Some(why) => LeadState::Rejected { why },
            None => graded(&capture.score),
        };
        Self {
            id: LeadId::of(&capture.program, &capture.address.digest),
            program: capture.program,
            email: Some(capture.address.digest),
            source: capture.source,
            counted_as: None,
            campaign: capture.campaign,
            consent: capture.consent,
            captured_at: capture.at,
            seen_at: capture.at,
            captures: 1,
            score: capture.score,
            state,
        }
    }

    /// The address is left again. What was known of it stays known: a score only rises by that. What has ended stays
    /// ended, except what was erased, which begins anew: the person has agreed anew.
    #[must_use]
    pub fn capture_again(self, capture: Capture) -> Self {
        if matches!(self.state, LeadState::Erased { .. }) {
            return Self::capture(capture);
        }
        // The same form sent twice is no coming back.
        let came_back = capture.at.as_second().saturating_sub(self.seen_at.as_second()) >= COMES_BACK_SECONDS;
        let score = self.score.joined(&capture.score);
        let score = if came_back { score.returned() } else { score };
        // REV-2: what is qualified stays so.
        let state = if self.state == LeadState::Scored { graded(&score) } else { self.state };
        Self {
            campaign: self.campaign.or(capture.campaign),
            consent: capture.consent,
            seen_at: if came_back { capture.at } else { self.seen_at },
            captures: self.captures.saturating_add(u32::from(came_back)),
            score,
            state,
            ..self
        }
    }

    /// A person says that the lead is a customer.
    ///
    /// # Errors
    /// It has ended.
    pub fn convert(self, by: String, at: Timestamp) -> Result<Self, Ended> {
        self.ending(LeadState::Converted { at, how: Conversion::Person { id: by } })
    }

    /// Somebody paid under the address. Who had paid before they left it was a customer already: that is no conversion.
    ///
    /// # Errors
    /// It has ended.
    pub fn pay(self, first_paid_at: Timestamp, paid_at: Timestamp) -> Result<Self, Ended> {
        let state = if first_paid_at < self.captured_at {
            LeadState::Duplicate { at: paid_at }
        } else {
            LeadState::Converted { at: paid_at, how: Conversion::Payment }
        };
        self.ending(state)
    }

    /// Everything personal goes. What is left names nobody, and keeps the counts true.
    ///
    /// # Errors
    /// It is erased already.
    pub fn erase(self, at: Timestamp) -> Result<Self, Ended> {
        if matches!(self.state, LeadState::Erased { .. }) {
            return Err(Ended { state: self.state.word() });
        }
        Ok(Self { email: None, campaign: None, score: Score::default(), state: LeadState::Erased { at }, ..self })
    }

    /// OPS-4: has it ended by the days for which leads are kept: from an instant on, nobody has left the address?
    #[must_use]
    pub fn is_over(&self, since: Timestamp) -> bool {
        self.state.ends_by_its_days() && self.seen_at < since
    }

    /// REV-2: by which source it is counted: its own, unless there are too many.
    #[must_use]
    pub fn counted_by(&self) -> &LeadSource {
        self.counted_as.as_ref().unwrap_or(&self.source)
    }

    /// When it became a customer, if it has.
    #[must_use]
    pub fn converted_at(&self) -> Option<Timestamp> {
        match &self.state {
            LeadState::Converted { at, .. } => Some(*at),
            _ => None,
        }
    }

    fn ending(self, state: LeadState) -> Result<Self, Ended> {
        if !self.state.is_open() {
            return Err(Ended { state: self.state.word() });
        }
        Ok(Self { state, ..self })
    }
}

fn graded(score: &Score) -> LeadState {
    if score.points() >= QUALIFIED_FROM { LeadState::Qualified } else { LeadState::Scored }
}

#[cfg(test)]
mod tests;
