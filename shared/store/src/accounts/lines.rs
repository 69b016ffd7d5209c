//! The line item, and lists of lines.

use domain::currency::Currency;
use domain::id::{LineId, PartnerId};
use domain::line::{Account, Line, LineKind, LineTrace, Origin, Place};
use domain::money::Money;
use domain::slot::Slot;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent, text};
use crate::keys::Key;
use crate::request::{Range, unavailable};
use crate::{Store, StoreError, TenantKey};

/// Where a list of lines goes on.
#[derive(Clone, Debug)]
pub struct LinePage(pub(crate) Attributes);

#[derive(Serialize, Deserialize)]
pub(crate) struct LineItem {
    entity: String,
    v: u32,
    /// Once only sales had lines.
    #[serde(alias = "sale")]
    origin: Origin,
    n: u32,
    amount_minor: i64,
    kind: LineKind,
    occurred_at: Timestamp,
    booked_at: Timestamp,
    trace: LineTrace,
}

impl From<&Line> for LineItem {
    fn from(line: &Line) -> Self {
        Self {
            entity: "line".to_owned(),
            v: 2,
            origin: line.origin.clone(),
            n: line.n,
            amount_minor: line.amount.minor(),
            kind: line.kind,
            occurred_at: line.occurred_at,
            booked_at: line.booked_at,
            trace: line.trace.clone(),
        }
    }
}

/// Reads a line, whose currency and place stand in its key.
pub(crate) fn read(partner: &PartnerId, attributes: Attributes) -> Result<Line, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let key = Key { pk, sk };
    let mut parts = key.sk.split('#');
    let currency = parts.next().and_then(|code| Currency::parse(code).ok());
    let place = parts.nth(1).and_then(Place::parse);
    let (Some(currency), Some(place)) = (currency, place) else {
        return Err(inconsistent(&key, "no currency or slot in the key"));
    };
    let found: LineItem = item::read(attributes)?;
    Ok(Line {
        id: LineId::of(&found.origin, found.n),
        partner: partner.clone(),
        place,
        amount: Money::from_minor(found.amount_minor, currency),
        kind: found.kind,
        origin: found.origin,
        n: found.n,
        occurred_at: found.occurred_at,
        booked_at: found.booked_at,
        trace: found.trace,
    })
}

impl Store {
    /// One line, by where it was booked.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_line(
        &self,
        tenant: &TenantKey,
        account: &Account,
        place: Place,
        origin: &Origin,
        n: u32,
    ) -> Result<Option<Line>, StoreError> {
        let key = tenant.line(account, place, origin, n);
        let found = self.get_attributes(&self.tables.core, &key, true, "reading a line").await?;
        found.map(|attributes| read(&account.partner, attributes)).transpose()
    }

    /// A page of the lines in slots after one, up to and with another, in the order of keys, at most as many as the
    /// limit; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_lines_page(
        &self,
        tenant: &TenantKey,
        account: &Account,
        (after, last): (Option<Slot>, Slot),
        start: Option<LinePage>,
        limit: Option<i32>,
    ) -> Result<(Vec<Line>, Option<LinePage>), StoreError> {
        let pk = tenant.account(&account.partner);
        let (from, to) = TenantKey::lines_between(account, after, last);
        let range = Range { pk: &pk, from, to, consistent: true };
        let (items, next) = self
            .query_page(&self.tables.core, &range, start.map(|page| page.0), limit, "reading the lines of an account")
            .await?;
        let lines: Result<Vec<Line>, StoreError> =
            items.into_iter().map(|attributes| read(&account.partner, attributes)).collect();
        Ok((lines?, next.map(LinePage)))
    }

    /// A page of all lines of an account, held ones last; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_all_lines_page(
        &self,
        tenant: &TenantKey,
        account: &Account,
        start: Option<LinePage>,
    ) -> Result<(Vec<Line>, Option<LinePage>), StoreError> {
        let pk = tenant.account(&account.partner);
        let prefix = format!("{}#line#", account.currency);
        let range = Range::prefix(&pk, &prefix);
        let start = start.map(|page| page.0);
        let doing = "reading all lines of an account";
        let (items, next) = self.query_page(&self.tables.core, &range, start, None, doing).await?;
        let lines: Result<Vec<Line>, StoreError> =
            items.into_iter().map(|attributes| read(&account.partner, attributes)).collect();
        Ok((lines?, next.map(LinePage)))
    }

    /// Every line of an account, held ones last; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_lines(&self, tenant: &TenantKey, account: &Account) -> Result<Vec<Line>, StoreError> {
        let pk = tenant.account(&account.partner);
        let prefix = format!("{}#line#", account.currency);
        let items = self
            .list_attributes(&self.tables.core, &Range::prefix(&pk, &prefix), "listing the lines of an account")
            .await?;
        items.into_iter().map(|attributes| read(&account.partner, attributes)).collect()
    }

    pub(crate) async fn list_live_shard(&self, live_pk: &str) -> Result<Vec<Account>, StoreError> {
        let mut accounts = Vec::new();
        let mut start = None;
        loop {
            let request = self
                .db
                .query()
                .table_name(&self.tables.core)
                .index_name("live")
                .key_condition_expression("live_pk = :pk")
                .expression_attribute_values(":pk", text(live_pk))
                .set_exclusive_start_key(start);
            let answer = request.send().await.map_err(|error| unavailable("finding the accounts to visit", error))?;
            for row in answer.items.unwrap_or_default() {
                accounts.push(account_of(&row)?);
            }
            match answer.last_evaluated_key.filter(|key| !key.is_empty()) {
                Some(next) => start = Some(next),
                None => return Ok(accounts),
            }
        }
    }
}

fn account_of(row: &Attributes) -> Result<Account, StoreError> {
    let (pk, sk) = item::place_of(row);
    let text = row.get("live_sk").and_then(|value| value.as_s().ok());
    let parts = text.and_then(|text| text.split_once('#'));
    let account = parts.and_then(|(partner, code)| {
        Some(Account { partner: PartnerId::parse(partner).ok()?, currency: Currency::parse(code).ok()? })
    });
    account.ok_or_else(|| inconsistent(&Key { pk, sk }, "no account in the index"))
}
