use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::{SubscriptionId, TenantId};
use domain::money::Money;
use domain::subscription::{
    FailedPayment, FailedStanding, ProviderObject, ProviderObjectKind, Subscription, SubscriptionStatus,
};
use domain::time::Timestamp;

use crate::{Store, Tables, TenantKey};

fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("key")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("instant")
}

async fn world() -> (testkit::Database, Store, TenantKey) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    (database, store, TenantKey::from(&TenantId::default_tenant()))
}

fn told(id: &str, second: i64, status: SubscriptionStatus) -> Subscription {
    Subscription {
        subscription: key(id),
        customer: Some(key("cus_1")),
        status,
        plan: Some("price_1".to_owned()),
        product: None,
        item: None,
        quantity: 1,
        amount: Some(Money::from_minor(9_900, Currency::USD)),
        every: None,
        period_start: None,
        period_end: None,
        started_at: None,
        cancel_at: None,
        cancel_at_period_end: false,
        canceled_at: None,
        ended_at: None,
        trial_end: None,
        paused: false,
        resumes_at: None,
        told_at: at(second),
    }
}

#[tokio::test]
async fn the_newest_telling_is_kept_and_an_older_one_changes_nothing() {
    let (_database, store, tenant) = world().await;
    let id = SubscriptionId::of(&key("sub_1"));
    assert_eq!(store.get_subscription(&tenant, &id).await.expect("store"), None);
    let rows = [
        (told("sub_1", 2, SubscriptionStatus::Active), true),
        (told("sub_1", 2, SubscriptionStatus::Active), false),
        (told("sub_1", 1, SubscriptionStatus::Trialing), false),
        (told("sub_1", 3, SubscriptionStatus::Canceled), true),
    ];
    for (telling, is_news) in rows {
        assert_eq!(store.record_subscription(&tenant, &telling).await.expect("store"), is_news, "{telling:?}");
    }
    let kept = store.get_subscription(&tenant, &id).await.expect("store").expect("kept");
    assert_eq!((kept.told, kept.version), (told("sub_1", 3, SubscriptionStatus::Canceled), 2));
    // Another tenant has none of it.
    let other = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
    assert_eq!(store.get_subscription(&other, &id).await.expect("store"), None);
}

#[tokio::test]
async fn of_many_tellings_at_once_the_newest_is_kept() {
    let (_database, store, tenant) = world().await;
    let tellings: Vec<Subscription> = (1..=6).map(|second| told("sub_1", second, SubscriptionStatus::Active)).collect();
    let all = tellings.iter().map(|telling| store.record_subscription(&tenant, telling));
    for outcome in futures::future::join_all(all).await {
        outcome.expect("recorded");
    }
    let id = SubscriptionId::of(&key("sub_1"));
    assert_eq!(store.get_subscription(&tenant, &id).await.expect("store").map(|kept| kept.told.told_at), Some(at(6)));
}

#[tokio::test]
async fn subscriptions_are_listed_page_by_page_each_once() {
    let (_database, store, tenant) = world().await;
    for n in 0..5 {
        let telling = told(&format!("sub_{n}"), 1, SubscriptionStatus::Active);
        store.record_subscription(&tenant, &telling).await.expect("store");
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.list_subscriptions(&tenant, after.as_deref(), 2).await.expect("store");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|kept| kept.told.subscription));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    seen.sort();
    let expected: Vec<PaymentKey> = (0..5).map(|n| key(&format!("sub_{n}"))).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn failed_payments_and_provider_objects_are_kept_alike() {
    let (_database, store, tenant) = world().await;
    let failed = |second, standing| FailedPayment {
        payment: key("in_1"),
        customer: None,
        subscription: Some(key("sub_1")),
        amount: Money::from_minor(9_900, Currency::USD),
        attempts: 1,
        next_attempt_at: None,
        standing,
        reason: None,
        told_at: at(second),
    };
    assert!(store.record_failed_payment(&tenant, &failed(1, FailedStanding::Voided)).await.expect("store"));
    assert!(!store.record_failed_payment(&tenant, &failed(9, FailedStanding::Open)).await.expect("store"));
    let listed = store.list_failed_payments(&tenant, None, 10).await.expect("store");
    assert_eq!(listed.items.iter().map(|kept| kept.told.standing).collect::<Vec<_>>(), [FailedStanding::Voided]);
    assert!(store.get_failed_payment(&tenant, &key("in_1")).await.expect("store").is_some());

    let payout = ProviderObject {
        kind: ProviderObjectKind::Payout,
        object: key("po_1"),
        state: "paid".to_owned(),
        amount: None,
        returned: None,
        of: None,
        details: std::collections::BTreeMap::new(),
        told_at: at(1),
    };
    assert!(store.record_provider_object(&tenant, &payout).await.expect("store"));
    let listed = |kind| store.list_provider_objects(&tenant, kind, None, 10);
    assert_eq!(listed(ProviderObjectKind::Payout).await.expect("store").items.len(), 1);
    assert_eq!(listed(ProviderObjectKind::Transfer).await.expect("store").items.len(), 0);
}
