//! Addresses of PayPal accounts.

use domain::email::Email;

use crate::bank::{Field, Refused, secret_text};

/// The longest address that PayPal takes.
const LENGTH_MAX: usize = 127;

/// The e-mail address that a PayPal account is known by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PayPalAddress(String);

secret_text!(PayPalAddress);

impl PayPalAddress {
    /// Reads an address; all of it becomes lower case, as PayPal compares it.
    ///
    /// # Errors
    /// Not an e-mail address, one with letters that PayPal's files do not carry, or one that is too long.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        let field = Field::PayPalAddress;
        if text.is_empty() {
            return Err(Refused::Missing(field));
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(Refused::Character { field, allowed: "plain letters, digits and signs", found });
        }
        if text.len() > LENGTH_MAX {
            let expected = format!("PayPal takes {LENGTH_MAX} at most");
            return Err(Refused::Length { field, expected, count: text.len() });
        }
        // PAY-18: a spreadsheet would run such a cell as a formula, and PayPal's file has no way to escape it.
        if text.starts_with(['=', '+', '-', '@']) {
            return Err(Refused::Shape { field, expected: "must begin with a letter or a digit" });
        }
        let email = Email::parse(text)
            .map_err(|_| Refused::Shape { field, expected: "is not an e-mail address such as name@example.com" })?;
        Ok(Self(email.as_str().to_ascii_lowercase()))
    }
}
