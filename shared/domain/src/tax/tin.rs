//! Taxpayers' numbers: what the Social Security Administration and the IRS give out, as far as the digits tell.

use std::fmt;

/// What kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TinKind {
    /// A person's, of social security.
    Ssn,
    /// A person's without one.
    Itin,
    /// A company's.
    Ein,
}

impl TinKind {
    /// The word used outside and in items.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ssn => "ssn",
            Self::Itin => "itin",
            Self::Ein => "ein",
        }
    }
}

/// Why a text is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TinFault {
    /// Other characters, or another count of digits.
    #[error("must be nine digits, with hyphens or without")]
    NotNineDigits,
    /// Nobody has it.
    #[error("is a number that nobody has")]
    Made,
    /// No number of this kind begins, or goes on, like that.
    #[error("is no number of this kind")]
    NotOfThisKind,
}

/// A number that could be somebody's.
#[derive(Clone, PartialEq, Eq)]
pub struct Tin {
    kind: TinKind,
    digits: String,
}

impl fmt::Debug for Tin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Tin({}, [redacted])", self.kind.word())
    }
}

/// Numbers that people type to get past a form.
const MADE: [&str; 2] = ["123456789", "987654321"];
/// TAX-1: prefixes that the IRS is not known to have given to companies; sources differ, so they warn only.
const EIN_NEVER: [u32; 13] = [0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 78, 79, 89];

impl Tin {
    /// Reads a number.
    ///
    /// # Errors
    /// See [`TinFault`].
    pub fn parse(kind: TinKind, text: &str) -> Result<Self, TinFault> {
        let text = text.trim();
        if text.chars().any(|c| !c.is_ascii_digit() && c != '-' && c != ' ') {
            return Err(TinFault::NotNineDigits);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() != 9 {
            return Err(TinFault::NotNineDigits);
        }
        let all_the_same = digits.bytes().all(|digit| Some(&digit) == digits.as_bytes().first());
        if all_the_same || MADE.contains(&digits.as_str()) {
            return Err(TinFault::Made);
        }
        let tin = Self { kind, digits };
        if tin.is_of_its_kind() { Ok(tin) } else { Err(TinFault::NotOfThisKind) }
    }

    // TAX-1: the rules of each kind.
    fn is_of_its_kind(&self) -> bool {
        let (area, group, serial) = (self.number(0, 3), self.number(3, 5), self.number(5, 9));
        match self.kind {
            TinKind::Ssn => area != 0 && area != 666 && area < 900 && group != 0 && serial != 0,
            TinKind::Itin => {
                area >= 900
                    && [50..=65, 70..=88, 90..=92, 94..=99]
                        .iter()
                        .any(|range: &std::ops::RangeInclusive<u32>| range.contains(&group))
            }
            TinKind::Ein => true,
        }
    }

    fn number(&self, from: usize, to: usize) -> u32 {
        self.digits.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> TinKind {
        self.kind
    }

    /// The nine digits: only to be sealed, or written on the form itself.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// What a person should look at before it is believed.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        let doubtful = self.kind == TinKind::Ein && EIN_NEVER.contains(&self.number(0, 2));
        doubtful.then_some("the IRS is not known to give out employer numbers with this prefix")
    }

    /// As a recipient's copy shows it.
    #[must_use]
    pub fn masked(&self) -> String {
        let end = self.digits.get(5..).unwrap_or_default();
        match self.kind {
            TinKind::Ssn | TinKind::Itin => format!("XXX-XX-{end}"),
            TinKind::Ein => format!("XX-XXX{end}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rules_of_each_kind_of_number() {
        use TinFault::{Made, NotNineDigits, NotOfThisKind};
        let rows = [
            (TinKind::Ssn, "400-11-1222", Ok(None)),
            (TinKind::Ssn, "000-12-3456", Err(NotOfThisKind)),
            (TinKind::Ssn, "666-12-3456", Err(NotOfThisKind)),
            (TinKind::Ssn, "900-12-3456", Err(NotOfThisKind)),
            (TinKind::Ssn, "899-12-3456", Ok(None)),
            (TinKind::Ssn, "123-00-4567", Err(NotOfThisKind)),
            (TinKind::Ssn, "123-45-0000", Err(NotOfThisKind)),
            (TinKind::Itin, "912-70-1234", Ok(None)),
            (TinKind::Itin, "912-89-1234", Err(NotOfThisKind)),
            (TinKind::Itin, "912-66-1234", Err(NotOfThisKind)),
            (TinKind::Itin, "912-93-1234", Err(NotOfThisKind)),
            (TinKind::Itin, "812-70-1234", Err(NotOfThisKind)),
            (TinKind::Ein, "45-1234567", Ok(None)),
            (
                TinKind::Ein,
                "07-1234567",
                Ok(Some("the IRS is not known to give out employer numbers with this prefix")),
            ),
            (TinKind::Ein, "111111111", Err(Made)),
            (TinKind::Ein, "123456789", Err(Made)),
            (TinKind::Ssn, "987-65-4321", Err(Made)),
            (TinKind::Ssn, "400-11-122", Err(NotNineDigits)),
            (TinKind::Ssn, "400-11-12223", Err(NotNineDigits)),
            (TinKind::Ssn, "4OO-11-1222", Err(NotNineDigits)),
            (TinKind::Ssn, "", Err(NotNineDigits)),
            (TinKind::Ssn, "٤٠٠-١١-١٢٢٢", Err(NotNineDigits)),
        ];
        for (kind, text, expected) in rows {
            assert_eq!(Tin::parse(kind, text).map(|tin| tin.warning()), expected, "{} {text}", kind.word());
        }
    }

    #[test]
    fn a_copy_shows_the_end_of_a_number_alone() {
        for (kind, text, shown) in [
            (TinKind::Ssn, "400-11-1222", "XXX-XX-1222"),
            (TinKind::Itin, "912-70-1234", "XXX-XX-1234"),
            (TinKind::Ein, "45-1234567", "XX-XXX4567"),
        ] {
            let tin = Tin::parse(kind, text).expect("a number");
            assert_eq!(tin.masked(), shown);
            assert!(!format!("{tin:?}").contains(&shown[shown.len() - 4..]));
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reading_and_what_is_read_is_nine_digits(text in "\\PC{0,20}") {
            for kind in [TinKind::Ssn, TinKind::Itin, TinKind::Ein] {
                if let Ok(tin) = Tin::parse(kind, &text) {
                    prop_assert!(tin.digits().len() == 9 && tin.digits().bytes().all(|byte| byte.is_ascii_digit()));
                }
            }
        }

        #[test]
        fn a_number_is_a_persons_of_one_kind_only(area in 0_u32..1000, group in 0_u32..100, serial in 0_u32..10000) {
            let text = format!("{area:03}-{group:02}-{serial:04}");
            let both = Tin::parse(TinKind::Ssn, &text).is_ok() && Tin::parse(TinKind::Itin, &text).is_ok();
            prop_assert!(!both);
        }
    }
}
