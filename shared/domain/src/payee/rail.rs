//! The ways money goes out.

use crate::currency::Currency;

/// A way money goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// A transfer to a connected account of Stripe.
    StripeConnect,
    /// A file of the American clearing house.
    Ach,
    /// A file of PayPal's mass payments.
    Paypal,
    /// A batch file of Wise.
    Wise,
    /// A file with columns of the operator's own.
    Csv,
    /// A check in an envelope.
    Check,
    /// By hand, as finance pays its other bills.
    Manual,
    /// By another system altogether; here it is only confirmed.
    External,
}

impl Rail {
    /// Every rail.
    pub const ALL: [Self; 8] = [
        Self::StripeConnect,
        Self::Ach,
        Self::Paypal,
        Self::Wise,
        Self::Csv,
        Self::Check,
        Self::Manual,
        Self::External,
    ];

    /// The word used outside and in items.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::StripeConnect => "stripe_connect",
            Self::Ach => "ach",
            Self::Paypal => "paypal",
            Self::Wise => "wise",
            Self::Csv => "csv",
            Self::Check => "check",
            Self::Manual => "manual",
            Self::External => "external",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.word() == word)
    }

    /// Is money moved by asking it, without a person or a file?
    #[must_use]
    pub fn moves_by_itself(self) -> bool {
        self == Self::StripeConnect
    }

    /// Does it move money of a currency?
    #[must_use]
    pub fn takes(self, currency: Currency) -> bool {
        // PAY-6: the clearing house knows dollars only.
        self != Self::Ach || currency == Currency::USD
    }
}
