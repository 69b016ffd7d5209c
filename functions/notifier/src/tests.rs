use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{NoticeId, PartnerId, PayoutId, ProgramId, ReportId, RuleId, TenantId};
use domain::money::Money;
use domain::payout::Payout;
use domain::rate::Rate;
use domain::rule::{Reward, RuleVersion};
use domain::tax::Net;
use domain::time::{Timestamp, Zone};
use edge::config::Reader;
use edge::lambda::{Delivery, Failure};
use edge::sealing::Belongs;
use queues::NoticeDue;
use store::TenantKey;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::{EMAIL, NAME, Person};
use store::programs::Program;
use store::reports::Report;
use testkit::stub::{Service, Stub, stub};

use crate::App;
use crate::config::Config;
use crate::news::{Kind, Subject};

mod kept;
mod methods;
mod reminders;
mod sign_in;
mod standing;

struct World {
    app: App,
    database: testkit::Database,
    stub: Stub,
    tenant: TenantKey,
}

impl World {
    async fn new() -> Self {
        Self::with_email("ana@example.org").await
    }

    async fn with_email(email: &str) -> Self {
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
            ("MAIL_FROM", "payouts@example.com"),
            ("SEALING_KEY_ARN", "key"),
        ]);
        let app = App::connect(&Config::read(reader).expect("a configuration"));
        let world = Self { app, database, stub, tenant: TenantKey::from(&TenantId::default_tenant()) };
        world.seed(email).await;
        world
    }

    async fn seed(&self, email: &str) {
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
            email_sealed: self.seal(EMAIL, email).await,
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

    /// The receipt of the payout, in the bucket and on record.
    async fn receipt(&self) {
        let file = b"%PDF-1.7 the receipt";
        let report = Report {
            id: report(),
            kind: "payout_receipt".into(),
            subject: payout().to_string(),
            file_key: "ten/receipts/pay.pdf".into(),
            sha256: Digest::of_bytes(file),
            bytes: 20,
            made_at: instant("2026-09-16T15:05:00Z"),
            nameless_since: None,
        };
        self.stub.put_file("files/ten/receipts/pay.pdf", file);
        self.app.store.record_report(&self.tenant, &report).await.expect("recorded");
    }

    async fn state(&self, due: &NoticeDue) -> Option<String> {
        self.app.store.get_notice(&self.tenant, &due.notice).await.expect("answer").map(|notice| notice.state)
    }
}

fn partner() -> PartnerId {
    PartnerId::parse("par_01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("an id")
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn payout() -> PayoutId {
    PayoutId::parse("pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001").expect("an id")
}

fn report() -> ReportId {
    ReportId::of(&TenantId::default_tenant(), "payout_receipt", payout().as_str())
}

fn due(kind: &str) -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let notice = NoticeId::of(&tenant, kind, payout().as_str());
    let report = (kind == "receipt_ready").then(report);
    NoticeDue {
        v: 1,
        tenant,
        notice,
        kind: kind.into(),
        payout: Some(payout()),
        report,
        reminder: None,
        methods: None,
        sign_in: None,
        news: None,
        authenticator: None,
    }
}

fn delivery(message: &str, receive_count: u32) -> Delivery {
    Delivery { message_id: message.into(), correlation_id: message.into(), receive_count }
}

#[tokio::test]
async fn an_approval_is_told_in_one_mail() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    world.app.handle(due("payout_approved"), delivery("m", 1)).await.expect("told");
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Subject: Payout approved: USD 12,450.50"), "{}", mails[0]);
    assert!(mails[0].contains("<ana@example.org>") && mails[0].contains("Northwind Affiliates"), "{}", mails[0]);
    assert_eq!(world.state(&due("payout_approved")).await.as_deref(), Some("sent"));
}

/// PAY-5, PAY-9: and where the money went is in none of them.
#[tokio::test]
async fn that_it_was_sent_cancelled_or_came_back_is_told_in_one_mail_each_with_its_reason() {
    let cases = [
        ("payout-sent", "payout_sent", "Payout on its way: USD 12,450.50", "was handed over for payment."),
        ("payout-cancelled", "payout_cancelled", "Payout cancelled: USD 12,450.50", "given: Asked by the partner."),
        (
            "payout-returned",
            "payout_returned",
            "Payout came back: USD 12,450.50",
            "given: R03: there is no such account",
        ),
    ];
    for (case, kind, subject, words) in cases {
        let world = World::new().await;
        world.payout_as_in(case).await;
        for message in ["m", "n"] {
            world.app.handle(due(kind), delivery(message, 1)).await.expect("told");
        }
        let mails = world.stub.mails();
        assert_eq!(mails.len(), 1, "{kind}");
        // As it is read: without the breaks of its encoding.
        let mail = mails[0].replace("=\r\n", "");
        assert!(mail.contains(&format!("Subject: {subject}")), "{mail}");
        assert_eq!(mail.matches(words).count(), 2, "as text and as HTML: {mail}");
        assert!(!mail.contains("WIRE-88213") && !mail.contains("application/pdf"), "{mail}");
        assert_eq!(world.state(&due(kind)).await.as_deref(), Some("sent"), "{kind}");
    }
}

