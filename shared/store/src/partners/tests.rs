use domain::id::TenantId;
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

fn partner(n: u64) -> Partner {
    Partner {
        id: PartnerId::from_ulid(Ulid::from_parts(1_700_000_000_000 + n, u128::from(n) * 7919)),
        status: PartnerStatus::Active,
        created_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
    }
}

fn person() -> Person {
    Person {
        email_sealed: "sealed-email".to_owned(),
        name_sealed: "sealed-name".to_owned(),
        recorded_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
    }
}

fn enrolment() -> Enrolment {
    Enrolment {
        program: ProgramId::from_ulid(Ulid::from(5_u128)),
        tier: Tier::Tier2,
        enrolled_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
    }
}

async fn create(store: &Store, partner: &Partner) -> Result<(), StoreError> {
    store.create_partner(&tenant(), partner, &person(), &enrolment()).await
}

#[tokio::test]
async fn a_partner_its_person_and_its_enrolment_are_made_together_and_once() {
    let store = store().await;
    let made = partner(1);
    for _ in 0..2 {
        create(&store, &made).await.expect("made");
    }
    assert_eq!(store.get_partner(&tenant(), &made.id).await.expect("read"), Some(made.clone()));
    assert_eq!(store.get_person(&tenant(), &made.id).await.expect("read"), Some(person()));
    let enrolments = store.list_enrolments(&tenant(), &made.id).await.expect("list");
    assert_eq!(enrolments, [enrolment()]);
    let ids = store.list_partner_ids(&tenant(), None, 10).await.expect("list");
    assert_eq!((ids.items, ids.next), (vec![made.id], None));
}

#[tokio::test]
async fn the_registry_gives_every_partner_page_by_page_newest_first() {
    let store = store().await;
    let mut made = Vec::new();
    for n in 1..=40 {
        create(&store, &partner(n)).await.expect("made");
        made.insert(0, partner(n));
    }
    for size in [3, 39, 40, 41] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = store.list_partners(&tenant(), after.as_ref(), size).await.expect("page");
            read.extend(page.items);
            match page.next {
                Some(next) => after = Some(PartnerId::parse(&next).expect("id")),
                None => break,
            }
        }
        assert_eq!(read, made, "pages of {size}");
    }
}

#[tokio::test]
async fn a_partner_made_meanwhile_neither_doubles_nor_hides_another() {
    let store = store().await;
    for n in 1..=6 {
        create(&store, &partner(n)).await.expect("made");
    }
    let first = store.list_partners(&tenant(), None, 3).await.expect("page");
    create(&store, &partner(7)).await.expect("made");
    let after = PartnerId::parse(&first.next.expect("more")).expect("id");
    let second = store.list_partners(&tenant(), Some(&after), 3).await.expect("page");
    assert_eq!(second.items, [partner(3), partner(2), partner(1)]);
}

#[tokio::test]
async fn a_status_changes_only_from_what_was_seen() {
    use PartnerStatus::{Active, Suspended};
    let store = store().await;
    let made = partner(1);
    create(&store, &made).await.expect("made");
    let change = |status| StatusChange { at: made.created_at, status };
    let first = store.set_partner_status(&tenant(), &made.id, Active, change(Suspended)).await;
    assert_eq!(first.expect("written"), Written::Yes);
    let second = store.set_partner_status(&tenant(), &made.id, Active, change(Suspended)).await;
    assert_eq!(second.expect("answered"), Written::ConditionFailed);
    let there = store.get_partner(&tenant(), &made.id).await.expect("read").expect("there");
    assert_eq!(there.status, Suspended);
    let nobody = store.set_partner_status(&tenant(), &partner(2).id, Active, change(Suspended)).await;
    assert_eq!(nobody.expect("answered"), Written::ConditionFailed);
}

#[tokio::test]
async fn a_partner_was_active_at_an_instant_whatever_it_is_today() {
    // ATT-1
    use PartnerStatus::{Active, Suspended};
    let store = store().await;
    let made = partner(1);
    create(&store, &made).await.expect("made");
    let at = |text: &str| -> Timestamp { text.parse().expect("instant") };
    for (seen, status, changed_at) in [
        (Active, Suspended, "2026-11-10T00:00:00Z"),
        (Suspended, Active, "2026-11-12T00:00:00Z"),
        (Active, Suspended, "2026-11-20T00:00:00Z"),
    ] {
        let change = StatusChange { at: at(changed_at), status };
        assert_eq!(store.set_partner_status(&tenant(), &made.id, seen, change).await.expect("changed"), Written::Yes);
    }
    let standing = store.get_standing(&tenant(), &made.id).await.expect("read").expect("there");
    let rows = [
        ("2026-11-09T23:59:59Z", true),
        ("2026-11-10T00:00:00Z", false),
        ("2026-11-11T00:00:00Z", false),
        ("2026-11-12T00:00:00Z", true),
        ("2026-11-20T00:00:00Z", false),
    ];
    for (clicked_at, expected) in rows {
        assert_eq!(standing.was_active_at(at(clicked_at)), expected, "{clicked_at}");
    }
    assert_eq!(store.get_standing(&tenant(), &partner(2).id).await.expect("read"), None);
}
