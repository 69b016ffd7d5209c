//! What visitors and their cookies should not send, and do.

use domain::touch::{Scope, Touch, Touches};

use super::*;

fn touch(at: &str) -> Touches {
    let at = at.parse().expect("a time");
    Touches::from(Touch { at, link: link_id(), visitor: VisitorHash::from_bytes([3; 8]) })
}

fn signed(keys: &ClickKeys, tenant: &TenantId, touches: &Touches) -> String {
    keys.sign(Scope { tenant, window_days: 30 }, touches).expect("a token")
}

/// How many touches the fresh cookie holds after one of these values was brought along.
async fn touches_after(world: &World, brought: &str) -> usize {
    let answer = world.send(get("/r/casey", &[("cookie", &format!("trb_touches={brought}"))])).await;
    assert_eq!(answer.status(), 302);
    let fresh = cookie(&answer, "trb_touches").expect("a fresh cookie");
    keys().verify(&TenantId::default_tenant(), value(&fresh)).expect("signed").as_slice().len()
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_or_over_is_ignored_and_a_fresh_one_is_set() {
    let world = World::new().await;
    let own = TenantId::default_tenant();
    let good = signed(&keys(), &own, &touch("2026-08-04T07:30:00Z"));
    assert_eq!(touches_after(&world, &good).await, 2, "to the end of its window");
    let mut tampered = good.clone().into_bytes();
    tampered[30] ^= 1;
    let others = ClickKeys::new("another secret", "");
    let rows = [
        ("tampered with", String::from_utf8(tampered).expect("text")),
        ("over", signed(&keys(), &own, &touch("2026-08-04T07:29:59.999Z"))),
        ("of another tenant", signed(&keys(), &TenantId::from_ulid(7_u128.into()), &touch("2026-09-01T00:00:00Z"))),
        ("under another key", signed(&others, &own, &touch("2026-09-01T00:00:00Z"))),
        ("cut short", good[..good.len() - 3].to_owned()),
        ("empty", String::new()),
        ("eight kilobytes", "A".repeat(8192)),
        ("no token", "%00%1b[31m\"; DROP".to_owned()),
    ];
    for (what, brought) in rows {
        assert_eq!(touches_after(&world, &brought).await, 1, "{what}");
    }
}

#[tokio::test]
async fn while_the_key_is_replaced_the_cookies_of_the_one_before_count() {
    let world = World::new().await;
    let before = ClickKeys::new("yesterday's secret", "");
    let brought = signed(&before, &TenantId::default_tenant(), &touch("2026-09-01T00:00:00Z"));
    assert_eq!(touches_after(&world, &brought).await, 2);
}

#[tokio::test]
async fn of_several_cookies_of_the_name_the_first_good_one_counts() {
    let world = World::new().await;
    let good = signed(&keys(), &TenantId::default_tenant(), &touch("2026-09-01T00:00:00Z"));
    assert_eq!(touches_after(&world, &format!("bad; trb_touches={good}")).await, 2);
    let many = "bad; trb_touches=".repeat(8);
    assert_eq!(touches_after(&world, &format!("{many}{good}")).await, 1, "and no more than eight are looked at");
}

#[tokio::test]
async fn headers_of_eight_kilobytes_and_of_no_text_are_kept_cut_and_clean() {
    let world = World::new().await;
    let mut request = get("/r/casey?sub1=%1b%5b31m%0d%0aset-cookie:x&utm_source=%ff", &[]);
    let noise = [vec![b'x'; 4000], vec![0xff; 4000], vec![b'\t'; 192]].concat();
    let value = |bytes: &[u8]| http::HeaderValue::from_bytes(bytes).expect("a value that HTTP allows");
    request.headers_mut().insert("user-agent", value(&[b"Gecko ", &noise[..]].concat()));
    for name in ["referer", "accept-language", "sec-ch-ua-platform", "cookie", "x-correlation-id", "dnt"] {
        request.headers_mut().insert(name, value(&noise));
    }
    let answer = world.send(request).await;
    assert_eq!(answer.status(), 302);
    let to = location(&answer);
    assert_eq!(parameter(&to, "sub1").as_deref(), Some(" [31m  set-cookie:x"));
    let kept = world.click(visitor_of(&answer)).await.expect("recorded");
    assert_eq!((kept.user_agent.len(), kept.language.len(), kept.referrer_host.as_str()), (256, 64, ""));
    let texts = kept.carried.values().chain([&kept.user_agent, &kept.language]);
    assert!(texts.flat_map(|text| text.chars()).all(|character| !character.is_control()));
}
