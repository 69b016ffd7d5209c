use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutId, ReportId, TenantId};

use super::{InstructionsAsked, InstructionsMade};
use crate::request::Written;
use crate::{Store, Tables, TenantKey};

async fn store() -> Store {
    let database = testkit::database().await;
    Store::new(database.client, Tables { core: database.core, clicks: database.clicks, ops: database.ops })
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn payout() -> PayoutId {
    PayoutId::of(&PartnerId::from_ulid(1_u128.into()), Currency::USD, 1)
}

fn asked() -> InstructionsAsked {
    InstructionsAsked {
        report: ReportId::of(&TenantId::default_tenant(), "payout_instructions", payout().as_str()),
        payout: payout(),
        sealed: "c2VhbGVk".into(),
        asked_at: "2026-09-15T12:00:00Z".parse().expect("instant"),
        forgotten_at: Some("2027-09-15T12:00:00Z".parse().expect("instant")),
    }
}

fn made() -> InstructionsMade {
    InstructionsMade {
        report: asked().report,
        payout: payout(),
        sealed: "ZmlsZQ==".into(),
        sha256: Digest::of_bytes(b"file"),
        bytes: 4,
        made_at: "2026-09-15T12:00:05Z".parse().expect("instant"),
        forgotten_at: asked().forgotten_at,
    }
}

#[tokio::test]
async fn instructions_read_as_they_were_asked_for_and_made() {
    let (store, report) = (store().await, asked().report);
    assert_eq!(store.get_instructions_asked(&tenant(), &report).await.expect("answer"), None);
    assert_eq!(store.create_instructions_asked(&tenant(), &asked()).await.expect("answer"), Written::Yes);
    assert_eq!(store.get_instructions_asked(&tenant(), &report).await.expect("answer"), Some(asked()));
    assert_eq!(store.get_instructions_made(&tenant(), &report).await.expect("answer"), None);
    assert_eq!(store.create_instructions_made(&tenant(), &made()).await.expect("answer"), Written::Yes);
    assert_eq!(store.get_instructions_made(&tenant(), &report).await.expect("answer"), Some(made()));
    let other = TenantKey::from(&TenantId::from_ulid(7_u128.into()));
    assert_eq!(store.get_instructions_made(&other, &report).await.expect("answer"), None);
}

#[tokio::test]
async fn the_first_instructions_that_are_asked_for_and_made_stand() {
    let store = store().await;
    store.create_instructions_asked(&tenant(), &asked()).await.expect("answer");
    store.create_instructions_made(&tenant(), &made()).await.expect("answer");
    let later = InstructionsAsked { sealed: "b3RoZXI=".into(), ..asked() };
    let again = store.create_instructions_asked(&tenant(), &later).await.expect("answer");
    assert_eq!(again, Written::ConditionFailed);
    let other = InstructionsMade { bytes: 5, ..made() };
    assert_eq!(store.create_instructions_made(&tenant(), &other).await.expect("answer"), Written::ConditionFailed);
    assert_eq!(store.get_instructions_asked(&tenant(), &asked().report).await.expect("answer"), Some(asked()));
    assert_eq!(store.get_instructions_made(&tenant(), &made().report).await.expect("answer"), Some(made()));
}
