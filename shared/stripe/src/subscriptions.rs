//! Subscriptions: begun, changed, paused, ended. How one stands is told by webhooks, not by these answers.

use serde::Deserialize;

use crate::{Form, Key, Stripe, StripeError};

/// What is answered of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubscriptionAnswer {
    /// `sub_…`
    pub id: String,
    /// How it stands at this moment.
    pub status: String,
    /// Whose.
    pub customer: String,
    /// Its items.
    pub items: Items,
}

/// The items of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Items {
    /// They.
    pub data: Vec<SubscriptionItem>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubscriptionItem {
    /// `si_…`
    pub id: String,
    /// How many.
    #[serde(default)]
    pub quantity: Option<u64>,
}

/// A subscription to be begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSubscription {
    /// Whose.
    pub customer: String,
    /// Of what.
    pub price: String,
    /// How many.
    pub quantity: u64,
    /// How long it costs nothing.
    pub trial_days: Option<u32>,
    /// What it is paid with, if not as the customer's other invoices.
    pub payment_method: Option<String>,
    /// Does Stripe find the tax?
    pub is_taxed_by_stripe: bool,
    /// Texts of ours; its invoices carry them.
    pub metadata: Vec<(String, String)>,
}

/// How the difference of a change is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proration {
    /// With the next invoice.
    #[default]
    NextInvoice,
    /// By an invoice of its own, now.
    Now,
    /// Not at all.
    None,
}

impl Proration {
    fn word(self) -> &'static str {
        match self {
            Self::NextInvoice => "create_prorations",
            Self::Now => "always_invoice",
            Self::None => "none",
        }
    }
}

/// A change of the first item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemChange {
    /// `si_…`
    pub item: String,
    /// Another price.
    pub price: Option<String>,
    /// Another quantity.
    pub quantity: Option<u64>,
    /// How the difference is paid.
    pub proration: Proration,
}

/// Whether money is collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseCollection {
    /// Not for now; what is billed meanwhile is void.
    Pause {
        /// The second at which it goes on by itself.
        resumes_at: Option<i64>,
    },
    /// Again.
    Resume,
}

/// What is changed of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// Its first item.
    pub item: Option<ItemChange>,
    /// Pausing.
    pub collection: Option<PauseCollection>,
    /// Does it end with the present period?
    pub cancel_at_period_end: Option<bool>,
}

impl SubscriptionChange {
    fn form(&self) -> Form {
        let mut form = Form::new().with_some("cancel_at_period_end", self.cancel_at_period_end);
        if let Some(item) = &self.item {
            form = form
                .with("items[0][id]", &item.item)
                .with_some("items[0][price]", item.price.as_ref())
                .with_some("items[0][quantity]", item.quantity)
                .with("proration_behavior", item.proration.word());
        }
        match &self.collection {
            Some(PauseCollection::Pause { resumes_at }) => {
                form.with("pause_collection[behavior]", "void").with_some("pause_collection[resumes_at]", *resumes_at)
            }
            // Empty: it is unset.
            Some(PauseCollection::Resume) => form.with("pause_collection", ""),
            None => form,
        }
    }
}

impl Stripe {
    /// Begins a subscription. Where the first payment fails, nothing is begun.
    ///
    /// # Errors
    /// As [`StripeError`]; a card that its bank declines is a refusal.
    pub async fn create_subscription(
        &self,
        new: &NewSubscription,
        key: &Key,
    ) -> Result<SubscriptionAnswer, StripeError> {
        let rows: Vec<(&str, &str)> =
            new.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut form = Form::new()
            .with("customer", &new.customer)
            .with("items[0][price]", &new.price)
            .with("items[0][quantity]", new.quantity)
            .with("payment_behavior", "error_if_incomplete")
            .with_some("trial_period_days", new.trial_days)
            .with_some("default_payment_method", new.payment_method.as_ref())
            .with_metadata("metadata", &rows);
        if new.is_taxed_by_stripe {
            form = form.with("automatic_tax[enabled]", true);
        }
        self.post("/v1/subscriptions", &form, key, "creating a subscription").await
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn update_subscription(
        &self,
        id: &str,
        change: &SubscriptionChange,
        key: &Key,
    ) -> Result<SubscriptionAnswer, StripeError> {
        self.post(&format!("/v1/subscriptions/{id}"), &change.form(), key, "changing a subscription").await
    }

    /// Ends a subscription at once.
    ///
    /// # Errors
    /// As [`StripeError`]; one that has ended is missing.
    pub async fn cancel_subscription(
        &self,
        id: &str,
        comment: Option<&str>,
    ) -> Result<SubscriptionAnswer, StripeError> {
        let form = Form::new().with_some("cancellation_details[comment]", comment);
        self.delete(&format!("/v1/subscriptions/{id}"), &form, "ending a subscription").await
    }
}
