//! Who tells facts: a provider of payments, a sender of our own words, or the tenant's own server.

use serde::{Deserialize, Serialize};

/// Whoever tells facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Stripe.
    Stripe,
    /// Lemon Squeezy.
    LemonSqueezy,
    /// Anybody who signs by Standard Webhooks and tells facts in our own words.
    Standard,
    /// The tenant's own server, through the track API.
    Track,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stripe, Self::LemonSqueezy, Self::Standard, Self::Track];

    /// The word in keys, messages, and at the front of natural keys.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::LemonSqueezy => "lemon_squeezy",
            Self::Standard => "standard",
            Self::Track => "track",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_read_by_its_word() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.word()), Some(provider));
        }
        assert_eq!(Provider::parse("paypal"), None);
    }
}
