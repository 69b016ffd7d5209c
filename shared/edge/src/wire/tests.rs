use std::collections::BTreeMap;
use std::sync::Arc;

use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::touch::VisitorHash;
use jiff::Timestamp;
use store::clicks::{ClickRecorded, NewClick, Place};
use store::{Store, StoreError, Tables, TenantKey};
use testkit::Database;

use super::*;

const ULID: &str = "01K4JZ8QW0ABCDEFGHJKMNPQRS";

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "a secret", Some("a session".to_owned()), None, "test")
}

fn wire(address: &str) -> TablesWire {
    TablesWire::new(address, "eu-west-1", &credentials(), Patience::WORK).expect("a way")
}

fn stores(database: &Database) -> (Store, Store) {
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let by_client = Store::new(database.client.clone(), tables);
    (by_client.clone().over(Arc::new(wire(&database.endpoint))), by_client)
}

struct Ids(LinkId, PartnerId, ProgramId);

fn ids() -> Ids {
    let link = LinkId::parse(&format!("lnk_{ULID}")).expect("an id");
    let partner = PartnerId::parse(&format!("par_{ULID}")).expect("an id");
    Ids(link, partner, ProgramId::parse(&format!("prg_{ULID}")).expect("an id"))
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn visit<'a>(ids: &'a Ids, visitor: u8, bot: Option<&'static str>) -> NewClick<'a> {
    let at: Timestamp = "2026-09-03T07:00:00.001Z".parse().expect("a time");
    NewClick {
        link: &ids.0,
        partner: &ids.1,
        program: &ids.2,
        at,
        visitor: VisitorHash::from_bytes([visitor; 8]),
        bot,
        user_agent: "Mozilla \"5.0\"\\ \u{1}\u{7f} ü€😀".to_owned(),
        language: "en".to_owned(),
        referrer_host: String::new(),
        paid_traffic: Some("gclid"),
        device: None,
        place: Place { country: "DE".to_owned(), region: String::new(), city: "Köln".to_owned() },
        carried: BTreeMap::from([("utm \"source".to_owned(), "new\ns".to_owned())]),
        expires_at: at + jiff::SignedDuration::from_hours(24),
    }
}

#[tokio::test]
async fn a_visit_told_over_the_wire_is_the_one_that_the_client_tells() {
    let database = testkit::database().await;
    let (by_wire, by_client) = stores(&database);
    by_wire.open_wire(visit(&ids(), 1, None).at).await.expect("opens");
    let (ids, tenant) = (ids(), tenant());
    let mut kept = Vec::new();
    for (number, store) in [(1, &by_wire), (2, &by_client)] {
        let record = |bot| store.record_click(&tenant, visit(&ids, number, bot));
        let outcomes = [
            record(None).await.expect("records"),
            record(None).await.expect("records"),
            record(Some("prefetch")).await.expect("records"),
        ];
        assert_eq!(outcomes, [ClickRecorded::Counted, ClickRecorded::Duplicate, ClickRecorded::Bot], "{number}");
        let visited = visit(&ids, number, None);
        kept.push(by_client.get_click(&tenant, &ids.0, visited.at, visited.visitor).await.expect("reads"));
    }
    let [wired, client] = kept.try_into().expect("two");
    assert_eq!(wired, client);
    let wired = wired.expect("a click");
    assert_eq!((wired.hits, wired.bot_hits, wired.user_agent), (2, 1, visit(&ids, 1, None).user_agent));
}

#[tokio::test]
async fn tables_that_refuse_or_are_away_are_told_and_nothing_is_counted() {
    let database = testkit::database().await;
    let (by_wire, by_client) = stores(&database);
    let ids = ids();
    let nowhere = Tables { clicks: "no-such-table".to_owned(), core: String::new(), ops: String::new() };
    let refused = Store::new(database.client.clone(), nowhere).over(Arc::new(wire(&database.endpoint)));
    let away = by_wire.over(Arc::new(wire("http://127.0.0.1:9")));
    for (store, expected) in [
        (refused, "the tables answered 400: com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"),
        (away, "onnect"),
    ] {
        let failed = store.record_click(&tenant(), visit(&ids, 1, None)).await;
        let Err(StoreError::Unavailable { source, doing }) = failed else { panic!("{failed:?}") };
        assert_eq!(doing, "recording a click");
        let told = crate::telemetry::chain(source.as_ref());
        assert!(told.contains(expected), "{told}");
    }
    let visited = visit(&ids, 1, None);
    assert_eq!(by_client.get_click(&tenant(), &ids.0, visited.at, visited.visitor).await.expect("reads"), None);
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    ring::hmac::sign(&key, data.as_bytes()).as_ref().to_vec()
}

fn sha256(data: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, data.as_bytes()))
}

#[test]
fn a_request_is_signed_as_aws_documents_it() {
    let clock = Clock::fixed("2026-09-03T07:00:00Z".parse().expect("a time"));
    let address = "https://dynamodb.eu-west-1.amazonaws.com";
    let wire = TablesWire::by(clock, address, ("eu-west-1", &credentials()), Patience::WORK).expect("a way");
    let body = r#"{"TableName":"a table"}"#;
    let request = wire.request("GetItem", body.as_bytes().to_vec()).expect("a request");
    assert_eq!(request.uri(), "https://dynamodb.eu-west-1.amazonaws.com/");
    let names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
    let canonical = [
        "POST\n/\n",
        "content-type:application/x-amz-json-1.0",
        "host:dynamodb.eu-west-1.amazonaws.com",
        "x-amz-date:20260903T070000Z",
        "x-amz-security-token:a session",
        "x-amz-target:DynamoDB_20120810.GetItem\n",
        names,
        &sha256(body),
    ];
    let scope = "20260903/eu-west-1/dynamodb/aws4_request";
    let told = format!("AWS4-HMAC-SHA256\n20260903T070000Z\n{scope}\n{}", sha256(&canonical.join("\n")));
    let day = hmac(b"AWS4a secret", "20260903");
    let key = ["eu-west-1", "dynamodb", "aws4_request"].iter().fold(day, |key, part| hmac(&key, part));
    let signature = hex::encode(hmac(&key, &told));
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let expected =
        format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}");
    assert_eq!(header("authorization"), expected);
    assert_eq!(header("x-amz-security-token"), "a session");
    assert_eq!(header("x-amz-date"), "20260903T070000Z");
}

#[tokio::test]
async fn tables_that_are_silent_cost_a_visitor_their_patience_and_no_more() {
    let database = testkit::database().await;
    let (by_wire, _) = stores(&database);
    // The system takes the connection; nobody ever answers it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let silent = TablesWire::new(&address, "eu-west-1", &credentials(), Patience::VISITOR).expect("a way");
    let failed = by_wire.over(Arc::new(silent)).record_click(&tenant(), visit(&ids(), 1, None)).await;
    let Err(StoreError::Unavailable { source, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(source.to_string(), "no answer in time");
}

#[test]
fn an_address_that_is_none_makes_no_wire() {
    for address in ["", "/tables", "not an address"] {
        assert!(TablesWire::new(address, "eu-west-1", &credentials(), Patience::WORK).is_err(), "{address}");
    }
}
