//! Users.

use domain::id::PartnerId;

use super::*;

#[tokio::test]
async fn an_admin_makes_lists_and_changes_users_and_their_address_lies_sealed() {
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let body = json!({"email": "Fin@Example.com", "name": "Fin", "role": "finance_manager"});
    let made = hall.by(&ada, "POST", "/v1/users", body.clone()).await;
    assert_eq!((made.status, &made.json["state"], made.header("etag")), (201, &json!("active"), "\"1\""), "{made:?}");
    let fin = made.json["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), format!("/v1/users/{fin}"));
    let taken = hall.by(&ada, "POST", "/v1/users", body).await;
    assert_eq!((taken.status, taken.kind()), (409, "address-taken"));
    let listed = hall.by(&ada, "GET", "/v1/users?limit=1", Value::Null).await;
    let cursor = listed.json["next_cursor"].as_str().expect("more").to_owned();
    let rest = hall.by(&ada, "GET", &format!("/v1/users?limit=1&cursor={cursor}"), Value::Null).await;
    assert_eq!(rest.json["next_cursor"], Value::Null);
    // Both were made within one millisecond, so either may be the first.
    let told = |page: &Value| (page["data"][0]["id"].clone(), page["data"][0]["email"].clone());
    let mut both = [told(&listed.json), told(&rest.json)];
    both.sort_by_key(|(id, _)| *id != json!(ada_id));
    assert_eq!(both[0].0, json!(ada_id));
    assert_eq!(both[1], (json!(fin), json!("Fin@example.com")));
    let csv = hall.send("GET", "/v1/users?format=csv", &[("cookie", ada.cookie.as_str())], "").await;
    assert!(csv.text.starts_with("id,email,name,role,"), "{}", csv.text);
    let changed = hall.by(&ada, "PATCH", &format!("/v1/users/{fin}"), json!({"name": "Finn"})).await;
    assert_eq!((changed.status, changed.header("etag"), &changed.json["name"]), (200, "\"2\"", &json!("Finn")));
    let stale = [
        ("cookie", ada.cookie.as_str()),
        ("x-csrf-token", ada.csrf.as_str()),
        ("content-type", "application/json"),
        ("if-match", "\"1\""),
    ];
    let told = hall.send("PATCH", &format!("/v1/users/{fin}"), &stale, "{\"name\":\"F\"}").await;
    assert_eq!(told.status, 412);
    let kept =
        hall.world.store.get_user(&hall.world.tenant, &UserId::parse(&fin).expect("an id")).await.expect("store");
    let kept = kept.expect("there");
    assert!(!kept.email_sealed.contains("example") && !kept.name_sealed.contains("Finn"));
    let trail = hall.world.store.list_audit(&hall.world.tenant, &fin).await.expect("store");
    let told: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(told, ["user.created", "user.changed"]);
    assert!(trail.iter().all(|entry| entry.actor.id == ada_id.to_string() || entry.actor.role == Role::Operator));
}

#[tokio::test]
async fn another_role_and_being_disabled_end_what_was_begun_before() {
    // POR-3
    for change in [json!({"role": "auditor"}), json!({"state": "disabled"})] {
        let hall = hall().await;
        let (_, ada) = hall.new_admin(ADA).await;
        let (bob_id, bob) = hall.new_admin("bob@example.com").await;
        let key = hall.by(&bob, "POST", "/v1/api-keys", json!({"name": "bob's", "kind": "personal"})).await;
        let key = key.json["secret"].as_str().expect("a key").to_owned();
        assert_eq!(hall.bearing(&key, "GET", "/v1/users", Value::Null).await.status, 200);
        let told = hall.by(&ada, "PATCH", &format!("/v1/users/{bob_id}"), change.clone()).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(hall.by(&bob, "GET", "/v1/auth/session", Value::Null).await.status, 401, "{change}");
        assert_eq!(hall.bearing(&key, "GET", "/v1/users", Value::Null).await.status, 401, "{change}");
    }
}

#[tokio::test]
async fn nobody_takes_their_own_rights_away_and_the_last_admin_stays() {
    // POR-3
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let own = format!("/v1/users/{ada_id}");
    for change in [json!({"role": "auditor"}), json!({"state": "disabled"})] {
        let told = hall.by(&ada, "PATCH", &own, change).await;
        assert_eq!((told.status, told.kind()), (409, "own-rights"));
    }
    // A key from a shell is another admin's; the last user who is one stays one all the same.
    let text = mint_from(&TenantId::default_tenant(), &[1; 32]);
    let shell = ApiKey {
        id: KeyId::from_ulid(1_u128.into()),
        tenant: TenantId::default_tenant(),
        role: Role::Admin,
        subject: UserId::from_ulid(9_u128.into()).to_string(),
        name: "shell".to_owned(),
        created_at: hall.now(),
        revoked_at: None,
        terms: Default::default(),
    };
    hall.world.store.create_api_key(&hall.world.tenant, &hash_of(text.reveal()), &shell).await.expect("store");
    for change in [json!({"role": "auditor"}), json!({"state": "disabled"})] {
        let told = hall.bearing(text.reveal(), "PATCH", &own, change).await;
        assert_eq!((told.status, told.kind()), (409, "last-admin"));
    }
    assert_eq!(hall.by(&ada, "GET", "/v1/auth/session", Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_partners_user_acts_for_the_partner_and_stays_a_person() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let partner = hall.world.partner.clone();
    let stranger = PartnerId::from_ulid(77_u128.into());
    // Which role goes with whom no schema tells.
    for (body, pointer, status) in [
        (json!({"email": "p@example.com", "role": "partner"}), "/partner_id", 422),
        (json!({"email": "p@example.com", "role": "partner", "partner_id": stranger}), "/partner_id", 422),
        (json!({"email": "p@example.com", "role": "support", "partner_id": partner}), "/partner_id", 422),
        (json!({"email": "p@example.com", "role": "service"}), "/role", 422),
        (json!({"email": "p", "role": "support"}), "/email", 400),
        (json!({"email": "p@example.com", "role": "support", "name": "x".repeat(101)}), "/name", 400),
    ] {
        let told = hall.by(&ada, "POST", "/v1/users", body.clone()).await;
        assert_eq!((told.status, &told.json["errors"][0]["pointer"]), (status, &json!(pointer)), "{body}");
    }
    let id = hall.user("p@example.com", Position::Partner { partner_id: partner.clone() }).await;
    let theirs = hall.signed_in(&id).await;
    let shown = hall.by(&theirs, "GET", "/v1/auth/session", Value::Null).await;
    assert_eq!((&shown.json["partner_id"], &shown.json["user_id"]), (&json!(partner), &json!(id)));
    assert_eq!(hall.by(&theirs, "GET", "/v1/users", Value::Null).await.status, 403);
    assert_eq!(hall.by(&theirs, "GET", "/v1/risk", Value::Null).await.status, 403);
}

#[tokio::test]
async fn another_tenants_user_session_and_key_are_not_found_by_the_same_requests() {
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let key =
        hall.by(&ada, "POST", "/v1/api-keys", json!({"name": "k", "kind": "service", "scopes": ["leads:read"]})).await;
    let key = key.json["id"].as_str().expect("an id").to_owned();
    let session = hall.by(&ada, "GET", "/v1/auth/session", Value::Null).await.json["session"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let there = TenantKey::from(&elsewhere());
    let eve_id = hall.user_in(&there, "eve@example.com", Position::Admin).await;
    let token = hall.token_in(&there, &eve_id).await;
    let told = hall.post("/v1/auth/session", json!({ "token": token })).await;
    let eve = Browser { cookie: told.cookie(), csrf: told.json["csrf_token"].as_str().expect("text").to_owned() };
    let unknown = |prefix: &str| format!("{prefix}0000000000000000000000000F");
    for (method, foreign, absent) in [
        ("GET", format!("/v1/users/{ada_id}"), format!("/v1/users/{}", unknown("usr_"))),
        ("PATCH", format!("/v1/users/{ada_id}"), format!("/v1/users/{}", unknown("usr_"))),
        ("DELETE", format!("/v1/users/{ada_id}/totp"), format!("/v1/users/{}/totp", unknown("usr_"))),
        ("DELETE", format!("/v1/api-keys/{key}"), format!("/v1/api-keys/{}", unknown("key_"))),
        (
            "DELETE",
            format!("/v1/auth/sessions/{session}?user_id={ada_id}"),
            format!("/v1/auth/sessions/{}?user_id={ada_id}", unknown("ses_")),
        ),
    ] {
        let mut seen = Vec::new();
        for path in [foreign, absent] {
            let body = if method == "PATCH" { json!({"name": "x"}) } else { Value::Null };
            let before = hall.world.database.requests();
            let told = hall.by(&eve, method, &path, body).await;
            seen.push((told.status, told.json["detail"].clone(), hall.world.database.requests() - before));
        }
        assert_eq!(seen[0].0, 404, "{method} {seen:?}");
        assert_eq!(seen[0], seen[1], "{method}");
    }
}

/// A user who signs in for the world's partner.
fn for_partner(hall: &Hall, email: &str) -> Value {
    json!({"email": email, "role": "partner", "partner_id": hall.world.partner, "send_link": false})
}

#[tokio::test]
async fn an_admin_makes_no_more_than_twenty_users_of_a_partner() {
    // POR-15
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let mut users = Vec::new();
    for n in 0..20 {
        let position = Position::Partner { partner_id: hall.world.partner.clone() };
        users.push(hall.user(&format!("p{n}@example.com"), position).await);
    }
    let told = hall.by(&ada, "POST", "/v1/users", for_partner(&hall, "q@example.com")).await;
    assert_eq!((told.status, told.kind()), (409, "too-many-users"), "{told:?}");
    // Nor does anybody come to it from elsewhere, or back to it; one of the twenty may be called otherwise.
    let sue = hall.user("sue@example.com", Position::Support).await;
    let moved = json!({"role": "partner", "partner_id": hall.world.partner});
    let told = hall.by(&ada, "PATCH", &format!("/v1/users/{sue}"), moved.clone()).await;
    assert_eq!((told.status, told.kind()), (409, "too-many-users"), "{told:?}");
    let path = format!("/v1/users/{}", users[3]);
    for (body, expected) in [
        (json!({"name": "Pat"}), 200),
        (json!({"state": "disabled"}), 200),
        (json!({"state": "active"}), 200),
        (json!({"state": "disabled"}), 200),
    ] {
        let told = hall.by(&ada, "PATCH", &path, body.clone()).await;
        assert_eq!(told.status, expected, "{body}: {told:?}");
    }
    // Where one went, one may come, and then there is no place for who went.
    assert_eq!(hall.by(&ada, "PATCH", &format!("/v1/users/{sue}"), moved).await.status, 200);
    let back = hall.by(&ada, "PATCH", &path, json!({"state": "active"})).await;
    assert_eq!((back.status, back.kind()), (409, "too-many-users"), "{back:?}");
}

#[tokio::test]
async fn nobody_is_let_in_for_a_partner_that_leaves_and_a_deletion_that_died_is_taken_back() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let sue = format!("/v1/users/{}", hall.user("sue@example.com", Position::Support).await);
    let moved = json!({"role": "partner", "partner_id": hall.world.partner});
    let world = &hall.world;
    world.store.begin_leaving(&world.tenant, &world.partner, hall.now()).await.expect("store");
    for (method, path, body) in
        [("POST", "/v1/users", for_partner(&hall, "p@example.com")), ("PATCH", sue.as_str(), moved.clone())]
    {
        let told = hall.by(&ada, method, path, body).await;
        assert_eq!((told.status, told.kind()), (409, "partner-gone"), "{method}: {told:?}");
    }
    // Whoever died over it does not keep people out for ever.
    hall.wait(2);
    assert_eq!(hall.by(&ada, "PATCH", &sue, moved.clone()).await.status, 503);
    assert_eq!(hall.by(&ada, "PATCH", &sue, moved).await.status, 200);
    world.store.begin_leaving(&world.tenant, &world.partner, world.now).await.expect("store");
    assert_eq!(hall.by(&ada, "POST", "/v1/users", for_partner(&hall, "p@example.com")).await.status, 503);
    assert_eq!(hall.by(&ada, "POST", "/v1/users", for_partner(&hall, "p@example.com")).await.status, 201);
}
