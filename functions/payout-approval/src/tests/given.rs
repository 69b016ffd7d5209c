//! What was there before.

use domain::attribution::Credit;
use domain::attribution::settings::AttributionSettings;
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{PaymentKey, SaleType};
use domain::id::{LineId, SaleId};
use domain::line::{Line, LineKind, LineTrace, Origin, Part, Place};
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::{Reward, RuleVersion};
use domain::sale::{Clawback, Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::programs::Program;
use store::sales::{NewSale, SaleWritten};

use super::*;

fn instant() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().expect("instant")
}

pub(super) async fn key(store: &Store, whose: &TenantId, role: Role, subject: &str, n: u8) {
    let text = mint_from(whose, &[n; 32]);
    let api_key = ApiKey {
        id: KeyId::from_ulid(ulid::Ulid::from(u128::from(n))),
        tenant: whose.clone(),
        role,
        subject: subject.to_owned(),
        name: "test".to_owned(),
        created_at: instant(),
        revoked_at: None,
        terms: Default::default(),
    };
    store.create_api_key(&TenantKey::from(whose), &hash_of(text.reveal()), &api_key).await.expect("store");
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
        origin: Origin::Sale(sale_id.clone()),
        n: 1,
        occurred_at: at,
        booked_at: at,
        trace: LineTrace {
            program: Some(program.clone()),
            link: Some(link.clone()),
            rule: Some(rule.clone()),
            invoice: invoice.to_owned(),
            event_type: Some(SaleType::InvoicePayment),
            base: amount.to_text(),
            reward: "1".to_owned(),
            ..LineTrace::because(EarningReason::Percentage)
        },
    };
    let sale_line = SaleLine {
        n: 1,
        partner: whose.clone(),
        part: Part::default(),
        kind: LineKind::Earned,
        place,
        amount,
        rule: Some(rule),
        clawback: Clawback::Proportional,
        month: None,
        is_banded: false,
        volume: None,
    };
    let sale = Sale {
        invoice: invoice.to_owned(),
        decision: Decision::one(Credit::by_click(whose.clone(), program, link, at)),
        lines: vec![sale_line],
        ..Sale::plain(payment, amount, at, BusinessDay::parse("2026-07-01").expect("a day"))
    };
    let new = NewSale { sale: &sale, lines: &[line], aliases: &[], open_in: &[], meets: None, review: None };
    assert_eq!(store.create_sale(&tenant(), &new).await.expect("store"), SaleWritten::Yes);
}

/// An available balance for a partner.
pub(super) async fn balance(world: &World, n: u128, amount: &str) {
    line(&world.store, &partner(n), amount, "2026-07-31", &format!("in_{n}_{amount}")).await;
}

/// The programme of the lines, since before they were earned.
pub(super) async fn program(world: &World) {
    let long_ago: Timestamp = "2026-06-01T00:00:00Z".parse().expect("instant");
    let id = ProgramId::from_ulid(ulid::Ulid::from(1_u128));
    let rate = Reward::Percentage(Rate::parse("0.3").expect("a rate"));
    let rule = RuleVersion::simple(RuleId::from_ulid(ulid::Ulid::from(1_u128)), id.clone(), long_ago, rate, 30);
    let made = Program {
        id,
        name: "Programme".to_owned(),
        currency: Currency::USD,
        zone: Zone::utc(),
        window_days: 30,
        hold_days: 30,
        close_lag_days: 3,
        attribution: AttributionSettings::default(),
        allowed_hosts: Vec::new(),
        created_at: long_ago,
    };
    world.store.create_program(&tenant(), &made, &rule).await.expect("a programme");
}

/// The actor that a test acts as below the border.
pub(super) fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}
