use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use proptest::prelude::*;
use ulid::Ulid;

use super::{
    ClickKeys, DaySalt, Origin, Scope, TOKEN_CHARS_MAX, TOUCHES_MAX, TokenRefused, Touch, Touches, VisitorHash,
};
use crate::id::{LinkId, TenantId};

fn keys() -> ClickKeys {
    ClickKeys::new("the secret of today", "")
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

fn signed(touches: &Touches) -> Option<String> {
    keys().sign(Scope { tenant: &tenant(), window_days: 30 }, touches)
}

fn verified(keys: &ClickKeys, token: &str) -> Result<Touches, TokenRefused> {
    keys.verify(&tenant(), token)
}

fn touch(at_ms: i64, n: u8) -> Touch {
    Touch {
        at: Timestamp::from_millisecond(at_ms).expect("a time"),
        link: LinkId::from_ulid(Ulid::from_bytes([n; 16])),
        visitor: VisitorHash::from_bytes([n; 8]),
    }
}

fn some_touches(count: u8) -> Touches {
    (1..=count).fold(Touches::none(), |all, n| all.push(touch(1_800_000_000_000 + i64::from(n), n)))
}

fn token_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token).expect("base64url")
}

#[test]
fn a_token_of_four_touches_fits_stripes_client_reference_id() {
    let token = signed(&some_touches(4)).expect("a token");
    assert_eq!(token.len(), TOKEN_CHARS_MAX);
    assert!(token.len() <= 200);
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(signed(&some_touches(1)).expect("a token").len(), 67);
}

#[test]
fn the_wire_form_of_a_token_never_changes() {
    let token = signed(&some_touches(1)).expect("a token");
    assert_eq!(token, "Av0AHgGjGFxQAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAcvKMTFESXdUJ-BUb6XEWzc");
    assert_eq!(verified(&keys(), &token), Ok(some_touches(1)));
}

#[test]
fn no_touch_is_no_token() {
    assert_eq!(signed(&Touches::none()), None);
}

#[test]
fn a_fifth_touch_pushes_the_oldest_out() {
    let kept: Vec<_> = some_touches(6).as_slice().iter().map(|touch| touch.at).collect();
    let newest: Vec<_> = (3..=6).map(|n| touch(1_800_000_000_000 + n, 0).at).collect();
    assert_eq!(kept, newest);
    assert_eq!(some_touches(6).newest(), Some(&touch(1_800_000_000_006, 6)));
}

#[test]
fn the_click_id_is_the_hour_and_the_visitor() {
    let at = "2026-09-03T07:59:59.999Z".parse().expect("a time");
    let click = Touch { at, ..touch(0, 0xab) }.click_id();
    assert_eq!(click.to_string(), "clk_2026090307abababababababab");
}

#[test]
fn the_previous_key_is_still_accepted_and_a_gone_one_is_not() {
    let token = signed(&some_touches(2)).expect("a token");
    let rolled = ClickKeys::new("the secret of tomorrow", "the secret of today");
    assert_eq!(verified(&rolled, &token), Ok(some_touches(2)));
    let gone = ClickKeys::new("the secret of tomorrow", "the secret of yesterday");
    assert_eq!(verified(&gone, &token), Err(TokenRefused::UnknownKey));
}

#[test]
fn one_salt_knows_its_visitor_and_another_does_not() {
    let origin = Origin { address: "203.0.113.7", user_agent: "Mozilla/5.0" };
    let (today, tomorrow) = (DaySalt::from_bytes([1; 32]), DaySalt::from_bytes([2; 32]));
    let seen = today.visitor(origin);
    assert_eq!(DaySalt::from_bytes([1; 32]).visitor(origin), seen);
    assert_ne!(tomorrow.visitor(origin), seen);
    assert_ne!(today.visitor(Origin { address: "203.0.113.8", ..origin }), seen);
    assert_ne!(today.visitor(Origin { address: "203.0.113.7\nMozilla/5.0", user_agent: "" }), seen);
    assert_eq!(VisitorHash::parse(&seen.to_string()), Some(seen));
}

