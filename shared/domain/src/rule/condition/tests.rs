use std::collections::BTreeMap;

use super::*;
use crate::currency::Currency;

fn subject<'a>(custom: &'a BTreeMap<String, String>, groups: &'a [String]) -> Subject<'a> {
    Subject {
        product: Some("pro plan"),
        plan: None,
        country: Some("DE"),
        coupon: Some("SAVE10"),
        amount: Money::from_minor(1_000, Currency::USD),
        event: "renewal",
        tier: Tier::Tier2,
        groups,
        link: Some("lnk_1"),
        custom,
    }
}

fn one(text: &str) -> Given {
    Given::One(text.to_owned())
}

fn many(texts: &[&str]) -> Given {
    Given::Many(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn test(field: &str, operator: &str, given: Given) -> Result<Test, OperandError> {
    let field = Field::parse(field).expect("a field");
    Test::try_new(field, Operator::parse(operator).expect("an operator"), given, Currency::USD)
}

/// Field, operator, value, and whether it holds.
fn check(rows: &[(&str, &str, Given, bool)]) {
    let custom = BTreeMap::from([("seats".to_owned(), "12.50".to_owned()), ("note".to_owned(), "ten".to_owned())]);
    let groups = ["gold".to_owned(), "north".to_owned()];
    for (field, operator, given, expected) in rows {
        let made = test(field, operator, given.clone()).expect("a test");
        assert_eq!(made.holds(&subject(&custom, &groups)), *expected, "{field} {operator} {given:?}");
    }
}

#[test]
fn every_operator_holds_as_its_word_says() {
    let rows = [
        ("product", "equals", one("pro plan"), true),
        ("product", "equals", one("pro"), false),
        ("product", "not_equals", one("pro"), true),
        ("product", "starts_with", one("pro"), true),
        ("product", "starts_with", one("plan"), false),
        ("product", "ends_with", one("plan"), true),
        ("product", "contains", one("o p"), true),
        ("product", "contains", one("x"), false),
        ("country", "in", many(&["AT", "DE"]), true),
        ("country", "not_in", many(&["AT", "DE"]), false),
        ("coupon", "exists", Given::Flag(true), true),
        ("coupon", "exists", Given::Flag(false), false),
        // What is missing is neither this nor that.
        ("plan", "equals", one("a"), false),
        ("plan", "not_equals", one("a"), true),
        ("plan", "in", many(&["a"]), false),
        ("plan", "not_in", many(&["a"]), true),
        ("plan", "contains", one("a"), false),
        ("plan", "exists", Given::Flag(false), true),
        ("plan", "exists", Given::Flag(true), false),
        // Amounts as money: 9.00 is below 10.00, though its text is above.
        ("amount", "greater_than", one("9.00"), true),
        ("amount", "greater_than", one("10"), false),
        ("amount", "at_least", one("10"), true),
        ("amount", "less_than", one("10.01"), true),
        ("amount", "less_than", one("10"), false),
        ("amount", "at_most", one("10"), true),
        ("amount", "equals", one("10"), true),
        ("amount", "not_equals", one("10"), false),
        ("amount", "in", many(&["1", "10.00"]), true),
        ("amount", "not_in", many(&["1", "10.00"]), false),
        ("amount", "exists", Given::Flag(true), true),
        ("currency", "equals", one("USD"), true),
        ("currency", "in", many(&["EUR"]), false),
        ("event", "equals", one("renewal"), true),
        ("tier", "at_least", one("tier2"), true),
        ("tier", "greater_than", one("tier2"), false),
        ("tier", "equals", one("tier2"), true),
        ("tier", "not_equals", one("tier2"), false),
        ("tier", "in", many(&["tier1", "tier2"]), true),
        ("tier", "not_in", many(&["tier1", "tier3"]), true),
        ("tier", "exists", Given::Flag(false), false),
    ];
    check(&rows);
}

#[test]
fn groups_are_compared_each_and_own_fields_as_text_or_number() {
    let rows = [
        ("group", "equals", one("gold"), true),
        ("group", "not_equals", one("gold"), false),
        ("group", "in", many(&["south", "north"]), true),
        ("group", "not_in", many(&["south"]), true),
        ("group", "starts_with", one("no"), true),
        ("link", "equals", one("lnk_1"), true),
        ("custom.seats", "greater_than", one("9"), true),
        ("custom.seats", "at_most", one("12.5"), true),
        ("custom.note", "greater_than", one("9"), false),
        ("custom.none", "less_than", one("9"), false),
        ("custom.note", "equals", one("ten"), true),
        ("custom.none", "exists", Given::Flag(false), true),
    ];
    check(&rows);
    let custom = BTreeMap::new();
    let no_groups = test("group", "not_equals", one("gold")).expect("a test");
    assert!(no_groups.holds(&subject(&custom, &[])));
}

#[test]
fn an_amount_of_another_currency_equals_nothing_and_is_neither_above_nor_below() {
    let custom = BTreeMap::new();
    let euros = Subject { amount: Money::from_minor(1_000, Currency::EUR), ..subject(&custom, &[]) };
    for (operator, expected) in [
        ("equals", false),
        ("not_equals", true),
        ("greater_than", false),
        ("at_least", false),
        ("less_than", false),
        ("at_most", false),
    ] {
        assert_eq!(test("amount", operator, one("10")).expect("a test").holds(&euros), expected, "{operator}");
    }
}

#[test]
fn a_value_that_does_not_fit_its_field_and_operator_is_refused() {
    let rows = [
        ("plan", "exists", one("yes"), "exists takes true or false"),
        ("plan", "in", one("a"), "in takes a list of texts"),
        ("plan", "not_in", Given::Flag(true), "not_in takes a list of texts"),
        ("plan", "equals", many(&["a"]), "equals takes one text"),
        ("plan", "in", many(&[]), "an empty list can never match, or always does: name at least one value"),
        ("plan", "equals", one(""), "an empty text is no value; use exists"),
        ("plan", "in", many(&["a", ""]), "an empty text is no value; use exists"),
        ("plan", "greater_than", one("5"), "plan cannot be compared by greater_than"),
        ("amount", "contains", one("5"), "amount cannot be compared by contains"),
        ("amount", "equals", one("5.001"), "USD has 2 decimal places, the amount has 3"),
        ("amount", "in", many(&["5", "x"]), "not an amount; write a decimal string such as \"250.50\""),
        ("tier", "equals", one("tier5"), "unknown tier; use tier1, tier2, tier3 or tier4"),
        ("tier", "ends_with", one("1"), "tier cannot be compared by ends_with"),
        ("currency", "equals", one("usd"), "unknown currency; use an ISO 4217 code such as USD"),
        ("currency", "starts_with", one("U"), "currency cannot be compared by starts_with"),
        ("custom.seats", "at_least", one("ten"), "not a number; write a decimal string such as \"12.5\""),
    ];
    for (field, operator, given, expected) in rows {
        let refused = test(field, operator, given).expect_err("refused").to_string();
        assert_eq!(refused, expected, "{field} {operator}");
    }
}

#[test]
fn all_any_and_depth_are_as_they_are_read() {
    let custom = BTreeMap::new();
    let holds = Condition::Test(test("country", "equals", one("DE")).expect("a test"));
    let fails = Condition::Test(test("country", "equals", one("AT")).expect("a test"));
    let rows = [
        (Condition::All(vec![holds.clone(), holds.clone()]), true, 1),
        (Condition::All(vec![holds.clone(), fails.clone()]), false, 1),
        (Condition::Any(vec![holds.clone(), fails.clone()]), true, 1),
        (Condition::Any(vec![fails.clone(), fails.clone()]), false, 1),
        (Condition::All(vec![]), true, 1),
        (Condition::Any(vec![]), false, 1),
        (
            Condition::All(vec![holds.clone(), Condition::Any(vec![fails, Condition::All(vec![holds.clone()])])]),
            true,
            3,
        ),
        (holds, true, 0),
    ];
    for (condition, expected, depth) in rows {
        assert_eq!((condition.holds(&subject(&custom, &[])), condition.depth()), (expected, depth), "{condition:?}");
    }
}

#[test]
fn names_are_read_as_written_and_a_condition_survives_being_kept() {
    for (name, field) in Field::NAMED {
        assert_eq!((Field::parse(name), field.to_string().as_str()), (Some(field.clone()), name));
    }
    assert_eq!(Field::parse("custom.seats"), Some(Field::Custom("seats".to_owned())));
    assert_eq!([Field::parse("custom."), Field::parse("price")], [None, None]);
    assert_eq!(Operator::ALL.map(Operator::word).map(Operator::parse), Operator::ALL.map(Some));
    assert_eq!(Operator::parse("gt"), None);
    let condition = Condition::All(vec![
        Condition::Test(test("amount", "in", many(&["1", "2"])).expect("a test")),
        Condition::Any(vec![Condition::Test(test("custom.seats", "at_least", one("2.5")).expect("a test"))]),
    ]);
    let kept = serde_json::to_string(&condition).expect("kept");
    assert_eq!(serde_json::from_str::<Condition>(&kept).expect("read"), condition);
}

#[test]
fn amounts_and_tiers_are_in_a_list_or_not_equal_or_there() {
    let rows = [
        ("amount", "in", many(&["5.00", "10.00"]), true),
        ("amount", "not_in", many(&["5.00", "10.00"]), false),
        ("amount", "not_in", many(&["5.00", "10.01"]), true),
        ("amount", "not_equals", one("10.01"), true),
        ("amount", "not_equals", one("10.00"), false),
        ("tier", "exists", Given::Flag(true), true),
        ("tier", "exists", Given::Flag(false), false),
        ("tier", "not_equals", one("tier2"), false),
        ("tier", "not_equals", one("tier3"), true),
        ("tier", "not_in", many(&["tier1", "tier3"]), true),
        ("tier", "not_in", many(&["tier1", "tier2"]), false),
    ];
    check(&rows);
}
