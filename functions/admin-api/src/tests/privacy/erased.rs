//! What an erasure must hold against: money that comes meanwhile, whoever has very much, and whoever would come back.

use cases::payouts::{Command, Moved, Requested};
use domain::application::{Application, ApplicationState, DecidedBy};
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::{ApplicationId, KeyId, ReportId};
use domain::ledger::Head;
use domain::payee::PayoutMethods;
use domain::payout::Sent;
use store::api_keys::{ApiKey, KeyTerms};
use store::applications::{FORM, StoredApplication};
use store::partners::record::PartnerChange;
use store::privacy::{Asked, PayeeErasure};
use store::reports::{RECEIPT, Report, ReportRecorded};

use super::*;

fn asked(world: &World) -> Asked {
    Asked { at: world.now, by: "usr_ada".to_owned() }
}

fn erasure<'a>(
    id: &'a PartnerId,
    methods: &'a PayoutMethods,
    (heads, absent): (&'a [Head], &'a [Currency]),
) -> PayeeErasure<'a> {
    PayeeErasure { payee: id, methods, marks: &[], tax_form: None, keeps_form: false, heads, absent, is_partner: true }
}

#[tokio::test]
async fn what_is_booked_after_the_accounts_were_read_stops_the_erasure() {
    let archive = archive().await;
    let world = &archive.office.world;
    world.set_status(PartnerStatus::Suspended).await;
    let (store, tenant, id) = (&world.store, &world.tenant, &world.partner);
    let methods = PayoutMethods::default();
    for invoice in ["in_1", "in_2"] {
        // The first account begins meanwhile; then one that was there goes on.
        let absent = if invoice == "in_1" { vec![Currency::parse("USD").expect("a currency")] } else { Vec::new() };
        let heads = store.list_heads(tenant, id).await.expect("store");
        world.earn(invoice, "10.00", Zone::utc().day_of(world.now)).await;
        let erased =
            store.erase_payee(tenant, id.as_str(), &erasure(id, &methods, (&heads, &absent)), &asked(world)).await;
        assert_eq!(erased.expect("store"), store::Written::ConditionFailed, "{invoice}");
    }
    assert_eq!(store.get_subject(tenant, id.as_str()).await.expect("store").erased, None);
    world.verified().await;
}

#[tokio::test]
async fn whoever_has_more_marks_than_a_transaction_holds_is_forgotten_all_the_same() {
    let archive = archive().await;
    let world = &archive.office.world;
    let id = archive.partner(80).await;
    let marks: Vec<Mark> =
        (0..120_u8).map(|n| Mark { kind: MarkKind::Email, digest: Digest::of_bytes(&[n]) }).collect();
    for page in marks.chunks(20) {
        world.store.record_marks(&world.tenant, &id, page, world.now).await.expect("store");
    }
    archive.suspend(&id).await;
    let erased = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert_eq!(world.store.list_marks(&world.tenant, &id).await.expect("store"), []);
    for mark in &marks {
        assert_eq!(world.store.list_marked(&world.tenant, mark).await.expect("store"), []);
    }
    assert_eq!(archive.told(id.as_str()).await, ["privacy.erased"]);
}

