//! From the file to the plan: names first, then each resource in the terms of what runs.

mod distribution;
mod events;
mod functions;
mod names;
mod stores;

use serde_json::{Map, Value};

use super::known::{DEPLOY_ONLY_TYPES, EVENTS, TYPES, known};
use super::properties::Properties;
use super::{Fault, Place, Plan, Scope, Template};

const RESOURCE_KEYS: &[&str] =
    &["Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"];

/// Everything that reading a resource needs.
struct Reading<'a> {
    template: &'a Template,
    place: &'a Place,
    scope: &'a Scope,
    faults: Vec<Fault>,
}

/// One resource, with its properties as written and Globals under them.
struct Resource {
    id: String,
    kind: String,
    properties: Map<String, Value>,
}

impl Resource {
    fn path(&self) -> Vec<String> {
        vec!["Resources".to_owned(), self.id.clone(), "Properties".to_owned()]
    }
}

pub(super) fn plan(template: &Template, place: &Place) -> Result<Plan, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut scope = names::parameters(template, place, &mut faults);
    let resources = resources(template, &scope, &mut faults);
    names::resources(&resources, place, &mut scope);
    let mut reading = Reading { template, place, scope: &scope, faults };
    let mut plan = Plan::default();
    for resource in &resources {
        reading.resource(resource, &mut plan);
    }
    reading.finish(&resources, &mut plan);
    let mut faults = reading.faults;
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(plan) } else { Err(faults) }
}

/// The tables alone, whatever else the file says.
pub(super) fn tables(template: &Template, place: &Place) -> Result<Plan, Vec<Fault>> {
    let mut unheard = Vec::new();
    let mut scope = names::parameters(template, place, &mut unheard);
    let mut resources = resources(template, &scope, &mut unheard);
    resources.retain(|resource| resource.kind == "AWS::DynamoDB::Table");
    names::resources(&resources, place, &mut scope);
    let mut reading = Reading { template, place, scope: &scope, faults: Vec::new() };
    let mut plan = Plan::default();
    for resource in &resources {
        reading.resource(resource, &mut plan);
    }
    if reading.faults.is_empty() { Ok(plan) } else { Err(reading.faults) }
}

impl Reading<'_> {
    fn resource(&mut self, resource: &Resource, plan: &mut Plan) {
        let Some(row) = known(TYPES, &resource.kind) else { return };
        let properties =
            Properties::read(self.template, self.scope, resource.path(), &resource.properties, row, &mut self.faults);
        match resource.kind.as_str() {
            "AWS::DynamoDB::Table" => self.table(resource, &properties, plan),
            "AWS::SQS::Queue" => self.queue(resource, &properties, plan),
            "AWS::S3::Bucket" => self.bucket(resource, plan),
            "AWS::KMS::Key" => self.key(resource, &properties, plan),
            "AWS::SecretsManager::Secret" => self.secret(resource, &properties, plan),
            "AWS::CloudFront::Distribution" => self.distribution(&properties, plan),
            "AWS::Serverless::Function" => self.function(resource, &properties, plan),
            "AWS::Serverless::HttpApi" => self.api(&properties, plan),
            _ => {}
        }
    }

    /// What can be said only when everything has been read.
    fn finish(&mut self, resources: &[Resource], plan: &mut Plan) {
        for resource in resources.iter().filter(|one| one.kind == "AWS::Serverless::Function") {
            self.events(resource, plan);
            self.unattended(resource, plan);
        }
        self.concurrency(plan);
    }

    fn reference(&self, id: &str) -> String {
        self.scope.resources.get(id).map(|named| named.reference.clone()).unwrap_or_default()
    }

    fn attribute(&self, id: &str, attribute: &str) -> String {
        let named = self.scope.resources.get(id);
        named.and_then(|named| named.attributes.get(attribute)).cloned().unwrap_or_default()
    }

    fn event_row(kind: &str) -> Option<&'static super::known::Known> {
        known(EVENTS, kind)
    }
}

/// The resources that exist in this place, each with the Globals of its kind merged in.
fn resources(template: &Template, scope: &Scope, faults: &mut Vec<Fault>) -> Vec<Resource> {
    let globals = globals(template, faults);
    let mut out = Vec::new();
    for (id, written) in template.section("Resources") {
        let path = |key: &str| ["Resources".to_owned(), id.clone(), key.to_owned()];
        for key in written.as_object().into_iter().flat_map(Map::keys) {
            if !RESOURCE_KEYS.contains(&key.as_str()) {
                faults.push(template.fault_at(&path(key), "is no part of a resource"));
            }
        }
        let kind = written.get("Type").and_then(Value::as_str).unwrap_or_default();
        if known(TYPES, kind).is_none() && !DEPLOY_ONLY_TYPES.contains(&kind) {
            let why = format!("the small cloud does not understand resources of type {kind:?}");
            faults.push(template.fault_at(&path("Type"), why));
            continue;
        }
        if let Some(condition) = written.get("Condition").and_then(Value::as_str) {
            match scope.holds(condition) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => {
                    faults.push(template.fault_at(&path("Condition"), why));
                    continue;
                }
            }
        }
        let own = written.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let under = globals.get(kind.trim_start_matches("AWS::Serverless::"));
        let properties = match under.and_then(Value::as_object) {
            Some(under) => merged(under, &own),
            None => own,
        };
        out.push(Resource { id, kind: kind.to_owned(), properties });
    }
    out
}

/// Globals, less the properties that are faults already said.
fn globals(template: &Template, faults: &mut Vec<Fault>) -> Map<String, Value> {
    let mut out = Map::new();
    for (section, values) in template.section("Globals") {
        let row = known(TYPES, &format!("AWS::Serverless::{section}"));
        let mut kept = values.as_object().cloned().unwrap_or_default();
        kept.retain(|name, _| {
            let fine =
                row.is_some_and(|row| row.obeyed.contains(&name.as_str()) || row.deploy_only.contains(&name.as_str()));
            if !fine {
                faults.push(
                    template.fault(&["Globals", &section, name], "the small cloud does not understand this property"),
                );
            }
            fine
        });
        out.insert(section, Value::Object(kept));
    }
    out
}

/// Mappings merge, everything else is replaced, as SAM does it.
fn merged(under: &Map<String, Value>, over: &Map<String, Value>) -> Map<String, Value> {
    let mut out = under.clone();
    for (key, value) in over {
        let value = match (out.get(key), value) {
            (Some(Value::Object(low)), Value::Object(high)) => Value::Object(merged(low, high)),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    out
}
