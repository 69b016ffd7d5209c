//! The journal of a tenant: what was booked on a day, in the order in which it was.

use domain::id::{EntryId, SaleId};
use domain::time::BusinessDay;
use futures::future::try_join_all;

use crate::item;
use crate::keys::DAY_SHARDS;
use crate::request::unavailable;
use crate::{Page, Store, StoreError, TenantKey};

/// One fact of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Journalled {
    /// A sale.
    Sale(SaleId),
    /// An entry of an account.
    Entry(EntryId),
    /// Another fact of a sale: a refund, a dispute.
    Other,
}

/// In which order a day is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What was booked first comes first.
    Oldest,
    /// What was booked last comes first.
    Newest,
}

impl Store {
    /// A page of a day's facts, oldest first, behind a place; from the journal's index, which may lag.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_journal(
        &self,
        tenant: &TenantKey,
        day: BusinessDay,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Journalled>, StoreError> {
        let Page { items, next } = self.list_journal_places(tenant, day, (Order::Oldest, after), limit).await?;
        Ok(Page { items: items.into_iter().map(|(_, fact)| fact).collect(), next })
    }

    /// A page of a day's facts in either order, each with its place, behind which a list in that order can go on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_journal_places(
        &self,
        tenant: &TenantKey,
        day: BusinessDay,
        (order, after): (Order, Option<&str>),
        limit: usize,
    ) -> Result<Page<(String, Journalled)>, StoreError> {
        let mut reads = Vec::new();
        for shard in 0..DAY_SHARDS {
            reads.push(self.journal_shard(tenant.day_shard(day, shard), (order, after), limit));
        }
        let mut rows: Vec<(String, Journalled)> = try_join_all(reads).await?.into_iter().flatten().collect();
        rows.sort_by(|(a, _), (b, _)| match order {
            Order::Oldest => a.cmp(b),
            Order::Newest => b.cmp(a),
        });
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok(Page { items: rows, next })
    }

    async fn journal_shard(
        &self,
        pk: String,
        (order, after): (Order, Option<&str>),
        limit: usize,
    ) -> Result<Vec<(String, Journalled)>, StoreError> {
        // Places begin with an instant: a blank is before all of them, and `~` behind.
        let (condition, start) = match order {
            Order::Oldest => ("day_pk = :pk AND day_sk > :after", " "),
            Order::Newest => ("day_pk = :pk AND day_sk < :after", "~"),
        };
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .index_name("day-log")
            .key_condition_expression(condition)
            .scan_index_forward(order == Order::Oldest)
            .expression_attribute_values(":pk", item::text(pk))
            .expression_attribute_values(":after", item::text(after.unwrap_or(start)))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        let answer = request.send().await.map_err(|error| unavailable("reading the journal of a day", error))?;
        let rows = answer.items.unwrap_or_default().into_iter().filter_map(|row| {
            let place = row.get("day_sk")?.as_s().ok()?.clone();
            let (_, id) = place.split_once('#')?;
            let fact = match (SaleId::parse(id), EntryId::parse(id)) {
                (Ok(sale), _) => Journalled::Sale(sale),
                (_, Ok(entry)) => Journalled::Entry(entry),
                _ => Journalled::Other,
            };
            Some((place, fact))
        });
        Ok(rows.collect())
    }
}
