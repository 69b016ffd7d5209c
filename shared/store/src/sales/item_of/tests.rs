use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::digest::Digest;
use domain::line::PartKind;
use domain::rate::Rate;
use domain::tier::Tier;
use domain::time::BusinessDay;
use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(text).expect("key")
}

fn day_log(sale: &Sale) -> Key {
    let tenant = crate::TenantKey::from(&domain::id::TenantId::default_tenant());
    tenant.day_log(sale.booked_day, sale.booked_at, sale.id.as_str())
}

fn written(sale: &Sale) -> Attributes {
    let tenant = crate::TenantKey::from(&domain::id::TenantId::default_tenant());
    item::write(&tenant.sale(&sale.id), &SaleItem::new(sale, &day_log(sale))).expect("an item")
}

/// A renewal as Stripe tells it, attributed to one partner, with its line.
fn usual() -> Sale {
    let payment = key("stripe:in_1SYDrjPYoEwpCviGUG3hRnO9oQ");
    let partner = PartnerId::from_ulid(7_u128.into());
    let line = SaleLine {
        n: 1,
        partner: partner.clone(),
        part: Part::default(),
        kind: LineKind::Earned,
        place: Place::Slot(Slot::parse("261221.00").expect("slot")),
        amount: usd(2970),
        rule: Some(RuleId::from_ulid(2_u128.into())),
        clawback: Clawback::Proportional,
        month: None,
        is_banded: false,
        volume: None,
    };
    let credit = Credit {
        partner,
        program: ProgramId::from_ulid(1_u128.into()),
        link: Some(LinkId::from_ulid(9_u128.into())),
        source: Source::Click,
        clicked_at: Some(at("2026-11-01T10:00:00.123Z")),
        weight: 1,
        terms: PartnerTerms { tier: Tier::Tier2, groups: vec!["agencies".to_owned()], ..PartnerTerms::default() },
    };
    Sale {
        id: SaleId::of(&payment),
        payment,
        customer: Some(key("stripe:cus_4MSe0MTL7iR15w")),
        occurred_at: at("2026-11-21T12:00:00Z"),
        booked_at: at("2026-11-21T12:00:03.512Z"),
        booked_day: BusinessDay::parse("2026-11-21").expect("day"),
        paid: usd(11_781),
        total: usd(11_781),
        tax: usd(1_881),
        shipping: usd(0),
        fees: usd(0),
        event_type: SaleType::InvoicePayment,
        invoice: "in_1SYDrjPYoEwpCviGUG3hRnO9oQ".to_owned(),
        items: Vec::new(),
        subscription: Some("sub_1LNkeSKXBGcbgpbZ7jMqOPSi".to_owned()),
        period_start: Some(at("2026-11-21T12:00:00Z")),
        period_end: Some(at("2026-12-21T12:00:00Z")),
        services: Vec::new(),
        traits: usual_traits(),
        decision: Decision::one(credit),
        lines: vec![line],
        refunded: usd(0),
        item_refunds: BTreeMap::new(),
        disputes: BTreeMap::new(),
        visitor: domain::touch::VisitorHash::parse("0123456789abcdef"),
        email: Some(Digest::of_bytes(b"an address")),
        buyer: Buyer { paid_from: Some(Digest::of_bytes(b"a card")), has_disposable_email: false },
        hold: None,
        rejected: false,
        version: 1,
    }
}

fn usual_traits() -> SaleTraits {
    SaleTraits {
        plan: Some("price_1LNkdbKXBGcbgpbZ2wqEuRks".to_owned()),
        product: Some("prod_M5wVEtnGGHAjUz".to_owned()),
        country: Some("US".to_owned()),
        coupon: Some("ADA20".to_owned()),
        ..SaleTraits::default()
    }
}

/// Everything that a sale can say.
fn whole() -> Sale {
    let usual = usual();
    let other = PartnerId::from_ulid(8_u128.into());
    let held = SaleLine {
        n: 2,
        partner: other.clone(),
        part: Part { item: 1, kind: PartKind::SecondTier },
        kind: LineKind::HoldMove,
        place: Place::Held,
        amount: usd(-5),
        rule: None,
        clawback: Clawback::From(Rate::ONE),
        month: None,
        is_banded: false,
        volume: None,
    };
    let mut credits = usual.decision.credits().to_vec();
    let source = Source::Coupon;
    credits.push(Credit { partner: other, link: None, source, clicked_at: None, weight: 3, ..credits[0].clone() });
    let reason = domain::attribution::LossReason::OutsideWindow;
    let loser =
        json!({"link": LinkId::from_ulid(5_u128.into()), "clicked_at": "2026-01-01T00:00:00Z", "reason": reason});
    let losers: Vec<Loser> = vec![serde_json::from_value(loser).expect("a loser")];
    let dispute = SaleDispute {
        amount: usd(77),
        phase: DisputePhase::Opened,
        evidence_due: Some(at("2026-12-05T00:00:00Z")),
        occurred_at: at("2026-11-30T00:00:00Z"),
    };
    Sale {
        total: usd(12_000),
        shipping: usd(11),
        fees: usd(12),
        invoice: "another".to_owned(),
        items: vec![
            SoldItem { product: "a".to_owned(), amount: usd(1) },
            SoldItem { product: "b".to_owned(), amount: usd(2) },
        ],
        services: vec![
            ServicePart { weight: -5, from: at("2026-11-20T00:00:00Z"), to: at("2026-12-01T00:00:00Z") },
            ServicePart { weight: 7, from: at("2026-12-01T00:00:00Z"), to: at("2027-01-01T00:00:00Z") },
        ],
        decision: Decision::Partners { credits, losers },
        lines: vec![usual.lines[0].clone(), held],
        refunded: usd(3),
        item_refunds: BTreeMap::from([(1, usd(2))]),
        disputes: BTreeMap::from([(key("stripe:dp_1"), dispute)]),
        email: None,
        buyer: Buyer { paid_from: Some(Digest::of_bytes(b"a card")), has_disposable_email: true },
        hold: Some(HoldReason::Risk),
        rejected: true,
        version: 9,
        ..usual
    }
}

