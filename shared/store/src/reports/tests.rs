use domain::digest::Digest;
use domain::id::{ReportId, TenantId};

use super::{Report, ReportRecorded};
use crate::{Store, Tables, TenantKey};

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
