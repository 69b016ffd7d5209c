//! Links by mail.

use super::*;

#[tokio::test]
async fn whoever_asks_is_answered_the_same_and_makes_the_same_requests_known_or_not() {
    // POR-3
    let hall = hall().await;
    hall.user(ADA, Position::Admin).await;
    let gone = hall.user("gone@example.com", Position::Support).await;
    let kept = hall.world.store.get_user(&hall.world.tenant, &gone).await.expect("store").expect("there");
    let mut disabled = kept.clone();
    disabled.user.state = domain::user::UserState::Disabled;
    disabled.user.version += 1;
    hall.world.store.replace_user(&hall.world.tenant, &disabled, 0).await.expect("store");
    hall.post("/v1/auth/magic-link", json!({"email": "warms@example.com"})).await;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.com", "gone@example.com"] {
        let (before, sealed) = (hall.world.database.requests(), hall.stub.messages().len());
        let told = hall.post("/v1/auth/magic-link", json!({ "email": email })).await;
        let requests = hall.world.database.requests() - before;
        seen.push((told.status, told.text, requests, hall.stub.messages().len() - sealed));
    }
    assert_eq!(seen[0].0, 202);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[tokio::test]
async fn an_address_is_sent_five_links_within_a_quarter_of_an_hour_known_or_not() {
    let hall = hall().await;
    hall.user(ADA, Position::Admin).await;
    for email in [ADA, "nobody@example.com"] {
        for n in 0..5 {
            assert_eq!(hall.post("/v1/auth/magic-link", json!({ "email": email })).await.status, 202, "{email} {n}");
        }
        let told = hall.post("/v1/auth/magic-link", json!({ "email": email })).await;
        assert_eq!(told.status, 429, "{email}");
        assert!(!told.header("retry-after").is_empty());
    }
    hall.wait(15);
    assert_eq!(hall.post("/v1/auth/magic-link", json!({ "email": ADA })).await.status, 202);
}

#[tokio::test]
async fn the_page_of_a_link_uses_nothing_up_and_runs_nothing() {
    let hall = hall().await;
    let token = hall.token(&hall.user(ADA, Position::Admin).await).await;
    let path = format!("/v1/auth/magic-link?token={token}");
    for _ in 0..3 {
        let page = hall.send("GET", &path, &[("accept", "text/html,*/*;q=0.8")], "").await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text.contains(&format!("name=\"token\" value=\"{token}\"")), "{}", page.text);
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; form-action 'self'"));
        assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "strict-origin"));
        assert!(!page.text.contains("<script"));
    }
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://go.example")];
    let told = hall.send("POST", "/v1/auth/session", &form, &format!("token={token}")).await;
    assert_eq!((told.status, told.header("location")), (303, "/v1/auth/session"));
    let shown = hall.send("GET", "/v1/auth/session", &[("cookie", &told.cookie())], "").await;
    assert_eq!((shown.status, &shown.json["role"]), (200, &json!("admin")));
}

#[tokio::test]
async fn what_is_no_token_is_never_written_into_the_page() {
    let hall = hall().await;
    for bad in ["%22%3E%3Cscript%3E", "trl_x", "", "%3Cb%3E"] {
        let page = hall.send("GET", &format!("/v1/auth/magic-link?token={bad}"), &[], "").await;
        assert_eq!(page.status, 404);
        assert!(!page.text.contains("<script") && !page.text.contains("<b>") && !page.text.contains("<form"), "{bad}");
    }
}

#[tokio::test]
async fn of_fifty_who_redeem_a_link_at_once_one_is_signed_in() {
    // POR-3
    let hall = hall().await;
    let ada = hall.user(ADA, Position::Admin).await;
    let token = hall.token(&ada).await;
    let told = join_all((0..50).map(|_| hall.post("/v1/auth/session", json!({ "token": token })))).await;
    let count = |status: u16| told.iter().filter(|one| one.status == status).count();
    assert_eq!((count(201), count(401)), (1, 49));
    assert_eq!(hall.world.store.list_sessions_of(&hall.world.tenant, &ada).await.expect("store").len(), 1);
}

