//! An entry as a row of a table: what people look at, and behind it the entry itself, from which the row can be made again.

use std::collections::BTreeMap;

use domain::audit::{AuditEntry, canonical, entity_of};
use serde::Serialize;

/// The columns, in their order; the entry itself is the last.
pub const COLUMNS: [&str; 12] =
    ["at", "actor", "role", "ip", "user_agent", "entity", "entity_id", "action", "old", "new", "person", "entry"];

/// The columns of tables of before the person was told: such a table is proved like any other.
pub const COLUMNS_OF_BEFORE: [&str; 11] =
    ["at", "actor", "role", "ip", "user_agent", "entity", "entity_id", "action", "old", "new", "entry"];

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    at: String,
    actor: String,
    role: &'static str,
    ip: Option<String>,
    user_agent: Option<String>,
    entity: String,
    entity_id: String,
    action: String,
    old: String,
    new: String,
    person: Option<String>,
    entry: String,
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let entity = entity_of(&entry.aggregate);
        // cannot fail: texts and numbers
        let whole = serde_json::to_value(entry).unwrap_or_default();
        Self {
            at: entry.at.clone(),
            actor: entry.actor.id.clone(),
            role: entry.actor.role.word(),
            ip: entry.actor.ip.clone(),
            user_agent: entry.actor.user_agent.clone(),
            entity: entity.kind.to_owned(),
            entity_id: entity.id.to_owned(),
            action: entry.action.clone(),
            old: said(&entry.old),
            new: said(&entry.new),
            person: entry.actor.person.clone(),
            entry: canonical(&whole),
        }
    }
}

fn said(map: &BTreeMap<String, String>) -> String {
    let parts: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    parts.join("; ")
}
