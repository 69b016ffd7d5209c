//! Transfers to connected accounts: made once under a key, found again by their group, taken back.

use serde::Deserialize;

use crate::{Form, Key, Stripe, StripeError};

/// A transfer that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer<'a> {
    /// How much, in the unit that Stripe counts in.
    pub amount_minor: i64,
    /// Three letters in lower case.
    pub currency: String,
    /// `acct_…`
    pub destination: &'a str,
    /// What it is found again by.
    pub group: &'a str,
    /// What the payee's statement says.
    pub description: &'a str,
    /// Texts of ours.
    pub metadata: &'a [(&'a str, &'a str)],
}

/// A transfer, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Transfer {
    /// `tr_…`
    pub id: String,
    /// How much.
    pub amount: i64,
    /// How much of it went back.
    #[serde(default)]
    pub amount_reversed: i64,
    /// Three letters in lower case.
    pub currency: String,
    /// `acct_…`
    pub destination: String,
    /// Did all of it go back?
    #[serde(default)]
    pub reversed: bool,
    /// What it is found again by.
    #[serde(default)]
    pub transfer_group: Option<String>,
}

/// A page of transfers, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TransferPage {
    /// They.
    pub data: Vec<Transfer>,
    /// Is there another page, behind the last?
    pub has_more: bool,
}

/// A transfer, or a part of it, that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reversal {
    /// `trr_…`
    pub id: String,
    /// How much.
    pub amount: i64,
    /// `tr_…`
    pub transfer: String,
}

impl Stripe {
    /// Money goes to a connected account.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn create_transfer(&self, new: &NewTransfer<'_>, key: &Key) -> Result<Transfer, StripeError> {
        let form = Form::new()
            .with("amount", new.amount_minor)
            .with("currency", &new.currency)
            .with("destination", new.destination)
            .with("transfer_group", new.group)
            .with("description", new.description)
            .with_metadata("metadata", new.metadata);
        self.post("/v1/transfers", &form, key, "creating a transfer").await
    }

    /// The transfers of a group: one payout has one, so a page is more than enough.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn list_transfers(&self, group: &str) -> Result<TransferPage, StripeError> {
        let query = Form::new().with("transfer_group", group).with("limit", 100);
        self.get("/v1/transfers", &query, "listing the transfers of a payout").await
    }

    /// One transfer.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn get_transfer(&self, id: &str) -> Result<Transfer, StripeError> {
        self.get(&format!("/v1/transfers/{id}"), &Form::new(), "reading a transfer").await
    }

    /// A transfer is taken back, as far as the connected account has it still.
    ///
    /// # Errors
    /// As [`StripeError`].
    pub async fn reverse_transfer(
        &self,
        id: &str,
        amount_minor: Option<i64>,
        key: &Key,
    ) -> Result<Reversal, StripeError> {
        let form = Form::new().with_some("amount", amount_minor);
        self.post(&format!("/v1/transfers/{id}/reversals"), &form, key, "reversing a transfer").await
    }
}
