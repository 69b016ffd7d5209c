//! What is told lies in the transaction of what it tells of.

use std::collections::BTreeMap;

use domain::audit::{Actor, Deed, Told, TrailEnd, check_chain};
use domain::digest::Digest;
use domain::id::{EndpointId, TenantId};
use domain::provider::Provider;
use domain::role::Role;
use domain::time::BusinessDay;
use futures::future::join_all;

use super::*;
use crate::endpoints::Endpoint;
use crate::journal::Order;
use crate::{Tables, Written};

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn endpoint(n: u128) -> Endpoint {
    Endpoint {
        id: EndpointId::of(&TenantId::default_tenant(), n.into()),
        provider: Provider::Stripe,
        name: "shop".to_owned(),
        stores: Vec::new(),
        secret: "prod/webhooks/x".to_owned(),
        created_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
        disabled_at: None,
    }
}

fn told(aggregate: &str, at: &str, action: &'static str) -> Told {
    let actor = Actor { user_agent: Some("curl".to_owned()), ..Actor::new(Role::Admin, "usr_ada") };
    let at = at.parse().expect("instant");
    let deed = Deed { at, actor, action, old: BTreeMap::new(), new: BTreeMap::from([("n".into(), "1".into())]) };
    Told { aggregate: aggregate.to_owned(), deed }
}

const NOON: &str = "2026-09-01T12:00:00Z";

#[tokio::test]
async fn what_is_written_and_what_is_told_of_it_come_together_or_not_at_all() {
    let (store, _database) = store().await;
    let (tenant, made) = (tenant(), endpoint(1));
    let id = made.id.to_string();
    let create = || store.telling(&tenant, told(&id, NOON, "endpoint.created"));
    assert_eq!(create().create_endpoint(&tenant, &made).await.expect("store"), Written::Yes);
    // It is there already: nothing is written, and so nothing told.
    assert_eq!(create().create_endpoint(&tenant, &made).await.expect("store"), Written::ConditionFailed);
    let disable = store.telling(&tenant, told(&id, NOON, "endpoint.disabled"));
    disable.record_endpoint_disabled(&tenant, &made.id, made.created_at).await.expect("store");
    // The same store again: it has told what it had to tell.
    disable.record_endpoint_disabled(&tenant, &made.id, made.created_at).await.expect("store");
    let nobody = endpoint(9).id;
    let missing = store.telling(&tenant, told(nobody.as_str(), NOON, "endpoint.disabled"));
    let none = missing.record_endpoint_disabled(&tenant, &nobody, made.created_at).await.expect("store");
    assert_eq!(none, Written::ConditionFailed);
    let trail = store.list_audit(&tenant, &id).await.expect("store");
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["endpoint.created", "endpoint.disabled"]);
    let end = check_chain(&id, &trail).expect("whole");
    assert_eq!(store.get_chain_end(&tenant, &id).await.expect("store"), end);
    assert_eq!(store.list_audit(&tenant, nobody.as_str()).await.expect("store"), []);
    let others = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
    assert_eq!(store.list_audit(&others, &id).await.expect("store"), []);
}

#[tokio::test]
async fn a_refused_write_leaves_what_is_to_be_told_for_the_next_one() {
    let (store, _database) = store().await;
    let tenant = tenant();
    store.create_endpoint(&tenant, &endpoint(1)).await.expect("store");
    let telling = store.telling(&tenant, told("x", NOON, "endpoint.created"));
    assert_eq!(telling.create_endpoint(&tenant, &endpoint(1)).await.expect("store"), Written::ConditionFailed);
    assert_eq!(telling.create_endpoint(&tenant, &endpoint(2)).await.expect("store"), Written::Yes);
    assert_eq!(telling.create_endpoint(&tenant, &endpoint(3)).await.expect("store"), Written::Yes);
    assert_eq!(store.list_audit(&tenant, "x").await.expect("store").len(), 1);
}

#[tokio::test]
async fn whoever_tells_of_one_thing_at_the_same_time_is_chained_one_behind_the_other() {
    let (store, _database) = store().await;
    let tenant = tenant();
    let (stores, endpoints): (Vec<Store>, Vec<Endpoint>) =
        (1..=5).map(|n| (store.telling(&tenant, told("endpoints", NOON, "endpoint.created")), endpoint(n))).unzip();
    let all = stores.iter().zip(&endpoints).map(|(store, endpoint)| store.create_endpoint(&tenant, endpoint));
    for written in join_all(all).await {
        assert_eq!(written.expect("store"), Written::Yes);
    }
    let trail = store.list_audit(&tenant, "endpoints").await.expect("store");
    assert_eq!(check_chain("endpoints", &trail).map(|end| end.no), Ok(5));
}

#[tokio::test]
async fn a_day_is_listed_in_both_orders_page_by_page_and_its_head_is_kept_once() {
    let (store, _database) = store().await;
    let tenant = tenant();
    for (n, at) in ["2026-09-01T08:00:00Z", "2026-09-01T09:00:00Z", "2026-09-01T09:00:00Z", "2026-09-02T00:00:00Z"]
        .into_iter()
        .enumerate()
    {
        let n = u128::try_from(n).expect("small");
        let telling = store.telling(&tenant, told(&format!("thing#{n}"), at, "made"));
        telling.create_endpoint(&tenant, &endpoint(n)).await.expect("store");
    }
    let day = BusinessDay::parse("2026-09-01").expect("day");
    for (order, expected) in
        [(Order::Oldest, ["thing#0", "thing#1", "thing#2"]), (Order::Newest, ["thing#2", "thing#1", "thing#0"])]
    {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.list_audit_places(&tenant, day, (order, after.as_ref()), 2).await.expect("store");
            found.extend(page.items.iter().map(|place| place.aggregate().to_owned()));
            after = page.next.as_deref().and_then(AuditPlace::parse);
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
    }
    let wanted = [("thing#0", 1), ("thing#1", 1), ("thing#1", 2), ("nothing", 1)];
    let entries = store.get_audit_entries(&tenant, &wanted).await.expect("store");
    assert_eq!(
        entries.keys().map(|(thing, no)| (thing.as_str(), *no)).collect::<Vec<_>>(),
        [("thing#0", 1), ("thing#1", 1)]
    );
    let end = TrailEnd { entries: 3, hash: Digest::of_bytes(b"x") };
    let head = DayHead::after(None, day, end);
    assert_eq!(store.create_audit_head(&tenant, &head).await.expect("store"), Written::Yes);
    let other = DayHead::after(None, day, TrailEnd::START);
    assert_eq!(store.create_audit_head(&tenant, &other).await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.list_audit_heads(&tenant, day, day).await.expect("store"), [head]);
    assert_eq!(store.get_last_audit_head(&tenant).await.expect("store"), Some(head));
}

#[test]
fn a_place_is_read_back_and_nonsense_is_none() {
    let text = "2026-09-01T08:00:00.000Z|fx-rate/EUR/USD|x|00000007";
    let place = AuditPlace::parse(text).expect("a place");
    assert_eq!(
        (place.text().as_str(), place.aggregate(), place.no(), place.day()),
        (text, "fx-rate/EUR/USD|x", 7, "2026-09-01")
    );
    for text in ["", "x", "2026-09-01T08:00:00.000Z", "2026-09-01|a", "2026-09-01|a|0", "yesterday||1", "2026-09-01||1"]
    {
        assert_eq!(AuditPlace::parse(text), None, "{text}");
    }
}
