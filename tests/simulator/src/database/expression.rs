//! Condition, update and key expressions, as much of their language as the store speaks. A test holds the answers to
//! those of dynoxide; what is not understood is refused, never passed over.

use std::cmp::Ordering;

use super::wire::{Names, Values};
use super::{AttributeValue, Item};

/// A path's name, or a value's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// `name` or `#alias`.
    Attribute(String),
    /// `:value`.
    Value(String),
    /// `if_not_exists(path, operand)`.
    IfNotExists(String, Box<Operand>),
    /// `a + b`.
    Plus(Box<Operand>, Box<Operand>),
    /// `a - b`.
    Minus(Box<Operand>, Box<Operand>),
    /// `list_append(a, b)`.
    Append(Box<Operand>, Box<Operand>),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Exists(String),
    NotExists(String),
    Compare(Operand, &'static str, Operand),
    Between(Operand, Operand, Operand),
    BeginsWith(Operand, Operand),
    In(Operand, Vec<Operand>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// An update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Update {
    set: Vec<(String, Operand)>,
    add: Vec<(String, Operand)>,
    remove: Vec<String>,
}

/// The names and values that an expression may use.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) names: &'a Names,
    pub(super) values: &'a Values,
}

impl<'a> Words<'a> {
    pub(super) fn name<'b>(self, name: &'b str) -> Result<&'b str, String>
    where
        'a: 'b,
    {
        if !name.starts_with('#') {
            return Ok(name);
        }
        let found = self.names.as_ref().and_then(|names| names.get(name));
        found.map(String::as_str).ok_or_else(|| format!("{name} has no meaning"))
    }

    pub(super) fn value(self, name: &str) -> Result<&'a AttributeValue, String> {
        let found = self.values.as_ref().and_then(|values| values.get(name));
        found.ok_or_else(|| format!("{name} has no value"))
    }
}

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::of(text)?;
        let condition = reader.disjunction()?;
        reader.end()?;
        Ok(condition)
    }

    pub(super) fn holds(&self, item: &Item, words: Words<'_>) -> Result<bool, String> {
        Ok(match self {
            Self::Exists(path) => item.contains_key(words.name(path)?),
            Self::NotExists(path) => !item.contains_key(words.name(path)?),
            Self::And(left, right) => left.holds(item, words)? && right.holds(item, words)?,
            Self::Or(left, right) => left.holds(item, words)? || right.holds(item, words)?,
            Self::Not(inner) => !inner.holds(item, words)?,
            Self::Compare(left, operator, right) => match (left.value(item, words)?, right.value(item, words)?) {
                (Some(left), Some(right)) => compare(&left, operator, &right)?,
                _ => *operator == "<>",
            },
            Self::Between(what, low, high) => {
                let (what, low, high) = (what.value(item, words)?, low.value(item, words)?, high.value(item, words)?);
                match (what, low, high) {
                    (Some(what), Some(low), Some(high)) => compare(&what, ">=", &low)? && compare(&what, "<=", &high)?,
                    _ => false,
                }
            }
            Self::BeginsWith(what, beginning) => match (what.value(item, words)?, beginning.value(item, words)?) {
                (Some(AttributeValue::S(what)), Some(AttributeValue::S(beginning))) => what.starts_with(&beginning),
                _ => false,
            },
            Self::In(what, list) => {
                let Some(what) = what.value(item, words)? else { return Ok(false) };
                for other in list {
                    if let Some(other) = other.value(item, words)?
                        && compare(&what, "=", &other)?
                    {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }
}

impl Operand {
    pub(super) fn value(&self, item: &Item, words: Words<'_>) -> Result<Option<AttributeValue>, String> {
        Ok(match self {
            Self::Attribute(path) => item.get(words.name(path)?).cloned(),
            Self::Value(name) => Some(words.value(name)?.clone()),
            Self::IfNotExists(path, otherwise) => match item.get(words.name(path)?) {
                Some(value) => Some(value.clone()),
                None => otherwise.value(item, words)?,
            },
            Self::Plus(left, right) => Some(sum(left.value(item, words)?, right.value(item, words)?, 1)?),
            Self::Minus(left, right) => Some(sum(left.value(item, words)?, right.value(item, words)?, -1)?),
            Self::Append(left, right) => match (left.value(item, words)?, right.value(item, words)?) {
                (Some(AttributeValue::L(left)), Some(AttributeValue::L(right))) => {
                    Some(AttributeValue::L([left, right].concat()))
                }
                _ => return Err("an operand of list_append is no list".to_owned()),
            },
        })
    }
}

impl Update {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::of(text)?;
        let mut update = Self::default();
        while !reader.is_at_end() {
            match reader.take()?.as_str() {
                "SET" => reader.list(|reader| {
                    let path = reader.path()?;
                    reader.expect("=")?;
                    update.set.push((path, reader.sum()?));
                    Ok(())
                })?,
                "ADD" => reader.list(|reader| {
                    update.add.push((reader.path()?, reader.operand()?));
                    Ok(())
                })?,
                "REMOVE" => reader.list(|reader| {
                    update.remove.push(reader.path()?);
                    Ok(())
                })?,
                other => return Err(format!("{other}: not simulated in an update")),
            }
        }
        Ok(update)
    }

    pub(super) fn apply(&self, item: &mut Item, words: Words<'_>) -> Result<(), String> {
        let before = item.clone();
        for (path, operand) in &self.set {
            let value = operand.value(&before, words)?.ok_or("an operand of SET is absent")?;
            item.insert(words.name(path)?.to_owned(), value);
        }
        for (path, operand) in &self.add {
            let name = words.name(path)?;
            let there = before.get(name).cloned().unwrap_or_else(|| AttributeValue::N("0".to_owned()));
            item.insert(name.to_owned(), sum(Some(there), operand.value(&before, words)?, 1)?);
        }
        for path in &self.remove {
            item.remove(words.name(path)?);
        }
        Ok(())
    }
}

fn number(value: &AttributeValue) -> Result<i128, String> {
    match value {
        AttributeValue::N(text) => text.parse().map_err(|_| format!("{text}: only whole numbers are simulated")),
        other => Err(format!("{other:?}: no number")),
    }
}

fn sum(left: Option<AttributeValue>, right: Option<AttributeValue>, sign: i128) -> Result<AttributeValue, String> {
    let (Some(left), Some(right)) = (left, right) else { return Err("an operand of a sum is absent".to_owned()) };
    Ok(AttributeValue::N((number(&left)? + sign * number(&right)?).to_string()))
}

fn compare(left: &AttributeValue, operator: &str, right: &AttributeValue) -> Result<bool, String> {
    let order = match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (AttributeValue::N(_), AttributeValue::N(_)) => Some(number(left)?.cmp(&number(right)?)),
        (AttributeValue::Bool(left), AttributeValue::Bool(right)) if left == right => Some(Ordering::Equal),
        _ => None,
    };
    Ok(match operator {
        "=" => order == Some(Ordering::Equal),
        "<>" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

const OPERATORS: [&str; 6] = ["<=", ">=", "<>", "=", "<", ">"];

/// Reads an expression word by word.
pub(super) struct Reader {
    words: Vec<String>,
    at: usize,
}

impl Reader {
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let (mut words, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let is_word = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '#' | ':');
            let length = if is_word(first) {
                rest.find(|sign| !is_word(sign)).unwrap_or(rest.len())
            } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                operator.len()
            } else if matches!(first, '(' | ')' | ',' | '+' | '-') {
                1
            } else {
                return Err(format!("{rest}: not simulated"));
            };
            words.push(rest[..length].to_owned());
            rest = rest[length..].trim_start();
        }
        Ok(Self { words, at: 0 })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.words.len()
    }

    pub(super) fn end(&self) -> Result<(), String> {
        if self.is_at_end() { Ok(()) } else { Err(format!("{}: unexpected", self.words[self.at])) }
    }

    fn next(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn take(&mut self) -> Result<String, String> {
        let word = self.words.get(self.at).cloned().ok_or("the expression ends too soon")?;
        self.at += 1;
        Ok(word)
    }

    fn take_if(&mut self, word: &str) -> bool {
        let is_next = self.next().eq_ignore_ascii_case(word);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take_if(word) { Ok(()) } else { Err(format!("{word} expected, not {}", self.next())) }
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        one(self)?;
        while self.take_if(",") {
            one(self)?;
        }
        Ok(())
    }

    pub(super) fn path(&mut self) -> Result<String, String> {
        let word = self.take()?;
        let is_path = word.starts_with(|sign: char| sign == '#' || sign == '_' || sign.is_ascii_alphabetic());
        if is_path { Ok(word) } else { Err(format!("{word}: no attribute")) }
    }

    pub(super) fn operand(&mut self) -> Result<Operand, String> {
        if self.next().starts_with(':') {
            return Ok(Operand::Value(self.take()?));
        }
        let path = self.path()?;
        if path == "list_append" {
            self.expect("(")?;
            let left = self.operand()?;
            self.expect(",")?;
            let right = self.operand()?;
            self.expect(")")?;
            return Ok(Operand::Append(Box::new(left), Box::new(right)));
        }
        if path != "if_not_exists" {
            return Ok(Operand::Attribute(path));
        }
        self.expect("(")?;
        let path = self.path()?;
        self.expect(",")?;
        let otherwise = self.operand()?;
        self.expect(")")?;
        Ok(Operand::IfNotExists(path, Box::new(otherwise)))
    }

    fn sum(&mut self) -> Result<Operand, String> {
        let left = self.operand()?;
        if self.take_if("+") {
            return Ok(Operand::Plus(Box::new(left), Box::new(self.operand()?)));
        }
        if self.take_if("-") {
            return Ok(Operand::Minus(Box::new(left), Box::new(self.operand()?)));
        }
        Ok(left)
    }

    fn disjunction(&mut self) -> Result<Condition, String> {
        let mut left = self.conjunction()?;
        while self.take_if("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Condition, String> {
        let mut left = self.condition()?;
        while self.take_if("AND") {
            left = Condition::And(Box::new(left), Box::new(self.condition()?));
        }
        Ok(left)
    }

    fn condition(&mut self) -> Result<Condition, String> {
        if self.take_if("NOT") {
            return Ok(Condition::Not(Box::new(self.condition()?)));
        }
        if self.take_if("(") {
            let inner = self.disjunction()?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.next() {
            "attribute_exists" => return Ok(Condition::Exists(self.argument()?)),
            "attribute_not_exists" => return Ok(Condition::NotExists(self.argument()?)),
            "begins_with" => {
                self.take()?;
                self.expect("(")?;
                let what = self.operand()?;
                self.expect(",")?;
                let beginning = self.operand()?;
                self.expect(")")?;
                return Ok(Condition::BeginsWith(what, beginning));
            }
            _ => {}
        }
        let left = self.operand()?;
        if self.take_if("BETWEEN") {
            let low = self.operand()?;
            self.expect("AND")?;
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        if self.take_if("IN") {
            let mut list = Vec::new();
            self.expect("(")?;
            self.list(|reader| {
                list.push(reader.operand()?);
                Ok(())
            })?;
            self.expect(")")?;
            return Ok(Condition::In(left, list));
        }
        let word = self.take()?;
        let operator = OPERATORS.into_iter().find(|operator| *operator == word);
        let operator = operator.ok_or_else(|| format!("{word}: not simulated in a condition"))?;
        Ok(Condition::Compare(left, operator, self.operand()?))
    }

    fn argument(&mut self) -> Result<String, String> {
        self.take()?;
        self.expect("(")?;
        let path = self.path()?;
        self.expect(")")?;
        Ok(path)
    }
}
