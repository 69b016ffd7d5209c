//! Refusals that do not say again what was sent: an account number in the wrong field would be in an answer, and in the log of
//! whoever called.

/// What a reader of JSON says is wrong, without the value that it found there.
pub(super) fn without_value(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    // The name of a field that is not known is in the pointer, too: it is what the caller looks for.
    let is_value = ["unknown variant ", "invalid type: ", "invalid value: "].iter().any(|kind| found.starts_with(kind));
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    if is_value { format!("{kind}, expected {expected}") } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Ssn,
        Ein,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given {
        #[serde(rename = "kind")]
        _kind: Option<Kind>,
        #[serde(rename = "list")]
        _list: Option<Vec<String>>,
        #[serde(rename = "small")]
        _small: Option<u8>,
    }

    fn said(body: &str) -> String {
        without_value(&serde_json::from_str::<Given>(body).expect_err("wrong").to_string())
    }

    #[test]
    fn a_refusal_does_not_say_again_what_was_sent() {
        let rows = [
            (r#"{"kind": "400-73-9182"}"#, "unknown variant, expected `ssn` or `ein`"),
            (r#"{"kind": "x`, expected `400-73-9182"}"#, "unknown variant, expected `ssn` or `ein`"),
            (r#"{"list": "400-73-9182"}"#, "invalid type: string, expected a sequence"),
            (r#"{"list": "400\"73, expected 9182"}"#, "invalid type: string, expected a sequence"),
            (r#"{"list": 400739182}"#, "invalid type: integer, expected a sequence"),
            (r#"{"list": [40.5]}"#, "invalid type: floating point, expected a string"),
            (r#"{"list": true}"#, "invalid type: boolean, expected a sequence"),
            (r#"{"small": 400739182}"#, "invalid value: integer, expected u8"),
        ];
        for (body, expected) in rows {
            let told = said(body);
            assert!(told.starts_with(expected) && !told.contains("9182"), "{body}: {told}");
        }
    }

    #[test]
    fn what_is_not_known_is_still_named() {
        assert!(said(r#"{"kin": 1}"#).starts_with("unknown field `kin`, expected one of `kind`, `list`, `small`"));
        assert!(said("{").starts_with("EOF while parsing"));
    }
}
