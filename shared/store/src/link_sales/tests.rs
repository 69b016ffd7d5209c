use domain::id::TenantId;
use proptest::prelude::*;

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

fn link(n: u128) -> LinkId {
    LinkId::from_ulid(n.into())
}

fn sale(n: u128) -> SaleId {
    SaleId::from_ulid(n.into())
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

async fn total(store: &Store, of: &LinkId) -> Vec<(String, u64, i64)> {
    let totals = store.total_link_sales(&tenant(), std::slice::from_ref(of)).await.expect("store");
    let sold = totals.get(of).cloned().unwrap_or_default().by_currency;
    sold.iter().map(|(currency, sold)| (currency.to_string(), sold.conversions, sold.revenue.minor())).collect()
}

#[tokio::test]
async fn a_sale_told_twice_counts_once_and_what_went_back_counts_off() {
    let (store, _database) = store().await;
    let told = [(1, 10_000), (1, 10_000), (2, 7_500), (1, 10_000), (3, 0), (3, 0)];
    let expected = [(1, 10_000), (1, 10_000), (1, 7_500), (1, 7_500), (0, 0), (0, 0)];
    for ((version, minor), (conversions, revenue)) in told.into_iter().zip(expected) {
        store.count_link_sale(&tenant(), (&link(1), &sale(1)), (version, usd(minor))).await.expect("counted");
        assert_eq!(total(&store, &link(1)).await, [("USD".to_owned(), conversions, revenue)], "version {version}");
    }
}

#[tokio::test]
async fn an_older_change_driven_in_again_counts_nothing_also_where_the_newer_one_changed_nothing() {
    let (store, _database) = store().await;
    let told = [
        // Never anything of it, then the lost change that once gave it something.
        (1, 2, 0, SaleCounted::Unchanged),
        (1, 1, 10_000, SaleCounted::AlreadySeen),
        (1, 2, 0, SaleCounted::AlreadySeen),
        // The same share in a later version, then one from between.
        (2, 1, 500, SaleCounted::Counted),
        (2, 3, 500, SaleCounted::Unchanged),
        (2, 2, 0, SaleCounted::AlreadySeen),
    ];
    for (n, version, minor, expected) in told {
        let counted = store.count_link_sale(&tenant(), (&link(1), &sale(n)), (version, usd(minor))).await;
        assert_eq!(counted.expect("store"), expected, "sale {n}, version {version}");
    }
    assert_eq!(total(&store, &link(1)).await, [("USD".to_owned(), 1, 500)]);
}

#[tokio::test]
async fn currencies_links_and_tenants_are_counted_apart_and_read_at_once() {
    let (store, database) = store().await;
    let other = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
    let eur = Money::from_minor(500, Currency::EUR);
    for (key, of, sold, money) in [
        (tenant(), link(1), sale(1), usd(100)),
        (tenant(), link(1), sale(2), eur),
        (tenant(), link(2), sale(1), usd(1)),
        (other, link(1), sale(1), usd(77)),
    ] {
        store.count_link_sale(&key, (&of, &sold), (1, money)).await.expect("counted");
    }
    assert_eq!(total(&store, &link(1)).await, [("EUR".to_owned(), 1, 500), ("USD".to_owned(), 1, 100)]);
    let links: Vec<LinkId> = (1..=100).map(link).collect();
    let before = database.requests();
    let totals = store.total_link_sales(&tenant(), &links).await.expect("store");
    assert_eq!((totals.len(), database.requests() - before), (2, 1), "a hundred links are one request");
}

#[tokio::test]
async fn twenty_who_count_the_same_sale_at_once_count_it_once() {
    let (store, _database) = store().await;
    let (tenant, of, sold) = (tenant(), link(1), sale(1));
    let tries = (0..20).map(|_| store.count_link_sale(&tenant, (&of, &sold), (1, usd(100))));
    let counted = futures::future::join_all(tries).await;
    let won = counted.into_iter().filter(|one| matches!(one, Ok(SaleCounted::Counted))).count();
    assert_eq!((won, total(&store, &of).await), (1, vec![("USD".to_owned(), 1, 100)]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// In whatever order the versions of sales come, and however often, the total is that of their last versions.
    #[test]
    fn the_total_is_that_of_the_newest_versions_whatever_was_told_again(
        told in proptest::collection::vec((1_u128..4, 1_u64..5), 1..24),
    ) {
        let share = |sold: u128, version: u64| usd(i64::try_from(sold).unwrap_or(0) * 100 + i64::try_from(version).unwrap_or(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (store, _database) = store().await;
            let mut newest: BTreeMap<u128, u64> = BTreeMap::new();
            for (sold, version) in told {
                let at = newest.entry(sold).or_default();
                *at = version.max(*at);
                let told = (version, share(sold, version));
                store.count_link_sale(&tenant(), (&link(1), &sale(sold)), told).await.expect("counted");
            }
            let revenue = newest.iter().fold(0, |sum, (sold, version)| sum + share(*sold, *version).minor());
            let conversions = newest.len() as u64;
            prop_assert_eq!(total(&store, &link(1)).await, [("USD".to_owned(), conversions, revenue)]);
            Ok(())
        })?;
    }
}
