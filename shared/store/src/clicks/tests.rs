use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::time::Timestamp;
use domain::touch::VisitorHash;

use super::sets::{self, Sets};
use super::{ClickRecorded, NewClick, Place};
use crate::{Store, StoreError, Tables, TenantKey};

struct Ids {
    tenant: TenantKey,
    link: LinkId,
    partner: PartnerId,
    program: ProgramId,
}

fn ids() -> Ids {
    let ulid = "01K4JZ8QW0ABCDEFGHJKMNPQRS";
    Ids {
        tenant: TenantKey::from(&TenantId::default_tenant()),
        link: LinkId::parse(&format!("lnk_{ulid}")).expect("an id"),
        partner: PartnerId::parse(&format!("par_{ulid}")).expect("an id"),
        program: ProgramId::parse(&format!("prg_{ulid}")).expect("an id"),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn visit(ids: &Ids, at: Timestamp) -> NewClick<'_> {
    NewClick {
        link: &ids.link,
        partner: &ids.partner,
        program: &ids.program,
        at,
        visitor: VisitorHash::from_bytes([1; 8]),
        bot: None,
        user_agent: "Mozilla/5.0".to_owned(),
        language: "en".to_owned(),
        referrer_host: "blog.example".to_owned(),
        paid_traffic: None,
        device: None,
        place: Place::default(),
        carried: BTreeMap::from([("utm_source".to_owned(), "news".to_owned())]),
        expires_at: at + jiff::SignedDuration::from_hours(24),
    }
}

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

#[tokio::test]
async fn the_first_visit_of_an_hour_counts_and_each_further_one_is_a_duplicate() {
    let (store, _database) = store().await;
    let ids = ids();
    let first = at("2026-09-03T07:00:00.001Z");
    let device = domain::touch::DeviceHash::parse("0123456789abcdef");
    let again = NewClick { user_agent: "another".to_owned(), device: None, ..visit(&ids, at("2026-09-03T07:59:59Z")) };
    let record = |click| store.record_click(&ids.tenant, click);
    let told = NewClick { device, paid_traffic: Some("gclid"), ..visit(&ids, first) };
    assert_eq!(record(told).await.expect("records"), ClickRecorded::Counted);
    assert_eq!(record(again).await.expect("records"), ClickRecorded::Duplicate);
    let next_hour = visit(&ids, at("2026-09-03T08:00:00Z"));
    assert_eq!(record(next_hour).await.expect("records"), ClickRecorded::Counted);

    let kept = store.get_click(&ids.tenant, &ids.link, first, VisitorHash::from_bytes([1; 8])).await;
    let kept = kept.expect("reads").expect("is there");
    assert_eq!((kept.hits, kept.bot_hits), (2, 0));
    assert_eq!((kept.first_at, kept.last_at), (first, at("2026-09-03T07:59:59Z")));
    assert_eq!(kept.user_agent, "Mozilla/5.0");
    assert_eq!((kept.paid_traffic.as_deref(), kept.device.as_deref()), (Some("gclid"), Some("0123456789abcdef")));
    assert_eq!(kept.carried.get("utm_source").map(String::as_str), Some("news"));
    assert_eq!(kept.partner, ids.partner);
}

#[tokio::test]
async fn a_bots_look_does_not_take_the_count_from_the_person_after_it() {
    let (store, _database) = store().await;
    let ids = ids();
    let now = at("2026-09-03T07:00:00Z");
    let bot = NewClick { bot: Some("prefetch"), ..visit(&ids, now) };
    assert_eq!(store.record_click(&ids.tenant, bot).await.expect("records"), ClickRecorded::Bot);
    assert_eq!(store.record_click(&ids.tenant, visit(&ids, now)).await.expect("records"), ClickRecorded::Counted);
    let kept = store.get_click(&ids.tenant, &ids.link, now, VisitorHash::from_bytes([1; 8])).await;
    let kept = kept.expect("reads").expect("is there");
    assert_eq!((kept.hits, kept.bot_hits, kept.bot.as_deref()), (1, 1, Some("prefetch")));
}

#[tokio::test]
async fn a_click_with_everything_at_its_longest_is_one_write_unit_and_one_round_trip() {
    let (store, database) = store().await;
    let ids = ids();
    let names =
        ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "sub1", "sub2", "sub3", "sub4", "sub5"];
    let longest = || NewClick {
        user_agent: "ü".repeat(5000),
        language: "l".repeat(5000),
        referrer_host: "r".repeat(5000),
        paid_traffic: Some("li_fat_id"),
        device: domain::touch::DeviceHash::parse("0123456789abcdef"),
        place: Place { country: "c".repeat(99), region: "r".repeat(99), city: "s".repeat(5000) },
        carried: names.iter().map(|name| ((*name).to_owned(), "v".repeat(256))).collect(),
        ..visit(&ids, at("2026-09-03T07:00:00Z"))
    };
    database.reset_units();
    let before = database.requests();
    for expected in [ClickRecorded::Counted, ClickRecorded::Duplicate] {
        assert_eq!(store.record_click(&ids.tenant, longest()).await.expect("records"), expected);
    }
    assert_eq!(database.requests() - before, 2);
    assert_eq!(database.reset_units().write_hundredths, 200);
}

