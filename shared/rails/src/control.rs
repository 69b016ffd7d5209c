//! Files for banks, and the totals by which whoever uploads one sees that it is the right one, and whole.

use std::fmt;

use domain::digest::Digest;
use domain::money::Money;

/// What stands beside a file: held against what the bank shows after the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlTotals {
    /// How many payments.
    pub count: u64,
    /// What they add up to.
    pub sum: Money,
    /// SHA-256 of the file's bytes.
    pub sha256: Digest,
}

/// A file as it goes to a bank. It holds bank details: it is kept sealed or in a bucket of its own, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct BankFile {
    /// A name to save it under.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its control totals.
    pub totals: ControlTotals,
    bytes: Vec<u8>,
}

impl BankFile {
    /// PAY-8: no file without its totals.
    pub(crate) fn new(name: String, media_type: &'static str, bytes: Vec<u8>, count: u64, sum: Money) -> Self {
        let totals = ControlTotals { count, sum, sha256: Digest::of_bytes(&bytes) };
        Self { name, media_type, totals, bytes }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, and nothing else.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The note that is kept beside the file, a line each.
    #[must_use]
    pub fn note(&self) -> String {
        let ControlTotals { count, sum, sha256 } = &self.totals;
        format!(
            "file {}\npayments {count}\nsum {} {}\nsha256 {sha256}\n",
            self.name,
            sum.to_text(),
            sum.currency().code()
        )
    }
}

impl fmt::Debug for BankFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = format!("[{} bytes]", self.bytes.len());
        out.debug_struct("BankFile")
            .field("name", &self.name)
            .field("totals", &self.totals)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;

    #[test]
    fn a_file_has_its_count_its_sum_and_the_hash_of_its_bytes_beside_it() {
        let file =
            BankFile::new("a.csv".to_owned(), "text/csv", b"abc".to_vec(), 2, Money::from_minor(77, Currency::USD));
        assert_eq!(
            file.note(),
            "file a.csv\npayments 2\nsum 0.77 USD\n\
             sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
        );
    }

    #[test]
    fn what_a_file_holds_is_never_printed() {
        let file = BankFile::new("a.csv".to_owned(), "text/csv", b"021000021".to_vec(), 1, Money::zero(Currency::USD));
        assert!(!format!("{file:?}").contains("021000021"));
    }
}
