//! The inbound log, and sending one in again.

use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::EndpointId;
use domain::provider::Provider;
use domain::time::{BusinessDay, Timestamp};
use store::endpoints::Endpoint;
use store::raw_events::{RawEvent, RawEventPlace, Trouble, TroubleKind};

use super::*;

const LIST: &str = "/v1/webhooks/deliveries";

impl Office {
    pub(crate) async fn call(&self, who: &str, method: &str, path: &str) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let mut request = http::Request::builder().method(method).uri(path);
        if who != "nobody" {
            request = request.header("authorization", bearer(who));
        }
        let request = request.header("idempotency-key", format!("key-{n}")).body(Body::empty()).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text, replayed: false }
    }

    /// An event as it is stored when it came in.
    async fn delivered(&self, tenant: &TenantId, (provider, day, id): (Provider, &str, &str), kind: &str) {
        let day = BusinessDay::parse(day).expect("a day");
        let place = RawEventPlace { provider: provider.word().to_owned(), day, event_id: id.to_owned() };
        let event = RawEvent {
            kind: kind.to_owned(),
            hash: Digest::of_bytes(id.as_bytes()),
            sealed: vec![1],
            // Old enough to have been tried as often as the queue does.
            received_at: before(self.world.now, 15 * 60_000),
            expires_at: self.world.now,
        };
        self.world.store.record_raw_event(&TenantKey::from(tenant), &place, &event).await.expect("stored");
    }
}

fn before(at: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond() - ms).expect("an instant")
}

fn place(day: &str, id: &str) -> RawEventPlace {
    let day = BusinessDay::parse(day).expect("a day");
    RawEventPlace { provider: "stripe".to_owned(), day, event_id: id.to_owned() }
}

#[tokio::test]
async fn what_came_in_is_listed_with_what_became_of_it_newest_day_first() {
    // ING-15
    let office = office().await;
    let here = TenantId::default_tenant();
    for (at, kind) in [
        ((Provider::Stripe, "2026-11-20", "evt_1"), "invoice.paid"),
        ((Provider::Stripe, "2026-11-21", "evt_2"), "moon.risen"),
        ((Provider::LemonSqueezy, "2026-11-21", "ls_1"), "order_created"),
        ((Provider::Stripe, "2026-11-21", "unreadable.00"), "unreadable"),
        ((Provider::Track, "2026-11-01", "sale.1"), "sale_paid"),
    ] {
        office.delivered(&here, at, kind).await;
    }
    office.delivered(&elsewhere(), (Provider::Stripe, "2026-11-21", "evt_of_another"), "invoice.paid").await;
    let kind = TroubleKind::Refused;
    let trouble = Trouble { kind, reason: "an unknown currency".to_owned(), at: office.world.now };
    let tenant = TenantKey::from(&here);
    office.world.store.record_trouble(&tenant, &place("2026-11-20", "evt_1"), &trouble).await.expect("stored");
    let listed = office.call("ada", "GET", LIST).await;
    let rows: Vec<(&str, &str)> = listed.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["id"].as_str().expect("an id"), row["status"].as_str().expect("a status")))
        .collect();
    let expected = [
        ("stripe.20261121.evt_2", "stored"),
        ("stripe.20261121.unreadable.00", "unreadable"),
        ("lemon_squeezy.20261121.ls_1", "untroubled"),
        ("stripe.20261120.evt_1", "refused"),
    ];
    assert_eq!(rows[..4], expected);
    let reason = office.call("ada", "GET", &format!("{LIST}?status=refused&day=2026-11-20")).await;
    assert_eq!(reason.json["data"][0]["reason"], "an unknown currency");
    // Page by page each is seen once, and the pages end.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..30 {
        let page = office.call("aud", "GET", &format!("{LIST}?limit=1{cursor}")).await;
        seen.extend(page.ids().into_iter().map(str::to_owned));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(seen[4], "track.20261101.sale.1");
    let only = office.call("sue", "GET", &format!("{LIST}?provider=lemon_squeezy&format=csv")).await;
    assert!(only.text.contains("ls_1") && !only.text.contains("evt_"), "{}", only.text);
}

