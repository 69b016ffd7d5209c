//! How the document tells what `domain::payee` reads: where post goes, and the details of a payout method.

use utoipa::ToSchema;

/// Where post reaches somebody.
#[derive(ToSchema)]
#[schema(as = PostalAddress)]
#[schema(example = json!({"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001",
    "country": "US"}))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is looked at; domain::payee::PostalAddress is what is read")]
pub struct PostalAddressShape {
    /// Street and number.
    line1: String,
    /// More of it.
    line2: Option<String>,
    /// The town.
    city: String,
    /// The state or region.
    region: Option<String>,
    /// The postal code.
    postal_code: String,
    /// ISO 3166-1, two letters.
    #[schema(pattern = "^[A-Z]{2}$")]
    country: String,
}

/// The details of a payout method: `rail` says which.
#[derive(ToSchema)]
#[schema(as = PayoutDetails)]
#[schema(example = json!({"rail": "ach", "holder": "Ada Lovelace", "holder_kind": "personal",
    "routing_number": "021000021", "account_number": "000123456789", "account_kind": "checking"}))]
#[serde(tag = "rail", rename_all = "snake_case")]
pub enum PayoutDetailsShape {
    /// A connected account.
    StripeConnect {
        /// `acct_…`.
        #[schema(pattern = "^acct_[A-Za-z0-9]{1,64}$")]
        account_id: String,
    },
    /// An American account.
    Ach {
        /// In whose name.
        holder: String,
        /// Whose.
        holder_kind: HolderKindWord,
        /// The bank's routing number.
        #[schema(pattern = "^[0-9]{9}$")]
        routing_number: String,
        /// The account's number there.
        #[schema(pattern = "^[0-9]{4,17}$")]
        account_number: String,
        /// What kind of account.
        account_kind: AccountKindWord,
    },
    /// A PayPal account.
    Paypal {
        /// Its address.
        #[schema(format = Email)]
        email: String,
    },
    /// An account that Wise pays to.
    Wise {
        /// In whose name.
        holder: String,
        /// Where Wise asks for what it lacks.
        #[schema(format = Email)]
        email: String,
        /// The account, where it is named by one.
        iban: Option<String>,
    },
    /// An account named by its IBAN, for a file of the operator's own.
    Csv {
        /// In whose name.
        holder: String,
        /// The account.
        iban: String,
    },
    /// A check.
    Check {
        /// To whose order.
        payable_to: String,
        /// Where it goes.
        address: PostalAddressShape,
    },
    /// By hand.
    Manual {
        /// In whose name.
        holder: String,
        /// What finance must know.
        instructions: String,
    },
    /// By another system.
    External {
        /// As what that system knows the partner.
        reference: String,
    },
}

/// Whose an account is.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolderKindWord {
    /// A person's.
    Personal,
    /// A company's.
    Business,
}

/// What kind of American account.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKindWord {
    /// For daily use.
    Checking,
    /// For saving.
    Savings,
}