#[tokio::test]
async fn an_erased_partner_earns_no_more_and_nothing_of_theirs_is_written() {
    let archive = archive().await;
    let world = &archive.office.world;
    let (store, tenant) = (&world.store, &world.tenant);
    let id = archive.partner(81).await;
    let key = ApiKey {
        id: KeyId::from_ulid(81_u128.into()),
        tenant: tenant.tenant().clone(),
        role: Role::Partner,
        subject: id.to_string(),
        name: "theirs".to_owned(),
        created_at: world.now,
        revoked_at: None,
        terms: KeyTerms::default(),
    };
    store.create_api_key(tenant, &Digest::of_bytes(b"theirs"), &key).await.expect("store");
    archive.suspend(&id).await;
    assert_eq!(archive.ask("ada", id.as_str(), "erase").await.status, 200);
    let revoked = store.get_api_key(tenant, &Digest::of_bytes(b"theirs")).await.expect("store").expect("a key");
    assert_eq!(revoked.revoked_at, Some(world.now));
    // Neither a way for money, nor the standing of before.
    let aggregate = PayoutMethods::aggregate(&id);
    let actor = Actor::new(Role::Partner, id.to_string());
    let deed =
        Deed { at: world.now, actor, action: "payout_methods.set", old: Default::default(), new: Default::default() };
    let entry = append(ChainEnd::START, &aggregate, deed);
    let methods = PayoutMethods { version: 1, ..PayoutMethods::default() };
    let written = store.replace_payout_methods(tenant, &id, &methods, &entry).await.expect("store");
    assert_eq!(written, store::Written::ConditionFailed);
    let record = store.get_partner_record(tenant, &id).await.expect("store").expect("a record");
    let mut active = record.clone().raised();
    active.partner.status = PartnerStatus::Active;
    let change = PartnerChange { at: world.now, ..PartnerChange::of(&record, &active) };
    assert_eq!(store.change_partner(tenant, &change).await.expect("store"), store::Written::ConditionFailed);
}

impl Archive {
    async fn applied(&self, email: Digest, state: ApplicationState) -> ApplicationId {
        let world = &self.office.world;
        let (id, program) = (ApplicationId::of(&world::program(), &email), world::program());
        let terms_version = Some("2026-09".to_owned());
        let application = Application {
            id: id.clone(),
            program,
            email,
            is_disposable: false,
            terms_version,
            applied_at: world.now,
            state,
        };
        let form_sealed = self.sealed(id.as_str(), FORM, r#"{"email":"ada@engines.example"}"#).await;
        let stored = StoredApplication { application, form_sealed, version: 1 };
        world.store.replace_application(&world.tenant, &stored, None).await.expect("store");
        id
    }

    async fn assert_blank(&self, id: &ApplicationId, email: Digest) {
        let world = &self.office.world;
        let left = world.store.get_application(&world.tenant, id).await.expect("store").expect("a tombstone");
        assert_eq!((left.form_sealed.as_str(), left.version), ("", 2));
        assert_ne!(left.application.email, email);
    }
}

#[tokio::test]
async fn a_declined_applicant_is_shown_what_is_held_and_forgotten() {
    let archive = archive().await;
    let (email, decided) =
        (Digest::of_bytes(b"street"), DecidedBy { by: "usr_ada".to_owned(), at: archive.office.world.now });
    let declined = ApplicationState::Declined { reason: Some("Ada is rude".to_owned()), decided };
    let id = archive.applied(email, declined).await;
    let shown = archive.ask("ada", id.as_str(), "export").await.json;
    assert_eq!((&shown["kind"], &shown["person"]["email"]), (&json!("application"), &json!("ada@engines.example")));
    assert_eq!(shown["consents"][0]["source"], "2026-09");
    let first = archive.ask("ada", id.as_str(), "erase").await;
    let again = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!((first.status, &first.json["erased_at"]), (200, &again.json["erased_at"]));
    archive.assert_blank(&id, email).await;
    let shown = archive.ask("ada", id.as_str(), "export").await;
    assert!(!shown.text.contains("engines.example") && !shown.text.contains("rude"), "{}", shown.text);
    assert_eq!(archive.told(id.as_str()).await, ["privacy.exported", "privacy.erased", "privacy.exported"]);
}

#[tokio::test]
async fn a_partners_applications_are_shown_and_go_with_them() {
    let archive = archive().await;
    let id = archive.partner(82).await;
    let decided = DecidedBy { by: "usr_ada".to_owned(), at: archive.office.world.now };
    let approved = ApplicationState::Approved { partner: id.clone(), decided };
    let application = archive.applied(mark().digest, approved).await;
    let shown = archive.ask("ada", id.as_str(), "export").await.json;
    assert_eq!(shown["records"]["applications"][0]["form"]["email"], "ada@engines.example");
    assert_eq!(shown["consents"][0]["source"], "2026-09");
    archive.suspend(&id).await;
    let erased = archive.ask("ada", id.as_str(), "erase").await;
    assert_eq!((erased.status, &erased.json["kept"][0]["what"]), (200, &json!("audit_origin")), "{}", erased.text);
    archive.assert_blank(&application, mark().digest).await;
    assert_eq!(archive.told(application.as_str()).await, ["privacy.erased"]);
}

/// The world's partner is paid, has the receipt of it, and earns no more.
async fn paid_with_receipt(world: &World) -> Report {
    world.earn("in_1", "29.70", Zone::utc().day_of(world.now)).await;
    let Requested::Created(asked) = world.request().await else { panic!("a payout") };
    let (id, reference) = (asked.payout.id, || "wire".to_owned());
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: reference() };
    let arrived = Command::Confirm { completed_at: world.now, reference: reference() };
    let finance = Role::FinanceManager;
    for (role, command) in
        [(Role::Admin, world.approval(&id).await), (finance, Command::MarkSent(sent)), (finance, arrived)]
    {
        assert!(matches!(world.command(&id, role, role.word(), command).await, Moved::Done(_)));
    }
    world.set_status(PartnerStatus::Suspended).await;
    let report = Report {
        id: ReportId::of(world.tenant.tenant(), RECEIPT, id.as_str()),
        kind: RECEIPT.to_owned(),
        subject: id.to_string(),
        file_key: format!("receipts/{id}.pdf"),
        sha256: Digest::of_bytes(b"with a name"),
        bytes: 11,
        made_at: world.now,
        nameless_since: None,
    };
    assert_eq!(world.store.record_report(&world.tenant, &report).await.expect("store"), ReportRecorded::Yes);
    report
}

