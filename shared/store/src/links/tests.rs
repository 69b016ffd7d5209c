use domain::id::TenantId;
use testkit::Fault;
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn link(n: u64, partner: u64, code: &str) -> Link {
    let id = |n: u64| Ulid::from_parts(1_700_000_000_000 + n, u128::from(n) * 7919);
    Link {
        id: LinkId::from_ulid(id(n)),
        code: code.to_owned(),
        partner: PartnerId::from_ulid(id(partner)),
        program: ProgramId::from_ulid(id(1)),
        destination: "https://shop.example/start".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
        details: Default::default(),
    }
}

#[tokio::test]
async fn a_link_is_found_by_its_code_and_by_its_id() {
    let (store, database) = store().await;
    let mut made = link(1, 2, "spring");
    made.commission_rate = Some(Rate::parse("0.25").expect("rate"));
    assert_eq!(store.create_link(&tenant(), &made).await.expect("made"), LinkCreated::Created);
    assert_eq!(store.get_link(&tenant(), &made.id).await.expect("read"), Some(made.clone()));
    database.reset_units();
    let target = store.get_link_by_code("spring").await.expect("read").expect("there");
    assert_eq!(database.reset_units().read_hundredths, 50, "half a unit");
    assert_eq!((target.link, target.partner, target.window_days), (made.id, made.partner, 30));
    assert_eq!(target.tenant, TenantId::default_tenant());
    assert_eq!(store.get_link_by_code("autumn").await.expect("read"), None);
}

#[tokio::test]
async fn making_the_same_link_twice_ends_as_once() {
    let (store, _) = store().await;
    let made = link(1, 2, "spring");
    for _ in 0..2 {
        let outcome = store.create_link(&tenant(), &made).await.expect("made");
        assert_eq!(outcome, LinkCreated::Created);
    }
    let page = store.list_links(&tenant(), None, 10).await.expect("list");
    assert_eq!(page.items, [made]);
}

#[tokio::test]
async fn an_answer_lost_on_the_way_is_no_conflict() {
    let (store, database) = store().await;
    let made = link(1, 2, "spring");
    database.fail_next(1, Fault::LoseAnswer);
    let outcome = store.create_link(&tenant(), &made).await.expect("made");
    assert_eq!(outcome, LinkCreated::Created);
}

#[tokio::test]
async fn a_code_belongs_to_one_link_of_the_whole_deployment() {
    let (store, _) = store().await;
    store.create_link(&tenant(), &link(1, 2, "spring")).await.expect("made");
    let other = TenantKey::from(&TenantId::from_ulid(Ulid::from(7_u128)));
    let late = link(9, 8, "spring");
    let outcome = store.create_link(&other, &late).await.expect("answered");
    assert_eq!(outcome, LinkCreated::CodeTaken);
    assert_eq!(store.get_link(&other, &late.id).await.expect("read"), None, "nothing half-made");
    assert_eq!(store.list_links(&other, None, 10).await.expect("list").items, []);
}

#[tokio::test]
async fn lists_go_through_every_page_newest_first() {
    let (store, _) = store().await;
    let mut made = Vec::new();
    for n in 1..=23 {
        let link = link(n, 100 + n % 2, &format!("code-{n}"));
        store.create_link(&tenant(), &link).await.expect("made");
        made.insert(0, link);
    }
    for size in [1, 7, 22, 23, 24] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = store.list_links(&tenant(), after.as_ref(), size).await.expect("page");
            assert!(page.items.len() <= size);
            read.extend(page.items);
            match page.next {
                Some(next) => after = Some(LinkId::parse(&next).expect("id")),
                None => break,
            }
        }
        assert_eq!(read, made, "pages of {size}");
    }
    let partner = made[0].partner.clone();
    let own: Vec<Link> = made.into_iter().filter(|link| link.partner == partner).collect();
    let first = store.list_partner_links(&tenant(), &partner, None, 5).await.expect("page");
    assert_eq!(first.items, own[..5]);
    let after = LinkId::parse(&first.next.expect("more")).expect("id");
    let rest = store.list_partner_links(&tenant(), &partner, Some(&after), 500).await.expect("page");
    assert_eq!((rest.items, rest.next), (own[5..].to_vec(), None));
}