#[tokio::test]
async fn a_link_opens_nothing_once_used_run_out_mistyped_foreign_or_of_somebody_disabled() {
    let hall = hall().await;
    let (ada, admin) = hall.new_admin(ADA).await;
    let sue = hall.user("sue@example.com", Position::Support).await;
    let (used, late) = (hall.token(&sue).await, hall.token(&ada).await);
    assert_eq!(hall.post("/v1/auth/session", json!({ "token": used })).await.status, 201);
    let there = TenantKey::from(&elsewhere());
    let foreign = hall.user_in(&there, ADA, Position::Admin).await;
    // A link of one tenant under another's name has no checksum that fits.
    let mut foreign = hall.token_in(&there, &foreign).await;
    foreign.replace_range(4..30, &"0".repeat(26));
    let disabled = hall.token(&sue).await;
    let off = hall.by(&admin, "PATCH", &format!("/v1/users/{sue}"), json!({"state": "disabled"})).await;
    assert_eq!(off.status, 200, "{off:?}");
    let mut kinds = Vec::new();
    for token in [used.as_str(), foreign.as_str(), disabled.as_str(), "trl_nothing", ""] {
        let told = hall.post("/v1/auth/session", json!({ "token": token })).await;
        kinds.push((told.status, told.kind().to_owned(), told.json["detail"].clone()));
    }
    hall.wait(15);
    let told = hall.post("/v1/auth/session", json!({ "token": late })).await;
    kinds.push((told.status, told.kind().to_owned(), told.json["detail"].clone()));
    assert_eq!((kinds[0].0, kinds[0].1.as_str()), (401, "sign-in-link"));
    assert!(kinds.iter().all(|one| *one == kinds[0]), "one answer for all: {kinds:?}");
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_sign_its_reader_in() {
    let hall = hall().await;
    let token = hall.token(&hall.user(ADA, Position::Admin).await).await;
    for from in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), from];
        let told = hall.send("POST", "/v1/auth/session", &headers, &format!("token={token}")).await;
        assert_eq!((told.status, told.kind()), (403, "cross-origin"), "{from:?}");
    }
    assert_eq!(hall.post("/v1/auth/session", json!({ "token": token })).await.status, 201, "and the link is unused");
}

#[tokio::test]
async fn the_first_admin_is_made_by_the_first_asking_of_their_address_once() {
    // POR-3
    let hall = hall().await;
    for _ in 0..2 {
        assert_eq!(hall.post("/v1/auth/magic-link", json!({"email": "first@example.com"})).await.status, 202);
    }
    let users = hall.world.store.list_users(&hall.world.tenant, None, 10).await.expect("store").items;
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].user.position, Position::Admin);
    let there = json!({"email": "first@example.com", "tenant_id": elsewhere()});
    assert_eq!(hall.post("/v1/auth/magic-link", there).await.status, 202);
    let there = hall.world.store.list_users(&TenantKey::from(&elsewhere()), None, 10).await.expect("store").items;
    assert!(there.is_empty(), "of the default tenant alone");
}

#[tokio::test]
async fn what_is_no_address_and_no_tenant_is_told_by_its_place() {
    let hall = hall().await;
    for (body, pointer) in [
        (json!({"email": "nobody"}), "/email"),
        (json!({"email": ADA, "tenant_id": "acme"}), "/tenant_id"),
        (json!({}), "/email"),
        (json!({"email": ADA, "name": "Ada"}), "/name"),
    ] {
        let told = hall.post("/v1/auth/magic-link", body.clone()).await;
        assert_eq!((told.status, &told.json["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}");
    }
    assert_eq!(hall.send("POST", "/v1/auth/session", &[("content-type", "text/plain")], "token=x").await.status, 415);
}

#[tokio::test]
async fn a_place_asks_twenty_times_whichever_tenants_it_names_and_one_that_is_not_there_costs_no_key() {
    let hall = hall().await;
    hall.post("/v1/auth/magic-link", json!({"email": "warms@example.com"})).await;
    let sealed = hall.stub.messages().len();
    for n in 0..19_u128 {
        let unknown = TenantId::from_ulid((1_000 + n).into());
        let body = json!({"email": format!("a{n}@example.com"), "tenant_id": unknown});
        assert_eq!(hall.post("/v1/auth/magic-link", body).await.status, 202, "{n}");
    }
    assert_eq!(hall.stub.messages().len(), sealed, "nothing is sealed for a tenant that is not there");
    for unknown in [TenantId::from_ulid(9_999_u128.into()), TenantId::default_tenant()] {
        let body = json!({"email": "b@example.com", "tenant_id": unknown});
        assert_eq!(hall.post("/v1/auth/magic-link", body).await.status, 429, "{unknown}");
    }
}
