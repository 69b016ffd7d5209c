//! A customer is reminded of a payment that failed.

use domain::fact::PaymentKey;
use domain::id::{CustomerId, NoticeId, TenantId};
use domain::money::Money;
use domain::subscription::{FailedPayment, FailedStanding};
use queues::{NoticeDue, ReminderDue};
use store::buyers::{BillingCustomer, TaxStanding};

use super::*;

fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("a key")
}

fn reminder(step: u8) -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let notice = NoticeId::of(&tenant, "payment_failed", &format!("stripe:in_1#{step}"));
    let reminder = Some(ReminderDue { payment: key("in_1"), step });
    NoticeDue {
        v: 1,
        tenant,
        notice,
        kind: "payment_failed".into(),
        payout: None,
        report: None,
        reminder,
        methods: None,
        sign_in: None,
        news: None,
        authenticator: None,
    }
}

async fn fail(world: &World, standing: FailedStanding) {
    let failed = FailedPayment {
        payment: key("in_1"),
        customer: Some(key("cus_1")),
        subscription: None,
        amount: Money::from_minor(9_900, Currency::USD),
        attempts: 1,
        next_attempt_at: Some(instant("2026-09-04T10:00:00Z")),
        standing,
        reason: None,
        told_at: instant("2026-09-01T10:00:00Z"),
    };
    world.app.store.record_failed_payment(&world.tenant, &failed).await.expect("store");
}

async fn bill(world: &World) {
    let provider = key("cus_1");
    let id = CustomerId::of(&provider);
    let belongs = Belongs { tenant: world.tenant.tenant().as_str(), subject: id.as_str(), field: "email" };
    let sealed = world.app.sealer.seal_text(&belongs, "casey@customer.example").await.expect("sealed");
    let buyer = BillingCustomer {
        id,
        provider,
        email_sealed: sealed.to_string(),
        name_sealed: None,
        place: None,
        tax: TaxStanding::Consumer,
        card: None,
        created_at: instant("2026-01-01T00:00:00Z"),
        written_by: "test".into(),
        version: 1,
    };
    world.app.store.create_buyer(&world.tenant, &buyer).await.expect("store");
}

#[tokio::test]
async fn a_reminder_is_one_mail_to_the_customer_in_the_programmes_name() {
    let world = World::new().await;
    fail(&world, FailedStanding::Open).await;
    bill(&world).await;
    for message in ["m", "n"] {
        world.app.handle(reminder(1), delivery(message, 1)).await.expect("told");
    }
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert!(mail.contains("Subject: A payment did not go through: USD 99.00"), "{mail}");
    assert!(mail.contains("<casey@customer.example>") && mail.contains("Northwind Affiliates"), "{mail}");
    assert!(mail.contains("We will try again on 4 September 2026"), "{mail}");
    world.app.handle(reminder(7), delivery("o", 1)).await.expect("told");
    assert!(world.stub.mails()[1].contains("Last reminder of a payment"), "{}", world.stub.mails()[1]);
}

#[tokio::test]
async fn whoever_has_paid_or_is_not_billed_here_is_not_reminded() {
    let world = World::new().await;
    fail(&world, FailedStanding::Open).await;
    world.app.handle(reminder(1), delivery("m", 1)).await.expect("skipped");
    bill(&world).await;
    fail(&world, FailedStanding::Paid).await;
    world.app.handle(reminder(3), delivery("n", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&reminder(3)).await.as_deref(), Some("skipped"));
    let unknown = ReminderDue { payment: key("in_none"), step: 1 };
    let unknown = NoticeDue { reminder: Some(unknown), ..reminder(1) };
    let unknown = NoticeDue { notice: NoticeId::of(&unknown.tenant, "payment_failed", "none"), ..unknown };
    assert!(matches!(world.app.handle(unknown, delivery("o", 1)).await, Err(Failure::Reject(_))));
}
