//! template.yaml, read as the small cloud's own plan: what it does not say does not run.

mod build;
mod intrinsics;
mod known;
mod plan;
mod properties;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

pub use intrinsics::{Named, Scope};
pub use plan::{
    Bucket, Cors, Distribution, FunctionPlan, KeyPlan, OnFailure, Plan, QueuePlan, QueueSource, Redrive, Route,
    SchedulePlan, Secret, StreamSource, TablePlan, Unattended,
};

/// One thing wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// Resource and property, with dots.
    pub at: String,
    /// What is wrong, in words.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.at, self.why)
    }
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("reading {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that is not understood.
    #[error("{}", faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
    Refused {
        /// All of it.
        faults: Vec<Fault>,
    },
}

/// Where a plan is to run: the names that a deployment would get from AWS.
#[derive(Debug, Clone)]
pub struct Place {
    /// The stack's name.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
    /// The address of the HTTP API, without a slash at the end.
    pub http_url: String,
    /// Parameters that differ from their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Names of resources that are minted at creation (keys, secrets), by logical id.
    pub minted: BTreeMap<String, Named>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            stack: "tributary-local".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            http_url: "http://127.0.0.1:8080".to_owned(),
            parameters: BTreeMap::new(),
            minted: BTreeMap::new(),
        }
    }
}

/// A template that has been read, not yet placed.
#[derive(Debug, Clone)]
pub struct Template {
    tree: Value,
    lines: yaml::Lines,
}

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

impl Template {
    /// Reads a file.
    ///
    /// # Errors
    /// The file is missing or is no YAML.
    pub fn read(path: &Path) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TemplateError::Unreadable { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// The text is no YAML, or has a section that CloudFormation does not know.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let tree = yaml::read(text).map_err(|(line, why)| TemplateError::Refused {
            faults: vec![Fault { line, at: "YAML".to_owned(), why }],
        })?;
        let template = Self { tree, lines: yaml::Lines::index(text) };
        let mut faults = Vec::new();
        for section in template.tree.as_object().into_iter().flat_map(Map::keys) {
            if !SECTIONS.contains(&section.as_str()) {
                faults.push(template.fault(&[section], "is no section of a template"));
            }
        }
        if template.section("Resources").is_empty() {
            faults.push(template.fault(&["Resources"], "a template needs resources"));
        }
        if faults.is_empty() { Ok(template) } else { Err(TemplateError::Refused { faults }) }
    }

    /// The plan of this template in a place.
    ///
    /// # Errors
    /// Every resource, property or expression that is not understood, with its line.
    pub fn plan(&self, place: &Place) -> Result<Plan, TemplateError> {
        build::plan(self, place).map_err(|faults| TemplateError::Refused { faults })
    }

    /// A plan with nothing but the tables, for tests that need no more.
    ///
    /// # Errors
    /// A table's property or expression is not understood.
    pub fn tables(&self, place: &Place) -> Result<Plan, TemplateError> {
        build::tables(self, place).map_err(|faults| TemplateError::Refused { faults })
    }

    fn section(&self, name: &str) -> Map<String, Value> {
        self.tree.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    fn fault(&self, path: &[&str], why: impl Into<String>) -> Fault {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.fault_at(&path, why)
    }

    fn fault_at(&self, path: &[String], why: impl Into<String>) -> Fault {
        let shown: Vec<&str> =
            path.iter().map(String::as_str).filter(|part| !matches!(*part, "Resources" | "Properties")).collect();
        Fault { line: self.lines.of(path), at: shown.join("."), why: why.into() }
    }
}
