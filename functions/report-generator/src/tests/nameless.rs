//! OPS-4: the receipts of a payee who was erased.

use domain::payee::PayoutMethods;
use store::Written;
use store::privacy::{Asked, PayeeErasure};
use store::reports::Report;

use super::*;

impl World {
    /// The payee is erased, as a person asks for it; their receipts are not told of it yet.
    async fn erase(&self) {
        let (payee, methods) = (partner(), PayoutMethods::default());
        let erasure = PayeeErasure {
            payee: &payee,
            methods: &methods,
            marks: &[],
            tax_form: None,
            keeps_form: false,
            heads: &[],
            absent: &[],
            is_partner: false,
        };
        let asked = Asked { at: later(), by: "usr_ada".into() };
        let erased = self.app.store.erase_payee(&self.tenant, payee.as_str(), &erasure, &asked).await;
        assert_eq!(erased.expect("answer"), Written::Yes);
    }

    async fn is_to_name_nobody(&self) {
        let marked = self.app.store.record_report_nameless(&self.tenant, &wanted().report, later()).await;
        assert_eq!(marked.expect("answer"), Written::Yes);
    }

    async fn report(&self) -> Report {
        self.app.store.get_report(&self.tenant, &wanted().report).await.expect("answer").expect("a report")
    }

    /// What the receipt is without a name.
    async fn nameless(&self) -> Vec<u8> {
        let payout = self.app.store.get_payout(&self.tenant, &wanted().payout).await.expect("answer");
        let payout = payout.expect("a payout").payout;
        let receipt = self.app.nameless_of(&self.tenant, &payout).await.expect("a receipt");
        assert_eq!(receipt.payee.name, None);
        receipt.to_pdf().expect("a file")
    }
}

fn later() -> Timestamp {
    instant("2026-11-22T00:00:00Z")
}

#[tokio::test]
async fn the_receipt_of_an_erased_payee_is_made_anew_without_their_name_and_recorded() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.app.handle(wanted()).await.expect("made");
    let named = world.stub.files()[FILE].clone();
    world.erase().await;
    world.app.handle(wanted()).await.expect("nothing to do");
    assert!(world.stub.files()[FILE] == named, "nobody said that it is to name nobody");
    world.is_to_name_nobody().await;
    let expected = world.nameless().await;
    for _ in 0..2 {
        world.app.handle(wanted()).await.expect("made anew");
        let file = world.stub.files()[FILE].clone();
        assert!(file == expected && file != named, "the name is there");
        let report = world.report().await;
        assert_eq!(report.sha256, domain::digest::Digest::of_bytes(&file));
        assert_eq!((report.bytes, report.nameless_since), (file.len() as u64, Some(later())));
    }
}

#[tokio::test]
async fn a_bucket_that_is_away_leaves_the_record_and_the_message_is_tried_again() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.app.handle(wanted()).await.expect("made");
    let before = world.report().await;
    world.erase().await;
    world.is_to_name_nobody().await;
    world.stub.refuse(Some(Service::S3));
    assert!(matches!(world.app.handle(wanted()).await, Err(Failure::Retry(_))));
    assert_eq!(world.report().await.sha256, before.sha256);
    world.stub.refuse(None);
    world.app.handle(wanted()).await.expect("made anew");
    assert!(world.stub.files()[FILE] == world.nameless().await);
}

/// Whoever is erased while their receipt is being made is on no list of receipts: it is not there yet.
#[tokio::test]
async fn a_payee_who_is_erased_while_the_receipt_is_made_is_not_named_by_it() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    // What a run leaves behind that had read the name before.
    world.app.handle(wanted()).await.expect("made");
    world.erase().await;
    let payee = partner();
    world.app.forget_if_erased(&world.tenant, &wanted(), &payee).await.expect("forgotten");
    assert!(world.stub.files()[FILE] == world.nameless().await);
    assert!(world.report().await.nameless_since.is_some());
    // One that puts its file after the receipt was made anew puts the name over it; it looks again, too.
    world.stub.put_file(FILE, b"%PDF- with a name");
    world.app.forget_if_erased(&world.tenant, &wanted(), &payee).await.expect("forgotten");
    assert!(world.stub.files()[FILE] == world.nameless().await);
}

#[tokio::test]
async fn the_receipt_of_a_payout_that_came_back_names_nobody_either() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.app.handle(wanted()).await.expect("made");
    world.payout_as_in("payout-returned").await;
    world.erase().await;
    world.is_to_name_nobody().await;
    world.app.handle(wanted()).await.expect("made anew");
    assert!(world.stub.files()[FILE] == world.nameless().await);
}
