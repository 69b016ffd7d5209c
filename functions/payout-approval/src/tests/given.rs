//! What was there before.

use domain::attribution::Winner;
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{PaymentKey, SaleType};
use domain::id::{LineId, SaleId};
use domain::line::{Line, LineKind, LineTrace, Place};
use domain::money::Money;
use domain::sale::{Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::sales::{NewSale, SaleWritten};

use super::*;

fn instant() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().expect("instant")
}

pub(super) async fn key(store: &Store, role: Role, subject: &str, n: u8) {
    let tenant_id = TenantId::default_tenant();
    let text = mint_from(&tenant_id, &[n; 32]);
    let api_key = ApiKey {
        id: KeyId::from_ulid(ulid::Ulid::from(u128::from(n))),
        tenant: tenant_id,
        role,
        subject: subject.to_owned(),
        name: "test".to_owned(),
        created_at: instant(),
        revoked_at: None,
    };
    store.create_api_key(&tenant(), &hash_of(text.reveal()), &api_key).await.expect("store");
}

pub(super) async fn partner_profile(store: &Store, id: &PartnerId) {
    let at = instant();
    let profile = Partner { id: id.clone(), status: PartnerStatus::Active, created_at: at };
    let sealed = || "c2VhbGVk".to_owned();
    let person = Person { email_sealed: sealed(), name_sealed: sealed(), recorded_at: at };
    let program = ProgramId::from_ulid(ulid::Ulid::from(1_u128));
    let enrolment = Enrolment { program, tier: Tier::default(), enrolled_at: at };
    store.create_partner(&tenant(), &profile, &person, &enrolment).await.expect("store");
}

/// A line of this amount whose hold ends on this day, with its sale.
pub(super) async fn line(store: &Store, whose: &PartnerId, amount: &str, matures: &str, invoice: &str) {
    let amount = Money::parse(amount, Currency::parse("USD").expect("currency")).expect("amount");
    let payment = PaymentKey::parse(&format!("stripe:{invoice}")).expect("a key");
    let sale_id = SaleId::of(&payment);
    let at = instant();
    let place = Place::Slot(Slot::of_day(BusinessDay::parse(matures).expect("a day")));
    let (program, rule) = (ProgramId::from_ulid(ulid::Ulid::from(1_u128)), RuleId::from_ulid(ulid::Ulid::from(1_u128)));
    let link = LinkId::from_ulid(ulid::Ulid::from(1_u128));
    let line = Line {
        id: LineId::of_sale(&sale_id, 1),
        partner: whose.clone(),
        place,
        amount,
        kind: LineKind::Earned,
        sale: sale_id.clone(),
        n: 1,
        occurred_at: at,
        booked_at: at,
        trace: LineTrace {
            program: program.clone(),
            link: link.clone(),
            rule: rule.clone(),
            customer: None,
            invoice: invoice.to_owned(),
            event_type: SaleType::InvoicePayment,
            base: amount.to_text(),
            reward: "1".to_owned(),
            reason: EarningReason::Percentage,
            reverses: None,
        },
    };
    let zero = Money::zero(amount.currency());
    let sale_line =
        SaleLine { n: 1, partner: whose.clone(), place, amount, reversed: zero, is_flat: false, rule, reverses: None };
    let winner = Winner { partner: whose.clone(), program, link, clicked_at: at };
    let sale = Sale {
        id: sale_id,
        payment,
        customer: None,
        occurred_at: at,
        booked_at: at,
        booked_day: BusinessDay::parse("2026-07-01").expect("a day"),
        paid: amount,
        total: amount,
        tax: zero,
        shipping: zero,
        event_type: SaleType::InvoicePayment,
        invoice: invoice.to_owned(),
        decision: Decision::Partner { winner, losers: Vec::new() },
        lines: vec![sale_line],
        refunded: zero,
        version: 1,
    };
    let new = NewSale { sale: &sale, lines: &[line], aliases: &[], meets: None };
    assert_eq!(store.create_sale(&tenant(), &new).await.expect("store"), SaleWritten::Yes);
}

/// An available balance for a partner.
pub(super) async fn balance(world: &World, n: u128, amount: &str) {
    line(&world.store, &partner(n), amount, "2026-07-31", &format!("in_{n}_{amount}")).await;
}

/// The actor that a test acts as below the border.
pub(super) fn actor(role: Role, id: &str) -> Actor {
    Actor { role, id: id.to_owned(), ip: None, user_agent: None }
}
