//! Writes: one item, or a transaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;

use super::expression::{Condition, Update, Words};
use super::read::parse;
use super::wire::{Answer, TransactItem, TransactRequest, WriteRequest};
use super::{Database, Item, Place};

/// What a write did.
#[derive(Clone, Debug)]
pub struct Committed {
    /// What its sender hears.
    pub answer: Answer,
    /// What it wrote; nothing when it was refused.
    pub places: Vec<Place>,
}

/// When readers see what a transaction wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// All at once.
    AtOnce,
    /// Item by item, as it is revealed.
    OneByOne,
}

/// A kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Put,
    Update,
    Delete,
    Check,
}

struct Write {
    place: Place,
    deed: Deed,
    request: WriteRequest,
}

/// What a write comes to.
enum Evaluated {
    /// The item after it; `None` when it is gone.
    After(Option<Item>),
    /// A check that held.
    Nothing,
    /// Its condition did not hold; what is there.
    Refused(Option<Arc<Item>>),
}

impl Committed {
    fn refused(answer: Answer) -> Self {
        Self { answer, places: Vec::new() }
    }
}

impl Database {
    /// PutItem.
    pub fn put(&mut self, body: &[u8]) -> Committed {
        self.write_one(body, Deed::Put)
    }

    /// UpdateItem.
    pub fn update(&mut self, body: &[u8]) -> Committed {
        self.write_one(body, Deed::Update)
    }

    /// DeleteItem.
    pub fn delete(&mut self, body: &[u8]) -> Committed {
        self.write_one(body, Deed::Delete)
    }

    fn write_one(&mut self, body: &[u8], deed: Deed) -> Committed {
        let write = match parse(body).and_then(|request| self.write_of(deed, request)) {
            Ok(write) => write,
            Err(refused) => return Committed::refused(refused),
        };
        if self.row(&write.place).is_some_and(|row| row.is_hidden) {
            return Committed::refused(Answer::error("TransactionConflictException", json!({})));
        }
        let before = self.row(&write.place).and_then(|row| row.committed()).cloned();
        match self.evaluate(&write) {
            Err(why) => Committed::refused(Answer::not_understood(&why)),
            Ok(Evaluated::Refused(there)) => {
                let wanted = write.request.return_values_on_condition_check_failure.as_deref() == Some("ALL_OLD");
                let members = there.filter(|_| wanted).map_or_else(|| json!({}), |item| json!({ "Item": *item }));
                Committed::refused(Answer::error("ConditionalCheckFailedException", members))
            }
            Ok(Evaluated::Nothing) => Committed::refused(Answer::ok(&json!({}))),
            Ok(Evaluated::After(after)) => {
                let members = match write.request.return_values.as_deref() {
                    Some("ALL_NEW") => after.as_ref().map(|item| json!({ "Attributes": item })),
                    Some("ALL_OLD") => before.map(|item| json!({ "Attributes": *item })),
                    _ => None,
                };
                self.moment += 1;
                self.keep(&write.place, after, false);
                let answer = Answer::ok(&members.unwrap_or_else(|| json!({})));
                Committed { answer, places: vec![write.place] }
            }
        }
    }

    /// TransactWriteItems: all or nothing.
    pub fn transact(&mut self, body: &[u8], visibility: Visibility) -> Committed {
        let (writes, token) = match self.writes_of(body) {
            Ok(read) => read,
            Err(refused) => return Committed::refused(refused),
        };
        if token.as_ref().is_some_and(|token| self.tokens.contains(token)) {
            // The same request once more: it was carried out, and is not again.
            return Committed::refused(Answer::ok(&json!({})));
        }
        let conflict = |write: &Write| self.row(&write.place).is_some_and(|row| row.is_hidden);
        if writes.iter().any(conflict) {
            let codes: Vec<&str> =
                writes.iter().map(|write| if conflict(write) { "TransactionConflict" } else { "None" }).collect();
            return Committed::refused(Answer::cancelled(&codes));
        }
        let mut evaluated = Vec::with_capacity(writes.len());
        for write in &writes {
            match self.evaluate(write) {
                Ok(one) => evaluated.push(one),
                Err(why) => return Committed::refused(Answer::not_understood(&why)),
            }
        }
        if evaluated.iter().any(|one| matches!(one, Evaluated::Refused(_))) {
            let refused = |one: &Evaluated| matches!(one, Evaluated::Refused(_));
            let code = |one| if refused(one) { "ConditionalCheckFailed" } else { "None" };
            return Committed::refused(Answer::cancelled(&evaluated.iter().map(code).collect::<Vec<_>>()));
        }
        self.moment += 1;
        let mut places = Vec::new();
        for (write, one) in writes.into_iter().zip(evaluated) {
            if let Evaluated::After(after) = one {
                self.keep(&write.place, after, visibility == Visibility::OneByOne);
                places.push(write.place);
            }
        }
        self.tokens.extend(token);
        Committed { answer: Answer::ok(&json!({})), places }
    }

