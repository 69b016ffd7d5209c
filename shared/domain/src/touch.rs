//! A touch is one visit through a partner's link. The newest few travel with the visitor in a signed
//! token, so that attribution needs no look-up of clicks.
//!
//! The token is base64url (no padding) of
//! `version u8 = 1 | key id u8 | 1 to 4 touches, oldest first | HMAC-SHA256 cut to 16 bytes`,
//! a touch being `clicked_at ms u48 BE | link ulid 16 bytes | visitor hash 8 bytes`.
//! Four touches are 184 characters: Stripe's `client_reference_id` holds 200, of just this alphabet.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{Timestamp, tz::TimeZone};
use ring::hmac;
use subtle::ConstantTimeEq;
use ulid::Ulid;

use crate::id::LinkId;

mod device;

pub use device::{DeviceHash, DeviceHints};

/// How many touches a token carries; older ones fall off.
pub const TOUCHES_MAX: usize = 4;

const VERSION: u8 = 1;
const TOUCH_BYTES: usize = 6 + 16 + 8;
const MAC_BYTES: usize = 16;
const TOKEN_BYTES_MAX: usize = 2 + TOUCHES_MAX * TOUCH_BYTES + MAC_BYTES;
/// Characters of the longest token: what is longer is refused before it is decoded.
pub const TOKEN_CHARS_MAX: usize = TOKEN_BYTES_MAX.div_ceil(3) * 4;
/// The last millisecond of the year 9999: later ones are no time of a click.
const AT_MS_MAX: i64 = 253_402_300_799_999;

/// Who clicked, as far as one day can tell: eight bytes of a keyed hash whose key changes each UTC day.
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

/// The keys of clicks, current and previous, each derived from the stage's secret for one purpose only.
pub struct ClickKeys {
    current: ClickKey,
    previous: Option<ClickKey>,
}

struct ClickKey {
    id: u8,
    token: hmac::Key,
    visitor: hmac::Key,
    device: hmac::Key,
}

impl ClickKey {
    fn from_secret(secret: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let derive = |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        // Says which key to try and nothing else about it.
        let id = hmac::sign(&root, b"tributary click key id").as_ref().first().copied();
        Self {
            id: id.unwrap_or_default(),
            token: derive(b"tributary click token"),
            visitor: derive(b"tributary click visitor"),
            device: derive(b"tributary click device"),
        }
    }

    fn mac(&self, signed: &[u8]) -> [u8; MAC_BYTES] {
        let mut cut = [0; MAC_BYTES];
        for (to, from) in cut.iter_mut().zip(hmac::sign(&self.token, signed).as_ref()) {
            *to = *from;
        }
        cut
    }
}

impl ClickKeys {
    /// From the stage's secret texts; an empty previous one is none.
    pub fn new(current: &str, previous: &str) -> Self {
        let previous = (!previous.is_empty()).then(|| ClickKey::from_secret(previous));
        Self { current: ClickKey::from_secret(current), previous }
    }

    /// The visitor behind an address and a user agent, on the UTC day of `at`. Each day has its own key,
    /// so that days cannot be joined; the address itself is never kept.
    pub fn visitor_on_day(&self, at: Timestamp, origin: Origin<'_>) -> VisitorHash {
        let day = hour_of(at);
        let day_key = hmac::sign(&self.current.visitor, day.get(..8).unwrap_or(&day).as_bytes());
        let day_key = hmac::Key::new(hmac::HMAC_SHA256, day_key.as_ref());
        let mut said = hmac::Context::with_key(&day_key);
        said.update(origin.address.as_bytes());
        said.update(b"\n");
        said.update(origin.user_agent.as_bytes());
        let mut cut = [0; 8];
        for (to, from) in cut.iter_mut().zip(said.sign().as_ref()) {
            *to = *from;
        }
        VisitorHash(cut)
    }

    /// The signed token of these touches, or nothing when there is none to sign.
    pub fn sign(&self, touches: &Touches) -> Option<String> {
        touches.newest()?;
        let mut bytes = Vec::with_capacity(TOKEN_BYTES_MAX);
        bytes.extend_from_slice(&[VERSION, self.current.id]);
        for touch in touches.as_slice() {
            write_touch(touch, &mut bytes);
        }
        let mac = self.current.mac(&bytes);
        bytes.extend_from_slice(&mac);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The touches of a token that we signed.
    ///
    /// # Errors
    /// Why the text is no token of ours.
    pub fn verify(&self, token: &str) -> Result<Touches, TokenRefused> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(TokenRefused::TooLong);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenRefused::Garbage)?;
        let (signed, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(TokenRefused::Garbage)?;
        let ([version, key_id], touches) = signed.split_first_chunk::<2>().ok_or(TokenRefused::Garbage)?;
        if *version != VERSION {
            return Err(TokenRefused::UnknownVersion);
        }
        if touches.is_empty() || touches.len() % TOUCH_BYTES != 0 {
            return Err(TokenRefused::Garbage);
        }
        self.check_mac(*key_id, signed, mac)?;
        let touches: Option<Vec<Touch>> = touches.chunks_exact(TOUCH_BYTES).map(read_touch).collect();
        touches.map(Touches).ok_or(TokenRefused::Garbage)
    }

    fn check_mac(&self, id: u8, signed: &[u8], mac: &[u8; MAC_BYTES]) -> Result<(), TokenRefused> {
        // Two keys may share an id (one chance in 256): each that has it is tried.
        let mut keys =
            [Some(&self.current), self.previous.as_ref()].into_iter().flatten().filter(|key| key.id == id).peekable();
        if keys.peek().is_none() {
            return Err(TokenRefused::UnknownKey);
        }
        if keys.any(|key| bool::from(key.mac(signed).ct_eq(mac))) {
            return Ok(());
        }
        Err(TokenRefused::Forged)
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

/// Why a text is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// Longer than a token can be.
    #[error("click token too long")]
    TooLong,
    /// Not base64url, cut short, or not whole touches.
    #[error("not a click token")]
    Garbage,
    /// Of a version that this build does not know.
    #[error("click token of an unknown version")]
    UnknownVersion,
    /// Signed under a key that is gone.
    #[error("click token under an unknown key")]
    UnknownKey,
    /// The MAC is not ours.
    #[error("click token with a wrong signature")]
    Forged,
}

fn write_touch(touch: &Touch, out: &mut Vec<u8>) {
    let at_ms = touch.at.as_millisecond().clamp(0, AT_MS_MAX);
    out.extend(at_ms.to_be_bytes().into_iter().skip(2));
    out.extend_from_slice(&touch.link.ulid().to_bytes());
    out.extend_from_slice(touch.visitor.as_bytes());
}

fn read_touch(bytes: &[u8]) -> Option<Touch> {
    let (at, rest) = bytes.split_first_chunk::<6>()?;
    let (link, visitor) = rest.split_first_chunk::<16>()?;
    let at_ms = at.iter().fold(0_i64, |ms, byte| (ms << 8) | i64::from(*byte));
    let at = Timestamp::from_millisecond(at_ms).ok().filter(|_| at_ms <= AT_MS_MAX)?;
    let link = LinkId::from_ulid(Ulid::from_bytes(*link));
    Some(Touch { at, link, visitor: VisitorHash(visitor.try_into().ok()?) })
}

#[cfg(test)]
mod tests;
