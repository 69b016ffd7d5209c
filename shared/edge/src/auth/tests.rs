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

fn clock() -> Clock {
    Clock::fixed("2026-09-01T00:00:00Z".parse().expect("instant"))
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
        terms: Default::default(),
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
    let gate = Gate::new(store, clock());
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
    let remembering = Gate::new(store.clone(), clock());
    assert_eq!(ask(&remembering, Some(&header)).await, 200);
    let tenant = TenantKey::from(&TenantId::default_tenant());
    let at = jiff::Timestamp::UNIX_EPOCH;
    store.record_api_key_revoked(&tenant, &hash_of(admin.reveal()), at).await.expect("store");
    assert_eq!(ask(&remembering, Some(&header)).await, 200, "within the minute");
    assert_eq!(ask(&Gate::new(store, clock()), Some(&header)).await, 401);
}

#[tokio::test]
async fn when_keys_cannot_be_looked_up_nobody_passes() {
    let (store, database) = store().await;
    let admin = given(&store, Role::Admin, "usr_1", 1).await;
    database.fail_next(100, testkit::Fault::Refuse);
    assert_eq!(ask(&Gate::new(store, clock()), Some(&format!("Bearer {}", admin.reveal()))).await, 503);
}

/// OPS-3.
#[test]
fn the_audit_is_told_whom_it_concerns_and_which_of_their_people_or_keys_it_was() {
    let (user, key) = (UserId::from_ulid(5_u128.into()), KeyId::from_ulid(6_u128.into()));
    let (usr, own) = (user.to_string(), key.to_string());
    let caller = |role: Role, subject: &str, user: Option<&UserId>| Caller {
        tenant: TenantId::default_tenant(),
        role,
        subject: subject.to_owned(),
        key_id: key.clone(),
        user: user.cloned(),
        credential: Credential::Key,
        scopes: None,
    };
    for (case, caller, acting, as_person) in [
        ("staff", caller(Role::Admin, &usr, Some(&user)), (usr.as_str(), None), (usr.as_str(), None)),
        ("a key of staff", caller(Role::Auditor, "usr_x", None), ("usr_x", None), ("usr_x", None)),
        ("a partner's user", caller(Role::Partner, "par_1", Some(&user)), ("par_1", Some(&usr)), (usr.as_str(), None)),
        ("a partner's key", caller(Role::Partner, "par_1", None), ("par_1", Some(&own)), ("par_1", Some(&own))),
        ("a member's user", caller(Role::Member, "mem_1", Some(&user)), ("mem_1", Some(&usr)), (usr.as_str(), None)),
        ("a machine", caller(Role::Service, "shop", None), ("shop", Some(&own)), ("shop", Some(&own))),
    ] {
        let origin = || Origin { ip: Some("192.0.2.1".to_owned()), user_agent: None };
        let told = |actor: Actor| (actor.id, actor.person);
        let expected = |(id, person): (&str, Option<&String>)| (id.to_owned(), person.cloned());
        assert_eq!(told(caller.acting(origin())), expected(acting), "{case}");
        assert_eq!(told(caller.acting_as_person(origin())), expected(as_person), "{case}");
        assert_eq!(caller.acting(origin()).ip.as_deref(), Some("192.0.2.1"), "{case}");
    }
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
    let routes = border(routes.with_state(Gate::new(store, clock())), Cors::Nobody);
    for (key, path, expected) in
        [(&key, "/any", 403), (&key, "/pages", 200), (&admin, "/any", 200), (&admin, "/pages", 200)]
    {
        let request = http::Request::builder().uri(path).header("authorization", format!("Bearer {}", key.reveal()));
        let response = routes.clone().oneshot(request.body(Body::empty()).expect("request")).await;
        assert_eq!(response.expect("infallible").status().as_u16(), expected, "{path}");
    }
}

fn headers(pairs: &[(&str, &str)]) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    for (name, value) in pairs {
        let name = http::HeaderName::try_from(*name).expect("a name");
        headers.append(name, http::HeaderValue::try_from(*value).expect("a value"));
    }
    headers
}

#[test]
fn only_the_cookie_of_the_whole_name_counts() {
    for (sent, expected) in [
        ("__Host-tributary=trs_1", Some("trs_1")),
        ("a=b; __Host-tributary=trs_1; c=d", Some("trs_1")),
        ("__Host-tributary=; __Host-tributary=trs_2", Some("trs_2")),
        ("tributary=trs_1", None),
        ("__host-tributary=trs_1", None),
        ("x__Host-tributary=trs_1", None),
        ("__Host-tributary", None),
    ] {
        assert_eq!(browsers::cookie(&headers(&[("cookie", sent)])), expected, "{sent}");
    }
}

