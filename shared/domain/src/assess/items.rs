//! The items of a sale: what is paid for each, and the base of each.

use super::AssessError;
use crate::commission::base_of_part;
use crate::money::Money;
use crate::rate::Base;
use crate::rule::Terms;
use crate::sale::Sale;

/// One item, or the whole of a sale that has none.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// Its number, from 0.
    pub(super) number: u16,
    /// What was paid for it, tax included.
    pub(super) paid: Money,
    /// The product.
    pub(super) product: Option<&'a str>,
}

/// The items of a sale; a sale of one thing is one item.
pub(super) fn items_of(sale: &Sale) -> Vec<Item<'_>> {
    if sale.items.is_empty() {
        return vec![Item { number: 0, paid: sale.paid, product: sale.traits.product.as_deref() }];
    }
    let numbered = (0_u16..).zip(&sale.items);
    numbered.map(|(number, item)| Item { number, paid: item.amount, product: Some(&item.product) }).collect()
}

impl Item<'_> {
    /// COM-12: the base of the item under a version.
    pub(super) fn base(&self, sale: &Sale, terms: &Terms) -> Result<Base, AssessError> {
        base_of_part(self.paid, sale, terms.base).map_err(|source| AssessError::Money { sale: sale.id.clone(), source })
    }
}
