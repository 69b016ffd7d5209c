use domain::click_count::Counts;
use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::time::{BusinessDay, Timestamp};
use domain::touch::VisitorHash;
use edge::clock::Clock;
use serde_json::{Value, json};
use store::clicks::{NewClick, Place};
use store::links::Link;
use store::{Store, Tables, TenantKey};
use testkit::{Database, Fault};

use crate::App;

const ULID: &str = "01K4JZ8QW0ABCDEFGHJKMNPQRS";

struct World {
    store: Store,
    database: Database,
    app: App,
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn link_id() -> LinkId {
    LinkId::parse(&format!("lnk_{ULID}")).expect("an id")
}

/// The event files of this function.
fn event(case: &str) -> Value {
    let path = format!("{}/../../events/click-counter/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("an event file")).expect("JSON")
}

fn night(day: &str) -> Value {
    json!({ "scheduled_for": format!("{day}T02:30:00Z") })
}

impl World {
    async fn new() -> Self {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let link = Link {
            id: link_id(),
            code: "casey".to_owned(),
            partner: PartnerId::parse(&format!("par_{ULID}")).expect("an id"),
            program: ProgramId::parse(&format!("prg_{ULID}")).expect("an id"),
            destination: "https://shop.example/".to_owned(),
            window_days: 30,
            commission_rate: None,
            active: true,
            created_at: at("2026-09-01T00:00:00Z"),
            details: Default::default(),
        };
        store.create_link(&tenant(), &link).await.expect("a link");
        let app = App::new(store.clone(), Clock::fixed(at("2026-09-04T02:30:00Z")));
        Self { store, database, app }
    }

    async fn click(&self, visitor: u8, instant: &str) {
        let (partner, program) = (PartnerId::parse(&format!("par_{ULID}")), ProgramId::parse(&format!("prg_{ULID}")));
        let click = NewClick {
            link: &link_id(),
            partner: &partner.expect("an id"),
            program: &program.expect("an id"),
            at: at(instant),
            visitor: VisitorHash::from_bytes([visitor; 8]),
            bot: None,
            user_agent: "Firefox/140".to_owned(),
            language: String::new(),
            referrer_host: String::new(),
            paid_traffic: None,
            device: None,
            place: Place::default(),
            carried: std::collections::BTreeMap::new(),
            expires_at: at("2027-09-01T00:00:00Z"),
        };
        self.store.record_click(&tenant(), click).await.expect("recorded");
    }

    /// Day, clicks that count, repeats, and whether that is final.
    async fn counts(&self) -> Vec<(String, u64, u64, bool)> {
        let range = (day("2026-08-01"), day("2026-10-01"));
        let found = self.store.list_click_counts(&tenant(), &link_id(), range).await.expect("store");
        let row = |found: &store::click_counts::ClickCount| {
            let Counts { counted, duplicates, .. } = found.count.total();
            (found.day.to_string(), counted, duplicates, found.is_exact)
        };
        found.iter().map(row).collect()
    }
}

#[tokio::test]
async fn a_batch_of_the_stream_is_counted_and_told_again_counts_nothing() {
    let world = World::new().await;
    for _ in 0..2 {
        let answer = world.app.handle(event("clicks")).await.expect("answers");
        assert_eq!(answer["batchItemFailures"], json!([]));
        assert_eq!(world.counts().await, [("2026-09-03".to_owned(), 1, 1, false)]);
    }
}

#[tokio::test]
async fn a_batch_touches_a_link_and_day_once_however_many_clicks_it_has() {
    let world = World::new().await;
    world.database.reset_units();
    let before = world.database.requests();
    world.app.handle(event("clicks")).await.expect("answers");
    assert_eq!(world.database.requests() - before, 2, "a read and a write");
    assert_eq!(world.database.reset_units().write_hundredths, 100);
}

#[tokio::test]
async fn what_cannot_be_counted_now_is_named_and_what_cannot_be_read_holds_nobody() {
    let world = World::new().await;
    world.database.fail_next(100, Fault::Refuse);
    let answer = world.app.handle(event("clicks")).await.expect("answers");
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], format!("1{:020}", 1), "the first of the batch");
    world.database.heal();
    let mut odd = event("clicks");
    odd["Records"][0]["dynamodb"]["NewImage"]["sk"]["S"] = json!("nonsense");
    let answer = world.app.handle(odd).await.expect("answers");
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(world.counts().await, [("2026-09-03".to_owned(), 0, 1, false)], "the second record alone");
}

