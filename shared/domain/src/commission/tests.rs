use super::*;
use crate::currency::Currency;
use crate::fact::{PaymentKey, SaleType};
use crate::id::{ProgramId, RuleId};
use crate::rate::{Rate, Rounding};
use crate::rule::in_force;

fn money(text: &str, currency: Currency) -> Money {
    Money::parse(text, currency).expect("amount")
}

fn sale(paid: &str, total: &str, tax: &str, currency: Currency) -> SalePaid {
    SalePaid {
        payment: PaymentKey::parse("stripe:in_1").expect("key"),
        aliases: vec![],
        customer: None,
        occurred_at: "2026-11-21T12:00:00Z".parse().expect("instant"),
        paid: money(paid, currency),
        total: money(total, currency),
        tax: money(tax, currency),
        shipping: Money::zero(currency),
        click_token: None,
        email: None,
        event_type: SaleType::InvoicePayment,
        invoice: "in_1".to_owned(),
    }
}

fn rule(reward: Reward, effective_from: &str, n: u128) -> RuleVersion {
    RuleVersion {
        id: RuleId::from_ulid(n.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        effective_from: effective_from.parse().expect("instant"),
        reward,
        hold_days: 30,
        rounding: Rounding::HalfAwayFromZero,
    }
}

fn percentage(rate: &str) -> Reward {
    Reward::Percentage(Rate::parse(rate).expect("rate"))
}

#[test]
fn the_worked_values_of_a_line_hold() {
    let rows = [
        ("99.00", "99.00", "0", Currency::USD, "0.3", "29.70"),
        ("245.12", "245.12", "18.05", Currency::USD, "0.2", "45.41"),
        ("12345", "12345", "0", Currency::JPY, "0.075", "926"),
        ("10.005", "10.005", "0", Currency::KWD, "0.1", "1.001"),
        ("35.00", "35.00", "0", Currency::USD, "0.3", "10.50"),
        ("50.00", "100.00", "20.00", Currency::USD, "0.1", "4.00"),
        ("0", "0", "0", Currency::USD, "0.3", "0.00"),
    ];
    for (paid, total, tax, currency, rate, expected) in rows {
        let earning = earn(&sale(paid, total, tax, currency), &rule(percentage(rate), "2026-01-01T00:00:00Z", 1));
        assert_eq!(
            earning.map(|earning| earning.amount.to_text()),
            Ok(expected.to_owned()),
            "{paid} of {total}, tax {tax}"
        );
    }
}

#[test]
fn a_flat_reward_pays_its_amount_in_its_own_currency_only() {
    let flat = rule(Reward::Flat(money("5.00", Currency::USD)), "2026-01-01T00:00:00Z", 1);
    let earned = |sale| earn(&sale, &flat).map(|earning| (earning.amount.to_text(), earning.reason));
    assert_eq!(earned(sale("99.00", "99.00", "0", Currency::USD)), Ok(("5.00".to_owned(), EarningReason::Flat)));
    assert_eq!(
        earned(sale("99.00", "99.00", "0", Currency::EUR)),
        Ok(("0.00".to_owned(), EarningReason::OtherCurrency))
    );
    assert_eq!(earned(sale("0", "0", "0", Currency::USD)), Ok(("0.00".to_owned(), EarningReason::NothingPaid)));
}

#[test]
fn the_rule_in_force_when_the_sale_happened_applies() {
    let versions =
        [rule(percentage("0.2"), "2026-11-21T00:00:00Z", 2), rule(percentage("0.3"), "2026-01-01T00:00:00Z", 1)];
    let rate_at = |at: &str| in_force(&versions, at.parse().expect("instant")).map(|version| version.reward.clone());
    assert_eq!(rate_at("2026-11-20T23:59:59.999Z"), Some(percentage("0.3")));
    assert_eq!(rate_at("2026-11-21T00:00:00Z"), Some(percentage("0.2")));
    assert_eq!(rate_at("2025-12-31T23:59:59Z"), None);
}

#[test]
fn the_hold_ends_on_a_day_of_the_ledgers_zone() {
    let mut late = sale("99.00", "99.00", "0", Currency::USD);
    late.occurred_at = "2026-11-21T23:30:00Z".parse().expect("instant");
    let rule = rule(percentage("0.3"), "2026-01-01T00:00:00Z", 1);
    for (zone, slot) in [("UTC", "261221.00"), ("Europe/Berlin", "261222.00")] {
        let zone = Zone::parse(zone).expect("zone");
        assert_eq!(slot_of(&late, &rule, &zone).map(|slot| slot.to_string()), Ok(slot.to_owned()));
    }
}
