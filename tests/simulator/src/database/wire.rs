//! Requests and answers of DynamoDB's protocol, as far as the store speaks it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AttributeValue, Item};

/// An answer: a status and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

impl Answer {
    /// It went well.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self { status: 200, body },
            Err(error) => Self::not_understood(&error.to_string()),
        }
    }

    /// An error of DynamoDB's with its members.
    #[must_use]
    pub fn error(code: &str, members: Value) -> Self {
        let mut body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": code });
        if let (Some(body), Value::Object(members)) = (body.as_object_mut(), members) {
            body.extend(members);
        }
        Self { status: 400, body: body.to_string() }
    }

    /// A request that this database does not understand: a test must see it, not pass over it.
    pub(super) fn not_understood(why: &str) -> Self {
        Self::error("ValidationException", json!({ "message": why }))
    }

    /// A transaction that was cancelled, with a code for each of its items.
    #[must_use]
    pub fn cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<Value> = codes.iter().map(|code| json!({ "Code": code })).collect();
        Self::error("TransactionCanceledException", json!({ "CancellationReasons": reasons }))
    }
}

/// The names of an expression.
pub(super) type Names = Option<HashMap<String, String>>;
/// The values of an expression.
pub(super) type Values = Option<HashMap<String, AttributeValue>>;

/// A write of one item: the members of Put, Update, Delete and ConditionCheck together.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WriteRequest {
    pub(super) table_name: String,
    #[serde(default)]
    pub(super) item: Option<Item>,
    #[serde(default)]
    pub(super) key: Option<Item>,
    #[serde(default)]
    pub(super) update_expression: Option<String>,
    #[serde(default)]
    pub(super) condition_expression: Option<String>,
    #[serde(default)]
    pub(super) return_values: Option<String>,
    #[serde(default)]
    pub(super) return_values_on_condition_check_failure: Option<String>,
    #[serde(default)]
    pub(super) expression_attribute_names: Names,
    #[serde(default)]
    pub(super) expression_attribute_values: Values,
}

/// One item of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactItem {
    #[serde(default)]
    pub(super) put: Option<WriteRequest>,
    #[serde(default)]
    pub(super) update: Option<WriteRequest>,
    #[serde(default)]
    pub(super) delete: Option<WriteRequest>,
    #[serde(default)]
    pub(super) condition_check: Option<WriteRequest>,
}

/// A transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TransactRequest {
    pub(super) transact_items: Vec<TransactItem>,
    #[serde(default)]
    pub(super) client_request_token: Option<String>,
}

/// GetItem.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRequest {
    pub(super) table_name: String,
    pub(super) key: Item,
    #[serde(default)]
    pub(super) consistent_read: Option<bool>,
    #[serde(default)]
    pub(super) projection_expression: Option<String>,
    #[serde(default)]
    pub(super) expression_attribute_names: Names,
}

/// The answer to GetItem; written as it is, for most of a world is answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAnswer<'a> {
    pub(super) item: Cow<'a, Item>,
}

/// The answer to BatchGetItem.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchAnswer<'a> {
    pub(super) responses: BTreeMap<&'a str, Vec<&'a Item>>,
    pub(super) unprocessed_keys: BTreeMap<&'a str, LeftKeys<'a>>,
}

/// Keys of one table that are to be asked again.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LeftKeys<'a> {
    pub(super) keys: &'a [Item],
}

/// The answer to Query.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryAnswer<'a> {
    pub(super) count: usize,
    pub(super) scanned_count: usize,
    pub(super) items: Vec<Cow<'a, Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_evaluated_key: Option<Item>,
}

/// BatchGetItem.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchRequest {
    pub(super) request_items: HashMap<String, BatchKeys>,
}

/// The keys that a BatchGetItem asks of one table.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchKeys {
    pub(super) keys: Vec<Item>,
    #[serde(default)]
    pub(super) consistent_read: Option<bool>,
}

/// Query.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryRequest {
    pub(super) table_name: String,
    #[serde(default)]
    pub(super) index_name: Option<String>,
    pub(super) key_condition_expression: String,
    #[serde(default)]
    pub(super) filter_expression: Option<String>,
    #[serde(default)]
    pub(super) projection_expression: Option<String>,
    #[serde(default)]
    pub(super) consistent_read: Option<bool>,
    /// Of a planted bug alone: the reader sees what was a few writes ago.
    #[serde(default)]
    pub(super) always_stale: bool,
    #[serde(default)]
    pub(super) scan_index_forward: Option<bool>,
    #[serde(default)]
    pub(super) limit: Option<usize>,
    #[serde(default)]
    pub(super) exclusive_start_key: Option<Item>,
    #[serde(default)]
    pub(super) expression_attribute_names: Names,
    #[serde(default)]
    pub(super) expression_attribute_values: Values,
}
