//! How far a long recount has come, so that whoever goes on need not begin anew.
//!
//! Only slots behind the fence are recounted and they are final, so what was folded once stays true. It is kept in
//! `ops` and may be forgotten: then the recount begins at its first line.

use domain::digest::Digest;
use domain::ledger::{Head, Recount};
use domain::line::Account;
use domain::money::Money;
use domain::slot::Slot;
use domain::time::{BusinessDay, Zone};
use serde::{Deserialize, Serialize};

use super::lines::LinePage;
use crate::item::{self, number, text};
use crate::keys::Key;
use crate::request::UpdateBuilder;
use crate::{Store, StoreError, TenantKey, Written};

/// How long it is kept: longer than a message about the account can wait in its queue.
const KEPT_DAYS: i32 = 15;

#[derive(Serialize, Deserialize)]
struct ProgressItem {
    entity: String,
    v: u32,
    to: Slot,
    from: Option<Slot>,
    counted: u64,
    net_minor: i64,
    hash: Digest,
    last: String,
}

impl Store {
    /// How far the recount behind a head's next close has come; `None` when it must begin at its first line.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_recount(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
    ) -> Result<Option<(Recount, LinePage)>, StoreError> {
        let key = tenant.recount(account, head.close_no + 1);
        let found: Option<ProgressItem> =
            self.get(&self.tables.ops, &key, "reading how far a recount has come").await?;
        // Of this very close: between the same two slots.
        let found = found.filter(|found| found.from == head.closed && Some(found.to) == head.fence);
        Ok(found.map(|found| {
            let net = Money::from_minor(found.net_minor, account.currency);
            let line = Key::new(tenant.account(&account.partner), found.last);
            (Recount { count: found.counted, net, hash: found.hash }, LinePage(item::key_map(&line)))
        }))
    }

    /// Keeps how far a recount has come, unless another has come further.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_recount(
        &self,
        tenant: &TenantKey,
        account: &Account,
        head: &Head,
        (counted, next): (&Recount, &LinePage),
        today: BusinessDay,
    ) -> Result<Written, StoreError> {
        let key = tenant.recount(account, head.close_no + 1);
        let (Some(to), (_, last)) = (head.fence, item::place_of(&next.0)) else { return Ok(Written::ConditionFailed) };
        let forgotten = today.plus_days(KEPT_DAYS).and_then(|day| Zone::utc().start_of(day));
        let forgotten = forgotten.map_err(|error| item::inconsistent(&key, error))?;
        let mut update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("entity", text("recount"))
            .set("v", number(1))
            .set("to", text(to.to_string()))
            .set("counted", number(counted.count))
            .set("net_minor", number(counted.net.minor()))
            .set("hash", text(counted.hash.to_hex()))
            .set("last", text(last))
            .set("expires_at", number(forgotten.as_second()))
            .require_below("counted", number(counted.count));
        if let Some(from) = head.closed {
            update = update.set("from", text(from.to_string()));
        }
        self.update(update.build()?, "keeping how far a recount has come").await
    }
}
