use domain::currency::Currency;
use domain::id::TenantId;
use domain::money::Money;
use domain::promotion::{Discount, Lasting, Off, PromotionState};
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn coupon(code: &str, partner: u128) -> Coupon {
    Coupon {
        code: CouponCode::parse(code).expect("code"),
        partner: PartnerId::from_ulid(Ulid::from(partner)),
        program: ProgramId::from_ulid(Ulid::from(1_u128)),
        valid_from: "2026-11-01T00:00:00Z".parse().expect("instant"),
        valid_until: None,
        promotion: None,
    }
}

#[test]
fn a_code_is_compared_without_blanks_and_in_capitals() {
    let rows = [
        (" save10 ", Some("SAVE10")),
        ("SAVE10", Some("SAVE10")),
        ("", None),
        ("  ", None),
        ("a#b", None),
        ("zwölf", None),
    ];
    for (text, expected) in rows {
        assert_eq!(CouponCode::parse(text).as_ref().map(CouponCode::as_str), expected, "{text}");
    }
    assert_eq!(CouponCode::parse(&"x".repeat(65)), None);
}

#[tokio::test]
async fn a_code_is_one_partners_for_good() {
    let store = store().await;
    let made = coupon("SAVE10", 1);
    assert_eq!(store.create_coupon(&tenant(), &made).await.expect("made"), Written::Yes);
    assert_eq!(store.create_coupon(&tenant(), &made).await.expect("made twice"), Written::Yes);
    let taken = store.create_coupon(&tenant(), &coupon("save10", 2)).await;
    assert_eq!(taken.expect("answered"), Written::ConditionFailed);
    assert_eq!(store.get_coupon(&tenant(), &made.code).await.expect("read"), Some(made.clone()));
    let until: Timestamp = "2026-11-20T00:00:00Z".parse().expect("instant");
    assert_eq!(store.end_coupon(&tenant(), &made, until).await.expect("ended"), Written::Yes);
    assert_eq!(store.end_coupon(&tenant(), &made, until).await.expect("answered"), Written::ConditionFailed);
    let ended = Coupon { valid_until: Some(until), ..made };
    let listed = store.list_coupons(&tenant(), None, 10).await.expect("listed");
    assert_eq!((listed.items, listed.next), (vec![ended.clone()], None));
    let rows = [("2026-10-31T23:59:59Z", false), ("2026-11-01T00:00:00Z", true), ("2026-11-20T00:00:00Z", false)];
    for (used_at, expected) in rows {
        assert_eq!(ended.is_valid_at(used_at.parse().expect("instant")), expected, "{used_at}");
    }
}

#[tokio::test]
async fn a_promotion_moves_one_step_at_a_time_and_its_coupon_is_found_by_the_providers_id() {
    let store = store().await;
    let off = Off::Amount(Money::from_minor(500, Currency::USD));
    let promotion =
        Promotion::new("trb_1".to_owned(), Discount { off, lasting: Lasting::Months(3) }, Timestamp::UNIX_EPOCH);
    let made = Coupon { promotion: Some(promotion.clone()), ..coupon("ADA20", 1) };
    assert_eq!(store.create_coupon(&tenant(), &made).await.expect("made"), Written::Yes);
    assert_eq!(store.get_coupon(&tenant(), &made.code).await.expect("read").as_ref(), Some(&made));
    let refused = promotion.in_state(PromotionState::Refused("No.".to_owned())).expect("a change");
    let active = refused.in_state(PromotionState::Active("promo_1".to_owned())).expect("a change");
    let step = async |before: &Promotion, after: &Promotion| {
        store.replace_promotion(&tenant(), &made, (before, after)).await.expect("answered")
    };
    assert_eq!(step(&promotion, &refused).await, Written::Yes);
    assert_eq!(step(&promotion, &refused).await, Written::Yes, "the same once more");
    assert_eq!(step(&promotion, &active).await, Written::ConditionFailed, "it was seen before the no");
    assert_eq!(step(&refused, &active).await, Written::Yes);
    assert_eq!(store.get_promoted_code(&tenant(), "promo_1").await.expect("read"), Some(made.code.clone()));
    let other = TenantKey::from(&TenantId::from_ulid(Ulid::from(7_u128)));
    assert_eq!(store.get_promoted_code(&other, "promo_1").await.expect("read"), None);
    // The same coupon once more is there already, whatever became of it at the provider.
    assert_eq!(store.create_coupon(&tenant(), &made).await.expect("made twice"), Written::Yes);
    let until: Timestamp = "2026-11-20T00:00:00Z".parse().expect("instant");
    assert_eq!(store.end_coupon(&tenant(), &made, until).await.expect("answered"), Written::ConditionFailed);
    let there = Coupon { promotion: Some(active), ..made.clone() };
    assert_eq!(store.end_coupon(&tenant(), &there, until).await.expect("ended"), Written::Yes);
    let ended = store.get_coupon(&tenant(), &made.code).await.expect("read").expect("there");
    let state = ended.promotion.map(|promotion| promotion.state);
    assert_eq!((ended.valid_until, state), (Some(until), Some(PromotionState::Ending(Some("promo_1".to_owned())))));
}

/// All pages of a partner's coupons, two a page.
async fn codes_of(store: &Store, partner: u128) -> Vec<String> {
    let partner = PartnerId::from_ulid(Ulid::from(partner));
    let (mut codes, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let page = store.list_partner_coupons(&tenant(), &partner, after.as_ref(), 2).await.expect("a page");
        codes.extend(page.items.iter().map(|coupon| coupon.code.as_str().to_owned()));
        after = page.next.and_then(|code| CouponCode::parse(&code));
        if after.is_none() {
            break;
        }
    }
    codes
}

#[tokio::test]
async fn a_partners_coupons_are_listed_with_it_page_by_page_and_of_those_of_before_none_is_missed() {
    let store = store().await;
    for (code, partner) in [("C3", 1), ("A1", 1), ("B2", 2), ("E5", 1), ("D4", 2)] {
        assert_eq!(store.create_coupon(&tenant(), &coupon(code, partner)).await.expect("made"), Written::Yes);
    }
    // Two that were made before coupons were listed with their partner.
    for code in ["A1", "E5"] {
        let own = tenant().partner_coupon(&PartnerId::from_ulid(Ulid::from(1_u128)), code);
        let gone = request::delete_existing(&store.tables.core, &own).expect("a request");
        assert_eq!(store.transact(vec![gone], "making it older").await.expect("store"), Transacted::Yes);
    }
    assert_eq!(codes_of(&store, 1).await, ["A1", "C3", "E5"]);
    assert_eq!(codes_of(&store, 1).await, ["A1", "C3", "E5"], "and again, without looking at the others");
    assert_eq!(codes_of(&store, 2).await, ["B2", "D4"]);
    assert_eq!(codes_of(&store, 3).await, Vec::<String>::new());
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let page = store.list_coupons(&tenant(), after.as_ref(), 2).await.expect("a page");
        all.extend(page.items.iter().map(|coupon| coupon.code.as_str().to_owned()));
        after = page.next.and_then(|code| CouponCode::parse(&code));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all, ["A1", "B2", "C3", "D4", "E5"]);
}
