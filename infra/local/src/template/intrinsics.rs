//! Ref, GetAtt, Sub, Join, If and their kin, answered for this machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What `!Ref` and `!GetAtt` of one resource give.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// The answer to `!Ref`.
    pub reference: String,
    /// The answers to `!GetAtt`.
    pub attributes: BTreeMap<String, String>,
}

/// Everything a template's expressions may name.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Parameters and pseudo parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Conditions, as written.
    pub conditions: Map<String, Value>,
    /// Mappings, as written.
    pub mappings: Map<String, Value>,
    /// The resources by logical id.
    pub resources: BTreeMap<String, Named>,
}

impl Scope {
    /// The value with every intrinsic function answered; `None` is `AWS::NoValue`.
    pub fn resolve(&self, value: &Value) -> Result<Option<Value>, String> {
        match value {
            Value::Array(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    out.extend(self.resolve(item)?);
                }
                Ok(Some(Value::Array(out)))
            }
            Value::Object(object) => {
                if let Some((name, argument)) = intrinsic(object) {
                    return self.call(name, argument);
                }
                let mut out = Map::new();
                for (key, value) in object {
                    if let Some(value) = self.resolve(value)? {
                        out.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(out)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    /// Whether the named condition holds.
    pub fn holds(&self, condition: &str) -> Result<bool, String> {
        let written = self.conditions.get(condition).ok_or_else(|| format!("no condition is called {condition}"))?;
        self.truth(written)
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, String> {
        match name {
            "Ref" => self.reference(text_of(name, argument)?),
            "Fn::GetAtt" => self.attribute(argument).map(|text| Some(Value::String(text))),
            "Fn::Sub" => self.sub(argument).map(|text| Some(Value::String(text))),
            "Fn::Join" => self.join(argument).map(|text| Some(Value::String(text))),
            "Fn::If" => self.either(argument),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                let call = Value::Object(Map::from_iter([(name.to_owned(), argument.clone())]));
                self.truth(&call).map(|held| Some(Value::Bool(held)))
            }
            other => Err(format!("{other} is not understood here")),
        }
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, String> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        match self.resources.get(name) {
            Some(named) => Ok(Some(Value::String(named.reference.clone()))),
            None => Err(format!("!Ref {name} names nothing in this template")),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<String, String> {
        let (name, attribute) = match argument {
            Value::String(text) => text.split_once('.').ok_or("!GetAtt needs Name.Attribute")?,
            Value::Array(parts) if parts.len() == 2 => {
                (text_of("Fn::GetAtt", &parts[0])?, text_of("Fn::GetAtt", &parts[1])?)
            }
            _ => return Err("!GetAtt needs Name.Attribute".to_owned()),
        };
        let named = self
            .resources
            .get(name)
            .ok_or_else(|| format!("!GetAtt {name}.{attribute}: no resource is called {name}"))?;
        named
            .attributes
            .get(attribute)
            .cloned()
            .ok_or_else(|| format!("!GetAtt {name}.{attribute}: {name} has no such attribute"))
    }

    fn sub(&self, argument: &Value) -> Result<String, String> {
        let (pattern, locals) = match argument {
            Value::String(pattern) => (pattern.as_str(), Map::new()),
            Value::Array(parts) if parts.len() == 2 => {
                let locals = match self.resolve(&parts[1])? {
                    Some(Value::Object(locals)) => locals,
                    _ => return Err("the second argument of !Sub is a mapping".to_owned()),
                };
                (text_of("Fn::Sub", &parts[0])?, locals)
            }
            _ => return Err("!Sub needs a text".to_owned()),
        };
        let mut out = String::new();
        let mut rest = pattern;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let body = &rest[start + 2..];
            let end = body.find('}').ok_or_else(|| format!("!Sub {pattern:?} lacks a }}"))?;
            let name = body[..end].trim();
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
            } else {
                out.push_str(&self.named_in_sub(name, &locals)?);
            }
            rest = &body[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn named_in_sub(&self, name: &str, locals: &Map<String, Value>) -> Result<String, String> {
        if let Some(value) = locals.get(name) {
            return Ok(plain(value));
        }
        if !name.contains("::")
            && let Some((resource, attribute)) = name.split_once('.')
        {
            return self.attribute(&Value::from(vec![resource, attribute]));
        }
        Ok(self.reference(name)?.map(|value| plain(&value)).unwrap_or_default())
    }

    fn join(&self, argument: &Value) -> Result<String, String> {
        match self.resolve(argument)? {
            Some(Value::Array(parts)) if parts.len() == 2 => {
                let items = parts[1].as_array().ok_or("!Join needs a list")?;
                let texts: Vec<String> = items.iter().map(plain).collect();
                Ok(texts.join(text_of("Fn::Join", &parts[0])?))
            }
            _ => Err("!Join needs a separator and a list".to_owned()),
        }
    }

    fn either(&self, argument: &Value) -> Result<Option<Value>, String> {
        match argument.as_array().map(Vec::as_slice) {
            Some([condition, yes, no]) => {
                let held = self.holds(text_of("Fn::If", condition)?)?;
                self.resolve(if held { yes } else { no })
            }
            _ => Err("!If needs a condition and two values".to_owned()),
        }
    }

    fn find_in_map(&self, argument: &Value) -> Result<Option<Value>, String> {
        let Some(Value::Array(keys)) = self.resolve(argument)? else {
            return Err("!FindInMap needs three keys".to_owned());
        };
        let mut at = &Value::Object(self.mappings.clone());
        for key in &keys {
            let key = plain(key);
            at = at.get(&key).ok_or_else(|| format!("!FindInMap finds no {key}"))?;
        }
        Ok(Some(at.clone()))
    }

    fn truth(&self, value: &Value) -> Result<bool, String> {
        let Some((name, argument)) = value.as_object().and_then(intrinsic) else {
            return Err("a condition is one of Fn::Equals, And, Or, Not, Condition".to_owned());
        };
        let items = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (name, items) {
            ("Fn::Equals", [left, right]) => {
                Ok(self.resolve(left)?.map(|v| plain(&v)) == self.resolve(right)?.map(|v| plain(&v)))
            }
            ("Fn::Not", [inner]) => Ok(!self.truth(inner)?),
            ("Fn::And", items) => items.iter().try_fold(true, |all, item| Ok(all && self.truth(item)?)),
            ("Fn::Or", items) => items.iter().try_fold(false, |any, item| Ok(any || self.truth(item)?)),
            ("Condition", _) => self.holds(text_of("Condition", argument)?),
            _ => Err(format!("{name} is no condition")),
        }
    }
}

fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, value) = object.iter().next()?;
    let one = object.len() == 1;
    (one && (key == "Ref" || key == "Condition" || key.starts_with("Fn::"))).then_some((key, value))
}

fn text_of<'a>(name: &str, value: &'a Value) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{name} needs a text"))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
