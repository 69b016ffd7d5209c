//! Lambda's event filtering: which records of a stream a function is shown.
//!
//! Understood are equality with text, number, true, false and null, `exists`, `prefix`, `suffix`, `anything-but`
//! with plain values, and nested keys. Anything else is refused when the template is read.

use serde_json::Value;

/// Whether the pattern uses only what is understood.
///
/// # Errors
/// Names the part that is not.
pub fn check(pattern: &Value) -> Result<(), String> {
    let Value::Object(fields) = pattern else {
        return Err(format!("a filter pattern is an object, not {pattern}"));
    };
    for (name, inner) in fields {
        match inner {
            Value::Object(_) => check(inner)?,
            Value::Array(rules) if !rules.is_empty() => rules.iter().try_for_each(check_rule)?,
            _ => return Err(format!("{name}: a rule is a list of allowed values")),
        }
    }
    Ok(())
}

fn check_rule(rule: &Value) -> Result<(), String> {
    let Value::Object(rule) = rule else { return Ok(()) };
    for (operator, operand) in rule {
        let fine = match operator.as_str() {
            "exists" => operand.is_boolean(),
            "prefix" | "suffix" => operand.is_string(),
            "anything-but" => match operand {
                Value::Array(items) => items.iter().all(|item| !item.is_object()),
                other => !other.is_object(),
            },
            _ => false,
        };
        if !fine {
            return Err(format!("the filter rule {{{operator:?}: {operand}}} is not understood"));
        }
    }
    Ok(())
}

/// Whether one record passes: any of the patterns, or all records when there are none.
pub fn passes(patterns: &[Value], record: &Value) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, Some(record)))
}

fn matches(pattern: &Value, value: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => {
            fields.iter().all(|(name, inner)| matches(inner, value.and_then(|value| value.get(name))))
        }
        Value::Array(rules) => match value {
            Some(Value::Array(items)) => rules.iter().any(|rule| items.iter().any(|item| allows(rule, Some(item)))),
            other => rules.iter().any(|rule| allows(rule, other)),
        },
        _ => false,
    }
}

fn allows(rule: &Value, value: Option<&Value>) -> bool {
    let Value::Object(rule) = rule else {
        return value == Some(rule);
    };
    rule.iter().all(|(operator, operand)| match operator.as_str() {
        "exists" => operand.as_bool() == Some(value.is_some()),
        "prefix" => texts(value, operand).is_some_and(|(text, part)| text.starts_with(part)),
        "suffix" => texts(value, operand).is_some_and(|(text, part)| text.ends_with(part)),
        "anything-but" => value.is_some_and(|value| match operand {
            Value::Array(items) => !items.contains(value),
            other => other != value,
        }),
        _ => false,
    })
}

fn texts<'a>(value: Option<&'a Value>, operand: &'a Value) -> Option<(&'a str, &'a str)> {
    Some((value?.as_str()?, operand.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, passes};

    #[test]
    fn a_record_passes_when_any_pattern_matches_all_its_fields() {
        let record =
            json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"entity": {"S": "sale"}, "n": {"N": "1"}}}});
        let rows = [
            (json!({"eventName": ["INSERT", "MODIFY"]}), true),
            (json!({"eventName": ["REMOVE"]}), false),
            (json!({"dynamodb": {"NewImage": {"entity": {"S": ["sale"]}}}}), true),
            (json!({"dynamodb": {"NewImage": {"entity": {"S": [{"prefix": "sa"}]}}}}), true),
            (json!({"dynamodb": {"NewImage": {"entity": {"S": [{"suffix": "xx"}]}}}}), false),
            (json!({"dynamodb": {"OldImage": {"entity": {"S": [{"exists": false}]}}}}), true),
            (json!({"dynamodb": {"NewImage": {"entity": {"S": [{"anything-but": ["sale"]}]}}}}), false),
        ];
        for (pattern, expected) in rows {
            assert_eq!(check(&pattern), Ok(()), "{pattern}");
            assert_eq!(passes(std::slice::from_ref(&pattern), &record), expected, "{pattern}");
        }
        assert!(passes(&[], &record));
    }

    #[test]
    fn a_rule_that_is_not_understood_is_refused() {
        for pattern in [json!({"a": [{"numeric": [">", 1]}]}), json!({"a": "b"}), json!(["x"])] {
            assert!(check(&pattern).is_err(), "{pattern}");
        }
    }
}
