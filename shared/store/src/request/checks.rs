//! Conditions on items that a transaction does not write.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};

use crate::StoreError;
use crate::item;
use crate::keys::Key;

/// A condition on an item that the transaction does not write.
pub(crate) fn check(table: &str, key: &Key, condition: &str) -> Result<TransactWriteItem, StoreError> {
    let check =
        ConditionCheck::builder().table_name(table).set_key(Some(item::key_map(key))).condition_expression(condition);
    let check = check.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// The condition that marks of an item are absent or below a value, for a transaction that does not write it.
pub(crate) fn check_below(
    table: &str,
    key: &Key,
    marks: &[&str],
    value: &aws_sdk_dynamodb::types::AttributeValue,
) -> Result<TransactWriteItem, StoreError> {
    let conditions: Vec<String> =
        marks.iter().map(|mark| format!("(attribute_not_exists({mark}) OR {mark} < :value)")).collect();
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression(conditions.join(" AND "))
        .expression_attribute_values(":value", value.clone());
    let check = check.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// The condition that a count of an item is not above zero, that a flag is not there, and that another attribute has a
/// value or is absent, for a transaction that does not write it.
pub(crate) fn check_none(
    table: &str,
    key: &Key,
    (count, flag): (&str, &str),
    (other, value): (&str, Option<aws_sdk_dynamodb::types::AttributeValue>),
) -> Result<TransactWriteItem, StoreError> {
    let is_so = if value.is_some() { "#other = :other" } else { "attribute_not_exists(#other)" };
    let none = "(attribute_not_exists(#count) OR #count <= :none) AND attribute_not_exists(#flag)";
    let mut check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression(format!("{none} AND {is_so}"))
        .expression_attribute_names("#count", count)
        .expression_attribute_names("#flag", flag)
        .expression_attribute_names("#other", other)
        .expression_attribute_values(":none", item::number(0));
    if let Some(value) = value {
        check = check.expression_attribute_values(":other", value);
    }
    let check = check.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// The condition that an attribute of an item has a value, for a transaction that does not write it.
pub(crate) fn check_is(
    table: &str,
    key: &Key,
    (attribute, value): (&str, aws_sdk_dynamodb::types::AttributeValue),
) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression("#attribute = :value")
        .expression_attribute_names("#attribute", attribute)
        .expression_attribute_values(":value", value);
    let check = check.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// The condition that an item is still in a version, for a transaction that does not write it.
pub(crate) fn check_version(table: &str, key: &Key, version: u64) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", item::number(version));
    let check = check.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}
