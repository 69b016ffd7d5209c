//! What the tenant decides is one document: whoever replaces it says what they saw, and does not take back unseen what another
//! person decided meanwhile.

use super::*;

/// Where each document is, and its trail.
const DOCUMENTS: [(&str, &str); 2] = [("/policy", "payout_policy"), ("/award-policy", "award_policy")];

fn wish(path: &str, n: u32) -> Value {
    if path == "/policy" {
        json!({"bands": [{"currency": "USD", "two_from": format!("{n}.00")}]})
    } else {
        json!({"launched_on": "2024-09-15", "gross": n, "retention": 1})
    }
}

impl World {
    /// Asks with what was seen; the status, the ETag and the body.
    async fn ask_seen(
        &self,
        who: &str,
        method: &str,
        path: &str,
        seen: Option<&str>,
        body: Value,
    ) -> (u16, String, Value) {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("/v1/revenue/payouts{path}"))
            .header("authorization", bearer(who))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("seen-{n}"));
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.routes.clone().oneshot(request.body(body).expect("request")).await.expect("infallible");
        let status = response.status().as_u16();
        let tag = response.headers().get("etag").map_or("", |tag| tag.to_str().expect("text")).to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (status, tag, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

#[tokio::test]
async fn whoever_decides_over_what_another_has_decided_meanwhile_is_told_both_versions() {
    let world = world().await;
    for (path, trail) in DOCUMENTS {
        let (status, tag, shipped) = world.ask_seen("aud", "GET", path, None, Value::Null).await;
        assert_eq!((status, tag.as_str()), (200, "\"0\""), "{path} {shipped}");
        let (status, tag, first) = world.ask_seen("ada", "PUT", path, Some("\"0\""), wish(path, 1_000)).await;
        assert_eq!((status, tag.as_str()), (200, "\"1\""), "{path} {first}");
        let (status, _, late) = world.ask_seen("bob", "PUT", path, Some("\"0\""), wish(path, 2_000)).await;
        assert_eq!((status, &late["versions"]), (412, &json!({"seen": 0, "present": 1})), "{path} {late}");
        assert_eq!(late["type"], "urn:tributary:problem:precondition-failed", "{path}");
        let (_, tag, shown) = world.ask_seen("aud", "GET", path, None, Value::Null).await;
        assert_eq!((tag.as_str(), shown), ("\"1\"", first), "{path}: what the first decided holds");
        assert_eq!(world.store.list_audit(&tenant(), trail).await.expect("store").len(), 1, "{path}");
        // With the version that was told it goes on; and a form's fault is told before any version.
        let (status, tag, _) = world.ask_seen("bob", "PUT", path, Some("\"1\""), wish(path, 2_000)).await;
        assert_eq!((status, tag.as_str()), (200, "\"2\""), "{path}");
        let (status, _, told) = world.ask_seen("bob", "PUT", path, Some("\"1\""), json!({"nothing": 1})).await;
        assert_eq!(status, 400, "{path} {told}");
        // Whoever does not say what they saw decides, as ever, and so does who says that any will do.
        for seen in [None, Some("*")] {
            assert_eq!(world.ask_seen("ada", "PUT", path, seen, wish(path, 3_000)).await.0, 200, "{path} {seen:?}");
        }
        assert_eq!(world.ask_seen("ada", "PUT", path, Some("3"), wish(path, 3_000)).await.0, 400, "{path}: no ETag");
    }
}

#[tokio::test]
async fn of_two_who_decide_in_one_instant_what_they_saw_one_is_done_and_the_other_is_told() {
    let world = world().await;
    for (path, trail) in DOCUMENTS {
        for n in 0..4 {
            let tag = format!("\"{n}\"");
            let (one, other) = tokio::join!(
                world.ask_seen("ada", "PUT", path, Some(&tag), wish(path, 5_100 + n)),
                world.ask_seen("bob", "PUT", path, Some(&tag), wish(path, 6_100 + n)),
            );
            let (done, told) = if one.0 == 200 { (one, other) } else { (other, one) };
            assert_eq!((done.0, done.1.as_str()), (200, format!("\"{}\"", n + 1).as_str()), "{path} {}", done.2);
            assert_eq!(
                (told.0, &told.2["versions"]),
                (412, &json!({"seen": n, "present": n + 1})),
                "{path} {}",
                told.2
            );
            let (_, _, shown) = world.ask_seen("aud", "GET", path, None, Value::Null).await;
            assert_eq!(shown, done.2, "{path}: what was said to be done holds");
            let entries = world.store.list_audit(&tenant(), trail).await.expect("store");
            let last = entries.last().map(|entry| (entry.no, entry.actor.id.as_str()));
            let who = if shown.to_string().contains(&(5_100 + n).to_string()) { "usr_ada" } else { "usr_bob" };
            assert_eq!(last, Some((n + 1, who)), "{path}");
        }
    }
}