    /// Ten minutes pass: the tokens of transactions mean nothing any more, and a request that comes again is a new one.
    pub fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    fn writes_of(&self, body: &[u8]) -> Result<(Vec<Write>, Option<String>), Answer> {
        let request: TransactRequest = parse(body)?;
        let token = request.client_request_token;
        let mut writes: Vec<Write> = Vec::new();
        for item in request.transact_items {
            let (deed, request) = match item {
                TransactItem { put: Some(put), .. } => (Deed::Put, put),
                TransactItem { update: Some(update), .. } => (Deed::Update, update),
                TransactItem { delete: Some(delete), .. } => (Deed::Delete, delete),
                TransactItem { condition_check: Some(check), .. } => (Deed::Check, check),
                _ => return Err(Answer::not_understood("an item of a transaction that says nothing")),
            };
            let write = self.write_of(deed, request)?;
            if writes.iter().any(|other| other.place == write.place) {
                return Err(Answer::not_understood(
                    "Transaction request cannot include multiple operations on one item",
                ));
            }
            writes.push(write);
        }
        if writes.is_empty() || writes.len() > 100 {
            return Err(Answer::not_understood("a transaction has 1 to 100 items"));
        }
        Ok((writes, token))
    }

    fn write_of(&self, deed: Deed, request: WriteRequest) -> Result<Write, Answer> {
        let key = if deed == Deed::Put { request.item.as_ref() } else { request.key.as_ref() };
        let key = key.ok_or_else(|| Answer::not_understood("a write without a key"))?;
        let place = self.place(&request.table_name, key)?;
        Ok(Write { place, deed, request })
    }

    fn evaluate(&self, write: &Write) -> Result<Evaluated, String> {
        let there = self.row(&write.place).and_then(|row| row.committed());
        let request = &write.request;
        let words = Words { names: &request.expression_attribute_names, values: &request.expression_attribute_values };
        if let Some(condition) = &request.condition_expression {
            let parsed = condition_of(condition)?;
            let nothing = Item::new();
            let item = there.map_or(&nothing, AsRef::as_ref);
            if !parsed.holds(item, words)? {
                return Ok(Evaluated::Refused(there.cloned()));
            }
        }
        Ok(match write.deed {
            Deed::Check => Evaluated::Nothing,
            Deed::Delete => Evaluated::After(None),
            Deed::Put => Evaluated::After(request.item.clone()),
            Deed::Update => {
                let mut item = there.map_or_else(Item::new, |item| item.as_ref().clone());
                item.extend(request.key.clone().unwrap_or_default());
                if let Some(expression) = &request.update_expression {
                    update_of(expression)?.apply(&mut item, words)?;
                }
                Evaluated::After(Some(item))
            }
        })
    }

    fn keep(&mut self, place: &Place, after: Option<Item>, is_hidden: bool) {
        let moment = self.moment;
        let Some(table) = self.tables.get_mut(&place.table) else { return };
        if let Some(item) = &after {
            table.indexes.iter_mut().for_each(|index| index.note((&place.pk, &place.sk), item));
        }
        let rows = table.partitions.entry(place.pk.clone()).or_default();
        let row = rows.entry(place.sk.clone()).or_default();
        row.versions.push((moment, after.map(Arc::new)));
        row.is_hidden = is_hidden;
    }
}

thread_local! {
    /// The store writes few expressions, each many times.
    static CONDITIONS: RefCell<HashMap<String, Rc<Condition>>> = RefCell::default();
    static UPDATES: RefCell<HashMap<String, Rc<Update>>> = RefCell::default();
}

fn condition_of(text: &str) -> Result<Rc<Condition>, String> {
    CONDITIONS.with_borrow_mut(|known| {
        if let Some(parsed) = known.get(text) {
            return Ok(Rc::clone(parsed));
        }
        let parsed = Rc::new(Condition::parse(text)?);
        known.insert(text.to_owned(), Rc::clone(&parsed));
        Ok(parsed)
    })
}

fn update_of(text: &str) -> Result<Rc<Update>, String> {
    UPDATES.with_borrow_mut(|known| {
        if let Some(parsed) = known.get(text) {
            return Ok(Rc::clone(parsed));
        }
        let parsed = Rc::new(Update::parse(text)?);
        known.insert(text.to_owned(), Rc::clone(&parsed));
        Ok(parsed)
    })
}
