//! YAML with CloudFormation's short tags, as JSON in the long form, and the line of every key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Where each key of the document stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(BTreeMap<Vec<String>, usize>);

impl Lines {
    /// Reads the keys of block mappings and sequences by their indentation.
    pub(super) fn index(text: &str) -> Self {
        let mut found = BTreeMap::new();
        let mut stack: Vec<(usize, String)> = Vec::new();
        let mut counters: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let mut rest = line.trim_start();
            let mut indent = line.len() - rest.len();
            if rest.is_empty() || rest.starts_with('#') {
                continue;
            }
            while let Some(item) = rest.strip_prefix("- ") {
                // A list may stand at its key's own indentation: an item closes only items and deeper keys.
                stack.retain(|(at, segment)| *at < indent || (*at == indent && !is_index(segment)));
                let owner: Vec<String> = stack.iter().map(|(_, key)| key.clone()).collect();
                let next = counters.entry(owner).or_insert(0);
                stack.push((indent, next.to_string()));
                *next += 1;
                let inner = item.trim_start();
                indent += 2 + item.len() - inner.len();
                rest = inner;
                found.entry(path_of(&stack)).or_insert(number + 1);
            }
            if let Some(key) = key_of(rest) {
                stack.retain(|(at, _)| *at < indent);
                stack.push((indent, key.to_owned()));
                found.entry(path_of(&stack)).or_insert(number + 1);
            }
        }
        Self(found)
    }

    /// The line of the path, or of its nearest ancestor that has one.
    pub(super) fn of(&self, path: &[String]) -> usize {
        (0..=path.len()).rev().find_map(|end| self.0.get(&path[..end])).copied().unwrap_or(1)
    }
}

fn is_index(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn path_of(stack: &[(usize, String)]) -> Vec<String> {
    stack.iter().map(|(_, key)| key.clone()).collect()
}

fn key_of(rest: &str) -> Option<&str> {
    let (key, after) = match rest.chars().next()? {
        quote @ ('"' | '\'') => {
            let body = &rest[1..];
            let end = body.find(quote)?;
            (&body[..end], &body[end + 1..])
        }
        '{' | '[' | '!' | '&' | '*' | '|' | '>' => return None,
        _ => {
            let end = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1))?;
            (&rest[..end], &rest[end..])
        }
    };
    after.starts_with(':').then_some(key)
}

/// The document as JSON, with `!Ref X` written `{"Ref": "X"}` and so on.
pub(super) fn read(text: &str) -> Result<Value, (usize, String)> {
    let tree: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(text).map_err(|e| (e.location().map_or(1, |at| at.line()), e.to_string()))?;
    to_json(tree).map_err(|why| (1, why))
}

fn to_json(value: serde_yaml_ng::Value) -> Result<Value, String> {
    use serde_yaml_ng::Value as Yaml;
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => Value::String(number.to_string()),
        },
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = match key {
                    Yaml::String(text) => text,
                    Yaml::Number(number) => number.to_string(),
                    Yaml::Bool(flag) => flag.to_string(),
                    other => return Err(format!("a key that is no text: {other:?}")),
                };
                object.insert(key, to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let inner = to_json(tagged.value)?;
            long_form(name.trim_start_matches('!'), inner)
        }
    })
}

fn long_form(tag: &str, inner: Value) -> Value {
    let (key, inner) = match tag {
        "Ref" | "Condition" => (tag.to_owned(), inner),
        "GetAtt" => {
            let inner = match inner {
                Value::String(text) => match text.split_once('.') {
                    Some((name, attribute)) => Value::from(vec![name, attribute]),
                    None => Value::String(text),
                },
                other => other,
            };
            ("Fn::GetAtt".to_owned(), inner)
        }
        other => (format!("Fn::{other}"), inner),
    };
    Value::Object(Map::from_iter([(key, inner)]))
}
