//! How the revenue is doing, through its door: who may ask, what is read, and whose it is.

use store::proofs::{ProofRecord, Reach, SealsRecord};

use super::*;

impl Desk {
    /// Each part's name and how it is doing.
    async fn parts(&self, who: &str) -> Vec<String> {
        let told = self.get(who, "/health").await;
        assert_eq!(told.status, 200, "{told:?}");
        let parts = told.json["parts"].as_array().expect("parts");
        let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
        parts.iter().map(|part| format!("{} {}", text(part, "name"), text(part, "status"))).collect()
    }

    async fn proof(&self, reach: Reach) -> Option<ProofRecord> {
        self.world.store.get_proof(&self.world.tenant, reach).await.expect("store")
    }
}

const FINE: [&str; 7] =
    ["ledger ok", "nights ok", "events ok", "facts ok", "payouts ok", "reconciliation ok", "jobs ok"];

/// Of the tenant of the tests, which has had a programme for long.
const NEVER_RAN: [&str; 7] =
    ["ledger late", "nights late", "events ok", "facts ok", "payouts ok", "reconciliation ok", "jobs late"];

#[tokio::test]
async fn the_health_of_a_tenant_with_nothing_is_fine_and_is_told_to_its_people_alone() {
    let desk = desk().await;
    for who in ["ada", "fin", "sue", "aud"] {
        assert_eq!(desk.parts(who).await, NEVER_RAN, "{who}");
    }
    for (who, status) in [("partner", 403), ("member", 403), ("machine", 403), ("nobody", 401)] {
        assert_eq!(desk.get(who, "/health").await.status, status, "{who}");
    }
    assert_eq!(desk.get("ada", "/health?day=1").await.told(), (400, "bad-request"));
    assert_eq!(desk.parts(FOREIGN).await, FINE);
    let told = desk.get(FOREIGN, "/health").await;
    assert_eq!((&told.json["status"], &told.json["parts"][0]["at"]), (&json!("ok"), &Value::Null));
}

#[tokio::test]
async fn what_waits_is_told_to_the_tenant_whose_it_is_and_the_worst_part_is_the_whole() {
    let desk = desk().await;
    let (store, tenant, now) = (&desk.world.store, &desk.world.tenant, desk.world.now);
    let earlier = Timestamp::from_second(now.as_second() - 2 * 86_400).expect("an instant");
    let fact = desk.world.refund("re_1", "in_404", "1.00");
    assert!(store.park(tenant, &world::key("in_404"), &fact, earlier).await.expect("store"));
    let late = desk.get("aud", "/health").await;
    assert_eq!((&late.json["status"], &late.json["parts"][3]["count"]), (&json!("late"), &json!(1)));
    let since = late.json["parts"][3]["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    assert_eq!(since, Some(earlier));
    let place = store::raw_events::RawEventPlace::parse("stripe", "20261121", "evt_1").expect("a place");
    store.park_event(tenant, &place, ("no such currency", "corr"), now).await.expect("store");
    let broken = desk.get("aud", "/health").await;
    assert_eq!(broken.json["status"], json!("broken"));
    assert_eq!(desk.parts("aud").await[2..4], ["events broken", "facts late"]);
    // API-8: another tenant's are its own.
    assert_eq!(desk.parts(FOREIGN).await, FINE);
}

/// LED-8.
#[tokio::test]
async fn a_proof_by_hand_of_as_many_days_as_the_nights_is_told_and_one_of_fewer_is_not() {
    let desk = desk().await;
    assert_eq!(desk.post("aud", "/verify?journal_days=40", Value::Null).await.status, 200);
    assert_eq!(desk.post("aud", "/verify?journal_days=0", Value::Null).await.status, 200);
    assert_eq!((desk.proof(Reach::Recent).await, desk.proof(Reach::Whole).await), (None, None));
    desk.world.earn("in_1", "29.70", desk.day(30)).await;
    assert_eq!(desk.post("aud", "/verify?journal_days=3650", Value::Null).await.status, 200);
    let whole = desk.proof(Reach::Whole).await.expect("the whole journal");
    assert_eq!((whole.at, whole.accounts, whole.lines, whole.broken), (desk.world.now, 1, 1, 0));
    // The journal is as old as its first programme.
    assert_eq!(desk.post("aud", "/verify", Value::Null).await.status, 200);
    let told = desk.get("aud", "/health").await;
    assert_eq!(
        (&told.json["parts"][0]["reason"], &told.json["parts"][0]["count"]),
        (&json!("every law holds"), &json!(1))
    );
}

#[tokio::test]
async fn a_broken_law_is_told_until_it_is_mended_and_proved_again() {
    let desk = desk().await;
    let at = Timestamp::from_second(desk.world.now.as_second() - 3_600).expect("an instant");
    let record = ProofRecord { at, accounts: 1, lines: 1, moving: 0, broken: 2, law: Some("V3".to_owned()) };
    desk.world.store.record_proof(&desk.world.tenant, Reach::Recent, &record).await.expect("store");
    assert_eq!(desk.parts("fin").await[0], "ledger broken");
    assert_eq!(desk.parts(FOREIGN).await[0], "ledger ok");
    assert_eq!(desk.post("fin", "/verify?journal_days=3650", Value::Null).await.status, 200);
    assert_eq!(desk.parts("fin").await[0], "ledger ok");
    // A proof of the laws looks at no seal.
    let seals = SealsRecord { at, unsealed: 1 };
    desk.world.store.record_seals(&desk.world.tenant, &seals).await.expect("store");
    assert_eq!(desk.post("aud", "/verify?journal_days=3650", Value::Null).await.status, 200);
    assert_eq!(desk.parts("fin").await[0], "ledger broken");
}

/// However much there is, it is read by few questions.
#[tokio::test]
async fn the_health_is_read_by_few_questions() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(30)).await;
    desk.get("aud", "/health").await;
    let before = desk.world.database.requests();
    desk.get("aud", "/health").await;
    assert!(desk.world.database.requests() - before <= 18, "{}", desk.world.database.requests() - before);
}
