//! API keys.

use super::*;

async fn made(hall: &Hall, who: &Browser, body: Value) -> (String, String) {
    let told = hall.by(who, "POST", "/v1/api-keys", body).await;
    assert_eq!(told.status, 201, "{told:?}");
    let text = |name: &str| told.json[name].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

#[tokio::test]
async fn a_machines_key_opens_what_its_scopes_name_and_nothing_else() {
    // API-4
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let body = json!({"name": "server", "kind": "service", "scopes": ["risk:read", "leads:read"]});
    let (_, key) = made(&hall, &ada, body).await;
    assert_eq!(hall.bearing(&key, "GET", "/v1/risk", Value::Null).await.status, 200);
    let told = hall.bearing(&key, "GET", "/v1/webhooks/deliveries", Value::Null).await;
    assert_eq!((told.status, told.kind()), (403, "scope-needed"));
    assert!(told.json["detail"].as_str().expect("text").contains("webhooks:read"), "{told:?}");
    for (method, path) in [
        ("GET", "/v1/users"),
        ("POST", "/v1/api-keys"),
        ("GET", "/v1/auth/session"),
        ("PUT", "/v1/risk/policy"),
        ("POST", "/v1/risk/rsk_00000000000000000000000001/decide"),
    ] {
        let told = hall.bearing(&key, method, path, json!({})).await;
        assert_eq!((told.status, told.kind()), (403, "person-needed"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_key_is_shown_once_listed_without_its_text_and_its_making_is_told() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let (id, key) = made(&hall, &ada, json!({"name": "s", "kind": "service", "scopes": ["risk:read"]})).await;
    let never = hall.by(&ada, "GET", "/v1/api-keys", Value::Null).await;
    assert_eq!((&never.json["data"][0]["id"], &never.json["data"][0]["last_used_at"]), (&json!(id), &Value::Null));
    assert!(!never.text.contains(&key) && !never.text.contains("trb_"));
    hall.bearing(&key, "GET", "/v1/risk", Value::Null).await;
    let used = hall.by(&ada, "GET", "/v1/api-keys", Value::Null).await;
    assert_eq!(used.json["data"][0]["last_used_at"], json!(hall.now()));
    let trail = hall.world.store.list_audit(&hall.world.tenant, &id).await.expect("store");
    assert_eq!((trail.len(), trail[0].action.as_str()), (1, "api_key.created"));
    assert!(!format!("{trail:?}").contains(&key));
}

#[tokio::test]
async fn a_key_ends_when_it_runs_out_and_when_it_is_revoked() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let end = hall.now() + SignedDuration::from_mins(10);
    let scopes = json!(["risk:read"]);
    let (_, ending) =
        made(&hall, &ada, json!({"name": "e", "kind": "service", "scopes": scopes, "expires_at": end})).await;
    let (id, lasting) = made(&hall, &ada, json!({"name": "l", "kind": "service", "scopes": scopes})).await;
    assert_eq!(hall.bearing(&ending, "GET", "/v1/risk", Value::Null).await.status, 200);
    hall.wait(10);
    let told = hall.bearing(&ending, "GET", "/v1/risk", Value::Null).await;
    assert_eq!((told.status, told.kind()), (401, "expired"));
    for _ in 0..2 {
        assert_eq!(hall.by(&ada, "DELETE", &format!("/v1/api-keys/{id}"), Value::Null).await.status, 204);
    }
    assert_eq!(hall.bearing(&lasting, "GET", "/v1/risk", Value::Null).await.status, 401);
}

#[tokio::test]
async fn what_a_kind_of_key_does_not_have_is_told_by_its_place() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let past = hall.now() - SignedDuration::from_mins(1);
    // Which field goes with which kind no schema tells.
    for (body, pointer, status) in [
        (json!({"name": "s", "kind": "service"}), "/scopes", 422),
        (json!({"name": "s", "kind": "service", "scopes": ["payouts:write"]}), "/scopes/0", 400),
        (json!({"name": "s", "kind": "service", "scopes": ["leads:read", "everything"]}), "/scopes/1", 400),
        (json!({"name": "s", "kind": "service", "scopes": ["leads:read"], "expires_at": past}), "/expires_at", 422),
        (json!({"name": "", "kind": "service", "scopes": ["leads:read"]}), "/name", 400),
        (json!({"name": "p", "kind": "personal", "scopes": ["leads:read"]}), "/scopes", 422),
        (json!({"name": "p", "kind": "publishable"}), "/program_id", 422),
        (
            json!({"name": "p", "kind": "publishable", "program_id": "prg_0000000000000000000000000Z"}),
            "/program_id",
            422,
        ),
        (json!({"name": "p", "kind": "partner"}), "/partner_id", 422),
    ] {
        let told = hall.by(&ada, "POST", "/v1/api-keys", body.clone()).await;
        assert_eq!((told.status, &told.json["errors"][0]["pointer"]), (status, &json!(pointer)), "{body}");
    }
}

#[tokio::test]
async fn a_person_has_keys_of_their_own_and_gives_none_to_others() {
    let hall = hall().await;
    let sue_id = hall.user("sue@example.com", Position::Support).await;
    let (sue, (_, ada)) = (hall.signed_in(&sue_id).await, hall.new_admin(ADA).await);
    let (id, key) = made(&hall, &sue, json!({"name": "sue's", "kind": "personal"})).await;
    made(&hall, &ada, json!({"name": "ada's", "kind": "personal"})).await;
    assert_eq!(hall.bearing(&key, "GET", "/v1/risk", Value::Null).await.status, 200);
    for body in [
        json!({"name": "s", "kind": "service", "scopes": ["leads:read"]}),
        json!({"name": "p", "kind": "partner", "partner_id": hall.world.partner}),
    ] {
        assert_eq!(hall.by(&sue, "POST", "/v1/api-keys", body).await.status, 403);
    }
    let told = hall.bearing(&key, "POST", "/v1/api-keys", json!({"name": "more", "kind": "personal"})).await;
    assert_eq!((told.status, told.kind()), (403, "session-needed"), "a key makes no keys");
    let own = hall.by(&sue, "GET", "/v1/api-keys", Value::Null).await;
    assert_eq!(own.json["data"].as_array().map(Vec::len), Some(1), "{own:?}");
    assert_eq!(hall.by(&sue, "DELETE", &format!("/v1/api-keys/{id}"), Value::Null).await.status, 204);
}

#[tokio::test]
async fn a_keys_text_is_shown_once_also_where_the_request_is_sent_again() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let body = json!({"name": "server", "kind": "service", "scopes": ["leads:read"]}).to_string();
    let headers = [
        ("cookie", ada.cookie.as_str()),
        ("x-csrf-token", ada.csrf.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
        ("idempotency-key", "shop-key-1"),
    ];
    let first = hall.send("POST", "/v1/api-keys", &headers, &body).await;
    let again = hall.send("POST", "/v1/api-keys", &headers, &body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json["id"], again.json["id"]);
    assert!(first.json["secret"].as_str().is_some_and(|text| text.starts_with("trb_")), "{first:?}");
    assert_eq!(again.json["secret"], "");
}
