//! The tables' own protocol without the client's machinery, for the one write that a visitor waits for.
//!
//! What lives here: the words of one update, and what its answer says. What does not: addresses, signatures, connections;
//! whoever has those is a [`Wire`]. Every other access pattern goes by the client (docs/adr/0021).

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use domain::time::Timestamp;
use domain::touch::day_of;
use futures::future::BoxFuture;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::keys::Key;
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey};

/// What the tables answered.
#[derive(Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// All of the body.
    pub body: Vec<u8>,
}

/// Carries one request to the tables and its answer back, once: nothing is tried again.
pub trait Wire: Debug + Send + Sync {
    /// Sends the body of an operation.
    fn carry(
        &self,
        operation: &'static str,
        body: Vec<u8>,
    ) -> BoxFuture<'static, Result<Answer, Box<dyn Error + Send + Sync>>>;
}

/// The tables said no.
#[derive(Debug, Error)]
#[error("the tables answered {status}: {kind}")]
struct Refused {
    status: u16,
    kind: String,
}

/// Of what a refusal says, the kind: its message can repeat the request.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(rename = "__type", default)]
    kind: String,
}

/// A value, as the protocol writes it: under the letter of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Value {
    /// Text.
    S(String),
    /// A number, in digits.
    N(String),
    /// Values by name.
    M(BTreeMap<String, Value>),
}

/// An update of one item that answers what stood before of what it changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Update<'a> {
    pub(crate) table_name: &'a str,
    #[serde(serialize_with = "key")]
    pub(crate) key: &'a Key,
    pub(crate) update_expression: &'a str,
    pub(crate) condition_expression: &'a str,
    #[serde(serialize_with = "by_name")]
    pub(crate) expression_attribute_names: &'a [(&'static str, &'static str)],
    #[serde(serialize_with = "by_name")]
    pub(crate) expression_attribute_values: &'a [(&'static str, Value)],
    pub(crate) return_values: &'static str,
}

#[derive(Deserialize)]
struct Updated {
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    table_name: &'a str,
    #[serde(serialize_with = "key")]
    key: &'a Key,
}

fn key<S: Serializer>(key: &&Key, out: S) -> Result<S::Ok, S::Error> {
    let text = |text: &String| Value::S(text.clone());
    let mut map = out.serialize_map(Some(2))?;
    map.serialize_entry("pk", &text(&key.pk))?;
    map.serialize_entry("sk", &text(&key.sk))?;
    map.end()
}

fn by_name<S: Serializer, V: Serialize>(rows: &&[(&'static str, V)], out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(rows.iter().map(|(name, value)| (name, value)))
}

impl Store {
    /// The same tables, of which visits are told over a wire.
    #[must_use]
    pub fn over(self, wire: std::sync::Arc<dyn Wire>) -> Self {
        Self { wire: Some(wire), ..self }
    }

    /// Opens the wire's connection, where there is one, by asking for the day's salt: the first visitor need not wait for it.
    ///
    /// # Errors
    /// The tables are away.
    pub async fn open_wire(&self, at: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "opening the wire";
        let Some(wire) = &self.wire else { return Ok(()) };
        let get = Get { table_name: &self.tables.ops, key: &TenantKey::salt(&day_of(at)) };
        carried(wire.as_ref(), "GetItem", &get, DOING).await.map(|_| ())
    }
}

/// Sends an update: which attributes stood there before, of those that it changed.
pub(crate) async fn update(
    wire: &dyn Wire,
    update: &Update<'_>,
    doing: &'static str,
) -> Result<impl Fn(&str) -> bool + use<>, StoreError> {
    let body = carried(wire, "UpdateItem", update, doing).await?;
    let updated: Updated = serde_json::from_slice(&body).map_err(|error| unavailable(doing, error))?;
    Ok(move |name: &str| updated.attributes.contains_key(name))
}

async fn carried(
    wire: &dyn Wire,
    operation: &'static str,
    told: &impl Serialize,
    doing: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let body = serde_json::to_vec(told).map_err(|error| unavailable(doing, error))?;
    let answer = wire.carry(operation, body).await;
    let Answer { status, body } = answer.map_err(|source| StoreError::Unavailable { doing, source })?;
    if status == 200 {
        return Ok(body);
    }
    let Said { kind } = serde_json::from_slice(&body).unwrap_or_default();
    Err(unavailable(doing, Refused { status, kind }))
}