#[tokio::test]
async fn a_question_that_is_not_as_declared_is_refused_by_its_parameter() {
    let office = office().await;
    for query in ["provider=paypal", "status=lost", "day=yesterday", "limit=0", "cursor=x"] {
        let answer = office.call("ada", "GET", &format!("{LIST}?{query}")).await;
        let name = query.split('=').next().expect("a name");
        assert_eq!((answer.status, &answer.json["errors"][0]["parameter"]), (400, &json!(name)), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_with_the_provider_and_the_day_that_it_is_of() {
    let office = office().await;
    let here = TenantId::default_tenant();
    for event in ["evt_1", "evt_2"] {
        office.delivered(&here, (Provider::Stripe, "2026-11-20", event), "invoice.paid").await;
    }
    let of = "provider=stripe&day=2026-11-20";
    let first = office.call("ada", "GET", &format!("{LIST}?{of}&limit=1")).await;
    let cursor = first.json["next_cursor"].as_str().expect("another page").to_owned();
    let second = office.call("ada", "GET", &format!("{LIST}?{of}&cursor={cursor}")).await;
    let mut seen = [first.ids(), second.ids()].concat();
    seen.sort_unstable();
    assert_eq!(seen, ["stripe.20261120.evt_1", "stripe.20261120.evt_2"], "{second:?}");
    // A page of another provider or day would begin anywhere: each of the two is well formed, and no schema forbids both.
    for other in ["provider=track&day=2026-11-20", "provider=stripe&day=2026-11-19", "provider=lemon_squeezy"] {
        let answer = office.call("ada", "GET", &format!("{LIST}?{other}&cursor={cursor}")).await;
        assert_eq!((answer.status, &answer.json["errors"][0]["parameter"]), (422, &json!("cursor")), "{other}");
    }
    let long_ago = office.call("ada", "GET", &format!("{LIST}?cursor=stripe.20200101.")).await;
    assert_eq!(long_ago.status, 422, "{long_ago:?}");
}

#[tokio::test]
async fn a_delivery_is_handed_on_again() {
    // ING-15
    let office = office().await;
    let here = TenantId::default_tenant();
    office.delivered(&here, (Provider::Stripe, "2026-11-20", "evt_1#0badcafe"), "invoice.paid").await;
    office.delivered(&here, (Provider::Stripe, "2026-11-20", "unreadable.00"), "unreadable").await;
    let path = format!("{LIST}/stripe.20261120.evt_1~0badcafe/replay");
    let answer = office.call("ada", "POST", &path).await;
    assert_eq!((answer.status, &answer.json["status"]), (202, &json!("handed_on")), "{answer:?}");
    let messages = office.stub.messages();
    let told: Value = serde_json::from_str(&messages[0].1).expect("JSON");
    assert_eq!((told["event_id"].as_str(), told["day"].as_str()), (Some("evt_1#0badcafe"), Some("20261120")));
    assert_eq!(told["tenant"], here.as_str());
    // It can book money: who sent it in is told, of each time.
    let tenant = TenantKey::from(&here);
    let trail = async || {
        let trail = "delivery#stripe.20261120.evt_1~0badcafe";
        let entries = office.world.store.list_audit(&tenant, trail).await.expect("store");
        entries.iter().map(|entry| format!("{} {}", entry.action, entry.actor.id)).collect::<Vec<_>>()
    };
    assert_eq!(trail().await, ["delivery.replayed usr_ada"]);
    for (path, status) in [
        ("stripe.20261120.unreadable.00", 422),
        ("stripe.20261120.evt_2", 404),
        ("paypal.20261120.evt_1", 404),
        ("stripe.2026.evt_1", 404),
        ("stripe.20261120.", 404),
        ("nonsense", 404),
    ] {
        assert_eq!(office.call("ada", "POST", &format!("{LIST}/{path}/replay")).await.status, status, "{path}");
    }
    office.stub.refuse(Some(testkit::stub::Service::Sqs));
    assert_eq!(office.call("ada", "POST", &path).await.status, 503);
    // Told before it was sent: never sent and untold.
    assert_eq!(trail().await.len(), 2);
}

#[tokio::test]
async fn the_log_lets_its_roles_in_and_another_tenant_sees_nothing() {
    let office = office().await;
    let here = TenantId::default_tenant();
    office.delivered(&here, (Provider::Stripe, "2026-11-20", "evt_1"), "invoice.paid").await;
    let replay = format!("{LIST}/stripe.20261120.evt_1/replay");
    for (who, sees, replays) in [
        ("ada", 200, 202),
        ("fin", 200, 403),
        ("sue", 200, 403),
        ("aud", 200, 403),
        ("partner", 403, 403),
        ("member", 403, 403),
        ("machine", 403, 403),
        ("nobody", 401, 401),
    ] {
        assert_eq!(office.call(who, "GET", LIST).await.status, sees, "{who}");
        assert_eq!(office.call(who, "GET", "/v1/webhooks/endpoints").await.status, sees, "{who}");
        assert_eq!(office.call(who, "POST", &replay).await.status, replays, "{who}");
    }
    assert_eq!(office.call("stranger", "GET", LIST).await.ids(), Vec::<&str>::new());
    assert_eq!(office.call("stranger", "POST", &replay).await.status, 404);
}

#[tokio::test]
async fn endpoints_are_listed_with_their_paths_and_never_their_secrets() {
    let office = office().await;
    let here = TenantId::default_tenant();
    for (n, provider) in [(1_u128, Provider::Stripe), (2, Provider::LemonSqueezy), (3, Provider::Standard)] {
        let endpoint = Endpoint {
            id: EndpointId::of(&here, n.into()),
            provider,
            name: "shop".to_owned(),
            stores: vec!["12".to_owned()],
            secret: "prod/webhooks/name-of-a-secret".to_owned(),
            created_at: Timestamp::from_second(1).expect("instant"),
            disabled_at: None,
        };
        office.world.store.create_endpoint(&TenantKey::from(&here), &endpoint).await.expect("stored");
    }
    let listed = office.call("ada", "GET", "/v1/webhooks/endpoints").await;
    let paths: Vec<&str> =
        listed.json["data"].as_array().expect("a list").iter().filter_map(|row| row["path"].as_str()).collect();
    let id = |n: u128| EndpointId::of(&here, n.into());
    assert_eq!(paths[0], format!("/v1/webhooks/stripe/{}", id(1)));
    assert_eq!(paths[1], format!("/v1/webhooks/lemon-squeezy/{}", id(2)));
    assert_eq!(paths[2], format!("/v1/webhooks/{}", id(3)));
    assert!(!listed.text.contains("secret"), "{}", listed.text);
    assert_eq!(office.call("stranger", "GET", "/v1/webhooks/endpoints").await.ids(), Vec::<&str>::new());
    let rows = office.call("ada", "GET", "/v1/webhooks/endpoints?format=csv").await.text;
    let (header, first) = rows.split_once("\r\n").expect("a header");
    assert_eq!(header, "id,provider,name,path,stores,created_at,disabled_at");
    assert!(first.starts_with(&format!("{},stripe,shop,", id(1))) && !rows.contains("secret"), "{rows}");
}

#[tokio::test]
async fn the_log_says_what_truly_became_of_an_event() {
    // ING-15
    let office = office().await;
    let here = TenantId::default_tenant();
    let (tenant, store) = (TenantKey::from(&here), &office.world.store);
    let later = PaymentKey::parse("stripe:in_later").expect("a key");
    let parked = TroubleKind::Parked { payment: later.clone() };
    for (id, kind) in [
        ("evt_1", None),
        ("evt_2", Some(TroubleKind::Refused)),
        ("evt_3", Some(TroubleKind::Waiting)),
        ("evt_4", Some(parked)),
        ("evt_5", Some(TroubleKind::TestMode)),
    ] {
        office.delivered(&here, (Provider::Stripe, "2026-11-20", id), "charge.refunded").await;
        if let Some(kind) = kind {
            let trouble = Trouble { kind, reason: "why".to_owned(), at: office.world.now };
            store.record_trouble(&tenant, &place("2026-11-20", id), &trouble).await.expect("stored");
        }
    }
    let told = async |query: &str| {
        let listed = office.call("ada", "GET", &format!("{LIST}?day=2026-11-20{query}")).await;
        let row = |row: &Value| format!("{} {} {}", row["event_id"], row["status"], row["reason"]).replace('"', "");
        listed.json["data"].as_array().expect("a list").iter().map(row).collect::<Vec<_>>()
    };
    let mut expected =
        ["evt_1 untroubled null", "evt_2 refused why", "evt_3 waiting why", "evt_4 parked why", "evt_5 test_mode why"];
    assert_eq!(told("").await, expected);
    assert_eq!(told("&status=parked").await, expected[3..4]);
    assert_eq!(told("&status=test_mode").await, expected[4..]);
    // The payment comes: what waited for it was booked with it.
    let day = BusinessDay::parse("2026-11-20").expect("a day");
    office.world.earn("in_later", "99.00", day).await;
    expected[3] = "evt_4 booked null";
    assert_eq!(told("").await, expected);
    assert_eq!(told("&status=parked").await, Vec::<String>::new());
    store.clear_trouble(&tenant, &place("2026-11-20", "evt_3")).await.expect("stored");
    assert_eq!(told("&status=untroubled").await, ["evt_1 untroubled null", "evt_3 untroubled null"]);
    assert_eq!(told("&status=booked").await, ["evt_4 booked null"]);
}

#[tokio::test]
async fn what_came_a_moment_ago_is_told_as_handed_on() {
    let office = office().await;
    let here = TenantId::default_tenant();
    let event = RawEvent {
        kind: "invoice.paid".to_owned(),
        hash: Digest::of_bytes(b"evt_1"),
        sealed: vec![1],
        received_at: before(office.world.now, 15 * 60_000 - 1),
        expires_at: office.world.now,
    };
    let at = place("2026-11-20", "evt_1");
    office.world.store.record_raw_event(&TenantKey::from(&here), &at, &event).await.expect("stored");
    let listed = office.call("ada", "GET", &format!("{LIST}?day=2026-11-20")).await;
    assert_eq!(listed.json["data"][0]["status"], "handed_on");
}
