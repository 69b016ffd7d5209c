use std::collections::BTreeMap;

use domain::click_count::Counts;
use domain::time::Timestamp;

use super::*;
use crate::Tables;
use crate::clicks::{NewClick, Place};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn ids() -> (TenantKey, LinkId, PartnerId, ProgramId) {
    let tenant = TenantKey::from(&TenantId::default_tenant());
    (tenant, LinkId::from_ulid(1_u128.into()), PartnerId::from_ulid(2_u128.into()), ProgramId::from_ulid(3_u128.into()))
}

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn seen(hour: u8, hits: u64, bot_hits: u64) -> Seen {
    let visitor = VisitorHash::from_bytes([1; 8]);
    let text = String::new;
    Seen { visitor, hour, hits, bot_hits, user_agent: text(), country: "DE".to_owned(), referrer_host: text() }
}

fn change(number: &str, now: Seen, before: Option<Seen>) -> ClickChange {
    let (tenant, link, partner, program) = ids();
    let (tenant, number, day) = (tenant.tenant().clone(), number.to_owned(), day("2026-11-21"));
    ClickChange { tenant, link, day, partner, program, number, now, before }
}

async fn total(store: &Store) -> Option<(Counts, bool)> {
    let (tenant, link, ..) = ids();
    let range = (day("2026-11-01"), day("2026-11-30"));
    let found = store.list_click_counts(&tenant, &link, range).await.expect("store");
    found.first().map(|found| (found.count.total(), found.is_exact))
}

#[tokio::test]
async fn a_change_counts_once_however_often_it_is_told_and_in_whatever_batch() {
    let (store, _database) = store().await;
    let (tenant, link, ..) = ids();
    let changes = [
        change("99", seen(7, 1, 0), None),
        change("100", seen(7, 2, 0), Some(seen(7, 1, 0))),
        change("98", seen(8, 0, 1), None),
        change("101", seen(7, 2, 1), Some(seen(7, 2, 0))),
    ];
    let all: Vec<&ClickChange> = changes.iter().collect();
    let place = (&link, day("2026-11-21"));
    for (batch, expected) in [
        (&all[..2], Counted::Counted),
        (&all[..2], Counted::AlreadySeen),
        (&all[..], Counted::Counted),
        (&all[1..], Counted::AlreadySeen),
    ] {
        assert_eq!(store.count_clicks(&tenant, place, batch).await.expect("store"), expected);
    }
    assert_eq!(total(&store).await, Some((Counts { counted: 1, duplicates: 1, bots: 2 }, false)));
}

#[tokio::test]
async fn counters_of_one_day_that_run_together_lose_nothing() {
    let (store, _database) = store().await;
    let (tenant, link, ..) = ids();
    let place = (&link, day("2026-11-21"));
    let changes: Vec<ClickChange> = (0..4).map(|hour| change("7", seen(hour, 1, 0), None)).collect();
    let counting = changes.iter().map(|change| {
        let tenant = tenant.clone();
        let store = store.clone();
        async move { store.count_clicks(&tenant, place, &[change]).await }
    });
    for counted in futures::future::join_all(counting).await {
        assert_eq!(counted.expect("store"), Counted::Counted);
    }
    assert_eq!(total(&store).await, Some((Counts { counted: 4, duplicates: 0, bots: 0 }, false)));
}

