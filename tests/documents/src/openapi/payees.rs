//! The details of a payout method are told by schemas of their own: here they are held against what reads them.

use std::collections::BTreeSet;

use domain::payee::{AccountKind, Destination, HolderKind, PostalAddress, Rail};
use serde_json::{Value, json};

use super::limits::words_of;
use super::merged;

fn address() -> PostalAddress {
    let text = str::to_owned;
    PostalAddress {
        line1: text("1 Main St"),
        line2: Some(text("Room 2")),
        city: text("New York"),
        region: Some(text("NY")),
        postal_code: text("10001"),
        country: text("US"),
    }
}

/// One of each kind, with everything that may be said; a rail that is added has no place here until it is told.
fn destination(rail: Rail) -> Destination {
    let text = str::to_owned;
    let (holder, email, iban) = (text("Ada Lovelace"), text("ada@partner.example"), text("GB82WEST12345698765432"));
    match rail {
        Rail::StripeConnect => Destination::StripeConnect { account_id: text("acct_1PgafTB7WZ01zgkW") },
        Rail::Ach => Destination::Ach {
            holder,
            holder_kind: HolderKind::Personal,
            routing_number: text("021000021"),
            account_number: text("000123456789"),
            account_kind: AccountKind::Checking,
        },
        Rail::Paypal => Destination::Paypal { email },
        Rail::Wise => Destination::Wise { holder, email, iban: Some(iban) },
        Rail::Csv => Destination::Csv { holder, iban },
        Rail::Check => Destination::Check { payable_to: holder, address: address() },
        Rail::Manual => Destination::Manual { holder, instructions: text("cash") },
        Rail::External => Destination::External { reference: text("42") },
    }
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn required(schema: &Value) -> BTreeSet<String> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The fields are those of the value, and what may be left out is what is read without it.
fn assert_told(schema: &Value, whole: &Value, is_read: impl Fn(&Value) -> bool) {
    assert_eq!(names(&schema["properties"]), names(whole), "{schema}");
    assert!(is_read(whole), "{whole}");
    for name in names(whole) {
        let mut without = whole.clone();
        without.as_object_mut().expect("an object").remove(&name);
        assert_eq!(is_read(&without), !required(schema).contains(&name), "without {name}: {schema}");
    }
}

#[test]
fn the_details_of_a_payout_method_are_told_as_they_are_read() {
    let document = merged();
    let schemas = &document["components"]["schemas"];
    let details = &schemas["PayoutDetails"];
    let kinds = details["oneOf"].as_array().expect("a kind for each rail");
    assert_eq!(kinds.len(), Rail::ALL.len());
    for rail in Rail::ALL {
        let tag = json!([rail.word()]);
        let schema = kinds.iter().find(|kind| kind["properties"]["rail"]["enum"] == tag);
        let whole = serde_json::to_value(destination(rail)).expect("JSON");
        let is_read = |value: &Value| serde_json::from_value::<Destination>(value.clone()).is_ok();
        assert_told(schema.unwrap_or_else(|| panic!("{} is not told", rail.word())), &whole, is_read);
        assert!(rails::payee::check(&destination(rail)).is_ok(), "{} can be paid so", rail.word());
    }
    let example: Destination = serde_json::from_value(details["example"].clone()).expect("the example is read");
    assert!(rails::payee::check(&example).is_ok());
    let address = serde_json::to_value(address()).expect("JSON");
    let is_read = |value: &Value| serde_json::from_value::<PostalAddress>(value.clone()).is_ok();
    assert_told(&schemas["PostalAddress"], &address, is_read);
    assert!(is_read(&schemas["PostalAddress"]["example"]));
    for (name, words) in [("HolderKindWord", words_of::<HolderKind>()), ("AccountKindWord", words_of::<AccountKind>())]
    {
        assert_eq!(schemas[name]["enum"], words["enum"], "{name}");
    }
}
