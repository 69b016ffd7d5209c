use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use cases::salt::Salts;
use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::touch::{ClickKeys, DaySalt, VisitorHash};
use edge::clock::Clock;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use store::clicks::Click;
use store::links::{Link, LinkCreated};
use store::{Store, Tables, TenantKey};
use testkit::{Database, Fault};
use tower::ServiceExt;
use url::Url;

use crate::{App, CookieRules, HostCache, Keys, LinkCache, RetentionCache, openapi, routes};

mod bad_input;
mod beacon;
mod changed;
mod retained;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NOW: &str = "2026-09-03T07:30:00Z";
const ULID: &str = "01K4JZ8QW0ABCDEFGHJKMNPQRS";

struct World {
    database: Database,
    store: Store,
    app: Arc<App>,
}

fn keys() -> ClickKeys {
    ClickKeys::new("today's secret", "yesterday's secret")
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn link_id() -> LinkId {
    LinkId::parse(&format!("lnk_{ULID}")).expect("an id")
}

fn link(code: &str, active: bool) -> Link {
    Link {
        id: link_id(),
        code: code.to_owned(),
        partner: PartnerId::parse(&format!("par_{ULID}")).expect("an id"),
        program: ProgramId::parse(&format!("prg_{ULID}")).expect("an id"),
        destination: "https://shop.example/welcome?plan=pro".to_owned(),
        window_days: 30,
        commission_rate: None,
        active,
        created_at: NOW.parse().expect("a time"),
        details: Default::default(),
    }
}

fn at(text: &str) -> Clock {
    Clock::fixed(text.parse().expect("a time"))
}

impl World {
    async fn with(link: Link) -> Self {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        assert_eq!(store.create_link(&tenant(), &link).await.expect("creates"), LinkCreated::Created);
        let app = Arc::new(App {
            store: store.clone(),
            first_looks: store.clone(),
            keys: Keys::known(keys()),
            salts: Salts::new(store.clone()),
            hosts: HostCache::default(),
            retention: RetentionCache::default(),
            front: None,
            clock: at(NOW),
            links: LinkCache::default(),
            cookies: CookieRules { secure: true, domain: None },
            fallback_url: None,
        });
        Self { database, store, app }
    }

    async fn new() -> Self {
        Self::with(link("casey", true)).await
    }

    /// The same world, changed; its cache of links is kept.
    fn changed(mut self, change: impl FnOnce(&mut App)) -> Self {
        change(Arc::get_mut(&mut self.app).expect("no request under way"));
        self
    }

    fn routes(&self) -> Router {
        routes(Arc::clone(&self.app))
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.routes().oneshot(request).await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.send(get(path, &[])).await
    }

    async fn click(&self, visitor: VisitorHash) -> Option<Click> {
        let at: Timestamp = NOW.parse().expect("a time");
        self.store.get_click(&tenant(), &link_id(), at, visitor).await.expect("reads")
    }
}

/// A GET of a person's browser.
fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header("user-agent", FIREFOX);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).expect("a request")
}

