//! What links sold: counted from the stream of sales, beside the bookings and never within them.
//!
//! Of each sale and link it is kept what was counted, under the version of the sale: a change that is told again counts
//! nothing, and one that is told late changes nothing, also where the later one left the link with what it had. What is
//! kept and the link's total are one transaction.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::id::{LinkId, SaleId, TenantId};
use domain::link_sales::brought;
use domain::money::Money;
use domain::sale::Sale;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::request::{self, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

/// How often a count that met another one is tried.
const TRIES_MAX: u32 = 5;

/// What a link sold in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// Sales of which something is left.
    pub conversions: u64,
    /// What is left of them.
    pub revenue: Money,
}

impl Sold {
    /// Is it nothing?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.conversions == 0 && self.revenue.is_zero()
    }
}

/// What a link sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkSales {
    /// By currency.
    pub by_currency: BTreeMap<Currency, Sold>,
}

/// A change of a sale, as the stream tells it: what it is to links now, and to which it was something before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleChange {
    /// Whose.
    pub tenant: TenantId,
    /// Which sale.
    pub sale: SaleId,
    /// Its version.
    pub version: u64,
    /// What each link brought; nothing for one that did before and does no more.
    pub brought: BTreeMap<LinkId, Money>,
}

/// What became of a change that was to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleCounted {
    /// It is counted.
    Counted,
    /// It changes nothing for the link; that it was told is kept.
    Unchanged,
    /// It had been, or a later one.
    AlreadySeen,
}

#[derive(Serialize, Deserialize)]
struct LinkSaleItem {
    entity: String,
    v: u32,
    /// The sale's.
    version: u64,
    currency: Currency,
    minor: i64,
}

/// Reads a change from the images of a sale in the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not a sale that this code can have written, or amounts out of range.
pub fn read_sale_change(now: Attributes, before: Option<Attributes>) -> Result<SaleChange, StoreError> {
    let (pk, sk) = item::place_of(&now);
    let key = Key { pk, sk };
    let tenant = key.pk.split('#').next().and_then(|tenant| TenantId::parse(tenant).ok());
    let tenant = tenant.ok_or_else(|| inconsistent(&key, "no tenant"))?;
    let shares = |sale: &Sale| brought(sale).map_err(|error| inconsistent(&key, error));
    let sale = crate::sales::read_sale(now)?;
    let mut all = shares(&sale)?;
    // A link that brought the sale before and does no more brought nothing.
    let before = before.map(crate::sales::read_sale).transpose()?;
    for credit in before.iter().flat_map(|before| before.decision.credits()) {
        if let Some(link) = &credit.link {
            all.entry(link.clone()).or_insert(Money::zero(sale.paid.currency()));
        }
    }
    // Nor did any link bring one that a person rejected.
    for credit in sale.decision.credits() {
        if let Some(link) = &credit.link {
            all.entry(link.clone()).or_insert(Money::zero(sale.paid.currency()));
        }
    }
    Ok(SaleChange { tenant, sale: sale.id, version: sale.version, brought: all })
}

impl Store {
    /// Counts what a sale is to a link, in one version of the sale.
    ///
    /// # Errors
    /// The store does not answer, an item cannot be read, or others count the same sale all the time.
    pub async fn count_link_sale(
        &self,
        tenant: &TenantKey,
        (link, sale): (&LinkId, &SaleId),
        (version, share): (u64, Money),
    ) -> Result<SaleCounted, StoreError> {
        let doing = "counting what a link sold";
        let (ops, key, total) = (&self.tables.ops, tenant.link_sale(link, sale), tenant.link_sales(link));
        for _ in 0..TRIES_MAX {
            let there: Option<LinkSaleItem> = self.get(ops, &key, doing).await?;
            let before = there.as_ref().map_or(0, |there| there.minor);
            if there.as_ref().is_some_and(|there| there.version >= version) {
                return Ok(SaleCounted::AlreadySeen);
            }
            let currency = share.currency();
            let item = LinkSaleItem { entity: "link_sale".to_owned(), v: 1, version, currency, minor: share.minor() };
            let kept = match &there {
                None => request::put_new(ops, &key, &item)?,
                Some(there) => request::replace(ops, &key, &item, there.version)?,
            };
            if before == share.minor() {
                // An older change that is driven in again behind this one must find it told.
                if self.transact(vec![kept], doing).await? == Transacted::Yes {
                    return Ok(SaleCounted::Unchanged);
                }
                continue;
            }
            let counted = UpdateBuilder::new(ops, &total)
                .set("entity", item::text("link_sales"))
                .set("v", item::number(1))
                .add(&format!("conversions_{currency}"), conversion(share.minor()) - conversion(before))
                .add(&format!("minor_{currency}"), share.minor().saturating_sub(before));
            if self.transact(vec![kept, counted.build_transact()?], doing).await? == Transacted::Yes {
                return Ok(SaleCounted::Counted);
            }
        }
        Err(StoreError::LostRace { doing })
    }

    /// What each of some links sold in all; none of those that sold nothing. A moment old.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn total_link_sales(
        &self,
        tenant: &TenantKey,
        links: &[LinkId],
    ) -> Result<BTreeMap<LinkId, LinkSales>, StoreError> {
        let keys: Vec<Key> = links.iter().map(|link| tenant.link_sales(link)).collect();
        let by_place: BTreeMap<&str, &LinkId> = keys.iter().map(|key| key.pk.as_str()).zip(links).collect();
        let found = self.get_many_of(&self.tables.ops, &keys, "reading what links sold").await?;
        let mut totals = BTreeMap::new();
        for attributes in found {
            let (pk, _) = item::place_of(&attributes);
            if let Some(link) = by_place.get(pk.as_str()) {
                totals.insert((*link).clone(), read(&attributes)?);
            }
        }
        Ok(totals)
    }
}

/// A sale of which something is left is a conversion.
fn conversion(minor: i64) -> i64 {
    i64::from(minor > 0)
}

fn read(attributes: &Attributes) -> Result<LinkSales, StoreError> {
    let (pk, sk) = item::place_of(attributes);
    let key = Key { pk, sk };
    let number = |name: &str| -> Result<i64, StoreError> {
        let value = attributes.get(name).and_then(|value| value.as_n().ok());
        let value = value.and_then(|digits| digits.parse().ok());
        value.ok_or_else(|| inconsistent(&key, format!("no number at {name}")))
    };
    let mut sales = LinkSales::default();
    for name in attributes.keys() {
        let Some(code) = name.strip_prefix("minor_") else { continue };
        let currency = Currency::parse(code).map_err(|error| inconsistent(&key, error))?;
        let conversions = number(&format!("conversions_{code}"))?;
        let conversions = u64::try_from(conversions).map_err(|error| inconsistent(&key, error))?;
        let revenue = Money::from_minor(number(name)?, currency);
        sales.by_currency.insert(currency, Sold { conversions, revenue });
    }
    Ok(sales)
}

#[cfg(test)]
mod tests;
