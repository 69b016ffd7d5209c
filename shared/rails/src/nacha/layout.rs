//! Records of 94 columns: fields left to right, texts padded with blanks, numbers with noughts.

use crate::refused::Why;

/// The width of a record.
pub(crate) const WIDTH: usize = 94;
/// Records in a block.
pub(crate) const BLOCK: usize = 10;

/// A record that is being written.
pub(crate) struct Record(String);

impl Record {
    /// A record of a kind: its first digit.
    pub(crate) fn of(kind: &str) -> Self {
        let mut text = String::with_capacity(WIDTH);
        text.push_str(kind);
        Self(text)
    }

    /// A text, left in its field. It has been made to fit where it was parsed; what is longer all the same is refused.
    pub(crate) fn text(mut self, what: &'static str, value: &str, width: usize) -> Result<Self, Why> {
        if value.len() > width {
            return Err(Why::TooLong { what, count: value.len(), limit: width });
        }
        self.0.push_str(value);
        self.0.push_str(&" ".repeat(width - value.len()));
        Ok(self)
    }

    /// A number, right in its field.
    pub(crate) fn number(mut self, what: &'static str, value: u64, width: usize) -> Result<Self, Why> {
        let digits = format!("{value:0width$}");
        if digits.len() > width {
            return Err(Why::TooLong { what, count: digits.len(), limit: width });
        }
        self.0.push_str(&digits);
        Ok(self)
    }

    /// Blanks.
    pub(crate) fn blank(mut self, width: usize) -> Self {
        self.0.push_str(&" ".repeat(width));
        self
    }

    /// The record, with its line's end.
    pub(crate) fn end(mut self) -> Result<String, Why> {
        if self.0.len() != WIDTH || !self.0.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Why::TooLong { what: "a record", count: self.0.len(), limit: WIDTH });
        }
        self.0.push('\n');
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_overflows_is_refused_by_name_and_never_cut() {
        let long = Record::of("6").number("the amount", 10_000_000_000, 10).err();
        assert_eq!(long, Some(Why::TooLong { what: "the amount", count: 11, limit: 10 }));
        let long = Record::of("6").text("the name", "ABC", 2).err();
        assert_eq!(long, Some(Why::TooLong { what: "the name", count: 3, limit: 2 }));
    }

    #[test]
    fn a_record_is_94_printable_columns_or_none() {
        assert!(Record::of("9").blank(93).end().is_ok_and(|line| line.len() == 95));
        assert!(Record::of("9").blank(92).end().is_err());
        assert!(Record::of("9").text("x", "\u{7}", 1).expect("fits").blank(92).end().is_err());
    }
}