#[test]
fn a_token_of_one_tenant_is_a_forgery_to_another() {
    let token = signed(&some_touches(2)).expect("a token");
    let other = TenantId::from_ulid(Ulid::from_bytes([7; 16]));
    assert_eq!(keys().verify(&other, &token), Err(TokenRefused::Forged));
}

#[test]
fn a_token_lives_to_the_end_of_its_window_and_no_longer() {
    let token = signed(&some_touches(2)).expect("a token");
    let newest = 1_800_000_000_002_i64;
    let at = |ms| Timestamp::from_millisecond(newest + ms).expect("a time");
    let window_ms = 30_i64 * 24 * 60 * 60 * 1_000;
    assert_eq!(keys().verify_live(&tenant(), &token, at(window_ms)), Ok(some_touches(2)));
    assert_eq!(keys().verify_live(&tenant(), &token, at(window_ms + 1)), Err(TokenRefused::Expired));
    assert_eq!(verified(&keys(), &token), Ok(some_touches(2)), "whether it counts for a sale is the sale's affair");
}

#[test]
fn what_is_no_token_is_refused_with_its_reason() {
    let good = bytes_of(&signed(&some_touches(2)).expect("a token"));
    let with = |index: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[index] = byte;
        token_of(&bytes)
    };
    let cases = [
        (String::new(), TokenRefused::Garbage),
        ("not base64!".to_owned(), TokenRefused::Garbage),
        ("a".repeat(TOKEN_CHARS_MAX + 1), TokenRefused::TooLong),
        (token_of(&good[..17]), TokenRefused::Garbage),
        (token_of(&good[..19]), TokenRefused::Garbage),
        (token_of(&good[..20]), TokenRefused::Garbage),
        (token_of(&good[..good.len() - 1]), TokenRefused::Garbage),
        (with(0, 1), TokenRefused::UnknownVersion),
        (with(1, good[1].wrapping_add(1)), TokenRefused::UnknownKey),
        (with(2, good[2] ^ 1), TokenRefused::Forged),
        (with(good.len() - 1, good[good.len() - 1] ^ 1), TokenRefused::Forged),
    ];
    for (token, reason) in cases {
        assert_eq!(verified(&keys(), &token), Err(reason), "{token}");
    }
}

#[test]
fn whole_touches_cut_off_or_swapped_are_forgeries() {
    let good = bytes_of(&signed(&some_touches(3)).expect("a token"));
    let mut cut = good.clone();
    cut.drain(4..34);
    assert_eq!(verified(&keys(), &token_of(&cut)), Err(TokenRefused::Forged));
    let swapped = [&good[..4], &good[34..64], &good[4..34], &good[64..]].concat();
    assert_eq!(verified(&keys(), &token_of(&swapped)), Err(TokenRefused::Forged));
}

proptest! {
    #[test]
    fn what_was_signed_is_read_back(times in prop::collection::vec((0_i64..4_000_000_000_000, any::<[u8; 16]>(), any::<[u8; 8]>()), 1..=9)) {
        let touches = times.into_iter().fold(Touches::none(), |all, (ms, link, visitor)| all.push(Touch {
            at: Timestamp::from_millisecond(ms).expect("a time"),
            link: LinkId::from_ulid(Ulid::from_bytes(link)),
            visitor: VisitorHash::from_bytes(visitor),
        }));
        prop_assert!(touches.as_slice().len() <= TOUCHES_MAX);
        let token = signed(&touches).expect("a token");
        prop_assert_eq!(verified(&keys(), &token), Ok(touches));
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused(bit in 0_usize..(50 * 8)) {
        let mut bytes = bytes_of(&signed(&some_touches(1)).expect("a token"));
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verified(&keys(), &token_of(&bytes)).is_err());
    }

    #[test]
    fn any_text_is_answered_without_panic(text in ".{0,220}") {
        prop_assert!(verified(&keys(), &text).is_err());
    }
}
