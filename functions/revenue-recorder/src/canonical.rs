//! Facts that were told in the product's own words: `{"type": "sale_paid", …}`, as `domain::fact::Fact` reads. The
//! simulator speaks them, and so does whoever tracks without a provider.
//!
//! What may be left out: `total` (what was paid), `tax`, `shipping` and `fees` (nothing), `items`, `aliases`, `traits`,
//! `event_type` (an invoice where there is a subscription, else a single sale), `invoice` (the payment's own id). Items,
//! where there are any, add up to what was paid.

use domain::currency::Currency;
use domain::fact::Fact;
use domain::money::Money;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::fields::Untranslatable;

/// Why a fact cannot be taken over.
#[derive(Debug, Error)]
pub enum NotAFact {
    /// An amount or currency that must not be guessed.
    #[error("reading an amount of a fact")]
    Amount(#[source] Untranslatable),
    /// Not the shape of a fact.
    #[error("reading a fact")]
    Shape(#[source] serde_json::Error),
}

/// The fact that an event states.
///
/// # Errors
/// Not a fact, or one with an unknown currency or an amount below zero.
pub fn translate(event: Value) -> Result<Vec<Fact>, NotAFact> {
    let Value::Object(mut fields) = event else {
        return serde_json::from_value(event).map(|fact| vec![fact]).map_err(NotAFact::Shape);
    };
    check_amounts(&fields).map_err(NotAFact::Amount)?;
    if fields.get("type").and_then(Value::as_str) == Some("sale_paid") {
        complete(&mut fields);
    }
    fields.entry("is_running_total").or_insert(json!(false));
    fields.entry("is_qualified").or_insert(json!(false));
    serde_json::from_value(Value::Object(fields)).map(|fact| vec![fact]).map_err(NotAFact::Shape)
}

/// The fact of an event: bare, or as the `data` of `{"type", "timestamp", "data"}`, which is how Standard Webhooks puts it.
/// There the timestamp is when it happened, unless the fact says otherwise.
#[must_use]
pub fn unwrapped(event: &Value) -> Value {
    let Some(data) = event.get("data").and_then(Value::as_object) else { return event.clone() };
    let mut fact = data.clone();
    for (name, told) in [("type", "type"), ("occurred_at", "timestamp")] {
        if let Some(value) = event.get(told) {
            fact.entry(name).or_insert_with(|| value.clone());
        }
    }
    Value::Object(fact)
}

/// Fills in what a sale may leave out.
fn complete(fields: &mut Map<String, Value>) {
    let paid = fields.get("paid").and_then(Value::as_str).unwrap_or_default().to_owned();
    let nothing = paid.split_once(' ').and_then(|(_, code)| Currency::parse(code).ok()).map(Money::zero);
    let own_id = fields.get("payment").and_then(Value::as_str).and_then(|payment| payment.split_once(':'));
    let invoice = own_id.map(|(_, id)| id.to_owned());
    let has_subscription = fields.get("subscription").is_some_and(|subscription| !subscription.is_null());
    let event_type = if has_subscription { "invoice_payment" } else { "one_off_sale" };
    for (name, usual) in [
        ("total", json!(paid)),
        ("tax", json!(nothing)),
        ("shipping", json!(nothing)),
        ("fees", json!(nothing)),
        ("items", json!([])),
        ("aliases", json!([])),
        ("traits", json!({})),
        ("event_type", json!(event_type)),
        ("invoice", json!(invoice)),
    ] {
        fields.entry(name).or_insert(usual);
    }
}

/// Every amount is of a known currency, of one currency in all, and not below zero.
fn check_amounts(fields: &Map<String, Value>) -> Result<(), Untranslatable> {
    let mut currency = None;
    for name in ["paid", "total", "tax", "shipping", "fees", "amount"] {
        check_amount(fields.get(name), || format!("/{name}"), &mut currency)?;
    }
    let items = fields.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut sum = 0_i64;
    for (n, item) in items.iter().enumerate() {
        let amount = check_amount(item.get("amount"), || format!("/items/{n}/amount"), &mut currency)?;
        sum = sum.saturating_add(amount.map_or(0, Money::minor));
    }
    let paid = check_amount(fields.get("paid"), || "/paid".to_owned(), &mut currency)?;
    // COM-18: each item is paid for by itself: together they are what was paid, or somebody would be paid for nothing.
    match paid {
        Some(paid) if !items.is_empty() && sum != paid.minor() => {
            Err(Untranslatable::Amount { pointer: "/items".to_owned() })
        }
        _ => Ok(()),
    }
}

/// The amount, where there is one.
fn check_amount(
    value: Option<&Value>,
    pointer: impl Fn() -> String,
    currency: &mut Option<Currency>,
) -> Result<Option<Money>, Untranslatable> {
    // What is no text is no amount either; the shape says so.
    let Some(text) = value.and_then(Value::as_str) else { return Ok(None) };
    let (amount, code) = text.split_once(' ').unwrap_or((text, ""));
    let told = Currency::parse(code).map_err(|_| Untranslatable::Currency { pointer: pointer() })?;
    let money = Money::parse(amount, told).ok().filter(|money| !money.is_negative());
    match money {
        Some(money) if *currency.get_or_insert(told) == told => Ok(Some(money)),
        _ => Err(Untranslatable::Amount { pointer: pointer() }),
    }
}

#[cfg(test)]
mod tests {
    use domain::fact::{SalePaid, SaleType};

    use super::*;

    fn sale(change: impl Fn(&mut Map<String, Value>)) -> Value {
        let whole = json!({
            "type": "sale_paid", "payment": "shop:order-1", "customer": "shop:casey",
            "occurred_at": "2026-11-21T12:00:00Z", "paid": "99.00 EUR",
        });
        let Value::Object(mut fields) = whole else { unreachable!("an object") };
        change(&mut fields);
        Value::Object(fields)
    }

    fn the_sale(event: Value) -> SalePaid {
        match translate(event).expect("a fact").as_slice() {
            [Fact::SalePaid(sale)] => sale.clone(),
            other => panic!("not one sale: {other:?}"),
        }
    }

    #[test]
    fn what_a_sale_leaves_out_is_the_usual() {
        let told = the_sale(sale(|_| {}));
        assert_eq!((told.total, told.tax.to_text(), told.fees.minor()), (told.paid, "0.00".to_owned(), 0));
        assert_eq!((told.invoice.as_str(), told.event_type), ("order-1", SaleType::OneOffSale));
        let renewal = the_sale(sale(|fields| {
            fields.insert("subscription".to_owned(), json!("sub-1"));
        }));
        assert_eq!(renewal.event_type, SaleType::InvoicePayment);
    }

    #[test]
    fn every_fact_is_read_as_it_is_written() {
        let at: domain::time::Timestamp = "2026-11-21T12:00:00Z".parse().expect("instant");
        let facts = [
            json!({"type": "refund", "refund": "shop:r-1", "payment": "shop:order-1", "amount": "1.00 EUR", "occurred_at": at}),
            json!({"type": "dispute", "dispute": "shop:d-1", "payment": "shop:order-1", "amount": "1.00 EUR", "phase": "lost",
                   "occurred_at": at}),
            json!({"type": "payment_alias", "payment": "shop:order-1", "alias": "shop:pay-1"}),
            json!({"type": "customer_seen", "event": "shop:e-1", "customer": "shop:casey", "occurred_at": at}),
            json!({"type": "sign_up", "event": "shop:e-2", "customer": "shop:casey", "occurred_at": at}),
            json!({"type": "lead", "event": "shop:e-3", "email": domain::email::digest("casey@customer.example"),
                   "occurred_at": at}),
        ];
        for event in facts {
            let told = translate(event.clone()).expect("a fact");
            let [fact] = told.as_slice() else { panic!("not one: {event}") };
            let again = translate(serde_json::to_value(fact).expect("JSON")).expect("a fact");
            assert_eq!(again, told, "{event}");
        }
        let whole = Fact::SalePaid(the_sale(sale(|_| {})));
        assert_eq!(translate(serde_json::to_value(&whole).expect("JSON")).expect("a fact"), [whole]);
    }

    #[test]
    fn an_amount_that_would_have_to_be_guessed_is_refused_by_its_pointer() {
        let amount = |pointer: &str| Untranslatable::Amount { pointer: pointer.to_owned() };
        let currency = |pointer: &str| Untranslatable::Currency { pointer: pointer.to_owned() };
        let rows = [
            ("paid", json!("-1.00 EUR"), amount("/paid")),
            ("paid", json!("1.005 EUR"), amount("/paid")),
            ("paid", json!("1.00 XYZ"), currency("/paid")),
            ("paid", json!("1.00"), currency("/paid")),
            ("tax", json!("1.00 USD"), amount("/tax")),
            ("items", json!([{"product": "a", "amount": "-1.00 EUR"}]), amount("/items/0/amount")),
            ("items", json!([{"product": "a", "amount": "9900.00 EUR"}]), amount("/items")),
            ("items", json!([{"product": "a", "amount": "98.99 EUR"}]), amount("/items")),
        ];
        for (name, value, expected) in rows {
            let told = translate(sale(|fields| {
                fields.insert(name.to_owned(), value.clone());
            }));
            assert!(matches!(&told, Err(NotAFact::Amount(why)) if *why == expected), "{name} {value}: {told:?}");
        }
    }

    #[test]
    fn a_fact_may_come_in_an_envelope_whose_timestamp_is_when_it_happened() {
        let mut bare = sale(|_| {});
        let mut data = bare.clone();
        let fields = data.as_object_mut().expect("an object");
        let (kind, at) = (fields.remove("type"), fields.remove("occurred_at"));
        let event = json!({"type": kind, "timestamp": at, "data": data});
        assert_eq!(the_sale(unwrapped(&event)), the_sale(bare.clone()));
        // What the fact says of itself holds.
        bare["occurred_at"] = json!("2026-11-20T12:00:00Z");
        let event = json!({"type": "sale_paid", "timestamp": "2026-11-21T12:00:00Z", "data": bare});
        assert_eq!(the_sale(unwrapped(&event)).occurred_at.to_string(), "2026-11-20T12:00:00Z");
        assert_eq!(unwrapped(&json!({"type": "sale_paid", "data": 7})), json!({"type": "sale_paid", "data": 7}));
    }

    #[test]
    fn what_is_no_fact_is_refused() {
        for event in [
            json!(null),
            json!({}),
            json!({"type": "moon"}),
            sale(|fields| drop(fields.remove("payment"))),
            sale(|fields| {
                fields.insert("paid".to_owned(), json!(99));
            }),
        ] {
            assert!(matches!(translate(event.clone()), Err(NotAFact::Shape(_))), "{event}");
        }
    }
}
