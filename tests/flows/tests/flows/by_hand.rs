//! Money out by a check that finance writes: the page comes from a queued job, and pays nothing.

use domain::digest::Digest;
use serde_json::{Value, json};

use crate::operator::{assert_lawful, dead_letters};
use crate::world::{Partner, World, purchase, text};

/// A partner who earned 29.70, and who is paid by check.
async fn paid_by_check(world: &World) -> Partner {
    let cloud = &world.cloud;
    let partner = world.partner("ada").await;
    let address =
        json!({"line1": "1 Main St", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"});
    let details = json!({"rail": "check", "payable_to": "Ada Lovelace", "address": address});
    let methods = json!({"methods": [{"details": details}]});
    let path = format!("/v1/partners/{}/payout-method", partner.id);
    world.api.put(&partner.key, &path, "method", &methods).await.expect(200);
    let token = world.click(&partner).await;
    cloud.advance("1h").await;
    let bought = purchase("casey", "99.00", &token, cloud.now().await);
    for event in [&bought.paid, &bought.checkout] {
        world.deliver(event).await.expect(200);
        world.rest().await;
    }
    // Behind the hold of the commission, and behind the cooling-off of the method.
    cloud.advance("744h").await;
    cloud.tick("commission-batch").await;
    world.rest().await;
    partner
}

/// Asked for by the partner and approved; its path.
async fn approved(world: &World, partner: &Partner) -> String {
    let asked = json!({"currency": "USD"});
    let made = world.api.post(&partner.key, "/v1/revenue/payouts/request", "ask", &asked).await.expect(201);
    let path = format!("/v1/revenue/payouts/{}", text(&made["id"]));
    let seal = json!({"seal": world.api.get(&world.admin, &path).await.expect(200)["seal"]});
    let approved = world.api.put(&world.admin, &format!("{path}/approve"), "yes", &seal).await.expect(200);
    assert_eq!(approved["state"], "approved");
    path
}

/// The page as it comes through the door, with the hash that is told beside it.
async fn page(world: &World, path: &str) -> (String, Vec<u8>) {
    let request = world.cloud.client().get(world.cloud.url(&format!("{path}/instructions")));
    let answer = request.bearer_auth(&world.finance).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let told = answer.headers().get("x-content-sha256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = told.to_owned();
    (told, answer.bytes().await.expect("a file").to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_payout_is_paid_by_hand_is_a_page_that_is_made_once_and_pays_nothing() {
    let world = World::new().await;
    let partner = paid_by_check(&world).await;
    let path = approved(&world, &partner).await;
    let early = world.api.get(&world.finance, &format!("{path}/instructions")).await;
    assert_eq!(early.status, 404, "{}", early.text);
    for once in ["instructions", "instructions-again"] {
        let generate = format!("{path}/generate-instructions");
        let asked = world.api.post(&world.finance, &generate, once, &Value::Null).await.expect(200);
        assert!(asked["lines"].to_string().contains("Springfield IL 62701"), "{asked}");
        world.rest().await;
    }
    let (told, file) = page(&world, &path).await;
    assert!(file.starts_with(b"%PDF-"), "the page comes whole through the door");
    assert_eq!(told, Digest::of_bytes(&file).to_hex());
    assert_eq!(page(&world, &path).await, (told, file), "it is made once");
    let refused = world.api.get(&partner.key, &format!("{path}/instructions")).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(world.cloud.files().await.is_empty(), "no page of bank details lies in the bucket");
    let mails = world.cloud.mail().await;
    assert!(!json!(mails).to_string().contains("application/pdf"), "nobody is mailed one");
    assert_eq!(world.api.get(&world.finance, &path).await.expect(200)["state"], "approved");
    assert_lawful(&world.cloud).await;
    let dead = dead_letters(&world.cloud).await;
    assert!(dead.is_empty(), "{dead:?}");
}
