//! Touches come from the signed token alone: what is not ours, or out of its time, is no touch, and the reason is kept.

use domain::attribution::LossReason;
use domain::fact::{CustomerSeen, SalePaid};
use domain::sale::Sale;
use domain::time::Timestamp;
use domain::touch::{ClickKeys, TokenRefused, Touch, Touches};

use super::*;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token with one character moved on by some places of the alphabet.
fn changed(token: &str, place: usize, by: usize) -> String {
    let mut characters: Vec<char> = token.chars().collect();
    let at = ALPHABET.find(characters[place]).expect("a character of the alphabet");
    characters[place] = ALPHABET.chars().nth((at + by) % 64).expect("within the alphabet");
    characters.into_iter().collect()
}

fn ms_before(world: &World, ms: i64) -> Timestamp {
    Timestamp::from_millisecond(world.now.as_millisecond() - ms).expect("instant")
}

fn clicked(world: &World, keys: &ClickKeys, at: Timestamp) -> String {
    let touch = Touch { at, link: world::link(), visitor: world::visitor() };
    world::signed(keys, &world.tenant, &Touches::from(touch))
}

/// A guest's sale, which carries the token itself.
async fn guest(world: &World, invoice: &str, token: &str) -> Sale {
    let paid = world.paid(invoice, "nobody", "99.00");
    let paid = SalePaid { customer: None, click_token: Some(token.to_owned()), ..paid };
    book(world, Fact::SalePaid(paid)).await;
    world.kept_sale(invoice).await
}

fn nobody(sale: &Sale) -> Option<NobodyReason> {
    match sale.decision {
        Decision::Nobody { reason, .. } => Some(reason),
        Decision::Partners { .. } => None,
    }
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_no_touch_and_the_reason_is_kept() {
    // TRK-2, ATT-5: of another key, of another version, tampered with, cut off, too long, or no token at all.
    let world = World::new().await;
    let others = ClickKeys::new("another secret of at least some length", "");
    let rows = [
        (clicked(&world, &others, ms_before(&world, 1)), TokenRefused::UnknownKey),
        // The second character holds the last two bits of the version.
        (changed(&world.token, 1, 16), TokenRefused::UnknownVersion),
        (changed(&world.token, 20, 1), TokenRefused::Forged),
        (changed(&world.token, 60, 1), TokenRefused::Forged),
        (world.token[..world.token.len() - 4].to_owned(), TokenRefused::Garbage),
        (format!("{}{}", world.token, "A".repeat(200)), TokenRefused::TooLong),
        ("not a token".to_owned(), TokenRefused::Garbage),
        (String::new(), TokenRefused::Garbage),
    ];
    for (n, (token, expected)) in rows.iter().enumerate() {
        assert_eq!(world.keys.verify(world.tenant.tenant(), token), Err(*expected), "{token}");
        let sale = guest(&world, &format!("in_guest_{n}"), token).await;
        assert_eq!(nobody(&sale), Some(NobodyReason::TokenRefused), "{expected}");
        let (customer, invoice) = (format!("cus_{n}"), format!("in_{n}"));
        book(&world, world.seen(&customer, Some(token))).await;
        book(&world, world.sale(&invoice, &customer, "99.00")).await;
        assert_eq!(nobody(&world.kept_sale(&invoice).await), Some(NobodyReason::TokenRefused), "{expected}");
    }
    assert_eq!(world.lines().await, Vec::<String>::new());
    world.verified().await;
}

#[tokio::test]
async fn a_touch_counts_from_its_click_to_the_end_of_its_window_both_inside() {
    // ATT-1, over the store: the window of the link is 30 days, and the time is that of the sale.
    const WINDOW_MS: i64 = 30 * 86_400_000;
    let world = World::new().await;
    let rows = [
        (0, None),
        (WINDOW_MS, None),
        (WINDOW_MS + 1, Some(LossReason::OutsideWindow)),
        (-1, Some(LossReason::AfterConversion)),
    ];
    for (n, (elapsed_ms, expected)) in rows.iter().enumerate() {
        let token = clicked(&world, &world.keys, ms_before(&world, *elapsed_ms));
        let sale = guest(&world, &format!("in_{n}"), &token).await;
        let losers: Vec<_> = sale.decision.losers().iter().map(|loser| loser.reason).collect();
        assert_eq!(losers.first(), expected.as_ref(), "{elapsed_ms}");
        assert_eq!(nobody(&sale), expected.map(|_| NobodyReason::NoEligibleTouch), "{elapsed_ms}");
    }
    assert_eq!(world.total().await, "59.40");
    world.verified().await;
}

#[tokio::test]
async fn while_the_key_is_replaced_tokens_of_the_one_before_still_count() {
    let mut world = World::new().await;
    world.keys = ClickKeys::new("the next secret of at least some length", "a secret of at least some length");
    let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&world.token)) else { unreachable!("a check-out") };
    book(&world, Fact::CustomerSeen(CustomerSeen { ..seen })).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    assert_eq!(world.total().await, "29.70");
    world.keys = ClickKeys::new("the one after that, also long enough", "the next secret of at least some length");
    let sale = guest(&world, "in_2", &world.token).await;
    assert_eq!(nobody(&sale), Some(NobodyReason::TokenRefused));
}
