use domain::attribution::candidate::{Candidate, CandidateTarget};
use domain::attribution::customer::{Assigned, Meeting, Mention};
use domain::attribution::models::Model;
use domain::attribution::settings::{AttributionSettings, Binding};
use domain::attribution::{LossReason, Source};
use domain::id::TenantId;
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::time::Timestamp;
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn key() -> PaymentKey {
    PaymentKey::parse("stripe:cus_NeZwdNtLEOXuvB").expect("key")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn touch(n: u128) -> Candidate {
    Candidate {
        source: Source::Click,
        at: at("2026-11-10T11:00:00.123Z"),
        link: Some(LinkId::from_ulid(Ulid::from_parts(1_700_000_000_000, n))),
        coupon: None,
        visitor: Some(domain::touch::VisitorHash::from_bytes([7; 8])),
        target: Some(CandidateTarget {
            partner: PartnerId::from_ulid(Ulid::from_parts(1_700_000_000_000, n)),
            program: ProgramId::from_ulid(Ulid::from_parts(1_700_000_000_000, 1)),
            window_days: 30,
            settings: AttributionSettings::default(),
        }),
        refused: None,
    }
}

fn met(candidates: Vec<Candidate>) -> Customer {
    let by = PaymentKey::parse("stripe:cs_test_a1b2c3d4e5f6g7h8i9j0").expect("key");
    let mut customer = Customer { version: 1, ..Customer::default() };
    customer.meet(&Meeting { at: at("2026-11-10T12:00:00Z"), by, candidates, token_refused: false });
    customer.pay(at("2026-11-10T12:00:01Z"), &SaleId::from_ulid(Ulid::from_parts(1_700_000_000_000, 9)));
    customer
}

fn whole() -> Customer {
    let settings = AttributionSettings {
        model: Model::Position,
        click_over_coupon: true,
        binding: Binding::PerWindow,
        existing_customers_allowed: true,
    };
    let mut set = touch(2);
    if let Some(target) = &mut set.target {
        target.settings = settings;
    }
    let unknown = Candidate { target: None, refused: Some(LossReason::UnknownLink), ..touch(3) };
    let coupon = Candidate { source: Source::Coupon, link: None, coupon: Some("SAVE10".to_owned()), ..touch(4) };
    let mut customer = met(vec![touch(1), set, unknown, coupon]);
    customer.sign_up(at("2026-11-09T12:00:00Z"), &SaleId::from_ulid(Ulid::from_parts(1_700_000_000_000, 8)));
    let assigned = |source, from: &str| Assigned {
        source,
        partner: PartnerId::from_ulid(Ulid::from_parts(1_700_000_000_000, 5)),
        program: ProgramId::from_ulid(Ulid::from_parts(1_700_000_000_000, 1)),
        from: at(from),
        until: None,
    };
    customer.assign(assigned(Source::Managed, "2026-11-10T00:00:00Z"));
    customer.unassign(Source::Managed, at("2026-11-12T00:00:00Z"));
    customer.assign(assigned(Source::Claim, "1970-01-01T00:00:00Z"));
    let email = domain::digest::Digest::of_bytes(b"a@example.com");
    customer.mention(Mention { email, at: at("2026-11-10T12:00:00Z"), by: key() }, &[]);
    customer.token_refused = true;
    customer
}

async fn record(store: &Store, before: Option<u64>, after: &Customer) -> Written {
    let change = CustomerChange { key: &key(), before, after: Some(after), relies_on: &[], moves: &[] };
    store.record_customer(&tenant(), &change).await.expect("the store")
}

#[tokio::test]
async fn a_customer_comes_back_as_they_were_recorded_and_changes_only_in_their_version() {
    let store = store().await;
    assert_eq!(store.get_customer(&tenant(), &key()).await.expect("read"), None);
    assert_eq!(record(&store, None, &met(vec![touch(1)])).await, Written::Yes);
    assert_eq!(store.get_customer(&tenant(), &key()).await.expect("read"), Some(met(vec![touch(1)])));
    assert_eq!(record(&store, None, &whole()).await, Written::ConditionFailed);
    let second = Customer { version: 2, ..whole() };
    assert_eq!(record(&store, Some(1), &second).await, Written::Yes);
    assert_eq!(record(&store, Some(1), &second).await, Written::ConditionFailed);
    assert_eq!(store.get_customer(&tenant(), &key()).await.expect("read"), Some(second));
}

#[tokio::test]
async fn a_customer_of_the_first_version_is_read_and_changed() {
    let store = store().await;
    let place = tenant().customer(&key());
    let (partner, program, link) =
        (touch(1).target.expect("one").partner, "prg_00000000000000000000000001", touch(1).link);
    let first = serde_json::json!({
        "pk": place.pk, "sk": place.sk, "entity": "customer", "v": 1, "met_at": "2026-11-10T12:00:00Z",
        "winner": {"partner": partner, "program": program, "link": link, "clicked_at": "2026-11-10T11:00:00Z"},
    });
    let item: std::collections::HashMap<_, _> = serde_dynamo::to_item(first).expect("an item");
    store.db.put_item().table_name(&store.tables.core).set_item(Some(item)).send().await.expect("put");
    let known = store.get_customer(&tenant(), &key()).await.expect("read").expect("there");
    let decision = known.decide(at("2027-11-10T12:00:00Z"), None);
    assert_eq!(decision.credits().iter().map(|credit| credit.partner.clone()).collect::<Vec<_>>(), [partner]);
    assert_eq!((known.version, known.met_at), (0, Some(at("2026-11-10T12:00:00Z"))));
    let changed = Customer { version: 1, ..known };
    assert_eq!(record(&store, Some(0), &changed).await, Written::Yes);
    assert_eq!(record(&store, Some(0), &changed).await, Written::ConditionFailed);
    assert_eq!(store.get_customer(&tenant(), &key()).await.expect("read"), Some(changed));
}

#[test]
fn a_customer_with_four_touches_stays_within_a_kilobyte() {
    // The worst first sale of ledger.md binds its customer for 2 WRU.
    let customer = met(vec![touch(1), touch(2), touch(3), touch(4)]);
    let item: serde_json::Value = serde_json::to_value(item_of::CustomerItem::new(&customer)).expect("json");
    let place = tenant().customer(&key());
    let bytes = size_of(&item) + place.pk.len() + place.sk.len() + 4;
    assert!(bytes <= 1024, "{bytes} bytes");
}

/// What DynamoDB counts: names and texts in UTF-8, numbers by their digits, three bytes and one an element for nests.
fn size_of(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().fold(3, |bytes, (name, value)| bytes + name.len() + 1 + size_of(value))
        }
        serde_json::Value::Array(items) => items.iter().fold(3, |bytes, item| bytes + 1 + size_of(item)),
        serde_json::Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Bool(_) | serde_json::Value::Null => 1,
    }
}
