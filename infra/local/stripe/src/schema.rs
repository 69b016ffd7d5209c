//! Which parameters a call takes, and their reading: strict, as Stripe's own.
//!
//! What is not listed is `parameter_unknown`; what must be there is `parameter_missing`; what is no number, no
//! boolean or none of the choices is named.

use serde_json::{Map, Value, json};

use crate::form::Tree;
use crate::refusal::Refusal;

/// What a parameter is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text that is not empty.
    Text,
    /// A whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// A second of the epoch.
    Second,
    /// A second of the epoch, or a word.
    SecondOr(&'static str),
    /// A second, or a range `gt`, `gte`, `lt`, `lte`.
    Range,
    /// A currency in lower case.
    Currency,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Texts by name; an empty value removes the name.
    Metadata,
    /// Parameters by name.
    Hash(&'static [Field]),
    /// A list of hashes.
    List(&'static [Field]),
    /// A list of texts.
    Texts,
}

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    is_needed: bool,
    clears: bool,
}

/// A parameter that must be there.
pub(crate) const fn need(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_needed: true, clears: false }
}

/// A parameter that may be there.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_needed: false, clears: false }
}

/// A parameter that may be there, and empty: what it names is unset.
pub(crate) const fn may_clear(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_needed: false, clears: true }
}

const EXPAND: Field = may("expand", Kind::Texts);

/// What every list takes besides its own.
pub(crate) const PAGE: [Field; 3] =
    [may("limit", Kind::Int), may("starting_after", Kind::Text), may("ending_before", Kind::Text)];

/// Reads the parameters of a call: numbers become numbers, what is cleared becomes null.
pub(crate) fn read(tree: &Tree, fields: &[Field], is_list: bool) -> Result<Map<String, Value>, Refusal> {
    let page: &[Field] = if is_list { &PAGE } else { &[] };
    let known: Vec<Field> = fields.iter().chain(page).chain([&EXPAND]).copied().collect();
    hash(tree, &known, "")
}

fn placed(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}[{name}]") }
}

fn hash(tree: &Tree, fields: &[Field], path: &str) -> Result<Map<String, Value>, Refusal> {
    let Tree::Branch(given) = tree else {
        return Err(Refusal::bad(path, "Invalid object"));
    };
    let is_known = |name: &str| fields.iter().any(|field| field.name == name);
    let strangers: Vec<String> =
        given.iter().filter(|(name, _)| !is_known(name)).map(|(name, _)| placed(path, name)).collect();
    if let Some(first) = strangers.first() {
        let several = if strangers.len() > 1 { "s" } else { "" };
        let message = format!("Received unknown parameter{several}: {}", strangers.join(", "));
        return Err(Refusal::parameter("parameter_unknown", first, message));
    }
    let mut read = Map::new();
    for field in fields {
        let path = placed(path, field.name);
        match given.iter().find(|(name, _)| name == field.name) {
            Some((_, tree)) => {
                read.insert(field.name.to_owned(), value(tree, *field, &path)?);
            }
            None if field.is_needed => return Err(Refusal::missing(&path)),
            None => {}
        }
    }
    Ok(read)
}

fn value(tree: &Tree, field: Field, path: &str) -> Result<Value, Refusal> {
    if let Tree::Leaf(text) = tree
        && text.is_empty()
    {
        if field.clears || matches!(field.kind, Kind::Metadata) {
            return Ok(Value::Null);
        }
        let message = format!(
            "You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; \
             however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value."
        );
        return Err(Refusal::parameter("parameter_invalid_empty", path, message));
    }
    match field.kind {
        Kind::Hash(fields) => hash(tree, fields, path).map(Value::Object),
        Kind::Metadata => metadata(tree, path),
        Kind::List(fields) => {
            let Tree::Branch(rows) = tree else { return Err(Refusal::bad(path, "Invalid array")) };
            let rows = rows.iter().map(|(n, row)| hash(row, fields, &placed(path, n)).map(Value::Object));
            rows.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Kind::Texts => match tree {
            Tree::Branch(rows) => {
                let texts = rows.iter().map(|(n, row)| leaf(row, &placed(path, n)).map(|text| json!(text)));
                texts.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Tree::Leaf(_) => Err(Refusal::bad(path, "Invalid array")),
        },
        Kind::Range => match tree {
            Tree::Leaf(text) => whole(text, path),
            Tree::Branch(_) => hash(tree, &BOUNDS, path).map(Value::Object),
        },
        kind => scalar(kind, leaf(tree, path)?, path),
    }
}

const BOUNDS: [Field; 4] =
    [may("gt", Kind::Second), may("gte", Kind::Second), may("lt", Kind::Second), may("lte", Kind::Second)];

fn leaf<'a>(tree: &'a Tree, path: &str) -> Result<&'a str, Refusal> {
    match tree {
        Tree::Leaf(text) => Ok(text),
        Tree::Branch(_) => Err(Refusal::bad(path, "Invalid string: a hash was given")),
    }
}

