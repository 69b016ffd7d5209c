//! Rule versions and recomputes as tables, for who asks for one.

use axum::body::Body;
use domain::role::Role;
use http::Request;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::json;
use tower::ServiceExt;

use super::setup::{Bench, NOW};
use crate::routes;

/// The lines of a list, as who accepts tables has them; and where it goes on.
async fn table(bench: &Bench, key: &str, path: &str) -> (Vec<String>, Option<String>) {
    let request = Request::get(path).header("authorization", format!("Bearer {key}")).header("accept", "text/csv");
    let request = request.body(Body::empty()).expect("request");
    let response = routes(bench.app().with_sessions()).oneshot(request).await.expect("answer");
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8", "{path}");
    let next = response.headers().get("x-next-cursor").map(|next| next.to_str().expect("text").to_owned());
    let bytes = response.into_body().collect().await.expect("body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    (text.lines().map(ToOwned::to_owned).collect(), next)
}

#[tokio::test]
async fn rule_versions_and_recomputes_are_tables_for_who_asks_for_one() {
    let mut bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let rules = format!("/v1/programs/{program}/rules");
    bench.now += SignedDuration::from_hours(1);
    let made = bench.post(&admin, &rules, &json!({"kind": "flat", "amount": "25.00"})).await.expect(201);
    let (first, next) = table(&bench, &admin, &format!("{rules}?limit=1")).await;
    assert!(first[0].starts_with("id,program_id,kind,rate,amount,currency,hold_days,"), "{first:?}");
    assert!(first.len() == 2 && first[1].contains(&format!(",{program},percentage,0.3,,,")), "{first:?}");
    let cursor = next.expect("another page");
    let (second, next) = table(&bench, &admin, &format!("{rules}?limit=1&cursor={cursor}")).await;
    let id = made["id"].as_str().expect("an id");
    assert!(second.len() == 2 && second[1].starts_with(&format!("{id},{program},flat,,25.00,USD,")), "{second:?}");
    assert_eq!(next, None);

    let recomputes = format!("/v1/programs/{program}/recompute");
    let body = json!({"rule": {"kind": "percentage", "rate": "0.4"}, "from": NOW, "reason": "wrong"});
    let made = bench.post_once(&admin, &recomputes, &body, Some("once")).await.expect(201);
    let (rows, _) = table(&bench, &admin, &recomputes).await;
    assert!(rows[0].starts_with("id,program_id,state,from,to,reason,requested_by,"), "{rows:?}");
    assert!(rows.len() == 2 && rows[1].starts_with(made["id"].as_str().expect("an id")), "{rows:?}");
    assert!(rows[1].contains(",wrong,usr_1,"), "{rows:?}");
    for path in [&rules, &recomputes] {
        assert!(bench.get(&admin, path).await.expect(200)["data"].is_array(), "JSON for who does not ask");
        assert_eq!(bench.get(&admin, &format!("{path}?format=xml")).await.pointers(400), ["format"]);
    }
}
