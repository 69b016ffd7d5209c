//! What is sealed of a tax form.

use serde::{Deserialize, Serialize};

use crate::payee::PostalAddress;

/// The name under which the content of a form is sealed.
pub const SEALED_AS: &str = "tax_form";

/// Names, number and address, as they are sealed. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormContent {
    /// Of a person.
    pub first_name: Option<String>,
    /// Of a person.
    pub last_name: Option<String>,
    /// Of a company; or the trade name of a person.
    pub business_name: Option<String>,
    /// The nine digits.
    pub tin: Option<String>,
    /// The number that the tax office at home knows a foreign person by.
    pub foreign_tin: Option<String>,
    /// Of a foreign person.
    pub citizenship: Option<String>,
    /// Where the payee lives or is at home.
    pub address: PostalAddress,
}
