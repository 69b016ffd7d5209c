use super::variables::{CLOCK_OFFSET_MS, CORE_TABLE, FALLBACK_URL, STAGE};
use super::*;

#[test]
fn all_faults_are_told_at_once_and_no_value_is_shown() {
    let mut reader = Reader::from_map([("CLOCK_OFFSET_MS", "soon-hunter2"), ("CORE_TABLE", " ")]);
    let config = (reader.text(&STAGE), reader.text(&CORE_TABLE), reader.parsed::<i64>(&CLOCK_OFFSET_MS));
    let faults = reader.finish(config).expect_err("three faults");
    let shown = faults.to_string();
    assert_eq!(faults.0.iter().map(|f| f.name).collect::<Vec<_>>(), ["STAGE", "CORE_TABLE", "CLOCK_OFFSET_MS"]);
    assert_eq!(shown.lines().count(), 4, "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn an_optional_variable_may_be_missing_or_empty() {
    let mut reader = Reader::from_map([("FALLBACK_URL", "")]);
    let config = (reader.optional(&FALLBACK_URL), reader.parsed::<i64>(&CLOCK_OFFSET_MS));
    assert_eq!(reader.finish(config), Ok((None, None)));
}
