//! Numbers without a fraction are whole, however they are written.

use std::borrow::Cow;

/// The same JSON with `5.0` written as `5`: to JSON, and to a JSON Schema, both are the same integer, and languages whose
/// numbers are all of one kind write the first. Texts stay as they are, and what is no JSON stays so.
pub(super) fn whole(json: &[u8]) -> Cow<'_, [u8]> {
    let (mut kept, mut kept_until, mut at) = (Vec::new(), 0, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'.' if !is_text => {
                if let Some(end) = end_of_nothing(json, at) {
                    kept.extend_from_slice(&json[kept_until..at - 1]);
                    (kept_until, at) = (end, end);
                }
            }
            _ => {}
        }
    }
    if kept_until == 0 {
        return Cow::Borrowed(json);
    }
    kept.extend_from_slice(&json[kept_until..]);
    Cow::Owned(kept)
}

/// Where a fraction that begins here ends, if it is of zeros alone, behind a whole number, and its number ends with it.
fn end_of_nothing(json: &[u8], begin: usize) -> Option<usize> {
    let zeros = json[begin..].iter().take_while(|byte| **byte == b'0').count();
    let end = begin + zeros;
    let ends = json.get(end).is_none_or(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
    (zeros > 0 && ends && is_whole(&json[..begin - 1])).then_some(end)
}

/// Does the text end with a number without a fraction or an exponent?
fn is_whole(before: &[u8]) -> bool {
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = &before[..before.len() - digits];
    let before = before.strip_suffix(b"-").unwrap_or(before);
    let begins = before.last().is_none_or(|byte| matches!(byte, b'[' | b',' | b':') || byte.is_ascii_whitespace());
    digits > 0 && begins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_fraction_of_nothing_is_left_out_and_everything_else_stays() {
        for (given, expected) in [
            (r#"{"a":494.0}"#, r#"{"a":494}"#),
            (r#"[2099.000, -3.0 ,7.0]"#, r#"[2099, -3 ,7]"#),
            ("5.0", "5"),
            (
                r#"{"a.0,":"5.0, \" 6.0,","b":1.50,"c":1.0e3,"d":10}"#,
                r#"{"a.0,":"5.0, \" 6.0,","b":1.50,"c":1.0e3,"d":10}"#,
            ),
            ("5.0.0", "5.0.0"),
            ("1.0.0, 1e5.0, 1e-5.0", "1.0.0, 1e5.0, 1e-5.0"),
            ("5.", "5."),
            (".0", ".0"),
            ("-.0", "-.0"),
        ] {
            assert_eq!(String::from_utf8_lossy(&whole(given.as_bytes())), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_the_same_however_whole_numbers_are_written(
            texts in proptest::collection::vec(".{0,12}", 0..4), numbers in proptest::collection::vec(any::<i32>(), 0..4),
        ) {
            let plain = json!({ "texts": texts, "numbers": numbers });
            let written: Vec<String> = numbers.iter().map(|number| format!("{number}.0")).collect();
            let told = format!(r#"{{"texts":{},"numbers":[{}]}}"#, json!(texts), written.join(","));
            prop_assert_eq!(serde_json::from_slice::<Value>(&whole(told.as_bytes())).expect("JSON"), plain);
        }

        #[test]
        fn what_is_no_json_stays_none(bytes in "[0-9.,\"\\\\\\[\\]{}e -]{0,20}") {
            let is_json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).is_ok();
            prop_assert_eq!(is_json(&whole(bytes.as_bytes())), is_json(bytes.as_bytes()));
        }
    }
}
