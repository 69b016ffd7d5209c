//! One update of one item: its parts, names, values and conditions.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use crate::StoreError;
use crate::item::{self, Attributes};
use crate::keys::Key;

/// Collects one update: its parts, names, values and conditions.
pub(crate) struct UpdateBuilder<'a> {
    table: &'a str,
    key: &'a Key,
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: Attributes,
    values: Attributes,
}

impl<'a> UpdateBuilder<'a> {
    pub(crate) fn new(table: &'a str, key: &'a Key) -> Self {
        let (set, add, remove, conditions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { table, key, set, add, remove, conditions, names: Attributes::new(), values: Attributes::new() }
    }

    /// `attribute = value`.
    pub(crate) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = {value}"));
        self
    }

    /// `attribute = value`, unless it is there.
    pub(crate) fn set_if_absent(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    /// `attribute += value`, from zero when absent.
    pub(crate) fn add(mut self, attribute: &str, minor: i64) -> Self {
        let (name, value) = (self.name(attribute), self.value(item::number(minor)));
        self.add.push(format!("{name} {value}"));
        self
    }

    /// The list gets one more at its end; it begins when absent.
    pub(crate) fn append(self, attribute: &str, value: AttributeValue) -> Self {
        self.append_all(attribute, vec![value])
    }

    /// The list gets several more at its end; it begins when absent.
    pub(crate) fn append_all(mut self, attribute: &str, values: Vec<AttributeValue>) -> Self {
        let (name, one) = (self.name(attribute), self.value(AttributeValue::L(values)));
        let none = self.value(AttributeValue::L(Vec::new()));
        self.set.push(format!("{name} = list_append(if_not_exists({name}, {none}), {one})"));
        self
    }

    /// The attribute goes.
    pub(crate) fn remove(mut self, attribute: &str) -> Self {
        let name = self.name(attribute);
        self.remove.push(name);
        self
    }

    /// `attribute = value`, or the attribute is absent where `value` is `None`.
    pub(crate) fn require(mut self, attribute: &str, value: Option<AttributeValue>) -> Self {
        let name = self.name(attribute);
        let condition = match value {
            Some(value) => format!("{name} = {}", self.value(value)),
            None => format!("attribute_not_exists({name})"),
        };
        self.conditions.push(condition);
        self
    }

    /// The attribute is absent, or has the value.
    pub(crate) fn require_absent_or(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.conditions.push(format!("(attribute_not_exists({name}) OR {name} = {value})"));
        self
    }

    /// The attribute is absent, or less than the value.
    pub(crate) fn require_below(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.conditions.push(format!("(attribute_not_exists({name}) OR {name} < {value})"));
        self
    }

    /// The attribute is there, and more than the value.
    pub(crate) fn require_above(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.conditions.push(format!("{name} > {value}"));
        self
    }

    /// The set of texts gets one more; it begins when absent.
    pub(crate) fn add_to_set(mut self, attribute: &str, text: &str) -> Self {
        let name = self.name(attribute);
        let one = self.value(AttributeValue::Ss(vec![text.to_owned()]));
        self.add.push(format!("{name} {one}"));
        self
    }

    /// The set is absent, or has fewer members than so many.
    pub(crate) fn require_fewer(mut self, attribute: &str, members: i64) -> Self {
        let (name, members) = (self.name(attribute), self.value(item::number(members)));
        self.conditions.push(format!("(attribute_not_exists({name}) OR size({name}) < {members})"));
        self
    }

    pub(crate) fn build(self) -> Result<Update, StoreError> {
        let clause = |word: &str, parts: &[String]| {
            if parts.is_empty() { String::new() } else { format!("{word} {} ", parts.join(", ")) }
        };
        let expression = [clause("SET", &self.set), clause("ADD", &self.add), clause("REMOVE", &self.remove)].concat();
        let conditions = self.conditions.join(" AND ");
        let names = self
            .names
            .into_iter()
            .filter_map(|(name, value)| value.as_s().ok().cloned().map(|value| (name, value)))
            .collect();
        Update::builder()
            .table_name(self.table)
            .set_key(Some(item::key_map(self.key)))
            .update_expression(expression.trim_end())
            .set_condition_expression((!conditions.is_empty()).then_some(conditions))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!self.values.is_empty()).then_some(self.values))
            .build()
            .map_err(|error| item::inconsistent(self.key, error))
    }

    pub(crate) fn build_transact(self) -> Result<TransactWriteItem, StoreError> {
        Ok(TransactWriteItem::builder().update(self.build()?).build())
    }

    fn name(&mut self, attribute: &str) -> String {
        let known = self.names.iter().find(|(_, value)| value.as_s().is_ok_and(|value| value == attribute));
        if let Some((name, _)) = known {
            return name.clone();
        }
        let name = format!("#n{}", self.names.len());
        self.names.insert(name.clone(), item::text(attribute));
        name
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":v{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }
}
