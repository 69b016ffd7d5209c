//! The details of a method, as they are sealed. Nothing here is ever printed.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{Rail, last_four};

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A person's.
    Personal,
    /// A company's.
    Business,
}

/// What kind of American account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// For daily use.
    Checking,
    /// For saving.
    Savings,
}

/// Where an envelope goes.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// Street and number.
    pub line1: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// The town.
    pub city: String,
    /// The state or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    pub postal_code: String,
    /// ISO 3166-1, two letters.
    pub country: String,
}

/// The details of a method.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "rail", rename_all = "snake_case")]
pub enum Destination {
    /// A connected account.
    StripeConnect {
        /// `acct_…`.
        account_id: String,
    },
    /// An American account.
    Ach {
        /// In whose name.
        holder: String,
        /// Whose.
        holder_kind: HolderKind,
        /// The bank's routing number.
        routing_number: String,
        /// The account's number there.
        account_number: String,
        /// What kind of account.
        account_kind: AccountKind,
    },
    /// A PayPal account.
    Paypal {
        /// Its address.
        email: String,
    },
    /// An account that Wise pays to.
    Wise {
        /// In whose name.
        holder: String,
        /// Where Wise asks for what it lacks.
        email: String,
        /// The account, where it is named by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        #[serde(deserialize_with = "address")]
        address: PostalAddress,
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

/// The details that somebody wishes, if any: an object. Used as
/// `#[serde(default, deserialize_with = "domain::payee::wished_details")]`.
///
/// # Errors
/// Whatever is not of the form of details.
pub fn wished_details<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Destination>, D::Error> {
    Option::<Object<Destination>>::deserialize(from).map(|read| read.map(|Object(details)| details))
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<PostalAddress, D::Error> {
    Object::deserialize(from).map(|Object(address)| address)
}

/// What is an object, and not a list of its fields in their order: behind a tag serde takes both.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Destination({}, [redacted])", self.rail().word())
    }
}

impl fmt::Debug for PostalAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PostalAddress([redacted])")
    }
}

impl Destination {
    /// The way the money goes.
    #[must_use]
    pub fn rail(&self) -> Rail {
        match self {
            Self::StripeConnect { .. } => Rail::StripeConnect,
            Self::Ach { .. } => Rail::Ach,
            Self::Paypal { .. } => Rail::Paypal,
            Self::Wise { .. } => Rail::Wise,
            Self::Csv { .. } => Rail::Csv,
            Self::Check { .. } => Rail::Check,
            Self::Manual { .. } => Rail::Manual,
            Self::External { .. } => Rail::External,
        }
    }

    /// What may be shown: the last four characters of what names the account.
    #[must_use]
    pub fn last_four(&self) -> String {
        last_four(&self.names().concat())
    }

    /// What names the account, folded, so that the same account is the same by whichever way it is paid.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let bank = |iban: &str| vec!["iban".to_owned(), plain(iban)];
        match self {
            Self::StripeConnect { account_id } => vec!["stripe".to_owned(), account_id.clone()],
            Self::Ach { routing_number, account_number, .. } => {
                vec!["us".to_owned(), plain(routing_number), plain(account_number)]
            }
            Self::Paypal { email } => vec!["paypal".to_owned(), email.to_lowercase()],
            Self::Wise { email, iban, .. } => match iban {
                Some(iban) => bank(iban),
                None => vec!["wise".to_owned(), email.to_lowercase()],
            },
            Self::Csv { iban, .. } => bank(iban),
            Self::Check { payable_to, address } => {
                let PostalAddress { line1, postal_code, country, .. } = address;
                vec!["check".to_owned(), plain(payable_to), plain(line1), plain(country), plain(postal_code)]
            }
            Self::Manual { holder, instructions } => vec!["manual".to_owned(), plain(holder), plain(instructions)],
            Self::External { reference } => vec!["external".to_owned(), plain(reference)],
        }
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}
