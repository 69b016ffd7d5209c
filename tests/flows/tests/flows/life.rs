//! One life: a click becomes a sale, a commission, a matured balance, an approved payout and a receipt.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::operator::{assert_lawful, dead_letters};
use crate::world::{Partner, World, purchase, text};

/// How often each message and each request of a life is sent.
#[derive(Clone, Copy)]
struct Times(usize);

/// A payout's steps, each `times` over; its id.
async fn pay(world: &World, partner: &Partner, times: Times) -> String {
    let World { api, admin, finance, cloud, .. } = world;
    let asked = json!({"currency": "USD"});
    let mut id = String::new();
    for _ in 0..times.0 {
        let made = api.post(&partner.key, "/v1/revenue/payouts/request", "ask", &asked).await.expect(201);
        assert_eq!(made["total_amount"], "29.70");
        id = text(&made["id"]);
    }
    let second = api.post(&partner.key, "/v1/revenue/payouts/request", "ask-again", &asked).await;
    assert_eq!(second.status, 409, "one payout at a time leaves an account: {}", second.text);
    let path = |step: &str| format!("/v1/revenue/payouts/{id}/{step}");
    let seen = api.get(admin, &format!("/v1/revenue/payouts/{id}")).await.expect(200);
    let now = cloud.now().await.to_string();
    for _ in 0..times.0 {
        let approved = api.put(admin, &path("approve"), "yes", &json!({"seal": seen["seal"]})).await.expect(200);
        assert_eq!(approved["state"], "approved");
    }
    let sent = json!({"sent_at": now, "payment_reference": "SEPA-1"});
    for _ in 0..times.0 {
        assert_eq!(api.post(finance, &path("mark-sent"), "sent", &sent).await.expect(200)["state"], "submitted");
    }
    let arrived = json!({"completed_at": now, "payment_reference": "BANK-1"});
    for _ in 0..times.0 {
        assert_eq!(api.post(finance, &path("confirm"), "arrived", &arrived).await.expect(200)["state"], "paid");
    }
    world.rest().await;
    id
}

/// The partner's W-9: without one a part of what is paid is withheld.
async fn file_w9(world: &World, partner: &Partner, times: Times) {
    let now = world.cloud.now().await.to_string();
    let form = json!({
        "form": "w9", "classification": "individual", "first_name": "Ada", "last_name": "Lovelace",
        "tin_kind": "ssn", "tin": "400-11-1222", "signed_on": &now[..10], "certified": true,
        "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"},
    });
    let path = format!("/v1/partners/{}/tax-form", partner.id);
    for _ in 0..times.0 {
        let filed = world.api.put(&partner.key, &path, "w9", &form).await.expect(200);
        assert_eq!((&filed["status"], &filed["withheld"]), (&json!("valid"), &json!("0")));
    }
}

/// The life up to a paid payout; the partner and the payout's id.
async fn live(world: &World, times: Times) -> (Partner, String) {
    let World { api, cloud, .. } = world;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    // Stripe tells seconds: a purchase in the second of its click would seem to come before it.
    cloud.advance("1h").await;
    let bought = purchase("casey", "99.00", &token, cloud.now().await);
    // The invoice comes before the check-out that says whose customer it is.
    for event in [&bought.paid, &bought.checkout] {
        for _ in 0..times.0 {
            world.deliver(event).await.expect(200);
        }
        world.rest().await;
    }
    let commissions = api.get(&partner.key, "/v1/partners/revenue/commissions").await.expect(200);
    let commissions = commissions["data"].as_array().expect("a list");
    let [commission] = commissions.as_slice() else { panic!("one commission, not {commissions:#?}") };
    assert_eq!(commission["commission_amount"], "29.70", "30 % of 99.00");
    assert_eq!(commission["status"], "pending");
    assert_eq!(world.balance(&partner).await["pending"], "29.70");

    cloud.advance("744h").await;
    for _ in 0..times.0 {
        cloud.tick("commission-batch").await;
        world.rest().await;
    }
    let balance = world.balance(&partner).await;
    assert_eq!((&balance["available"], &balance["pending"]), (&json!("29.70"), &json!("0.00")));
    file_w9(world, &partner, times).await;
    let payout = pay(world, &partner, times).await;
    (partner, payout)
}

fn subjects(letters: &[Value]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for letter in letters {
        *counted.entry(text(&letter["subject"])).or_default() += 1;
    }
    counted
}

async fn assert_receipt(world: &World, partner: &Partner, payout: &str) {
    let files = world.cloud.files().await;
    let [receipt] = files.as_slice() else { panic!("one file, not {files:?}") };
    assert!(receipt.ends_with(&format!("/receipts/{payout}.pdf")), "{receipt}");
    assert!(world.cloud.file(receipt).await.expect("a file").starts_with(b"%PDF"));
    let letters = world.cloud.mail().await;
    let steps = ["requested", "approved", "on its way", "paid"];
    let expected = steps.map(|step| format!("Payout {step}: USD 29.70"));
    assert_eq!(subjects(&letters), expected.clone().map(|subject| (subject, 1)).into());
    let paid = letters.iter().find(|letter| letter["subject"] == expected[3]).expect("a letter");
    assert_eq!(paid["recipients"], json!(["ada@partner.example"]));
    let attached = paid["attachments"].as_array().expect("attachments");
    assert_eq!(attached.len(), 1, "{paid}");
    assert!(attached[0].to_string().contains("application/pdf"), "{paid}");
    let link = world.api.get(&partner.key, &format!("/v1/revenue/payouts/{payout}/receipt")).await.expect(200);
    let file = reqwest::get(text(&link["url"])).await.expect("the bucket answers");
    assert!(file.bytes().await.expect("a file").starts_with(b"%PDF"), "the link opens the receipt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_becomes_a_paid_payout_with_a_receipt() {
    let world = World::new().await;
    let (partner, payout) = live(&world, Times(2)).await;
    assert_receipt(&world, &partner, &payout).await;
    let trail = world.api.get(&world.admin, &format!("/v1/revenue/payouts/{payout}/audit")).await.expect(200);
    let deeds: Vec<_> = trail["data"].as_array().expect("a trail").iter().map(|deed| text(&deed["action"])).collect();
    assert_eq!(deeds, ["payout.requested", "payout.approved", "payout.sent", "payout.paid"]);
    assert_eq!(trail["intact"], true);
    let balance = world.balance(&partner).await;
    assert_eq!(
        (&balance["available"], &balance["reserved"], &balance["paid"]),
        (&json!("0.00"), &json!("0.00"), &json!("29.70"))
    );
    assert!(dead_letters(&world.cloud).await.is_empty());
    assert_lawful(&world.cloud).await;
}
