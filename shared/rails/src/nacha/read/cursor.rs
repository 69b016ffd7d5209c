//! Fields of one record, by the columns that the rules count from 1.

use crate::nacha::read::{Damaged, Fault};

/// A record of 94 printable columns.
pub(crate) struct Fields<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

impl<'a> Fields<'a> {
    /// Columns `from` to `to`, both counted from 1.
    pub(crate) fn raw(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from - 1..to).unwrap_or_default()
    }

    /// The same, without the blanks around it.
    pub(crate) fn text(&self, from: usize, to: usize) -> &'a str {
        self.raw(from, to).trim()
    }

    pub(crate) fn damaged(&self, field: &'static str, expected: &'static str) -> Damaged {
        Damaged { line: self.line, fault: Fault::Field { field, expected } }
    }

    pub(crate) fn fixed(
        &self,
        field: &'static str,
        from: usize,
        to: usize,
        wanted: &str,
        expected: &'static str,
    ) -> Result<(), Damaged> {
        if self.raw(from, to) == wanted { Ok(()) } else { Err(self.damaged(field, expected)) }
    }

    pub(crate) fn digits(&self, field: &'static str, from: usize, to: usize) -> Result<&'a str, Damaged> {
        let digits = self.raw(from, to);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(digits)
        } else {
            Err(self.damaged(field, "must be digits"))
        }
    }

    pub(crate) fn number(&self, field: &'static str, from: usize, to: usize) -> Result<u64, Damaged> {
        self.digits(field, from, to)?.parse().map_err(|_| self.damaged(field, "must be digits"))
    }

    /// A number of a control record that must be the one that was counted.
    pub(crate) fn agree(&self, what: &'static str, from: usize, to: usize, found: u64) -> Result<(), Damaged> {
        let said = self.number(what, from, to)?;
        if said == found {
            Ok(())
        } else {
            Err(Damaged { line: self.line, fault: Fault::Differs { what, said, found } })
        }
    }
}
