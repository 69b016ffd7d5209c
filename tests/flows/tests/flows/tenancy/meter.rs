//! What requests to the tables ask for: how often what is done, and whether they name a key of one tenant.

use serde_json::Value;

use crate::behind::Passed;

/// What stands with the deployment's first tenant and is the deployment's: who is a tenant, whose each programme is, how
/// often jobs were begun by hand, and how their last runs ended.
pub(super) const SHARED: [&str; 4] = ["#tenants", "#program-owners", "#calls#job", "#jobs"];

/// What requests did, each with its tables; in no order, for some are sent at once.
pub(super) fn kinds(passed: &[Passed]) -> Vec<String> {
    let mut kinds: Vec<String> =
        passed.iter().map(|one| format!("{} {}", one.action, tables(&one.body).join(" "))).collect();
    kinds.sort();
    kinds
}

fn tables(value: &Value) -> Vec<String> {
    match value {
        Value::Array(entries) => entries.iter().flat_map(tables).collect(),
        Value::Object(fields) => {
            let own = fields.get("TableName").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(tables)).collect()
        }
        _ => Vec::new(),
    }
}

/// Keys of a tenant's own that requests name.
pub(super) fn keys_of(tenant: &str, passed: &[Passed]) -> Vec<String> {
    let mut keys = Vec::new();
    passed.iter().for_each(|one| read(tenant, &one.body, &mut keys));
    keys
}

fn read(tenant: &str, value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::String(text) if is_own(tenant, text) => keys.push(text.clone()),
        Value::Array(entries) => entries.iter().for_each(|entry| read(tenant, entry, keys)),
        Value::Object(fields) => fields.values().for_each(|field| read(tenant, field, keys)),
        _ => {}
    }
}

/// Is a key the tenant's own, and not the deployment's beside it?
pub(super) fn is_own(tenant: &str, key: &str) -> bool {
    let rest = key.strip_prefix(tenant);
    rest.is_some_and(|rest| rest.starts_with('#') && !SHARED.iter().any(|shared| rest.starts_with(shared)))
}
