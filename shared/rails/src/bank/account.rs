//! Account numbers of the United States, as ACH carries them.

use crate::bank::{Field, Refused, secret_text};

const LENGTH_MIN: usize = 4;
/// The width of the field in an entry.
const LENGTH_MAX: usize = 17;

/// The number of an account at a bank in the United States: 4 to 17 digits, letters or hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountNumber(String);

secret_text!(AccountNumber);

impl AccountNumber {
    /// Reads an account number; letters become capitals, since a file has no others.
    ///
    /// # Errors
    /// Another character, too short or too long, or no account's number: without a digit, or nothing but zeros.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        let field = Field::AccountNumber;
        if text.is_empty() {
            return Err(Refused::Missing(field));
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(Refused::Character { field, allowed: "digits, letters and hyphens", found });
        }
        if !(LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) {
            let expected = format!("an account number has {LENGTH_MIN} to {LENGTH_MAX}");
            return Err(Refused::Length { field, expected, count: text.len() });
        }
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(Refused::Shape { field, expected: "has no digit" });
        }
        // At either end it is a sign for something else, and at the beginning a spreadsheet would take it for minus.
        if text.starts_with('-') || text.ends_with('-') {
            return Err(Refused::Shape { field, expected: "must begin and end with a digit or a letter" });
        }
        if text.bytes().all(|byte| byte == b'0' || byte == b'-') {
            return Err(Refused::Example(field));
        }
        Ok(Self(text.to_ascii_uppercase()))
    }
}
