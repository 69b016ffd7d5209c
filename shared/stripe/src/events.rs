//! Events and invoices, for whoever compares or back-fills.

use serde::Deserialize;
use serde_json::Value;

use crate::{Form, Stripe, StripeError};

/// An event, whole.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Event(pub Value);

impl Event {
    /// `evt_…`
    #[must_use]
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }
}

/// One page of events, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventPage {
    /// They.
    pub data: Vec<Event>,
    /// Is there another page, behind the last?
    pub has_more: bool,
}

/// An invoice, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Invoice {
    /// `in_…`
    pub id: String,
    /// When it became what it is, as seconds.
    pub status_transitions: Transitions,
}

/// When an invoice became what it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Transitions {
    /// Paid.
    pub paid_at: Option<i64>,
}

#[derive(Deserialize)]
struct Invoices {
    data: Vec<Invoice>,
}

impl Stripe {
    /// A page of the events since a second, newest first, behind one. Stripe keeps thirty days.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn list_events(&self, since: i64, starting_after: Option<&str>) -> Result<EventPage, StripeError> {
        let query =
            Form::new().with("created[gte]", since).with("limit", 100).with_some("starting_after", starting_after);
        self.get("/v1/events", &query, "listing events").await
    }

    /// The invoice that a customer paid last.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn last_paid_invoice(&self, customer: &str) -> Result<Option<Invoice>, StripeError> {
        let query = Form::new().with("customer", customer).with("status", "paid").with("limit", 1);
        let found: Invoices = self.get("/v1/invoices", &query, "reading the last paid invoice").await?;
        Ok(found.data.into_iter().next())
    }
}