#[tokio::test]
async fn the_night_counts_from_the_clicks_whatever_was_counted_live_and_that_is_final() {
    let (store, _database) = store().await;
    let (tenant, link, partner, program) = ids();
    for (visitor, hour, bot) in [(1, 7, None), (1, 7, None), (2, 7, None), (1, 8, None), (3, 9, Some("head"))] {
        let click = NewClick {
            link: &link,
            partner: &partner,
            program: &program,
            at: at(&format!("2026-11-21T{hour:02}:30:00Z")),
            visitor: VisitorHash::from_bytes([visitor; 8]),
            bot,
            user_agent: "Firefox/140".to_owned(),
            language: String::new(),
            referrer_host: String::new(),
            paid_traffic: None,
            device: None,
            place: Place::default(),
            carried: BTreeMap::new(),
            expires_at: at("2027-11-21T00:00:00Z"),
        };
        store.record_click(&tenant, click).await.expect("store");
    }
    let today = day("2026-11-21");
    // Live, a change was lost and another came twice under other numbers.
    let wrong = change("1", seen(7, 9, 9), None);
    store.count_clicks(&tenant, (&link, today), &[&wrong]).await.expect("store");
    let place = (&link, &partner, &program);
    assert!(store.recount_clicks(&tenant, place, today).await.expect("store"));
    let exact = Some((Counts { counted: 3, duplicates: 1, bots: 1 }, true));
    assert_eq!(total(&store).await, exact);
    // What the stream still tells of that day is counted already; and counting again changes nothing.
    let late = change("9", seen(7, 9, 9), None);
    assert_eq!(store.count_clicks(&tenant, (&link, today), &[&late]).await.expect("store"), Counted::Late);
    assert!(store.recount_clicks(&tenant, place, today).await.expect("store"));
    assert_eq!(total(&store).await, exact);
}

#[tokio::test]
async fn a_day_without_clicks_leaves_nothing_behind() {
    let (store, database) = store().await;
    let (tenant, link, partner, program) = ids();
    database.reset_units();
    let any = store.recount_clicks(&tenant, (&link, &partner, &program), day("2026-11-21")).await;
    assert!(!any.expect("store"));
    assert_eq!(database.reset_units().write_hundredths, 0);
    assert_eq!(total(&store).await, None);
}

#[test]
fn what_is_no_click_is_not_counted_as_one() {
    use crate::item::text;
    let image = |pk: &str, sk: &str, entity: &str| {
        let (_, _, partner, program) = ids();
        [("pk", pk), ("sk", sk), ("entity", entity), ("partner", partner.as_str()), ("program", program.as_str())]
            .map(|(name, value)| (name.to_owned(), text(value)))
            .into_iter()
            .collect::<Attributes>()
    };
    let (tenant, link, ..) = ids();
    let good = format!("{}#{link}#20261121", tenant.tenant());
    let visitor = "07#0101010101010101";
    let read = |pk: &str, sk: &str, entity: &str| read_click_change("1".to_owned(), image(pk, sk, entity), None);
    let change = read(&good, visitor, "click").expect("a click");
    assert_eq!((change.day, change.now.hour, change.link), (day("2026-11-21"), 7, link.clone()));
    for (pk, sk, entity) in [
        (good.as_str(), visitor, "link"),
        (good.as_str(), "24#0101010101010101", "click"),
        (good.as_str(), "0101010101010101", "click"),
        ("nonsense", visitor, "click"),
        (&format!("{good}#more"), visitor, "click"),
        (&good.replace("20261121", "20261321"), visitor, "click"),
    ] {
        assert!(matches!(read(pk, sk, entity), Err(StoreError::Inconsistent { .. })), "{pk} {sk} {entity}");
    }
}

#[tokio::test]
async fn the_clicks_of_links_are_added_up_over_their_days_and_only_those_that_count() {
    let (store, _database) = store().await;
    let (tenant, link, ..) = ids();
    for (number, on, hits, bots) in [("1", "2026-11-20", 3, 0), ("2", "2026-11-21", 1, 2), ("3", "2026-10-31", 1, 0)] {
        let change = ClickChange { day: day(on), ..change(number, seen(7, hits, bots), None) };
        store.count_clicks(&tenant, (&link, day(on)), &[&change]).await.expect("store");
    }
    let another = LinkId::from_ulid(9_u128.into());
    let links = [link.clone(), another.clone()];
    let days = (day("2026-11-01"), day("2026-11-30"));
    let total = store.total_clicks(&tenant, &links, days).await.expect("store");
    assert_eq!(total, BTreeMap::from([(link, 2), (another, 0)]));
}
