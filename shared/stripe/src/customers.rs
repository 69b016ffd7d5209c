//! Customers, and what they pay with.

use serde::Deserialize;

use crate::{Form, Key, Stripe, StripeError};

/// A customer, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Customer {
    /// `cus_…`
    pub id: String,
    /// When it was made, as a second.
    pub created: i64,
    /// Where its mail goes.
    #[serde(default)]
    pub email: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What its invoices are paid with.
    #[serde(default)]
    pub invoice_settings: InvoiceSettings,
}

/// What a customer's invoices are paid with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InvoiceSettings {
    /// `pm_…`
    #[serde(default)]
    pub default_payment_method: Option<String>,
}

/// Where a customer is, as far as tax asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Two letters.
    pub country: String,
    /// State, province, region.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
}

/// Whether tax is taken of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemption {
    /// It is.
    None,
    /// It is not.
    Exempt,
    /// The customer owes it themselves.
    Reverse,
}

impl Exemption {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Exempt => "exempt",
            Self::Reverse => "reverse",
        }
    }
}

/// What is said of a customer: at its making, or in a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerChange {
    /// Where its mail goes.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Where it is.
    pub address: Option<Address>,
    /// Whether tax is taken.
    pub exemption: Option<Exemption>,
    /// Texts of ours.
    pub metadata: Vec<(String, String)>,
}

impl CustomerChange {
    fn form(&self) -> Form {
        let rows: Vec<(&str, &str)> =
            self.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let form = Form::new()
            .with_some("email", self.email.as_ref())
            .with_some("name", self.name.as_ref())
            .with_some("tax_exempt", self.exemption.map(Exemption::word))
            .with_metadata("metadata", &rows);
        let Some(address) = &self.address else { return form };
        form.with("address[country]", &address.country)
            .with_some("address[state]", address.region.as_ref())
            .with_some("address[postal_code]", address.postal_code.as_ref())
    }
}

/// A card or account, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`
    pub id: String,
    /// `card`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The card, if it is one.
    #[serde(default)]
    pub card: Option<Card>,
}

/// A card, without its number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Card {
    /// `visa`, …
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// The month of its end.
    pub exp_month: u32,
    /// The year of its end.
    pub exp_year: u32,
}

impl Stripe {
    /// A new customer.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn create_customer(&self, said: &CustomerChange, key: &Key) -> Result<Customer, StripeError> {
        self.post("/v1/customers", &said.form(), key, "creating a customer").await
    }

    /// Another e-mail, name or place.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn update_customer(&self, id: &str, said: &CustomerChange, key: &Key) -> Result<Customer, StripeError> {
        self.post(&format!("/v1/customers/{id}"), &said.form(), key, "changing a customer").await
    }

    /// A payment method becomes a customer's, and what its invoices are paid with.
    ///
    /// # Errors
    /// As [`StripeError`]; a card that its bank declines is a refusal.
    pub async fn set_payment_method(
        &self,
        customer: &str,
        payment_method: &str,
        (attaching, choosing): (&Key, &Key),
    ) -> Result<PaymentMethod, StripeError> {
        let path = format!("/v1/payment_methods/{payment_method}/attach");
        let form = Form::new().with("customer", customer);
        let attached: PaymentMethod = self.post(&path, &form, attaching, "attaching a payment method").await?;
        let form = Form::new().with("invoice_settings[default_payment_method]", &attached.id);
        let path = format!("/v1/customers/{customer}");
        let _: Customer = self.post(&path, &form, choosing, "choosing a payment method").await?;
        Ok(attached)
    }
}
