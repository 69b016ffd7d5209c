//! Accounts: heads, lines and closes. The ledger at rest.

mod head;
mod lines;
mod progress;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::PartnerId;
use domain::ledger::{Close, Head, Recount};
use domain::line::{Account, Line};
use domain::slot::Slot;

pub(crate) use head::{counts_from, read as read_head, read_close, slot_attribute};
pub use lines::LinePage;
pub(crate) use lines::read as read_line;

use crate::item::{self, number, text};
use crate::keys::Key;
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

impl Store {
    /// The head of an account, strongly consistent; a new one where nothing was booked yet.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_head(&self, tenant: &TenantKey, account: &Account) -> Result<Head, StoreError> {
        let key = tenant.head(account);
        let found = self.get_attributes(&self.tables.core, &key, true, "reading the head of an account").await?;
        found.map_or_else(|| Ok(Head::new(account.currency)), |attributes| head::read(&key, &attributes))
    }

    /// The heads of some accounts, strongly consistent, a hundred with one request; new ones where nothing was booked yet.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_heads(
        &self,
        tenant: &TenantKey,
        accounts: &BTreeSet<Account>,
    ) -> Result<BTreeMap<Account, Head>, StoreError> {
        let keys: Vec<Key> = accounts.iter().map(|account| tenant.head(account)).collect();
        let found = self.get_many_attributes(&keys, true, "reading the heads of accounts").await?;
        let mut found: BTreeMap<_, _> =
            found.into_iter().map(|attributes| (item::place_of(&attributes), attributes)).collect();
        let head_of = |(account, key): (&Account, &Key)| {
            let head = match found.remove(&(key.pk.clone(), key.sk.clone())) {
                Some(attributes) => head::read(key, &attributes)?,
                None => Head::new(account.currency),
            };
            Ok((account.clone(), head))
        };
        accounts.iter().zip(&keys).map(head_of).collect()
    }

    /// The heads of a partner's accounts, one a currency.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_heads(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Head>, StoreError> {
        let pk = tenant.account(partner);
        let items = self
            .list_attributes(&self.tables.core, &Range::prefix(&pk, "head#"), "listing the accounts of a partner")
            .await?;
        items.iter().map(|attributes| head::read(&place(attributes), attributes)).collect()
    }

    /// Step 1 of a close: slots up to and with `to` become final.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn raise_fence(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
        to: Slot,
    ) -> Result<Written, StoreError> {
        let key = tenant.head(account);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("fence", text(to.to_string()))
            .add("version", 1)
            .require("fence", slot_text(head.fence))
            .require("closed", slot_text(head.fence));
        self.update(update.build()?, "raising the fence of an account").await
    }

    /// Step 3 of a close: the final slots are folded into `available`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn close(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
        close: &Close,
    ) -> Result<Written, StoreError> {
        let key = tenant.head(account);
        let update = folding(UpdateBuilder::new(&self.tables.core, &key), head, close)
            .add("available", close.net.minor())
            .add("version", 1);
        let items = vec![self.new_close(tenant, account, close)?, update.build_transact()?];
        Ok(written(&self.transact(items, "closing slots of an account").await?))
    }

    /// The closes of an account, in order.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_closes(&self, tenant: &TenantKey, account: &Account) -> Result<Vec<Close>, StoreError> {
        let pk = tenant.account(&account.partner);
        let prefix = format!("{}#close#", account.currency);
        let items = self
            .list_attributes(&self.tables.core, &Range::prefix(&pk, &prefix), "listing the closes of an account")
            .await?;
        items.into_iter().map(|attributes| head::read_close(account.currency, attributes)).collect()
    }

    /// How many lines the closes of a head hold that no payout covers: what the next one does. `None` where one of them cannot
    /// be read yet: of a transaction the head may be seen an instant before its close is.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn count_lines_to_cover(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
    ) -> Result<Option<u64>, StoreError> {
        let (mut count, mut no) = (0, head.close_no);
        // Newest first, and only as far back as the last payout: never the whole history.
        while no > 0 {
            let key = tenant.close(account, no);
            let found = self.get_attributes(&self.tables.core, &key, true, "reading a close").await?;
            let Some(attributes) = found else { return Ok(None) };
            let close = head::read_close(account.currency, attributes)?;
            if Some(close.to) <= head.covered {
                break;
            }
            count += close.count;
            no -= 1;
        }
        Ok(Some(count))
    }

    /// The account leaves the index of those that the night visits, unless something happened since the head was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn rest_account(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
    ) -> Result<Written, StoreError> {
        let key = tenant.head(account);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .remove("live_pk")
            .remove("live_sk")
            .add("version", 1)
            .require("version", Some(number(head.version)));
        self.update(update.build()?, "taking an account out of the nightly visits").await
    }

    /// Accounts that the night must visit. The index may lag: a visit is then a day late, and no cent wrong.
    ///
    /// # Errors
    /// The store does not answer, or an index row cannot be read.
    pub async fn list_live_accounts(&self, tenant: &TenantKey) -> Result<Vec<Account>, StoreError> {
        let mut accounts = Vec::new();
        for shard in 0..crate::keys::SHARDS {
            accounts.extend(self.list_live_shard(&tenant.live_shard(shard)).await?);
        }
        Ok(accounts)
    }

    pub(crate) fn new_close(
        &self,
        tenant: &TenantKey,
        account: &Account,
        close: &Close,
    ) -> Result<TransactWriteItem, StoreError> {
        request::put_new(&self.tables.core, &tenant.close(account, close.no), &head::CloseItem::from(close))
    }

    /// Folds the next page of final lines, at most as many as the limit, into a recount; `None` as the next key when
    /// all are in.
    ///
    /// # Errors
    /// The store does not answer, or a line cannot be read or added.
    pub async fn recount_page(
        &self,
        tenant: &TenantKey,
        account: &Account,
        range: (Option<Slot>, Slot),
        recount: Recount,
        start: Option<LinePage>,
        limit: Option<i32>,
    ) -> Result<(Recount, Option<LinePage>), StoreError> {
        let (lines, next) = self.list_lines_page(tenant, account, range, start, limit).await?;
        let mut folded = recount;
        for line in &lines {
            folded = folded.fold(line).map_err(|error| item::inconsistent(&tenant.head(account), error))?;
        }
        Ok((folded, next))
    }
}

