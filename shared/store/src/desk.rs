//! The desk's index: what people look through, newest first. It holds keys alone; what is shown is read from the items.

use serde::de::DeserializeOwned;

use crate::item::{self, Attributes, text};
use crate::keys::Key;
use crate::request::unavailable;
use crate::{Page, Store, StoreError};

/// Stands between instant and id in a cursor; the key's own sign would end a URL's query.
pub(crate) const BETWEEN: char = '~';

/// Where a row stands in the index: a list goes on behind it.
pub(crate) fn start_at(key: &Key, desk: &str, desk_sk: &str) -> Attributes {
    let mut start = item::key_map(key);
    start.insert("desk_pk".to_owned(), text(desk));
    start.insert("desk_sk".to_owned(), text(desk_sk));
    start
}

impl Store {
    /// A page of the items behind one partition of the desk's index, newest first. It goes on behind the last row that was
    /// read: the index may lag, so the item of a row, or of all rows of a page, may be gone, and the list is not at its end.
    pub(crate) async fn list_desk<T: DeserializeOwned>(
        &self,
        desk: &str,
        limit: i32,
        after: Option<Attributes>,
        doing: &'static str,
    ) -> Result<Page<T>, StoreError> {
        self.list_desk_in(desk, limit, (after, false), doing).await
    }

    /// As [`Store::list_desk`], first what has the least place where that is asked for.
    ///
    /// # Errors
    /// As [`Store::list_desk`].
    pub(crate) async fn list_desk_in<T: DeserializeOwned>(
        &self,
        desk: &str,
        limit: i32,
        (after, is_ascending): (Option<Attributes>, bool),
        doing: &'static str,
    ) -> Result<Page<T>, StoreError> {
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .index_name("desk")
            .key_condition_expression("desk_pk = :desk")
            .expression_attribute_values(":desk", text(desk))
            .scan_index_forward(is_ascending)
            .limit(limit)
            .set_exclusive_start_key(after);
        let answer = request.send().await.map_err(|error| unavailable(doing, error))?;
        let found = self.get_indexed(answer.items.unwrap_or_default(), doing).await?;
        let items: Result<Vec<T>, StoreError> = found.into_iter().map(item::read).collect();
        let last = answer.last_evaluated_key.filter(|key| !key.is_empty());
        let last = last.as_ref().and_then(|key| key.get("desk_sk")).and_then(|value| value.as_s().ok());
        let next = last.map(|desk_sk| desk_sk.replace('#', &BETWEEN.to_string()));
        Ok(Page { items: items?, next })
    }
}