fn location(response: &Response<Body>) -> Url {
    Url::parse(response.headers()["location"].to_str().expect("text")).expect("an address")
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn cookie(response: &Response<Body>, name: &str) -> Option<String> {
    let mut cookies = response.headers().get_all("set-cookie").iter().map(|value| value.to_str().expect("text"));
    cookies.find_map(|cookie| cookie.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

fn value(cookie: &str) -> &str {
    cookie.split(';').next().unwrap_or_default()
}

/// Who the token at the destination says has clicked.
fn visitor_of(response: &Response<Body>) -> VisitorHash {
    let token = parameter(&location(response), "trb").expect("a token");
    keys().verify(&TenantId::default_tenant(), &token).expect("signed").newest().expect("a touch").visitor
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn a_visitor_is_sent_to_the_stored_destination_with_the_clicks_token() {
    let world = World::new().await;
    let answer = world.get("/r/CASEY?utm_source=news&sub1=a&to=https://evil.example").await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["referrer-policy"], "strict-origin-when-cross-origin");
    let to = location(&answer);
    assert!(to.as_str().starts_with("https://shop.example/welcome?plan=pro&utm_source=news&sub1=a&trb="), "{to}");
    let touches = keys().verify(&TenantId::default_tenant(), &parameter(&to, "trb").expect("a token")).expect("signed");
    let [touch] = touches.as_slice() else { panic!("one touch") };
    assert_eq!((touch.at.to_string().as_str(), &touch.link), ("2026-09-03T07:30:00Z", &link_id()));

    let kept = world.click(touch.visitor).await.expect("recorded");
    assert_eq!((kept.hits, kept.user_agent.as_str()), (1, FIREFOX));
    assert_eq!(kept.carried.get("sub1").map(String::as_str), Some("a"));
}

#[tokio::test]
async fn the_cookies_are_as_published() {
    let world = World::new().await;
    let answer = world.get("/r/casey").await;
    let touches = cookie(&answer, "trb_touches").expect("set");
    assert_eq!(&touches[value(&touches).len()..], "; HttpOnly; Max-Age=2592000; Path=/; SameSite=Lax; Secure");
    let id = cookie(&answer, "trb_id").expect("set");
    assert_eq!(&id[value(&id).len()..], "; Max-Age=2592000; Path=/; SameSite=Lax; Secure");
    assert_eq!(Some(value(&id).to_owned()), parameter(&location(&answer), "trb"));

    let plain = CookieRules { secure: false, domain: Some("shop.example".to_owned()) };
    let world = world.changed(|app| app.cookies = plain);
    let id = cookie(&world.get("/r/casey").await, "trb_id").expect("set");
    assert_eq!(&id[value(&id).len()..], "; Max-Age=2592000; Path=/; SameSite=Lax; Domain=shop.example");
}

#[tokio::test]
async fn touches_add_up_to_four_and_a_tampered_cookie_begins_anew() {
    let mut world = World::new().await;
    let mut jar = String::from("other=1; trb_touches=forged; trb_id=x");
    for expected in [1, 2, 3, 4, 4] {
        let answer = world.send(get("/r/casey", &[("cookie", &jar)])).await;
        let touches = cookie(&answer, "trb_touches").expect("set");
        assert_eq!(
            keys().verify(&TenantId::default_tenant(), value(&touches)).expect("signed").as_slice().len(),
            expected
        );
        jar = format!("trb_id=x;trb_touches={}", value(&touches));
        world = world.changed(|app| {
            let next = app.clock.now() + jiff::SignedDuration::from_secs(1);
            app.clock = Clock::fixed(next);
        });
    }
}

#[tokio::test]
async fn a_second_visit_within_the_hour_is_a_duplicate_and_still_a_touch() {
    let world = World::new().await;
    let first = world.get("/r/casey").await;
    let again = world.get("/r/casey").await;
    assert_eq!(again.status(), 302);
    assert!(cookie(&again, "trb_touches").is_some());
    assert_eq!(world.click(visitor_of(&first)).await.expect("recorded").hits, 2);
}

#[tokio::test]
async fn a_warm_click_is_one_round_trip_and_one_write_unit() {
    let world = World::new().await;
    world.get("/r/casey").await;
    let before = world.database.requests();
    world.database.reset_units();
    world.get("/r/casey").await;
    assert_eq!(world.database.requests() - before, 1);
    let units = world.database.reset_units();
    assert_eq!((units.write_hundredths, units.read_hundredths), (100, 0));
}

#[tokio::test]
async fn an_unknown_or_malformed_code_is_a_plain_404_page_and_nothing_is_recorded() {
    let world = World::new().await;
    let long = format!("/r/{}", "a".repeat(65));
    for path in ["/r/nobody", "/r/ab", "/r/a%2Fb", "/r/%ff%ff%ff", "/r/<script>", &long, "/r/cas_ey"] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let before = world.database.reset_units();
        let answer = world.get(&path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert!(answer.headers().get("set-cookie").is_none());
        assert!(!text(answer).await.contains("script"));
        let units = world.database.reset_units();
        assert_eq!(units.write_hundredths, 0, "{path} after {before:?}");
    }
}

#[tokio::test]
async fn an_unknown_code_is_looked_up_once_in_ten_seconds() {
    let world = World::new().await;
    world.get("/r/nobody").await;
    let before = world.database.requests();
    world.get("/r/nobody").await;
    assert_eq!(world.database.requests(), before);
    let world = world.changed(|app| app.clock = at("2026-09-03T07:30:10Z"));
    world.get("/r/nobody").await;
    assert_eq!(world.database.requests(), before + 1);
}

#[tokio::test]
async fn an_inactive_link_leads_nowhere() {
    let world = World::with(link("casey", false)).await;
    let answer = world.get("/r/casey").await;
    assert_eq!(answer.status(), 404);
    assert!(answer.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn a_bot_is_sent_on_without_a_token_and_its_visit_is_flagged() {
    let world = World::new().await;
    let head = Request::head("/r/casey").header("user-agent", FIREFOX).body(Body::empty()).expect("a request");
    let prefetch = get("/r/casey", &[("sec-purpose", "prefetch")]);
    let crawler = Request::get("/r/casey").header("user-agent", "ExampleBot/1.0").body(Body::empty());
    for request in [head, prefetch, crawler.expect("a request")] {
        let answer = world.send(request).await;
        assert_eq!(answer.status(), 302);
        assert_eq!(location(&answer).as_str(), "https://shop.example/welcome?plan=pro");
        assert!(answer.headers().get("set-cookie").is_none());
    }
    let person = world.get("/r/casey").await;
    let kept = world.click(visitor_of(&person)).await.expect("recorded");
    assert_eq!((kept.hits, kept.bot_hits, kept.bot.as_deref()), (1, 2, Some("head")));
}

#[tokio::test]
async fn a_visitor_of_two_tenants_keeps_a_cookie_for_each() {
    let world = World::new().await;
    let other = TenantId::from_ulid(ulid::Ulid::from(7_u128));
    let theirs = Link { code: "theirs".to_owned(), ..link("theirs", true) };
    world.store.create_link(&TenantKey::from(&other), &theirs).await.expect("creates");
    let first = cookie(&world.get("/r/casey").await, "trb_touches").expect("set");
    let jar = format!("trb_touches={}", value(&first));
    let second = world.send(get("/r/theirs", &[("cookie", &jar)])).await;
    assert_eq!(cookie(&second, "trb_touches"), None);
    let name = "trb_touches_00000000000000000000000007";
    let token = cookie(&second, name).expect("a cookie of the other tenant's");
    assert_eq!(keys().verify(&other, value(&token)).expect("signed").as_slice().len(), 1);
    // What was signed for one is nothing under the other's name.
    let swapped = format!("{name}={}", value(&first));
    let third = world.send(get("/r/theirs", &[("cookie", &swapped)])).await;
    let token = cookie(&third, name).expect("a fresh one");
    assert_eq!(keys().verify(&other, value(&token)).expect("signed").as_slice().len(), 1);
}

#[tokio::test]
async fn the_token_at_the_destination_carries_what_the_visitor_brought() {
    let world = World::new().await;
    let jar = format!("trb_touches={}", value(&cookie(&world.get("/r/casey").await, "trb_touches").expect("set")));
    let again = world.send(get("/r/casey", &[("cookie", &jar)])).await;
    let token = parameter(&location(&again), "trb").expect("a token");
    assert_eq!(keys().verify(&TenantId::default_tenant(), &token).expect("signed").as_slice().len(), 2);
    assert_eq!(cookie(&again, "trb_id").map(|cookie| value(&cookie).to_owned()), Some(token));
}

#[tokio::test]
async fn a_click_is_kept_with_where_it_came_from_on_earth() {
    let world = World::new().await;
    let mut request = get("/r/casey", &[]);
    let mut context = lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext::default();
    context.http.source_ip = Some("8.8.8.8".to_owned());
    request.extensions_mut().insert(lambda_http::request::RequestContext::ApiGatewayV2(context));
    let seen = visitor_of(&world.send(request).await);
    assert_eq!(world.click(seen).await.expect("recorded").place.country, "US");
}

#[tokio::test]
async fn who_asks_for_privacy_gets_no_cookie_and_is_nobody_in_the_table() {
    let world = World::new().await;
    for header in ["sec-gpc", "dnt"] {
        let answer = world.send(get("/r/casey", &[(header, "1")])).await;
        assert_eq!(answer.status(), 302);
        assert!(answer.headers().get("set-cookie").is_none());
        let token = parameter(&location(&answer), "trb").expect("the partner's own link still counts");
        assert_eq!(
            keys().verify(&TenantId::default_tenant(), &token).expect("signed").as_slice()[0].visitor,
            VisitorHash::from_bytes([0; 8])
        );
    }
    let kept = world.click(VisitorHash::from_bytes([0; 8])).await.expect("recorded");
    assert_eq!((kept.hits, kept.user_agent.as_str(), kept.language.as_str()), (2, "", ""));
}

#[tokio::test]
async fn with_the_store_down_a_cached_link_is_followed_even_when_it_is_stale() {
    let mut world = World::new().await;
    world.get("/r/casey").await;
    for now in [NOW, "2026-09-03T09:30:00Z"] {
        world = world.changed(|app| app.clock = at(now));
        world.database.fail_next(100, Fault::Refuse);
        let answer = world.get("/r/casey").await;
        assert_eq!(answer.status(), 302, "{now}");
        assert!(cookie(&answer, "trb_touches").is_some());
        world.database.heal();
    }
}

#[tokio::test]
async fn with_the_store_down_an_unknown_link_goes_to_the_fallback_or_says_so() {
    let world = World::new().await;
    world.database.fail_next(100, Fault::ServerError);
    let answer = world.get("/r/casey").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "60");
    assert!(text(answer).await.contains("try again"));

    let world = world.changed(|app| app.fallback_url = Some("https://shop.example/".to_owned()));
    let answer = world.get("/r/casey").await;
    assert_eq!((answer.status().as_u16(), location(&answer).as_str()), (302, "https://shop.example/"));
}

/// Nothing answers on the first port of this machine: neither now nor in a while.
#[tokio::test]
async fn with_secrets_manager_down_at_the_start_a_visitor_is_sent_on_without_a_token() {
    // TRK-8
    let mut reader = edge::config::Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ]);
    let aws = edge::aws::Aws::from(&mut reader);
    let secrets = edge::secrets::NamedSecrets::connect(&aws.service(edge::aws::Service::SecretsManager));
    let world = World::new().await.changed(|app| app.keys = Keys::of(secrets, "arn".to_owned()));
    for _ in 0..2 {
        let answer = world.get("/r/casey?sub1=a").await;
        assert_eq!(answer.status(), 302);
        assert_eq!(location(&answer).as_str(), "https://shop.example/welcome?plan=pro&sub1=a");
        assert!(answer.headers().get("set-cookie").is_none());
    }
}

/// A store that accepts connections and never answers: the worst kind of down. The bound is a visitor's patience
/// (a quarter of a second) with room for a busy machine, and far below that of background work (ten seconds).
#[tokio::test]
async fn a_store_that_hangs_does_not_keep_the_visitor() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut reader = edge::config::Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &url),
    ]);
    let aws = edge::aws::Aws::from(&mut reader);
    let config = aws.service_with(edge::aws::Service::DynamoDb, edge::aws::Patience::VISITOR);
    let tables = Tables { core: "core".to_owned(), clicks: "clicks".to_owned(), ops: "ops".to_owned() };
    let store = Store::connect(&config, tables.clone());
    let app = App {
        salts: Salts::new(store.clone()),
        hosts: HostCache::default(),
        retention: RetentionCache::default(),
        front: None,
        store,
        first_looks: Store::connect(&config, tables),
        keys: Keys::known(keys()),
        clock: at(NOW),
        links: LinkCache::default(),
        cookies: CookieRules { secure: true, domain: None },
        fallback_url: None,
    };
    let known = link("casey", true);
    let target = store::links::LinkTarget {
        tenant: TenantId::default_tenant(),
        link: known.id,
        partner: known.partner,
        program: known.program,
        destination: known.destination,
        window_days: 30,
        active: true,
        expires_at: None,
        sub_ids: Default::default(),
    };
    app.links.keep("casey", Some(Arc::new(target)), NOW.parse().expect("a time"));
    let answer = tokio::time::timeout(Duration::from_secs(5), routes(Arc::new(app)).oneshot(get("/r/casey", &[])));
    let answer = answer.await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), 302);
    drop(listener);
}