#[tokio::test]
async fn whoever_was_paid_is_told_which_papers_are_kept_and_their_receipts_are_to_name_nobody() {
    let archive = archive().await;
    let world = &archive.office.world;
    let receipt = paid_with_receipt(world).await;
    let now = async || world.store.get_report(&world.tenant, &receipt.id).await.expect("store").expect("a receipt");
    assert_eq!(now().await.nameless_since, None);
    let erased = archive.ask("ada", world.partner.as_str(), "erase").await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert_eq!(now().await, Report { nameless_since: Some(world.now), ..receipt.clone() });
    let kept = erased.json["kept"].as_array().expect("a list");
    let kept: Vec<&str> = kept.iter().filter_map(|one| one["what"].as_str()).collect();
    // It was paid by hand: no file of a bank names them.
    assert_eq!(kept, ["audit_origin", "receipts"]);
    world.verified().await;
}

/// Of whoever was erased before it was said of their receipts, or by a request that died before it.
#[tokio::test]
async fn an_erasure_that_is_asked_for_again_finishes_with_the_receipts() {
    let archive = archive().await;
    let world = &archive.office.world;
    assert_eq!(archive.ask("ada", world.partner.as_str(), "erase").await.told(), (409, "partner-active"));
    let receipt = paid_with_receipt(world).await;
    let (store, tenant, id) = (&world.store, &world.tenant, &world.partner);
    let (heads, methods) = (store.list_heads(tenant, id).await.expect("store"), PayoutMethods::default());
    let before = store.erase_payee(tenant, id.as_str(), &erasure(id, &methods, (&heads, &[])), &asked(world)).await;
    assert_eq!(before.expect("store"), store::Written::Yes);
    for _ in 0..2 {
        assert_eq!(archive.ask("ada", id.as_str(), "erase").await.status, 200);
        let now = store.get_report(tenant, &receipt.id).await.expect("store").expect("a receipt");
        assert_eq!(now.nameless_since, Some(world.now));
    }
}