#[test]
fn every_field_of_a_sale_comes_back_as_it_was_written() {
    let nobody = Decision::nobody(NobodyReason::NoTouch);
    let disposable = Buyer { paid_from: None, has_disposable_email: true };
    let by_nobody_known = Sale { email: None, buyer: Buyer::default(), ..usual() };
    for sale in [
        usual(),
        whole(),
        Sale { decision: nobody, lines: Vec::new(), ..usual() },
        Sale { buyer: disposable.clone(), ..usual() },
        Sale { email: None, buyer: disposable, ..usual() },
        by_nobody_known,
    ] {
        assert_eq!(read(written(&sale)).expect("a sale"), sale);
    }
}

#[test]
fn bytes_that_are_no_buyer_are_not_read_as_one() {
    let whole = written(&usual());
    let mut bytes = match &whole["buyer"] {
        AttributeValue::B(bytes) => bytes.clone().into_inner(),
        other => panic!("{other:?}"),
    };
    bytes.pop();
    for bad in [bytes, Vec::new(), vec![1], vec![0, 0]] {
        let mut item = written(&usual());
        item.insert("buyer".to_owned(), AttributeValue::B(bad.clone().into()));
        assert!(read(item).is_err(), "{bad:?}");
    }
}

/// What DynamoDB counts: names and texts in UTF-8, numbers by their digits, three bytes and one an element for nests.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().fold(0, |all, value| all + 1 + size(value)),
        AttributeValue::M(map) => 3 + map.iter().fold(0, |all, (name, value)| all + 1 + name.len() + size(value)),
        _ => 1,
    }
}

#[test]
fn a_sale_with_one_line_fits_one_write_unit() {
    let bytes = written(&usual()).iter().fold(0, |all, (name, value)| all + name.len() + size(value));
    assert!(bytes <= 1_000, "{bytes} bytes");
}

#[test]
fn a_sale_of_the_first_shape_is_read() {
    let partner = PartnerId::from_ulid(7_u128.into());
    let rule = RuleId::from_ulid(2_u128.into());
    let winner = json!({
        "partner": partner, "program": ProgramId::from_ulid(1_u128.into()), "link": LinkId::from_ulid(9_u128.into()),
        "clicked_at": "2026-11-01T10:00:00Z",
    });
    let line = json!({
        "n": 1, "partner": partner, "slot": "261221.00", "amount_minor": 2970, "reversed_minor": 990, "is_flat": true,
        "rule": rule, "reverses": null,
    });
    let back = json!({
        "n": 2, "partner": partner, "slot": "261221.00", "amount_minor": -990, "reversed_minor": 0, "is_flat": false,
        "rule": rule, "reverses": 1,
    });
    let payment = key("stripe:in_1");
    let old = json!({
        "entity": "sale", "v": 1, "version": 2, "id": SaleId::of(&payment), "payment": payment, "customer": null,
        "occurred_at": "2026-11-21T12:00:00Z", "booked_at": "2026-11-21T12:00:03Z", "booked_day": "2026-11-21",
        "currency": "USD", "paid_minor": 9900, "total_minor": 9900, "tax_minor": 0, "shipping_minor": 0,
        "event_type": "invoice_payment", "invoice": "in_1", "lines": [line, back], "refunded_minor": 3300,
        "decision": {"decided": "partner", "winner": winner, "losers": []}, "day_pk": "x", "day_sk": "y",
    });
    let sale = read(serde_dynamo::to_item(&old).expect("an item")).expect("a sale");
    let kinds: Vec<_> = sale.lines.iter().map(|line| (line.kind, line.amount.minor(), line.clawback)).collect();
    assert_eq!(
        kinds,
        [(LineKind::Earned, 2970, Clawback::From(Rate::ONE)), (LineKind::Reversal, -990, Clawback::Proportional),]
    );
    assert_eq!(sale.decision.credits().first().map(|credit| (&credit.partner, credit.weight)), Some((&partner, 1)));
    assert_eq!((sale.refunded, sale.version, sale.booked_day.to_string()), (usd(3300), 2, "2026-11-21".to_owned()));
    // What is written after a change is of the second shape, and the same sale.
    assert_eq!(read(written(&sale)).expect("a sale"), sale);
}
