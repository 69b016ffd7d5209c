//! Collects what is wrong with a request, so that all wrong fields are told at once.
//!
//! API-2: a value that is not of the form that the OpenAPI document tells of its field is 400; one that is, and contradicts
//! another or is not possible, is 422. Where there are both it is 400, and all of them are named.

use std::fmt::Display;
use std::ops::RangeInclusive;

use domain::currency::Currency;
use domain::fault::Fault;
use domain::money::{AmountText, Money, MoneyError};
use domain::time::Zone;

use crate::problem::Problem;

/// The longest name of a zone.
const ZONE_CHARS_MAX: usize = 64;

/// What was found wrong so far.
#[derive(Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Takes note of a fault of one field: it is not of the form that is told.
    pub fn note(&mut self, pointer: &str, why: impl Display) {
        self.0.push(Fault::form(pointer, why.to_string()));
    }

    /// Takes note of a field that is of its form, and not possible beside the others, now, or of what is there.
    pub fn clash(&mut self, pointer: &str, why: impl Display) {
        self.0.push(Fault::clash(pointer, why.to_string()));
    }

    /// The value of a field, or a note of why there is none.
    pub fn check<T, E: Display>(&mut self, pointer: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.note(pointer, why)).ok()
    }

    /// The same of what no form can tell: whether what it names is there, or how many places a currency has.
    pub fn fit<T, E: Display>(&mut self, pointer: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.clash(pointer, why)).ok()
    }

    /// A number within bounds, or a note that it is not.
    pub fn within(&mut self, pointer: &str, value: u16, bounds: RangeInclusive<u16>) -> u16 {
        if !bounds.contains(&value) {
            self.note(pointer, format!("must be from {} to {}", bounds.start(), bounds.end()));
        }
        value
    }

    /// A text of 1 to `length_max` characters without control characters, trimmed.
    pub fn text(&mut self, pointer: &str, value: &str, length_max: usize) -> String {
        let text = value.trim();
        if text.is_empty() || text.chars().count() > length_max || text.chars().any(char::is_control) {
            self.note(pointer, format!("must have 1 to {length_max} characters, and no control characters"));
        }
        text.to_owned()
    }

    /// An amount of a currency that is not below zero. How many places it has is between it and the currency.
    pub fn amount(&mut self, pointer: &str, text: &AmountText, currency: Currency) -> Option<Money> {
        text.not_negative_in(currency).map_err(|error| self.0.push(of_amount(pointer, &error))).ok()
    }

    /// A zone of time: what is no name of one is no form, and a name that no zone has is not there.
    pub fn zone(&mut self, pointer: &str, name: &str) -> Option<Zone> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+/-".contains(&byte);
        let is_form = !(1..=ZONE_CHARS_MAX).contains(&name.len()) || !name.bytes().all(is_plain);
        let unknown = |why: String| Fault { pointer: pointer.to_owned(), why, is_form };
        Zone::parse(name).map_err(|error| self.0.push(unknown(error.to_string()))).ok()
    }

    /// Takes over what was found elsewhere.
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Is nothing wrong so far?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is one of them a form?
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.0.iter().any(|fault| fault.is_form)
    }

    /// The value, when nothing was wrong.
    ///
    /// # Errors
    /// 400 with a pointer to each wrong field; 422 where each of them is of its form.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        let first = if self.is_malformed() { Problem::bad_request } else { Problem::impossible };
        let mut found = self.0.into_iter();
        match (found.next(), value) {
            (None, Some(value)) => Ok(value),
            (Some(fault), _) => {
                let first = first(fault.pointer, fault.why);
                Err(found.fold(first, |problem, fault| problem.at(fault.pointer, fault.why)))
            }
            // Whoever yields no value has noted why.
            (None, None) => Err(Problem::internal()),
        }
    }
}

impl<F: Into<Fault>> Extend<F> for Faults {
    fn extend<I: IntoIterator<Item = F>>(&mut self, found: I) {
        self.0.extend(found.into_iter().map(Into::into));
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let told = if fault.is_form { Self::bad_request } else { Self::impossible };
        told(fault.pointer, fault.why)
    }
}

/// What is wrong with the amount of a field.
#[must_use]
pub fn of_amount(pointer: &str, error: &MoneyError) -> Fault {
    Fault { pointer: pointer.to_owned(), why: error.to_string(), is_form: error.is_form() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of what was noted, with the pointers.
    fn told(note: impl FnOnce(&mut Faults)) -> (u16, Vec<String>) {
        let mut faults = Faults::default();
        note(&mut faults);
        faults.finish(Some(())).map_or_else(
            |problem| {
                let pointers = problem.errors().iter().filter_map(|error| error.pointer.clone());
                (problem.status().as_u16(), pointers.collect())
            },
            |()| (200, Vec::new()),
        )
    }

    #[test]
    fn a_form_that_is_told_is_400_and_what_no_schema_can_tell_is_422() {
        assert_eq!(told(|_| ()), (200, vec![]));
        assert_eq!(told(|faults| faults.note("/name", "too long")), (400, vec!["/name".to_owned()]));
        assert_eq!(told(|faults| faults.clash("/to", "must be after from")), (422, vec!["/to".to_owned()]));
        let both = |faults: &mut Faults| {
            faults.clash("/to", "must be after from");
            faults.note("/name", "too long");
        };
        assert_eq!(told(both), (400, vec!["/to".to_owned(), "/name".to_owned()]));
        let taken = |faults: &mut Faults| faults.extend([Fault::clash("/a", "no"), Fault::form("/b", "no")]);
        assert_eq!(told(taken), (400, vec!["/a".to_owned(), "/b".to_owned()]));
    }

    #[test]
    fn an_amount_is_wrong_by_its_text_or_beside_its_currency() {
        let status = |text: &str, code: &str| {
            let text: AmountText = serde_json::from_value(text.into()).expect("a text");
            let currency = Currency::parse(code).expect("a currency");
            told(|faults| _ = faults.amount("/amount", &text, currency)).0
        };
        for (text, code, expected) in [
            ("1.00", "USD", 200),
            ("1.001", "KWD", 200),
            ("1.001", "USD", 422),
            ("1.5", "JPY", 422),
            ("1.0001", "USD", 400),
            ("-1.00", "USD", 400),
            ("1e3", "USD", 400),
            ("", "USD", 400),
            ("99999999999999999999", "USD", 400),
        ] {
            assert_eq!(status(text, code), expected, "{text} {code}");
        }
    }

    #[test]
    fn a_zone_that_is_nowhere_is_not_there_and_what_is_no_name_is_no_zone() {
        let status = |name: &str| told(|faults| _ = faults.zone("/zone", name)).0;
        for (name, expected) in
            [("Europe/Berlin", 200), ("Europe/Atlantis", 422), ("", 400), ("a b", 400), (&"x".repeat(65), 400)]
        {
            assert_eq!(status(name), expected, "{name}");
        }
    }
}
