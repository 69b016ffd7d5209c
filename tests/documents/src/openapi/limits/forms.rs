//! The forms that values have, each as JSON Schema says it. Words, prefixes and lengths are asked of the types that read
//! them, wherever a type does.

use domain::currency::Currency;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Characters that no text holds.
const CONTROLS: &str = "\\u0000-\\u001f\\u007f-\\u009f";
/// What is nothing to read, besides.
const BLANKS: &str = " \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
/// A host's name with a point in it; its last part begins with a letter, for otherwise it is a number.
const HOST: &str =
    "[A-Za-z0-9]{1,30}(-[A-Za-z0-9]{1,30})?(\\.[A-Za-z0-9]{1,30}(-[A-Za-z0-9]{1,30})?){0,3}\\.[A-Za-z]{2,20}";

/// A line for people: something to read, on one line.
pub(super) fn line(chars_max: usize) -> Value {
    let pattern = format!("^[^{CONTROLS}]*[^{CONTROLS}{BLANKS}][^{CONTROLS}]*$");
    json!({ "minLength": 1, "maxLength": chars_max, "pattern": pattern })
}

/// The same with nothing around it that is not read; where it may be taken away, an empty text does.
pub(super) fn bare(chars_max: usize, is_taken_away: bool) -> Value {
    let (shown, or_none) = (format!("[^{CONTROLS}{BLANKS}]"), if is_taken_away { "?" } else { "" });
    json!({ "maxLength": chars_max, "pattern": format!("^({shown}([^{CONTROLS}]*{shown})?){or_none}$") })
}

/// The same on several lines.
pub(super) fn prose(chars_max: usize) -> Value {
    let apart = "\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f";
    let pattern = format!("^(\\n|[^{CONTROLS}])*[^{CONTROLS}{BLANKS}][^{apart}]*$");
    json!({ "minLength": 1, "maxLength": chars_max, "pattern": pattern })
}

/// A text without control characters, which may be empty.
pub(super) fn plain(chars_max: usize) -> Value {
    json!({ "maxLength": chars_max, "pattern": format!("^[^{CONTROLS}]*$") })
}

/// Any text.
pub(super) fn chars(chars_min: usize, chars_max: usize) -> Value {
    if chars_min == 0 {
        json!({ "maxLength": chars_max })
    } else {
        json!({ "minLength": chars_min, "maxLength": chars_max })
    }
}

/// A text of a form.
pub(super) fn form(pattern: &str) -> Value {
    json!({ "pattern": pattern })
}

/// Letters and the like, so many of them.
pub(super) fn of(class: &str, chars_min: usize, chars_max: usize) -> Value {
    json!({ "minLength": chars_min, "maxLength": chars_max, "pattern": format!("^{class}{{{chars_min},{chars_max}}}$") })
}

/// An id with a prefix, and a ULID behind it.
pub(super) fn id(prefix: &str) -> Value {
    json!({ "pattern": format!("^{prefix}[0-7][0-9A-HJKMNP-TV-Z]{{25}}$") })
}

/// One of these.
pub(super) fn one_of(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// A whole number.
pub(super) fn whole(least: u64, most: u64) -> Value {
    json!({ "minimum": least, "maximum": most })
}

/// A list of so many at most.
pub(super) fn list(items_max: usize) -> Value {
    json!({ "maxItems": items_max })
}

/// A list of at least one.
pub(super) fn some(items_max: usize) -> Value {
    json!({ "minItems": 1, "maxItems": items_max })
}

/// An address of e-mail, as `domain::email` reads it.
pub(super) fn email() -> Value {
    json!({ "format": "email", "maxLength": 254 })
}

/// An amount that is not below zero. How many places it may have, its currency says.
pub(super) fn amount() -> Value {
    form("^[0-9]{1,15}(\\.[0-9]{1,3})?$")
}

/// An amount that may be below zero.
pub(super) fn signed() -> Value {
    form("^-?[0-9]{1,15}(\\.[0-9]{1,3})?$")
}

/// A fraction from 0 to 1 with six places.
pub(super) fn rate() -> Value {
    form("^(0(\\.[0-9]{1,6})?|1(\\.0{1,6})?)$")
}

/// A rate of exchange: above zero, ten places.
pub(super) fn exchange_rate() -> Value {
    form("^(0\\.[0-9]{0,9}[1-9]|[1-9][0-9]{0,5}(\\.[0-9]{1,10})?)$")
}

/// SHA-256 as text.
pub(super) fn digest() -> Value {
    form("^[0-9a-f]{64}$")
}

/// Two capitals.
pub(super) fn country() -> Value {
    form("^[A-Z]{2}$")
}

/// As ISO 3166-2 has it behind the hyphen.
pub(super) fn region() -> Value {
    form("^[A-Z0-9]{1,3}$")
}

/// The name of a zone of time.
pub(super) fn zone() -> Value {
    of("[A-Za-z0-9_+/-]", 1, 64)
}

/// A page's address.
pub(super) fn url() -> Value {
    json!({ "maxLength": 2048, "pattern": format!("^https://{HOST}(/[!-~]*)?$") })
}

/// A host's name.
pub(super) fn host() -> Value {
    json!({ "maxLength": 253, "pattern": format!("^{HOST}$") })
}

/// What a payment provider knows something by, with its name in front: `stripe:cus_1`.
pub(super) fn key() -> Value {
    form("^[a-z_-]{1,20}:[!-\"$-~]{1,170}$")
}

/// A day of this century, by its month. Which years have a 29th of February no pattern tells.
fn calendar(february: &str) -> String {
    let long = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])";
    let short = "(0[469]|11)-(0[1-9]|[12][0-9]|30)";
    format!("20[0-9]{{2}}-({long}|{short}|02-(0[1-9]|1[0-9]|2[0-{february}]))")
}

/// A day of this century; that it is one, `format` says.
pub(super) fn day() -> Value {
    form(&format!("^{}$", calendar("9")))
}

/// An instant, or a day of UTC, of this century.
pub(super) fn instant_or_day() -> Value {
    let time = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z";
    json!({ "maxLength": 40, "pattern": format!("^{}({time})?$", calendar("8")) })
}

/// Every currency that there is here.
pub(super) fn currency() -> Value {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))));
    let known: Vec<String> = codes.filter(|code| Currency::parse(code).is_ok()).collect();
    json!({ "enum": known })
}

/// The words of a type: it names them itself when it is given another.
pub(in crate::openapi) fn words<T: DeserializeOwned>() -> Value {
    let refusal = serde_json::from_value::<T>(json!("\u{1}")).err().map(|error| error.to_string()).unwrap_or_default();
    let named = refusal.split_once("expected").map(|(_, words)| words).unwrap_or_default();
    let words: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
    assert!(!words.is_empty(), "a type that does not name its words: {refusal}");
    json!({ "enum": words })
}

/// A map whose names are of a form.
pub(super) fn named(names: Value, members_max: usize) -> Value {
    json!({ "propertyNames": names, "maxProperties": members_max })
}