#[tokio::test]
async fn the_night_counts_the_day_that_is_over_and_the_nights_that_were_missed() {
    let world = World::new().await;
    world.click(1, "2026-09-02T10:00:00Z").await;
    let first = world.app.handle(night("2026-09-03")).await.expect("a night");
    assert_eq!((&first["days"], &first["links"]), (&json!(1), &json!(1)));
    for (visitor, instant) in [(1, "2026-09-03T23:59:59Z"), (1, "2026-09-03T23:00:00Z"), (2, "2026-09-04T00:00:00Z")] {
        world.click(visitor, instant).await;
    }
    world.click(3, "2026-09-06T10:00:00Z").await;
    let caught_up = world.app.handle(night("2026-09-06")).await.expect("a night");
    assert_eq!((&caught_up["days"], &caught_up["links"]), (&json!(3), &json!(2)));
    let expected = [("2026-09-02", 1, 0), ("2026-09-03", 1, 1), ("2026-09-04", 1, 0)];
    let expected = expected.map(|(day, counted, duplicates)| (day.to_owned(), counted, duplicates, true));
    assert_eq!(world.counts().await, expected, "today is not over");
    let again = world.app.handle(night("2026-09-06")).await.expect("a night");
    assert_eq!(again["days"], 0);
    assert_eq!(world.counts().await, expected);
}

#[tokio::test]
async fn the_night_deletes_the_salts_of_days_past() {
    // TRK-3
    let world = World::new().await;
    for day in ["2026-09-01", "2026-09-02", "2026-09-03", "2026-09-04"] {
        world.store.salt_of_day(at(&format!("{day}T08:00:00Z")), [7; 32]).await.expect("store");
    }
    let night = world.app.handle(event("schedule")).await.expect("a night");
    assert_eq!(night["salts"], 2, "those whose day began 48 hours ago");
    assert_eq!(world.store.salt_of_day(at("2026-09-02T08:00:00Z"), [8; 32]).await.expect("store"), [8; 32]);
    assert_eq!(world.store.salt_of_day(at("2026-09-03T08:00:00Z"), [8; 32]).await.expect("store"), [7; 32]);
}

#[tokio::test]
async fn a_night_over_a_store_that_is_away_fails_and_is_made_again() {
    let world = World::new().await;
    world.click(1, "2026-09-03T10:00:00Z").await;
    world.database.fail_next(1000, Fault::Refuse);
    assert!(world.app.handle(night("2026-09-04")).await.is_err());
    world.database.heal();
    assert_eq!(world.app.handle(night("2026-09-04")).await.expect("a night")["links"], 1);
}

#[tokio::test]
async fn what_is_neither_stream_nor_schedule_is_refused() {
    let world = World::new().await;
    assert!(world.app.handle(json!({ "hello": "world" })).await.is_err());
}

impl World {
    /// Conversions and revenue of the link, in minor units of dollars.
    async fn sold(&self) -> Option<(u64, i64)> {
        let totals = self.store.total_link_sales(&tenant(), &[link_id()]).await.expect("store");
        let sold = totals.get(&link_id())?.by_currency.get(&domain::currency::Currency::USD)?;
        Some((sold.conversions, sold.revenue.minor()))
    }
}

#[tokio::test]
async fn a_sale_is_counted_with_its_link_and_told_again_counts_nothing() {
    let world = World::new().await;
    let mut first = event("sales");
    first["Records"].as_array_mut().expect("records").truncate(1);
    for _ in 0..2 {
        let answer = world.app.handle(first.clone()).await.expect("answers");
        assert_eq!(answer["batchItemFailures"], json!([]));
        assert_eq!(world.sold().await, Some((1, 10_000)));
    }
    for _ in 0..2 {
        world.app.handle(event("sales")).await.expect("answers");
        assert_eq!(world.sold().await, Some((1, 7_500)), "a quarter went back");
    }
}

#[tokio::test]
async fn a_sale_that_becomes_anothers_leaves_its_link() {
    let world = World::new().await;
    world.app.handle(event("sales")).await.expect("answers");
    let mut moved = event("sales");
    let record = &mut moved["Records"][1]["dynamodb"];
    record["OldImage"] = record["NewImage"].clone();
    record["NewImage"]["version"]["N"] = json!("3");
    record["NewImage"]["decision"] = json!({"M": {"nobody": {"S": "by_decision"}}});
    moved["Records"].as_array_mut().expect("records").remove(0);
    world.app.handle(moved).await.expect("answers");
    assert_eq!(world.sold().await, Some((0, 0)));
}

#[tokio::test]
async fn a_sale_that_cannot_be_counted_now_is_named_and_one_that_cannot_be_read_holds_nobody() {
    let world = World::new().await;
    world.database.fail_next(100, Fault::Refuse);
    let answer = world.app.handle(event("sales")).await.expect("answers");
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], format!("1{:020}", 1), "the first of the batch");
    world.database.heal();
    let mut odd = event("sales");
    odd["Records"][0]["dynamodb"]["NewImage"]["payment"]["S"] = json!("nonsense");
    let answer = world.app.handle(odd).await.expect("answers");
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(world.sold().await, Some((1, 7_500)), "the second record alone");
}