#[test]
fn a_page_of_another_origin_is_known_by_what_the_browser_says() {
    for (sent, is_ours) in [
        (vec![], true),
        (vec![("sec-fetch-site", "same-origin"), ("origin", "https://go.example")], true),
        (vec![("sec-fetch-site", "none")], false),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("origin", "https://go.example")], true),
        (vec![("origin", "https://GO.example")], true),
        (vec![("origin", "https://go.example.evil.example")], false),
        (vec![("origin", "https://evil.example/go.example")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "")], false),
    ] {
        let mut all = vec![("host", "go.example")];
        all.extend(sent.clone());
        assert_eq!(browsers::check_origin(&headers(&all)).is_ok(), is_ours, "{sent:?}");
    }
}

fn machine(scopes: Option<&[&str]>) -> Caller {
    let scopes = scopes.map(|scopes| scopes.iter().map(|scope| Scope::parse(scope).expect("a scope")).collect());
    Caller {
        tenant: TenantId::default_tenant(),
        role: Role::Service,
        subject: "machine".to_owned(),
        key_id: KeyId::from_ulid(ulid::Ulid::from(1_u128)),
        user: None,
        credential: Credential::Key,
        scopes,
    }
}

#[test]
fn a_machine_stands_where_an_admin_does_only_by_its_scopes() {
    // API-4
    let (scoped, shell) = (machine(Some(&["partners:read"])), machine(None));
    assert!(scoped.require(&[Role::Admin, Role::Support]).is_ok());
    assert!(scoped.require(&[Role::FinanceManager]).is_err() && scoped.require(&[Role::Partner]).is_err());
    assert!(shell.require(&[Role::Admin]).is_err() && shell.require(&[Role::Service]).is_ok());
    let told = scoped.hold_to_scopes(&Method::PUT, "/v1/revenue/payouts/pay_1/approve").expect_err("refused");
    assert!(told.detail().contains("needs a person"), "{}", told.detail());
    let told = scoped.hold_to_scopes(&Method::GET, "/v1/revenue/leads").expect_err("refused");
    assert!(told.detail().contains("leads:read"), "{}", told.detail());
    assert!(scoped.hold_to_scopes(&Method::HEAD, "/v1/partners").is_ok());
    let writes = machine(Some(&["partners:write"]));
    assert!(writes.hold_to_scopes(&Method::PATCH, "/v1/partners/par_1").is_ok());
    let told = writes.hold_to_scopes(&Method::DELETE, "/v1/partners/par_1").expect_err("refused");
    assert!(told.detail().contains("needs a person"), "{}", told.detail());
    assert!(shell.hold_to_scopes(&Method::POST, "/v1/track/sale").is_ok());
}

#[test]
fn what_is_carried_shows_nothing_and_is_read_back_as_whose_it_is() {
    let (tenant, user) = (TenantId::from_ulid(5_u128.into()), UserId::from_ulid(6_u128.into()));
    let session = SessionId::from_ulid(7_u128.into());
    let (text, link) = (mint_session(&tenant, &user, &session), mint_link(&tenant, &user));
    let read = PresentedSession::parse(text.reveal()).expect("a session");
    assert_eq!((&read.tenant, &read.user, &read.session), (&tenant, &user, &session));
    let read_link = PresentedLink::parse(link.reveal()).expect("a link");
    assert_eq!((&read_link.tenant, &read_link.user), (&tenant, &user));
    let shown = format!("{text:?} {link:?} {read:?} {read_link:?}");
    for secret in [text.reveal(), link.reveal(), &read.hash.to_string(), &read_link.hash.to_string()] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
    assert!(PresentedKey::parse(text.reveal()).is_none() && PresentedSession::parse(link.reveal()).is_none());
}

proptest! {
    #[test]
    fn a_session_with_any_one_character_changed_is_none(at in 0..131_usize, to in "[ -~]") {
        let text = mint_session(&TenantId::default_tenant(), &UserId::from_ulid(1_u128.into()), &SessionId::from_ulid(2_u128.into()));
        let text = text.reveal().clone();
        let mut changed = text.clone();
        changed.replace_range(at..=at, &to);
        prop_assert!(changed == text || PresentedSession::parse(&changed).is_none());
        prop_assert!(PresentedSession::parse(&text).is_some());
    }

    #[test]
    fn any_cookie_is_read_without_panic(text in "[ -~]{0,200}") {
        let _ = browsers::cookie(&headers(&[("cookie", &text)])).map(PresentedSession::parse);
        let _ = browsers::check_origin(&headers(&[("origin", &text), ("host", "go.example")]));
    }
}
