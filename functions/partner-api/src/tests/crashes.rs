//! A write that dies in the middle, and is sent again under its idempotency key.

use domain::role::Role;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::Fault;

use super::setup::{Bench, program_body};

/// Longer than the lease of a run that died.
const LATER: SignedDuration = SignedDuration::from_secs(120);

async fn listed(bench: &Bench, admin: &str, path: &str) -> usize {
    let list = bench.get(admin, path).await.expect(200);
    list["data"].as_array().map_or(0, Vec::len)
}

/// Sends a write whose store dies at each of its requests in turn, sends it again later, and counts what there is.
async fn made_once(path: &'static str, body: impl Fn(&str) -> Value) {
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for after in 0..12 {
            let mut bench = Bench::new().await;
            let admin = bench.key(Role::Admin, "usr_1").await;
            let program = bench.program(&admin).await;
            let partner = bench.partner(&admin, &program).await;
            let before = listed(&bench, &admin, path).await;
            let asked = body(if path.ends_with("affiliates") { &partner } else { &program });
            bench.database.fail_after(after, 40, fault);
            bench.post_once(&admin, path, &asked, Some("once")).await;
            bench.database.heal();
            bench.now += LATER;
            let made = bench.post_once(&admin, path, &asked, Some("once")).await;
            assert_eq!(made.status, 201, "{path} {fault:?} after {after}: {}", made.body);
            assert_eq!(listed(&bench, &admin, path).await, before + 1, "{path} {fault:?} after {after}");
        }
    }
}

#[tokio::test]
async fn a_program_is_made_once_wherever_the_first_run_died() {
    made_once("/v1/programs", |_| program_body()).await;
}

#[tokio::test]
async fn a_partner_is_made_once_wherever_the_first_run_died() {
    made_once("/v1/partners", |program| json!({"name": "Bo", "email": "bo@example.com", "program_id": program})).await;
}

#[tokio::test]
async fn a_link_is_made_once_wherever_the_first_run_died() {
    made_once(
        "/v1/revenue/affiliates",
        |partner| json!({"partner_id": partner, "destination": "https://shop.example/"}),
    )
    .await;
}
