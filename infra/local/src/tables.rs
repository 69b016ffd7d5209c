//! The tables: dynoxide, with what the template says about each.

use dynoxide::Database;
use serde_json::{Value, json};

use crate::template::{Plan, TablePlan};

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database refused.
    #[error("creating table {table}")]
    Refused {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: dynoxide::DynoxideError,
    },
    /// The template's definition is no CreateTable request.
    #[error("reading the definition of table {table}")]
    Shape {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
}

/// Creates the tables that are not there yet, with indexes, streams and time to live.
///
/// # Errors
/// The definition is malformed, or the database refuses it.
pub fn create(db: &Database, plan: &Plan) -> Result<(), TableError> {
    for table in plan.tables.values() {
        let known = db.get_table_metadata(&table.name).map_err(|source| refused(table, source))?;
        if known.is_none() {
            create_one(db, table)?;
        }
    }
    Ok(())
}

fn create_one(db: &Database, table: &TablePlan) -> Result<(), TableError> {
    let request = read(table, table.create.clone())?;
    db.create_table(request).map_err(|source| refused(table, source))?;
    if let Some(attribute) = &table.ttl_attribute {
        let spec = json!({"AttributeName": attribute, "Enabled": true});
        let request = read(table, json!({"TableName": table.name, "TimeToLiveSpecification": spec}))?;
        db.update_time_to_live(request).map_err(|source| refused(table, source))?;
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(table: &TablePlan, value: Value) -> Result<T, TableError> {
    serde_json::from_value(value).map_err(|source| TableError::Shape { table: table.name.clone(), source })
}

fn refused(table: &TablePlan, source: dynoxide::DynoxideError) -> TableError {
    TableError::Refused { table: table.name.clone(), source }
}
