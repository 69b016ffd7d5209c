//! The step of a partner in a programme.

use serde::{Deserialize, Serialize};

/// The step of a partner in a programme. "Tier" always means this; steps of volume are bands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Where everybody begins.
    #[default]
    Tier1,
    /// The second.
    Tier2,
    /// The third.
    Tier3,
    /// The fourth.
    Tier4,
}

impl Tier {
    /// Every tier.
    pub const ALL: [Self; 4] = [Self::Tier1, Self::Tier2, Self::Tier3, Self::Tier4];

    /// The word in rules and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tier1 => "tier1",
            Self::Tier2 => "tier2",
            Self::Tier3 => "tier3",
            Self::Tier4 => "tier4",
        }
    }
}
