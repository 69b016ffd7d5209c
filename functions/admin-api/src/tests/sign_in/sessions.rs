//! Sessions, their cookie, and the second factor.

use super::*;

#[tokio::test]
async fn the_cookie_is_for_this_host_over_tls_and_no_script() {
    let hall = hall().await;
    let token = hall.token(&hall.user(ADA, Position::Admin).await).await;
    let told = hall.post("/v1/auth/session", json!({ "token": token })).await;
    let set = told.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-tributary=trs_"), "{set}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age=2592000"] {
        assert!(set.contains(attribute), "{attribute} in {set}");
    }
    assert!(!set.contains("Domain") && told.json["session_token"].is_null() && !told.text.contains("trs_"));
}

#[tokio::test]
async fn a_write_with_the_cookie_needs_the_token_of_its_own_session_and_its_own_page() {
    // POR-3
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let (_, bob) = hall.new_admin("bob@example.com").await;
    let ours = ("sec-fetch-site", "same-origin");
    let cookie = ("cookie", ada.cookie.as_str());
    for (headers, expected) in [
        (vec![cookie, ours], "csrf-token-needed"),
        (vec![cookie, ours, ("x-csrf-token", "0")], "csrf-token-needed"),
        (vec![cookie, ours, ("x-csrf-token", bob.csrf.as_str())], "csrf-token-needed"),
        (vec![cookie, ("sec-fetch-site", "cross-site"), ("x-csrf-token", ada.csrf.as_str())], "cross-origin"),
        (vec![cookie, ("origin", "https://evil.example"), ("x-csrf-token", ada.csrf.as_str())], "cross-origin"),
    ] {
        let told = hall.send("PUT", "/v1/auth/session", &headers, "").await;
        assert_eq!((told.status, told.kind()), (403, expected), "{headers:?}");
    }
    let read = hall.send("GET", "/v1/auth/session", &[cookie], "").await;
    assert_eq!((read.status, read.json["csrf_token"].as_str()), (200, Some(ada.csrf.as_str())));
    assert_eq!(hall.by(&ada, "PUT", "/v1/auth/session", Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_refreshed_session_goes_on_under_another_text_and_the_old_one_for_a_minute() {
    let hall = hall().await;
    let (_, before) = hall.new_admin(ADA).await;
    let told = hall.by(&before, "PUT", "/v1/auth/session", Value::Null).await;
    let after = Browser { cookie: told.cookie(), csrf: before.csrf.clone() };
    assert_ne!(after.cookie, before.cookie);
    // Two tabs refresh at once: the one that comes with the old text is answered, and takes nothing away.
    let other_tab = hall.by(&before, "PUT", "/v1/auth/session", Value::Null).await;
    assert_eq!((other_tab.status, other_tab.headers.contains_key("set-cookie")), (200, false));
    hall.wait(1);
    let old = hall.by(&before, "GET", "/v1/auth/session", Value::Null).await;
    assert_eq!((old.status, old.kind()), (401, "session-ended"));
    assert_eq!(hall.by(&after, "PUT", "/v1/auth/session", Value::Null).await.status, 200, "its forms stay good");
}

#[tokio::test]
async fn a_session_slides_while_it_is_seen_and_ends_after_twelve_hours_of_rest_or_thirty_days() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let mut seen = 0;
    for _ in 0..80 {
        hall.wait(11 * 60);
        if hall.by(&ada, "GET", "/v1/auth/session", Value::Null).await.status != 200 {
            break;
        }
        seen += 1;
    }
    assert_eq!(seen, 30 * 24 / 11, "seen every eleven hours it lasts thirty days");
    let again = hall
        .signed_in(&hall.world.store.list_users(&hall.world.tenant, None, 1).await.expect("store").items[0].user.id)
        .await;
    hall.wait(12 * 60);
    assert_eq!(hall.by(&again, "GET", "/v1/auth/session", Value::Null).await.status, 401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person_and_by_admins_alone() {
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let laptop = hall.signed_in(&ada_id).await;
    let sue_id = hall.user("sue@example.com", Position::Support).await;
    let sue = hall.signed_in(&sue_id).await;
    let listed = hall.by(&ada, "GET", "/v1/auth/sessions", Value::Null).await;
    let ids: Vec<&str> =
        listed.json["data"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.len(), 2, "{listed:?}");
    assert!(!listed.text.contains("trs_") && !listed.text.contains("hash"));
    let csv =
        hall.send("GET", "/v1/auth/sessions", &[("cookie", ada.cookie.as_str()), ("accept", "text/csv")], "").await;
    assert!(csv.text.starts_with("id,program,"), "{}", csv.text);
    // Another person's is not found, whoever's it is; with their name it is an admin's to end.
    let unknown = SessionId::from_ulid(5_u128.into()).to_string();
    for id in [ids[0], unknown.as_str(), "ses_1"] {
        assert_eq!(hall.by(&sue, "DELETE", &format!("/v1/auth/sessions/{id}"), Value::Null).await.status, 404, "{id}");
    }
    let named = format!("/v1/auth/sessions/{}?user_id={ada_id}", ids[0]);
    assert_eq!(hall.by(&sue, "DELETE", &named, Value::Null).await.status, 403);
    let own = hall.by(&laptop, "GET", "/v1/auth/session", Value::Null).await.json["session"]["id"].clone();
    let path = format!("/v1/auth/sessions/{}", own.as_str().expect("an id"));
    assert_eq!(hall.by(&ada, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(hall.by(&laptop, "GET", "/v1/auth/session", Value::Null).await.status, 401);
    let out = hall.by(&ada, "DELETE", "/v1/auth/session", Value::Null).await;
    assert!(out.status == 204 && out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(hall.by(&ada, "GET", "/v1/auth/session", Value::Null).await.status, 401);
}

#[tokio::test]
async fn a_program_carries_its_session_as_a_bearer_and_needs_no_token_of_forms() {
    let hall = hall().await;
    let token = hall.token(&hall.user(ADA, Position::Admin).await).await;
    let told = hall.post("/v1/auth/session", json!({"token": token, "transport": "bearer"})).await;
    assert!(!told.headers.contains_key("set-cookie"));
    let text = told.json["session_token"].as_str().expect("a text").to_owned();
    let refreshed = hall.bearing(&text, "PUT", "/v1/auth/session", Value::Null).await;
    let next = refreshed.json["session_token"].as_str().expect("a text").to_owned();
    assert_ne!(text, next);
    assert_eq!(hall.bearing(&next, "DELETE", "/v1/auth/session", Value::Null).await.status, 204);
    assert_eq!(hall.bearing(&next, "GET", "/v1/auth/session", Value::Null).await.status, 401);
}

fn secret(told: &Told) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let text = told.json["secret"].as_str().expect("a secret");
    let bits: String = text.chars().map(|c| format!("{:05b}", LETTERS.find(c).expect("base32"))).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).expect("bits"), 2).expect("a byte"))
        .collect()
}

#[tokio::test]
async fn a_second_factor_counts_from_its_first_code_and_takes_each_code_once() {
    // POR-3
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let enrolled = hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await;
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    let secret = secret(&enrolled);
    let code = |at: Timestamp| json!({"code": code_at(&secret, step_at(at))});
    let early = hall.by(&ada, "POST", "/v1/auth/totp/verify", code(hall.now())).await;
    assert_eq!((early.status, early.kind()), (409, "no-authenticator"));
    let confirmed = hall.by(&ada, "POST", "/v1/auth/totp/confirm", code(hall.now())).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    assert!(!confirmed.json["session"]["second_factor_at"].is_null());
    let ada = Browser { cookie: confirmed.cookie(), ..ada };
    let again = hall.by(&ada, "POST", "/v1/auth/totp/verify", code(hall.now())).await;
    assert_eq!((again.status, again.kind()), (422, "code-refused"), "a code that was taken");
    assert_eq!(hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await.kind(), "authenticator-there");
    hall.wait(6);
    let told = hall.by(&ada, "DELETE", "/v1/auth/totp", Value::Null).await;
    assert_eq!((told.status, told.kind()), (403, "second-factor-needed"));
    let verified = hall.by(&ada, "POST", "/v1/auth/totp/verify", code(hall.now())).await;
    assert_eq!(verified.status, 200, "{verified:?}");
    let ada = Browser { cookie: verified.cookie(), ..ada };
    assert_eq!(hall.by(&ada, "DELETE", "/v1/auth/totp", Value::Null).await.status, 204);
}

#[tokio::test]
async fn of_many_who_send_one_code_at_once_one_is_believed_and_five_may_be_tried() {
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let secret = secret(&hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await);
    let confirm = json!({"code": code_at(&secret, step_at(hall.now()))});
    let confirmed = hall.by(&ada, "POST", "/v1/auth/totp/confirm", confirm).await;
    let ada = Browser { cookie: confirmed.cookie(), ..ada };
    hall.wait(10);
    let code = json!({"code": code_at(&secret, step_at(hall.now()))});
    let told = join_all((0..20).map(|_| hall.by(&ada, "POST", "/v1/auth/totp/verify", code.clone()))).await;
    let count = |status: u16| told.iter().filter(|one| one.status == status).count();
    assert_eq!((count(200), count(429)), (1, 15), "{:?}", told.iter().map(|one| one.status).collect::<Vec<_>>());
}

async fn kept_settings(hall: &Hall) -> store::settings::KeptSettings {
    hall.world.store.get_kept_settings(&hall.world.tenant).await.expect("store")
}

/// An admin whose session has a second factor, in a tenant that asks for one.
async fn with_second_factor(hall: &Hall, email: &str) -> Browser {
    let (_, browser) = hall.new_admin(email).await;
    let secret = secret(&hall.by(&browser, "POST", "/v1/auth/totp", Value::Null).await);
    let code = json!({"code": code_at(&secret, step_at(hall.now()))});
    let confirmed = hall.by(&browser, "POST", "/v1/auth/totp/confirm", code).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    Browser { cookie: confirmed.cookie(), ..browser }
}

#[tokio::test]
async fn what_protects_approvals_is_not_taken_away_with_less_than_they_ask_for() {
    // POR-3
    let hall = hall().await;
    let (_, thief) = hall.new_admin("thief@example.com").await;
    let ada = with_second_factor(&hall, ADA).await;
    let on = json!({"totp_for_approvals": true, "four_eyes_above": 100});
    assert_eq!(hall.by(&thief, "PATCH", "/v1/settings", on).await.status, 200);
    let weaker = [
        json!({"totp_for_approvals": false}),
        json!({"four_eyes_above": 101}),
        json!({"rate_limits": {"approvals_per_minute": 11}}),
    ];
    let before = kept_settings(&hall).await;
    for body in &weaker {
        let told = hall.by(&thief, "PATCH", "/v1/settings", body.clone()).await;
        assert_eq!((told.status, told.kind()), (403, "second-factor-needed"), "{body}");
    }
    assert_eq!(kept_settings(&hall).await, before);
    let stricter = json!({"four_eyes_above": 99, "name": "Acme"});
    assert_eq!(
        hall.by(&thief, "PATCH", "/v1/settings", stricter).await.status,
        200,
        "what protects more needs no code"
    );
    for body in weaker {
        assert_eq!(hall.by(&ada, "PATCH", "/v1/settings", body.clone()).await.status, 200, "{body}");
        hall.by(&ada, "PATCH", "/v1/settings", json!({"totp_for_approvals": true})).await;
    }
}

#[tokio::test]
async fn anothers_authenticator_is_taken_away_by_whoever_has_one_while_approvals_need_it() {
    // POR-3
    let hall = hall().await;
    let ((thief_id, thief), ada) = (hall.new_admin("thief@example.com").await, with_second_factor(&hall, ADA).await);
    let eve = with_second_factor(&hall, "eve@example.com").await;
    let eve_id = hall.by(&eve, "GET", "/v1/auth/session", Value::Null).await;
    let eve_id = eve_id.json["user_id"].as_str().expect("an id").to_owned();
    assert_eq!(hall.by(&thief, "PATCH", "/v1/settings", json!({"totp_for_approvals": true})).await.status, 200);
    let path = format!("/v1/users/{eve_id}/totp");
    let told = hall.by(&thief, "DELETE", &path, Value::Null).await;
    assert_eq!((told.status, told.kind()), (403, "second-factor-needed"));
    assert_eq!(hall.by(&ada, "DELETE", &path, Value::Null).await.status, 204);
    let trail = hall.world.store.list_audit(&hall.world.tenant, &eve_id).await.expect("store");
    let told: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert!(told.contains(&"authenticator.enrolled") && told.contains(&"authenticator.removed"), "{told:?}");
    assert_ne!(thief_id.as_str(), eve_id);
}

#[tokio::test]
async fn the_audit_says_who_ended_anothers_session() {
    // OPS-3
    let hall = hall().await;
    let (_, ada) = hall.new_admin(ADA).await;
    let sue_id = hall.user("sue@example.com", Position::Support).await;
    let sue = hall.signed_in(&sue_id).await;
    let own = hall.by(&sue, "GET", "/v1/auth/sessions", Value::Null).await;
    let id = own.json["data"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/auth/sessions/{id}?user_id={sue_id}");
    assert_eq!(hall.by(&ada, "DELETE", &path, Value::Null).await.status, 204);
    let trail = hall.world.store.list_audit(&hall.world.tenant, sue_id.as_str()).await.expect("store");
    assert_eq!(trail.iter().filter(|entry| entry.action == "session.ended").count(), 1, "{trail:?}");
    assert_eq!(hall.by(&sue, "GET", "/v1/auth/session", Value::Null).await.status, 401);
}

#[tokio::test]
async fn refused_codes_are_told_and_the_wait_after_them_doubles() {
    // POR-7
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let secret = secret(&hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await);
    let good = |at: Timestamp| json!({"code": code_at(&secret, step_at(at))});
    let bad = |at: Timestamp| {
        let code = (0..100).map(|n| format!("{n:06}")).find(|code| step_of(&secret, code, at).is_none());
        json!({"code": code.expect("three of a hundred are good at most")})
    };
    let confirmed = hall.by(&ada, "POST", "/v1/auth/totp/confirm", good(hall.now())).await;
    let ada = Browser { cookie: confirmed.cookie(), ..ada };
    let tries = async |body: Value| hall.by(&ada, "POST", "/v1/auth/totp/verify", body).await;
    hall.wait(6);
    for _ in 0..5 {
        assert_eq!(tries(bad(hall.now())).await.kind(), "code-refused");
    }
    // Another five minutes have begun, in which five more might be tried; but five were refused in a row.
    hall.wait(4);
    let told = tries(good(hall.now())).await;
    assert_eq!((told.status, told.kind(), told.header("retry-after")), (429, "code-wait", "60"));
    hall.wait(1);
    assert_eq!(tries(bad(hall.now())).await.kind(), "code-refused");
    hall.wait(9);
    assert_eq!(tries(good(hall.now())).await.kind(), "code-wait", "twice as long now");
    hall.wait(1);
    assert_eq!(tries(good(hall.now())).await.status, 200);
    let trail = hall.world.store.list_audit(&hall.world.tenant, ada_id.as_str()).await.expect("store");
    let count = |action: &str| trail.iter().filter(|entry| entry.action == action).count();
    assert_eq!((count("authenticator.code_refused"), count("authenticator.confirmed")), (6, 1), "{trail:?}");
    // The count began anew with the good one.
    let kept = hall.world.store.get_authenticator(&hall.world.tenant, &ada_id).await.expect("store").expect("there");
    assert_eq!((kept.refused, kept.refused_at), (0, None));
}

#[tokio::test]
async fn the_audit_tells_each_sign_in_and_an_enrolment_only_with_its_authenticator() {
    // OPS-3
    let hall = hall().await;
    let (ada_id, ada) = hall.new_admin(ADA).await;
    let trail = async || hall.world.store.list_audit(&hall.world.tenant, ada_id.as_str()).await.expect("store");
    let begun: Vec<_> = trail().await.into_iter().filter(|entry| entry.action == "session.begun").collect();
    let session = hall.by(&ada, "GET", "/v1/auth/session", Value::Null).await;
    assert_eq!(begun.len(), 1, "{begun:?}");
    assert_eq!(begun[0].new.get("session").map(String::as_str), session.json["session"]["id"].as_str());
    assert_eq!((begun[0].actor.role, begun[0].actor.id.as_str()), (Role::Admin, ada_id.as_str()));
    // A link that opens nothing begins nothing, and nothing is told of it.
    let token = hall.token(&ada_id).await;
    for expected in [201, 401] {
        assert_eq!(hall.post("/v1/auth/session", json!({ "token": token })).await.status, expected);
    }
    assert_eq!(trail().await.iter().filter(|entry| entry.action == "session.begun").count(), 2);
    let secret = secret(&hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await);
    let code = json!({"code": code_at(&secret, step_at(hall.now()))});
    let confirmed = hall.by(&ada, "POST", "/v1/auth/totp/confirm", code).await;
    let ada = Browser { cookie: confirmed.cookie(), ..ada };
    // There is one that counts: nothing is enrolled, and nothing told.
    assert_eq!(hall.by(&ada, "POST", "/v1/auth/totp", Value::Null).await.kind(), "authenticator-there");
    assert_eq!(trail().await.iter().filter(|entry| entry.action == "authenticator.enrolled").count(), 1);
}
