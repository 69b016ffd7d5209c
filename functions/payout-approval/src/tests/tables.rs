//! Lists of the desk as tables, for who asks for one.

use super::*;

const RUNS: &str = "/v1/revenue/payout-runs";
const FILES: &str = "/v1/revenue/payouts/files";
const MEMBERS: &str = "/v1/revenue/payouts/eligible-members";

impl World {
    /// The lines of a list, as who accepts tables has them.
    async fn table(&self, path: &str) -> Vec<String> {
        let request = http::Request::builder().uri(path).header("authorization", bearer("aud"));
        let request = request.header("accept", "text/csv").body(Body::empty()).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8", "{path}");
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        String::from_utf8(bytes.to_vec()).expect("text").lines().map(ToOwned::to_owned).collect()
    }
}

/// A row of JSON as the line under a header; of rows in which nothing needs quotes.
fn line(header: &str, row: &Value) -> String {
    let cell = |name: &str| match &row[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    header.split(',').map(cell).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn runs_files_members_and_a_payouts_trail_are_tables_for_who_asks_for_one() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let run = world.ask("fin", "POST", RUNS, json!({"currency": "USD"})).await;
    assert_eq!((run.status, &run.json["total_amount"]), (201, &json!("40.00")), "{run:?}");
    let table = world.table(RUNS).await;
    assert_eq!(table[0], "id,currency,payout_count,total_amount,verdict,more,stopped_at,created_by,created_at");
    let listed = world.get("aud", RUNS).await.json;
    assert_eq!(table[1..], [line(&table[0], &listed["data"][0])]);
    assert!(table[1].contains(",USD,1,40.00,"), "{table:?}");
    // The columns of the whole audit's table; a row for each entry.
    let trail = format!("/v1/revenue/payouts/{}/audit", run.json["payout_ids"][0].as_str().expect("a payout"));
    let table = world.table(&trail).await;
    assert_eq!(table[0], cases::audit::row::COLUMNS.join(","));
    let told = world.get("aud", &trail).await.json;
    assert_eq!(told["intact"], true);
    let entries = told["data"].as_array().expect("entries");
    assert_eq!(table.len(), entries.len() + 1, "{table:?}");
    for (row, entry) in table[1..].iter().zip(entries) {
        assert!(row.contains(entry["action"].as_str().expect("an action")), "{row}");
    }
    let table = world.table(FILES).await;
    assert!(table[0].starts_with("id,rail,currency,state,name,payment_count,total_amount,"), "{table:?}");
    assert_eq!(table.len(), 1);
    let table = world.table(MEMBERS).await;
    assert!(table[0].starts_with("member_id,position,tenure_since,kyc_status,"), "{table:?}");
    for path in [RUNS, FILES, MEMBERS, trail.as_str()] {
        assert!(world.get("aud", path).await.json["data"].is_array(), "{path}: JSON for who does not ask");
        assert_eq!(world.get("aud", &format!("{path}?format=xml")).await.status, 400, "{path}");
    }
}
