//! Routing numbers of the American Bankers Association.

use crate::bank::{Field, Refused, secret_text};

/// Numbers that pass every check and are no bank's: what people type in place of one.
const EXAMPLES: [&str; 2] = ["000000000", "123456780"];

/// The first two digits that are given out: Federal Reserve districts, thrifts, electronic, travellers' cheques.
const RANGES: [(u8, u8); 4] = [(0, 12), (21, 32), (61, 72), (80, 80)];

/// A routing number: nine digits that name a bank in the United States.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoutingNumber(String);

secret_text!(RoutingNumber);

impl RoutingNumber {
    /// Reads nine digits.
    ///
    /// # Errors
    /// Not nine digits, an example, a beginning that no bank has, or a check digit that does not fit.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        let field = Field::RoutingNumber;
        if text.is_empty() {
            return Err(Refused::Missing(field));
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(Refused::Character { field, allowed: "digits", found });
        }
        if text.len() != 9 {
            return Err(Refused::Length { field, expected: "a routing number has 9".to_owned(), count: text.len() });
        }
        // PAY-18: an example passes the checksum, so it is known by name.
        if EXAMPLES.contains(&text) {
            return Err(Refused::Example(field));
        }
        let digits: Vec<u8> = text.bytes().map(|byte| byte - b'0').collect();
        let start = digits[0] * 10 + digits[1];
        if !RANGES.iter().any(|(from, to)| (*from..=*to).contains(&start)) {
            return Err(Refused::RoutingRange(text[..2].to_owned()));
        }
        if checksum(&digits) != 0 {
            return Err(Refused::CheckDigit(field));
        }
        Ok(Self(text.to_owned()))
    }

    /// The eight digits that name the bank in a file; the ninth checks them.
    #[must_use]
    pub fn identification(&self) -> &str {
        &self.0[..8]
    }

    /// The ninth digit.
    #[must_use]
    pub fn check_digit(&self) -> &str {
        &self.0[8..]
    }
}

/// Weights 3, 7, 1, again and again; nothing is left over when divided by ten.
fn checksum(digits: &[u8]) -> u16 {
    digits
        .iter()
        .zip([3, 7, 1].into_iter().cycle())
        .fold(0, |sum, (digit, weight)| (sum + u16::from(*digit) * weight) % 10)
}
