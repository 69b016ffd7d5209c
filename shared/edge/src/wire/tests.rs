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
    by_wire.open_wire().await.expect("opens");
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
    for (store, expected) in [(refused, "the tables answered 400"), (away, "onnect")] {
        let failed = store.record_click(&tenant(), visit(&ids, 1, None)).await;
        let Err(StoreError::Unavailable { source, doing }) = failed else { panic!("{failed:?}") };
        assert_eq!(doing, "recording a click");
        let told = crate::telemetry::chain(source.as_ref());
        assert!(told.contains(expected), "{told}");
    }
    let visited = visit(&ids, 1, None);
    assert_eq!(by_client.get_click(&tenant(), &ids.0, visited.at, visited.visitor).await.expect("reads"), None);
}

#[test]
fn a_request_is_signed_as_the_clients_are_and_to_the_host_it_goes_to() {
    let request =
        wire("https://dynamodb.eu-west-1.amazonaws.com").request("GetItem", b"{}".to_vec()).expect("a request");
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(request.uri(), "https://dynamodb.eu-west-1.amazonaws.com/");
    assert_eq!(header("host"), "dynamodb.eu-west-1.amazonaws.com");
    assert_eq!(header("x-amz-target"), "DynamoDB_20120810.GetItem");
    assert_eq!(header("x-amz-security-token"), "a session");
    let authorization = header("authorization");
    let scope = "/eu-west-1/dynamodb/aws4_request";
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
    assert!(authorization.contains(scope) && authorization.contains(signed), "{authorization}");
}

#[test]
fn an_address_that_is_none_makes_no_wire() {
    for address in ["", "/tables", "not an address"] {
        assert!(TablesWire::new(address, "eu-west-1", &credentials(), Patience::WORK).is_err(), "{address}");
    }
}
