use domain::digest::Digest;
use domain::id::{ReportId, TenantId};

use super::{Report, ReportRecorded};
use crate::{Store, Tables, TenantKey, Written};

async fn store() -> Store {
    let database = testkit::database().await;
    Store::new(database.client, Tables { core: database.core, clicks: database.clicks, ops: database.ops })
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn report() -> Report {
    Report {
        id: ReportId::of(&TenantId::default_tenant(), "payout_receipt", "pay_1"),
        kind: "payout_receipt".into(),
        subject: "pay_1".into(),
        file_key: "ten_1/receipts/pay_1.pdf".into(),
        sha256: Digest::of_bytes(b"file"),
        bytes: 4,
        made_at: "2026-09-16T15:05:00Z".parse().expect("instant"),
        nameless_since: None,
    }
}

#[tokio::test]
async fn a_report_reads_as_it_was_recorded() {
    let store = store().await;
    assert_eq!(store.get_report(&tenant(), &report().id).await.expect("answer"), None);
    assert_eq!(store.record_report(&tenant(), &report()).await.expect("answer"), ReportRecorded::Yes);
    assert_eq!(store.get_report(&tenant(), &report().id).await.expect("answer"), Some(report()));
}

#[tokio::test]
async fn the_first_record_of_a_report_stands() {
    let store = store().await;
    store.record_report(&tenant(), &report()).await.expect("answer");
    let other = Report { bytes: 5, ..report() };
    assert_eq!(store.record_report(&tenant(), &other).await.expect("answer"), ReportRecorded::AlreadyThere(report()));
    assert_eq!(store.get_report(&tenant(), &report().id).await.expect("answer"), Some(report()));
}

/// OPS-4.
#[tokio::test]
async fn a_receipt_is_to_name_nobody_once_and_its_new_file_stands_beside_that() {
    let store = store().await;
    let since = "2026-11-22T00:00:00Z".parse().expect("instant");
    let want = async || store.record_report_nameless(&tenant(), &report().id, since).await.expect("answer");
    assert_eq!(want().await, Written::ConditionFailed, "there is none");
    store.record_report(&tenant(), &report()).await.expect("answer");
    assert_eq!([want().await, want().await], [Written::Yes, Written::ConditionFailed]);
    let wanted = Report { nameless_since: Some(since), ..report() };
    assert_eq!(store.get_report(&tenant(), &report().id).await.expect("answer"), Some(wanted.clone()));
    let anew = Report { sha256: Digest::of_bytes(b"another"), bytes: 7, made_at: since, ..wanted.clone() };
    let replace = async || store.replace_report(&tenant(), &wanted, &anew).await.expect("answer");
    assert_eq!([replace().await, replace().await], [Written::Yes, Written::ConditionFailed]);
    assert_eq!(store.get_report(&tenant(), &report().id).await.expect("answer"), Some(anew.clone()));
}
