//! A touch is one visit through a partner's link. The newest few travel with the visitor in a signed
//! token ([`ClickKeys`]), so that attribution needs no look-up of clicks.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use crate::id::LinkId;

pub mod agent;
mod device;
mod salt;
mod token;

pub use device::{DeviceHash, DeviceHints};
pub use salt::{DaySalt, SALT_BYTES};
pub use token::{ClickKeys, Scope, TOKEN_CHARS_MAX, TokenRefused};

/// How many touches a token carries; older ones fall off.
pub const TOUCHES_MAX: usize = 4;

/// Who clicked, as far as one day can tell: eight bytes of a hash under the random salt of that UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitorHash([u8; 8]);

impl VisitorHash {
    /// Whoever asked for privacy: nobody in particular, and no two of them are known to be one.
    pub const NOBODY: Self = Self([0; 8]);

    /// The hash as it is.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Sixteen hexadecimal digits, as [`fmt::Display`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for VisitorHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// `clk_`, the UTC hour and the visitor: the same visitor through the same link within the hour is one click.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClickId(String);

impl ClickId {
    /// The click of a visitor at an instant.
    #[must_use]
    pub fn of(at: Timestamp, visitor: VisitorHash) -> Self {
        Self(format!("clk_{}{visitor}", hour_of(at)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClickId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One visit through a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// When, to the millisecond.
    pub at: Timestamp,
    /// Through which link.
    pub link: LinkId,
    /// By whom.
    pub visitor: VisitorHash,
}

impl Touch {
    /// The click that this touch is, or repeats.
    #[must_use]
    pub fn click_id(&self) -> ClickId {
        ClickId::of(self.at, self.visitor)
    }
}

/// The UTC hour of an instant as `yyyymmddhh`.
pub fn hour_of(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    format!("{:04}{:02}{:02}{:02}", at.year(), at.month(), at.day(), at.hour())
}

/// The UTC day of an instant as `yyyymmdd`: what a salt is named by.
pub fn day_of(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    format!("{:04}{:02}{:02}", at.year(), at.month(), at.day())
}

/// The visitor's newest touches, oldest first, never more than [`TOUCHES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touches(Vec<Touch>);

impl Touches {
    /// Nobody has clicked yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// With this touch last; a fifth pushes the oldest out.
    #[must_use]
    pub fn push(mut self, touch: Touch) -> Self {
        if self.0.len() == TOUCHES_MAX {
            self.0.remove(0);
        }
        self.0.push(touch);
        self
    }

    /// The touches, oldest first.
    pub fn as_slice(&self) -> &[Touch] {
        &self.0
    }

    /// The latest one pushed.
    pub fn newest(&self) -> Option<&Touch> {
        self.0.last()
    }
}

impl From<Touch> for Touches {
    fn from(touch: Touch) -> Self {
        Self::none().push(touch)
    }
}

impl serde::Serialize for VisitorHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for VisitorHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a visitor's hash"))
    }
}

/// What a request says about who sends it.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The IP address, as text.
    pub address: &'a str,
    /// The user agent.
    pub user_agent: &'a str,
}

#[cfg(test)]
mod tests;
