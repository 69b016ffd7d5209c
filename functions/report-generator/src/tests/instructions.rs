//! PAY-10: the page by which a payout is paid by hand, from the message to the sealed file.

use cases::instructions::{ASKED, KIND, MADE, Wanted};
use domain::digest::Digest;
use edge::sealing::{Sealed, SealingError};
use store::payout_instructions::{InstructionsAsked, InstructionsMade};

use super::*;
use crate::asked::not_opened;

/// The number of the account that the payee wrote down.
const ACCOUNT: &str = "4711-0815";

fn message() -> ReportWanted {
    let report = ReportId::of(&TenantId::default_tenant(), KIND, wanted().payout.as_str());
    ReportWanted { report, kind: KIND.into(), ..wanted() }
}

impl World {
    fn of_payout(field: &'static str, payout: &PayoutId) -> (String, String, &'static str) {
        (TenantId::default_tenant().to_string(), payout.to_string(), field)
    }

    /// What payout-approval leaves behind when instructions are asked for.
    async fn ask(&self) {
        let content = Wanted {
            reference: "8Y3K7QW2M5N9R4T6V1X0Z3B7D2".into(),
            deed: "Pay as the payee has asked.".into(),
            lines: vec![
                ("Payee".into(), "Ana Ćirić Ltd".into()),
                ("Instructions".into(), format!("wire to {ACCOUNT}")),
            ],
            net: "9462.38".into(),
            fee: None,
            withheld: Some("2988.12".into()),
        };
        let (tenant, subject, field) = Self::of_payout(ASKED, &message().payout);
        let belongs = Belongs { tenant: &tenant, subject: &subject, field };
        let sealed = self.app.sealer.seal(&belongs, &serde_json::to_vec(&content).expect("JSON")).await;
        let asked = InstructionsAsked {
            report: message().report,
            payout: message().payout,
            sealed: sealed.expect("sealed").to_string(),
            asked_at: instant("2026-09-15T12:00:00Z"),
            forgotten_at: Some(instant("2026-10-15T12:00:00Z")),
        };
        self.app.store.create_instructions_asked(&self.tenant, &asked).await.expect("asked");
    }

    async fn made(&self) -> Option<InstructionsMade> {
        self.app.store.get_instructions_made(&self.tenant, &message().report).await.expect("answer")
    }
}

#[tokio::test]
async fn instructions_that_are_wanted_are_made_and_kept_sealed_and_nowhere_else() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    world.ask().await;
    world.app.handle(message()).await.expect("made");
    let made = world.made().await.expect("a page");
    assert!(world.stub.files().is_empty(), "nothing of it lies in the bucket");
    let sealed: Sealed = made.sealed.parse().expect("a sealed value");
    let (tenant, subject, field) = World::of_payout(MADE, &message().payout);
    let belongs = Belongs { tenant: &tenant, subject: &subject, field };
    let file = world.app.sealer.open(&belongs, &sealed).await.expect("opened");
    assert!(file.reveal().starts_with(b"%PDF-"));
    assert_eq!((made.sha256, made.bytes), (Digest::of_bytes(file.reveal()), file.reveal().len() as u64));
    assert_eq!(made.payout, message().payout);
    // OPS-4: it ends with what was asked for.
    assert_eq!(made.forgotten_at, Some(instant("2026-10-15T12:00:00Z")));
    // It opens for this payout alone.
    let other = Belongs { subject: "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000002", ..belongs };
    assert!(world.app.sealer.open(&other, &sealed).await.is_err());
    // No report is recorded: nobody is mailed a page of bank details.
    assert_eq!(world.app.store.get_report(&world.tenant, &message().report).await.expect("answer"), None);
}

#[tokio::test]
async fn the_page_of_a_payout_holds_payee_amount_reference_and_where_the_money_goes() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    world.ask().await;
    let payout =
        world.app.store.get_payout(&world.tenant, &message().payout).await.expect("answer").expect("a payout").payout;
    let asked = world.app.store.get_instructions_asked(&world.tenant, &message().report).await.expect("answer");
    let page = world.app.instructions_of(&world.tenant, &payout, &asked.expect("asked")).await.expect("a page");
    let text = crate::page::words(&page.typeset().expect("set"));
    for told in [
        "Northwind Affiliates",
        "Ana Ćirić",
        "Ana Ćirić Ltd",
        "USD 9,462.38",
        "USD \u{2212}2,988.12",
        "8Y3K7QW2M5N9R4T6V1X0Z3B7D2",
        ACCOUNT,
        message().payout.as_str(),
        "Nothing is paid by this page.",
    ] {
        assert!(text.contains(told), "{told} is not in {text}");
    }
}

#[tokio::test]
async fn instructions_that_are_wanted_twice_are_made_once() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    world.ask().await;
    world.app.handle(message()).await.expect("made");
    let first = (world.made().await, world.core_items().await);
    world.app.handle(message()).await.expect("made");
    assert_eq!((world.made().await, world.core_items().await), first);
}

#[tokio::test]
async fn instructions_that_nobody_asked_for_are_refused_and_are_no_other_documents() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    assert!(matches!(world.app.handle(message()).await, Err(Failure::Reject(_))));
    // What was sealed for another place never opens, and is tried no second time.
    let (report, payout) = (message().report, message().payout);
    let (sealed, asked_at) = (world.seal(NAME, "x").await, instant("2026-09-15T12:00:00Z"));
    let poison = InstructionsAsked { report, payout, sealed, asked_at, forgotten_at: None };
    world.app.store.create_instructions_asked(&world.tenant, &poison).await.expect("asked");
    assert!(matches!(world.app.handle(message()).await, Err(Failure::Reject(_))));
    assert_eq!(world.made().await, None);
    world.app.handle(wanted()).await.expect("the receipt is made");
    assert!(world.stub.files().contains_key(FILE));
}

#[test]
fn a_key_service_that_is_away_is_waited_for_and_what_is_not_authentic_is_not() {
    let away = SealingError::Unavailable("away".into());
    assert!(matches!(not_opened(away), Failure::Retry(_)));
    for error in [SealingError::NotAuthentic, SealingError::Malformed] {
        assert!(matches!(not_opened(error), Failure::Reject(_)));
    }
}
