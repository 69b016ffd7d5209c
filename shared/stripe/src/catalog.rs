//! Products and their prices.

use serde::Deserialize;

use crate::{Form, Key, Stripe, StripeError};

/// A product, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// `prod_…`
    pub id: String,
}

/// A price, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Price {
    /// `price_…`
    pub id: String,
    /// `usd`
    pub currency: String,
    /// In the smallest unit.
    pub unit_amount: Option<i64>,
    /// How often, if it comes again.
    pub recurring: Option<Recurring>,
}

/// How often a price comes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recurring {
    /// `month`, …
    pub interval: String,
    /// How many of them.
    pub interval_count: u32,
}

/// A price to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrice {
    /// Whose.
    pub product: String,
    /// What invoices call it.
    pub nickname: String,
    /// In lower case.
    pub currency: String,
    /// In the unit that Stripe counts in.
    pub unit_amount: i64,
    /// How often.
    pub recurring: Recurring,
    /// Is tax within it?
    pub is_tax_inclusive: bool,
    /// Texts of ours.
    pub metadata: Vec<(String, String)>,
}

impl Stripe {
    /// A new product.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn create_product(
        &self,
        name: &str,
        metadata: &[(&str, &str)],
        key: &Key,
    ) -> Result<Product, StripeError> {
        let form = Form::new().with("name", name).with_metadata("metadata", metadata);
        self.post("/v1/products", &form, key, "creating a product").await
    }

    /// A new price.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn create_price(&self, price: &NewPrice, key: &Key) -> Result<Price, StripeError> {
        let rows: Vec<(&str, &str)> =
            price.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let form = Form::new()
            .with("product", &price.product)
            .with("nickname", &price.nickname)
            .with("currency", &price.currency)
            .with("unit_amount", price.unit_amount)
            .with("recurring[interval]", &price.recurring.interval)
            .with("recurring[interval_count]", price.recurring.interval_count)
            .with("tax_behavior", if price.is_tax_inclusive { "inclusive" } else { "exclusive" })
            .with_metadata("metadata", &rows);
        self.post("/v1/prices", &form, key, "creating a price").await
    }
}
