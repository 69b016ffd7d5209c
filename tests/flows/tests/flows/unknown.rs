//! Money out by Stripe when its answer is lost: partner, admin, second admin, finance, and in the end the rail's own word.

use serde_json::{Value, json};

use crate::operator::{assert_lawful, dead_letters, tributary};
use crate::rail::Rail;
use crate::world::{Partner, World, purchase, text};

/// A partner who earned 120,000.00, and whose money goes to a connected account.
async fn rich_partner(world: &World, rail: &Rail) -> Partner {
    let cloud = &world.cloud;
    let partner = world.partner("ada").await;
    rail.pays(world, &partner).await;
    let token = world.click(&partner).await;
    cloud.advance("1h").await;
    let bought = purchase("casey", "400000.00", &token, cloud.now().await);
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

/// Asked for by the partner, approved by two admins; its path.
async fn approved(world: &World, partner: &Partner, admins: [&str; 2]) -> String {
    let asked = json!({"currency": "USD"});
    let made = world.api.post(&partner.key, "/v1/revenue/payouts/request", "ask", &asked).await.expect(201);
    assert_eq!(made["total_amount"], "120000.00");
    let path = format!("/v1/revenue/payouts/{}", text(&made["id"]));
    let seal = json!({"seal": world.api.get(admins[0], &path).await.expect(200)["seal"]});
    let first = world.api.put(admins[0], &format!("{path}/approve"), "yes", &seal).await.expect(200);
    assert_eq!(first["state"], "pending_approval", "PAY-4: two approve from 100,000 on");
    let again = world.api.put(admins[0], &format!("{path}/approve"), "yes-again", &seal).await;
    assert_eq!(again.status, 409, "{}", again.text);
    let second = world.api.put(admins[1], &format!("{path}/approve"), "yes-too", &seal).await.expect(200);
    assert_eq!(second["state"], "approved");
    path
}

async fn state(world: &World, path: &str) -> String {
    text(&world.api.get(&world.finance, path).await.expect(200)["state"])
}

async fn second_admin(world: &World) -> String {
    tributary(&world.cloud, &["key", "create", "--role", "admin", "--name", "second admin"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_whose_answer_is_lost_is_found_and_paid_once() {
    let world = World::new().await;
    let (rail, second) = (Rail::of(&world).await, second_admin(&world).await);
    let partner = rich_partner(&world, &rail).await;
    let path = approved(&world, &partner, [&world.admin, &second]).await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    rail.lose_an_answer().await;
    let none = Value::Null;
    let submitted = world.api.post(&world.finance, &format!("{path}/submit"), "go", &none).await.expect(200);
    assert_eq!(submitted["state"], "submitting");
    world.rest().await;
    assert_eq!((state(&world, &path).await.as_str(), rail.transfers(&id).await), ("outcome_unknown", 1));
    // One person's word is not enough, and meanwhile the rail is looked at.
    let open =
        world.api.post(&partner.key, "/v1/revenue/payouts/request", "ask-again", &json!({"currency": "USD"})).await;
    assert!([409, 422].contains(&open.status), "{}", open.text);
    for _ in 0..4 {
        world.cloud.advance("20m").await;
        world.cloud.tick("payout-executor").await;
        world.rest().await;
    }
    assert_eq!((state(&world, &path).await.as_str(), rail.transfers(&id).await), ("paid", 1));
    let payout = world.api.get(&partner.key, &format!("/v1/partners/revenue/payouts/{id}")).await.expect(200);
    assert_eq!(payout["status"], "completed");
    // TAX-2: without a form a part was withheld; the rest went out.
    let balance = world.balance(&partner).await;
    assert_eq!((&balance["paid"], &balance["available"]), (&json!("120000.00"), &json!("0.00")));
    assert_lawful(&world.cloud).await;
    let dead = dead_letters(&world.cloud).await;
    assert!(dead.is_empty(), "{dead:?}");
}
