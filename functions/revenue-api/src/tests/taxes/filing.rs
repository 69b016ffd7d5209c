//! Which count was filed, and what nobody tells of.

use super::*;

const FILED: &str = "/v1/reports/tax-forms/2026/filed";

fn receipt(count: u32) -> Value {
    json!({"count": count, "receipt": format!("2026-{count}")})
}

/// A year that was counted twice: the name of a payee was another then.
async fn counted_twice() -> Books {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    books.count("generate").await;
    books.sign("400-11-1222", "Mueller").await;
    assert_eq!(books.count("generate").await["count"]["no"], 2);
    books
}

#[tokio::test]
async fn a_receipt_is_of_the_count_whose_files_were_handed_over() {
    let books = counted_twice().await;
    assert_eq!(books.post("fin", FILED, json!({"receipt": "2026-1"})).await.status, 400);
    assert_eq!(books.post("fin", FILED, receipt(9)).await.kind(), (404, "not-found"));
    let told = books.post("fin", FILED, receipt(1)).await.ok();
    assert_eq!(
        (&told["filed_count"], &told["count"]["no"], &told["count"]["receipt"]),
        (&1.into(), &1.into(), &json!("2026-1"))
    );
    // What the tax office has is the first, and what the second says otherwise is to be corrected.
    let found = books.get("fin", &format!("{YEAR}/corrections")).await.ok();
    assert_eq!(found["data"][0]["correction"], "recipient");
    assert_eq!(books.post("fin", FILED, receipt(2)).await.kind(), (409, "tax-year-filed"));
    assert_eq!(books.count("correct").await["count"]["corrects"], 1);
    assert_eq!(books.post("fin", FILED, receipt(3)).await.ok()["filed_count"], 3);
}

#[tokio::test]
async fn the_files_of_every_count_stay_within_reach() {
    let books = counted_twice().await;
    books.post("fin", FILED, receipt(2)).await.ok();
    books.count("correct").await;
    assert_eq!(books.get("fin", &format!("{YEAR}/files/1099-nec-001")).await.kind(), (404, "not-found"));
    for (no, name) in [(1, "Miller"), (2, "Mueller")] {
        let file = books.get("fin", &format!("{YEAR}/files/1099-nec-001?count={no}")).await;
        assert!(file.text.contains(name), "{no}: {}", file.text);
        let rows = books.get("aud", &format!("{YEAR}/rows?count={no}")).await.ok();
        assert_eq!(rows["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(books.get("aud", &format!("{YEAR}?count={no}")).await.ok()["count"]["no"], no);
    }
    assert_eq!(books.get("aud", &format!("{YEAR}?count=2")).await.ok()["count"]["receipt"], "2026-2");
    assert_eq!(books.get("aud", &format!("{YEAR}/rows?count=4")).await.kind(), (404, "not-found"));
    let trail = books.world.store.list_audit(&books.world.tenant, "tax_year#2026").await.expect("store");
    let downloads = trail.iter().filter(|entry| entry.action == "tax_year.file_downloaded");
    assert_eq!(downloads.map(|entry| entry.new["no"].as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn tax_that_no_file_tells_of_is_named_by_whoever_files() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    books.turn_to(22).await;
    books.pay("3000.00").await;
    let year = books.count("generate").await;
    assert_eq!(year["count"]["totals"]["withheld_untold"], "720.00");
    let naming = |amount: &str| json!({"count": 1, "receipt": "2026-1", "withheld_untold": amount});
    assert_eq!(books.post("fin", FILED, receipt(1)).await.kind(), (409, "withheld-untold"));
    assert_eq!(books.post("fin", FILED, naming("719.99")).await.kind(), (409, "withheld-untold"));
    assert_eq!(books.post("fin", FILED, naming("-720.00")).await.status, 400);
    assert_eq!(books.post("fin", FILED, naming("720.00")).await.ok()["filed_count"], 1);
    let trail = books.world.store.list_audit(&books.world.tenant, "tax_year#2026").await.expect("store");
    assert_eq!(trail.last().map(|entry| entry.new["withheld_untold"].as_str()), Some("720.00"));
}

#[tokio::test]
async fn settings_that_change_in_the_middle_of_a_count_begin_it_anew() {
    use crate::tax_year::{Counting, sealed};
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    let at: Timestamp = AFTERWARDS.parse().expect("an instant");
    let mut reader = Reader::from_map([("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    let visits = Sender::connect(&Aws::from(&mut reader).service(Sdk::Sqs), "http://127.0.0.1:1/q");
    let app = App::new(books.world.store.clone(), visits, books.sealer.clone(), Clock::fixed(at));
    let tenant = books.world.tenant.clone();
    let (before, decided) = sealed::settings(&app, &tenant).await.expect("settings");
    let by = Actor::new(Role::FinanceManager, "usr_fin");
    let zone = domain::time::Zone::utc();
    let old = Counting { app: &app, tenant: &tenant, settings: &before, decided, zone: &zone, by: &by, at };
    let year = books.world.store.get_tax_year(&tenant, 2026).await.expect("store");
    let count = old.begin(&year, None).await.expect("begun").expect("a count");
    let count = old.go_on(count, &|| true).await.expect("a step");
    let mut by_rail = settings();
    by_rail["rails"] = json!({"manual": "rail"});
    books.decide(by_rail).await;
    let (after, decided) = sealed::settings(&app, &tenant).await.expect("settings");
    let new = Counting { settings: &after, decided, ..old };
    let count = new.go_on(count, &|| true).await.expect("a step");
    // Whoever still has the old words leaves it as it is.
    let old = Counting { settings: &before, decided: decided - 1, ..new };
    assert_eq!(old.go_on(count.clone(), &|| false).await.expect("nothing"), count);
    let year = books.count("generate").await;
    let totals = &year["count"]["totals"];
    assert_eq!((&year["count"]["no"], &totals["told_by_rails"]), (&json!(1), &json!("2500.00")), "{totals:#}");
    assert_eq!((&totals["by_verdict"], &year["count"]["files"]), (&json!({"nothing": "0.00"}), &json!([])));
}
