use std::fmt::Write;

use domain::fact::{Fact, SalePaid};
use serde_json::{Value, json};

use super::{Untranslatable, translate};

fn event(case: &str) -> Value {
    let path = format!("{}/../../events/webhook-ingest/stripe/{case}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("an event file")).expect("JSON")
}

fn cases() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhook-ingest/stripe");
    let mut cases: Vec<String> = std::fs::read_dir(folder)
        .expect("the events folder")
        .filter_map(|entry| entry.expect("an entry").file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    cases.sort();
    cases
}

/// One fact, one line.
fn row(fact: &Fact) -> String {
    match fact {
        Fact::SalePaid(sale) => {
            let mut text = format!(
                "sale {} {} paid {} of {} tax {} shipping {} at {} by {:?}",
                sale.payment,
                sale.paid.currency(),
                sale.paid,
                sale.total,
                sale.tax,
                sale.shipping,
                sale.occurred_at,
                sale.customer
            );
            write!(text, " also {:?} {:?} token {:?}", sale.aliases, sale.event_type, sale.click_token)
                .expect("writes");
            text
        }
        Fact::CustomerSeen(seen) => {
            format!(
                "seen {} {} at {} token {:?} email {}",
                seen.event,
                seen.customer,
                seen.occurred_at,
                seen.click_token,
                seen.email.is_some()
            )
        }
        Fact::PaymentAlias(alias) => format!("alias {} is {}", alias.alias, alias.payment),
        Fact::Refund(refund) => {
            format!(
                "refund {} of {}: {} {} at {}",
                refund.refund,
                refund.payment,
                refund.amount.currency(),
                refund.amount,
                refund.occurred_at
            )
        }
    }
}

fn the_sale(event: &Value) -> SalePaid {
    match translate(event).expect("translates").as_slice() {
        [Fact::SalePaid(sale)] => sale.clone(),
        other => panic!("not one sale: {other:?}"),
    }
}

#[test]
fn every_event_file_states_its_facts() {
    let mut text = String::new();
    for case in cases() {
        writeln!(text, "{case}").expect("writes");
        for fact in translate(&event(&case)).expect("translates") {
            writeln!(text, "  {}", row(&fact)).expect("writes");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_types_acted_on_are_the_ones_that_ingest_hands_over() {
    for case in cases() {
        let event = event(&case);
        let kind = event["type"].as_str().expect("a type");
        let facts = translate(&event).expect("translates");
        assert!(facts.is_empty() || cases::raw_event::is_acted_on("stripe", kind), "{kind}");
    }
}

#[test]
fn the_base_of_a_discounted_taxed_invoice_is_its_total_without_tax() {
    let sale = the_sale(&event("invoice.paid.basil-taxed"));
    assert_eq!((sale.total.to_text(), sale.tax.to_text()), ("245.12".to_owned(), "18.05".to_owned()));
    assert_eq!(sale.total.try_sub(sale.tax).expect("one currency").to_text(), "227.07");
    assert_eq!(sale.paid, sale.total);
}

#[test]
fn an_old_account_without_total_excluding_tax_lists_its_taxes() {
    let mut event = event("invoice.paid.basil-taxed");
    let object = &mut event["data"]["object"];
    object["total_excluding_tax"] = Value::Null;
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
    event["data"]["object"]["total_taxes"] = Value::Null;
    event["data"]["object"]["total_tax_amounts"] = json!([{ "amount": 1000 }, { "amount": 805 }]);
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
    event["data"]["object"]["total_tax_amounts"] = json!([]);
    event["data"]["object"]["tax"] = json!(1805);
    assert_eq!(the_sale(&event).tax.to_text(), "18.05");
}

#[test]
fn shipping_is_counted_without_its_tax() {
    let mut event = event("invoice.paid.basil-taxed");
    event["data"]["object"]["shipping_cost"] = json!({ "amount_subtotal": 500, "amount_tax": 95, "amount_total": 595 });
    assert_eq!(the_sale(&event).shipping.to_text(), "5.00");
}

#[test]
fn both_api_shapes_of_one_invoice_are_one_sale() {
    let basil = event("invoice.paid.basil");
    let mut old = event("invoice.paid.acacia");
    for name in ["id", "customer", "customer_email", "amount_paid", "total", "total_excluding_tax"] {
        old["data"]["object"][name] = basil["data"]["object"][name].clone();
    }
    let old = SalePaid { aliases: Vec::new(), ..the_sale(&old) };
    assert_eq!(old, the_sale(&basil));
}

#[test]
fn an_expanded_customer_is_its_id() {
    let mut event = event("invoice.paid.basil");
    let plain = the_sale(&event);
    let customer = event["data"]["object"]["customer"].clone();
    event["data"]["object"]["customer"] = json!({ "id": customer, "object": "customer" });
    assert_eq!(the_sale(&event), plain);
}

#[test]
fn a_guest_check_out_of_a_subscription_binds_nobody() {
    let mut event = event("checkout.session.completed.subscription");
    event["data"]["object"]["customer"] = Value::Null;
    assert_eq!(translate(&event), Ok(Vec::new()));
}

#[test]
fn a_token_longer_than_stripe_allows_is_no_token() {
    let mut event = event("checkout.session.completed.one-off");
    event["data"]["object"]["client_reference_id"] = json!("a".repeat(201));
    assert_eq!(the_sale(&event).click_token, None);
    event["data"]["object"]["metadata"] = json!({ "trb": "from-metadata" });
    assert_eq!(the_sale(&event).click_token.as_deref(), Some("from-metadata"));
}

#[test]
fn what_cannot_be_read_is_named_by_its_pointer() {
    let at = |field: &str| format!("/data/object/{field}");
    let field = |name, expected| Untranslatable::Field { pointer: at(name), expected };
    let cases = [
        ("amount_paid", json!(99.5), field("amount_paid", "a whole number")),
        ("amount_paid", json!("9900"), field("amount_paid", "a whole number")),
        ("amount_paid", Value::Null, field("amount_paid", "a whole number")),
        ("amount_paid", json!(-1), Untranslatable::Amount { pointer: at("amount_paid") }),
        ("currency", json!("xyz"), Untranslatable::Currency { pointer: at("currency") }),
        ("currency", Value::Null, field("currency", "a text")),
        ("customer", json!(12), field("customer", "an id")),
        ("id", json!(7), field("id", "a text")),
    ];
    for (name, value, expected) in cases {
        let mut event = event("invoice.paid.basil");
        event["data"]["object"][name] = value;
        assert_eq!(translate(&event), Err(expected), "{name}");
    }
    let mut event = event("invoice.paid.basil");
    event["data"]["object"]["id"] = json!("in 1");
    assert!(matches!(translate(&event), Err(Untranslatable::Id { .. })));
    assert!(matches!(translate(&json!({})), Err(Untranslatable::Field { .. })));
}

#[test]
fn a_type_that_is_not_acted_on_states_nothing() {
    assert_eq!(translate(&event("customer.created")), Ok(Vec::new()));
    let unknown = json!({ "type": "moon.risen", "created": 1_788_422_400, "data": { "object": {} } });
    assert_eq!(translate(&unknown), Ok(Vec::new()));
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
        json!(true),
    ];
    for case in cases() {
        let event = event(&case);
        let mut all = Vec::new();
        places(&event, "", &mut all);
        for (place, value) in all.iter().flat_map(|place| junk.iter().map(move |value| (place, value))) {
            let mut spoilt = event.clone();
            *spoilt.pointer_mut(place).expect("a place") = value.clone();
            for fact in translate(&spoilt).unwrap_or_default() {
                let amounts = match fact {
                    Fact::SalePaid(sale) => vec![sale.paid, sale.total, sale.tax, sale.shipping],
                    Fact::Refund(refund) => vec![refund.amount],
                    Fact::CustomerSeen(_) | Fact::PaymentAlias(_) => Vec::new(),
                };
                assert!(amounts.iter().all(|amount| !amount.is_negative()), "{case} {place} = {value}");
            }
        }
    }
}
