use domain::fact::{Fact, Refund, SalePaid};
use domain::subscription::SubscriptionStatus;
use serde_json::{Value, json};

use super::translate;
use crate::fields::Untranslatable;

fn event(case: &str) -> Value {
    let path = format!("{}/../../events/webhook-ingest/lemon-squeezy/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("an event file")).expect("JSON")
}

fn cases() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhook-ingest/lemon-squeezy");
    let mut cases: Vec<String> = std::fs::read_dir(folder)
        .expect("the events folder")
        .filter_map(|entry| entry.expect("an entry").file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    cases.sort();
    cases
}

fn the_sale(case: &str) -> SalePaid {
    match translate(&event(case)).expect("translates").into_iter().next() {
        Some(Fact::SalePaid(sale)) => sale,
        Some(Fact::PaidAgain(told)) => told.sale,
        other => panic!("no sale: {other:?}"),
    }
}

fn the_refund(event: &Value) -> Option<Refund> {
    translate(event).expect("translates").into_iter().find_map(|fact| match fact {
        Fact::Refund(refund) => Some(refund),
        _ => None,
    })
}

#[test]
fn every_event_file_states_its_facts() {
    let mut text = String::new();
    for case in cases() {
        text.push_str(&format!("{case}\n"));
        for fact in translate(&event(&case)).expect("translates") {
            text.push_str(&format!("  {}\n", serde_json::to_string(&fact).expect("JSON")));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn there_is_a_file_of_every_event_and_each_is_handed_over() {
    let told: std::collections::BTreeSet<String> =
        cases().iter().map(|case| event(case)["meta"]["event_name"].as_str().expect("a name").to_owned()).collect();
    let known: std::collections::BTreeSet<String> =
        cases::raw_event::LEMON_SQUEEZY_TYPES.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(told, known);
}

#[test]
fn what_is_not_known_states_nothing() {
    let mut unknown = event("order_created");
    unknown["meta"]["event_name"] = json!("dispute_created");
    assert_eq!(translate(&unknown), Ok(Vec::new()));
}

#[test]
fn totals_are_taken_as_they_are_told_and_fees_are_5_percent_and_50_cents() {
    // PAY-14: the parts of the taxed one add up to 18.58, and it says 18.59.
    let sale = the_sale("order_created.single-taxed");
    assert_eq!((sale.total.to_text(), sale.tax.to_text()), ("18.59".to_owned(), "3.59".to_owned()));
    // 0.9295, and half a dollar at 1.125 dollars each: 0.4444.
    assert_eq!(sale.fees.to_text(), "1.37");
    assert_eq!(the_sale("order_created").fees.to_text(), "5.45");
    assert_eq!(the_sale("order_created.trial").fees.to_text(), "0.00");
}

#[test]
fn the_first_invoice_is_asked_for_by_the_name_that_its_subscription_gives_the_order() {
    // ING-14
    let Some(Fact::PaidAgain(told)) =
        translate(&event("subscription_payment_success.initial")).expect("translates").pop()
    else {
        panic!("not the order's money")
    };
    let facts = translate(&event("subscription_created")).expect("translates");
    let named = facts.iter().find_map(|fact| match fact {
        Fact::PaymentAlias(named) => Some(named),
        _ => None,
    });
    let named = named.expect("a name");
    assert_eq!(named.alias, told.same_as);
    assert_eq!(named.payment, the_sale("order_created").payment);
    // A renewal is a sale of its own, and told twice it is one.
    let renewal = the_sale("subscription_payment_success.renewal");
    assert_eq!(renewal, the_sale("subscription_payment_recovered"));
    assert_ne!(renewal.payment, told.sale.payment);
}

#[test]
fn what_went_back_is_one_running_total_of_the_order_and_its_first_invoice() {
    // ING-7
    let of = |case: &str| the_refund(&event(case)).expect("a refund");
    let (part, whole) = (of("order_refunded.partial"), of("order_refunded"));
    assert_eq!((part.amount.to_text(), whole.amount.to_text()), ("49.50".to_owned(), "99.00".to_owned()));
    assert!(part.is_running_total && whole.is_running_total);
    assert_eq!(part.refund, of("subscription_payment_refunded.initial").refund);
    assert_eq!(of("order_refunded.without-amount").amount, whole.amount, "an old one says only that everything did");
    assert_eq!(the_refund(&event("order_created")), None);
}

#[test]
fn what_went_back_of_an_order_is_told_whatever_the_order_is_called_and_an_unknown_word_is_a_persons() {
    // ING-7: it was told as paid before, and its commission goes with what went back.
    let whole = the_refund(&event("order_refunded")).expect("a refund");
    for (status, is_sale) in
        [("paid", true), ("refunded", true), ("partial_refund", true), ("fraudulent", false), ("failed", false)]
    {
        let mut told = event("order_refunded");
        told["data"]["attributes"]["status"] = json!(status);
        let facts = translate(&told).expect("translates");
        assert_eq!(facts.iter().any(|fact| matches!(fact, Fact::SalePaid(_))), is_sale, "{status}");
        assert_eq!(the_refund(&told), Some(whole.clone()), "{status}");
    }
    // Where nothing went back, nothing is told of one that brought no money.
    for status in ["pending", "failed", "fraudulent"] {
        let mut told = event("order_created");
        told["data"]["attributes"]["status"] = json!(status);
        assert_eq!(translate(&told), Ok(Vec::new()), "{status}");
    }
    let mut told = event("order_refunded");
    told["data"]["attributes"]["status"] = json!("charged_back");
    let pointer = "/data/attributes/status".to_owned();
    assert_eq!(translate(&told), Err(Untranslatable::Field { pointer, expected: "a status of an order" }));
}

#[test]
fn money_of_record_is_a_whole_number_and_a_mirror_in_dollars_is_not_looked_at() {
    let amount = |pointer: &str| Untranslatable::Amount { pointer: pointer.to_owned() };
    let field = |pointer: &str| Untranslatable::Field { pointer: pointer.to_owned(), expected: "a whole number" };
    let rows = [
        ("refunded_amount", json!(9.999), Err(field("/data/attributes/refunded_amount"))),
        ("refunded_amount", json!(-1), Err(amount("/data/attributes/refunded_amount"))),
        ("refunded_amount_usd", json!(9.999), Ok(())),
        ("refunded", Value::Null, Ok(())),
        ("total", json!("9900"), Err(field("/data/attributes/total"))),
        ("currency", json!("XYZ"), Err(Untranslatable::Currency { pointer: "/data/attributes/currency".to_owned() })),
    ];
    for (name, value, expected) in rows {
        let mut event = event("order_refunded");
        event["data"]["attributes"][name] = value.clone();
        assert_eq!(translate(&event).map(|_| ()), expected, "{name} {value}");
    }
}

#[test]
fn ids_may_be_numbers_or_texts() {
    let mut event = event("order_created");
    event["data"]["attributes"]["customer_id"] = json!("3001");
    let sale = the_sale("order_created");
    let Fact::SalePaid(other) = translate(&event).expect("translates").remove(0) else { panic!("no sale") };
    assert_eq!(other, sale);
}

#[test]
fn a_subscription_is_as_its_status_says_and_an_unknown_one_is_a_persons() {
    let rows = [
        ("on_trial", Some(SubscriptionStatus::Trialing)),
        ("active", Some(SubscriptionStatus::Active)),
        ("paused", Some(SubscriptionStatus::Paused)),
        ("past_due", Some(SubscriptionStatus::PastDue)),
        ("unpaid", Some(SubscriptionStatus::Unpaid)),
        ("cancelled", Some(SubscriptionStatus::Active)),
        ("expired", Some(SubscriptionStatus::Canceled)),
        ("asleep", None),
    ];
    for (status, expected) in rows {
        let mut event = event("subscription_updated");
        event["data"]["attributes"]["status"] = json!(status);
        let facts = translate(&event).unwrap_or_default();
        let told = facts.iter().find_map(|fact| match fact {
            Fact::SubscriptionChanged(told) => Some(told.status),
            _ => None,
        });
        assert_eq!(told, expected, "{status}");
    }
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), out))
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), out)),
        _ => {}
    }
}

#[test]
fn whatever_stands_in_a_field_no_event_panics_and_no_amount_is_below_zero() {
    let junk = [
        Value::Null,
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(1.5),
        json!(""),
        json!("x y"),
        json!([1]),
        json!({}),
    ];
    for case in cases() {
        let event = event(&case);
        let mut all = Vec::new();
        places(&event, "", &mut all);
        for (place, value) in all.iter().flat_map(|place| junk.iter().map(move |value| (place, value))) {
            let mut spoilt = event.clone();
            *spoilt.pointer_mut(place).expect("a place") = value.clone();
            for fact in translate(&spoilt).unwrap_or_default() {
                let amounts = match &fact {
                    Fact::SalePaid(sale) => vec![sale.paid, sale.total, sale.tax, sale.fees],
                    Fact::PaidAgain(told) => vec![told.sale.paid, told.sale.total, told.sale.tax, told.sale.fees],
                    Fact::Refund(refund) => vec![refund.amount],
                    Fact::PaymentFailed(failed) => vec![failed.amount],
                    _ => Vec::new(),
                };
                assert!(amounts.iter().all(|amount| !amount.is_negative()), "{case} {place} = {value}");
            }
        }
    }
}
