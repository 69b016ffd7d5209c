//! Periods of an account: freezing them, and the bookings with which the night puts their sales in order.

use std::collections::BTreeMap;

use domain::attribution::customer::Customer;
use domain::fact::PaymentKey;
use domain::id::{ProgramId, SaleId};
use domain::ledger::Head;
use domain::line::{Account, Line};
use domain::month::Month;
use domain::sale::Sale;
use domain::slot::Slot;
use serde::{Deserialize, Serialize};

use crate::accounts::{LinePage, booking_on, line_item, read_line};
use crate::customers::CustomerChange;
use crate::item::{self, number, text};
use crate::keys::Key;
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey, Written};

/// A sale that is changed by the night: as it is to be, the version that it had, and its new lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSale {
    /// The version that was read.
    pub before: u64,
    /// The sale as it is to be, in its next version.
    pub sale: Sale,
    /// What is booked.
    pub lines: Vec<Line>,
}

/// What an adjusting found of an account's periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjusted {
    /// Months up to this one are counted from now on.
    pub counted: Option<Month>,
    /// The earliest month with sales behind that.
    pub open: Option<Month>,
}

#[derive(Serialize, Deserialize)]
struct CountedItem {
    entity: String,
    v: u32,
    counted: Month,
}

impl Store {
    /// A page of the lines of an account in a slot and behind it, held ones last; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_lines_from(
        &self,
        tenant: &TenantKey,
        account: &Account,
        first: Slot,
        start: Option<LinePage>,
    ) -> Result<(Vec<Line>, Option<LinePage>), StoreError> {
        let pk = tenant.account(&account.partner);
        let prefix = format!("{}#line#", account.currency);
        let range = Range { from: format!("{prefix}{first}"), ..Range::prefix(&pk, &prefix) };
        let doing = "reading the lines of open periods";
        let start = start.map(|page| page.0);
        let (items, next) = self.query_page(&self.tables.core, &range, start, None, doing).await?;
        let lines: Result<Vec<Line>, StoreError> =
            items.into_iter().map(|attributes| read_line(&account.partner, attributes)).collect();
        Ok((lines?, next.map(LinePage)))
    }

    /// Sales by their ids, strongly consistent; what is not there is left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_sales_of(
        &self,
        tenant: &TenantKey,
        sales: &[SaleId],
    ) -> Result<BTreeMap<SaleId, Sale>, StoreError> {
        let keys: Vec<_> = sales.iter().map(|sale| tenant.sale(sale)).collect();
        let found = self.get_many_attributes(&keys, true, "reading the sales of open periods").await?;
        let sales = found.into_iter().map(crate::sales::read_sale);
        sales.map(|sale| sale.map(|sale| (sale.id.clone(), sale))).collect()
    }

    /// Sales of a month and of those before come late to an account from now on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn freeze_periods(
        &self,
        tenant: &TenantKey,
        account: &Account,
        last: Month,
    ) -> Result<Written, StoreError> {
        let key = tenant.head(account);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("frozen", text(last.to_string()))
            .add("version", 1)
            .require_below("frozen", text(last.to_string()));
        self.update(update.build()?, "freezing periods of an account").await
    }

    /// Everything that was booked when the head was read is in order; refused when something was booked since.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn mark_adjusted(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
        adjusted: Adjusted,
    ) -> Result<Written, StoreError> {
        let key = tenant.head(account);
        let mut update = UpdateBuilder::new(&self.tables.core, &key)
            .set("adjusted", number(head.bookings))
            .add("version", 1)
            .require("bookings", (head.bookings > 0).then(|| number(head.bookings)))
            .require("counted", head.counted.map(|month| text(month.to_string())));
        update = match adjusted.open {
            Some(open) => update.set("open_period", text(open.to_string())),
            None => update.remove("open_period"),
        };
        if let Some(counted) = adjusted.counted.filter(|counted| Some(*counted) != head.counted) {
            update = update.set("counted", text(counted.to_string()));
        }
        self.update(update.build()?, "marking an account as adjusted").await
    }

    /// Books what other sales make of some sales, in one transaction: each in its version, and conditional on nobody
    /// else having adjusted the account since its head was read. Refused, nothing is written: read again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn adjust_sales(
        &self,
        tenant: &TenantKey,
        adjusts: Option<(&Account, u64)>,
        changes: &[ChangedSale],
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let mut items = Vec::new();
        let mut accounts: BTreeMap<Account, Vec<&Line>> = BTreeMap::new();
        if let Some((account, _)) = adjusts {
            accounts.insert(account.clone(), Vec::new());
        }
        for change in changes {
            items.push(self.replaced_sale(tenant, &change.sale, change.before)?);
            for line in &change.lines {
                let account = line.account();
                let key = tenant.line(&account, line.place, &line.origin, line.n);
                items.push(request::put_new(core, &key, &line_item(line))?);
                accounts.entry(account).or_default().push(line);
            }
        }
        for (account, lines) in &accounts {
            let key = tenant.head(account);
            let mut update = booking_on(UpdateBuilder::new(core, &key), tenant, account, lines)?;
            if let Some((_, n)) = adjusts.filter(|(adjusted, _)| *adjusted == account) {
                update = update.require("adjust_no", (n > 0).then(|| number(n))).set("adjust_no", number(n + 1));
            }
            items.push(update.build_transact()?);
        }
        Ok(match self.transact(items, "adjusting sales of an account").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A sale is decided anew: the sale in its version, its lines and heads; and where nobody is paid for it now, it waits
    /// with its customer from now on, who must still be as they were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn redecide_sale(
        &self,
        tenant: &TenantKey,
        waits: Option<&CustomerChange<'_>>,
        change: &ChangedSale,
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let mut items = vec![self.replaced_sale(tenant, &change.sale, change.before)?];
        let mut accounts: BTreeMap<Account, Vec<&Line>> = BTreeMap::new();
        for line in &change.lines {
            let account = line.account();
            let key = tenant.line(&account, line.place, &line.origin, line.n);
            items.push(request::put_new(core, &key, &line_item(line))?);
            accounts.entry(account).or_default().push(line);
        }
        for (account, lines) in &accounts {
            let key = tenant.head(account);
            items.push(booking_on(UpdateBuilder::new(core, &key), tenant, account, lines)?.build_transact()?);
        }
        if let Some(customer) = waits {
            // Whoever changes them decides the sales that wait, and would miss this one.
            items.push(self.customer_unchanged(tenant, customer)?);
            items.push(self.undecided_part(tenant, customer.key, &change.sale.id)?);
        }
        Ok(match self.transact(items, "deciding a sale anew").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// What is known of customers, strongly consistent; who is not known is left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_customers_of<'a>(
        &self,
        tenant: &TenantKey,
        customers: impl IntoIterator<Item = &'a PaymentKey>,
    ) -> Result<BTreeMap<PaymentKey, Customer>, StoreError> {
        let keys: BTreeMap<Key, &PaymentKey> =
            customers.into_iter().map(|customer| (tenant.customer(customer), customer)).collect();
        let wanted: Vec<Key> = keys.keys().cloned().collect();
        let mut known = BTreeMap::new();
        for attributes in self.get_many_attributes(&wanted, true, "reading customers").await? {
            let (pk, sk) = item::place_of(&attributes);
            if let Some(customer) = keys.get(&Key { pk, sk }) {
                known.insert((*customer).clone(), crate::customers::read_customer(attributes)?);
            }
        }
        Ok(known)
    }

    /// Up to which month the sales of a programme with a cap over all its partners are counted.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program_counted(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<Option<Month>, StoreError> {
        let key = tenant.program_counted(program);
        let found: Option<CountedItem> =
            self.get(&self.tables.core, &key, "reading how far a programme is counted").await?;
        Ok(found.map(|item| item.counted))
    }

    /// The sales of a programme with a cap over all its partners are counted up to a month.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_program_counted(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        counted: Month,
    ) -> Result<Written, StoreError> {
        let key = tenant.program_counted(program);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("program_counted"))
            .set("v", number(1))
            .set("counted", text(counted.to_string()))
            .require_below("counted", text(counted.to_string()));
        self.update(update.build()?, "recording how far a programme is counted").await
    }
}
