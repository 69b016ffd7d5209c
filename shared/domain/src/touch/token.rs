//! The signed token of a visitor's touches.
//!
//! It is base64url (no padding) of
//! `version u8 = 2 | key id u8 | window in days u16 BE | 1 to 4 touches, oldest first | HMAC-SHA256 cut to 16 bytes`,
//! a touch being `clicked_at ms u48 BE | link ulid 16 bytes | visitor hash 8 bytes`. The MAC is also over the tenant,
//! which the token does not name. Four touches are 187 characters: Stripe's `client_reference_id` holds 200, of just
//! this alphabet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use subtle::ConstantTimeEq;
use ulid::Ulid;

use super::{TOUCHES_MAX, Touch, Touches, VisitorHash};
use crate::id::{LinkId, TenantId};

const VERSION: u8 = 2;
const HEAD_BYTES: usize = 4;
const TOUCH_BYTES: usize = 6 + 16 + 8;
const MAC_BYTES: usize = 16;
const TOKEN_BYTES_MAX: usize = HEAD_BYTES + TOUCHES_MAX * TOUCH_BYTES + MAC_BYTES;
/// Characters of the longest token: what is longer is refused before it is decoded.
pub const TOKEN_CHARS_MAX: usize = (TOKEN_BYTES_MAX * 4).div_ceil(3);
/// The last millisecond of the year 9999: later ones are no time of a click.
const AT_MS_MAX: i64 = 253_402_300_799_999;

/// The keys of clicks, current and previous, each derived from the stage's secret for one purpose only.
pub struct ClickKeys {
    current: ClickKey,
    previous: Option<ClickKey>,
}

/// For whom a token is signed, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Whose links they are: a token of one tenant is nothing to another.
    pub tenant: &'a TenantId,
    /// How many days the newest touch may count; whoever keeps the token keeps it no longer.
    pub window_days: u16,
}

struct ClickKey {
    id: u8,
    token: hmac::Key,
}

impl ClickKey {
    fn from_secret(secret: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let derive = |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        // Says which key to try and nothing else about it.
        let id = hmac::sign(&root, b"tributary click key id").as_ref().first().copied();
        Self { id: id.unwrap_or_default(), token: derive(b"tributary click token") }
    }

    fn mac(&self, tenant: &TenantId, signed: &[u8]) -> [u8; MAC_BYTES] {
        let mut said = hmac::Context::with_key(&self.token);
        said.update(signed);
        // An id has one length, so what is signed cannot run over into it.
        said.update(tenant.as_str().as_bytes());
        let mut cut = [0; MAC_BYTES];
        for (to, from) in cut.iter_mut().zip(said.sign().as_ref()) {
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

    /// The signed token of these touches, or nothing when there is none to sign.
    pub fn sign(&self, scope: Scope<'_>, touches: &Touches) -> Option<String> {
        touches.newest()?;
        let mut bytes = Vec::with_capacity(TOKEN_BYTES_MAX);
        bytes.extend_from_slice(&[VERSION, self.current.id]);
        bytes.extend_from_slice(&scope.window_days.to_be_bytes());
        for touch in touches.as_slice() {
            write_touch(touch, &mut bytes);
        }
        let mac = self.current.mac(scope.tenant, &bytes);
        bytes.extend_from_slice(&mac);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The touches of a token that we signed for this tenant, however old: whether a touch counts is decided by the
    /// time of the sale.
    ///
    /// # Errors
    /// Why the text is no token of ours.
    pub fn verify(&self, tenant: &TenantId, token: &str) -> Result<Touches, TokenRefused> {
        self.read(tenant, token).map(|(_, touches)| touches)
    }

    /// The touches of a token that we signed for this tenant and whose window is still open.
    ///
    /// # Errors
    /// Why the text is no token of ours, or that its time is over.
    pub fn verify_live(&self, tenant: &TenantId, token: &str, now: Timestamp) -> Result<Touches, TokenRefused> {
        let (window, touches) = self.read(tenant, token)?;
        let newest = touches.newest().map(|touch| touch.at);
        // A window is inclusive at its end, as it is for a sale.
        let is_live = newest.is_some_and(|at| now.duration_since(at) <= window);
        if is_live { Ok(touches) } else { Err(TokenRefused::Expired) }
    }

    fn read(&self, tenant: &TenantId, token: &str) -> Result<(SignedDuration, Touches), TokenRefused> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(TokenRefused::TooLong);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenRefused::Garbage)?;
        let (signed, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(TokenRefused::Garbage)?;
        let (head, touches) = signed.split_first_chunk::<HEAD_BYTES>().ok_or(TokenRefused::Garbage)?;
        let [version, key_id, days @ ..] = head;
        if *version != VERSION {
            return Err(TokenRefused::UnknownVersion);
        }
        if touches.is_empty() || touches.len() % TOUCH_BYTES != 0 {
            return Err(TokenRefused::Garbage);
        }
        self.check_mac(*key_id, tenant, signed, mac)?;
        let touches: Option<Vec<Touch>> = touches.chunks_exact(TOUCH_BYTES).map(read_touch).collect();
        let window = SignedDuration::from_hours(i64::from(u16::from_be_bytes(*days)) * 24);
        touches.map(|touches| (window, Touches(touches))).ok_or(TokenRefused::Garbage)
    }

    fn check_mac(&self, id: u8, tenant: &TenantId, signed: &[u8], mac: &[u8; MAC_BYTES]) -> Result<(), TokenRefused> {
        // Two keys may share an id (one chance in 256): each that has it is tried.
        let mut keys =
            [Some(&self.current), self.previous.as_ref()].into_iter().flatten().filter(|key| key.id == id).peekable();
        if keys.peek().is_none() {
            return Err(TokenRefused::UnknownKey);
        }
        if keys.any(|key| bool::from(key.mac(tenant, signed).ct_eq(mac))) {
            return Ok(());
        }
        Err(TokenRefused::Forged)
    }
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
    /// The MAC is not ours, or it was signed for another tenant.
    #[error("click token with a wrong signature")]
    Forged,
    /// Its newest touch is older than its window.
    #[error("click token whose window is over")]
    Expired,
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