/// As API Gateway sends it, through the Lambda adapter.
fn event_file(case: &str) -> Request<Body> {
    let path = format!("{}/../../events/click-tracker/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let event = std::fs::read_to_string(path).expect("an event file");
    let request = lambda_http::request::from_str(&event).expect("an event of API Gateway");
    request.map(|body| Body::from(body.to_vec()))
}

#[tokio::test]
async fn every_event_file_is_answered_as_its_name_says() {
    let world = World::new().await;
    for (case, status, has_cookies) in [
        ("click", 302, true),
        ("click-with-cookies", 302, true),
        ("head", 302, false),
        ("privacy", 302, false),
        ("unknown-code", 404, false),
    ] {
        let answer = world.send(event_file(case)).await;
        assert_eq!(answer.status(), status, "{case}");
        assert_eq!(cookie(&answer, "trb_touches").is_some(), has_cookies, "{case}");
    }
    let origin = domain::touch::Origin { address: "203.0.113.7", user_agent: FIREFOX };
    let now = NOW.parse().expect("a time");
    let salt = world.store.salt_of_day(now, [0; 32]).await.expect("the salt that the first click made");
    let visitor = DaySalt::from_bytes(salt).visitor(origin);
    let kept = world.click(visitor).await.expect("recorded under the address that API Gateway saw");
    assert_eq!((kept.hits, kept.bot_hits, kept.referrer_host.as_str()), (2, 1, "blog.example"));
    assert_eq!(kept.language, "en-GB,en;q=0.8");
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = crate::config::Config::read(edge::config::Reader::from_map([("PUBLIC_URL", "ftp://x")])).err();
    let told = faults.expect("faults").to_string();
    for name in ["STAGE", "CORE_TABLE", "CLICKS_TABLE", "OPS_TABLE", "STAGE_SECRET_ARN", "PUBLIC_URL", "AWS_REGION"] {
        assert!(told.contains(name), "{name} in {told}");
    }
}

#[test]
fn the_paths_are_in_openapi() {
    let paths: Vec<String> = openapi().paths.paths.keys().cloned().collect();
    assert_eq!(paths, ["/r/{code}", "/t.js", "/v1/clicks"]);
}
