//! Sales, their aliases, and what waits for a payment or a customer. One transaction a fact.

mod item_of;
mod item_v1;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use domain::fact::PaymentKey;
use domain::id::{ProgramId, SaleId};
use domain::line::Line;
use domain::sale::Sale;
use serde::{Deserialize, Serialize};

pub(crate) use item_of::read as read_sale;
pub use parts::SaleWritten;
use parts::{Part, Parts};

use crate::accounts::counts_from;
use crate::customers::CustomerChange;
use crate::keys::Key;
use crate::request::{self, UpdateBuilder};
use crate::risk::ReviewPart;
use crate::{Store, StoreError, TenantKey, item};

#[derive(Serialize, Deserialize)]
struct AliasItem {
    payment: PaymentKey,
}

/// What is known under a name of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The sale itself.
    Sale(Box<Sale>),
    /// The name is another one of this payment, whose sale may be unknown yet.
    As(PaymentKey),
    /// Nothing.
    Not,
}

/// What an item is that says only whose other name it is.
const ALIAS: &str = "alias";

/// A sale that is to be booked, and what comes with it.
#[derive(Clone, Debug)]
pub struct NewSale<'a> {
    /// The sale.
    pub sale: &'a Sale,
    /// Its lines.
    pub lines: &'a [Line],
    /// Other names of its payment.
    pub aliases: &'a [PaymentKey],
    /// Programmes with a cap over all partners, in whose open months it counts. Refused as behind a fence where one has
    /// frozen the month meanwhile.
    pub open_in: &'a [ProgramId],
    /// Its customer, as this very sale found and leaves them.
    pub meets: Option<CustomerChange<'a>>,
    /// The review of what was noticed about it, opened or made graver with it.
    pub review: Option<ReviewPart<'a>>,
}

