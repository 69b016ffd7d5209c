//! Lines and sales as revenue-recorder would have booked them.

use domain::attribution::Credit;
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{PaymentKey, SaleType};
use domain::id::{LineId, LinkId, PartnerId, ProgramId, RuleId, SaleId};
use domain::line::{Line, LineKind, LineTrace, Origin, Part, Place};
use domain::money::Money;
use domain::sale::{Clawback, Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use store::sales::NewSale;

use super::setup::{Bench, tenant};

fn at() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().expect("instant")
}

pub(crate) fn partner() -> PartnerId {
    PartnerId::from_ulid(ulid(2))
}

fn ulid(n: u128) -> ulid::Ulid {
    ulid::Ulid::from(n)
}

/// Line `n` of sale 1, in a slot (or `held`).
pub(crate) fn line(n: u32, place: &str, minor: i64, reverses: Option<u32>) -> Line {
    line_of("1", n, place, Money::from_minor(minor, Currency::USD), reverses)
}

fn line_of(sale: &str, n: u32, place: &str, amount: Money, reverses: Option<u32>) -> Line {
    let sale = SaleId::of(&PaymentKey::parse(&format!("stripe:in_{sale}")).expect("key"));
    Line {
        id: LineId::of_sale(&sale, n),
        partner: partner(),
        place: Place::parse(place).expect("place"),
        amount,
        kind: if reverses.is_some() { LineKind::Reversal } else { LineKind::Earned },
        origin: Origin::Sale(sale.clone()),
        n,
        occurred_at: at(),
        booked_at: at(),
        trace: LineTrace {
            program: Some(ProgramId::from_ulid(ulid(1))),
            link: Some(LinkId::from_ulid(ulid(3))),
            rule: Some(RuleId::from_ulid(ulid(4))),
            customer: Some(PaymentKey::parse("stripe:cus_1").expect("key")),
            invoice: format!("in_{sale}"),
            event_type: Some(SaleType::InvoicePayment),
            base: "10.00".to_owned(),
            reward: "0.3".to_owned(),
            reverses,
            ..LineTrace::because(EarningReason::Percentage)
        },
    }
}

/// Books a sale whose lines are (place, minor units, what it reverses).
pub(crate) async fn book(bench: &Bench, name: &str, currency: Currency, lines: &[(&str, i64, Option<u32>)]) -> SaleId {
    let numbered = (1_u32..).zip(lines);
    let lines: Vec<Line> = numbered
        .map(|(n, (place, minor, reverses))| line_of(name, n, place, Money::from_minor(*minor, currency), *reverses))
        .collect();
    let payment = PaymentKey::parse(&format!("stripe:in_{name}")).expect("key");
    let nothing = Money::zero(currency);
    let short = |line: &Line| SaleLine {
        n: line.n,
        partner: line.partner.clone(),
        part: Part::default(),
        kind: line.kind,
        place: line.place,
        amount: line.amount,
        rule: line.trace.rule.clone(),
        clawback: Clawback::Proportional,
        month: None,
        is_banded: false,
        volume: None,
    };
    let (program, link) = (ProgramId::from_ulid(ulid(1)), LinkId::from_ulid(ulid(3)));
    let sale = Sale {
        invoice: format!("in_{name}"),
        decision: Decision::one(Credit::by_click(partner(), program, link, at())),
        lines: lines.iter().map(short).collect(),
        ..Sale::plain(payment, nothing, at(), BusinessDay::parse("2026-08-01").expect("day"))
    };
    let new = NewSale { sale: &sale, lines: &lines, aliases: &[], open_in: &[], meets: None, review: None };
    bench.store.create_sale(&tenant(), &new).await.expect("booked");
    sale.id
}

/// A partner's account in another currency, with one line of nothing.
pub(crate) async fn book_of(bench: &Bench, partner: &PartnerId, currency: Currency) {
    let mut line = line_of("elsewhere", 1, &slot("2026-12-31"), Money::zero(currency), None);
    line.partner = partner.clone();
    let payment = PaymentKey::parse("stripe:in_elsewhere").expect("key");
    let credit = Credit::by_click(partner.clone(), ProgramId::from_ulid(ulid(1)), LinkId::from_ulid(ulid(3)), at());
    let short = SaleLine {
        n: 1,
        partner: partner.clone(),
        part: Part::default(),
        kind: line.kind,
        place: line.place,
        amount: line.amount,
        rule: None,
        clawback: Clawback::Proportional,
        month: None,
        is_banded: false,
        volume: None,
    };
    let sale = Sale {
        decision: Decision::one(credit),
        lines: vec![short],
        ..Sale::plain(payment, Money::zero(currency), at(), BusinessDay::parse("2026-08-01").expect("day"))
    };
    let lines = [line];
    let new = NewSale { sale: &sale, lines: &lines, aliases: &[], open_in: &[], meets: None, review: None };
    bench.store.create_sale(&tenant(), &new).await.expect("booked");
}

/// The slot of a day.
pub(crate) fn slot(day: &str) -> String {
    Slot::of_day(BusinessDay::parse(day).expect("day")).to_string()
}
