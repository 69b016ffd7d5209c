//! Sessions that begin by a token of another issuer.

use crate::issuer::{Issuer, Trust};
use testkit::issuer::{Issuer as Elsewhere, SignedBy, issuer};

use super::*;

async fn trusting() -> (Hall, Elsewhere) {
    let (mut hall, elsewhere) = (hall().await, issuer().await);
    let (name, keys_url) = (elsewhere.name.clone(), elsewhere.keys_url.clone());
    let trust = Trust { issuer: name, audience: "tributary".to_owned(), keys_url };
    hall.issuer = Some(Issuer::trusted(trust).expect("roots"));
    (hall, elsewhere)
}

impl Hall {
    /// A token of somebody at the issuer; each is another one.
    fn token_of(&self, elsewhere: &Elsewhere, subject: &str, email: Option<&str>) -> String {
        let (now, jti) = (self.now().as_second(), edge::random::ulid(self.now()).to_string());
        let claims = json!({"iss": elsewhere.name, "sub": subject, "aud": "tributary", "exp": now + 300, "jti": jti,
            "email": email, "email_verified": email.is_some(), "role": "admin", "tenant": elsewhere_tenant().as_str()});
        elsewhere.token(SignedBy::Ed25519, &claims)
    }

    async fn present(&self, token: &str) -> Told {
        self.post("/v1/auth/session", json!({"id_token": token, "transport": "bearer"})).await
    }
}

fn elsewhere_tenant() -> TenantId {
    TenantId::from_ulid(99_u128.into())
}

#[tokio::test]
async fn a_token_begins_a_session_of_the_user_of_its_address_in_the_role_that_we_gave() {
    // POR-13
    let (hall, elsewhere) = trusting().await;
    let ada = hall.user(ADA, Position::Support).await;
    let token = hall.token_of(&elsewhere, "ada-1", Some("Ada@Example.com"));
    let told = hall.present(&token).await;
    assert_eq!(told.status, 201, "{told:?}");
    assert_eq!((&told.json["user_id"], &told.json["role"]), (&json!(ada.as_str()), &json!("support")));
    let text = told.json["session_token"].as_str().expect("a session").to_owned();
    assert_eq!(hall.bearing(&text, "GET", "/v1/auth/session", Value::Null).await.status, 200);
    assert_eq!(
        hall.bearing(&text, "GET", "/v1/users", Value::Null).await.status,
        403,
        "its word for the role is nothing"
    );
    let again = hall.present(&token).await;
    assert_eq!((again.status, again.kind()), (401, "id-token"), "a token begins one session");
    let trail = hall.world.store.list_audit(&hall.world.tenant, ada.as_str()).await.expect("store");
    assert_eq!(trail.iter().filter(|entry| entry.action == "session.begun").count(), 1);
    assert!(!told.text.contains(&token) && !again.text.contains(&token));
}

#[tokio::test]
async fn a_user_is_known_by_the_subject_from_the_first_time_on_and_no_more_by_the_address() {
    // POR-13
    let (hall, elsewhere) = trusting().await;
    let (ada, bob) = (hall.user(ADA, Position::Admin).await, hall.user("bob@example.com", Position::Admin).await);
    let present = async |subject, email| hall.present(&hall.token_of(&elsewhere, subject, email)).await;
    assert_eq!(present("ada-1", None).await.kind(), "address-needed");
    assert_eq!(present("ada-1", Some(ADA)).await.status, 201);
    // The subject is Ada, whatever address the issuer tells now.
    for email in [None, Some("bob@example.com"), Some("new@example.com")] {
        let told = present("ada-1", email).await;
        assert_eq!(told.json["user_id"], ada.as_str(), "{email:?}: {told:?}");
    }
    // The address was given to somebody else there.
    let told = present("ada-2", Some(ADA)).await;
    assert_eq!((told.status, told.kind()), (403, "other-subject"));
    assert_eq!(present("bob-1", Some("bob@example.com")).await.json["user_id"], bob.as_str());
}

#[tokio::test]
async fn whoever_is_no_user_here_or_may_not_sign_in_gets_no_session() {
    // POR-13
    let (hall, elsewhere) = trusting().await;
    let present = async |subject, email| hall.present(&hall.token_of(&elsewhere, subject, email)).await;
    let told = present("eve-1", Some("eve@example.com")).await;
    assert_eq!((told.status, told.kind()), (403, "no-user"));
    // A user of another tenant is nobody here.
    let others = TenantKey::from(&elsewhere_tenant());
    hall.user_in(&others, "eve@example.com", Position::Admin).await;
    assert_eq!(present("eve-1", Some("eve@example.com")).await.kind(), "no-user");
    let (sue_id, (_, ada)) = (hall.user("sue@example.com", Position::Support).await, hall.new_admin(ADA).await);
    let sue = present("sue-1", Some("sue@example.com")).await;
    let sue = sue.json["session_token"].as_str().expect("a session").to_owned();
    let disabled = hall.by(&ada, "PATCH", &format!("/v1/users/{sue_id}"), json!({"state": "disabled"})).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    assert_eq!(hall.bearing(&sue, "GET", "/v1/auth/session", Value::Null).await.status, 401);
    assert_eq!(present("sue-1", Some("sue@example.com")).await.kind(), "no-user");
}

#[tokio::test]
async fn an_address_that_a_partner_asked_for_first_leads_to_no_session_by_the_issuer() {
    // POR-13
    let (hall, elsewhere) = trusting().await;
    let partner_id = domain::id::PartnerId::from_ulid(5_u128.into());
    hall.user("cfo@example.com", Position::Partner { partner_id }).await;
    let told = hall.present(&hall.token_of(&elsewhere, "cfo-1", Some("cfo@example.com"))).await;
    assert_eq!((told.status, told.kind()), (403, "link-needed"), "{told:?}");
    // Nothing was tied: the subject is still free for the user whom an admin makes of another address.
    let ada = hall.user(ADA, Position::Support).await;
    let told = hall.present(&hall.token_of(&elsewhere, "cfo-1", Some(ADA))).await;
    assert_eq!((told.status, &told.json["user_id"]), (201, &json!(ada.as_str())), "{told:?}");
}

#[tokio::test]
async fn a_refused_token_is_told_why_and_an_issuer_that_is_away_is_no_refusal() {
    // POR-13
    let (hall, elsewhere) = trusting().await;
    hall.user(ADA, Position::Admin).await;
    let told = hall.present("nonsense").await;
    assert_eq!((told.status, told.kind()), (401, "id-token"));
    assert!(told.text.contains("not a signed token"), "{}", told.text);
    elsewhere.go_down(true);
    let token = hall.token_of(&elsewhere, "ada-1", Some(ADA));
    assert_eq!(hall.present(&token).await.status, 503);
    elsewhere.go_down(false);
    hall.wait(1);
    assert_eq!(hall.present(&token).await.status, 201);
    let rows = [(json!({}), 422), (json!({"token": "trl_x", "id_token": "x"}), 422), (json!({"id_token": 7}), 400)];
    for (body, status) in rows {
        assert_eq!(hall.post("/v1/auth/session", body.clone()).await.status, status, "{body}");
    }
    let alone = super::hall().await;
    assert_eq!(alone.present(&token).await.status, 422, "no issuer is trusted there");
}
