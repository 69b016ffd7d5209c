//! Periods of an account: freezing them, and the bookings with which the night puts their sales in order.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::attribution::customer::Customer;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::ledger::Head;
use domain::line::{Account, Line};
use domain::month::Month;
use domain::sale::Sale;
use domain::slot::Slot;
use serde::{Deserialize, Serialize};

use crate::accounts::{LinePage, read_line};
use crate::item::{self, number, text};
use crate::keys::Key;
use crate::request::{Range, Transacted, UpdateBuilder};
use crate::sales::{NewSale, SaleWritten};
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

/// How far the months of a programme with a cap over all its partners are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramClosing {
    /// Sales of months up to this one come late to everybody. Never behind `counted`.
    pub frozen: Option<Month>,
    /// Sales of months up to this one are counted, and change no more.
    pub counted: Option<Month>,
}

#[derive(Serialize, Deserialize)]
struct ClosingItem {
    #[serde(default)]
    frozen: Option<Month>,
    #[serde(default)]
    counted: Option<Month>,
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
            .require("adjust_no", (head.adjust_no > 0).then(|| number(head.adjust_no)))
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

    /// FRD-4: whoever holds or decides a sale may book no line to a partner of it, of whom nothing is left or whose reward
    /// stands, and change what their month has of it all the same: the next night looks at them.
    pub(crate) fn woken_by(
        &self,
        tenant: &TenantKey,
        sale: &Sale,
        lines: &[Line],
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let known: BTreeSet<&PartnerId> = sale.lines.iter().map(|line| &line.partner).collect();
        let asleep = known.into_iter().filter(|partner| lines.iter().all(|line| line.partner != **partner));
        let wake = |partner: &PartnerId| {
            let account = Account { partner: partner.clone(), currency: sale.paid.currency() };
            let (key, live) = (tenant.head(&account), tenant.live(&account));
            // Whoever is at rest is looked at again.
            let update = UpdateBuilder::new(&self.tables.core, &key).remove("adjusted").add("adjust_no", 1);
            update.set("live_pk", text(live.pk)).set("live_sk", text(live.sk)).add("version", 1).build_transact()
        };
        asleep.map(wake).collect()
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
        let mut items = Vec::new();
        for change in changes {
            items.push(self.replaced_sale(tenant, &change.sale, change.before)?);
        }
        let lines = changes.iter().flat_map(|change| &change.lines);
        let booking =
            self.booking(tenant, lines, adjusts.map(|(account, _)| account), |account, update| {
                match adjusts.filter(|(adjusted, _)| *adjusted == account) {
                    Some((_, n)) => {
                        update.require("adjust_no", (n > 0).then(|| number(n))).set("adjust_no", number(n + 1))
                    }
                    None => update,
                }
            })?;
        items.extend(booking.lines.into_iter().chain(booking.heads));
        Ok(match self.transact(items, "adjusting sales of an account").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A sale is decided anew: the sale in its version, its lines and heads, what was noticed about it; and its customer,
    /// with whom it waits from now on where nobody is paid for it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn redecide_sale(
        &self,
        tenant: &TenantKey,
        before: u64,
        new: &NewSale<'_>,
    ) -> Result<Written, StoreError> {
        let woken = self.woken_by(tenant, new.sale, new.lines)?;
        let written = self.change_sale(tenant, before, new, woken, "deciding a sale anew").await?;
        Ok(if written == SaleWritten::Yes { Written::Yes } else { Written::ConditionFailed })
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

    /// How far the months of a programme with a cap over all its partners are closed.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program_closing(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<ProgramClosing, StoreError> {
        let key = tenant.program_counted(program);
        let found: Option<ClosingItem> =
            self.get(&self.tables.core, &key, "reading how far a programme is counted").await?;
        let ClosingItem { frozen, counted } = found.unwrap_or(ClosingItem { frozen: None, counted: None });
        Ok(ProgramClosing { frozen: frozen.max(counted), counted })
    }

    /// Sales of a month and of those before come late to everybody in a programme from now on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn freeze_program(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        last: Month,
    ) -> Result<Written, StoreError> {
        let doing = "freezing months of a programme";
        self.close_program(tenant, program, ("frozen", last), doing).await
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
        let doing = "recording how far a programme is counted";
        self.close_program(tenant, program, ("counted", counted), doing).await
    }

    /// A mark of a programme goes on, and never back.
    async fn close_program(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        (mark, month): (&str, Month),
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        let key = tenant.program_counted(program);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("program_counted"))
            .set("v", number(1))
            .set(mark, text(month.to_string()))
            .require_below(mark, text(month.to_string()));
        self.update(update.build()?, doing).await
    }
}
