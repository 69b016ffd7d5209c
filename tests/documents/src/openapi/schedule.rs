//! When payouts are built is told by a schema of its own: here it is held against what reads it.

use domain::payout::schedule::Schedule;
use serde_json::{Value, json};

use super::merged;

/// What a schedule of these words is read as, if it can be meant.
fn read(value: Value) -> Option<Schedule> {
    serde_json::from_value::<Schedule>(value).ok().filter(|schedule| schedule.is_fine())
}

#[test]
fn the_schedule_of_payouts_is_told_as_it_is_read() {
    let document = merged();
    let schemas = &document["components"]["schemas"];
    let told = &schemas["PayoutSchedule"];
    let mut kinds: Vec<&str> = told["oneOf"]
        .as_array()
        .expect("a form for each kind")
        .iter()
        .filter_map(|kind| kind["$ref"].as_str()?.rsplit('/').next())
        .map(|name| &schemas[name])
        .inspect(|kind| assert_eq!(kind["additionalProperties"], json!(false), "{kind}"))
        .filter_map(|kind| kind["required"][0].as_str())
        .collect();
    kinds.sort_unstable();
    let unknown = serde_json::from_value::<Schedule>(json!({"yearly": 1})).expect_err("no such kind").to_string();
    assert!(unknown.ends_with("expected `day_of_month` or `weekly`"), "another kind is to be told: {unknown}");
    assert_eq!(kinds, ["day_of_month", "weekly"]);
    assert!(read(told["example"].clone()).is_some(), "{}", told["example"]);
    let bound = |name: &str| schemas["DayOfMonth"][name].as_u64().expect("a bound");
    for (day, is_read) in [
        (bound("minimum") - 1, false),
        (bound("minimum"), true),
        (bound("maximum"), true),
        (bound("maximum") + 1, false),
    ] {
        assert_eq!(read(json!({"day_of_month": day})).is_some(), is_read, "day {day}");
    }
    let words = schemas["WeekdayWord"]["enum"].as_array().expect("words");
    assert_eq!(words.len(), 7);
    for word in words {
        assert!(read(json!({"weekly": word})).is_some(), "{word}");
    }
    assert_eq!(read(json!({"weekly": "monday", "day_of_month": 1})), None, "one of them, and nothing beside it");
}