/// The head's part of a close: remove the folded slots, move `closed` and the chain, on the close as read.
pub(crate) fn folding<'a>(update: UpdateBuilder<'a>, head: &Head, close: &Close) -> UpdateBuilder<'a> {
    let folded = head.open.keys().filter(|slot| **slot <= close.to);
    let update = folded.fold(update, |update, slot| update.remove(&head::slot_attribute(*slot)));
    update
        .set("closed", text(close.to.to_string()))
        .set("close_no", number(close.no))
        .set("close_hash", text(close.hash.to_hex()))
        .require("closed", slot_text(close.from))
        .require("fence", Some(text(close.to.to_string())))
        .require("close_no", Some(number(head.close_no)))
}

/// New lines, and the heads of their accounts: what every booking has in its transaction.
pub(crate) struct Booking {
    /// Each line, if its place is free.
    pub(crate) lines: Vec<TransactWriteItem>,
    /// Each head once: the net of each place, and the account is live. Refused when a slot is final.
    pub(crate) heads: Vec<TransactWriteItem>,
}

impl Store {
    /// Lines and the heads of their accounts, for a transaction. A head that must change without a line is named, and
    /// what a head must be beside is asked of it.
    pub(crate) fn booking<'l>(
        &self,
        tenant: &TenantKey,
        lines: impl IntoIterator<Item = &'l Line>,
        without_lines: Option<&Account>,
        asking: impl for<'k> Fn(&Account, UpdateBuilder<'k>) -> UpdateBuilder<'k>,
    ) -> Result<Booking, StoreError> {
        let core = &self.tables.core;
        let mut accounts: BTreeMap<Account, Vec<&Line>> =
            without_lines.map(|account| (account.clone(), Vec::new())).into_iter().collect();
        let mut booking = Booking { lines: Vec::new(), heads: Vec::new() };
        for line in lines {
            booking.lines.push(self.new_line(tenant, line)?);
            accounts.entry(line.account()).or_default().push(line);
        }
        for (account, lines) in &accounts {
            let key = tenant.head(account);
            let update = head::booking_on(UpdateBuilder::new(core, &key), tenant, account, lines)?;
            booking.heads.push(asking(account, update).build_transact()?);
        }
        Ok(booking)
    }

    /// A line, if its place is free.
    pub(crate) fn new_line(&self, tenant: &TenantKey, line: &Line) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.line(&line.account(), line.place, &line.origin, line.n);
        request::put_new(&self.tables.core, &key, &lines::LineItem::from(line))
    }
}

pub(crate) fn slot_text(slot: Option<Slot>) -> Option<aws_sdk_dynamodb::types::AttributeValue> {
    slot.map(|slot| text(slot.to_string()))
}

pub(crate) fn written(transacted: &Transacted) -> Written {
    match transacted {
        Transacted::Yes => Written::Yes,
        Transacted::ConditionFailed(_) => Written::ConditionFailed,
    }
}

fn place(attributes: &item::Attributes) -> crate::keys::Key {
    let (pk, sk) = item::place_of(attributes);
    crate::keys::Key { pk, sk }
}
