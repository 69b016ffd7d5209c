//! Business identifier codes (ISO 9362), also called SWIFT codes.

use crate::bank::{Field, Refused, secret_text};

/// A BIC: four letters of the bank, two of the country, two of the place, and three of the branch where it has one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bic(String);

secret_text!(Bic);

impl Bic {
    /// Reads eight or eleven characters; letters become capitals.
    ///
    /// # Errors
    /// Another character or length, a digit where letters belong, or a code of the test network.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim().to_ascii_uppercase();
        let field = Field::Bic;
        if text.is_empty() {
            return Err(Refused::Missing(field));
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(Refused::Character { field, allowed: "letters and digits", found });
        }
        if text.len() != 8 && text.len() != 11 {
            return Err(Refused::Length { field, expected: "a BIC has 8 or 11".to_owned(), count: text.len() });
        }
        if !text.as_bytes()[..6].iter().all(u8::is_ascii_alphabetic) {
            return Err(Refused::Shape {
                field,
                expected: "must begin with six letters: the bank's four and the country's two",
            });
        }
        // A nought at the end of the place is a bank of the test network, which pays nobody.
        if text.as_bytes()[7] == b'0' {
            return Err(Refused::Example(field));
        }
        Ok(Self(text))
    }

    /// The two letters of the country.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.0[4..6]
    }
}