impl Store {
    /// One sale, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_sale(&self, tenant: &TenantKey, sale: &SaleId) -> Result<Option<Sale>, StoreError> {
        match self.known_at(&tenant.sale(sale)).await? {
            Known::Sale(sale) => Ok(Some(*sale)),
            Known::As(_) | Known::Not => Ok(None),
        }
    }

    /// Some sales, strongly consistent, a hundred with one request; those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_sales(
        &self,
        tenant: &TenantKey,
        sales: &BTreeSet<SaleId>,
    ) -> Result<BTreeMap<SaleId, Sale>, StoreError> {
        let keys: Vec<Key> = sales.iter().map(|sale| tenant.sale(sale)).collect();
        let found = self.get_many_attributes(&keys, true, "reading sales").await?;
        let read = |attributes| read_sale(attributes).map(|sale| (sale.id.clone(), sale));
        found.into_iter().filter(|attributes| !is_alias(attributes)).map(read).collect()
    }

    /// What is known under a name of a payment, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn find_payment(&self, tenant: &TenantKey, name: &PaymentKey) -> Result<Known, StoreError> {
        self.known_at(&tenant.alias(name)).await
    }

    async fn known_at(&self, key: &Key) -> Result<Known, StoreError> {
        let found = self.get_attributes(&self.tables.core, key, true, "reading a sale").await?;
        let Some(attributes) = found else { return Ok(Known::Not) };
        if is_alias(&attributes) {
            let alias: AliasItem = item::read(attributes)?;
            return Ok(Known::As(alias.payment));
        }
        Ok(Known::Sale(Box::new(item_of::read(attributes)?)))
    }

    /// A payment gets another name; `false` when the name already means another payment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_alias(
        &self,
        tenant: &TenantKey,
        name: &PaymentKey,
        payment: &PaymentKey,
    ) -> Result<bool, StoreError> {
        if name == payment {
            return Ok(true);
        }
        let key = tenant.alias(name);
        let written = self
            .update(alias_update(&self.tables.core, &key, payment).build()?, "recording an alias of a payment")
            .await?;
        Ok(written == crate::Written::Yes)
    }

    /// A sale is booked: fact, lines, heads, aliases, and the customer that it meets or waits for, in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_sale(&self, tenant: &TenantKey, new: &NewSale<'_>) -> Result<SaleWritten, StoreError> {
        self.create_sale_of(tenant, new, None).await
    }

    /// The same, of a customer whom several partners have: the sale is listed with them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_sale_of(
        &self,
        tenant: &TenantKey,
        new: &NewSale<'_>,
        shared: Option<&PaymentKey>,
    ) -> Result<SaleWritten, StoreError> {
        let core = &self.tables.core;
        let mut parts = Parts::default();
        let sale_item = item_of::SaleItem::new(new.sale, &day_of_sale(tenant, new.sale));
        parts.push(Part::Sale, request::put_new(core, &tenant.sale(&new.sale.id), &sale_item)?);
        self.push_lines(tenant, &mut parts, new)?;
        self.push_names(tenant, &mut parts, new)?;
        self.push_customer(tenant, &mut parts, new)?;
        if let Some(customer) = shared {
            parts.push(Part::Other, self.listed_part(tenant, customer, &new.sale.id)?);
        }
        self.push_review(tenant, &mut parts, new)?;
        Ok(parts.outcome(&self.transact(parts.items.clone(), "booking a sale").await?))
    }

    /// A sale changes: the sale in its version, new lines and their heads, and what else goes with it.
    pub(crate) async fn change_sale(
        &self,
        tenant: &TenantKey,
        before: u64,
        new: &NewSale<'_>,
        others: Vec<aws_sdk_dynamodb::types::TransactWriteItem>,
        doing: &'static str,
    ) -> Result<SaleWritten, StoreError> {
        let mut parts = Parts::default();
        parts.push(Part::Sale, self.replaced_sale(tenant, new.sale, before)?);
        self.push_lines(tenant, &mut parts, new)?;
        for other in others {
            parts.push(Part::Other, other);
        }
        self.push_names(tenant, &mut parts, new)?;
        self.push_customer(tenant, &mut parts, new)?;
        self.push_review(tenant, &mut parts, new)?;
        Ok(parts.outcome(&self.transact(parts.items.clone(), doing).await?))
    }

    /// A sale in its next version, for a transaction.
    pub(crate) fn replaced_sale(
        &self,
        tenant: &TenantKey,
        sale: &Sale,
        before: u64,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        // The journal has a sale on the day it was first booked, whatever becomes of it.
        let item = item_of::SaleItem::new(sale, &day_of_sale(tenant, sale));
        request::replace(&self.tables.core, &tenant.sale(&sale.id), &item, before)
    }

    fn push_names(&self, tenant: &TenantKey, parts: &mut Parts, new: &NewSale<'_>) -> Result<(), StoreError> {
        // A name told twice would be two writes to one place, which no transaction takes.
        let names: BTreeSet<_> = new.aliases.iter().collect();
        for name in names.into_iter().filter(|name| **name != new.sale.payment) {
            let key = tenant.alias(name);
            parts.push(Part::Alias, alias_update(&self.tables.core, &key, &new.sale.payment).build_transact()?);
        }
        Ok(())
    }

    fn push_review(&self, tenant: &TenantKey, parts: &mut Parts, new: &NewSale<'_>) -> Result<(), StoreError> {
        let items = new.review.map(|review| self.review_part(tenant, review)).transpose()?;
        items.into_iter().flatten().for_each(|item| parts.push(Part::Other, item));
        Ok(())
    }

    fn push_lines(&self, tenant: &TenantKey, parts: &mut Parts, new: &NewSale<'_>) -> Result<(), StoreError> {
        let booking = self.booking(tenant, new.lines, None, |_, head| head)?;
        booking.lines.into_iter().for_each(|line| parts.push(Part::Sale, line));
        booking.heads.into_iter().for_each(|head| parts.push(Part::Head, head));
        for program in new.open_in {
            // As with the month of an account, in `accounts::head`: refused, it is late, and says so.
            let own = new.lines.iter().filter(|line| line.trace.program.as_ref() == Some(program));
            if let Some(period) = own.filter_map(counts_from).min() {
                let (key, period) = (tenant.program_counted(program), item::text(period.to_string()));
                let marks = ["frozen", "counted"];
                parts.push(Part::Head, request::check_below(&self.tables.core, &key, &marks, &period)?);
            }
        }
        Ok(())
    }

    /// The customer of a sale as it leaves them; and what nobody is paid for waits with them.
    fn push_customer(&self, tenant: &TenantKey, parts: &mut Parts, new: &NewSale<'_>) -> Result<(), StoreError> {
        let Some(meets) = &new.meets else { return Ok(()) };
        let is_nobodys = new.sale.decision.credits().is_empty();
        for part in self.customer_parts(tenant, meets)? {
            parts.push(Part::Customer, part);
        }
        if is_nobodys && meets.after.is_none() {
            // The customer must still be as they were read when this commits, or whoever changes them would miss
            // the sale.
            parts.push(Part::Customer, self.customer_unchanged(tenant, meets)?);
        }
        if is_nobodys {
            parts.push(Part::Other, self.undecided_part(tenant, meets.key, &new.sale.id)?);
        }
        Ok(())
    }
}

/// Does an item say only whose other name it is?
pub(crate) fn is_alias(attributes: &item::Attributes) -> bool {
    attributes.get("entity").and_then(|entity| entity.as_s().ok()).is_some_and(|entity| entity == ALIAS)
}

/// A sale as it is written today.
pub(crate) fn todays(tenant: &TenantKey, sale: &Sale) -> item_of::SaleItem {
    item_of::SaleItem::new(sale, &day_of_sale(tenant, sale))
}

fn day_of_sale(tenant: &TenantKey, sale: &Sale) -> Key {
    tenant.day_log(sale.booked_day, sale.booked_at, sale.id.as_str())
}

fn alias_update<'a>(table: &'a str, key: &'a Key, payment: &PaymentKey) -> UpdateBuilder<'a> {
    UpdateBuilder::new(table, key)
        .set("entity", item::text(ALIAS))
        .set("v", item::number(1))
        .set("payment", item::text(payment.as_str()))
        .require_absent_or("payment", item::text(payment.as_str()))
}
