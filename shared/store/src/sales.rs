//! Sales, their aliases, and what waits for a payment or a customer. One transaction a fact.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

mod item_of;
mod parts;

use domain::attribution::Winner;
use domain::fact::PaymentKey;
use domain::id::SaleId;
use domain::line::Line;
use domain::sale::Sale;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use parts::SaleWritten;
use parts::{Part, Parts};

use crate::keys::Key;
use crate::request::{self, Range, UpdateBuilder};
use crate::{Store, StoreError, TenantKey, item};

/// What is known of a customer: met, and brought by somebody or nobody. The first decision holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Who brought them, if anybody.
    pub winner: Option<Winner>,
    /// When they were met, at the provider.
    pub met_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct CustomerItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    customer: Customer,
}

#[derive(Serialize, Deserialize)]
struct UndecidedItem {
    entity: String,
    v: u32,
    sale: SaleId,
}

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
    /// The customer as decided by this very sale.
    pub meets: Option<(&'a PaymentKey, &'a Customer)>,
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
        if attributes.get("entity").and_then(|entity| entity.as_s().ok()).is_some_and(|entity| entity == ALIAS) {
            let alias: AliasItem = item::read(attributes)?;
            return Ok(Known::As(alias.payment));
        }
        let sale: item_of::SaleItem = item::read(attributes)?;
        Ok(Known::Sale(Box::new(sale.into_sale())))
    }

    /// What is known of a customer, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_customer(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
    ) -> Result<Option<Customer>, StoreError> {
        let found: Option<CustomerItem> =
            self.get(&self.tables.core, &tenant.customer(customer), "reading a customer").await?;
        Ok(found.map(|item| item.customer))
    }

    /// A customer is met. Whoever met them first decided; `false` when that was not this call.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_customer(
        &self,
        tenant: &TenantKey,
        key: &PaymentKey,
        customer: &Customer,
    ) -> Result<bool, StoreError> {
        let item = customer_item(customer);
        let written = self.put_new(&self.tables.core, &tenant.customer(key), &item, "recording a customer").await?;
        Ok(written == crate::Written::Yes)
    }

    /// The sales that wait for a customer to be met, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_undecided(&self, tenant: &TenantKey, customer: &PaymentKey) -> Result<Vec<SaleId>, StoreError> {
        let key = tenant.customer(customer);
        let found: Vec<UndecidedItem> = self
            .list_range(
                &self.tables.core,
                &Range::prefix(&key.pk, "undecided#"),
                "listing sales that wait for a customer",
            )
            .await?;
        Ok(found.into_iter().map(|item| item.sale).collect())
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
        let core = &self.tables.core;
        let mut parts = Parts::default();
        let sale_item = item_of::SaleItem::new(new.sale, &self.day_of_sale(tenant, new));
        parts.push(Part::Sale, request::put_new(core, &tenant.sale(&new.sale.id), &sale_item)?);
        self.push_lines(tenant, &mut parts, new.lines)?;
        for name in new.aliases.iter().filter(|name| **name != new.sale.payment) {
            let key = tenant.alias(name);
            parts.push(Part::Alias, alias_update(core, &key, &new.sale.payment).build_transact()?);
        }
        if let Some((key, customer)) = new.meets {
            parts.push(Part::Customer, request::put_new(core, &tenant.customer(key), &customer_item(customer))?);
        } else if let (Some(key), true) = (&new.sale.customer, new.sale.decision.is_open()) {
            // The customer must still be unknown when this commits, or whoever met them would miss the sale.
            parts.push(Part::Customer, request::check(core, &tenant.customer(key), "attribute_not_exists(pk)")?);
            let item = UndecidedItem { entity: "undecided".to_owned(), v: 1, sale: new.sale.id.clone() };
            parts.push(Part::Other, request::put_new(core, &tenant.undecided(key, &new.sale.id), &item)?);
        }
        Ok(parts.outcome(&self.transact(parts.items.clone(), "booking a sale").await?))
    }

    /// A sale that waited for its customer is decided: the sale in its version, its lines and heads, and it waits no more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide_sale(
        &self,
        tenant: &TenantKey,
        customer: &PaymentKey,
        before: u64,
        new: &NewSale<'_>,
    ) -> Result<SaleWritten, StoreError> {
        let waits_no_more = request::delete_existing(&self.tables.core, &tenant.undecided(customer, &new.sale.id))?;
        self.change_sale(tenant, before, new, vec![waits_no_more], "deciding a sale").await
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
        // The journal has a sale on the day it was first booked, whatever becomes of it.
        let day = self.day_of_sale(tenant, new);
        parts.push(
            Part::Sale,
            request::replace(
                &self.tables.core,
                &tenant.sale(&new.sale.id),
                &item_of::SaleItem::new(new.sale, &day),
                before,
            )?,
        );
        self.push_lines(tenant, &mut parts, new.lines)?;
        for other in others {
            parts.push(Part::Other, other);
        }
        Ok(parts.outcome(&self.transact(parts.items.clone(), doing).await?))
    }

    fn day_of_sale(&self, tenant: &TenantKey, new: &NewSale<'_>) -> Key {
        tenant.day_log(new.sale.booked_day, new.sale.booked_at, new.sale.id.as_str())
    }

    pub(crate) fn push_lines(&self, tenant: &TenantKey, parts: &mut Parts, lines: &[Line]) -> Result<(), StoreError> {
        let mut accounts = std::collections::BTreeMap::new();
        for line in lines {
            let account = line.account();
            let key = tenant.line(&account, line.place, &line.sale, line.n);
            parts.push(Part::Sale, request::put_new(&self.tables.core, &key, &crate::accounts::line_item(line))?);
            accounts.entry(account).or_insert_with(Vec::new).push(line);
        }
        for (account, lines) in &accounts {
            parts.push(Part::Head, crate::accounts::booking(self, tenant, account, lines)?);
        }
        Ok(())
    }
}

fn customer_item(customer: &Customer) -> CustomerItem {
    CustomerItem { entity: "customer".to_owned(), v: 1, customer: customer.clone() }
}

fn alias_update<'a>(table: &'a str, key: &'a Key, payment: &PaymentKey) -> UpdateBuilder<'a> {
    UpdateBuilder::new(table, key)
        .set("entity", item::text(ALIAS))
        .set("v", item::number(1))
        .set("payment", item::text(payment.as_str()))
        .require_absent_or("payment", item::text(payment.as_str()))
}