#[tokio::test]
async fn a_store_that_is_away_is_told_and_no_visit_counted() {
    let (store, database) = store().await;
    let ids = ids();
    database.fail_next(10, testkit::Fault::Refuse);
    let answer = store.record_click(&ids.tenant, visit(&ids, at("2026-09-03T07:00:00Z"))).await;
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
}

/// An update: its expression, names and values.
type Told = (String, HashMap<String, String>, HashMap<String, AttributeValue>);

/// The same update, put together from what it has to say.
fn written_out(counter: &str, last_ms: &str, firsts: &[(&str, AttributeValue)]) -> Told {
    let number = |digits: &str| AttributeValue::N(digits.to_owned());
    let mut sets = vec!["last_ms = :last".to_owned()];
    let mut names = HashMap::from([("#hits".to_owned(), counter.to_owned())]);
    let mut values = HashMap::from([(":last".to_owned(), number(last_ms)), (":one".to_owned(), number("1"))]);
    for (index, (name, value)) in firsts.iter().enumerate() {
        sets.push(format!("#f{index} = if_not_exists(#f{index}, :f{index})"));
        names.insert(format!("#f{index}"), (*name).to_owned());
        values.insert(format!(":f{index}"), value.clone());
    }
    (format!("SET {} ADD #hits :one", sets.join(", ")), names, values)
}

fn told(sets: Sets) -> Told {
    let (names, values) = (sets.names_of_client(), sets.values_of_client());
    (sets.expression, names, values)
}

#[test]
fn the_update_of_a_click_is_what_its_attributes_written_out_give() {
    let ids = ids();
    let now = at("2026-09-03T07:00:00.001Z");
    let (s, n) = (|text: &str| AttributeValue::S(text.to_owned()), |text: &str| AttributeValue::N(text.to_owned()));
    let always = [
        ("entity", s("click")),
        ("v", n("1")),
        ("partner", s(ids.partner.as_str())),
        ("program", s(ids.program.as_str())),
        ("first_ms", n("1788418800001")),
        ("expires_at", n("1788505200")),
    ];
    let (agent, referrer) = (("agent", s("Mozilla/5.0")), ("referrer", s("blog.example")));
    let carried = ("carried", AttributeValue::M(HashMap::from([("utm_source".to_owned(), s("news"))])));

    // What was not said takes no slot, and what follows moves up.
    let some = NewClick { language: String::new(), ..visit(&ids, now) };
    let firsts = [&always[..], &[agent.clone(), referrer.clone(), carried.clone()][..]].concat();
    assert_eq!(told(sets::of(some, "hits")), written_out("hits", "1788418800001", &firsts));

    let all = NewClick {
        paid_traffic: Some("gclid"),
        device: domain::touch::DeviceHash::parse("0123456789abcdef"),
        place: Place { country: "DE".to_owned(), region: "BE".to_owned(), city: "Berlin".to_owned() },
        bot: Some("prefetch"),
        ..visit(&ids, now)
    };
    let said = [
        agent,
        ("lang", s("en")),
        referrer,
        ("paid", s("gclid")),
        ("device", s("0123456789abcdef")),
        ("country", s("DE")),
        ("region", s("BE")),
        ("city", s("Berlin")),
        ("bot", s("prefetch")),
        carried,
    ];
    let update = told(sets::of(all, "bots"));
    assert_eq!(update.0.len(), sets::EXPRESSION_BYTES_MAX);
    assert_eq!(update, written_out("bots", "1788418800001", &[&always[..], &said[..]].concat()));
}

#[test]
fn what_a_visitor_said_is_cut_between_characters() {
    let ids = ids();
    let click = NewClick { user_agent: "€".repeat(100), ..visit(&ids, at("2026-09-03T07:00:00Z")) };
    assert_eq!(told(sets::of(click, "hits")).2.get(":f6"), Some(&AttributeValue::S("€".repeat(85))));
}
