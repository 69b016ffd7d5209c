//! The properties of one resource or event, read by name, with faults gathered on the way.

use serde_json::{Map, Value};

use super::known::Known;
use super::{Fault, Scope, Template};

/// Properties with their place in the file.
pub(super) struct Properties<'a> {
    template: &'a Template,
    path: Vec<String>,
    values: Map<String, Value>,
}

impl<'a> Properties<'a> {
    /// Takes the properties that stand at a path, and refuses those that the row does not name.
    pub(super) fn read(
        template: &'a Template,
        scope: &Scope,
        path: Vec<String>,
        values: &Map<String, Value>,
        known: &Known,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut kept = Map::new();
        for (name, value) in values {
            let mut at = path.clone();
            at.push(name.clone());
            if name == "Events" {
                // Each event is read by itself, with a row and faults of its own.
                continue;
            }
            if known.obeyed.contains(&name.as_str()) {
                match scope.resolve(value) {
                    Ok(Some(value)) => {
                        kept.insert(name.clone(), value);
                    }
                    Ok(None) => {}
                    Err(why) => faults.push(template.fault_at(&at, why)),
                }
            } else if !known.deploy_only.contains(&name.as_str()) {
                let why = format!("the small cloud does not understand this property of {}", known.kind);
                faults.push(template.fault_at(&at, why));
            }
        }
        Self { template, path, values: kept }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    pub(super) fn text_or(&self, name: &str, default: &str) -> String {
        self.text(name).unwrap_or_else(|| default.to_owned())
    }

    /// A whole number in a range.
    pub(super) fn number(
        &self,
        name: &str,
        default: u32,
        range: std::ops::RangeInclusive<u32>,
        faults: &mut Vec<Fault>,
    ) -> u32 {
        let Some(text) = self.text(name) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let why = format!("{text} is no whole number from {} to {}", range.start(), range.end());
                faults.push(self.fault(name, why));
                default
            }
        }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        match self.text(name).as_deref() {
            Some("true") => true,
            Some("false") => false,
            _ => default,
        }
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.values.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(super) fn fault(&self, name: &str, why: impl Into<String>) -> Fault {
        let mut at = self.path.clone();
        if !name.is_empty() {
            at.extend(name.split('.').map(str::to_owned));
        }
        self.template.fault_at(&at, why)
    }
}