/// PAY-13: what is kept of it was never under way.
#[tokio::test]
async fn what_is_told_to_be_sent_or_to_have_come_back_is_what_left() {
    let world = World::new().await;
    world.payout_as_in("payout-returned").await;
    let stored = world.app.store.get_payout(&world.tenant, &payout()).await.expect("store").expect("a payout");
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let net = Net { fee: usd(5_050), withheld: usd(0), net: usd(1_240_000) };
    let payout = Payout { net: Some(net), ..stored.payout };
    let told = |kind| Subject::of(kind, &payout, "Northwind".to_owned());
    let rows = [
        (Kind::PayoutApproved, 1_245_050, "2026-09-15T09:30:00.001Z"),
        (Kind::PayoutSent, 1_240_000, "2026-09-15T12:00:00Z"),
        (Kind::ReceiptReady, 1_240_000, "2026-09-16T15:04:05Z"),
        (Kind::PayoutReturned, 1_240_000, "2026-09-18T08:15:00Z"),
    ];
    for (kind, minor, at) in rows {
        assert_eq!((told(kind).amount, told(kind).at), (usd(minor), instant(at)), "{kind:?}");
    }
}

#[tokio::test]
async fn the_paid_mail_carries_the_receipt() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.receipt().await;
    world.app.handle(due("receipt_ready"), delivery("m", 1)).await.expect("told");
    let mail = world.stub.mails().remove(0);
    assert!(mail.contains("Content-Type: application/pdf") && mail.contains("JVBERi0xLjcgdGhlIHJlY2VpcHQ="), "{mail}");
}

#[tokio::test]
async fn delivered_twice_a_notice_is_told_once() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    for message in ["m", "n"] {
        world.app.handle(due("payout_approved"), delivery(message, 1)).await.expect("told");
    }
    assert_eq!(world.stub.mails().len(), 1);
}

#[tokio::test]
async fn while_another_run_is_at_it_the_message_waits() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    let due = due("payout_approved");
    let claim = world.app.claim_of(&world.tenant, &due, &delivery("other", 1)).await;
    world.app.store.create_notice_claim(&world.tenant, &claim).await.expect("claimed");
    assert!(matches!(world.app.handle(due, delivery("m", 1)).await, Err(Failure::Retry(_))));
    assert!(world.stub.mails().is_empty());
}

#[tokio::test]
async fn a_mail_that_was_refused_is_sent_by_the_next_delivery() {
    let world = World::new().await;
    world.payout_as_in("payout-approved").await;
    world.stub.refuse(Some(Service::Ses));
    let refused = world.app.handle(due("payout_approved"), delivery("m", 1)).await;
    let Err(Failure::Retry(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(why.to_string(), "the mail service did not take the mail: MessageRejected");
    world.stub.refuse(None);
    world.app.handle(due("payout_approved"), delivery("m", 2)).await.expect("told");
    assert_eq!(world.stub.mails().len(), 1);
}

#[tokio::test]
async fn a_run_that_died_after_the_mail_sends_the_same_bytes_again() {
    let mut world = World::new().await;
    world.payout_as_in("payout-approved").await;
    let due = due("payout_approved");
    let claim = world.app.claim_of(&world.tenant, &due, &delivery("m", 1)).await;
    world.app.store.create_notice_claim(&world.tenant, &claim).await.expect("claimed");
    world.app.tell(&world.tenant, &due).await.expect("told, and then it died");
    world.app.clock = edge::clock::Clock::fixed(claim.lease_until);
    world.app.handle(due, delivery("m", 2)).await.expect("told");
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails[0] == mails[1], "two different mails");
}

#[tokio::test]
async fn a_partner_without_an_address_is_recorded_as_skipped() {
    let world = World::with_email("").await;
    world.payout_as_in("payout-approved").await;
    world.app.handle(due("payout_approved"), delivery("m", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&due("payout_approved")).await.as_deref(), Some("skipped"));
}

#[tokio::test]
async fn a_receipt_that_is_not_the_recorded_file_is_not_sent() {
    let world = World::new().await;
    world.payout_as_in("payout-paid").await;
    world.receipt().await;
    world.stub.put_file("files/ten/receipts/pay.pdf", b"%PDF-1.7 another");
    assert!(matches!(world.app.handle(due("receipt_ready"), delivery("m", 1)).await, Err(Failure::Retry(_))));
    assert!(world.stub.mails().is_empty());
}

#[tokio::test]
async fn news_that_nobody_writes_and_payouts_that_are_not_there_are_refused() {
    let world = World::new().await;
    assert!(matches!(world.app.handle(due("payout_sung"), delivery("m", 1)).await, Err(Failure::Reject(_))));
    assert!(matches!(world.app.handle(due("payout_approved"), delivery("m", 1)).await, Err(Failure::Reject(_))));
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let faults = Config::read(Reader::from_map([("STAGE", "test")])).err().expect("faults").to_string();
    for name in crate::config::VARIABLES.iter().map(|variable| variable.name) {
        assert!(faults.contains(name), "{name} is not in: {faults}");
    }
}
