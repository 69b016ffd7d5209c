//! What providers list, held against the ledger: the door to the records.

use domain::money::Money;
use domain::provider::Provider;
use domain::reconciliation::{Amounts, Compared};
use store::reconciliations::Reconciliation;

use super::*;

impl Desk {
    /// A comparing so many hours ago, with a payment that does not match where `is_missing`.
    async fn compared(&self, provider: Provider, hours_ago: i64, is_missing: bool) {
        let at = Timestamp::from_second(self.world.now.as_second() - hours_ago * 3_600).expect("an instant");
        let there = Amounts { paid: Money::from_minor(9_900, domain::currency::Currency::USD), refunded: None };
        let exceptions = is_missing.then(|| Compared::of(world::key("in_1"), there, None));
        let record = Reconciliation {
            provider,
            at,
            since: self.world.now,
            looked_at: 3,
            sent_in: 2,
            not_taken: 1,
            matched: 1,
            unmatched: exceptions.iter().len() as u64,
            exceptions: exceptions.into_iter().collect(),
        };
        let stored = self.world.store.record_reconciliation(&self.world.tenant, &record).await.expect("store");
        assert_eq!(stored, store::Written::Yes);
    }
}

#[tokio::test]
async fn comparings_are_listed_newest_first_page_by_page_with_what_does_not_match() {
    let desk = desk().await;
    desk.compared(Provider::Stripe, 2, true).await;
    desk.compared(Provider::LemonSqueezy, 1, false).await;
    desk.compared(Provider::Stripe, 3, false).await;
    let listed = desk.get("aud", "/reconciliation").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let rows: Vec<String> = listed.rows(&["provider", "status", "unmatched"]);
    assert_eq!(rows, ["lemon_squeezy matched 0", "stripe exceptions 1", "stripe matched 0"]);
    let exception = &listed.json["data"][1]["exceptions"][0];
    assert_eq!((&exception["payment"], &exception["bucket"]), (&json!("stripe:in_1"), &json!("missing_in_ledger")));
    assert_eq!(
        (&exception["provider"]["amount"], &exception["provider"]["currency"]),
        (&json!("99.00"), &json!("USD"))
    );
    assert_eq!((&exception["ledger"], &exception["provider"]["refunded"]), (&Value::Null, &Value::Null));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..9 {
        let page = desk.get("fin", &format!("/reconciliation?limit=1{cursor}")).await;
        seen.extend(page.rows(&["provider", "status", "unmatched"]));
        let Some(next) = page.json["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, rows);
    let csv = desk.get("aud", "/reconciliation?format=csv").await.text;
    assert_eq!(csv.lines().next(), Some("provider,at,since,status,looked_at,sent_in,not_taken,matched,unmatched"));
    assert_eq!(csv.lines().count(), 4);
}

#[tokio::test]
async fn the_records_of_comparings_are_for_the_tenants_own_desk() {
    let desk = desk().await;
    desk.compared(Provider::Stripe, 1, false).await;
    for (who, status) in [
        ("ada", 200),
        ("fin", 200),
        ("sue", 200),
        ("aud", 200),
        ("partner", 403),
        ("member", 403),
        ("machine", 403),
        ("nobody", 401),
    ] {
        assert_eq!(desk.get(who, "/reconciliation").await.status, status, "{who}");
    }
    // API-8: another tenant's are not there.
    assert_eq!(desk.get(FOREIGN, "/reconciliation").await.json["data"], json!([]));
    for bad in ["limit=0", "limit=501", "cursor=%0A", "cursor=AAA", "cursor=null", "format=xml"] {
        assert_eq!(desk.get("ada", &format!("/reconciliation?{bad}")).await.told(), (400, "bad-request"), "{bad}");
    }
}

#[tokio::test]
async fn an_empty_cursor_is_the_first_page() {
    let desk = desk().await;
    desk.compared(Provider::Stripe, 1, false).await;
    let listed = desk.get("aud", "/reconciliation?cursor=").await;
    assert_eq!((listed.status, listed.rows(&["provider"])), (200, vec!["stripe".to_owned()]));
}
