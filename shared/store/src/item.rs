//! Items: a struct of serde with `pk`, `sk`, `entity` and `v`, and the way between it and the SDK's map.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::keys::Key;

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The item's own text of where it is, for messages.
pub(crate) fn place_of(attributes: &Attributes) -> (String, String) {
    let text = |name: &str| attributes.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (text("pk"), text("sk"))
}

/// Reads an item.
pub(crate) fn read<T: DeserializeOwned>(attributes: Attributes) -> Result<T, StoreError> {
    let (pk, sk) = place_of(&attributes);
    serde_dynamo::from_item(attributes).map_err(|error| inconsistent(&Key { pk, sk }, error))
}

/// Writes an item: the key, then the struct's own fields.
pub(crate) fn write<T: Serialize>(key: &Key, item: &T) -> Result<Attributes, StoreError> {
    let mut attributes: Attributes = serde_dynamo::to_item(item).map_err(|error| inconsistent(key, error))?;
    attributes.insert("pk".to_owned(), AttributeValue::S(key.pk.clone()));
    attributes.insert("sk".to_owned(), AttributeValue::S(key.sk.clone()));
    // Absent is absent: no attribute of type NULL is stored.
    attributes.retain(|_, value| !value.is_null());
    Ok(attributes)
}

/// The key as the SDK wants it.
pub(crate) fn key_map(key: &Key) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An item that cannot be read, and why.
pub(crate) fn inconsistent(key: &Key, why: impl ToString) -> StoreError {
    StoreError::Inconsistent { pk: key.pk.clone(), sk: key.sk.clone(), why: why.to_string() }
}
