//! Marks: hashes by which a partner would be known again. Nothing here can be turned back into an address or a number.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::time::Timestamp;
use crate::touch::{DeviceHash, VisitorHash, hour_of};

/// What kind of mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// The digest of a normalised e-mail.
    Email,
    /// The digest of the fingerprint of a card.
    Card,
    /// The digest of the fingerprint of the account that the partner is paid to.
    Payout,
}

impl MarkKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Email, Self::Card, Self::Payout];

    /// The word in keys.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Card => "card",
            Self::Payout => "payout",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// FRD-3: are two partners with the same one of these the same?
    #[must_use]
    pub fn is_of_one_partner(self) -> bool {
        // A card may be a company's; an address and an account are one's own.
        matches!(self, Self::Email | Self::Payout)
    }
}

/// One mark of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// Of what.
    pub kind: MarkKind,
    /// The hash.
    pub digest: Digest,
}

impl Mark {
    /// The mark of a card or account by the fingerprint that its provider gives.
    #[must_use]
    pub fn of_fingerprint(kind: MarkKind, fingerprint: &str) -> Self {
        Self { kind, digest: fingerprint_digest(fingerprint) }
    }
}

/// The digest of a fingerprint of a card or bank account, the same for who pays from it and who is paid to it.
#[must_use]
pub fn fingerprint_digest(fingerprint: &str) -> Digest {
    Digest::of(&[b"fingerprint", fingerprint.as_bytes()])
}

/// Where a partner worked from on a UTC day, as far as that day's key can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    /// The UTC day, `yyyymmdd`.
    pub day: String,
    /// The address and browser, under the key of that day.
    pub visitor: VisitorHash,
    /// The device, under the key of that day.
    pub device: Option<DeviceHash>,
}

impl Session {
    /// The session of an instant.
    #[must_use]
    pub fn of(at: Timestamp, visitor: VisitorHash, device: Option<DeviceHash>) -> Self {
        Self { day: day_of(at), visitor, device }
    }
}

/// The UTC day whose key hashed what happened at an instant, `yyyymmdd`.
#[must_use]
pub fn day_of(at: Timestamp) -> String {
    let mut hour = hour_of(at);
    hour.truncate(8);
    hour
}

/// What is known of a partner, to know them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMarks {
    /// Those that last.
    pub marks: BTreeSet<Mark>,
    /// Where they worked from, the last two days.
    pub sessions: Vec<Session>,
}

impl OwnMarks {
    /// Is this one of theirs?
    #[must_use]
    pub fn has(&self, kind: MarkKind, digest: Digest) -> bool {
        self.marks.contains(&Mark { kind, digest })
    }
}
