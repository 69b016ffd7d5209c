//! What belongs to one tenant is nothing to another.

use super::*;

#[tokio::test]
async fn another_tenants_admin_sees_decides_and_sets_nothing_of_this_one() {
    let office = office().await;
    let id = office.held("in_1", "29.70", &[Reason::SelfReferralEmail]).await;
    assert_eq!(office.get("stranger", "").await.ids(), Vec::<&str>::new());
    assert_eq!(office.get("stranger", &format!("/{id}")).await.status, 404);
    for decision in ["release", "reject", "watch"] {
        assert_eq!(office.decide("stranger", &id, decision).await.status, 404, "{decision}");
    }
    let set = office.write("stranger", "PUT", "/policy", json!({"points": {"self_referral_email": 0}})).await;
    assert_eq!(set.status, 200);
    assert_eq!(office.get("ada", "/policy").await.json["points"]["self_referral_email"], 60);
    let body = json!({"partner_id": office.world.partner, "kind": "card", "value": "Xt5EWLLDS7FJjR1c"});
    let marked = office.write("stranger", "POST", "/marks", body).await;
    assert_eq!((marked.status, marked.pointers()), (422, vec!["/partner_id"]));
    let banned = json!({"banned_referrers": {(world::program().to_string()): ["coupons.example"]}});
    let place = format!("/banned_referrers/{}", world::program());
    let banned = office.write("stranger", "PUT", "/policy", banned).await;
    assert_eq!((banned.status, banned.pointers()), (422, vec![place.as_str()]));
    // A cursor of this tenant leads nowhere in another's list.
    for n in 1..=2 {
        office.noticed(n, &[Reason::DuplicatePartner]).await;
    }
    let cursor = office.get("ada", "?limit=1").await.json["next_cursor"].as_str().expect("a second page").to_owned();
    let page = office.get("stranger", &format!("?cursor={cursor}")).await;
    assert!(page.status == 200 && page.ids().is_empty(), "{page:?}");
    assert_eq!(office.held_now().await, 2970);
    assert_eq!(office.get("ada", &format!("/{id}")).await.json["status"], "open");
}
