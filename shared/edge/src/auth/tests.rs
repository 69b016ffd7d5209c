use axum::Router;
use axum::body::Body;
use axum::routing::get;
use proptest::prelude::*;
use store::Tables;
use tower::ServiceExt;

use crate::http::{Cors, border};

use super::*;

pub(crate) async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

/// Mints a key of a role and keeps it.
pub(crate) async fn given(store: &Store, role: Role, subject: &str, n: u8) -> Secret<String> {
    let tenant = TenantId::default_tenant();
    let text = mint_from(&tenant, &[n; 32]);
    let api_key = ApiKey {
        id: KeyId::from_ulid(ulid::Ulid::from_parts(u64::from(n), 1)),
        tenant: tenant.clone(),
        role,
        subject: subject.to_owned(),
        name: "test".to_owned(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        revoked_at: None,
    };
    let hash = hash_of(text.reveal());
    store.create_api_key(&TenantKey::from(&tenant), &hash, &api_key).await.expect("store");
    text
}

async fn who(caller: Caller) -> Result<String, Problem> {
    caller.require(&[Role::Admin, Role::Auditor])?;
    Ok(caller.subject)
}

async fn ask(gate: &Gate, authorization: Option<&str>) -> u16 {
    let routes = border(Router::new().route("/who", get(who)).with_state(gate.clone()), Cors::Nobody);
    let mut request = http::Request::builder().uri("/who");
    if let Some(text) = authorization {
        request = request.header("authorization", text);
    }
    let response = routes.oneshot(request.body(Body::empty()).expect("request")).await;
    response.expect("infallible").status().as_u16()
}

#[tokio::test]
async fn each_caller_is_answered_as_its_credentials_and_role_allow() {
    let (store, database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    let partner = given(&store, Role::Partner, "par_1", 2).await;
    let never_minted = mint_from(&TenantId::default_tenant(), &[3; 32]);
    let gate = Gate::new(store);
    let of = |key: &Secret<String>| format!("Bearer {}", key.reveal());
    let mistyped = of(&admin).replace("AQEB", "AQEC");
    let before = database.requests();
    for bad in [None, Some("Bearer"), Some("Bearer nothing"), Some("Basic YTpi"), Some(mistyped.as_str())] {
        assert_eq!(ask(&gate, bad).await, 401, "{bad:?}");
    }
    assert_eq!(database.requests(), before, "nothing is looked up for a key that can't be one");
    assert_eq!(ask(&gate, Some(&of(&never_minted))).await, 401);
    assert_eq!(ask(&gate, Some(&of(&partner))).await, 403);
    assert_eq!(ask(&gate, Some(&of(&admin))).await, 200);
    assert_eq!(ask(&gate, Some(&of(&admin).replace("Bearer", "bearer"))).await, 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_once_the_process_forgets_it() {
    let (store, _database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    let header = format!("Bearer {}", admin.reveal());
    let remembering = Gate::new(store.clone());
    assert_eq!(ask(&remembering, Some(&header)).await, 200);
    let tenant = TenantKey::from(&TenantId::default_tenant());
    let at = jiff::Timestamp::UNIX_EPOCH;
    store.record_api_key_revoked(&tenant, &hash_of(admin.reveal()), at).await.expect("store");
    assert_eq!(ask(&remembering, Some(&header)).await, 200, "within the minute");
    assert_eq!(ask(&Gate::new(store), Some(&header)).await, 401);
}

#[tokio::test]
async fn when_keys_cannot_be_looked_up_nobody_passes() {
    let (store, database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    database.fail_next(100, testkit::Fault::Refuse);
    assert_eq!(ask(&Gate::new(store), Some(&format!("Bearer {}", admin.reveal()))).await, 503);
}

#[test]
fn a_key_has_its_published_shape_and_is_redacted() {
    let text = mint_from(&TenantId::default_tenant(), &[7; 32]);
    assert_eq!(text.reveal().len(), 79);
    assert!(text.reveal().starts_with("trb_00000000000000000000000000BwcH"), "{}", text.reveal());
    let presented = PresentedKey::parse(text.reveal()).expect("a key");
    assert_eq!(*presented.tenant(), TenantId::default_tenant());
    assert!(!format!("{presented:?} {text:?}").contains("BwcH"));
    assert_ne!(mint(presented.tenant()), mint(presented.tenant()));
}

proptest! {
    #[test]
    fn a_key_with_any_one_character_changed_is_refused(at in 0..79_usize, to in "[ -~]", seed in any::<[u8; 32]>()) {
        let text = mint_from(&TenantId::default_tenant(), &seed).reveal().clone();
        let mut changed = text.clone();
        changed.replace_range(at..=at, &to);
        prop_assert!(changed == text || PresentedKey::parse(&changed).is_none());
        prop_assert!(PresentedKey::parse(&text).is_some());
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,90}") {
        let _ = PresentedKey::parse(&text);
    }
}

#[tokio::test]
async fn a_publishable_key_is_refused_wherever_no_door_was_made_for_it() {
    // REV-6
    async fn anybody(_: Caller) -> &'static str {
        "whoever you are"
    }
    async fn made_for_pages(AnyCaller(caller): AnyCaller) -> String {
        caller.subject
    }
    let (store, _database) = store().await;
    let key = given(&store, Role::Publishable, "prg_1", 1).await;
    let admin = given(&store, Role::Admin, "usr_1", 2).await;
    let routes = Router::new().route("/any", get(anybody)).route("/pages", get(made_for_pages));
    let routes = border(routes.with_state(Gate::new(store)), Cors::Nobody);
    for (key, path, expected) in
        [(&key, "/any", 403), (&key, "/pages", 200), (&admin, "/any", 200), (&admin, "/pages", 200)]
    {
        let request = http::Request::builder().uri(path).header("authorization", format!("Bearer {}", key.reveal()));
        let response = routes.clone().oneshot(request.body(Body::empty()).expect("request")).await;
        assert_eq!(response.expect("infallible").status().as_u16(), expected, "{path}");
    }
}
