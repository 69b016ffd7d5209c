//! JSON that two programs write alike: RFC 8785, without fractions, of which an audit entry has none.

use serde_json::Value;

/// The canonical form: names in the order of their UTF-16 code units, no blanks, the shortest escapes.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (n, item) in items.iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (n, (name, value)) in fields.into_iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                write(&Value::String(name.clone()), text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        // serde_json escapes as RFC 8785 asks: the quote, the backslash and control characters, with the five short forms.
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_of_the_standard_comes_out_as_the_standard_says() {
        let string = "\u{20ac}$\u{000F}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"\u{002f}";
        let value = json!({"string": string, "numbers": [333_333_333, 4, 0], "literals": [null, true, false]});
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333,4,0],"#,
            "\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        assert_eq!(canonical(&value), expected);
    }

    #[test]
    fn names_are_sorted_by_utf16_and_not_by_their_bytes() {
        // RFC 8785, 3.2.3: a surrogate pair sorts before a character of the last rows of the basic plane.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = canonical(&value);
        let mut places: Vec<usize> = Vec::new();
        for name in ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"] {
            places.push(text.find(name).expect("a value"));
        }
        assert!(places.is_sorted(), "{text}");
    }
}
