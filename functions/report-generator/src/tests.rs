use domain::currency::Currency;
use domain::id::{PartnerId, PayoutId, ProgramId, ReportId, RuleId, TenantId};
use domain::rate::Rate;
use domain::rule::{Reward, RuleVersion};
use domain::time::{Timestamp, Zone};
use edge::config::Reader;
use edge::lambda::Failure;
use edge::sealing::Belongs;
use queues::ReportWanted;
use store::TenantKey;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::{EMAIL, NAME, Person};
use store::programs::Program;
use testkit::stub::{Service, Stub, stub};

use crate::App;
use crate::config::Config;

mod instructions;
mod nameless;

struct World {
    app: App,
    database: testkit::Database,
    stub: Stub,
    tenant: TenantKey,
}

impl World {
    async fn new() -> Self {
        let (database, stub) = (testkit::database().await, stub().await);
        let reader = Reader::from_map([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
            ("AWS_ENDPOINT_URL_DYNAMODB", database.endpoint.as_str()),
            ("CORE_TABLE", database.core.as_str()),
            ("CLICKS_TABLE", database.clicks.as_str()),
            ("OPS_TABLE", database.ops.as_str()),
            ("FILES_BUCKET", "files"),
            ("SEALING_KEY_ARN", "key"),
        ]);
        let app = App::connect(&Config::read(reader).expect("a configuration"));
        let world = Self { app, database, stub, tenant: TenantKey::from(&TenantId::default_tenant()) };
        world.seed().await;
        world
    }

    async fn seed(&self) {
        let (program, partner) = (ProgramId::from_ulid(1_u128.into()), partner());
        let at = instant("2026-01-01T00:00:00Z");
        let rule = RuleVersion::simple(
            RuleId::from_ulid(1_u128.into()),
            program.clone(),
            at,
            Reward::Percentage(Rate::parse("0.3").expect("a rate")),
            30,
        );
        let named = Program {
            id: program.clone(),
            name: "Northwind Affiliates".into(),
            currency: Currency::USD,
            zone: Zone::utc(),
            window_days: 30,
            hold_days: 30,
            close_lag_days: 3,
            attribution: domain::attribution::settings::AttributionSettings::default(),
            allowed_hosts: Vec::new(),
            created_at: at,
        };
        self.app.store.create_program(&self.tenant, &named, &rule).await.expect("a program");
        let person = Person {
            email_sealed: self.seal(EMAIL, "ana@example.org").await,
            name_sealed: self.seal(NAME, "Ana Ćirić").await,
            recorded_at: at,
        };
        let profile = Partner { id: partner, status: PartnerStatus::Active, created_at: at };
        let enrolment = Enrolment { program, tier: Tier::Tier1, enrolled_at: at };
        self.app.store.create_partner(&self.tenant, &profile, &person, &enrolment).await.expect("a partner");
    }

    async fn seal(&self, field: &str, text: &str) -> String {
        let partner = partner();
        let belongs = Belongs { tenant: self.tenant.tenant().as_str(), subject: partner.as_str(), field };
        self.app.sealer.seal_text(&belongs, text).await.expect("sealed").to_string()
    }

    /// Puts the payout of an event file into the table of record.
    async fn payout_as_in(&self, case: &str) {
        let path = format!("{}/../../events/event-relay/{case}.json", env!("CARGO_MANIFEST_DIR"));
        let event: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        let image = event.pointer("/Records/0/dynamodb/NewImage").expect("an image").clone();
        let item: serde_dynamo::Item = serde_json::from_value(image).expect("an item");
        let put = self.database.client.put_item().table_name(&self.database.core).set_item(Some(item.into()));
        put.send().await.expect("a payout");
    }

    async fn core_items(&self) -> i32 {
        let scan = self.database.client.scan().table_name(&self.database.core).send();
        scan.await.expect("a scan").count
    }
}

fn partner() -> PartnerId {
    PartnerId::parse("par_01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("an id")
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn wanted() -> ReportWanted {
    let tenant = TenantId::default_tenant();
    let payout = PayoutId::parse("pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001").expect("an id");
    let report = ReportId::of(&tenant, "payout_receipt", payout.as_str());
    ReportWanted { v: 1, tenant, report, kind: "payout_receipt".into(), payout }
}

const FILE: &str = "files/ten_00000000000000000000000000/receipts/pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001.pdf";

#[tokio::test]
async fn a_paid_payout_gets_its_receipt_in_the_bucket_and_on_record() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.app.handle(wanted()).await.expect("made");
    let file = world.stub.files().remove(FILE).expect("a file");
    assert!(file.starts_with(b"%PDF-"));
    let report = world.app.store.get_report(&world.tenant, &wanted().report).await.expect("answer").expect("a report");
    assert_eq!(report.sha256, domain::digest::Digest::of_bytes(&file));
    assert_eq!(format!("files/{}", report.file_key), FILE);
}

#[tokio::test]
async fn made_twice_it_ends_the_same() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.app.handle(wanted()).await.expect("made");
    let (files, items) = (world.stub.files(), world.core_items().await);
    world.app.handle(wanted()).await.expect("made");
    assert_eq!((world.stub.files(), world.core_items().await), (files, items));
}

#[tokio::test]
async fn a_run_that_died_after_the_file_is_finished_by_the_next_with_the_same_bytes() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    let payout =
        world.app.store.get_payout(&world.tenant, &wanted().payout).await.expect("answer").expect("a payout").payout;
    let first = world.app.receipt_of(&world.tenant, &payout).await.expect("a receipt").to_pdf().expect("a file");
    world.stub.put_file(FILE, &first);
    world.app.handle(wanted()).await.expect("made");
    assert!(world.stub.files()[FILE] == first, "another file");
}

#[tokio::test]
async fn the_receipt_names_programme_partner_and_payment() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    let payout =
        world.app.store.get_payout(&world.tenant, &wanted().payout).await.expect("answer").expect("a payout").payout;
    let mut receipt = world.app.receipt_of(&world.tenant, &payout).await.expect("a receipt");
    receipt.seal.truncate(8);
    insta::assert_debug_snapshot!(receipt);
}

#[tokio::test]
async fn a_payout_that_is_not_paid_gets_no_receipt() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    assert!(matches!(world.app.handle(wanted()).await, Err(Failure::Reject(_))));
    assert!(world.stub.files().is_empty());
}

#[tokio::test]
async fn a_bucket_that_is_away_leaves_no_record() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.stub.refuse(Some(Service::S3));
    assert!(matches!(world.app.handle(wanted()).await, Err(Failure::Retry(_))));
    assert_eq!(world.app.store.get_report(&world.tenant, &wanted().report).await.expect("answer"), None);
    world.stub.refuse(None);
    world.app.handle(wanted()).await.expect("made");
    assert!(world.stub.files().contains_key(FILE));
}

#[tokio::test]
async fn a_kind_that_nobody_makes_is_refused() {
    let world = World::new().await;
    let unknown = ReportWanted { kind: "poem".into(), ..wanted() };
    assert!(matches!(world.app.handle(unknown).await, Err(Failure::Reject(_))));
}
