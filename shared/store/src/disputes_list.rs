//! The list of disputes: one row a dispute that leads to its sale, written with the dispute's first fact.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::fact::PaymentKey;
use domain::id::SaleId;
use domain::sale::Sale;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{Range, UpdateBuilder};
use crate::{Page, Store, StoreError, TenantKey, item};

/// How many sales are read at once.
const ABREAST: usize = 16;

#[derive(Serialize, Deserialize)]
struct ListedItem {
    entity: String,
    v: u32,
    sale: SaleId,
}

impl Store {
    /// The part of a dispute's transaction that puts it on the list: the same whatever came before.
    pub(crate) fn dispute_listed(
        &self,
        tenant: &TenantKey,
        dispute: &PaymentKey,
        sale: &SaleId,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = Key::new(tenant.disputes(), dispute.as_str());
        UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", item::text("listed_dispute"))
            .set("v", item::number(1))
            .set("sale", item::text(sale.as_str()))
            .build_transact()
    }

    /// A page of disputes by their provider's ids, behind one, each with its sale.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_disputes(
        &self,
        tenant: &TenantKey,
        after: Option<&PaymentKey>,
        limit: usize,
    ) -> Result<Page<(PaymentKey, Sale)>, StoreError> {
        let pk = tenant.disputes();
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let doing = "listing disputes";
        let (found, next) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let mut rows = Vec::new();
        for attributes in found {
            let (pk, sk) = item::place_of(&attributes);
            let dispute = PaymentKey::parse(&sk).map_err(|why| item::inconsistent(&Key { pk, sk }, why))?;
            let listed: ListedItem = item::read(attributes)?;
            rows.push((dispute, listed.sale));
        }
        let next = next.and_then(|_| rows.last().map(|(dispute, _)| dispute.to_string()));
        let mut items = Vec::with_capacity(rows.len());
        for abreast in rows.chunks(ABREAST) {
            let mut reads = Vec::new();
            for (_, sale) in abreast {
                reads.push(self.get_sale(tenant, sale));
            }
            // A row without its sale is none: both were written by one transaction.
            let found = abreast.iter().zip(try_join_all(reads).await?);
            items.extend(found.filter_map(|((dispute, _), sale)| Some((dispute.clone(), sale?))));
        }
        Ok(Page { items, next })
    }
}
