//! What goes wrong with a call: a refusal that is definite, or an outcome that nobody knows.

use serde::Deserialize;
use thiserror::Error;

/// What Stripe refused, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The status of the answer.
    #[serde(skip)]
    pub status: u16,
    /// `card_error`, `invalid_request_error`, `idempotency_error`, `api_error`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// `resource_missing`, `card_declined`, …
    #[serde(default)]
    pub code: Option<String>,
    /// Why a bank declined.
    #[serde(default)]
    pub decline_code: Option<String>,
    /// In words, for people.
    #[serde(default)]
    pub message: String,
    /// The parameter that is wrong.
    #[serde(default)]
    pub param: Option<String>,
    /// The request by which Stripe's log knows it.
    #[serde(skip)]
    pub request_id: Option<String>,
}

impl Refusal {
    /// Has it this code?
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// Why a call gave no object.
#[derive(Debug, Error)]
pub enum StripeError {
    /// Stripe says no, and has done nothing.
    #[error("stripe refused, {doing}: {} {}", .refusal.status, .refusal.code.as_deref().unwrap_or(&.refusal.kind))]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// Its words. The message may quote what was sent, so it is not part of this text.
        refusal: Box<Refusal>,
    },
    /// Too many calls, after all attempts; nothing was done.
    #[error("stripe takes no more calls for now, {doing}")]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// Nobody knows whether it was done: no answer, a server's error, or an answer that cannot be read.
    #[error("stripe's answer is not known, {doing}: {why}")]
    Unknown {
        /// What was being done.
        doing: &'static str,
        /// What is known.
        why: &'static str,
        /// The cause, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl StripeError {
    /// The refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::Busy { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Does Stripe say that there is no such thing?
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is("resource_missing"))
    }
}