fn scalar(kind: Kind, text: &str, path: &str) -> Result<Value, Refusal> {
    match kind {
        Kind::Int | Kind::Second => whole(text, path),
        Kind::SecondOr(word) if text == word => Ok(json!(text)),
        Kind::SecondOr(_) => whole(text, path),
        Kind::Bool => match text {
            "true" => Ok(json!(true)),
            "false" => Ok(json!(false)),
            _ => Err(Refusal::bad(path, format!("Invalid boolean: {text}"))),
        },
        Kind::Currency => {
            if text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase()) {
                return Ok(json!(text));
            }
            Err(Refusal::bad(path, format!("Invalid currency: {text}. Stripe takes three letters in lower case.")))
        }
        Kind::Choice(words) if !words.contains(&text) => {
            let (last, before) = words
                .split_last()
                .map_or(("", ""), |(last, before)| (*last, if before.is_empty() { "" } else { "one of " }));
            let listed = words.get(..words.len().saturating_sub(1)).unwrap_or_default().join(", ");
            let listed = if listed.is_empty() { last.to_owned() } else { format!("{listed}, or {last}") };
            Err(Refusal::bad(path, format!("Invalid {path}: must be {before}{listed}")))
        }
        _ => Ok(json!(text)),
    }
}

fn whole(text: &str, path: &str) -> Result<Value, Refusal> {
    text.parse::<i64>()
        .map(|number| json!(number))
        .map_err(|_| Refusal::parameter("parameter_invalid_integer", path, format!("Invalid integer: {text}")))
}

/// At most 50 names of 40 characters, and values of 500.
fn metadata(tree: &Tree, path: &str) -> Result<Value, Refusal> {
    let Tree::Branch(rows) = tree else { return Err(Refusal::bad(path, "Invalid object")) };
    if rows.len() > 50 {
        return Err(Refusal::bad(path, "Metadata can have up to 50 keys"));
    }
    let mut read = Map::new();
    for (name, row) in rows {
        let place = placed(path, name);
        let text = leaf(row, &place)?;
        if name.len() > 40 || text.chars().count() > 500 {
            let message = "Metadata keys have up to 40 characters, and values up to 500";
            return Err(Refusal::bad(&place, message));
        }
        let value = if text.is_empty() { Value::Null } else { json!(text) };
        read.insert(name.clone(), value);
    }
    Ok(Value::Object(read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    const ITEM: [Field; 2] = [need("price", Kind::Text), may("quantity", Kind::Int)];
    const CALL: [Field; 6] = [
        need("customer", Kind::Text),
        may("items", Kind::List(&ITEM)),
        may("cancel", Kind::Bool),
        may_clear("cancel_at", Kind::Second),
        may("metadata", Kind::Metadata),
        may("collection_method", Kind::Choice(&["charge_automatically", "send_invoice"])),
    ];

    fn told(text: &str) -> (String, String, String) {
        let refusal = read(&form::parse(text.as_bytes()).expect("a form"), &CALL, false).expect_err("refused");
        let said = |name: &str| refusal.error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (said("code"), said("param"), said("message"))
    }

    #[test]
    fn what_is_not_listed_is_named_where_it_stands() {
        let (code, param, message) = told("customer=c&foo=1&bar=2");
        assert_eq!((code.as_str(), param.as_str()), ("parameter_unknown", "foo"));
        assert_eq!(message, "Received unknown parameters: foo, bar");
        assert_eq!(told("customer=c&items[0][price]=p&items[0][colour]=red").1, "items[0][colour]");
    }

    #[test]
    fn what_must_be_there_and_is_not_is_named_where_it_would_stand() {
        assert_eq!(told("cancel=true").1, "customer");
        let (code, param, message) = told("customer=c&items[0][quantity]=1");
        assert_eq!((code.as_str(), param.as_str()), ("parameter_missing", "items[0][price]"));
        assert_eq!(message, "Missing required param: items[0][price].");
    }

    #[test]
    fn what_is_of_another_kind_is_named() {
        assert_eq!(told("customer=c&items[0][price]=p&items[0][quantity]=two").0, "parameter_invalid_integer");
        assert_eq!(told("customer=c&cancel=yes").2, "Invalid boolean: yes");
        assert_eq!(told("customer=").0, "parameter_invalid_empty");
        assert_eq!(
            told("customer=c&collection_method=cash").2,
            "Invalid collection_method: must be one of charge_automatically, or send_invoice"
        );
    }

    #[test]
    fn an_empty_text_unsets_what_can_be_unset() {
        let tree = form::parse(b"customer=c&cancel_at=&metadata[a]=&metadata[b]=2").expect("a form");
        let read = read(&tree, &CALL, false).expect("parameters");
        assert_eq!(Value::Object(read), json!({"customer": "c", "cancel_at": null, "metadata": {"a": null, "b": "2"}}));
    }
}
