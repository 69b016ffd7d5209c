//! Reads for whoever walks everything: pages of whole accounts, and facts many at a time.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::entry::Entry;
use domain::id::{EntryId, PartnerId};
use domain::line::{Account, Line};

use crate::accounts::{LinePage, read_line};
use crate::item;
use crate::keys::Key;
use crate::request::Range;
use crate::{Store, StoreError, TenantKey};

/// What currencies of an account's sort keys end before: the first character behind the capital letters.
const BEHIND_CURRENCIES: &str = "[";
/// What all sort keys of one currency end before: the character behind `#`.
const BEHIND_ONE: char = '$';
/// A bound, not a limit that data reach: there are fewer currencies.
const CURRENCIES_MAX: usize = 400;

impl Store {
    /// A page of all lines of an account, in the order of keys, held ones last; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or a line cannot be read.
    pub async fn list_account_page(
        &self,
        tenant: &TenantKey,
        account: &Account,
        start: Option<LinePage>,
        limit: Option<i32>,
    ) -> Result<(Vec<Line>, Option<LinePage>), StoreError> {
        let pk = tenant.account(&account.partner);
        let range = Range::prefix(&pk, &format!("{}#line#", account.currency));
        let (core, doing) = (&self.tables.core, "walking the lines of an account");
        let (rows, next) = self.query_page(core, &range, start.map(|page| page.0), limit, doing).await?;
        let lines: Result<Vec<Line>, StoreError> =
            rows.into_iter().map(|row| read_line(&account.partner, row)).collect();
        Ok((lines?, next.map(LinePage)))
    }

    /// The currencies in which a partner has anything at all: a head, or a row that should have one. Strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or a key is of no currency.
    pub async fn list_currencies(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<BTreeSet<Currency>, StoreError> {
        let pk = tenant.account(partner);
        let doing = "finding the accounts of a partner";
        let mut found = BTreeSet::new();
        for attributes in self.list_attributes(&self.tables.core, &Range::prefix(&pk, "head#"), doing).await? {
            found.insert(currency_of(&attributes, |sk| sk.strip_prefix("head#"))?);
        }
        let mut from = "A".to_owned();
        for _ in 0..CURRENCIES_MAX {
            let range = Range { pk: &pk, from, to: BEHIND_CURRENCIES.to_owned(), consistent: true };
            let (rows, _) = self.query_page(&self.tables.core, &range, None, Some(1), doing).await?;
            let Some(first) = rows.first() else { break };
            let currency = currency_of(first, |sk| sk.split('#').next())?;
            found.insert(currency);
            from = format!("{currency}{BEHIND_ONE}");
        }
        Ok(found)
    }

    /// Is the partner in the registry that whoever walks everything walks?
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_registered(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<bool, StoreError> {
        let key = tenant.registered(partner);
        let found = self.get_attributes(&self.tables.core, &key, true, "looking a partner up in the registry").await?;
        Ok(found.is_some())
    }

    /// Entries of accounts, strongly consistent; what is not there is left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_entries(&self, tenant: &TenantKey, entries: &[EntryId]) -> Result<Vec<Entry>, StoreError> {
        let keys: Vec<_> = entries.iter().map(|entry| tenant.entry(entry)).collect();
        let rows = self.get_many_attributes(&keys, true, "reading entries of accounts").await?;
        rows.into_iter().map(crate::entries::read).collect()
    }
}

fn currency_of(attributes: &item::Attributes, part: impl Fn(&str) -> Option<&str>) -> Result<Currency, StoreError> {
    let (pk, sk) = item::place_of(attributes);
    let currency = part(&sk).and_then(|code| Currency::parse(code).ok());
    currency.ok_or_else(|| item::inconsistent(&Key { pk, sk }, "no currency in the key"))
}
